# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Small bags made for tests, by rosbags' own writer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

STORE = get_typestore(Stores.ROS2_HUMBLE)
STORAGES = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
START_NS = 1_650_000_000_123_456_789
PERIOD_NS = 33_333_333
TOPIC, COMPRESSED_TOPIC = "/cam/image_raw", "/cam/image_raw/compressed"
INFO_TOPIC = "/cam/camera_info"
K = (100.0, 0.0, 79.5, 0.0, 100.0, 59.5, 0.0, 0.0, 1.0)
# Bytes a pixel, and rows of the payload for each row of the picture, of every raw encoding.
ENCODINGS = {
    **dict.fromkeys(("mono8", "8UC1"), (1, 1)),
    **{f"bayer_{p}8": (1, 1) for p in ("rggb", "bggr", "gbrg", "grbg")},
    **{f"bayer_{p}16": (2, 1) for p in ("rggb", "bggr", "gbrg", "grbg")},
    **dict.fromkeys(("mono16", "16UC1", "yuv422", "uyvy", "yuv422_yuy2", "yuyv"), (2, 1)),
    **dict.fromkeys(("rgb8", "bgr8", "8UC3"), (3, 1)),
    **dict.fromkeys(("rgba8", "bgra8", "8UC4"), (4, 1)),
    **dict.fromkeys(("rgb16", "bgr16"), (6, 1)),
    **dict.fromkeys(("rgba16", "bgra16"), (8, 1)),
    **dict.fromkeys(("nv12", "nv21"), (1, 1.5)),
}


@dataclass(frozen=True)
class Record:
    """One message of a bag: a message, or bytes that claim to be one."""

    topic: str
    message_type: str
    content: Any
    log_ns: int

    @property
    def data(self) -> bytes:
        if isinstance(self.content, bytes):
            return self.content
        return bytes(STORE.serialize_cdr(self.content, self.message_type))


def header(stamp_ns: int, frame_id: str = "left_eye") -> Any:
    types = STORE.types
    sec, nanosec = divmod(stamp_ns, 1_000_000_000)
    stamp = types["builtin_interfaces/msg/Time"](sec=sec, nanosec=nanosec)
    return types["std_msgs/msg/Header"](stamp=stamp, frame_id=frame_id)


def raw(
    number: int,
    encoding: str = "rgb8",
    *,
    stamp_ns: int | None = None,
    size: tuple[int, int] = (24, 32),
    padding: int = 0,
    topic: str = TOPIC,
    log_delay_ns: int = 4_000_000,
    **change: Any,
) -> Record:
    """An image with payload that depends on its number; `change` sets fields of the message."""
    height, width = size
    pixel_bytes, rows = ENCODINGS.get(encoding, (1, 1))
    step = width * pixel_bytes + padding
    random = np.random.default_rng(number)
    shown_ns = START_NS + number * PERIOD_NS
    fields = {
        "header": header(shown_ns if stamp_ns is None else stamp_ns),
        "height": height,
        "width": width,
        "encoding": encoding,
        "is_bigendian": 0,
        "step": step,
        "data": random.integers(0, 256, int(step * height * rows), np.uint8),
        **change,
    }
    message = STORE.types["sensor_msgs/msg/Image"](**fields)
    return Record(topic, "sensor_msgs/msg/Image", message, shown_ns + log_delay_ns)


def compressed(number: int, suffix: str = ".jpg", *, keep: float = 1.0) -> Record:
    """A JPEG or PNG; `keep` is the share of its bytes that is there."""
    random = np.random.default_rng(number)
    pixels = random.integers(0, 256, (24, 32, 3), np.uint8)
    content = cv2.imencode(suffix, pixels)[1].reshape(-1)
    name = "jpeg" if suffix == ".jpg" else "png"
    shown_ns = START_NS + number * PERIOD_NS
    message = STORE.types["sensor_msgs/msg/CompressedImage"](
        header=header(shown_ns),
        format=f"bgr8; {name} compressed bgr8",
        data=content[: int(keep * len(content))],
    )
    return Record(
        COMPRESSED_TOPIC, "sensor_msgs/msg/CompressedImage", message, shown_ns + 4_000_000
    )


def camera_info(number: int, topic: str = INFO_TOPIC, fx: float = 100.0) -> Record:
    types = STORE.types
    shown_ns = START_NS + number * PERIOD_NS
    message = types["sensor_msgs/msg/CameraInfo"](
        header=header(shown_ns),
        height=24,
        width=32,
        distortion_model="plumb_bob",
        d=np.array([0.1, -0.2, 0.001, 0.002, 0.0]),
        k=np.array((fx, *K[1:])),
        r=np.eye(3).reshape(-1),
        p=np.array([fx, 0, 79.5, 0, 0, 100, 59.5, 0, 0, 0, 1, 0], float),
        binning_x=1,
        binning_y=1,
        roi=types["sensor_msgs/msg/RegionOfInterest"](
            x_offset=0, y_offset=0, height=24, width=32, do_rectify=True
        ),
    )
    return Record(topic, "sensor_msgs/msg/CameraInfo", message, shown_ns + 5_000_000)


def cut_off(record: Record, keep: float = 0.5) -> Record:
    """The first part of a message."""
    return replace(record, content=record.data[: int(keep * len(record.data))])


def write_bag(path: Path, records: Sequence[Record], storage: str = "mcap") -> Path:
    """Write messages into a bag; the bag is a folder."""
    with Writer(path, version=9, storage_plugin=STORAGES[storage]) as writer:
        connections: dict[tuple[str, str], Any] = {}
        for record in records:
            key = record.topic, record.message_type
            if key not in connections:
                connections[key] = writer.add_connection(*key, typestore=STORE)
            writer.write(connections[key], record.log_ns, record.data)
    return path


def write_damaged_bag(path: Path) -> Path:
    """Write 20 images, the last compressed chunk of which cannot be unpacked."""
    stripes = np.tile(np.arange(256, dtype=np.uint8), 240 * 320 * 3 // 256)
    writer = Writer(path, version=9, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    with writer:
        records = [raw(k, size=(240, 320), data=stripes) for k in range(20)]
        images = writer.add_connection(TOPIC, records[0].message_type, typestore=STORE)
        for record in records:
            writer.write(images, record.log_ns, record.data)
    file = bare_file(path)
    content = bytearray(file.read_bytes())
    last = content.rindex(b"\x28\xb5\x2f\xfd")  # where a compressed chunk begins
    content[last : last + 4] = b"oops"
    file.write_bytes(content)
    return path


def bare_file(path: Path) -> Path:
    """The storage file of a bag."""
    (file,) = [f for f in path.iterdir() if f.suffix in (".mcap", ".db3")]
    return file
