# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A bag with the topics of saliency_node, written without ROS. Needs rosbags."""

import struct
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vinet_ros.encodings import Rgb
from vinet_ros.errors import DataError
from vinet_ros.offline.frames import NS_PER_S
from vinet_ros.offline.predict.stream import Predicted
from vinet_ros.offline.predict.work import numbered, write_whole
from vinet_ros.streaming.scene import TOPICS, Scene

PIECE = ".messages"
_HEAD = struct.Struct("<BqI")  # topic's number, time, bytes
_LEFT_OUT = ("saliency/overlay",)  # the same as saliency/overlay/compressed, twenty times as large
_WRITTEN = tuple(topic for topic in TOPICS if topic.name not in _LEFT_OUT)
_VERSION: Literal[8] = 8  # of the metadata: from Humble on all can read it
BAG_TOPICS = tuple("/" + topic.name for topic in _WRITTEN)
_DTYPES = {"bool": "bool", "byte": "uint8", "octet": "uint8", "char": "uint8"}


class BagPiece:
    """Messages of one piece, serialized.

    Args:
        start_ns: Time of a source's first frame, where it has no stamps.
        frame_id: Where the source has none.
    """

    def __init__(self, start_ns: int, frame_id: str) -> None:
        self._start_ns, self._frame_id = start_ns, frame_id
        self._content = bytearray()

    def add(self, predicted: Predicted, picture: "ReadyPicture") -> None:
        """Make the messages of a frame."""
        types = _types()
        frame = predicted.frame
        stamp_ns = self._start_ns + frame.time_ns if frame.stamp_ns is None else frame.stamp_ns
        sec, nanosec = divmod(stamp_ns, NS_PER_S)
        stamp = types.Time(sec=sec, nanosec=nanosec)
        header = types.Header(stamp=stamp, frame_id=frame.frame_id or self._frame_id)
        scene = Scene(header, predicted.saliency, predicted.points, picture, predicted.view)
        scene.__dict__["overlay"] = picture.overlay  # it was drawn already
        for number, topic in enumerate(_WRITTEN):
            message = topic.make(types, scene)
            if message is not None:
                data = types.serialized(message, topic.message_type)
                self._content += _HEAD.pack(number, stamp_ns, len(data))
                self._content += data

    def write(self, path: Path) -> None:
        """Put the piece on disk."""
        write_whole(path, bytes(self._content))


class ReadyPicture:
    """A picture whose overlay is there.

    Args:
        rgb: uint8 (H, W, 3).
        overlay: The same with heat and gaze.
    """

    def __init__(self, rgb: Rgb, overlay: Rgb) -> None:
        self.rgb, self.overlay = rgb, overlay


def join_bag(folder: Path, storage: str, out: Path) -> None:
    """Write the messages of all pieces into a bag.

    Args:
        folder: With the pieces.
        storage: mcap or sqlite3.
        out: The bag's folder, which must not be there.

    Raises:
        OSError: If it cannot be written.
    """
    from rosbags.rosbag2 import StoragePlugin, Writer

    plugin = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}[storage]
    try:
        with Writer(out, version=_VERSION, storage_plugin=plugin) as writer:
            connections = [
                writer.add_connection("/" + t.name, t.message_type, typestore=_types().store)
                for t in _WRITTEN
            ]
            for number, stamp_ns, data in _messages(folder):
                writer.write(connections[number], stamp_ns, data)
    except OSError:
        raise
    except Exception as error:  # sqlite3's own, when the disk is full
        raise OSError(None, f"{type(error).__name__}: {error}") from error


def _messages(folder: Path) -> Iterator[tuple[int, int, bytes]]:
    for file in numbered(folder, PIECE):
        with file.open("rb") as content:
            while head := content.read(_HEAD.size):
                number, stamp_ns, size = _HEAD.unpack(head)
                yield number, stamp_ns, content.read(size)


class _Types:
    """The message types of rosbags with ROS's habit of empty defaults, by their short names."""

    def __init__(self) -> None:
        try:
            from rosbags.typesys import Stores, get_typestore
        except ImportError as error:
            raise DataError(
                f"writing a bag needs rosbags: pip install rosbags (import failed: {error})"
            ) from error
        self.store = get_typestore(Stores.ROS2_HUMBLE)
        packages = ("builtin_interfaces", "std_msgs", "geometry_msgs", "sensor_msgs")
        for name in self.store.types:
            if name.startswith((*packages, "visualization_msgs")):
                setattr(self, name.rpartition("/")[2], _Maker(self.store, name))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"there is no message type {name}")

    def serialized(self, message: Any, name: str) -> bytes:
        """Return a message as CDR."""
        return bytes(self.store.serialize_cdr(_typed(self.store, message, name), name))


@cache
def _types() -> Any:
    return _Types()


class _Maker:
    """Makes messages of one type; its constants are attributes."""

    def __init__(self, store: Any, name: str) -> None:
        self._store, self._name = store, name

    def __call__(self, **fields: Any) -> Any:
        values = {
            field: fields[field] if field in fields else _empty(self._store, kind)
            for field, kind in self._store.fielddefs[self._name][1]
        }
        return self._store.types[self._name](**values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store.types[self._name], name)


def _empty(store: Any, kind: Any) -> Any:
    """Return the default of a field."""
    node, of = kind
    if node.name == "BASE":
        return {"string": "", "bool": False}.get(of[0], 0.0 if "float" in of[0] else 0)
    if node.name == "NAME":
        return _Maker(store, of)()
    inner, count = of
    return [_empty(store, inner) for _ in range(count if node.name == "ARRAY" else 0)]


def _typed(store: Any, message: Any, name: str) -> Any:
    """Turn, in place, lists of numbers into arrays of the right type, as rosbags wants them."""
    for field, kind in store.fielddefs[name][1]:
        setattr(message, field, _converter(kind)(store, getattr(message, field)))
    return message


def _converter(kind: Any) -> Callable[[Any, Any], Any]:
    node, of = kind
    if node.name == "BASE":
        return lambda store, value: value
    if node.name == "NAME":
        return lambda store, value: _typed(store, value, of)
    inner_node, inner = of[0]
    if inner_node.name == "NAME":
        return lambda store, values: [_typed(store, value, inner) for value in values]
    if inner[0] == "string":
        return lambda store, values: list(values)
    dtype = np.dtype(_DTYPES.get(inner[0], inner[0]))
    return lambda store, values: _array(values, dtype)


def _array(values: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return numbers, or bytes, as an array."""
    if dtype == np.uint8 and len(values):
        return np.frombuffer(values, dtype)
    return np.array(values, dtype)
