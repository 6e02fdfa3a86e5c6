"""source_node: a video file or a camera of this machine as a camera topic."""

import re
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.duration import Duration
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image

from vinet_ros.errors import DataError
from vinet_ros.gaze import PinholeCamera
from vinet_ros.offline.camera import Camera
from vinet_ros.offline.video import NS_PER_S, VideoFrame, probe_video, read_video
from vinet_ros.ros.messages import describe_camera, fill_image, ns_to_stamp
from vinet_ros.ros.parameters import declare_parameters, read_parameters, refusal
from vinet_ros.ros.playback import ReadAhead, Schedule, looped, resampled, wait_until
from vinet_ros.ros.qos import output_qos, sensor_qos
from vinet_ros.ros.running import run_node
from vinet_ros.ros.source_parameters import SourceParameters

_LATE_NS = 250_000_000  # from here on it is a stall of the source, not jitter
_LINGER_S = 0.5  # for the last frames to be delivered
_SETTLE_S = 0.2  # for a subscriber that was just found to find us
_CAMERA = re.compile(r"\d+|/dev/video.*")


class SourceNode(Node):
    """Publishes frames at their times, from a thread of its own, until the source ends.

    At the end, or on an error, the executor's thread raises: ExternalShutdownException, or the
    error.

    Args:
        **arguments: Those of rclpy's Node.

    Raises:
        ParameterError: If a parameter is missing, of the wrong type or out of range.
        DataError: If the source cannot be played.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__("source_node", **arguments)
        declare_parameters(self, SourceParameters)
        self._settings = settings = read_parameters(self, SourceParameters)
        self.add_on_set_parameters_callback(self._check_parameters)
        qos = sensor_qos(settings.image_reliability, settings.image_depth)
        self._images = self.create_publisher(Image, "image", qos)
        self._infos = self.create_publisher(CameraInfo, "camera_info", qos)
        self._clocks = None
        if settings.publish_clock:
            self._clocks = self.create_publisher(Clock, "/clock", output_qos())
        self._info = CameraInfo()
        self._resources = ExitStack()
        self._stopped = threading.Event()
        self._error: Exception | None = None
        self._ended = self.create_guard_condition(self._raise_end)
        frames, self._live = self._open()
        self._ahead = ReadAhead(frames)
        self._thread = threading.Thread(target=self._run, name="playback", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop playing."""
        self._stopped.set()
        self._ahead.stop()
        self._thread.join(2.0)
        self._resources.close()

    def _open(self) -> tuple[Iterable[VideoFrame], bool]:
        """Return the frames to play, and whether they come live."""
        if _CAMERA.fullmatch(self._settings.path):
            return self._open_camera(), True
        return self._open_file(), False

    def _open_file(self) -> Iterator[VideoFrame]:
        settings = self._settings
        info = probe_video(settings.path)
        size = settings.scaled_size(info.height, info.width)
        wanted = size if size != (info.height, info.width) else None

        def read() -> Iterator[VideoFrame]:
            return read_video(settings.path, size=wanted, bgr=settings.encoding == "bgr8")

        period_ns = round(NS_PER_S / info.rate_hz)
        frames = looped(read, period_ns) if settings.loop else read()
        if settings.publish_rate_hz:
            frames = resampled(frames, settings.publish_rate_hz)
        self._announce(size, settings.publish_rate_hz or info.rate_hz, info.duration_ns)
        return frames

    def _open_camera(self) -> Camera:
        settings = self._settings
        wanted = None
        if settings.image_width and settings.image_height:
            wanted = settings.image_height, settings.image_width
        elif settings.image_width or settings.image_height:
            raise DataError("for a camera set both image_width and image_height, or neither")
        camera = Camera(
            int(settings.path) if settings.path.isdigit() else settings.path,
            lambda: int(self.get_clock().now().nanoseconds),
            size=wanted,
            rate_hz=settings.publish_rate_hz,
            bgr=settings.encoding == "bgr8",
        )
        self._resources.enter_context(camera)
        self._announce(camera.size, camera.rate_hz, 0)
        return camera

    def _announce(self, size: tuple[int, int], rate_hz: float, duration_ns: int) -> None:
        height, width = size
        settings = self._settings
        self._info.height, self._info.width = height, width
        if settings.horizontal_fov_deg:
            camera = PinholeCamera.from_hfov(width, height, settings.horizontal_fov_deg)
            describe_camera(self._info, camera)
        length = f", {duration_ns / NS_PER_S:.1f} s" if duration_ns else ""
        self.get_logger().info(
            f"playing {settings.path}: {width}x{height} {settings.encoding}, "
            f"{rate_hz:.2f} Hz{length}, on {self._images.topic_name}"
        )

    def _run(self) -> None:
        """Play in the thread; hand whatever ends it to the executor."""
        try:
            self._wait_for_subscribers()
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

    def _wait_for_subscribers(self) -> None:
        wanted, end_s = self._settings.wait_for_subscribers, self._settings.wait_timeout_s
        end_s += time.monotonic()
        while (there := self._images.get_subscription_count()) < wanted:
            if time.monotonic() >= end_s:
                self.get_logger().warning(
                    f"{there} of {wanted} subscribers after {self._settings.wait_timeout_s:g} s; "
                    "playing all the same"
                )
                return
            if self._stopped.wait(0.02):
                return
        if wanted:
            self._stopped.wait(_SETTLE_S)

    def _play(self) -> None:
        schedule: Schedule | None = None
        frames, start_s = 0, time.monotonic()
        for frame in self._ahead:
            if schedule is None:
                schedule = self._start(frame)
            if not self._live and not self._hold(schedule, frame.time_ns):
                return
            self._publish(frame, frame.time_ns if self._live else schedule.stamp_ns(frame.time_ns))
            frames += 1
        if self._stopped.is_set():
            return
        if self._live:
            raise DataError(
                f"camera {self._settings.path} gives no more frames; is it plugged in?"
            )
        self._images.wait_for_all_acked(Duration(seconds=_LINGER_S))
        self._stopped.wait(_LINGER_S)
        self.get_logger().info(
            f"end of {self._settings.path}: {frames} frames in {time.monotonic() - start_s:.1f} s"
        )

    def _start(self, first: VideoFrame) -> Schedule:
        """Return the schedule by which the first frame is due now."""
        # A clock of our own cannot tell the time before it runs.
        clocked = self._clocks is not None
        now_ns = time.time_ns() if clocked else int(self.get_clock().now().nanoseconds)
        settings = self._settings
        schedule = Schedule(
            time.monotonic_ns(), now_ns, settings.rate, clocked or not settings.realtime
        )
        schedule.start_ns -= round(first.time_ns / settings.rate)
        schedule.stamp_start_ns -= schedule.stamp_ns(first.time_ns) - now_ns
        return schedule

    def _hold(self, schedule: Schedule, time_ns: int) -> bool:
        """Wait until a frame is due; return False when stopped."""
        if not self._settings.realtime:
            return not self._stopped.is_set()
        due_ns = schedule.due_ns(time_ns)
        late_ns = time.monotonic_ns() - due_ns
        if late_ns > _LATE_NS:
            schedule.stall(late_ns)
            self.get_logger().warning(
                f"stood still for {late_ns / NS_PER_S:.2f} s: frames are not read in time",
                throttle_duration_sec=5.0,
            )
            return not self._stopped.is_set()
        tell = None if self._clocks is None else lambda ns: self._tell(schedule.clock_ns(ns))
        return wait_until(due_ns, self._stopped, beat=tell)

    def _publish(self, frame: VideoFrame, stamp_ns: int) -> None:
        self._tell(stamp_ns)
        image, info = Image(), self._info
        info.header.stamp, info.header.frame_id = ns_to_stamp(stamp_ns), self._settings.frame_id
        fill_image(image, frame.pixels, self._settings.encoding, info.header)
        self._infos.publish(info)
        self._images.publish(image)

    def _tell(self, clock_ns: int) -> None:
        if self._clocks is not None:
            self._clocks.publish(Clock(clock=ns_to_stamp(clock_ns)))

    def _check_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        values = {change.name: change.value for change in changes}
        reason = refusal(SourceParameters, values, configured=True)
        return SetParametersResult(successful=not reason, reason=reason)


def main(args: Sequence[str] | None = None) -> int:
    """Run source_node; return the exit code."""
    return run_node(SourceNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
