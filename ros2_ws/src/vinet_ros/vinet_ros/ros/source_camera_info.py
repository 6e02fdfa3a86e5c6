# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The camera_info that goes with each frame of a source."""

from typing import Any

from sensor_msgs.msg import CameraInfo, RegionOfInterest

from vinet_ros.errors import DataError, FrameError
from vinet_ros.gaze import PinholeCamera
from vinet_ros.offline.calibration_file import CameraCalibration, read_calibration
from vinet_ros.offline.frames import Size
from vinet_ros.ros.messages import camera_info_to_camera, describe_camera, scale_camera_info


class SourceCamera:
    """Tells the camera of a source: from a file, from the bag, or from a field of view.

    Args:
        url: Calibration file; empty for none.
        horizontal_fov_deg: Field of view where there is no calibration; 0 for uncalibrated.
        size: (height, width) of the source's frames.

    Raises:
        DataError: If the file cannot be used, or its calibration does not fit the frames.
    """

    def __init__(self, url: str, horizontal_fov_deg: float, size: Size) -> None:
        self._hfov_deg = horizontal_fov_deg
        self._given = fill_camera_info(read_calibration(url)) if url else None
        self._cached: tuple[object, Any] = (None, None)
        if self._given is not None:
            try:
                camera_info_to_camera(self._given, size)
            except FrameError as error:
                raise DataError(f"calibration {url!r} does not fit the images: {error}") from error

    def info(
        self, size: Size, calibration: CameraCalibration | None, *, resized: bool = False
    ) -> Any:
        """Return the sensor_msgs/CameraInfo of a frame, its header empty; do not change it.

        Args:
            size: (height, width) of the image that is published.
            calibration: What the bag says of the camera.
            resized: Whether that image is another size than the recorded one.
        """
        identity = (size, calibration, resized)
        if self._cached[0] != identity:
            self._cached = (identity, self._made(size, calibration, resized))
        return self._cached[1]

    def _made(self, size: Size, calibration: CameraCalibration | None, resized: bool) -> Any:
        height, width = size
        if self._given is not None:
            fits = (self._given.height, self._given.width) == size
            return self._given if fits else scale_camera_info(self._given, width, height)
        if calibration is not None:
            info = fill_camera_info(calibration)
            return scale_camera_info(info, width, height) if resized else info
        info = CameraInfo(height=height, width=width)
        if self._hfov_deg:
            describe_camera(info, PinholeCamera.from_hfov(width, height, self._hfov_deg))
        return info


def fill_camera_info(calibration: CameraCalibration) -> CameraInfo:
    """Return a calibration as a sensor_msgs/CameraInfo with an empty header."""
    roi = calibration.roi
    return CameraInfo(
        height=calibration.height,
        width=calibration.width,
        distortion_model=calibration.distortion_model,
        d=list(calibration.d),
        k=list(calibration.k),
        r=list(calibration.r),
        p=list(calibration.p),
        binning_x=calibration.binning_x,
        binning_y=calibration.binning_y,
        roi=RegionOfInterest(
            x_offset=roi.x_offset,
            y_offset=roi.y_offset,
            height=roi.height,
            width=roi.width,
            do_rectify=roi.do_rectify,
        ),
    )
