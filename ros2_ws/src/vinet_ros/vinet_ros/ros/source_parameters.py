# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The parameters of source_node."""

from dataclasses import dataclass

from vinet_ros.ros.parameters import ParameterError, check_parameters, parameter

DEFAULT_FRAME_ID = "camera_optical_frame"


@dataclass(frozen=True, slots=True)
class SourceParameters:
    """Everything that can be set at source_node; it is read once, at the start."""

    path: str = parameter(
        "",
        "What to play: a video file; a folder of PNG and JPEG pictures; a bag (its folder, or an "
        ".mcap or .db3 file); a camera, by its index as text ('0') or its device (/dev/video0).",
        read_only=True,
    )
    topic: str = parameter(
        "", "Image topic of a bag. Empty: the only one there is.", read_only=True
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
        "Publish each frame at its time. Off: the next frame goes out when the last one was "
        "taken (follow_topic), over reliable topics.",
        read_only=True,
    )
    follow_topic: str = parameter(
        "saliency/camera_info",
        "With realtime off: a topic of the node that follows; a message on it with a frame's "
        "stamp says that the frame was used. Empty, or while nobody publishes it: the "
        "acknowledgements of reliable subscribers, which say only that the frame has arrived.",
        read_only=True,
    )
    follow_timeout_s: float = parameter(
        10.0,
        "Longest wait for a frame to be taken; then the next one goes out (s).",
        low=0.01,
        high=3600.0,
        read_only=True,
    )
    publish_clock: bool = parameter(
        False,
        "Publish the file's time on /clock, for nodes with use_sim_time; stamps then advance by "
        "the file's times whatever the speed.",
        read_only=True,
    )
    stamps: str = parameter(
        "auto",
        "Stamps of a bag's images. recorded: as they are in the bag; now: from now on, at the "
        "bag's intervals; auto: recorded with publish_clock or with realtime off, else now.",
        choices=("auto", "recorded", "now"),
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
    folder_rate_hz: float = parameter(
        30.0,
        "Frames a second of a folder of pictures.",
        low=0.01,
        high=1000.0,
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
        "auto",
        "Encoding of the images. auto: a bag's images as they were recorded, compressed ones on "
        "image/compressed; rgb8 for all others, and where they are scaled.",
        choices=("auto", "rgb8", "bgr8"),
        read_only=True,
    )
    frame_id: str = parameter(
        "",
        f"Frame of images and camera_info. Empty: as recorded; {DEFAULT_FRAME_ID} where it is "
        "not a bag.",
        read_only=True,
    )
    camera_info_url: str = parameter(
        "",
        "Calibration to publish: a YAML file of camera_calibration, as file:// URL or path. "
        "Empty: the bag's own camera_info, else horizontal_fov_deg.",
        read_only=True,
    )
    horizontal_fov_deg: float = parameter(
        60.0,
        "Angle between the left and the right edge, for camera_info where there is no "
        "calibration (deg); 0 publishes an uncalibrated camera_info.",
        low=0.0,
        high=170.0,
        read_only=True,
    )
    image_reliability: str = parameter(
        "best_effort",
        "Reliability of the topics; subscribers that ask for reliable get nothing from "
        "best_effort. With realtime off they are reliable.",
        choices=("best_effort", "reliable"),
        read_only=True,
    )
    image_depth: int = parameter(
        5,
        "Images kept for slow subscribers; with realtime off it is 1.",
        low=1,
        high=64,
        read_only=True,
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
    diagnostics_period_s: float = parameter(
        1.0, "Time between two messages on /diagnostics (s).", low=0.1, high=60.0, read_only=True
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        if not self.path:
            raise ParameterError(
                "path is empty; set it to a video file, a folder of pictures, a bag or a "
                "camera's index"
            )

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
