# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet report``: what happened in a recording, on one page."""

import itertools
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from vinet_ros.errors import DataError, OutputError
from vinet_ros.offline.report_bag import read_bag
from vinet_ros.offline.report_data import Footage, ReportData
from vinet_ros.offline.report_folder import is_predict_folder, read_folder
from vinet_ros.offline.report_html import PageVideo, build_page
from vinet_ros.offline.report_video import write_browser_video

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class ReportResult:
    """What was written.

    Args:
        page: The HTML file.
        video: The file beside it; None where the video is in the page, or there is none.
        video_frames: Pictures in a video that was made; 0 where none was.
        data: What the page shows.
    """

    page: Path
    video: Path | None
    video_frames: int
    data: ReportData


def write_report(
    source: Path,
    out: Path,
    *,
    namespace: str | None = None,
    with_video: bool = True,
    max_inline_mib: float = 32.0,
) -> ReportResult:
    """Write the report of a bag or of a folder of ``vinet predict``.

    Args:
        source: The bag (folder or file), or the folder.
        out: The HTML file; written whole or not at all.
        namespace: Of the node's topics in a bag; None for the only one.
        with_video: Whether to show pictures.
        max_inline_mib: A larger video is written beside the page.

    Raises:
        DataError: If the source cannot be read.
        OutputError: If the page cannot be written.
    """
    data = read_folder(source) if is_predict_folder(source) else read_bag(source, namespace)
    if not with_video:
        missing = data.missing | {"video": "Left out on request."}
        data = replace(data, footage=None, missing=missing)
    _check_out(out)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as scratch:
            return _write(data, out, Path(scratch), max_inline_mib)
    except OSError as error:
        raise OutputError(
            f"{str(out)!r} cannot be written ({error.strerror or error}); give another --out"
        ) from error


def _check_out(out: Path) -> None:
    if out.is_dir():
        raise DataError(f"--out {str(out)!r} is a folder; give the name of an HTML file")
    if not out.parent.is_dir():
        raise DataError(f"--out {str(out)!r}: there is no folder {str(out.parent)!r}; make it")


def _write(data: ReportData, out: Path, scratch: Path, max_inline_mib: float) -> ReportResult:
    made, frames = _made_video(data.footage, scratch / "video.mp4")
    video, beside = None, None
    if made is not None:
        file, start_s = made
        if file.stat().st_size > max_inline_mib * MIB:
            beside = _beside(file, out, scratch)
        content = None if beside else file.read_bytes()
        note = data.footage.note if data.footage else ""
        video = PageVideo(content, beside.name if beside else "", start_s, note)
    elif "video" not in data.missing:
        data = replace(data, missing=data.missing | {"video": "No picture could be decoded."})
    page = scratch / "page.html"
    page.write_text(build_page(data, video), encoding="utf-8")
    page.replace(out)
    return ReportResult(out, beside, frames, data)


def _made_video(footage: Footage | None, path: Path) -> tuple[tuple[Path, float] | None, int]:
    """Return (file, time of its first frame), None without pictures; and the frames made."""
    if footage is None:
        return None, 0
    if footage.file is not None:
        return (footage.file, footage.start_s), 0
    assert footage.pictures is not None
    pictures = footage.pictures()
    first = next(pictures, None)
    if first is None:
        return None, 0
    start_s, frames = write_browser_video(path, itertools.chain([first], pictures))
    return (path, start_s), frames


def _beside(file: Path, out: Path, scratch: Path) -> Path:
    """Return the video beside the page: there already, moved where it was made here, or copied."""
    if file.resolve().parent == out.resolve().parent:
        return out.parent / file.name
    beside = out.with_suffix(".mp4")
    if file.parent == scratch:
        file.replace(beside)
        return beside
    copy = scratch / "copy.mp4"
    shutil.copyfile(file, copy)
    copy.replace(beside)
    return beside
