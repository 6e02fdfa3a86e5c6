# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Bags without ROS: what rosbags writes comes out again, frame for frame."""

import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_bags import (
    COMPRESSED_TOPIC,
    ENCODINGS,
    INFO_TOPIC,
    PERIOD_NS,
    START_NS,
    STORAGES,
    STORE,
    TOPIC,
    bare_file,
    camera_info,
    compressed,
    cut_off,
    raw,
    write_bag,
    write_damaged_bag,
)
from rosbags.rosbag2 import Writer

from vinet_ros import encodings
from vinet_ros.encodings import RawImage, decode_compressed
from vinet_ros.errors import DataError
from vinet_ros.offline.bags import Bag, Timeline
from vinet_ros.offline.frames import CompressedImage


@pytest.fixture(params=STORAGES)
def storage(request: pytest.FixtureRequest) -> str:
    return request.param


def frames_of(path, topic="", **options):
    with Bag(path, topic) as bag:
        return list(bag.frames(**options))


@pytest.mark.parametrize("bare", [False, True])
def test_raw_images_come_as_they_were_recorded(tmp_path, storage, bare):
    records = [raw(k, encoding) for k, encoding in enumerate(ENCODINGS)]
    path = write_bag(tmp_path / "bag", records, storage)
    with Bag(bare_file(path) if bare else path) as bag:
        info, frames = bag.info, list(bag.frames())
    assert (info.height, info.width, info.encoding) == (24, 32, next(iter(ENCODINGS)))
    assert (info.frame_count, info.compressed, info.live) == (len(records), False, False)
    assert info.rate_hz == pytest.approx(30, rel=0.01)
    assert [f.index for f in frames] == list(range(len(records)))
    for frame, record in zip(frames, records, strict=True):
        picture, message = frame.picture, record.content
        assert isinstance(picture, RawImage)
        assert (picture.encoding, picture.step) == (message.encoding, message.step)
        assert (picture.height, picture.width) == (message.height, message.width)
        assert bytes(picture.data) == message.data.tobytes()
        assert frame.frame_id == "left_eye"
        assert frame.stamp_ns == START_NS + frame.index * PERIOD_NS
        assert frame.time_ns == frame.index * PERIOD_NS
        assert frame.rgb().shape == (24, 32, 3)


def test_every_encoding_that_can_be_decoded_is_in_these_tests():
    assert set(ENCODINGS) == set(encodings.ENCODINGS)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_compressed_images_come_as_they_were_recorded(tmp_path, storage, suffix):
    records = [compressed(k, suffix) for k in range(4)]
    path = write_bag(tmp_path / "bag", records, storage)
    with Bag(path) as bag:
        assert bag.info.compressed
        assert (bag.info.height, bag.info.width) == (24, 32)
        frames = list(bag.frames())
    for frame, record in zip(frames, records, strict=True):
        assert isinstance(frame.picture, CompressedImage)
        assert frame.picture.format == record.content.format
        assert bytes(frame.picture.data) == record.content.data.tobytes()
        np.testing.assert_array_equal(frame.rgb(), decode_compressed(record.content.data))


def test_padding_and_byte_order_are_kept(tmp_path):
    records = [raw(0, padding=7), raw(1, "mono16", is_bigendian=1)]
    first, second = frames_of(write_bag(tmp_path / "bag", records))
    assert first.picture.step == 32 * 3 + 7
    assert second.picture.bigendian


def test_frames_can_be_asked_for_as_rgb_in_a_size(tmp_path):
    path = write_bag(tmp_path / "bag", [raw(0, "bgr8"), raw(1, "mono8")])
    as_they_are = [f.rgb() for f in frames_of(path)]
    for frame, rgb in zip(frames_of(path, decode=True), as_they_are, strict=True):
        np.testing.assert_array_equal(frame.picture, rgb)
    assert [f.picture.shape for f in frames_of(path, size=(12, 16))] == [(12, 16, 3)] * 2


@pytest.mark.parametrize("start", [0, 3, 7, 9])
def test_a_run_goes_on_where_it_ended(tmp_path, storage, start):
    records = [raw(k) for k in range(9)]
    records[2] = cut_off(records[2])
    path = write_bag(tmp_path / "bag", records, storage)
    whole = [f for f in frames_of(path, on_bad=lambda bad: None) if f.index >= start]
    rest = frames_of(path, start=start, on_bad=lambda bad: None)
    assert [(f.index, f.time_ns, f.stamp_ns) for f in rest] == [
        (f.index, f.time_ns, f.stamp_ns) for f in whole
    ]


def test_a_bag_can_be_read_again(tmp_path, storage):
    with Bag(write_bag(tmp_path / "bag", [raw(k) for k in range(3)], storage)) as bag:
        runs = [[f.time_ns for f in bag.frames()] for _ in range(3)]
    assert runs == [[0, PERIOD_NS, 2 * PERIOD_NS]] * 3


# The calibration


def test_each_frame_carries_the_newest_calibration(tmp_path, storage):
    records = [raw(0), raw(1), camera_info(1, fx=200.0), raw(2), camera_info(2, fx=300.0), raw(3)]
    frames = frames_of(write_bag(tmp_path / "bag", records, storage))
    assert [f.calibration.k[0] for f in frames] == [200.0, 200.0, 200.0, 300.0]
    calibration = frames[0].calibration
    assert (calibration.width, calibration.height, calibration.binning_x) == (32, 24, 1)
    assert calibration.d == (0.1, -0.2, 0.001, 0.002, 0.0)
    assert calibration.roi.do_rectify


def test_a_compressed_topic_has_the_calibration_of_its_camera(tmp_path):
    (frame,) = frames_of(write_bag(tmp_path / "bag", [compressed(0), camera_info(0)]))
    assert frame.calibration is not None


def test_another_cameras_calibration_is_not_taken(tmp_path):
    records = [raw(0), camera_info(0, "/other/camera_info")]
    (frame,) = frames_of(write_bag(tmp_path / "bag", records))
    assert frame.calibration is None


def test_a_damaged_calibration_is_left_out_and_costs_no_frame(tmp_path):
    records = [cut_off(camera_info(0)), raw(0), raw(1), camera_info(1, fx=150.0)]
    bad = []
    frames = frames_of(write_bag(tmp_path / "bag", records), on_bad=bad.append)
    assert [f.calibration.k[0] for f in frames] == [150.0, 150.0]
    assert "no whole sensor_msgs/msg/CameraInfo" in bad[0].reason


# Which topic


def test_the_only_image_topic_is_taken_or_the_one_that_is_named(tmp_path):
    path = write_bag(tmp_path / "bag", [raw(0), compressed(0), raw(0, topic="/other/image")])
    for wanted in (TOPIC, TOPIC.lstrip("/")):
        with Bag(path, wanted) as bag:
            assert bag.topic.name == TOPIC
    with Bag(path, COMPRESSED_TOPIC) as bag:
        assert bag.topic.info_topic == INFO_TOPIC
    with Bag(path, "/other/image") as bag:
        assert bag.topic.info_topic == "/other/camera_info"
    with pytest.raises(DataError) as several:
        Bag(path)
    assert "3 image topics; choose one with topic: " in str(several.value)
    for name in (TOPIC, COMPRESSED_TOPIC, "/other/image"):
        assert f"{name} (" in str(several.value)
    with pytest.raises(DataError, match=r"no image topic '/nobody'; choose one of /cam/image_raw"):
        Bag(path, "/nobody")


def test_a_bag_without_images_is_refused(tmp_path):
    with pytest.raises(DataError, match="no topic of type sensor_msgs/msg/Image"):
        Bag(write_bag(tmp_path / "bag", [camera_info(0)]))


def test_a_bag_without_messages_is_refused(tmp_path):
    with pytest.raises(DataError, match="no topic of type"):
        Bag(write_bag(tmp_path / "bag", []))


# Bad records


def test_bad_records_cost_their_frames_only(tmp_path, storage):
    records = [raw(k) for k in range(8)]
    records[1] = cut_off(records[1])
    records[2] = raw(2, "paisley8")
    records[4] = raw(4, step=31)
    records[5] = raw(5, height=25)
    records[6] = cut_off(records[6], 0.001)
    bad = []
    frames = frames_of(write_bag(tmp_path / "bag", records, storage), on_bad=bad.append)
    assert [f.index for f in frames] == [0, 3, 7]
    assert [f.time_ns for f in frames] == [0, 3 * PERIOD_NS, 7 * PERIOD_NS]
    assert [b.index for b in bad] == [1, 2, 4, 5, 6]
    says = ["no whole", "encoding 'paisley8' is not one of", "step of", "data of", "no whole"]
    assert all(text in b.reason for text, b in zip(says, bad, strict=True))


def test_a_compressed_image_that_is_cut_off_costs_its_frame_only(tmp_path):
    records = [compressed(0), compressed(1, keep=0.5), compressed(2, ".png", keep=0.9)]
    bad = []
    frames = frames_of(write_bag(tmp_path / "bag", records), on_bad=bad.append)
    assert [f.index for f in frames] == [0]
    assert [b.index for b in bad] == [1, 2]


def test_a_bad_record_is_an_error_where_nobody_wants_to_know(tmp_path):
    path = write_bag(tmp_path / "bag", [raw(0), raw(1, "paisley8")])
    with pytest.raises(DataError, match=r"frame 1 of .*bag /cam/image_raw: encoding 'paisley8'"):
        frames_of(path)


def test_a_topic_with_nothing_but_bad_records_is_refused(tmp_path):
    path = write_bag(tmp_path / "bag", [raw(0, "paisley8")])
    with pytest.raises(DataError, match="no usable image; the first one is not: encoding"):
        Bag(path)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("wild") / "bag"
    records = [raw(0), replace(raw(1), content=b"\x00\x01\x00\x00" + content), raw(2)]
    bad = []
    frames = frames_of(write_bag(path, records, "sqlite3"), on_bad=bad.append)
    assert [f.index for f in frames] == [0, 2]
    assert len(bad) == 1


# Damaged files


def damaged(path, storage, share):
    file = bare_file(path)
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_a_cut_off_file_is_one_clear_error(tmp_path, storage, share):
    path = write_bag(tmp_path / "bag", [raw(k) for k in range(30)], storage)
    damaged(path, storage, share)
    with pytest.raises(DataError, match=r"cut off or damaged|is damaged") as refused:
        frames_of(path)
    assert "\n" not in str(refused.value)


def test_damage_in_the_middle_gives_the_frames_before_it(tmp_path):
    path = write_damaged_bag(tmp_path / "bag")
    seen = []
    with Bag(path) as bag, pytest.raises(DataError, match=r"is damaged: \d+ messages of"):
        for frame in bag.frames():
            seen.append(frame.index)
    assert 0 < len(seen) < 20
    assert seen == list(range(len(seen)))


def test_a_text_file_is_no_bag(tmp_path):
    for name in ("a.mcap", "a.db3"):
        (tmp_path / name).write_text("no bag\n" * 100)
        with pytest.raises(DataError, match="is not a bag, or is cut off or damaged"):
            Bag(tmp_path / name)


def test_spoilt_metadata_is_one_clear_error(tmp_path):
    path = write_bag(tmp_path / "bag", [raw(0)])
    for content in ("rosbag2_bagfile_information: 7\n", "[", "", "\0"):
        (path / "metadata.yaml").write_text(content)
        with pytest.raises(DataError, match="is not a bag, or is cut off or damaged"):
            Bag(path)


def test_a_folder_without_metadata_plays_its_only_file(tmp_path, storage):
    path = write_bag(tmp_path / "bag", [raw(0), raw(1)], storage)
    (path / "metadata.yaml").unlink()
    assert len(frames_of(path)) == 2
    shutil.copy(bare_file(path), path / f"more{bare_file(path).suffix}")
    with pytest.raises(DataError, match="2 storage files; run ros2 bag reindex"):
        Bag(path)


def test_what_is_not_there_and_a_bag_of_ros_1_are_refused(tmp_path):
    with pytest.raises(DataError, match="no bag at"):
        Bag(tmp_path / "missing.mcap")
    with pytest.raises(DataError, match="bag of ROS 1; convert it: rosbags-convert"):
        Bag(tmp_path / "old.bag")


def test_a_strange_type_beside_the_images_does_not_matter(tmp_path, storage):
    path, record = tmp_path / "bag", raw(0)
    with Writer(path, version=9, storage_plugin=STORAGES[storage]) as writer:
        images = writer.add_connection(TOPIC, record.message_type, typestore=STORE)
        strange = writer.add_connection(
            "/strange", "odd_msgs/msg/Odd", msgdef="this is ! no definition", rihs01="RIHS01_0"
        )
        writer.write(strange, START_NS, b"\x00\x01\x00\x00")
        writer.write(images, record.log_ns, record.data)
    assert len(frames_of(path)) == 1


def test_missing_rosbags_is_said_with_what_to_install(tmp_path):
    path = write_bag(tmp_path / "bag", [raw(0)])
    code = (
        "import sys; sys.modules['rosbags'] = None\n"
        "from vinet_ros.errors import VinetError\n"
        "from vinet_ros.offline.sources import open_source\n"
        f"try: open_source({str(path)!r})\n"
        "except VinetError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "reading bags needs rosbags: pip install rosbags" in done.stdout


# Times


def test_an_image_without_a_stamp_is_placed_by_the_recorder(tmp_path):
    records = [raw(k, stamp_ns=0) for k in range(3)]
    frames = frames_of(write_bag(tmp_path / "bag", records))
    assert [f.time_ns for f in frames] == [0, PERIOD_NS, 2 * PERIOD_NS]
    assert [f.stamp_ns for f in frames] == [r.log_ns for r in records]


def test_stamps_of_another_clock_are_believed_while_they_run_at_its_rate():
    line = Timeline()
    assert [line.place(40 * k, 10_000 + 41 * k) for k in range(4)] == [0, 40, 80, 120]


def test_a_jump_of_the_stamps_is_bridged_by_the_recorders_clock():
    line, hour_ns = Timeline(), 3_600_000_000_000
    stamps = [100, 140, 180 + hour_ns, 220 + hour_ns, 260]
    assert [line.place(s, 40 * k) for k, s in enumerate(stamps)] == [0, 40, 80, 120, 160]


def test_images_in_disorder_wait_for_one_another():
    line = Timeline()
    assert [line.place(s, 0) for s in (0, 40, 20, 60, 60)] == [0, 40, 40, 60, 60]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1 << 62), st.integers(0, 1 << 62)), max_size=50))
def test_times_never_fall(records):
    line = Timeline()
    times = [line.place(stamp, log) for stamp, log in sorted(records, key=lambda r: r[1])]
    assert times == sorted(times)
