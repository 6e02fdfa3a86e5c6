# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What the RNA loss does to the norms of sight and sound: a short training on a real clip.

    python tests/bench_rna.py NAME.gaze.npz --out OUT [--rna 1] [--epochs 12] [--size 64x96]

A video with sound lies beside the gaze file. It is cut into pieces, which become a small set in
the packaging of STAViS (OUT/data); ``vinet train`` learns from the first ones and is scored on
the last. Prints the log as a table.
"""

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np
import torch
from made_videos import save_mat, save_picture, write_list
from scipy.io import wavfile

from vinet_ros.cli import main
from vinet_ros.networks import load_model
from vinet_ros.offline.recordings import read_recording
from vinet_ros.preprocess import SOUND_RATE_HZ
from vinet_ros.training.alignment import align
from vinet_ros.training.config import TrainConfig
from vinet_ros.training.datasets.gaze_clips import GazeClip, read_gaze_clip
from vinet_ros.training.groundtruth import blur_counts, fixation_map
from vinet_ros.training.run_data import split_videos, stage_data
from vinet_ros.training.starting import starting_model

SIZE = (240, 320)  # (height, width) of pictures and maps
PIECE = 36
COLUMNS = ("epoch", "train_loss", "train_seen", "train_heard", "train_ratio", "val_kldiv")


def write_pieces(clip: GazeClip, root: Path) -> None:
    """Cut a clip with gaze into pieces that overlap by two thirds, and a last one of its own."""
    looked = [i for i, found in enumerate(clip.fixations) if len(found.x)]
    last = looked[-1] + 1 - PIECE
    starts = [*range(looked[0], last - PIECE + 1, PIECE // 3), last]
    frames = [cv2.resize(frame, SIZE[::-1]) for frame in clip.read_frames()]
    sound = read_recording(clip.video_path)
    listed = []
    for start in starts:
        name = f"from_{start:04d}"
        listed.append((name, PIECE, clip.fps))
        for number in range(PIECE):
            save_frame(root, name, number, frames[start + number], clip, start + number)
        begin, end = (round(f / clip.fps * SOUND_RATE_HZ) for f in (start, start + PIECE))
        path = root / "video_audio/DIEM" / name / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        wavfile.write(path, SOUND_RATE_HZ, np.rint(32767 * sound[begin:end]).astype(np.int16))
    write_list(root / "fold_lists/DIEM_list_train_fps.txt", listed[:-1])
    write_list(root / "fold_lists/DIEM_list_test_fps.txt", listed[-1:])


def save_frame(
    root: Path, name: str, number: int, frame: np.ndarray, clip: GazeClip, at: int
) -> None:
    found = clip.fixations[at]
    counts = fixation_map(found.x, found.y, SIZE)
    density = blur_counts(counts) if counts.any() else np.zeros(SIZE)
    truth = root / "annotations/DIEM" / name
    save_picture(root / "video_frames/DIEM" / name / f"img_{number + 1:05d}.jpg", frame)
    levels = np.round(255 * density / max(float(density.max()), 1e-12)).astype(np.uint8)
    save_picture(truth / "maps" / f"eyeMap_{number + 1:05d}.jpg", levels)
    save_mat(truth / f"fixMap_{number + 1:05d}.mat", eyeMap=(counts > 0).astype(np.uint8))


def rows_of(out: Path) -> list[dict[str, str]]:
    """The figures of each epoch; those of training and validation are rows of their own."""
    rows: dict[str, dict[str, str]] = {}
    (table,) = (out / "logs/videos").glob("version_*/metrics.csv")
    with table.open(newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["epoch"], {}).update({k: v for k, v in row.items() if v})
    return list(rows.values())


def lone_ratios(out: Path) -> list[str]:
    """The ratio for the held-out piece and a training one, each alone, before and after the run.

    With the clip's own statistics: running ones follow by a thousandth a step in S3D, and after
    so few of them are still those of a fresh network.
    """
    config = TrainConfig.load(out / "config.yaml")
    torch.manual_seed(config.seed)
    networks = starting_model(config), load_model(config.model, out / "weights.safetensors")
    data = stage_data(config, config.stages[0], split_videos(config))
    pieces = {"held-out piece": data.held_samples[0], "training piece": data.train_samples[(0, 0)]}
    told = []
    for name, piece in pieces.items():
        ratios = []
        for network in networks:
            with torch.no_grad():
                network.train()
                seen, heard = network.see(piece["clip"][None]), network.hear(piece["audio"][None])
            ratios.append(float(align(seen[0], heard).ratio))
        told.append(f"{name} alone: ratio {ratios[0]:.3f} before, {ratios[1]:.3f} after")
    return told


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gaze", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rna", default="1")
    parser.add_argument("--epochs", default="12")
    parser.add_argument("--rate", default="1e-3")
    parser.add_argument("--size", default="64x96")
    parser.add_argument("--batch", default="2")
    parser.add_argument("--fusion", default="concat")
    given = parser.parse_args()
    data, out = given.out / "data", given.out / "run"
    write_pieces(read_gaze_clip(given.gaze), data)
    arguments = [
        *("train", "--data", data, "--out", out, "--model", "avinet"),
        *("--option", f"fusion={given.fusion}", "--size", given.size, "--batch", given.batch),
        *("--epochs", given.epochs, "--rate", given.rate, "--rna", given.rna),
        *("--workers", 0, "--accelerator", "cpu", "--no-progress"),
    ]
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as ended:
        if ended.code:
            raise
    print("| " + " | ".join(COLUMNS) + " |")
    print("|" + "---:|" * len(COLUMNS))
    for row in rows_of(out):
        print("| " + " | ".join(f"{float(row.get(c, 'nan')):.4g}" for c in COLUMNS) + " |")
    print("\n".join(lone_ratios(out)))


if __name__ == "__main__":
    run()
