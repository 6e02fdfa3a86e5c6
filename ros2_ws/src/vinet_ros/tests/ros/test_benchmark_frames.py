# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Frames of the benchmark's camera."""

from itertools import pairwise

import numpy as np
import pytest
from made_clips import HEIGHT, WIDTH, number_of, write_clip

from vinet_ros.encodings import RawImage, decode_compressed, decode_raw
from vinet_ros.errors import DataError
from vinet_ros.ros.benchmark.frames import ENCODINGS, encode_jpeg, encode_raw, make_frames


def smooth(height=48, width=64):
    """Colours that change slowly: chroma at half the size and mosaics lose little."""
    rows, columns = np.mgrid[0:height, 0:width]
    picture = np.stack((rows * 4, columns * 3, 200 - rows - columns), axis=-1)
    return picture.astype(np.uint8)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_node_reads_what_the_camera_writes(encoding):
    rgb = smooth()
    payload, step = encode_raw(rgb, encoding)
    assert payload.dtype == np.uint8 and payload.ndim == 1
    read = decode_raw(RawImage(encoding, 64, 48, step, False, payload))
    if encoding.startswith("mono"):
        grey = rgb @ np.array((0.299, 0.587, 0.114))
        assert np.abs(read.astype(float) - grey[..., None]).max() <= 2
    elif encoding in ("rgb8", "bgr8", "rgba8", "bgra8"):
        assert np.array_equal(read, rgb)
    else:
        assert np.abs(read.astype(float) - rgb)[2:-2, 2:-2].max() <= 8


def test_a_jpeg_is_read_back():
    rgb = smooth()
    assert np.abs(decode_compressed(encode_jpeg(rgb)).astype(float) - rgb).mean() < 4


@pytest.mark.parametrize("encoding", ["yuv422", "nv12", "bayer_rggb8"])
def test_odd_sizes_are_refused_where_pixels_come_in_blocks(encoding):
    with pytest.raises(DataError, match="even sizes, got 63x48"):
        encode_raw(smooth(48, 63), encoding)


def test_the_texture_moves_and_is_always_the_same():
    first, again = (list(make_frames(None, (48, 64))) for _ in range(2))
    assert all(frame.shape == (48, 64, 3) for frame in first)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert all((a != b).mean() > 0.5 for a, b in pairwise(first))


def test_memory_for_frames_is_bounded():
    count = sum(frame.nbytes for frame in make_frames(None, (1080, 1920)))
    assert 128 << 20 < count <= 256 << 20


def test_a_video_is_resized_and_cut(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", frames=150)
    frames = list(make_frames(clip, (HEIGHT // 2, WIDTH // 2)))
    assert len(frames) == 120
    assert frames[0].shape == (HEIGHT // 2, WIDTH // 2, 3)
    assert abs(number_of(frames[5]) - 5) <= 1
