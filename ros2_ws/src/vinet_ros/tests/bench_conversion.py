# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""CPU time of message to network input: the whole picture first, and as little as it takes.

    python tests/bench_conversion.py [--repeats 40]

For each encoding and size the two ways take turns; the table gives medians of thread time in
milliseconds, and what the second way costs of one core at 30 Hz.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace

import cv2
import numpy as np

from vinet_ros.encodings import RawImage, decode_compressed, decode_raw, payload_bytes, row_bytes
from vinet_ros.preprocess import INPUT_SIZE, resize_rgb
from vinet_ros.ros.image_library import image_library
from vinet_ros.ros.pictures import compressed_picture, image_picture

SIZES = {"VGA": (640, 480), "720p": (1280, 720), "1080p": (1920, 1080)}
RAW = ("rgb8", "bgr8", "rgba8", "bgra8", "mono8", "mono16", "16UC1", "uyvy", "yuyv", "nv12")
RAW += ("bayer_rggb8", "bayer_rggb16", "rgb16")
Way = Callable[[], object]


def raw_ways(encoding: str, width: int, height: int) -> tuple[Way, Way]:
    image = RawImage(encoding, width, height, 0, False, b"")
    step = row_bytes(image)
    data = np.random.default_rng(0).bytes(
        payload_bytes(RawImage(encoding, width, height, step, False, b""))
    )
    image = RawImage(encoding, width, height, step, False, data)
    msg = SimpleNamespace(
        encoding=encoding, width=width, height=height, step=step, is_bigendian=0, data=data
    )
    return (
        lambda: resize_rgb(decode_raw(image), INPUT_SIZE),
        lambda: image_picture(msg).resized(INPUT_SIZE),
    )


def compressed_ways(suffix: str, width: int, height: int) -> tuple[Way, Way]:
    rows, columns = np.mgrid[:height, :width]
    noise = np.random.default_rng(0).integers(0, 24, (height, width))
    bgr = np.stack((rows + noise, columns + noise, rows + columns), axis=-1).astype(np.uint8)
    data = cv2.imencode(suffix, bgr)[1].tobytes()
    msg = SimpleNamespace(format="", data=data)
    return (
        lambda: resize_rgb(decode_compressed(data), INPUT_SIZE),
        lambda: compressed_picture(msg).resized(INPUT_SIZE),
    )


def medians_ms(ways: tuple[Way, Way], repeats: int) -> tuple[float, float]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for way, taken in zip(ways, times, strict=True):
            start_s = time.thread_time()
            way()
            taken.append(1e3 * (time.thread_time() - start_s))
    return statistics.median(times[0]), statistics.median(times[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=40)
    repeats = parser.parse_args().repeats
    cv2.setNumThreads(1)  # thread time is that of one thread
    library = image_library()
    print(f"library: {library.name if library else 'none'}; whole first -> as needed, core share")
    print(f"| encoding | {' | '.join(SIZES)} |\n|---|{'---|' * len(SIZES)}")
    for encoding in (*RAW, ".jpg", ".png"):
        make = compressed_ways if encoding.startswith(".") else raw_ways
        cells = []
        for width, height in SIZES.values():
            ways = make(encoding, width, height)
            assert np.array_equal(ways[0](), ways[1]())
            before, after = medians_ms(ways, repeats)
            cells.append(f"{before:.1f} -> {after:.1f} ms, {after * 0.03:.2f}")
        print(f"| {encoding} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
