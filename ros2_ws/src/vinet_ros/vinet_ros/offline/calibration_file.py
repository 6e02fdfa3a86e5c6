# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A camera's calibration: as sensor_msgs/CameraInfo holds it, and as ROS writes it into files."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from vinet_ros.errors import DataError

_IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
_MAX_BYTES = 1 << 20  # calibrations have some hundred
_REMEDY = "give a file as camera_calibration writes it (ost.yaml)"


@dataclass(frozen=True, slots=True)
class Region:
    """The part of the sensor that is published, in pixels of the full resolution."""

    x_offset: int = 0
    y_offset: int = 0
    height: int = 0
    width: int = 0
    do_rectify: bool = False


@dataclass(frozen=True, slots=True)
class CameraCalibration:
    """The fields of a sensor_msgs/CameraInfo, but for its stamp.

    Args:
        width: Columns of the image that it was made with.
        height: Rows.
        distortion_model: plumb_bob, rational_polynomial, equidistant or another name.
        d: Coefficients of that model.
        k: Camera matrix, row by row, 9 numbers; k[0] of 0 says uncalibrated.
        r: Rectification, 9 numbers.
        p: Projection, 12 numbers.
        binning_x: Sensor columns in one of the image.
        binning_y: Sensor rows in one of the image.
        roi: Part of the sensor.
    """

    width: int
    height: int
    distortion_model: str
    d: tuple[float, ...]
    k: tuple[float, ...]
    r: tuple[float, ...]
    p: tuple[float, ...]
    binning_x: int = 0
    binning_y: int = 0
    roi: Region = Region()


def read_calibration(url: str | Path) -> CameraCalibration:
    """Return the calibration in a YAML file of ROS's camera_calibration.

    Args:
        url: A path, or a URL that begins with ``file://``.

    Raises:
        DataError: If there is no such file or it holds no calibration.
    """
    path = _path(str(url))
    try:
        with path.open("rb") as file:
            content = yaml.safe_load(file.read(_MAX_BYTES))
    except OSError as error:
        raise DataError(
            f"the calibration {str(path)!r} cannot be read ({error.strerror}); {_REMEDY}"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{str(path)!r} is not YAML ({reason}); {_REMEDY}") from error
    try:
        return _calibration(content)
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise DataError(f"{str(path)!r} is no camera calibration: {reason}; {_REMEDY}") from error


def _path(url: str) -> Path:
    parts = urlsplit(url)
    if not parts.scheme or "://" not in url:
        return Path(url)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise DataError(
            f"a calibration is a path or a file:// URL of this machine, got {url!r}; "
            "give file:///home/me/camera.yaml or the plain path"
        )
    return Path(unquote(parts.path))


def _calibration(content: Any) -> CameraCalibration:
    if not isinstance(content, Mapping):
        raise ValueError(f"expected keys and values, got {type(content).__name__}")
    width, height = _positive(content, "image_width"), _positive(content, "image_height")
    k = _numbers(content, "camera_matrix", 9)
    if k[0] <= 0 or k[4] <= 0:
        raise ValueError(f"camera_matrix has focal lengths of {k[0]:g} and {k[4]:g}")
    fx, fy, cx, cy = k[0], k[4], k[2], k[5]
    projection = (fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0)
    return CameraCalibration(
        width=width,
        height=height,
        distortion_model=str(content.get("distortion_model", "plumb_bob")),
        d=_numbers(content, "distortion_coefficients", None),
        k=k,
        r=_numbers(content, "rectification_matrix", 9, _IDENTITY),
        p=_numbers(content, "projection_matrix", 12, projection),
    )


def _positive(content: Mapping[str, Any], key: str) -> int:
    value = content[key]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 16:
        raise ValueError(f"{key} must be a number of pixels, got {value!r}")
    return value


def _numbers(
    content: Mapping[str, Any],
    key: str,
    count: int | None,
    otherwise: tuple[float, ...] | None = None,
) -> tuple[float, ...]:
    """Return the numbers of a matrix, as many as there must be."""
    if otherwise is not None and key not in content:
        return otherwise
    matrix = content[key]
    data = matrix["data"] if isinstance(matrix, Mapping) else matrix
    numbers = tuple(float(value) for value in data)
    if count is not None and len(numbers) != count:
        raise ValueError(f"{key} needs {count} numbers, got {len(numbers)}")
    if not all(math.isfinite(value) for value in numbers):
        raise ValueError(f"{key} must be finite, got {list(numbers)}")
    return numbers
