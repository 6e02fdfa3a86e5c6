# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Broken-off runs, bad inputs, full disks: nothing half-written, and going on where it was."""

import filecmp
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import trail
from made_bags import camera_info, compressed, cut_off, raw, write_bag, write_damaged_bag
from made_clips import write_clip
from trail import run_trail

from vinet_ros.errors import DataError, OutputError


class Broken(BaseException):
    """Ends a run as a kill does: nothing gets to tidy up."""


def break_at(frames):
    def progress(_, done, total):
        if done == frames:
            raise Broken

    return progress


def assert_same(one, other):
    """Both folders have the same files with the same bytes."""
    names = sorted(f.relative_to(one) for f in one.rglob("*") if f.is_file())
    assert names == sorted(f.relative_to(other) for f in other.rglob("*") if f.is_file())
    assert len(names) > 5
    different = filecmp.cmpfiles(one, other, names, shallow=False)[1:]
    assert different == ([], [])


def uneven_bag(path):
    """Gaps that start the window anew, stamps that stand still and jump back, other sizes."""
    records = []
    for k in range(46):
        late_ns = 2_000_000_000 if k >= 14 else 0
        size = (40, 64) if 30 <= k < 36 else (24, 32)
        shown_ns = 1_700_000_000_000_000_000 + k * 41_000_000 + late_ns
        stamp_ns = shown_ns - 300_000_000 if k in (21, 22) else shown_ns
        records.append(raw(k, stamp_ns=stamp_ns, size=size))
    records[25] = cut_off(records[25])
    return write_bag(path, records)


@pytest.mark.parametrize("at", [3, 10, 17, 27, 44])
@pytest.mark.parametrize("make", ["clip", "bag"])
def test_a_run_that_was_broken_off_goes_on_to_the_same_files(tmp_path, make, at):
    clip = (
        write_clip(tmp_path / "a.mp4", 47, audio_s=1.5)
        if make == "clip"
        else uneven_bag(tmp_path / "a")
    )
    whole = run_trail(clip, tmp_path / "whole").folder
    with pytest.raises(Broken):
        run_trail(clip, tmp_path / "broken", progress=break_at(at))
    assert not (tmp_path / "broken" / "a").exists()
    summary = run_trail(clip, tmp_path / "broken")
    assert summary.resumed_at == at // 10 * 10
    assert_same(whole, summary.folder)
    assert [f.name for f in (tmp_path / "broken").iterdir()] == ["a"]


def test_killed_twice_it_still_ends_the_same(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 47)
    whole = run_trail(clip, tmp_path / "whole").folder
    for at in (13, 35):
        command = [sys.executable, trail.__file__, str(clip), str(tmp_path / "killed"), "10"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if int(line.split()[0]) >= at:
                    break
            process.send_signal(signal.SIGKILL)
        assert not (tmp_path / "killed" / "a").exists()
    summary = run_trail(clip, tmp_path / "killed")
    assert summary.resumed_at >= 30
    assert_same(whole, summary.folder)


def test_a_finished_input_is_left_alone_unless_it_is_asked_for_otherwise(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 12)
    first = run_trail(clip, tmp_path / "out", write=("csv",))
    before = (first.folder / "gaze.csv").stat().st_mtime_ns
    again = run_trail(clip, tmp_path / "out", write=("csv",))
    assert again.resumed_at == 12
    assert (first.folder / "gaze.csv").stat().st_mtime_ns == before
    with pytest.raises(OutputError, match="made otherwise; give another --out, or --force"):
        run_trail(clip, tmp_path / "out", write=("json",))
    replaced = run_trail(clip, tmp_path / "out", write=("json",), force=True)
    assert {f.name for f in replaced.folder.iterdir()} == {"gaze.json", "predict.json"}


def test_other_settings_do_not_go_on_with_what_was_done(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 30)
    with pytest.raises(Broken):
        run_trail(clip, tmp_path / "out", progress=break_at(15))
    summary = run_trail(clip, tmp_path / "out", window_rate_hz=-1.0)
    assert summary.resumed_at == 0
    assert_same(run_trail(clip, tmp_path / "whole", window_rate_hz=-1.0).folder, summary.folder)


def test_two_runs_do_not_work_on_one_input(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 12)

    def meanwhile(_, done, total):
        if done == 5:
            with pytest.raises(OutputError, match="another run is at work"):
                run_trail(clip, tmp_path / "out")

    assert run_trail(clip, tmp_path / "out", progress=meanwhile).content["frames"] == 12


def text(folder):
    path = folder / "a.mp4"
    path.write_text("no video\n" * 1000)
    return path


def truncated(folder):
    path = write_clip(folder / "a.mp4", 120, options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: int(0.7 * path.stat().st_size)])
    return path


def no_frames(folder):
    return write_clip(folder / "a.mp4", 0)


def no_images(folder):
    return write_bag(folder / "a", [camera_info(k) for k in range(3)])


def only_damaged_images(folder):
    return write_bag(folder / "a", [cut_off(raw(k)) for k in range(3)])


def damaged_bag(folder):
    return write_damaged_bag(folder / "a")


def several_topics(folder):
    return write_bag(folder / "a", [raw(0), raw(1, topic="/other/image"), compressed(2)])


def empty_folder(folder):
    (folder / "a").mkdir()
    return folder / "a"


def missing(folder):
    return folder / "a.mp4"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (text, "a.mp4.*(not a video|no video track)"),
        (truncated, r"a\.mp4.*cut off or damaged: \d+ frames could be read"),
        (no_frames, r"a\.mp4"),
        (no_images, "no topic of type sensor_msgs/msg/Image"),
        (only_damaged_images, "no usable image"),
        (damaged_bag, "is damaged: .* messages .* could be read"),
        (several_topics, "3 image topics; choose one"),
        (empty_folder, "neither a bag"),
        (missing, "no video file at"),
    ],
)
def test_a_bad_input_gives_one_error_and_leaves_nothing(tmp_path, make, says):
    path = make(tmp_path)
    with pytest.raises(DataError, match=says):
        run_trail(path, tmp_path / "out")
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_topic_that_there_is_not_is_refused_with_those_there_are(tmp_path):
    bag = write_bag(tmp_path / "a", [raw(0)])
    with pytest.raises(DataError, match=r"no image topic '/nose'; choose one of /cam/image_raw"):
        run_trail(bag, tmp_path / "out", topic="/nose")


@pytest.mark.parametrize("make", [truncated, damaged_bag])
def test_a_damaged_input_can_be_salvaged(tmp_path, make):
    summary = run_trail(make(tmp_path), tmp_path / "out", salvage=True)
    assert 5 < summary.content["frames"] < 120
    assert "damaged" in summary.content["damaged"]
    assert (summary.folder / "overlay.mp4").exists()


def test_an_output_that_cannot_be_written_is_named(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 3)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file.* cannot be written \(Not a directory\)"):
        run_trail(clip, tmp_path / "file" / "out")


def mounted(folder, *options):
    """Mount a small tmpfs, or skip the test where that is not permitted."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
        reason = done.stderr.strip() if done.returncode else ""
    except OSError as error:
        reason = str(error)
    if reason:
        pytest.skip(f"a small file system cannot be mounted here: {reason}")


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    try:
        yield disk
    finally:
        with suppress(OSError):
            subprocess.run(["umount", str(disk)], check=False, capture_output=True, timeout=20)


def test_a_read_only_output_is_told(tmp_path, small_disk):
    mounted(small_disk, "ro", "size=1m")
    with pytest.raises(OutputError, match="Read-only file system"):
        run_trail(write_clip(tmp_path / "a.mp4", 3), small_disk / "out")


def noisy_clip(path, frames=60):
    """A clip that does not compress."""
    import av

    random = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for _ in range(frames):
            pixels = random.integers(0, 256, (120, 160, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("room", ["300k", "900k", "1400k"])
@pytest.mark.parametrize("write", [("overlay",), ("bag", "json"), trail.ALL])
def test_a_full_disk_is_told_and_with_room_it_goes_on(tmp_path, small_disk, room, write):
    clip = noisy_clip(tmp_path / "a.mp4")
    mounted(small_disk, f"size={room}")
    out = small_disk / "out"
    with pytest.raises(OutputError, match=r"a\.mp4, frame \d+: .*No space left|full"):
        run_trail(clip, out, write=write)
    assert not (out / "a").exists()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True, timeout=20)
    summary = run_trail(clip, out, write=write)
    assert summary.content["frames"] == 60
    whole = run_trail(clip, tmp_path / "whole", write=write).folder
    for file in whole.rglob("*"):
        same = summary.folder / file.relative_to(whole)
        assert same.exists()
        if file.is_file():
            assert same.read_bytes() == file.read_bytes()


def test_memory_stays_flat_over_a_long_clip(tmp_path):
    """A hundred seconds: the last third needs no more than the second one."""
    clip = write_clip(tmp_path / "a.mp4", 3000, rate=30)
    command = [sys.executable, trail.__file__, str(clip), str(tmp_path / "out"), "150"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
        env={**os.environ, "MALLOC_ARENA_MAX": "2"},
    )
    steps = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert len(steps) == 3000
    second = max(kib for frame, kib in steps if 1000 < frame <= 2000)
    last = max(kib for frame, kib in steps if frame > 2000)
    assert last <= 1.02 * second, (second, last)
    assert Path(tmp_path / "out" / "a" / "sheet.png").exists()
