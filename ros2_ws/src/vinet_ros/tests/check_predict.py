# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Check what `vinet predict` wrote of a video against the video, by PyAV, OpenCV and mcap alone.

``python tests/check_predict.py --out OUT CLIP...`` runs `vinet predict` with every output on each
clip and then compares frames, times, durations and sound. It ends with 1 where something differs.
"""

import argparse
import csv
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import av
import cv2
import numpy as np
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory

OUTPUTS = "overlay,maps,npz,csv,json,heatmap,sheet,bag"
EACH_FRAME = (
    "/gaze/target",
    "/gaze/pixel",
    "/gaze/candidates",
    "/saliency/image",
    "/saliency/overlay/compressed",
)


class Track:
    """Times (s) of a video's decoded frames, its shown size, and its sound's packets."""

    def __init__(self, path: Path) -> None:
        with av.open(str(path)) as container:
            decoded = list(_pictures(container))
            self.times = np.array([when for when, _ in decoded])
            height, width = decoded[0][1]
            self.size = height, width
        self.sound, self.sound_s, self.codec = [], 0.0, ""
        with av.open(str(path)) as container:
            if container.streams.audio:
                sound = container.streams.audio[0]
                self.codec = sound.codec_context.name
                self.sound = [bytes(p) for p in container.demux(sound) if p.size]
        with av.open(str(path)) as container:
            if container.streams.audio:
                spans = [(f.time, f.samples / f.sample_rate) for f in container.decode(audio=0)]
                self.sound_starts_s = spans[0][0]
                self.sound_s = sum(length for _, length in spans)


def _pictures(container):
    for frame in container.decode(video=0):
        turned = round(frame.rotation / 90) % 2
        size = (frame.height, frame.width)[:: -1 if turned else 1]
        yield frame.time, size


def differences(clip: Path, folder: Path) -> list[str]:
    """What in a folder of results does not fit its clip, in words."""
    given, shown = Track(clip), Track(folder / "overlay.mp4")
    height, width = given.size
    count = len(given.times)
    found = {
        "frames of the overlay": (len(shown.times), count),
        "size of the overlay": (shown.size, (height + height % 2, width + width % 2)),
        **_tables(folder, count),
        **_pictures_of(folder, count, given.size),
        **_bag(folder / "bag", count),
    }
    problems = [
        f"{what}: {got}, not {meant}" for what, (got, meant) in found.items() if got != meant
    ]
    if len(shown.times) == count:
        drift_s = np.abs(np.diff(shown.times) - np.diff(given.times)).max(initial=0)
        if drift_s > 1.1e-3:
            problems.append(f"times of the overlay are off by up to {1000 * drift_s:.2f} ms")
    return problems + _sound(given, shown, folder)


def _sound(given: Track, shown: Track, folder: Path) -> list[str]:
    said = json.loads((folder / "predict.json").read_text())["sound"]
    if not given.codec or not shown.codec:
        return [] if given.codec == shown.codec else [f"sound {shown.codec!r}: {said}"]
    problems = []
    if said == "copied" and shown.sound != given.sound:
        problems.append("the sound's packets are others")
    if abs(shown.sound_s - given.sound_s) > 0.1:
        problems.append(f"sound of {shown.sound_s:.3f} s, not {given.sound_s:.3f}")
    late_s = (shown.sound_starts_s - shown.times[0]) - (given.sound_starts_s - given.times[0])
    if abs(late_s) > 0.05:
        problems.append(f"sound is late by {1000 * late_s:.0f} ms")
    return problems


def _tables(folder: Path, count: int) -> dict[str, tuple]:
    with (folder / "gaze.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    frames = json.loads((folder / "gaze.json").read_text())["frames"]
    same = [float(row["time_s"]) for row in rows] == [row["time_s"] for row in frames]
    looking = sum(row["u"] is not None for row in frames)
    return {
        "rows of gaze.csv": (len(rows), count),
        "frames of gaze.json": (len(frames), count),
        "same times in both": (same, True),
        "most frames have a gaze": (looking > 0.9 * count, True),
    }


def _pictures_of(folder: Path, count: int, size: tuple[int, int]) -> dict[str, tuple]:
    last = f"{count - 1:06d}"
    levels = cv2.imread(str(folder / "maps" / f"{last}.png"), cv2.IMREAD_UNCHANGED)
    values = np.load(folder / "npz" / f"{last}.npz")["saliency"]
    return {
        "maps": (len(list((folder / "maps").iterdir())), count),
        "npz": (len(list((folder / "npz").iterdir())), count),
        "size and type of a map": ((levels.shape, levels.dtype), (size, np.dtype(np.uint8))),
        "a map goes from 0 to 255": ((int(levels.min()), int(levels.max())), (0, 255)),
        "values in 0..1": (bool((values >= 0).all() and (values <= 1).all()), True),
        "size of the heat map": (cv2.imread(str(folder / "heatmap.png")).shape[:2], _fitted(size)),
        "contact sheet is there": (cv2.imread(str(folder / "sheet.png")) is not None, True),
    }


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    """The size of a picture of the clip that is at most 960 wide."""
    height, width = size
    return (round(height * 960 / width), 960) if width > 960 else size


def _bag(folder: Path, count: int) -> dict[str, tuple]:
    (file,) = folder.glob("*.mcap")
    with file.open("rb") as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        found = Counter(channel.topic for _, channel, _, _ in reader.iter_decoded_messages())
    return {f"messages of {topic}": (found[topic], count) for topic in EACH_FRAME}


def main() -> int:
    """Run and check each clip; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("clips", type=Path, nargs="+")
    given = parser.parse_args()
    failed = 0
    for clip in given.clips:
        out = given.out / clip.suffix.removeprefix(".")  # clips may differ by their ends alone
        command = [sys.executable, "-m", "vinet_ros.cli", "predict", str(clip), "--out", str(out)]
        start = time.monotonic()
        done = subprocess.run(
            [*command, "--write", OUTPUTS], capture_output=True, text=True, check=False
        )
        took_s = time.monotonic() - start
        problems = (
            differences(clip, out / clip.stem)
            if done.returncode == 0
            else [f"exit code {done.returncode}: {done.stderr.strip()}"]
        )
        failed += bool(problems)
        print(
            f"{clip.name}: {took_s:.0f} s, {'; '.join(problems) or 'all as the clip'}", flush=True
        )
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
