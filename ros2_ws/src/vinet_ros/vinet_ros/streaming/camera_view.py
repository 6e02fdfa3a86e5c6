# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The camera behind the images: its calibration, or a guess while there is none."""

import math
from dataclasses import dataclass
from typing import Any

from vinet_ros.errors import FrameError
from vinet_ros.gaze import PinholeCamera
from vinet_ros.gaze.camera_info import camera_info_to_camera, describe_camera, write_scaled

Size = tuple[int, int]
_MOST_COEFFICIENTS = 14
_LARGEST_COEFFICIENT = 1e6  # the last ones of a rational model do get large
_MOST_WIDTHS = 1e4  # a lens of a third of a minute of arc; above, arithmetic overflows


@dataclass(frozen=True, slots=True)
class CameraView:
    """What is known of the camera of an image.

    Args:
        camera: Intrinsics for the image's size.
        problem: Why they are a guess; empty when calibrated.
        info: What has the fields of the CameraInfo behind them; None without a calibration.
    """

    camera: PinholeCamera
    problem: str
    info: Any = None

    def info_for(self, size: Size, header: Any, message_type: type) -> Any:
        """Return a CameraInfo for the same view in another size.

        Without a calibration it describes the camera that is assumed instead.

        Args:
            size: (height, width) of the other image.
            header: The header it gets.
            message_type: Makes an empty sensor_msgs/CameraInfo.
        """
        height, width = size
        info = message_type()
        if self.info is not None:
            write_scaled(info, self.info, width, height)
        else:
            describe_camera(info, self.camera.scaled(width, height))
        info.header = header
        return info


class Calibration:
    """Keeps the newest CameraInfo and turns it into a camera when an image asks for one."""

    def __init__(self) -> None:
        self._info: Any = None
        self._cached: tuple[object, CameraView] | None = None

    def take(self, info: Any) -> None:
        """Keep a CameraInfo; it is looked at when a view is asked for."""
        self._info = info

    def view(self, size: Size, fallback_hfov_deg: float) -> CameraView:
        """Return the camera of an image of a size (height, width).

        Args:
            size: Of the image.
            fallback_hfov_deg: Horizontal field of view assumed without a calibration.
        """
        info = self._info
        identity = (_content(info), size, fallback_hfov_deg)
        cached = self._cached  # read once: both threads of the node ask
        if cached is None or cached[0] != identity:
            cached = self._cached = (identity, _view(info, size, fallback_hfov_deg))
        return cached[1]


def _view(info: Any, size: Size, fallback_hfov_deg: float) -> CameraView:
    height, width = size
    assumed = PinholeCamera.from_hfov(width, height, fallback_hfov_deg)
    if info is None:
        return CameraView(assumed, "no camera_info arrived")
    try:
        _check(info)
        camera = camera_info_to_camera(info, size)
    except FrameError as error:
        return CameraView(assumed, str(error))
    if camera is None:
        return CameraView(assumed, "camera_info says that the camera is not calibrated")
    return CameraView(camera, "", info)


def _check(info: Any) -> None:
    """Raise FrameError where what a camera does not need is still unfit to be passed on."""
    if len(info.d) > _MOST_COEFFICIENTS:
        raise FrameError(
            f"camera_info has {len(info.d)} distortion coefficients, at most "
            f"{_MOST_COEFFICIENTS} are in any lens model; calibrate the camera anew"
        )
    if not all(math.isfinite(value) for value in (*info.p, *info.r)):
        raise FrameError("camera_info needs finite numbers in p and r; calibrate the camera anew")
    largest = _MOST_WIDTHS * max(info.width, info.height, 1)
    if any(largest < abs(v) < math.inf for v in (*info.k, *info.p[:3], *info.p[4:7])):
        raise FrameError(
            f"camera_info of {info.width}x{info.height} pixels has entries over {largest:g} in k "
            "or p, which is no camera's; calibrate it anew"
        )
    if any(_LARGEST_COEFFICIENT < abs(value) < math.inf for value in info.d):
        raise FrameError(
            f"camera_info has distortion coefficients over {_LARGEST_COEFFICIENT:g}, which is no "
            "lens's; calibrate the camera anew"
        )


def _content(info: Any) -> object:
    if info is None:
        return None
    roi = info.roi
    return (
        *(tuple(info.k), tuple(info.d[: _MOST_COEFFICIENTS + 1]), info.distortion_model),
        *(tuple(info.p), tuple(info.r), info.width, info.height),
        *(roi.x_offset, roi.y_offset, roi.width, roi.height, info.binning_x, info.binning_y),
    )
