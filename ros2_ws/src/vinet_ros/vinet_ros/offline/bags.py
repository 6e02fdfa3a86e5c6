# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Recordings of ROS 2 in: the images of one topic, as they were recorded.

MCAP and sqlite3, a bag's folder or a storage file by itself. Needs rosbags (the extra ``bags``),
but no ROS.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vinet_ros.encodings import RawImage, check_raw, compressed_size
from vinet_ros.errors import DataError, FrameError
from vinet_ros.offline.bag_storage import (
    COMPRESSED_TYPE,
    PROMISE,
    choose_topic,
    image_topics,
    open_bag,
    reason_of,
)
from vinet_ros.offline.calibration_file import CameraCalibration, Region
from vinet_ros.offline.frames import (
    NS_PER_S,
    CompressedImage,
    Frame,
    FrameSource,
    OnBad,
    Size,
    SourceInfo,
)

if TYPE_CHECKING:
    from rosbags.interfaces import Connection

_INFO_TYPE = "sensor_msgs/msg/CameraInfo"
_MAX_DISAGREEMENT_NS = NS_PER_S


class Bag(FrameSource):
    """The images of one topic of a bag, in the order in which they were recorded.

    Times follow the images' stamps. Where a stamp is missing or jumps by over a second against
    the recorder's clock, that clock counts. Each frame carries the newest calibration that was
    recorded before it, the first one if none was.

    Messages are read with the definitions of ROS itself, not those in the bag: these have not
    changed since ROS 2's beginnings, and a bag can be read whatever else is in it.

    Args:
        path: Folder or storage file.
        topic: Of the images; empty takes the only one.

    Raises:
        DataError: If it is no bag, is damaged, or does not have such a topic, or no usable image;
            if it has several topics with images and none is chosen; if rosbags is missing.
    """

    def __init__(self, path: str | Path, topic: str = "") -> None:
        self._path = Path(path)
        self._reader = open_bag(self._path)
        try:
            self.topic = choose_topic(self._path, image_topics(self._reader.connections), topic)
            self._images = self._connections(self.topic.name, self.topic.message_type)
            self._infos = self._connections(self.topic.info_topic, _INFO_TYPE)
            self._first_calibration = self._read_first_calibration()
            self.info = self._describe()
        except BaseException:
            self.close()
            raise

    def frames(
        self,
        start: int = 0,
        *,
        size: Size | None = None,
        decode: bool = False,
        on_bad: OnBad | None = None,
    ) -> Iterator[Frame]:
        """Yield the images; see :meth:`FrameSource.frames`.

        Bad are messages that are cut off, encodings nobody knows, and sizes that contradict the
        data.
        """
        times, index, calibration = Timeline(), -1, self._first_calibration
        for is_image, log_ns, data in self._records():
            index += is_image
            try:
                if not is_image:
                    calibration = _calibration(_parsed(data, _INFO_TYPE))
                    continue
                frame = self._frame(index, log_ns, data, calibration, times)
                if index < start:
                    continue
                check_picture(frame.picture)
                shown = frame.decoded(size) if decode or size is not None else frame
            except FrameError as error:
                if index >= start or not is_image:
                    self._leave_out(max(index, 0), error, on_bad)
                continue
            yield shown

    def close(self) -> None:
        """Close the files."""
        if self._reader.is_open:
            self._reader.close()

    def _connections(self, topic: str, message_type: str) -> "list[Connection]":
        return [
            connection
            for connection in self._reader.connections
            if connection.topic == topic and connection.msgtype == message_type
        ]

    def _records(self) -> Iterator[tuple[bool, int, bytes]]:
        """Yield (is an image, recorder's time, message) in the order of recording."""
        count = 0
        try:
            for connection, log_ns, data in self._reader.messages([*self._images, *self._infos]):
                count += 1
                yield connection.msgtype != _INFO_TYPE, log_ns, data
        except Exception as error:  # storage plugins raise whatever their libraries raise
            raise DataError(
                f"bag {str(self._path)!r} is damaged: {count} messages of {self.topic.name} and "
                f"its camera_info could be read ({reason_of(error)}); copy or record it again"
            ) from error

    def _frame(
        self,
        index: int,
        log_ns: int,
        data: bytes,
        calibration: CameraCalibration | None,
        times: "Timeline",
    ) -> Frame:
        message = _parsed(data, self.topic.message_type)
        stamp = message.header.stamp
        stamp_ns = stamp.sec * NS_PER_S + stamp.nanosec
        stamp_ns = stamp_ns if stamp_ns > 0 else log_ns
        return Frame(
            index=index,
            time_ns=times.place(stamp_ns, log_ns),
            picture=_picture(message, self.topic.message_type),
            stamp_ns=stamp_ns,
            frame_id=message.header.frame_id,
            calibration=calibration,
        )

    def _read_first_calibration(self) -> CameraCalibration | None:
        if not self._infos:
            return None
        records = self._reader.messages(self._infos)
        try:
            for _, _, data in records:
                try:
                    return _calibration(_parsed(data, _INFO_TYPE))
                except FrameError:
                    continue
        except Exception as error:
            raise DataError(
                f"bag {str(self._path)!r} is damaged ({reason_of(error)}); {PROMISE}"
            ) from error
        finally:
            records.close()
        return None

    def _describe(self) -> SourceInfo:
        bad: list[str] = []
        frames = self.frames(on_bad=lambda record: bad.append(record.reason))
        first = next(frames, None)
        frames.close()  # type: ignore[attr-defined] # it is a generator
        if first is None:
            reason = f"; the first one is not: {bad[0]}" if bad else ""
            raise DataError(
                f"topic {self.topic} of bag {str(self._path)!r} has no usable image{reason}"
            )
        duration_ns, count = int(self._reader.duration), self.topic.count
        width, height = picture_size(first.picture)
        return SourceInfo(
            name=f"{self._path} {self.topic.name}",
            height=height,
            width=width,
            rate_hz=(count - 1) * NS_PER_S / duration_ns if count > 1 and duration_ns else 0.0,
            duration_ns=duration_ns,
            frame_count=count,
            encoding=_encoding(first.picture),
            compressed=self.topic.message_type == COMPRESSED_TYPE,
        )


class Timeline:
    """Places recorded images in time, by their stamps as long as these can be believed."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None
        self._place_ns = self._highest_ns = 0

    def place(self, stamp_ns: int, log_ns: int) -> int:
        """Return the time of the next image since the first one; it never falls.

        Args:
            stamp_ns: The image's stamp.
            log_ns: When it was recorded.
        """
        if self._last is not None:
            step_ns, log_step_ns = stamp_ns - self._last[0], log_ns - self._last[1]
            believable = abs(step_ns - log_step_ns) <= _MAX_DISAGREEMENT_NS
            self._place_ns += step_ns if believable else log_step_ns
        self._last = stamp_ns, log_ns
        self._highest_ns = max(self._highest_ns, self._place_ns)
        return self._highest_ns


def check_picture(picture: Any) -> None:
    """Raise FrameError for a recorded picture that cannot be decoded, as far as headers tell."""
    if isinstance(picture, RawImage):
        check_raw(picture)
    else:
        compressed_size(picture.data)


def picture_size(picture: Any) -> tuple[int, int]:
    """Return (width, height) of a recorded picture that was checked."""
    if isinstance(picture, RawImage):
        return picture.width, picture.height
    return compressed_size(picture.data)


@cache
def _typestore() -> Any:
    from rosbags.typesys import Stores, get_typestore

    # These three types are the same in every distribution; this store is the quickest to build.
    return get_typestore(Stores.ROS2_HUMBLE)


def _parsed(data: bytes, message_type: str) -> Any:
    """Return a message.

    Raises:
        FrameError: If the data are not such a message.
    """
    try:
        return _typestore().deserialize_cdr(data, message_type)
    except Exception as error:  # hostile bytes fail in many ways
        raise FrameError(
            f"{len(data)} bytes are no whole {message_type} ({reason_of(error)}); "
            "the recording is damaged"
        ) from error


def _picture(message: Any, message_type: str) -> RawImage | CompressedImage:
    if message_type == COMPRESSED_TYPE:
        return CompressedImage(message.format, message.data)
    return RawImage(
        encoding=message.encoding,
        width=message.width,
        height=message.height,
        step=message.step,
        bigendian=bool(message.is_bigendian),
        data=message.data,
    )


def _encoding(picture: Any) -> str:
    return str(picture.encoding if isinstance(picture, RawImage) else picture.format)


def _calibration(message: Any) -> CameraCalibration:
    roi = message.roi
    return CameraCalibration(
        width=message.width,
        height=message.height,
        distortion_model=message.distortion_model,
        d=tuple(map(float, message.d)),
        k=tuple(map(float, message.k)),
        r=tuple(map(float, message.r)),
        p=tuple(map(float, message.p)),
        binning_x=message.binning_x,
        binning_y=message.binning_y,
        roi=Region(roi.x_offset, roi.y_offset, roi.height, roi.width, bool(roi.do_rectify)),
    )
