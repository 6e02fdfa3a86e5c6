"""The parameters of source_node."""

from dataclasses import dataclass

from vinet_ros.ros.parameters import ParameterError, check_parameters, parameter


@dataclass(frozen=True, slots=True)
class SourceParameters:
    """Everything that can be set at source_node; it is read once, at the start."""

    path: str = parameter(
        "",
        "Video file, or a camera: its index as text ('0') or its device (/dev/video0).",
        read_only=True,
    )
    rate: float = parameter(
        1.0,
        "Speed: 2.0 plays a file in half its time. A camera has its own.",
        low=0.01,
        high=100.0,
        read_only=True,
    )
    loop: bool = parameter(
        False, "Start a file over at its end; stamps keep growing.", read_only=True
    )
    realtime: bool = parameter(
        True,
        "Publish each frame at its time. Off: as fast as frames can be read, stamped by their "
        "times in the file.",
        read_only=True,
    )
    publish_clock: bool = parameter(
        False,
        "Publish the file's time on /clock, for nodes with use_sim_time; stamps are then the "
        "file's times whatever the speed.",
        read_only=True,
    )
    publish_rate_hz: float = parameter(
        0.0,
        "Frames a second to publish, repeating or leaving out frames of a file; asked of a "
        "camera. 0: as they come.",
        low=0.0,
        high=240.0,
        read_only=True,
    )
    image_width: int = parameter(
        0,
        "Columns to scale images to; 0: by image_height, else as they come.",
        low=0,
        high=16384,
        read_only=True,
    )
    image_height: int = parameter(
        0,
        "Rows to scale images to; 0: by image_width, else as they come.",
        low=0,
        high=16384,
        read_only=True,
    )
    encoding: str = parameter(
        "rgb8", "Encoding of the images.", choices=("rgb8", "bgr8"), read_only=True
    )
    frame_id: str = parameter(
        "camera_optical_frame", "Frame of images and camera_info.", read_only=True
    )
    horizontal_fov_deg: float = parameter(
        60.0,
        "Angle between the left and the right edge, for camera_info (deg); 0 publishes an "
        "uncalibrated camera_info.",
        low=0.0,
        high=170.0,
        read_only=True,
    )
    image_reliability: str = parameter(
        "best_effort",
        "Reliability of the topics; subscribers that ask for reliable get nothing from "
        "best_effort.",
        choices=("best_effort", "reliable"),
        read_only=True,
    )
    image_depth: int = parameter(
        5, "Images kept for slow subscribers.", low=1, high=64, read_only=True
    )
    wait_for_subscribers: int = parameter(
        0,
        "Subscribers of image to wait for before the first frame.",
        low=0,
        high=16,
        read_only=True,
    )
    wait_timeout_s: float = parameter(
        60.0,
        "Longest wait for them, then it plays all the same (s).",
        low=0.0,
        high=3600.0,
        read_only=True,
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        if not self.path:
            raise ParameterError("path is empty; set it to a video file or a camera's index")

    def scaled_size(self, height: int, width: int) -> tuple[int, int]:
        """Return the (height, width) to publish frames of a size in.

        Args:
            height: Rows of the source's frames.
            width: Columns.
        """
        if self.image_width and self.image_height:
            return self.image_height, self.image_width
        if self.image_width:
            return max(1, round(height * self.image_width / width)), self.image_width
        if self.image_height:
            return self.image_height, max(1, round(width * self.image_height / height))
        return height, width
