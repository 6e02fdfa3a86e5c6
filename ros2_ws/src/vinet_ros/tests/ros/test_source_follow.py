# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""source_node as fast as a node follows, over real DDS; folders of pictures."""

import time

import cv2
import numpy as np
import pytest
import rclpy
from bright_spot import BrightSpot, Loader
from made_bags import PERIOD_NS, START_NS, compressed, raw, write_bag
from made_clips import number_of, picture, write_clip
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image
from source_bench import MS, output_of

from vinet_ros.errors import DataError
from vinet_ros.ros.messages import image_to_rgb, stamp_to_ns
from vinet_ros.ros.qos import output_qos, sensor_qos
from vinet_ros.ros.source_node import SourceNode

FOLLOW = {"realtime": False}


class Answering:
    """A node with the shortest queues there are, which answers frames when the test says so."""

    def __init__(self, node) -> None:
        self.taken: list[Image] = []
        self.answered: list[int] = []
        self._answers = node.create_publisher(CameraInfo, "saliency/camera_info", output_qos())
        node.create_subscription(Image, "image", self.taken.append, sensor_qos("best_effort", 1))

    def answer(self) -> None:
        info = CameraInfo(header=self.taken[-1].header)
        self.answered.append(stamp_to_ns(info.header.stamp))
        self._answers.publish(info)


def test_the_next_frame_waits_until_the_last_one_was_used(viewer, play, tmp_path):
    slow = Answering(viewer.node)
    frames = 12
    bag = write_bag(tmp_path / "bag", [raw(k) for k in range(frames)])
    source = play(bag, **FOLLOW, wait_for_subscribers=2, publish_clock=True)
    for number in range(frames):
        viewer.spin_while(lambda number=number: len(slow.taken) <= number)
        if number % 4 == 0:  # longer than any queue or acknowledgement needs
            viewer.spin_for(0.3)
        assert len(slow.taken) == number + 1
        assert viewer.clocks_ns[-1] == START_NS + number * PERIOD_NS  # time stands still
        slow.answer()
    viewer.watch(source)
    assert slow.answered == [START_NS + k * PERIOD_NS for k in range(frames)]
    log = output_of(source)
    assert "each frame waits for its answer on /saliency/camera_info" in log
    assert "was not taken" not in log


def test_a_frame_that_nobody_answers_is_counted_and_the_next_one_comes(viewer, play, tmp_path):
    silent = Answering(viewer.node)
    source = play(
        write_bag(tmp_path / "bag", [raw(k) for k in range(4)]),
        **FOLLOW,
        follow_timeout_s=0.2,
        diagnostics_period_s=0.1,
    )
    viewer.watch(source)
    assert len(silent.taken) == 4
    assert viewer.source["unanswered"] == "4"
    assert "frame 0 was not taken in 0.2 s; the next one goes out" in output_of(source)


@pytest.mark.parametrize("kind", [raw, compressed])
def test_without_a_topic_to_follow_acknowledgements_pace_it(viewer, play, tmp_path, kind):
    bag = write_bag(tmp_path / "bag", [kind(k) for k in range(40)])
    source = play(bag, **FOLLOW, follow_topic="")
    viewer.watch(source)
    arrived = viewer.images or viewer.compressed
    assert [stamp_to_ns(i.header.stamp) for i in arrived] == [
        START_NS + k * PERIOD_NS for k in range(40)
    ]
    assert "follow_topic is empty: each frame waits for its acknowledgement" in output_of(source)


def test_a_subscriber_that_cannot_acknowledge_is_named(viewer, play, tmp_path):
    viewer.node.create_subscription(Image, "image", lambda m: None, sensor_qos("best_effort", 1))
    source = play(write_bag(tmp_path / "bag", [raw(0)]), **FOLLOW, wait_for_subscribers=2)
    viewer.watch(source)
    assert "1 of 2 subscribers of /image are best effort and give none" in output_of(source)


def test_saliency_node_answers_every_frame(bench, play, tmp_path):
    """The real node, with a network so slow that in real time it would leave frames out."""

    class Slow(BrightSpot):
        def decode(self, features):
            time.sleep(0.1)
            return super().decode(features)

    bench.active(Loader(Slow()))
    gazes = bench.listen(CameraInfo, "saliency/camera_info", 100)
    frames = 20
    records = [raw(k, size=(120, 160)) for k in range(frames)]
    source = play(write_bag(tmp_path / "bag", records), **FOLLOW)
    bench.spin_until(lambda: source.poll() is not None, 60)
    stamps = [stamp_to_ns(info.header.stamp) for info in gazes]
    assert stamps == [START_NS + k * PERIOD_NS for k in range(frames)]
    assert "was not taken" not in output_of(source)


def test_stamps_of_a_video_never_run_ahead_of_the_clock(viewer, play, tmp_path):
    source = play(write_clip(tmp_path / "a.mp4", 50, rate=5), **FOLLOW, follow_topic="")
    viewer.watch(source)
    assert viewer.numbers == list(range(50))
    assert all(a >= s for a, s in zip(viewer.arrivals_ns, viewer.stamps_ns, strict=True))
    assert abs(viewer.stamps_ns[-1] - viewer.stamps_ns[0] - 9.8e9) < 1e6


# Folders of pictures


def folder_of(path, count):
    path.mkdir()
    for number in range(count):
        name = f"{number}.{'jpg' if number % 2 else 'png'}"
        cv2.imwrite(str(path / name), cv2.cvtColor(picture(number), cv2.COLOR_RGB2BGR))
    return path


def test_a_folder_plays_in_the_order_of_its_numbers_at_its_rate(viewer, play, tmp_path):
    source = play(folder_of(tmp_path / "a", 12), folder_rate_hz=20.0)
    viewer.watch(source)
    assert source.returncode == 0
    assert viewer.numbers == list(range(12))
    np.testing.assert_array_equal(image_to_rgb(viewer.images[2]), picture(2))
    np.testing.assert_array_equal(np.diff(viewer.stamps_ns), 50 * MS)
    assert viewer.images[0].header.frame_id == "camera_optical_frame"
    assert "160x120 rgb8, 20.00 Hz, 0.6 s, on /image" in output_of(source)


def test_a_bad_picture_is_left_out_and_the_rest_plays_scaled(viewer, play, tmp_path):
    folder = folder_of(tmp_path / "a", 6)
    (folder / "3.jpg").write_bytes((folder / "3.jpg").read_bytes()[:200])
    source = play(folder, image_width=80, rate=2.0, diagnostics_period_s=0.1)
    viewer.watch(source)
    assert [number_of(image_to_rgb(i)) for i in viewer.images] == [0, 1, 2, 4, 5]
    assert {(i.height, i.width) for i in viewer.images} == {(60, 80)}
    assert viewer.source["bad_records"] == "1"
    assert "left out at frame 3: 3.jpg: " in output_of(source)


def test_only_a_bag_has_recorded_stamps(domain_id, tmp_path):
    values = {"path": str(folder_of(tmp_path / "a", 1)), "stamps": "recorded"}
    rclpy.init(domain_id=domain_id)
    try:
        with pytest.raises(DataError, match="only a bag has recorded stamps"):
            SourceNode(parameter_overrides=[Parameter(k, value=v) for k, v in values.items()])
    finally:
        rclpy.try_shutdown()
