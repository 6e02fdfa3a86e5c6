# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Bags on disk: opening them, and finding the topics with images. Needs rosbags."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vinet_ros.errors import DataError

if TYPE_CHECKING:
    from rosbags.interfaces import Connection
    from rosbags.rosbag2 import Reader

SUFFIXES = (".mcap", ".db3")
RAW_TYPE = "sensor_msgs/msg/Image"
COMPRESSED_TYPE = "sensor_msgs/msg/CompressedImage"
PROMISE = "give a bag's folder (with its metadata.yaml), or a whole .mcap or .db3 file"


@dataclass(frozen=True, slots=True)
class ImageTopic:
    """A topic of a bag with images.

    Args:
        name: As recorded.
        message_type: sensor_msgs/msg/Image or sensor_msgs/msg/CompressedImage.
        count: Messages, by the bag's own account.
    """

    name: str
    message_type: str
    count: int

    @property
    def info_topic(self) -> str:
        """The topic of the camera's calibration, as image_transport pairs them."""
        image = self.name
        if self.message_type == COMPRESSED_TYPE:
            image = image.removesuffix("/compressed")
        return image.rpartition("/")[0] + "/camera_info"

    def __str__(self) -> str:
        return f"{self.name} ({self.message_type.rpartition('/')[2]}, {self.count} messages)"


def image_topics(connections: "list[Connection]") -> list[ImageTopic]:
    """Return a bag's topics with images, in the order of their names."""
    counts: dict[tuple[str, str], int] = {}
    for connection in connections:
        if connection.msgtype in (RAW_TYPE, COMPRESSED_TYPE):
            key = connection.topic, connection.msgtype
            counts[key] = counts.get(key, 0) + int(connection.msgcount)
    return [ImageTopic(*key, count) for key, count in sorted(counts.items())]


def open_bag(path: Path) -> "Reader":
    """Return the open reader of a bag.

    Args:
        path: Folder or storage file.

    Raises:
        DataError: If it is no bag, or is damaged; if rosbags is missing.
    """
    try:
        from rosbags.rosbag2 import Reader
    except ImportError as error:
        raise DataError(
            f"reading bags needs rosbags: pip install rosbags (import failed: {error})"
        ) from error
    storage = _storage(path)
    try:
        reader = Reader(storage)
        reader.open()
    except Exception as error:  # storage plugins raise whatever their libraries raise
        raise DataError(
            f"{str(path)!r} is not a bag, or is cut off or damaged ({reason_of(error)}); {PROMISE}"
        ) from error
    return reader


def _storage(path: Path) -> Path:
    """Return what rosbags is to open: a folder that was left without metadata has one file."""
    if path.suffix == ".bag":
        raise DataError(
            f"{str(path)!r} is a bag of ROS 1; convert it: rosbags-convert --src {path} --dst "
            f"{path.with_suffix('')}"
        )
    if not path.exists():
        raise DataError(f"no bag at {str(path)!r}; {PROMISE}")
    if path.is_file() or (path / "metadata.yaml").exists():
        return path
    files = storage_files(path)
    if len(files) == 1:
        return files[0]
    raise DataError(
        f"folder {str(path)!r} has no metadata.yaml and {len(files)} storage files; run "
        "ros2 bag reindex on it, or give one of the files"
    )


def storage_files(folder: Path) -> list[Path]:
    """Return the bag files of a folder."""
    return sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES)


def choose_topic(path: Path, topics: list[ImageTopic], wanted: str) -> ImageTopic:
    """Return the topic that is wanted, or the only one with messages.

    Args:
        path: Of the bag, for messages.
        topics: Its topics with images.
        wanted: Name, with or without its leading slash; empty for the only one.

    Raises:
        DataError: If there is none, none of that name, or several and none is wanted.
    """
    there = ", ".join(map(str, topics))
    if not topics:
        raise DataError(
            f"bag {str(path)!r} has no topic of type {RAW_TYPE} or {COMPRESSED_TYPE}; record "
            "the camera's image topic"
        )
    if wanted:
        found = [t for t in topics if t.name.lstrip("/") == wanted.lstrip("/")]
        if not found:
            raise DataError(
                f"bag {str(path)!r} has no image topic {wanted!r}; choose one of {there}"
            )
        return max(found, key=lambda topic: topic.count)
    filled = [topic for topic in topics if topic.count] or topics
    if len(filled) > 1:
        raise DataError(
            f"bag {str(path)!r} has {len(filled)} image topics; choose one with topic: {there}"
        )
    return filled[0]


def reason_of(error: Exception) -> str:
    """Return what an error says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
