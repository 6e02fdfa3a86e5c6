# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Tiny trees in the layouts of the public video data sets: a bright square that people follow.

They show that a program runs from end to end where the data sets are not at hand, and say nothing
of how well anything predicts where people look.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat, wavfile

from vinet_ros.preprocess import SOUND_RATE_HZ

SIZE = (36, 64)  # (height, width) of the pictures
Listed = tuple[str, int, float]
"""A line of a list: video, frames, frames a second."""


def square_at(frame: int, frames: int) -> tuple[int, int]:
    """Return row and column of the square's centre."""
    return 18, 10 + round(44 * frame / max(frames - 1, 1))


def picture(frame: int, frames: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return a frame (36, 64, 3) RGB."""
    scene = np.random.default_rng(seed).integers(0, 80, (*SIZE, 3), dtype=np.uint8)
    row, column = square_at(frame, frames)
    scene[row - 4 : row + 4, column - 4 : column + 4] = 255
    return scene


def saliency(frame: int, frames: int) -> NDArray[np.uint8]:
    """Return the continuous map (36, 64) of a frame, 0..255."""
    spot = np.zeros(SIZE, np.float32)
    spot[square_at(frame, frames)] = 1
    blurred = np.asarray(cv2.GaussianBlur(spot, (0, 0), 4))
    return np.asarray(np.round(255 * blurred / blurred.max()), np.uint8)


def fixated(frame: int, frames: int) -> NDArray[np.uint8]:
    """Return which pixels (36, 64) of a frame are looked at, 0 or 1."""
    looked = np.zeros(SIZE, np.uint8)
    row, column = square_at(frame, frames)
    looked[row - 1 : row + 2, column] = 1
    return looked


def save_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a picture, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=95)


def save_mat(path: Path, **variables: Any) -> None:
    """Write a MATLAB file, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, variables)


def write_visual(folder: Path, names: Sequence[str], truth: bool = True, seed: int = 0) -> Path:
    """Write one video of DHF1K, Hollywood-2 or UCF-Sports; `names` are its frames' stems."""
    for i, name in enumerate(names):
        save_picture(folder / "images" / f"{name}.png", picture(i, len(names), seed))
        if truth:
            looked = fixated(i, len(names))
            save_picture(folder / "maps" / f"{name}.png", saliency(i, len(names)))
            save_picture(folder / "fixation" / f"{name}.png", np.asarray(255 * looked, np.uint8))
            save_mat(folder / "fixation" / "maps" / f"{name}.mat", I=looked)
    return folder


def write_dhf1k(root: Path, train: int = 2, val: int = 1, test: int = 0, frames: int = 12) -> Path:
    """Write DHF1K with so many videos of each split."""
    names = [f"{i:04d}" for i in range(1, frames + 1)]
    for i in range(train):
        write_visual(root / "annotation" / f"{1 + i:04d}", names, seed=i)
    for i in range(val):
        write_visual(root / "val" / f"{601 + i:04d}", names, seed=100 + i)
    for i in range(test):
        write_visual(root / "test" / f"{701 + i:04d}", names, truth=False, seed=200 + i)
    return root


def write_hollywood2(root: Path, frames: int = 6, shots: int = 2) -> Path:
    """Write Hollywood-2: one film in each split."""
    for part, kind, clip in (("training", "train", 7), ("testing", "test", 3)):
        for shot in range(1, shots + 1):
            stem = f"actionclip{kind}{clip:05d}"
            names = [f"{stem}_{20 * shot + i:05d}" for i in range(frames)]
            write_visual(root / part / f"{stem}_{shot}", names, seed=shot)
    return root


def write_ucf_sports(
    root: Path, frames: int = 6, actions: Sequence[str] = ("Diving-Side", "Run-Side")
) -> Path:
    """Write UCF-Sports: one video of each action in each split."""
    for part, number in (("training", 1), ("testing", 2)):
        for action in actions:
            names = [f"{action}_{number:03d}_{i:03d}" for i in range(1, frames + 1)]
            write_visual(root / part / f"{action}-{number:03d}", names, seed=number)
    return root


def write_sound_video(
    root: Path,
    folder: str,
    name: str,
    frames: int = 12,
    fps: float = 25.0,
    seed: int = 0,
    loudness: float = 0.0,
) -> None:
    """Write one video in the packaging of STAViS.

    Args:
        root: Of the set.
        folder: The set's.
        name: Of the video.
        frames: Its length.
        fps: Frames a second.
        seed: Of the scene and of the sound.
        loudness: Deviation of its sound, which is noise; 0 is silence, 1 full scale.
    """
    for i in range(frames):
        number = f"{i + 1:05d}"
        truth = root / "annotations" / folder / name
        save_picture(
            root / "video_frames" / folder / name / f"img_{number}.jpg", picture(i, frames, seed)
        )
        save_picture(truth / "maps" / f"eyeMap_{number}.jpg", saliency(i, frames))
        save_mat(truth / f"fixMap_{number}.mat", eyeMap=fixated(i, frames))
    sound = root / "video_audio" / folder / name / f"{name}.wav"
    sound.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).normal(0, loudness, int(SOUND_RATE_HZ * frames / fps))
    wavfile.write(sound, SOUND_RATE_HZ, np.asarray(32767 * noise.clip(-1, 1), np.int16))


def write_list(path: Path, videos: Sequence[Sequence[object]], end: str = "\n") -> None:
    """Write a list, one video a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(" ".join(map(str, video)) for video in videos) + end)


def write_sound_set(
    root: Path, folder: str, folds: int = 3, frames: int = 12, loudness: float = 0.0
) -> Path:
    """Write a set of STAViS: two training videos and one test video in each fold."""
    videos: list[Listed] = [(f"clip_{i}", frames, 25.0) for i in range(3)]
    for i, (name, count, fps) in enumerate(videos):
        write_sound_video(root, folder, name, count, fps, i, loudness)
    for fold in range(folds):
        middle = f"_{fold + 1}" if folds > 1 else ""
        lists = root / "fold_lists"
        train = [video for i, video in enumerate(videos) if i != fold]
        write_list(lists / f"{folder}_list_train{middle}_fps.txt", train, end="\n\n \n")
        write_list(lists / f"{folder}_list_test{middle}_fps.txt", [videos[fold]], end="")
    return root


def write_mvva(root: Path, frames: int = 6, train: int = 1, loudness: float = 0.0) -> Path:
    """Write MVVA with points of three observers, one of whom looks away; one test video."""
    videos: list[Listed] = [(f"video_{i:03d}", frames, 25.0) for i in range(train + 1)]
    for seed, (name, count, fps) in enumerate(videos):
        write_sound_video(root, "mvva", name, count, fps, seed if loudness else 0, loudness)
        for mat in (root / "annotations" / "mvva" / name).glob("fixMap_*.mat"):
            mat.unlink()
        points = np.zeros((count, 2, 3))
        for i in range(count):
            row, column = square_at(i, count)
            points[i, :, 0] = column * 20, row * 20
            points[i, :, 1] = column * 20 + 5, row * 20
            points[i, :, 2] = np.nan, np.nan
        path = root / "fixations" / "mvva" / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, points)
    for prefix, fold in (("MVVA", "1"), ("mvva", "2"), ("mvva", "random1")):
        for split, listed in (("train", videos[:-1]), ("test", videos[-1:])):
            write_list(root / "fold_lists" / f"{prefix}_list_{split}_{fold}_fps.txt", listed)
    return root


def write_ave(root: Path, frames: int = 6, loudness: float = 0.0) -> Path:
    """Write AVE: lists of names alone for one part, with an fps map; full lines for the other."""
    for folder, names in (("DIEM", ("a", "b", "c")), ("Coutrot_db1", ("k", "l"))):
        for name in names:
            write_sound_video(root, folder, name, frames, seed=0, loudness=loudness)
    lists = root / "DAVE_fold_lists"
    for split, name in (("train", "a"), ("val", "b"), ("test", "c")):
        write_list(lists / f"DIEM_list_{split}_fps.txt", [(name,)])
    (lists / "DIEM_fps_map.json").write_text('{"a": 30, "b": 30, "c": 30.0}')
    write_list(lists / "Coutrot_db1_list_train_1_fps.txt", [("k", frames, 25)])
    write_list(lists / "Coutrot_db1_list_test_1_fps.txt", [("l", frames, 25)])
    (root / "categories.csv").write_text("video,category\na,Nature\nk,Social Events\n")
    return root
