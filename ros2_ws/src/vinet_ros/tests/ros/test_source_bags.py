# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Bags through source_node over real DDS: what was recorded arrives, frame for frame."""

import numpy as np
import pytest
import rclpy
import yaml
from made_bags import (
    COMPRESSED_TOPIC,
    ENCODINGS,
    PERIOD_NS,
    START_NS,
    STORAGES,
    TOPIC,
    bare_file,
    camera_info,
    compressed,
    cut_off,
    raw,
    write_bag,
    write_damaged_bag,
)
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from source_bench import one_error, output_of

from vinet_ros.encodings import decode_compressed
from vinet_ros.errors import VinetError
from vinet_ros.ros.messages import image_to_rgb, stamp_to_ns
from vinet_ros.ros.source_node import SourceNode

QUICK = {"rate": 50.0, "publish_clock": True}
RAW = [raw(k, encoding, padding=5 * (k % 2)) for k, encoding in enumerate(ENCODINGS)]


def same_image(arrived, recorded):
    fields = ("height", "width", "encoding", "is_bigendian", "step")
    assert [getattr(arrived, f) for f in fields] == [getattr(recorded, f) for f in fields]
    assert bytes(arrived.data) == recorded.data.tobytes()
    assert arrived.header.frame_id == recorded.header.frame_id


@pytest.mark.parametrize("storage", STORAGES)
def test_raw_images_arrive_as_recorded(viewer, play, tmp_path, storage):
    records = [r for k, image in enumerate(RAW) for r in (image, camera_info(k))]
    source = play(write_bag(tmp_path / "bag", records, storage), **QUICK)
    viewer.watch(source)
    assert source.returncode == 0
    assert len(viewer.images) == len(RAW)
    for arrived, record in zip(viewer.images, RAW, strict=True):
        same_image(arrived, record.content)
    assert viewer.stamps_ns == [START_NS + k * PERIOD_NS for k in range(len(RAW))]
    info, recorded = viewer.infos[0], camera_info(0).content
    assert [i.header for i in viewer.infos] == [i.header for i in viewer.images]
    for field in ("height", "width", "distortion_model", "binning_x", "binning_y"):
        assert getattr(info, field) == getattr(recorded, field)
    for field in ("d", "k", "r", "p"):
        np.testing.assert_array_equal(getattr(info, field), getattr(recorded, field))
    assert info.roi.do_rectify
    assert f"{len(RAW)} frames in" in output_of(source)


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_compressed_images_arrive_as_recorded(viewer, play, tmp_path, storage, suffix):
    records = [compressed(k, suffix) for k in range(8)]
    bag = bare_file(write_bag(tmp_path / "bag", [*records, camera_info(9)], storage))
    viewer.watch(play(bag, **QUICK))
    assert not viewer.images
    assert len(viewer.compressed) == 8
    for arrived, record in zip(viewer.compressed, records, strict=True):
        assert arrived.format == record.content.format
        assert bytes(arrived.data) == record.content.data.tobytes()
        assert arrived.header.frame_id == "left_eye"
    stamps = [stamp_to_ns(image.header.stamp) for image in viewer.compressed]
    assert stamps == [START_NS + k * PERIOD_NS for k in range(8)]
    assert [stamp_to_ns(i.header.stamp) for i in viewer.infos] == stamps


def test_without_a_clock_stamps_are_those_of_today_at_the_bags_intervals(viewer, play, tmp_path):
    gaps = (0, 1, 2, 5, 6)
    bag = write_bag(tmp_path / "bag", [raw(k) for k in gaps])
    viewer.watch(play(bag, frame_id="head"))
    stamps = viewer.stamps_ns
    assert [s - stamps[0] for s in stamps] == [k * PERIOD_NS for k in gaps]
    assert abs(viewer.arrivals_ns[0] - stamps[0]) < 2e9
    assert {image.header.frame_id for image in viewer.images} == {"head"}


def test_recorded_stamps_can_be_asked_for(viewer, play, tmp_path):
    viewer.watch(play(write_bag(tmp_path / "bag", [raw(0), raw(1)]), stamps="recorded"))
    assert viewer.stamps_ns == [START_NS, START_NS + PERIOD_NS]
    assert not viewer.clocks_ns


def test_the_clock_and_recorded_stamps_agree_also_when_it_starts_over(viewer, play, tmp_path):
    frames = 6
    bag = write_bag(tmp_path / "bag", [raw(k) for k in range(frames)])
    source = play(bag, loop=True, publish_clock=True)
    viewer.spin_while(lambda: len(viewer.images) < 3 * frames)
    source.terminate()
    viewer.watch(source)
    count = len(viewer.images)
    assert viewer.stamps_ns == [START_NS + k * PERIOD_NS for k in range(count)]
    for number, image in enumerate(viewer.images):
        same_image(image, raw(number % frames).content)
    clocks = viewer.clocks_ns
    assert clocks == sorted(clocks)
    assert clocks[0] == START_NS
    assert {START_NS + k * PERIOD_NS for k in range(frames, 3 * frames)} <= set(clocks)


def test_simulated_time_stands_still_until_somebody_listens(viewer, play, tmp_path):
    bag = write_bag(tmp_path / "bag", [raw(k) for k in range(4)])
    source = play(bag, publish_clock=True, wait_for_subscribers=2)
    viewer.spin_while(lambda: len(viewer.clocks_ns) < 30)
    assert set(viewer.clocks_ns) == {START_NS}
    assert not viewer.images
    second = []
    viewer.node.create_subscription(Image, "image", second.append, 10)
    viewer.watch(source)
    assert viewer.stamps_ns == [START_NS + k * PERIOD_NS for k in range(4)]


def test_bad_records_are_left_out_counted_and_named(viewer, play, tmp_path):
    records = [raw(k) for k in range(6)]
    records[2] = cut_off(records[2])
    records[4] = raw(4, "paisley8")
    source = play(write_bag(tmp_path / "bag", records), diagnostics_period_s=0.1, **QUICK)
    viewer.watch(source)
    assert source.returncode == 0
    played = (0, 1, 3, 5)
    assert viewer.stamps_ns == [START_NS + k * PERIOD_NS for k in played]
    for image, number in zip(viewer.images, played, strict=True):
        same_image(image, raw(number).content)
    assert (viewer.source["frames"], viewer.source["bad_records"]) == ("4", "2")
    assert viewer.source["last_bad_record"].startswith("4: encoding 'paisley8' is not one of")
    assert "2 bad records were left out" in viewer.source["message"]
    log = output_of(source)
    assert "left out at frame 2: " in log
    assert "no whole sensor_msgs/msg/Image" in log
    assert "4 frames in" in log and "2 bad records" in log


def test_images_can_be_asked_for_in_another_encoding_and_size(viewer, play, tmp_path):
    records = [compressed(k, ".png") for k in range(3)]
    bag = write_bag(tmp_path / "bag", [*records, camera_info(0)])
    viewer.watch(play(bag, encoding="bgr8", **QUICK))
    for image, record in zip(viewer.images, records, strict=True):
        assert image.encoding == "bgr8"
        np.testing.assert_array_equal(image_to_rgb(image), decode_compressed(record.content.data))
    assert viewer.infos[0].k[0] == 100.0
    viewer.images.clear(), viewer.infos.clear()
    viewer.watch(play(bag, image_width=16, **QUICK))
    assert {(i.height, i.width, i.encoding) for i in viewer.images} == {(12, 16, "rgb8")}
    assert (viewer.infos[0].height, viewer.infos[0].width) == (12, 16)
    assert viewer.infos[0].k[0] == 50.0


def calibration(folder, width=64, height=48):
    content = {
        "image_width": width,
        "image_height": height,
        "camera_matrix": {"data": [200, 0, 31.5, 0, 200, 23.5, 0, 0, 1]},
        "distortion_coefficients": {"data": [0.1, 0, 0, 0, 0]},
    }
    path = folder / "camera.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_a_calibration_file_wins_and_is_scaled_to_the_images(viewer, play, tmp_path):
    bag = write_bag(tmp_path / "bag", [raw(0), camera_info(0)])
    viewer.watch(play(bag, camera_info_url=f"file://{calibration(tmp_path)}", **QUICK))
    (info,) = viewer.infos
    assert (info.height, info.width, info.k[0], info.d[0]) == (24, 32, 100.0, 0.1)


def test_a_bag_without_a_calibration_gets_the_field_of_view(viewer, play, tmp_path):
    bag = write_bag(tmp_path / "bag", [raw(0)])
    viewer.watch(play(bag, horizontal_fov_deg=90.0, **QUICK))
    assert viewer.infos[0].k[0] == pytest.approx(16)


def several(folder):
    return write_bag(folder / "bag", [raw(0), compressed(0)])


@pytest.mark.parametrize("topic", [TOPIC, COMPRESSED_TOPIC])
def test_the_topic_is_chosen_by_its_name(viewer, play, tmp_path, topic):
    viewer.watch(play(several(tmp_path), topic=topic, **QUICK))
    assert (len(viewer.images), len(viewer.compressed)) == ((1, 0) if topic == TOPIC else (0, 1))


def one_image(folder):
    return write_bag(folder / "bag", [raw(0)])


def text_bag(folder):
    path = folder / "a.mcap"
    path.write_text("no bag\n" * 99)
    return path


@pytest.mark.parametrize(
    ("make", "parameters", "says"),
    [
        (several, {}, "2 image topics; choose one with topic: /cam/image_raw (Image, 1 messages)"),
        (several, {"topic": "/nobody"}, "no image topic '/nobody'; choose one of"),
        (lambda f: write_bag(f / "bag", [camera_info(0)]), {}, "no topic of type sensor_msgs"),
        (lambda f: write_bag(f / "bag", [raw(0, "paisley8")]), {}, "has no usable image"),
        (text_bag, {}, "is not a bag, or is cut off or damaged"),
        (lambda f: f / "missing.db3", {}, "no bag at"),
        (lambda f: f / "old.bag", {}, "bag of ROS 1"),
        (lambda f: f, {}, "neither a bag"),
        (one_image, {"camera_info_url": "/missing.yaml"}, "cannot be read (No such file"),
        (one_image, {"camera_info_url": "package://a/b.yaml"}, "a path or a file:// URL"),
        (one_image, {"stamps": "tomorrow"}, "stamps must be one of auto, recorded, now"),
    ],
)
def test_what_cannot_be_played_is_one_clear_error(domain_id, tmp_path, make, parameters, says):
    given = {"path": str(make(tmp_path)), **parameters}
    rclpy.init(domain_id=domain_id)
    try:
        with pytest.raises(VinetError) as refused:
            SourceNode(parameter_overrides=[Parameter(k, value=v) for k, v in given.items()])
    finally:
        rclpy.try_shutdown()
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_cannot_be_played_ends_the_process_with_one_line(play, tmp_path):
    url = str(calibration(tmp_path, 640, 100))
    source = play(one_image(tmp_path), camera_info_url=url)
    line = one_error(output_of(source))
    assert line.startswith("error: calibration ")
    assert "does not fit the images: camera_info is for 640x100" in line
    assert source.returncode not in (0, None)


def test_damage_ends_the_play_with_an_error_after_the_frames_before_it(viewer, play, tmp_path):
    source = play(write_damaged_bag(tmp_path / "bag"), **QUICK)
    viewer.watch(source)
    assert 0 < len(viewer.images) < 20
    assert viewer.stamps_ns == [START_NS + k * PERIOD_NS for k in range(len(viewer.images))]
    assert "is damaged: " in one_error(output_of(source))
    assert source.returncode not in (0, None)
