"""Pixels into network inputs and maps back into pixels; the only place with means and scales."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vinet_ros.errors import FrameError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
INPUT_SIZE = (224, 384)  # (height, width)

_SCALE = tuple(1.0 / (255.0 * std) for std in IMAGENET_STD)
_SHIFT = tuple(mean / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True))


def resize_rgb(rgb: NDArray[np.uint8], size: tuple[int, int] = INPUT_SIZE) -> NDArray[np.uint8]:
    """Resize an RGB image as ViNet was trained: PIL's bilinear filter, aspect ratio ignored.

    PIL widens the filter when it shrinks. OpenCV's INTER_LINEAR does not, and its result differs.

    Args:
        rgb: Image (H, W, 3), 0..255.
        size: Height and width of the result.

    Returns:
        Image (h, w, 3); the very same array where it already has that size.

    Raises:
        FrameError: If `rgb` is not a non-empty (H, W, 3) array of uint8.
    """
    _check_rgb(rgb, "(H, W, 3)", rgb.ndim == 3)
    height, width = size
    if rgb.shape[:2] == (height, width):
        return rgb
    return np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.BILINEAR))


def normalize_frames(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Scale RGB frames to ImageNet mean and deviation and move the channels to the front.

    Args:
        frames: Clip (T, H, W, 3) or one frame (H, W, 3), RGB, 0..255.

    Returns:
        (3, T, H, W) or (3, H, W), about -2.2..2.7.

    Raises:
        FrameError: If `frames` is not a non-empty array of uint8 with three channels last.
    """
    _check_rgb(frames, "(T, H, W, 3) or (H, W, 3)", frames.ndim in (3, 4))
    normalized = np.empty((3, *frames.shape[:-1]), dtype=np.float32)
    for channel in range(3):
        plane = normalized[channel]
        np.multiply(frames[..., channel], np.float32(_SCALE[channel]), out=plane)
        plane -= np.float32(_SHIFT[channel])
    return normalized


def map_to_uint8(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Turn a saliency map into the 8-bit picture that the authors save and score.

    Resized to the source frame, blurred by an 11 x 11 Gaussian (sigma 2), stretched to its range.
    Half a level is added before rounding, so levels are biased upward by about half; kept, since
    published scores were computed on such files.

    Args:
        values: Map (h, w).
        size: Height and width of the source frame.

    Returns:
        Map (H, W), 0..255; zero everywhere where the map is constant.

    Raises:
        FrameError: If `values` is not a non-empty two-dimensional array.

    Source:
        The inference script of the public ViNet code; tests/golden/postprocess.npz.
    """
    if values.ndim != 2 or values.size == 0:
        raise FrameError(f"expected a saliency map (h, w), got an array of shape {values.shape}")
    height, width = size
    resized = cv2.resize(
        np.asarray(values, dtype=np.float32), (width, height), interpolation=cv2.INTER_LINEAR
    )
    blurred = cv2.GaussianBlur(resized, (11, 11), 0, borderType=cv2.BORDER_REFLECT_101)
    low, high = float(blurred.min()), float(blurred.max())
    if high == low:
        return np.zeros((height, width), dtype=np.uint8)
    stretched = (blurred - low) / (high - low + 1e-5)
    levels: NDArray[np.uint8] = np.rint(np.clip(255.0 * stretched + 0.5, 0, 255)).astype(np.uint8)
    return levels


def _check_rgb(rgb: NDArray[np.uint8], expected: str, dimensions_fit: bool) -> None:
    if dimensions_fit and rgb.shape[-1] == 3 and rgb.dtype == np.uint8 and rgb.size > 0:
        return
    raise FrameError(
        f"expected RGB of shape {expected} and type uint8, got shape {rgb.shape} and type "
        f"{rgb.dtype}; convert the picture to 8-bit RGB first"
    )
