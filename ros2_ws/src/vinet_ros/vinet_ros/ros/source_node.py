# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""source_node: a video, a folder of pictures, a bag or a camera as a camera topic."""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.parameter import Parameter

from vinet_ros.errors import DataError
from vinet_ros.offline.bags import Bag
from vinet_ros.offline.frames import NS_PER_S, BadRecord, Frame, FrameSource
from vinet_ros.offline.sources import is_camera, open_source
from vinet_ros.ros.diagnostics import DiagnosticPublisher
from vinet_ros.ros.parameters import declare_parameters, read_parameters, refusal
from vinet_ros.ros.playback import ReadAhead, looped, resampled
from vinet_ros.ros.running import run_node
from vinet_ros.ros.source_follow import Follower
from vinet_ros.ros.source_outputs import SourceOutputs
from vinet_ros.ros.source_parameters import SourceParameters
from vinet_ros.ros.source_player import Player
from vinet_ros.ros.source_status import SourceCounts, source_status

_LINGER_S = 0.5  # for the last frames to be delivered
_UNKNOWN_RATE_HZ = 30.0


class SourceNode(Node):
    """Publishes frames at their times, from a thread of its own, until the source ends.

    At the end, or on an error, the executor's thread raises: ExternalShutdownException, or the
    error.

    Args:
        **arguments: Those of rclpy's Node.

    Raises:
        ParameterError: If a parameter is missing, of the wrong type or out of range.
        DataError: If the source or the calibration file cannot be used.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__("source_node", **arguments)
        declare_parameters(self, SourceParameters)
        self._settings = settings = read_parameters(self, SourceParameters)
        self.add_on_set_parameters_callback(self._check_parameters)
        self._counts = SourceCounts()
        self._stopped = threading.Event()
        self._error: Exception | None = None
        self._ended = self.create_guard_condition(self._raise_end)
        self._source = self._open()
        try:
            self._outputs = SourceOutputs(self, settings, self._source.info)
        except BaseException:
            self._source.close()
            raise
        self._announce()
        self._diagnostics = DiagnosticPublisher(self, self._statuses, settings.path)
        self._diagnostics.set_period(settings.diagnostics_period_s)
        self._ahead = ReadAhead(self._frames())
        self._thread = threading.Thread(target=self._run, name="playback", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop playing."""
        self._stopped.set()
        self._ahead.stop()
        self._thread.join(2.0)
        self._source.close()

    def _open(self) -> FrameSource:
        settings = self._settings
        size = None
        if is_camera(settings.path) and (settings.image_width or settings.image_height):
            if not (settings.image_width and settings.image_height):
                raise DataError("for a camera set both image_width and image_height, or neither")
            size = settings.image_height, settings.image_width
        source = open_source(
            settings.path,
            topic=settings.topic,
            folder_rate_hz=settings.folder_rate_hz,
            now_ns=self._now_ns,
            camera_size=size,
            camera_rate_hz=settings.publish_rate_hz,
        )
        if settings.stamps == "recorded" and not isinstance(source, Bag):
            source.close()
            raise DataError(
                f"only a bag has recorded stamps, {settings.path!r} is none; set stamps to auto"
            )
        return source

    def _frames(self) -> Iterable[Frame]:
        """Return all frames to publish, in the thread that reads them."""
        info, settings, outputs = self._source.info, self._settings, self._outputs

        def read() -> Iterator[Frame]:
            size = None if outputs.size == (info.height, info.width) else outputs.size
            return self._source.frames(
                size=size, decode=not outputs.as_recorded, on_bad=self._leave_out
            )

        if info.live:
            return read()
        period_ns = round(NS_PER_S / (info.rate_hz or _UNKNOWN_RATE_HZ))
        frames = looped(read, period_ns) if settings.loop else read()
        if settings.publish_rate_hz:
            frames = resampled(frames, settings.publish_rate_hz)
        return frames

    def _leave_out(self, record: BadRecord) -> None:
        self._counts.add_bad(record)
        self.get_logger().warning(
            f"left out at frame {record.index}: {record.reason}", throttle_duration_sec=5.0
        )

    def _announce(self) -> None:
        info, outputs = self._source.info, self._outputs
        height, width = outputs.size
        rate_hz = (0.0 if info.live else self._settings.publish_rate_hz) or info.rate_hz
        length = f", {info.duration_ns / NS_PER_S:.1f} s" if info.duration_ns else ""
        self.get_logger().info(
            f"playing {info.name}: {width}x{height} {outputs.encoding}, {rate_hz:.2f} Hz{length}, "
            f"on {outputs.image_topic}"
        )

    def _run(self) -> None:
        """Play in the thread; hand whatever ends it to the executor."""
        try:
            self._play()
        except Exception as error:
            if not self._stopped.is_set() and self.context.ok():
                self._error = error
        if not self._stopped.is_set() and self.context.ok():
            self._ended.trigger()

    def _raise_end(self) -> None:
        if self._error is not None:
            raise self._error
        raise ExternalShutdownException

    def _play(self) -> None:
        settings, live, start_s = self._settings, self._source.info.live, time.monotonic()
        follower = None
        if not settings.realtime and not live:
            follower = Follower(
                self,
                self._outputs,
                settings.follow_topic,
                settings.follow_timeout_s,
                self._stopped,
            )
        player = Player(
            settings,
            self._source.info,
            self._outputs,
            follower,
            self._counts,
            self._now_ns,
            self.get_logger(),
            self._stopped,
        )
        player.play(self._ahead)
        if self._stopped.is_set():
            return
        if live:
            raise DataError(f"camera {settings.path} gives no more frames; is it plugged in?")
        self._outputs.wait_for_acknowledgement(_LINGER_S)
        self._stopped.wait(_LINGER_S)
        self._diagnostics.publish()
        self.get_logger().info(
            f"end of {settings.path}: {self._counts.frames} frames in "
            f"{time.monotonic() - start_s:.1f} s, {self._counts.bad_records} bad records"
        )

    def _statuses(self) -> Any:
        outputs = self._outputs
        return source_status(
            self._counts, self._source.info, outputs.image_topic, outputs.subscribers()
        )

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _check_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        values = {change.name: change.value for change in changes}
        reason = refusal(SourceParameters, values, configured=True)
        return SetParametersResult(successful=not reason, reason=reason)


def main(args: Sequence[str] | None = None) -> int:
    """Run source_node; return the exit code."""
    return run_node(SourceNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
