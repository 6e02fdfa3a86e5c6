# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Cameras from the fields of a sensor_msgs/CameraInfo, and back; fields are taken by name."""

import math
from typing import Any

from vinet_ros.errors import FrameError
from vinet_ros.gaze.geometry import PinholeCamera

_MAX_ASPECT_ERROR = 0.02  # rounding of a resized stream's size, not another aspect ratio


def camera_info_to_camera(msg: Any, size: tuple[int, int] | None = None) -> PinholeCamera | None:
    """Return the camera that a sensor_msgs/CameraInfo describes, None while uncalibrated.

    Region of interest and binning are applied, so the camera is that of the image as it is
    published. An image that was resized on its way gets the calibration scaled with it.

    Args:
        msg: Anything with the fields of CameraInfo.
        size: (height, width) of the image that it is wanted for; None: as the message says.

    Raises:
        FrameError: If numbers are not finite or out of range, the distortion model is unknown,
            or the image has another aspect ratio than the calibration (by more than 2 %).
    """
    k = [float(value) for value in msg.k]
    if len(k) != 9 or not all(math.isfinite(value) for value in (*k, *msg.d)):
        raise FrameError(
            "camera_info needs nine finite numbers in k and finite ones in d, got "
            f"k={k}, d={list(msg.d)}; calibrate the camera anew"
        )
    if k[0] <= 1:
        return None
    try:
        camera = PinholeCamera(
            width=msg.width,
            height=msg.height,
            fx=k[0],
            fy=k[4],
            cx=k[2],
            cy=k[5],
            distortion_model=msg.distortion_model,
            d=tuple(float(value) for value in msg.d),
        )
        return _fitted(camera, msg, size)
    except ValueError as error:
        raise FrameError(
            f"camera_info cannot be used: {error}; calibrate the camera anew"
        ) from error


def _fitted(camera: PinholeCamera, msg: Any, size: tuple[int, int] | None) -> PinholeCamera:
    """Return the camera for an image of the size, region of interest and binning applied."""
    if size == (camera.height, camera.width):
        return camera
    roi = msg.roi
    if roi.width > 0 and roi.height > 0:
        camera = camera.cropped(roi.x_offset, roi.y_offset, roi.width, roi.height)
    camera = _binned(camera, max(msg.binning_x, 1), max(msg.binning_y, 1))
    height, width = size or (camera.height, camera.width)
    error = abs(width * camera.height / (height * camera.width) - 1)
    if size is not None and error > _MAX_ASPECT_ERROR and msg.binning_x == msg.binning_y:
        raise FrameError(
            f"camera_info is for {camera.width}x{camera.height}, the image is {width}x{height}: "
            "another aspect ratio; publish the calibration of this stream"
        )
    return camera.scaled(width, height)


def _binned(camera: PinholeCamera, columns: int, rows: int) -> PinholeCamera:
    """Return the camera whose pixels are blocks of pixels; what fills no block is cut off."""
    width, height = camera.width // columns, camera.height // rows
    return camera.cropped(0, 0, width * columns, height * rows).scaled(width, height)


def describe_camera(msg: Any, camera: PinholeCamera) -> None:
    """Write a camera into a sensor_msgs/CameraInfo, its header left as it is.

    Args:
        msg: The message to fill.
        camera: What to write; the rectified camera is the same without its lens.

    Inverse: :func:`camera_info_to_camera`.
    """
    fx, fy, cx, cy = camera.fx, camera.fy, camera.cx, camera.cy
    msg.width, msg.height = camera.width, camera.height
    msg.distortion_model = camera.distortion_model or "plumb_bob"
    msg.d = list(camera.d) or [0.0] * 5
    msg.k = [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]
    msg.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    msg.p = [fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0]


def scale_camera_info(msg: Any, width: int, height: int) -> Any:
    """Return a CameraInfo for the same view in another size, header kept.

    k and p are scaled with pixel centres on whole numbers; region of interest and binning are
    applied and then empty. An uncalibrated message stays uncalibrated.

    Args:
        msg: sensor_msgs/CameraInfo.
        width: Pixels.
        height: Pixels.
    """
    scaled = type(msg)()
    scaled.header = msg.header
    write_scaled(scaled, msg, width, height)
    return scaled


def write_scaled(scaled: Any, msg: Any, width: int, height: int) -> None:
    """Write what :func:`scale_camera_info` returns, but for the header, into an empty message.

    Args:
        scaled: The message to fill.
        msg: Anything with the fields of CameraInfo.
        width: Pixels.
        height: Pixels.
    """
    scaled.width, scaled.height = width, height
    scaled.distortion_model, scaled.d, scaled.r = msg.distortion_model, msg.d, msg.r
    roi = msg.roi
    whole = roi.width == 0 or roi.height == 0
    from_width, from_height = (msg.width, msg.height) if whole else (roi.width, roi.height)
    left, top = (0, 0) if whole else (roi.x_offset, roi.y_offset)
    k, p = [float(value) for value in msg.k], [float(value) for value in msg.p]
    if k[0] > 0 and from_width > 0 and from_height > 0:
        for row, offset, scale in (
            (0, left, width / from_width),
            (1, top, height / from_height),
        ):
            _scale_row(k, 3 * row, row, offset, scale)
            _scale_row(p, 4 * row, row, offset, scale)
            p[4 * row + 3] *= scale
    scaled.k, scaled.p = k, p


def _scale_row(matrix: list[float], start: int, row: int, offset: float, scale: float) -> None:
    """Scale one row of an intrinsic matrix in place: focal length, skew and centre."""
    for column in range(2):
        matrix[start + column] *= scale
    matrix[start + 2] = (matrix[start + 2] - offset + 0.5) * scale - 0.5
