# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""saliency_node over real DDS: what it publishes, its parameters and its lifecycle."""

import math
import threading

import cv2
import numpy as np
import pytest
from bright_spot import BrightSpot, Gated, Loader
from geometry_msgs.msg import PointStamped
from node_bench import Bench, spot
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_srvs.srv import SetBool, Trigger
from visualization_msgs.msg import Marker, MarkerArray

from vinet_ros.ros.messages import compressed_to_rgb, image_to_rgb, stamp_to_ns
from vinet_ros.streaming import scene as scenes


def test_the_gaze_is_on_the_bright_spot_of_a_frame_that_was_sent(bench: Bench) -> None:
    bench.active(target_distance_m=3.0)
    pixels = bench.listen(PointStamped, "gaze/pixel")
    targets = bench.listen(PointStamped, "gaze/target")
    sent = bench.show(lambda: pixels and targets, spot(480, 120))
    pixel, target = pixels[-1], targets[-1]
    assert stamp_to_ns(pixel.header.stamp) in sent
    assert pixel.header.frame_id == target.header.frame_id == "camera"
    # A pixel of the network's map is 6.7 columns and 8.6 rows of the image.
    assert pixel.point.x == pytest.approx(480, abs=4)
    assert pixel.point.y == pytest.approx(120, abs=4)
    assert 0.5 < pixel.point.z < 1
    place = np.array([target.point.x, target.point.y, target.point.z])
    assert np.linalg.norm(place) == pytest.approx(3.0)
    focal = 320 / math.tan(math.radians(30))  # 60 degrees are assumed without a calibration
    assert place[0] / place[2] == pytest.approx((pixel.point.x - 319.5) / focal)
    assert place[1] / place[2] == pytest.approx((pixel.point.y - 239.5) / focal)


def test_candidates_and_markers_name_all_peaks_best_first(bench: Bench) -> None:
    bench.active()
    clouds = bench.listen(PointCloud2, "gaze/candidates")
    markers = bench.listen(MarkerArray, "gaze/markers")
    two = np.maximum(spot(100, 400), spot(500, 100) // 2)
    bench.show(lambda: clouds and markers, two)
    cloud = clouds[-1]
    names = [field.name for field in cloud.fields]
    rows = np.frombuffer(bytes(cloud.data), "<f4").reshape(cloud.width, len(names))
    assert names == ["x", "y", "z", "u", "v", "saliency"]
    assert cloud.row_step == len(cloud.data) == cloud.point_step * cloud.width
    assert rows[:2, 3] == pytest.approx([100, 500], abs=5)
    assert rows[:2, 4] == pytest.approx([400, 100], abs=5)
    assert rows[0, 5] > rows[1, 5]
    shown = markers[-1].markers
    assert shown[0].action == Marker.DELETEALL
    assert shown[1].type == Marker.ARROW
    assert [marker.type for marker in shown[2:4]] == [Marker.SPHERE, Marker.SPHERE]
    assert shown[2].pose.position.x == pytest.approx(float(rows[0, 0]), abs=1e-5)


def test_pictures_show_map_and_frame(bench: Bench) -> None:
    bench.active()
    maps = bench.listen(Image, "saliency/image")
    monos = bench.listen(Image, "saliency/image_mono")
    overlays = bench.listen(Image, "saliency/overlay")
    jpegs = bench.listen(CompressedImage, "saliency/overlay/compressed")
    infos = bench.listen(CameraInfo, "saliency/camera_info")
    sent = bench.show(lambda: maps and monos and overlays and jpegs and infos, spot(480, 120))
    for message in (maps[-1], monos[-1], overlays[-1], jpegs[-1], infos[-1]):
        assert stamp_to_ns(message.header.stamp) in sent
    assert maps[-1].encoding == "32FC1"
    values = np.frombuffer(maps[-1].data, np.float32).reshape(BrightSpot.input_size)
    assert 0 < values.min() < values.max() < 1
    row, column = np.unravel_index(values.argmax(), values.shape)
    assert (column, row) == (pytest.approx(480 * 96 / 640, abs=2), pytest.approx(14, abs=2))
    mono = np.frombuffer(monos[-1].data, np.uint8)
    assert (mono.min(), mono.max()) == (0, 255)
    drawn = image_to_rgb(overlays[-1])
    assert drawn.shape == (480, 640, 3)
    assert overlays[-1].encoding == "bgr8"
    assert np.abs(drawn.astype(int) - spot(480, 120)).max() > 50
    close = cv2.absdiff(compressed_to_rgb(jpegs[-1]), drawn).mean()
    assert close < 10
    assert (infos[-1].width, infos[-1].height) == (96, 56)


def test_nothing_is_computed_that_nobody_listens_to(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    draw = scenes.draw_overlay

    def counted(*arguments: object) -> np.ndarray:
        drawn.append(arguments)
        return draw(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(scenes, "draw_overlay", counted)
    bench.active()
    bench.show(lambda: int(bench.value("input", "frames_received") or 0) >= 10)
    assert bench.says("inference", "idle: nobody listens", level=0)
    assert bench.value("inference", "total_count") is None
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: len(pixels) >= 3)
    assert not drawn
    bench.listen(Image, "saliency/overlay")
    bench.listen(CompressedImage, "saliency/overlay/compressed")
    overlays = bench.listen(Image, "saliency/overlay")
    bench.show(lambda: len(overlays) >= 2)
    assert 0 < len(drawn) <= len(pixels)  # once a prediction, for both topics


def test_a_calibration_gives_the_direction(bench: Bench) -> None:
    bench.active()
    targets = bench.listen(PointStamped, "gaze/target")
    infos = bench.listen(CameraInfo, "saliency/camera_info")
    info = CameraInfo(width=640, height=480, distortion_model="plumb_bob", d=[0.0] * 5)
    info.k = [800.0, 0.0, 300.0, 0.0, 800.0, 250.0, 0.0, 0.0, 1.0]
    info.p = [800.0, 0.0, 300.0, 0.0, 0.0, 800.0, 250.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    bench.show(lambda: targets)
    guess = "no camera_info arrived; 60 degrees are assumed"
    bench.spin_until(lambda: bench.says("camera", guess, level=1))
    bench.send_info(info)

    def calibrated() -> bool:
        bench.send_info(info)
        return bench.value("camera", "calibrated") == "true"

    bench.show(calibrated)
    target = bench.fresh(targets, spot(300, 250)).point
    assert target.x / target.z == pytest.approx(0, abs=0.006)
    assert target.y / target.z == pytest.approx(0, abs=0.006)
    assert bench.says("camera", "calibrated", level=0)
    scaled = bench.fresh(infos)
    assert scaled.k[0] == pytest.approx(800 * 96 / 640)
    assert scaled.k[5] == pytest.approx(250.5 * 56 / 480 - 0.5)


def test_compressed_images_are_taken_from_the_remapped_topic(bench: Bench) -> None:
    bench.active(image_transport="compressed")
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: pixels, spot(480, 120), bench.send_compressed)
    assert pixels[-1].point.x == pytest.approx(480, abs=4)
    bench.spin_until(lambda: bench.value("input", "topic") == "/image/compressed")
    bench.show(
        lambda: bench.says("input", "cut off", level=1),
        send=lambda rgb: bench.send_compressed(rgb, keep=0.5),
    )


def test_an_untrained_network_gives_maps_and_no_gaze(bench: Bench) -> None:
    bench.active(Loader(trained=False), allow_untrained=True)
    maps = bench.listen(Image, "saliency/image")
    pixels = bench.listen(PointStamped, "gaze/pixel")
    clouds = bench.listen(PointCloud2, "gaze/candidates")
    bench.show(lambda: len(maps) >= 5)
    assert not pixels and not clouds
    bench.spin_until(lambda: bench.says("model", "no weights: no gaze is published", level=1))


def test_what_the_network_cannot_do_is_said(bench: Bench) -> None:
    bench.active(stabilize=True)
    bench.spin_until(lambda: bench.says("model", "which bright_spot cannot use", level=1))
    assert bench.value("model", "stabilize") == "not with this network"


def test_weights_that_are_missing_leave_it_unconfigured_with_the_reason(bench: Bench) -> None:
    node = bench.saliency_node("real", weights="/nowhere/at_all.safetensors", model="vinet_lite")
    bench.spin_until(lambda: bench.says("lifecycle", "/nowhere/at_all.safetensors", level=2))
    assert node.state == "unconfigured"
    assert "at_all.safetensors" in (bench.value("process", "last_error") or "")
    assert bench.says("input", "the node is unconfigured", level=3)
    node.set_parameters([Parameter("weights_sha256", value="0" * 64)])
    node.trigger_configure()
    assert node.state == "unconfigured" and node.failures >= 1


def test_parameters_that_are_read_at_configure_are_refused_later(bench: Bench) -> None:
    node = bench.active()
    result = node.set_parameters([Parameter("weights", value="other.safetensors")])[0]
    assert not result.successful
    assert "can only change while the node is unconfigured" in result.reason
    assert not node.set_parameters([Parameter("num_peaks", value=99)])[0].successful
    refused = node.set_parameters([Parameter("warmup", value="guess")])[0]
    assert "warmup must be one of repeat_first, wait" in refused.reason
    node.trigger_deactivate(), node.trigger_cleanup()
    assert node.set_parameters([Parameter("weights", value="other.safetensors")])[0].successful


def test_other_parameters_count_from_the_next_map_on(bench: Bench) -> None:
    node = bench.active()
    targets = bench.listen(PointStamped, "gaze/target")
    bench.show(lambda: targets)
    changes = {"target_distance_m": 7.0, "window_rate_hz": -1.0, "warmup": "wait"}
    results = node.set_parameters([Parameter(k, value=v) for k, v in changes.items()])
    assert all(result.successful for result in results)
    point = bench.fresh(targets).point
    assert math.hypot(point.x, point.y, point.z) == pytest.approx(7.0)
    bench.spin_until(lambda: bench.value("window", "rate_hz") == "-1")


def test_max_rate_is_kept_and_the_rest_is_counted_as_skipped(bench: Bench) -> None:
    bench.active(max_rate_hz=5.0)
    pixels = bench.listen(PointStamped, "gaze/pixel")
    start_ns = bench.now_ns()
    bench.show(lambda: len(pixels) >= 6)
    assert bench.now_ns() - start_ns >= 950_000_000  # from the first to the sixth, five fifths
    bench.spin_until(lambda: int(bench.value("inference", "skipped_windows") or 0) >= 10)


def test_disabled_it_leaves_the_camera_alone_and_says_so(bench: Bench) -> None:
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: pixels)
    answer = bench.call(SetBool, "enable", data=False)
    assert answer.success and answer.message == "disabled, active"
    camera = bench.publisher()
    bench.spin_until(lambda: camera.get_subscription_count() == 0)  # images cost nothing now
    bench.spin_until(lambda: bench.says("lifecycle", "disabled; call ~/enable", level=1))
    for name in ("input", "stamps", "window", "inference", "outputs", "camera"):
        assert bench.says(name, "the node is disabled", level=3)
    pixels.clear()
    for _ in range(20):
        bench.send(spot())
        bench.spin_for(0.02)
    assert not pixels
    answer = bench.call(SetBool, "enable", data=True)
    assert answer.message == "enabled, active"
    bench.fresh(pixels)
    bench.spin_until(lambda: bench.says("lifecycle", "active", level=0))


def test_what_was_disabled_stays_so_over_a_life(bench: Bench) -> None:
    node = bench.active()
    bench.call(SetBool, "enable", data=False)
    node.trigger_deactivate(), node.trigger_cleanup()
    assert bench.call(SetBool, "enable", data=False).message == "disabled, unconfigured"
    node.trigger_configure(), node.trigger_activate()
    assert "disabled" in node.reason
    bench.spin_for(0.3)
    assert bench.node.count_subscribers("image") == 0
    bench.call(SetBool, "enable", data=True)
    bench.fresh(bench.listen(PointStamped, "gaze/pixel"))


def test_reset_starts_the_window_anew(bench: Bench) -> None:
    node = bench.active(window_rate_hz=-1.0)
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: bench.says("window", "full"))
    bench.spin_for(0.3)
    answer = bench.call(Trigger, "reset")
    assert answer.success and answer.message == "the window starts anew"
    bench.spin_until(lambda: bench.value("window", "fill") == "0")
    bench.fresh(pixels)
    node.trigger_deactivate()
    answer = bench.call(Trigger, "reset")
    assert not answer.success and answer.message == "nothing to reset: the node is inactive"


def test_nothing_queues_behind_a_slow_network(bench: Bench) -> None:
    network = Gated()
    node = bench.active(Loader(network))
    pixels = bench.listen(PointStamped, "gaze/pixel")
    first = bench.show(lambda: network.begun)
    later = bench.show(lambda: int(bench.value("inference", "skipped_windows") or 0) >= 5)
    window = node._loop.loaded.predictor
    bench.spin_until(lambda: window.newest_stamp_ns == later[-1])
    network.go_on.release()
    bench.spin_until(lambda: pixels)
    assert stamp_to_ns(pixels[0].header.stamp) in first + later[:4]
    bench.spin_until(lambda: network.begun == 2)
    network.go_on.release()
    bench.spin_until(lambda: len(pixels) == 2)
    # Of all that came meanwhile, only the newest; then there is nothing more to do.
    assert stamp_to_ns(pixels[1].header.stamp) == later[-1]
    bench.spin_for(0.3)
    assert network.begun == 2


def test_many_lives_leave_nothing_behind(bench: Bench) -> None:
    node = bench.saliency_node(autostart=False)
    for _ in range(20):
        for transition in ("configure", "activate", "deactivate", "cleanup"):
            getattr(node, f"trigger_{transition}")()
        assert node.state == "unconfigured"
    assert not node.failed
    assert [t.name for t in threading.enumerate()].count("prediction") == 0
    assert len(list(node.subscriptions)) <= 1  # the clock's, if any
    topics = {name for name, _ in node.get_publisher_names_and_types_by_node("saliency_node", "/")}
    assert not {name for name in topics if name.startswith(("/gaze", "/saliency/"))}


def test_without_autostart_it_waits(bench: Bench) -> None:
    node = bench.saliency_node(autostart=False)
    bench.spin_for(0.3)
    assert node.state == "unconfigured" and not node.failed
