"""Messages into arrays and back: images, stamps, camera calibration.

Every function reads and writes the fields of a message by name, so the image functions also run
without ROS. What arrives is checked; what is wrong raises FrameError.
"""

import math
import sys
from array import array
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import FrameError
from vinet_ros.gaze.geometry import PinholeCamera
from vinet_ros.ros.encodings import RawImage, Rgb, decode_compressed, decode_raw

if TYPE_CHECKING:
    from builtin_interfaces.msg import Time

NS_PER_S = 1_000_000_000
_MAX_ASPECT_ERROR = 0.02  # rounding of a resized stream's size, not another aspect ratio

_OUT_ENCODINGS: dict[str, tuple[type[np.generic], int]] = {
    "rgb8": (np.uint8, 3),
    "bgr8": (np.uint8, 3),
    "mono8": (np.uint8, 1),
    "mono16": (np.uint16, 1),
    "32FC1": (np.float32, 1),
}


def image_to_rgb(msg: Any) -> Rgb:
    """Return a sensor_msgs/Image as RGB; for rgb8 a view into the message, not a copy.

    Args:
        msg: Anything with encoding, width, height, step, is_bigendian and data.

    Returns:
        uint8 (H, W, 3).

    Raises:
        FrameError: If the encoding is not one of `vinet_ros.ros.encodings.ENCODINGS`, or size,
            step and data contradict one another.
    """
    return decode_raw(
        RawImage(
            encoding=msg.encoding,
            width=msg.width,
            height=msg.height,
            step=msg.step,
            bigendian=bool(msg.is_bigendian),
            data=msg.data,
        )
    )


def compressed_to_rgb(msg: Any) -> Rgb:
    """Return a sensor_msgs/CompressedImage (JPEG or PNG) as RGB.

    Args:
        msg: Anything with data; what the format field claims is not needed.

    Returns:
        uint8 (H, W, 3).

    Raises:
        FrameError: If the data is not a whole JPEG or PNG of at most 64 MPixel.
    """
    return decode_compressed(msg.data)


def fill_image(msg: Any, pixels: NDArray[Any], encoding: str, header: Any = None) -> None:
    """Write an array into a sensor_msgs/Image.

    Args:
        msg: The message to fill.
        pixels: (H, W, 3) or (H, W), with the encoding's type.
        encoding: rgb8, bgr8, mono8, mono16 or 32FC1.
        header: The header the message gets; None leaves the one it has.

    Raises:
        ValueError: If the array does not fit the encoding.
    """
    expected = _OUT_ENCODINGS.get(encoding)
    if expected is None:
        raise ValueError(f"encoding must be one of {', '.join(_OUT_ENCODINGS)}, got {encoding!r}")
    dtype, channels = expected
    dimensions = (3,) if channels > 1 else (2,)
    if (
        pixels.dtype != dtype
        or pixels.ndim not in dimensions
        or pixels.shape[2:] not in ((), (channels,))
    ):
        raise ValueError(
            f"{encoding} needs {np.dtype(dtype)} (H, W{f', {channels}' if channels > 1 else ''}), "
            f"got {pixels.dtype} {pixels.shape}"
        )
    if header is not None:
        msg.header = header
    msg.height, msg.width = pixels.shape[:2]
    msg.encoding = encoding
    msg.is_bigendian = int(sys.byteorder == "big")
    msg.step = pixels.shape[1] * channels * pixels.itemsize
    msg.data = _bytes_array(np.ascontiguousarray(pixels))


def fill_compressed(msg: Any, rgb: Rgb, header: Any = None, *, quality: int = 85) -> None:
    """Write an RGB picture into a sensor_msgs/CompressedImage as JPEG.

    Args:
        msg: The message to fill.
        rgb: uint8 (H, W, 3).
        header: The header the message gets; None leaves the one it has.
        quality: JPEG quality, 1..100.

    Raises:
        FrameError: If OpenCV cannot encode the picture.
    """
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    done, jpeg = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, quality))
    if not done:
        raise FrameError(f"a picture of shape {rgb.shape} could not be encoded as JPEG")
    if header is not None:
        msg.header = header
    msg.format = "bgr8; jpeg compressed bgr8"  # as compressed_image_transport writes it
    msg.data = _bytes_array(jpeg)


def _bytes_array(contiguous: NDArray[Any]) -> "array[int]":
    # rclpy takes array('B') as it is and checks anything else byte by byte (measured: 1.2 ms
    # against 904 ms for a flat ndarray of 1080p).
    data = array("B")
    data.frombytes(contiguous.data.cast("B"))
    return data


def stamp_to_ns(stamp: Any) -> int:
    """Return a builtin_interfaces/Time in nanoseconds. Inverse: :func:`ns_to_stamp`."""
    return int(stamp.sec) * NS_PER_S + int(stamp.nanosec)


def ns_to_stamp(stamp_ns: int) -> "Time":
    """Return nanoseconds as a builtin_interfaces/Time. Inverse: :func:`stamp_to_ns`.

    Raises:
        ValueError: If the seconds do not fit the message's 32 bits.
    """
    from builtin_interfaces.msg import Time  # here, so that images convert without ROS

    sec, nanosec = divmod(stamp_ns, NS_PER_S)
    if not -(1 << 31) <= sec < 1 << 31:
        raise ValueError(f"a stamp is within 2**31 seconds, got {stamp_ns} ns")
    return Time(sec=sec, nanosec=nanosec)


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
    height, width = size or (
        camera.height // max(msg.binning_y, 1),
        camera.width // max(msg.binning_x, 1),
    )
    error = abs(width * camera.height / (height * camera.width) - 1)
    if size is not None and error > _MAX_ASPECT_ERROR and msg.binning_x == msg.binning_y:
        raise FrameError(
            f"camera_info is for {camera.width}x{camera.height}, the image is {width}x{height}: "
            "another aspect ratio; publish the calibration of this stream"
        )
    return camera.scaled(width, height)


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
    return scaled


def _scale_row(matrix: list[float], start: int, row: int, offset: float, scale: float) -> None:
    """Scale one row of an intrinsic matrix in place: focal length, skew and centre."""
    for column in range(2):
        matrix[start + column] *= scale
    matrix[start + 2] = (matrix[start + 2] - offset + 0.5) * scale - 0.5
