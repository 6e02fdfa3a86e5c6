"""A fault a test: diagnostics name it, it costs the frames concerned, the node goes on."""

import numpy as np
import pytest
import torch
from bright_spot import BrightSpot, Failing, Loader
from geometry_msgs.msg import PointStamped
from node_bench import Bench, spot, stranger
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image

from vinet_ros.ros import managed_node
from vinet_ros.ros.messages import fill_image, ns_to_stamp, stamp_to_ns
from vinet_ros.ros.qos import sensor_qos

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("key", "change", "text"),
    [
        ("zero", lambda now: 0, "no stamp"),
        ("future", lambda now: now + 5 * SECOND, "more than 1 s ahead"),
        ("out_of_order", lambda now: now - SECOND // 8, "older than the last"),
    ],
)
def test_a_bad_stamp_is_dropped_and_named(bench: Bench, key, change, text) -> None:
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: len(pixels) >= 3)
    bad = bench.send(spot(), change(bench.now_ns()))
    bench.spin_until(lambda: bench.value("stamps", key) == "1")
    assert text in bench.status("stamps").message
    bench.fresh(pixels)
    assert bad not in [stamp_to_ns(pixel.header.stamp) for pixel in pixels]
    assert bench.value("window", "jumps_back") == "0"
    assert bench.value("window", "gaps") == "0"


def test_a_stamp_that_comes_twice_is_dropped_and_named(bench: Bench) -> None:
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: pixels)
    bench.send(spot(), bench.send(spot()))
    bench.spin_until(lambda: bench.value("stamps", "repeated") == "1")
    bench.fresh(pixels)


def test_frames_that_are_too_old_are_dropped_where_asked(bench: Bench) -> None:
    bench.active(max_age_s=0.5)
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(
        lambda: int(bench.value("stamps", "too_old") or 0) >= 3,
        send=lambda rgb: bench.send(rgb, bench.now_ns() - SECOND),
    )
    assert not pixels
    assert bench.says("stamps", "older than max_age_s", level=1)
    bench.fresh(pixels)


def test_old_frames_are_used_but_named_where_no_age_is_asked(bench: Bench) -> None:
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(
        lambda: pixels and bench.says("stamps", "s old on arrival", level=1),
        send=lambda rgb: bench.send(rgb, bench.now_ns() - 60 * SECOND),
    )


def test_a_camera_that_stops_comes_back_and_changes(bench: Bench) -> None:
    bench.active(max_gap_s=0.1)
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: pixels)
    bench.spin_until(lambda: bench.says("input", "no image for", level=2))
    bench.fresh(pixels)
    bench.spin_until(lambda: bench.says("window", "gap", level=1))
    bench.show(
        lambda: bench.says("window", "frame size changed", level=1) and bench.says("input", ""),
        spot(100, 60, (240, 320)),
    )
    assert bench.value("window", "size_changes") == "1"
    assert bench.fresh(pixels, spot(100, 60, (240, 320))).point.x == pytest.approx(100, abs=3)
    jump_back = bench.now_ns() - 3600 * SECOND
    bench.send(spot(100, 60, (240, 320)), jump_back)
    bench.spin_until(lambda: stamp_to_ns(pixels[-1].header.stamp) == jump_back)
    bench.spin_until(lambda: bench.value("window", "jumps_back") == "1")


@pytest.mark.parametrize(
    "lie",
    [
        {"width": 0, "height": 0},
        {"step": 10},
        {"height": 481},
        {"encoding": "jpeg"},
        {"encoding": "bayer_rggb17"},
    ],
)
def test_an_image_that_lies_is_dropped_and_named(bench: Bench, lie: dict[str, object]) -> None:
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: pixels)
    bad = bench.send(spot(), **lie)
    bench.spin_until(lambda: bench.value("input", "unusable_images") == "1")
    assert bench.status("input").level == b"\x01"
    bench.fresh(pixels)
    assert bad not in [stamp_to_ns(pixel.header.stamp) for pixel in pixels]


def test_a_publisher_whose_quality_of_service_does_not_fit_is_named(bench: Bench) -> None:
    node = bench.active(image_reliability="reliable")
    bench.publisher(reliability="best_effort")
    bench.show(lambda: bench.says("input", "set image_reliability as it publishes", level=2))
    node.trigger_deactivate(), node.trigger_cleanup()
    node.set_parameters([Parameter("image_reliability", value="best_effort")])
    node.trigger_configure(), node.trigger_activate()
    bench.fresh(bench.listen(PointStamped, "gaze/pixel"))


def test_nobody_two_and_the_wrong_one_publish(bench: Bench, domain_id: int) -> None:
    bench.active()
    bench.spin_until(lambda: bench.says("input", "nobody publishes /image; start", level=2))
    with stranger(domain_id) as other:  # one DDS participant cannot have two types on a topic
        other.create_publisher(CompressedImage, "image", sensor_qos())
        text = "has another type: sensor_msgs/msg/CompressedImage"
        bench.spin_until(lambda: bench.says("input", text, level=2))
    bench.show(lambda: bench.status("input").level == b"\x00")
    second = bench.node.create_publisher(Image, "image", sensor_qos())
    bench.show(lambda: bench.says("input", "2 publishers on /image", level=1))
    assert "give each camera a namespace" in bench.status("input").message
    bench.node.destroy_publisher(second)


def test_frames_that_get_lost_are_counted_exactly(bench: Bench) -> None:
    """A depth of one and a callback that comes late: the middleware drops, the numbers tell."""
    bench.active(image_depth=1)
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: pixels)
    bench.spin_for(0.2)
    image = Image()
    fill_image(image, spot(), "rgb8")
    for _ in range(20):
        image.header.stamp = ns_to_stamp(bench.now_ns())
        bench.publisher().publish(image)

    def lost() -> int:
        sent, received = (bench.value("input", k) for k in ("frames_sent", "frames_received"))
        return int(sent or 0) - int(received or 0)

    bench.spin_until(lambda: lost() >= 15)
    assert bench.says("input", "of the images arrive; set FASTDDS_DEFAULT_PROFILES_FILE", level=1)


def test_nan_from_the_network_is_not_published(bench: Bench) -> None:
    bench.active(Loader(Failing(None, times=3)))
    maps = bench.listen(Image, "saliency/image")
    bench.show(lambda: len(maps) >= 3)
    assert all(np.isfinite(np.frombuffer(m.data, np.float32)).all() for m in maps)
    bench.spin_until(lambda: bench.value("inference", "failed_predictions") == "3")
    assert bench.says("inference", "NaN", level=2)


def test_the_cpu_takes_over_from_a_device_that_is_full(bench: Bench) -> None:
    full = Failing(torch.OutOfMemoryError("CUDA out of memory (simulated)"), times=1)
    load = Loader(full, BrightSpot())
    node = bench.active(load)
    node._model.predictor.executor.device = "cuda:0"
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.fresh(pixels)
    assert [device for _, device in load.asked] == ["", "cpu"]
    bench.spin_until(lambda: bench.says("model", "cuda:0 failed (CUDA out of memory", level=1))
    assert node.state == "active"
    bench.spin_until(lambda: bench.value("model", "device") == "cpu")


def test_without_the_fallback_it_gives_up_with_the_reason(bench: Bench) -> None:
    full = Failing(torch.OutOfMemoryError("CUDA out of memory (simulated)"), times=99)
    node = bench.active(Loader(full), allow_cpu_fallback=False)
    node._model.predictor.executor.device = "cuda:0"
    bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: node.state == "unconfigured")
    bench.spin_until(lambda: bench.says("lifecycle", "CUDA out of memory (simulated)", level=2))


def test_it_comes_back_by_itself_after_an_error_nobody_expected(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(managed_node, "RECOVERY_S", 0.3)
    node = bench.active(Loader(Failing(KeyError("a bug"), times=1)))
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: bench.says("lifecycle", "KeyError: 'a bug'", level=2))
    bench.spin_until(lambda: node.state == "active")
    bench.fresh(pixels)
    bench.spin_until(lambda: bench.value("lifecycle", "recoveries") == "1")
    assert bench.says("lifecycle", "active", level=0)


def test_a_simulated_clock_that_waits_starts_and_jumps(bench: Bench) -> None:
    clock = bench.node.create_publisher(Clock, "/clock", 10)
    bench.active(use_sim_time=True)
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.spin_until(lambda: bench.says("stamps", "no /clock arrives", level=2))
    now_ns = 1000 * SECOND

    def tick(rgb: np.ndarray) -> int:
        nonlocal now_ns
        now_ns += SECOND // 30
        clock.publish(Clock(clock=ns_to_stamp(now_ns)))
        bench.spin_for(0.01)
        return bench.send(rgb, now_ns)

    bench.show(lambda: len(pixels) >= 3, send=tick)
    bench.spin_until(lambda: bench.value("stamps", "clock_jumps") == "0")
    for jumps, delta_s in enumerate((-500, 2000), start=1):
        now_ns += delta_s * SECOND
        pixels.clear()
        sent = bench.show(lambda: len(pixels) >= 3, send=tick)
        assert stamp_to_ns(pixels[-1].header.stamp) in sent
        bench.spin_until(lambda: bench.value("stamps", "clock_jumps") == str(jumps))  # noqa: B023
        assert bench.says("stamps", f"the clock jumped by {'-499' if delta_s < 0 else '2000'}.", 1)
