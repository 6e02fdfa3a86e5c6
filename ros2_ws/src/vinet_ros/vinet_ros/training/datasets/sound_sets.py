# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""DIEM, Coutrot1, Coutrot2, AVAD, ETMD, SumMe, AVE and MVVA: sets with sound, as STAViS packs.

``video_frames/<DB>/<video>/img_%05d.jpg``, ``video_audio/<DB>/<video>/<video>.wav``,
``annotations/<DB>/<video>/maps/eyeMap_%05d.jpg``, ``annotations/<DB>/<video>/fixMap_%05d.mat``,
and which videos belong to a split in ``fold_lists``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from vinet_ros.errors import DataError
from vinet_ros.training.datasets.video_records import VideoRecord
from vinet_ros.training.datasets.visual_sets import file_sizes

STAVIS_FOLDERS = {
    "diem": "DIEM",
    "coutrot1": "Coutrot_db1",
    "coutrot2": "Coutrot_db2",
    "avad": "AVAD",
    "etmd": "ETMD_av",
    "summe": "SumMe",
}
"""The folder names of the six sets that STAViS packed."""

AVE_PARTS = ("DIEM", "Coutrot_db1", "Coutrot_db2")
AVE_LISTS = "DAVE_fold_lists"
MVVA_SIZE = (720, 1280)


@dataclass(frozen=True, slots=True)
class ListedVideo:
    """One line of a list.

    Attributes:
        name: The video's folder.
        frames: Number of frames; 0 where the list does not say.
        fps: Frames a second; 0 where the list does not say.
    """

    name: str
    frames: int
    fps: float


def read_fold_list(path: Path) -> list[ListedVideo]:
    """Read ``<video> <frames> <fps>`` lines; blank lines and a missing last newline are usual.

    Raises:
        DataError: If the file is missing, a line has other fields, or there is no line.
    """
    videos = []
    for number, fields in _list_lines(path):
        try:
            name, frames, fps = fields
            videos.append(ListedVideo(name, int(frames), float(fps)))
        except ValueError:
            raise DataError(
                f"{path}: line {number} is not `<video> <frames> <fps>`: {' '.join(fields)!r}"
            ) from None
        if videos[-1].frames < 1 or not 0 < videos[-1].fps < 1000:
            raise DataError(f"{path}: line {number}: frames and fps must be positive")
    if not videos:
        raise DataError(f"{path}: names no video")
    return videos


def fold_list_path(root: Path, set_name: str, split: str, fold: str) -> Path:
    """Return where a set's list lies; DIEM has one split, the others three."""
    folder = STAVIS_FOLDERS[set_name]
    middle = split if set_name == "diem" else f"{split}_{fold}"
    return root / "fold_lists" / f"{folder}_list_{middle}_fps.txt"


def find_stavis(root: Path, set_name: str, split: str, fold: str) -> list[VideoRecord]:
    """Return the videos that a set's list names.

    Raises:
        DataError: If the list is missing or damaged.
    """
    folder = STAVIS_FOLDERS[set_name]
    listed = read_fold_list(fold_list_path(root, set_name, split, fold))
    return [_video(root, folder, video, set_name, split) for video in listed]


def holds_stavis(root: Path, set_name: str) -> bool:
    """Tell whether one of a set's lists lies in ``fold_lists``."""
    folder = STAVIS_FOLDERS[set_name]
    return any((root / "fold_lists").glob(f"{folder}_list_*_fps.txt"))


def mvva_list_path(root: Path, split: str, fold: str) -> Path:
    """Return where an MVVA list lies: "1" to "3" are ``MVVA_``'s random folds.

    "c1" to "c5" are the contiguous folds of ``mvva_``, "random1" to "random3" its random ones.
    """
    if fold.isdecimal():
        name = f"MVVA_list_{split}_{fold}_fps.txt"
    else:
        name = f"mvva_list_{split}_{re.sub('^c', '', fold)}_fps.txt"
    return root / "fold_lists" / name


def find_mvva(root: Path, split: str, fold: str) -> list[VideoRecord]:
    """Return MVVA's videos; frames are brought to 1280 x 720 first, as its loader does.

    Fixations: ``fixations/mvva/<video>.npy``, points (frames, 2, observers) in pixels of
    1280 x 720, where that file is; else the matrices of the other sets where those are.

    Raises:
        DataError: If the list is missing or damaged.
    """
    listed = read_fold_list(mvva_list_path(root, split, fold))
    return [
        _video(root, "mvva", video, "mvva", split, root / "fixations/mvva", MVVA_SIZE)
        for video in listed
    ]


def holds_mvva(root: Path) -> bool:
    """Tell whether one of MVVA's lists lies in ``fold_lists``."""
    lists = root / "fold_lists"
    return any(lists.glob("[mM][vV][vV][aA]_list_*_fps.txt"))


def find_ave(root: Path, split: str, fold: str = "") -> list[VideoRecord]:
    """Return AVE's videos, which lie in the folders of DIEM, Coutrot1 and Coutrot2.

    ``DAVE_fold_lists/<DB>_list_<split>*.txt`` names them, one a line, with or without frames
    and fps; where without, ``<DB>_fps_map.json`` has the fps and the maps are counted.

    Raises:
        DataError: If there is no list for the split, or a list or map is damaged.
    """
    records = []
    for folder in AVE_PARTS:
        for path in sorted((root / AVE_LISTS).glob(f"{folder}_list_{split}*.txt")):
            for video in _ave_list(path, folder):
                records.append(_video(root, folder, video, "ave", split))
    if not records:
        raise DataError(
            f"{root / AVE_LISTS}: no list <DB>_list_{split}*.txt of {', '.join(AVE_PARTS)}"
        )
    return records


def holds_ave(root: Path) -> bool:
    """Tell whether AVE's lists are there."""
    return any((root / AVE_LISTS).glob("*_list_*.txt"))


def _list_lines(path: Path) -> list[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a readable list ({error})") from None
    lines = enumerate(text.splitlines(), start=1)
    return [(number, line.split()) for number, line in lines if line.strip()]


def _ave_list(path: Path, folder: str) -> list[ListedVideo]:
    lines = _list_lines(path)
    if all(len(fields) == 3 for _, fields in lines):
        return read_fold_list(path)
    rates = _read_rates(path.with_name(f"{folder}_fps_map.json"))
    names = [fields[0] for _, fields in lines]
    lacking = [name for name in names if name not in rates]
    if lacking:
        raise DataError(f"{path.with_name(f'{folder}_fps_map.json')}: lacks {lacking[0]}")
    return [ListedVideo(name, 0, rates[name]) for name in names]


def _read_rates(path: Path) -> dict[str, float]:
    try:
        rates = {str(k): float(v) for k, v in json.loads(path.read_text("utf-8")).items()}
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, ValueError, TypeError, AttributeError):
        raise DataError(f"{path}: expected JSON of video and fps") from None
    if any(not 0 < rate < 1000 for rate in rates.values()):
        raise DataError(f"{path}: every fps must be positive")
    return rates


def _video(
    root: Path,
    folder: str,
    video: ListedVideo,
    set_name: str,
    split: str,
    points: Path | None = None,
    forced_size: tuple[int, int] | None = None,
) -> VideoRecord:
    frames = root / "video_frames" / folder / video.name
    truth = root / "annotations" / folder / video.name
    numbers = range(1, _length(truth / "maps", video.frames) + 1)
    sound = root / "video_audio" / folder / video.name / f"{video.name}.wav"
    return VideoRecord(
        name=video.name,
        set_name=set_name,
        split=split,
        frames=tuple(frames / f"img_{number:05d}.jpg" for number in numbers),
        maps=tuple(truth / "maps" / f"eyeMap_{number:05d}.jpg" for number in numbers),
        fixations=_fixations(truth, numbers, points and points / f"{video.name}.npy"),
        fps=video.fps,
        audio=sound if sound.parent.parent.is_dir() else None,
        forced_size=forced_size,
        listed_frames=video.frames,
    )


def _length(maps: Path, listed: int) -> int:
    """Return the frames of a video: those with a map, and no more than the list says.

    A video whose maps are all missing keeps the list's number, so that each is named.
    """
    numbers = (re.fullmatch(r"eyeMap_(\d{5})\.jpg", name) for name in file_sizes(maps))
    last = max((int(found[1]) for found in numbers if found), default=0)
    return min(last, listed) if last and listed else last or listed


def _fixations(truth: Path, numbers: range, points: Path | None) -> tuple[Path, ...]:
    if points is not None and points.is_file():
        return (points,) * len(numbers)
    if points is not None and not any(truth.glob("fixMap_*.mat")):
        return ()
    return tuple(truth / f"fixMap_{number:05d}.mat" for number in numbers)
