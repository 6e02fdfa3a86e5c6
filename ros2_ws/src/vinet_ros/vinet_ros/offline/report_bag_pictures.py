# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The pictures of a report from a bag: recorded overlays, or heat drawn anew over the camera's."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vinet_ros.drawing import Rgb, draw_overlay
from vinet_ros.encodings import RawImage, check_raw, decode_compressed, decode_raw
from vinet_ros.errors import FrameError
from vinet_ros.gaze import Peak
from vinet_ros.offline.bag_messages import Message, parse
from vinet_ros.offline.bag_storage import COMPRESSED_TYPE, RAW_TYPE, open_bag
from vinet_ros.offline.report_bag_gaze import peaks_of
from vinet_ros.offline.report_clock import Clock
from vinet_ros.offline.report_data import Footage

_WAITING = 64  # images that wait for their map: more than any node is behind
_NO_HEAT = np.zeros((1, 1), np.float32)


@dataclass(frozen=True, slots=True)
class _Choice:
    """The topics to make pictures of; the map is empty for overlays and bare images."""

    image: str
    kind: str
    saliency: str
    note: str


def find_footage(
    path: Path,
    types: Mapping[str, str],
    prefix: str,
    clock: Clock,
    candidates: Sequence[Message],
) -> Footage | None:
    """Return the best moving picture that a bag has; None where it has no image.

    Args:
        path: Of the bag.
        types: Message type by topic.
        prefix: Namespace of the node's topics.
        clock: Of the recording.
        candidates: Messages of gaze/candidates, for drawing where no overlay was recorded.
    """
    choice = _choose(types, prefix)
    if choice is None:
        return None
    peaks = {m.stamp_ns: _peaks(m) for m in candidates}
    return Footage(pictures=lambda: _pictures(path, choice, clock, peaks), note=choice.note)


def _choose(types: Mapping[str, str], prefix: str) -> _Choice | None:
    overlay = f"{prefix}/saliency/overlay"
    recorded = "The overlay as the node drew it."
    for topic, kind in ((f"{overlay}/compressed", COMPRESSED_TYPE), (overlay, RAW_TYPE)):
        if types.get(topic) == kind:
            return _Choice(topic, kind, "", recorded)
    camera = _camera_topic(types, prefix)
    if camera is None:
        return None
    saliency = f"{prefix}/saliency/image"
    if types.get(saliency) == RAW_TYPE:
        note = f"Drawn for this report: {saliency} over {camera}."
        return _Choice(camera, types[camera], saliency, note)
    note = f"{camera} with the gaze marked; neither overlay nor saliency/image was recorded."
    return _Choice(camera, types[camera], "", note)


def _camera_topic(types: Mapping[str, str], prefix: str) -> str | None:
    """Return the camera's images: the node's own name for them, or the only ones there are."""
    others = [
        topic
        for topic, kind in sorted(types.items())
        if kind in (RAW_TYPE, COMPRESSED_TYPE) and "/saliency/" not in topic
    ]
    own = [t for t in (f"{prefix}/image/compressed", f"{prefix}/image") if t in others]
    return own[0] if own else others[0] if len(others) == 1 else None


def _pictures(
    path: Path, choice: _Choice, clock: Clock, peaks: Mapping[int, list[Peak]]
) -> Iterator[tuple[float, Rgb]]:
    """Yield (time, picture); messages that cannot be decoded are left out."""
    waiting: dict[int, Any] = {}
    with closing(open_bag(path)) as reader:
        chosen = [c for c in reader.connections if c.topic in (choice.image, choice.saliency)]
        for connection, log_ns, data in reader.messages(chosen):
            try:
                message = Message.of(parse(data, connection.msgtype), log_ns)
                time_s = clock.place(log_ns, message.stamp_ns)
                marks = peaks.get(message.stamp_ns, [])
                if connection.topic == choice.saliency:
                    if (image := waiting.get(message.stamp_ns)) is not None:
                        heat = _heat(message.content)
                        yield time_s, draw_overlay(_rgb(image, choice.kind), heat, marks)
                elif choice.saliency:
                    waiting[message.stamp_ns] = message.content
                    if len(waiting) > _WAITING:
                        waiting.pop(next(iter(waiting)))
                else:
                    rgb = _rgb(message.content, choice.kind)
                    yield time_s, draw_overlay(rgb, _NO_HEAT, marks) if marks else rgb
            except FrameError:
                continue


def _peaks(message: Message) -> list[Peak]:
    return [Peak(u, v, saliency) for u, v, saliency in peaks_of(message.content)]


def _rgb(message: Any, kind: str) -> Rgb:
    if kind == COMPRESSED_TYPE:
        return decode_compressed(message.data, message.format)
    image = RawImage(
        encoding=message.encoding,
        width=message.width,
        height=message.height,
        step=message.step,
        bigendian=bool(message.is_bigendian),
        data=message.data,
    )
    check_raw(image)
    return decode_raw(image)


def _heat(message: Any) -> NDArray[np.float32]:
    """Return the map of a 32FC1 image.

    Raises:
        FrameError: If it is none, or its data do not have its size.
    """
    height, width = int(message.height), int(message.width)
    data = np.asarray(message.data, np.uint8)
    if message.encoding != "32FC1" or not 0 < 4 * width * height == data.size:
        raise FrameError(
            f"a saliency image is 32FC1 of {height} x {width} x 4 bytes, got {message.encoding} "
            f"with {data.size}"
        )
    kind = ">f4" if message.is_bigendian else "<f4"
    return data.view(kind).reshape(height, width).astype(np.float32)
