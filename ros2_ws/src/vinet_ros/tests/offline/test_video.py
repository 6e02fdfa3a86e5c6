# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest
from made_clips import HEIGHT, WIDTH, number_of, turn, write_clip

from vinet_ros.errors import DataError
from vinet_ros.offline.video import probe_video, read_video


def red_corner(pixels):
    """Return (row, column) of the corner that is red: 0 or 1 each."""
    height, width = pixels.shape[:2]
    corners = {
        (row, column): pixels[
            (height - 8 if row else 2) : (height - 2 if row else 8),
            (width - 8 if column else 2) : (width - 2 if column else 8),
        ]
        for row in (0, 1)
        for column in (0, 1)
    }
    return max(corners, key=lambda key: float(np.ptp(corners[key].mean(axis=(0, 1)))))


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.avi", "mpeg4"), ("a.mkv", "libx264"), ("a.webm", "libvpx")],
)
def test_every_frame_comes_once_at_its_time(tmp_path, name, codec):
    frames = list(read_video(write_clip(tmp_path / name, 40, rate=25, codec=codec)))
    assert [number_of(f.rgb()) for f in frames] == list(range(40))
    times_ms = [f.time_ns / 1e6 for f in frames]
    assert times_ms == pytest.approx([40 * k for k in range(40)], abs=1.0)
    assert frames[0].rgb().shape == (HEIGHT, WIDTH, 3)


def test_a_variable_rate_keeps_its_times(tmp_path):
    times_ms = [0, 33, 100, 101, 400, 1000]
    path = write_clip(tmp_path / "a.mkv", 6, times_ms=times_ms)
    assert [f.time_ns for f in read_video(path)] == [t * 1_000_000 for t in times_ms]


def test_times_are_whole_nanoseconds_of_the_files_own_clock(tmp_path):
    frames = list(read_video(write_clip(tmp_path / "a.mp4", 31, rate=30)))
    assert [f.time_ns for f in frames] == [k * 1_000_000_000 // 30 for k in range(31)]


@pytest.mark.parametrize(
    ("matrix", "degrees", "corner"),
    [
        ((1, 0, 0, 1), 0, (0, 0)),
        ((0, 1, -1, 0), 270, (0, 1)),  # a telephone held upright: turn it clockwise
        ((-1, 0, 0, -1), 180, (1, 1)),
        ((0, -1, 1, 0), 90, (1, 0)),
    ],
)
def test_a_rotation_in_the_file_is_applied(tmp_path, matrix, degrees, corner):
    path = turn(write_clip(tmp_path / "a.mp4", 3), matrix)
    info = probe_video(path)
    upright = (HEIGHT, WIDTH) if degrees % 180 == 0 else (WIDTH, HEIGHT)
    assert (info.height, info.width) == upright
    assert info.rotation_deg == degrees
    frame = next(read_video(path))
    assert frame.rgb().shape == (*upright, 3)
    assert red_corner(frame.rgb()) == corner
    small = next(read_video(path, size=(upright[0] // 2, upright[1] // 2)))
    assert small.rgb().shape == (upright[0] // 2, upright[1] // 2, 3)
    assert red_corner(small.rgb()) == corner


def test_a_start_gives_the_rest_of_the_whole_run(tmp_path):
    path = write_clip(tmp_path / "a.mkv", 6, times_ms=[0, 33, 100, 101, 400, 1000])
    whole, rest = list(read_video(path)), list(read_video(path, start=4))
    assert [(f.index, f.time_ns) for f in rest] == [(f.index, f.time_ns) for f in whole[4:]]
    assert [f.index for f in rest] == [4, 5]
    np.testing.assert_array_equal(rest[0].rgb(), whole[4].rgb())
    assert rest[0].rgb()[5, 5, 0] > 200  # RGB: the corner is red


def test_a_probe_tells_size_rate_and_length(tmp_path):
    info = probe_video(write_clip(tmp_path / "a.mp4", 50, rate=25))
    assert (info.width, info.height, info.frame_count) == (WIDTH, HEIGHT, 50)
    assert info.rate_hz == 25
    assert info.duration_ns == 2_000_000_000


def test_a_sound_track_does_not_disturb(tmp_path):
    frames = list(read_video(write_clip(tmp_path / "a.mp4", 30, audio_s=1.5)))
    assert len(frames) == 30


FAST_START = {"movflags": "faststart"}


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", FAST_START),
        ("a.avi", "mpeg4", {}),
        ("a.mkv", "libx264", {}),
    ],
)
@pytest.mark.parametrize("share", [0.6, 0.8])
def test_a_cut_off_file_gives_its_frames_and_then_the_error(tmp_path, name, codec, options, share):
    path = write_clip(tmp_path / name, 120, codec=codec, options=options)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    numbers = []
    with pytest.raises(DataError, match=r"cut off or damaged: \d+ frames could be read"):
        for frame in read_video(path):
            numbers.append(number_of(frame.rgb()))
    assert 10 < len(numbers) < 120


def test_a_cut_between_two_frames_is_noticed(tmp_path):
    import av

    path = write_clip(tmp_path / "a.mp4", 60, options=FAST_START)
    with av.open(str(path)) as container:
        ends = sorted(e.pos + e.size for e in container.streams.video[0].index_entries)
    path.write_bytes(path.read_bytes()[: ends[40]])
    with pytest.raises(DataError, match="the index names more data"):
        list(read_video(path))


def text(path):
    path.write_text("this is not a video\n" * 1000)


def headless(path):
    write_clip(path)
    path.write_bytes(path.read_bytes()[:2000])


def sound_only(path):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 16000), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = 16000
        container.mux([*stream.encode(frame), *stream.encode()])


def no_frames(path):
    write_clip(path, 0)


def only_a_header(path):
    write_clip(path, 60, options=FAST_START)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"mdat") + 4])


@pytest.mark.parametrize("suffix", [".mp4", ".txt", ".avi", ".mkv"])
@pytest.mark.parametrize("read", [probe_video, lambda path: list(read_video(path))])
def test_text_is_not_a_video(tmp_path, suffix, read):
    text(tmp_path / f"a{suffix}")
    with pytest.raises(DataError, match="give an MP4"):
        read(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("spoil", [headless, sound_only, no_frames, only_a_header])
@pytest.mark.parametrize("read", [probe_video, lambda path: list(read_video(path))])
def test_a_file_without_a_frame_is_refused(tmp_path, spoil, read):
    spoil(tmp_path / "a.mp4")
    with pytest.raises(DataError, match=r"a\.mp4"):
        read(tmp_path / "a.mp4")


@pytest.mark.parametrize("name", ["missing.mp4", ".", ""])
def test_a_missing_file_is_refused(tmp_path, name):
    with pytest.raises(DataError, match="no video file at"):
        probe_video(tmp_path / name)


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.mp4").touch()
    with pytest.raises(DataError, match="not a video file or is cut off"):
        probe_video(tmp_path / "a.mp4")


def test_a_picture_is_not_a_video(tmp_path):
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 30, 3), np.uint8))
    with pytest.raises(DataError, match="no video track"):
        probe_video(tmp_path / "a.png")
