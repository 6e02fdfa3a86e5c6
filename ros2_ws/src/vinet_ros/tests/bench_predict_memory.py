# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Memory of `vinet predict` with the bundled network over a long clip, minute by minute.

``python tests/bench_predict_memory.py CLIP OUT --minutes 10`` plays CLIP over and over, small, at
30 frames a second, into one long file, runs over it and prints the peak of each minute's resident
memory; it ends with 1 where the last minute's is more than 2 % above the second's.
"""

import argparse
import itertools
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
from trail import resident_kib, run_trail

from vinet_ros.offline.predict.jobs import predict_inputs
from vinet_ros.offline.predict.request import (
    OUTPUTS,
    PIECE_FRAMES,
    NetworkChoice,
    PredictRequest,
)

RATE = 30


def write_long(clip: Path, path: Path, frames: int, size: tuple[int, int]) -> None:
    """Write a clip's frames, again and again, as H.264 at 30 a second."""
    width, height = size
    with av.open(str(clip)) as source:
        pictures = [
            frame.reformat(width, height, "yuv420p")
            for frame in itertools.islice(source.decode(video=0), 300)
        ]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            picture = pictures[number % len(pictures)]
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def main() -> int:
    """Measure, and say whether memory stays flat."""
    parser = argparse.ArgumentParser()
    parser.add_argument("clip", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--size", default="320x240", help="width x height")
    parser.add_argument("--write", default=",".join(OUTPUTS))
    parser.add_argument("--path", default="auto")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--quick", action="store_true", help="with a network of no weight")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    long = given.out / "long.mp4"
    width, _, height = given.size.partition("x")
    if not long.exists():
        write_long(given.clip, long, given.minutes * 60 * RATE, (int(width), int(height)))
    peaks = [0] * given.minutes
    start = time.monotonic()

    def note(_: str, done: int, total: int) -> None:
        minute = min((done - 1) // (60 * RATE), given.minutes - 1)
        peaks[minute] = max(peaks[minute], resident_kib())
        if done % (60 * RATE) == 0:
            print(
                f"minute {minute + 1}: {peaks[minute] / 1024:.1f} MiB at most, "
                f"{done / (time.monotonic() - start):.1f} frames/s",
                flush=True,
            )

    write = tuple(given.write.split(","))
    if given.quick:
        run_trail(long, given.out, write=write, piece_frames=PIECE_FRAMES, progress=note)
    else:
        network = NetworkChoice(path=given.path, threads=given.threads)
        request = PredictRequest(given.out, write, network)
        (outcome,) = predict_inputs(request, (str(long),), 1, note)
        if isinstance(outcome, Exception):
            raise outcome
    print(f"in the end: {resident_kib() / 1024:.1f} MiB")
    growth = peaks[-1] / peaks[1] - 1
    print(f"the last minute's peak is {100 * growth:+.2f} % of the second's")
    return int(growth > 0.02)


if __name__ == "__main__":
    sys.exit(main())
