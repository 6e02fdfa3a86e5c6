# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The bag that is written, read by Foxglove's parser and by rosbags."""

import json

import numpy as np
import pytest
from made_bags import START_NS, raw, write_bag
from made_clips import write_clip
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from rosbags.highlevel import AnyReader
from trail import run_trail

from vinet_ros.offline.predict.bag import BAG_TOPICS
from vinet_ros.streaming.scene import TOPICS


def decoded(path):
    """All messages of an MCAP, by topic."""
    messages = {}
    with path.open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        for schema, channel, message, content in reader.iter_decoded_messages():
            messages.setdefault(channel.topic, []).append((message.log_time, content, schema.name))
    return messages


def test_foxgloves_parser_reads_every_topic(tmp_path):
    bag = write_bag(tmp_path / "ride", [raw(k) for k in range(23)])
    folder = run_trail(bag, tmp_path / "out", write=("bag", "json", "npz")).folder
    messages = decoded(folder / "bag" / "bag.mcap")
    assert set(messages) == set(BAG_TOPICS)
    assert {"/" + t.name for t in TOPICS} - set(messages) == {"/saliency/overlay"}
    types = {"/" + topic.name: topic.message_type for topic in TOPICS}
    rows = json.loads((folder / "gaze.json").read_text())["frames"]
    for topic, recorded in messages.items():
        assert [time for time, _, _ in recorded] == [row["stamp_ns"] for row in rows]
        assert {kind for _, _, kind in recorded} == {types[topic]}
    for number, row in enumerate(rows):
        pixel = messages["/gaze/pixel"][number][1]
        assert (pixel.point.x, pixel.point.y) == pytest.approx((row["u"], row["v"]), abs=1e-3)
        assert pixel.point.z == pytest.approx(row["saliency"], abs=1e-6)
        assert pixel.header.frame_id == "left_eye"
        stamp = pixel.header.stamp
        assert stamp.sec * 1_000_000_000 + stamp.nanosec == row["stamp_ns"]
        image = messages["/saliency/image"][number][1]
        values = np.frombuffer(image.data, "<f4").reshape(image.height, image.width)
        np.testing.assert_array_equal(
            values, np.load(folder / "npz" / f"{row['frame']:06d}.npz")["saliency"]
        )
        cloud = messages["/gaze/candidates"][number][1]
        assert cloud.width == len(row["candidates"])
        info = messages["/saliency/camera_info"][number][1]
        assert (info.height, info.width) == (image.height, image.width)
        assert len(messages["/gaze/markers"][number][1].markers) == 2 + len(row["candidates"])


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_rosbags_reads_it_back(tmp_path, storage):
    clip = write_clip(tmp_path / "a.mp4", 13)
    folder = run_trail(clip, tmp_path / "out", write=("bag",), storage=storage).folder
    start_ns = clip.stat().st_mtime_ns
    with AnyReader([folder / "bag"]) as reader:
        assert {c.topic for c in reader.connections} == set(BAG_TOPICS)
        assert all(c.msgcount == 13 for c in reader.connections)
        assert reader.start_time == start_ns > START_NS
        assert reader.duration == pytest.approx(12 / 30 * 1e9, abs=2e6)
        jpeg = next(c for c in reader.connections if c.topic == "/saliency/overlay/compressed")
        _, _, data = next(reader.messages([jpeg]))
        message = reader.deserialize(data, jpeg.msgtype)
    assert message.format == "bgr8; jpeg compressed bgr8"
    assert bytes(message.data[:2]) == b"\xff\xd8"
    assert message.header.frame_id == "camera_optical_frame"
