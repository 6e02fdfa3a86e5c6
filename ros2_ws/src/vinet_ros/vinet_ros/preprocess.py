# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Pixels into network inputs and maps back into pixels; the only place with means and scales."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vinet_ros.errors import FrameError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
INPUT_SIZE = (224, 384)  # (height, width)
SOUND_RATE_HZ = 22_050
SOUND_SAMPLES = 70_560  # 32 frames at 10 Hz, whatever the clip's own length and rate

STAVIS_SIZE = (112, 112)  # (height, width)
STAVIS_SOUND_SHAPE = (1, 1, 35_280)  # 16 frames at 10 Hz

_SOUND_SCALE = 256.0  # SoundNet was trained on 16-bit samples divided by 128
_PACKED = ("RGB", "BGR", "RGBX", "BGRX", "L")
_MANY_PIXELS, _MUCH_LARGER = 1 << 18, 3
"""From how many pixels on, and from how many times the result's, PyTorch resizes an image."""


@dataclass(frozen=True, slots=True)
class PixelScale:
    """How a network wants its pixels: ``scale * pixel - shift``, pixels 0..255.

    Attributes:
        scale: Of red, green and blue.
        shift: The same.
    """

    scale: tuple[float, float, float]
    shift: tuple[float, float, float]

    @classmethod
    def of(
        cls, mean: tuple[float, float, float], std: tuple[float, float, float], top: float = 1.0
    ) -> PixelScale:
        """Return the one that takes off a mean and divides by a deviation.

        Args:
            mean: Of pixels 0..`top`.
            std: The same.
            top: The brightest pixel, in whose units mean and deviation are.
        """
        red, green, blue = (top / (255.0 * s) for s in std)
        shift_red, shift_green, shift_blue = (m / s for m, s in zip(mean, std, strict=True))
        return cls((red, green, blue), (shift_red, shift_green, shift_blue))


IMAGENET_PIXELS = PixelScale.of(IMAGENET_MEAN, IMAGENET_STD)
STAVIS_PIXELS = PixelScale.of((114.7748, 107.7354, 99.4750), (1.0, 1.0, 1.0), top=255.0)


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


def resize_packed(
    data: Any,
    order: str,
    from_size: tuple[int, int],
    step: int,
    size: tuple[int, int] = INPUT_SIZE,
) -> NDArray[np.uint8]:
    """Resize pixels as they lie in a camera's memory; the colours are those of `resize_rgb`.

    What the resize has to copy anyway is copied in the order of RGB; grey is read where it lies
    and resized once instead of three times.

    Images from VGA on without padding are resized by PyTorch, whose filter is the same with
    shorter weights. From VGA to 224x384 no sample differs; from 1080p one in 1500 does, by one
    level of 255, and vinet_lite's map by at most 3e-4. It takes a tenth of the time (1080p: 2.2
    against 22 ms), without which a core cannot follow a 1080p camera at 30 Hz.

    Args:
        data: Rows of eight-bit samples, at least ``height * step`` bytes.
        order: Bytes of a pixel: RGB, BGR, RGBX, BGRX, or L for grey; X is left out.
        from_size: Height and width in pixels.
        step: Bytes from one row to the next, padding included.
        size: Height and width of the result.

    Returns:
        Image (h, w, 3).

    Raises:
        ValueError: If there are fewer bytes than size and step say, or the order is unknown.
    """
    if order not in _PACKED:
        raise ValueError(f"order must be one of {', '.join(_PACKED)}, got {order!r}")
    (from_height, from_width), (height, width) = from_size, size
    needed = from_height * step
    if step < from_width * len(order) or memoryview(data).nbytes < needed:
        raise ValueError(
            f"{from_width}x{from_height} {order} pixels with step {step} do not fit into "
            f"{memoryview(data).nbytes} bytes; give the size and step of the data"
        )
    if step == from_width * len(order) and _shrinks_much(from_size, size):
        return _shrink(np.frombuffer(data, np.uint8, needed), order, from_size, size)
    # `frombuffer` reads grey where it lies; colours it would leave in four channels.
    read = Image.frombuffer if order == "L" else Image.frombytes
    mode = "L" if order == "L" else "RGB"
    image = read(mode, (from_width, from_height), data, "raw", order, step, 1)
    resized = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    return repeat_grey(resized) if order == "L" else resized


def resize_frame(rgb: NDArray[np.uint8], size: tuple[int, int] = INPUT_SIZE) -> NDArray[np.uint8]:
    """Resize a frame of a stream: :func:`resize_rgb` by the quickest way, :func:`resize_packed`.

    Nodes and offline tools both take this way, so that their maps are the same.

    Args:
        rgb: Image (H, W, 3), 0..255.
        size: Height and width of the result.

    Returns:
        Image (h, w, 3); the very same array where it already has that size.

    Raises:
        FrameError: If `rgb` is not a non-empty (H, W, 3) array of uint8.
    """
    _check_rgb(rgb, "(H, W, 3)", rgb.ndim == 3)
    height, width = rgb.shape[:2]
    if (height, width) == size:
        return rgb
    return resize_packed(np.ascontiguousarray(rgb), "RGB", (height, width), width * 3, size)


def _shrinks_much(from_size: tuple[int, int], size: tuple[int, int]) -> bool:
    pixels, wanted = from_size[0] * from_size[1], size[0] * size[1]
    return pixels >= max(_MANY_PIXELS, _MUCH_LARGER * wanted) and _vectorised()


@cache
def _vectorised() -> bool:
    """Tell whether PyTorch has a fast resize for this processor."""
    import torch  # here: a camera's process reads this module and needs no network

    return torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


def _shrink(
    data: NDArray[np.uint8], order: str, from_size: tuple[int, int], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Resize pixels without padding (H * W * C bytes) by PyTorch; return (h, w, 3)."""
    import torch

    writable = data if data.flags.writeable else data.copy()  # PyTorch knows no others
    pixels = torch.from_numpy(writable).view(1, *from_size, len(order))  # (1, H, W, C)
    planes = torch.nn.functional.interpolate(
        pixels.permute(0, 3, 1, 2), size, mode="bilinear", antialias=True
    )[0].numpy()  # (C, h, w)
    colours = (planes[order.index(colour)] if order != "L" else planes[0] for colour in "RGB")
    merged: NDArray[np.uint8] = cv2.merge(list(colours))
    return merged


def repeat_grey(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a grey picture (H, W) as RGB (H, W, 3)."""
    rgb: NDArray[np.uint8] = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)  # type: ignore[assignment]
    return rgb


def normalize_frames(
    frames: NDArray[np.uint8], pixels: PixelScale = IMAGENET_PIXELS
) -> NDArray[np.float32]:
    """Scale RGB frames as a network wants them and move the channels to the front.

    Args:
        frames: Clip (T, H, W, 3) or one frame (H, W, 3), RGB, 0..255.
        pixels: The network's; ImageNet's mean and deviation for all but STAViS.

    Returns:
        (3, T, H, W) or (3, H, W), about -2.2..2.7 by ImageNet's mean and deviation.

    Raises:
        FrameError: If `frames` is not a non-empty array of uint8 with three channels last.
    """
    _check_rgb(frames, "(T, H, W, 3) or (H, W, 3)", frames.ndim in (3, 4))
    normalized = np.empty((3, *frames.shape[:-1]), dtype=np.float32)
    for channel in range(3):
        plane = normalized[channel]
        np.multiply(frames[..., channel], np.float32(pixels.scale[channel]), out=plane)
        plane -= np.float32(pixels.shift[channel])
    return normalized


def sound_input(
    samples: NDArray[np.float32], shape: tuple[int, ...] = (1, SOUND_SAMPLES, 1)
) -> NDArray[np.float32]:
    """Turn the sound of a clip into SoundNet's input: scaled, faded in and out, in the middle.

    The window is a symmetric Hann window (its end points are zero) of the sound's own length.
    Of a sound longer than the input, at which the authors' code fails, the newest part counts.

    Args:
        samples: Mono at 22,050 Hz (N,), -1..1; none at all is silence.
        shape: Of the network's sound; time is its only axis that is longer than 1.

    Returns:
        Of that shape, about -256..256.

    Source:
        The data loader of the public ViNet code; tests/golden/audio_window_vinet.npz.
    """
    length = max(shape)
    newest = np.asarray(samples, np.float32)[-length:]
    faded = (newest * np.float64(_SOUND_SCALE)) * np.hanning(len(newest))
    sound = np.zeros(length, np.float32)
    begin = length // 2 - len(newest) // 2
    sound[begin : begin + len(newest)] = faded
    return sound.reshape(shape)


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
