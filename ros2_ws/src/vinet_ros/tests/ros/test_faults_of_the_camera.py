# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Faults of the camera and its topic, over real DDS: a fault a test, as docs/faults.md lists."""

from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import PointStamped
from node_bench import Bench, spot, stranger
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from vinet_ros.ros.messages import fill_image, ns_to_stamp, stamp_to_ns
from vinet_ros.ros.qos import sensor_qos

SECOND = 1_000_000_000


def test_a_quality_of_service_that_does_not_fit(bench: Bench, domain_id: int) -> None:
    """It is named with its publisher, as long as that is there; one that fits is heard."""
    bench.active(image_reliability="reliable")
    pixels = bench.listen(PointStamped, "gaze/pixel")
    with stranger(domain_id) as camera:
        weak = camera.create_publisher(Image, "image", sensor_qos("best_effort"))
        bench.spin_until(lambda: bench.says("input", "/stranger publishes /image best effort", 2))
        assert "asks for reliable: nothing arrives; set image_reliability as it publishes" in (
            bench.status("input").message
        )
        bench.spin_until(lambda: bench.value("input", "qos_mismatches") == "1")
        bench.publisher(reliability="reliable")
        bench.show(lambda: pixels and bench.says("input", "/stranger publishes", level=1))
        camera.destroy_publisher(weak)
    bench.show(lambda: bench.status("input").level == b"\x00")
    bench.fresh(pixels)
    assert bench.settled_cost() == 0


def test_a_publisher_that_comes_back_with_another_quality_of_service(bench: Bench) -> None:
    bench.active(image_reliability="reliable")
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.publisher(reliability="reliable")
    bench.fresh(pixels)
    bench.withdraw()
    bench.publisher(reliability="best_effort")
    bench.show(lambda: bench.says("input", "/bench publishes /image best effort", level=2))
    bench.withdraw()
    bench.publisher(reliability="reliable")
    bench.fresh(pixels)
    bench.show(lambda: bench.status("input").level == b"\x00")


def test_the_remedy_for_a_quality_of_service_that_does_not_fit(bench: Bench) -> None:
    node = bench.active(image_reliability="reliable")
    bench.publisher(reliability="best_effort")
    bench.show(lambda: bench.says("input", "set image_reliability as it publishes", level=2))
    node.trigger_deactivate(), node.trigger_cleanup()
    node.set_parameters([Parameter("image_reliability", value="best_effort")])
    node.trigger_configure(), node.trigger_activate()
    bench.fresh(bench.listen(PointStamped, "gaze/pixel"))


def test_a_camera_that_stops_and_comes_back(bench: Bench) -> None:
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.fresh(pixels)
    bench.spin_until(lambda: bench.says("input", "although /bench publishes /image", level=2))
    assert "no image for " in bench.status("input").message
    assert bench.says("stamps", "no image to judge by", level=1)
    assert bench.value("window", "gaps") == "0"
    bench.fresh(pixels)
    bench.spin_until(lambda: bench.says("window", "the window started anew: gap", level=1))
    bench.show(lambda: bench.says("input", "images a second", level=0))
    assert bench.settled_cost() == 0
    assert bench.value("window", "gaps") == "1"


def test_a_camera_whose_process_dies_and_is_started_again(bench: Bench, domain_id: int) -> None:
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    for _ in range(2):
        with stranger(domain_id) as camera:
            publisher = camera.create_publisher(Image, "image", sensor_qos())
            pixels.clear()
            bench.show(lambda: pixels, send=lambda rgb: send_from(publisher, rgb, bench.now_ns()))  # noqa: B023
        bench.spin_until(lambda: bench.says("input", "nobody publishes /image; start", level=2))


def test_a_camera_that_changes_its_size(bench: Bench) -> None:
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.fresh(pixels)
    for changes, (size, place) in enumerate((((240, 320), 100), ((720, 1280), 900)), start=1):
        picture = spot(place, 60, size)
        found = bench.fresh(pixels, picture)
        assert found.point.x == pytest.approx(place, abs=size[1] / 90)
        bench.spin_until(lambda: bench.value("window", "size_changes") == str(changes))  # noqa: B023
        assert bench.says("window", "the window started anew: frame size changed", level=1)
        bench.spin_until(lambda: bench.value("input", "width") == str(size[1]))  # noqa: B023
    assert bench.settled_cost() == 0


def test_a_camera_that_changes_its_encoding(bench: Bench) -> None:
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.fresh(pixels)
    bench.spin_until(lambda: bench.value("input", "encoding") == "rgb8")
    before = "rgb8"
    for encoding in ("mono8", "bgr8"):
        bench.show(
            lambda: bench.says("input", f"encoding changed from {before} to {encoding}", level=1),  # noqa: B023
            spot(200, 300),
            lambda rgb: bench.send(rgb, encoding_of=encoding),  # noqa: B023
        )
        before = encoding
    assert bench.value("input", "stream_changes") == "2"
    bench.spin_until(lambda: pixels[-1].point.x == pytest.approx(200, abs=4))
    assert bench.settled_cost() == 0  # the window goes on: a picture is a picture
    assert bench.value("window", "size_changes") == bench.value("window", "gaps") == "0"


def test_a_camera_that_changes_its_rate(bench: Bench) -> None:
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.connect()
    stamp_ns = bench.now_ns() - 4 * SECOND

    def play(rate_hz: int, count: int) -> None:
        nonlocal stamp_ns
        for _ in range(count):
            stamp_ns += SECOND // rate_hz
            bench.send(spot(), stamp_ns)
            bench.spin_for(0.01)

    play(30, 20)
    play(10, 12)
    words = "the camera's rate changed from 30.0 to 10.0 Hz"
    bench.spin_until(lambda: bench.says("input", words, level=1))
    play(30, 12)
    bench.spin_until(lambda: bench.says("input", "rate changed from 10.0 to 30.0 Hz", level=1))
    assert bench.settled_cost() == 0
    bench.spin_until(lambda: stamp_to_ns(pixels[-1].header.stamp) == stamp_ns)


def test_a_rate_outside_its_bounds(bench: Bench) -> None:
    bench.active(image_rate_min_hz=500.0, image_rate_max_hz=900.0)
    bench.show(lambda: bench.says("input", "images a second, image_rate_min_hz expects 500", 1))
    bench.call_parameters(image_rate_min_hz=1.0, image_rate_max_hz=2.0)
    bench.show(lambda: bench.says("input", "images a second, image_rate_max_hz expects 2", 1))
    assert bench.value("input", "greatest_rate_hz") == "2.2"
    bench.call_parameters(image_rate_max_hz=0.0)
    bench.show(lambda: bench.says("input", "images a second", level=0))


def test_two_publishers_on_one_topic(bench: Bench, domain_id: int) -> None:
    """Every image of another camera is another scene, so each starts the window; gaze goes on."""
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.fresh(pixels)
    with stranger(domain_id) as camera:
        other = camera.create_publisher(Image, "image", sensor_qos())

        def both(rgb: np.ndarray) -> None:
            bench.send(rgb)
            send_from(other, spot(100, 60, (240, 320)), bench.now_ns())

        words = "2 publishers on /image: /bench, /stranger; give each camera a namespace"
        bench.show(lambda: bench.says("input", words, level=1), send=both)
        pixels.clear()
        bench.show(lambda: len(pixels) >= 5, send=both)
        bench.show(lambda: bench.count("window", "size_changes") >= 4, send=both)
    bench.show(lambda: bench.says("input", "images a second", level=0))
    assert bench.fresh(pixels).point.x == pytest.approx(480, abs=4)
    assert bench.cost() == 0  # what is sent cannot be told of two


def test_nobody_publishes_or_another_type(bench: Bench, domain_id: int) -> None:
    bench.active()
    bench.spin_until(lambda: bench.says("input", "nobody publishes /image; start", level=2))
    with stranger(domain_id) as other:  # one DDS participant cannot have two types on a topic
        other.create_publisher(CompressedImage, "image", sensor_qos())
        text = "has another type: sensor_msgs/msg/CompressedImage; set image_transport or remap"
        bench.spin_until(lambda: bench.says("input", text, level=2))
    bench.show(lambda: bench.status("input").level == b"\x00")


def test_images_that_get_lost_on_the_way(bench: Bench) -> None:
    """A depth of one and a callback that comes late: the middleware drops, the numbers tell."""
    bench.active(image_depth=1)
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.fresh(pixels)
    bench.spin_for(0.2)
    image = Image()
    fill_image(image, spot(), "rgb8")
    for _ in range(20):
        image.header.stamp = ns_to_stamp(bench.now_ns())
        bench.publisher().publish(image)

    def lost() -> int:
        return bench.count("input", "frames_sent") - bench.count("input", "frames_received")

    bench.spin_until(lambda: lost() >= 15)
    assert bench.says("input", "of the images arrive; set FASTDDS_DEFAULT_PROFILES_FILE", level=1)
    bench.fresh(pixels)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width": 640, "height": 100}, "another aspect ratio"),
        ({"d": [float("nan")] * 5}, "finite"),
        ({"k": [float("inf"), 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]}, "finite"),
        ({"k": [800.0, 0.0, 300.0, 0.0, -5.0, 250.0, 0.0, 0.0, 1.0]}, "camera_info cannot be"),
        ({"p": [float("nan")] * 12}, "finite"),
        ({"d": [0.1] * 5000}, "at most"),
        ({"distortion_model": "magic"}, "magic"),
        ({"width": 0, "height": 0}, "camera_info"),
        ({"k": [0.0] * 9}, "says that the camera is not calibrated"),
    ],
)
def test_a_calibration_that_cannot_be_used(bench: Bench, change: dict[str, Any], words) -> None:
    """The assumed field of view stands in, with a warning; a good one is taken when it comes."""
    bench.active()
    targets = bench.listen(PointStamped, "gaze/target")
    bench.fresh(targets)
    bad = calibration()
    for name, value in change.items():
        setattr(bad, name, value)

    def show(rgb: np.ndarray, info: CameraInfo) -> None:
        bench.send(rgb)
        bench.send_info(info)

    bench.show(lambda: bench.says("camera", words, level=1), send=lambda rgb: show(rgb, bad))
    assert "degrees are assumed" in bench.status("camera").message
    point = bench.fresh(targets).point
    assert np.isfinite([point.x, point.y, point.z]).all()
    good = calibration()
    bench.show(lambda: bench.says("camera", "calibrated", 0), send=lambda rgb: show(rgb, good))
    assert bench.settled_cost() == 0


def calibration() -> CameraInfo:
    info = CameraInfo(width=640, height=480, distortion_model="plumb_bob", d=[0.0] * 5)
    info.k = [800.0, 0.0, 300.0, 0.0, 800.0, 250.0, 0.0, 0.0, 1.0]
    info.p = [800.0, 0.0, 300.0, 0.0, 0.0, 800.0, 250.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    return info


def send_from(publisher: Any, rgb: np.ndarray, stamp_ns: int) -> None:
    image = Image()
    fill_image(image, rgb, "rgb8")
    image.header.stamp = ns_to_stamp(stamp_ns)
    publisher.publish(image)
