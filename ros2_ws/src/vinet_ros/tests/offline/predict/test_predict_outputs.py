# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a run writes, against its input and against the predictor fed by hand."""

import csv
import json
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from made_bags import (
    PERIOD_NS,
    START_NS,
    TOPIC,
    camera_info,
    compressed,
    cut_off,
    raw,
    write_bag,
)
from made_clips import HEIGHT, WIDTH, turn, write_clip
from trail import ALL, run_trail, trail_predictor

from vinet_ros.offline.sources import open_source
from vinet_ros.preprocess import map_to_uint8


def packets(path, kind):
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return [
            (p.pts * p.time_base, bytes(p)) for p in container.demux(stream) if p.pts is not None
        ]


def length_s(path, kind="video"):
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return float(stream.duration * stream.time_base)


def rows_of(folder):
    return json.loads((folder / "gaze.json").read_text())["frames"]


def test_everything_that_was_asked_for_is_there_and_nothing_else(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 25, audio_s=1.0)
    summary = run_trail(clip, tmp_path / "out")
    names = {file.name for file in (tmp_path / "out" / "a").iterdir()}
    assert names == {*summary.content["outputs"].values(), "predict.json"}
    assert set(summary.content["outputs"]) == set(ALL)
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["a"]
    few = run_trail(clip, tmp_path / "few", write=("csv",))
    assert {file.name for file in few.folder.iterdir()} == {"gaze.csv", "predict.json"}


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_the_overlay_has_the_inputs_frames_times_and_sound(tmp_path, name):
    clip = write_clip(tmp_path / name, 33, rate=25, audio_s=1.3)
    summary = run_trail(clip, tmp_path / "out", write=("overlay",))
    overlay = summary.folder / "overlay.mp4"
    times = [float(time) for time, _ in packets(clip, "video")]
    start = min(times[0], float(packets(clip, "audio")[0][0]))
    shown = [float(time) for time, _ in packets(overlay, "video")]
    assert shown == pytest.approx(sorted(t - start for t in times), abs=1e-3)
    assert summary.content["frames"] == len(shown) == 33
    assert summary.content["sound"] == "copied"
    assert [data for _, data in packets(overlay, "audio")] == [
        data for _, data in packets(clip, "audio")
    ]
    if name == "a.mp4":
        assert length_s(overlay) == pytest.approx(length_s(clip), abs=1e-3)
        assert length_s(overlay, "audio") == pytest.approx(length_s(clip, "audio"), abs=0.03)


def test_sound_that_an_mp4_cannot_hold_becomes_aac(tmp_path):
    clip = tmp_path / "a.avi"
    tone = (8000 * np.sin(np.arange(16000) * 2 * np.pi * 440 / 16000)).astype(np.int16)
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=16000, layout="mono")
        for _ in range(25):
            picture = av.VideoFrame.from_ndarray(np.zeros((36, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        frame = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
        frame.sample_rate = 16000
        container.mux([*stream.encode(), *sound.encode(frame), *sound.encode()])
    summary = run_trail(clip, tmp_path / "out", write=("overlay",))
    assert summary.content["sound"] == "as AAC"
    with av.open(str(summary.folder / "overlay.mp4")) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        samples = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    assert len(samples) / 16000 == pytest.approx(1.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(samples[2000:14000]))
    assert np.argmax(spectrum) * 16000 / 12000 == pytest.approx(440, abs=3)


def test_a_variable_rate_keeps_its_times(tmp_path):
    times_ms = [0, 33, 100, 101, 400, 1000, 1010, 1300, 1302, 1400, 1401, 1500]
    clip = write_clip(tmp_path / "a.mkv", len(times_ms), times_ms=times_ms)
    summary = run_trail(clip, tmp_path / "out", piece_frames=5)
    shown = [time for time, _ in packets(summary.folder / "overlay.mp4", "video")]
    assert shown == [Fraction(t, 1000) for t in times_ms]
    assert [row["time_s"] for row in rows_of(summary.folder)] == [t / 1000 for t in times_ms]


def test_a_rotated_telephone_video_is_upright(tmp_path):
    clip = turn(write_clip(tmp_path / "a.mp4", 4), (0, 1, -1, 0))
    folder = run_trail(clip, tmp_path / "out").folder
    with av.open(str(folder / "overlay.mp4")) as container:
        picture = next(container.decode(video=0))
    assert (picture.width, picture.height, picture.rotation) == (HEIGHT, WIDTH, 0)
    assert cv2.imread(str(folder / "maps" / "000000.png"), -1).shape == (WIDTH, HEIGHT)
    rows = rows_of(folder)
    assert all(-0.5 <= row["u"] <= HEIGHT - 0.5 for row in rows)


@pytest.mark.parametrize("window_rate_hz", [0.0, -1.0])
def test_maps_are_those_of_the_predictor(tmp_path, window_rate_hz):
    clip = write_clip(tmp_path / "a.mp4", 24, rate=25)
    folder = run_trail(clip, tmp_path / "out", window_rate_hz=window_rate_hz).folder
    predictor = trail_predictor()
    predictor.configure_window(rate_hz=window_rate_hz or 15.0)
    with open_source(clip) as source:
        for frame in source.frames():
            predictor.push_frame(frame.rgb(), frame.time_ns)
            expected = predictor.predict().values
            kept = np.load(folder / "npz" / f"{frame.index:06d}.npz")
            np.testing.assert_allclose(kept["saliency"], expected, atol=1e-6)
            assert kept["time_s"] == frame.time_ns / 1e9
            levels = cv2.imread(str(folder / "maps" / f"{frame.index:06d}.png"), -1)
            np.testing.assert_array_equal(levels, map_to_uint8(expected, (HEIGHT, WIDTH)))


def test_tables_tell_the_gaze_of_each_frame(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 12, rate=25)
    folder = run_trail(clip, tmp_path / "out").folder
    rows = rows_of(folder)
    with (folder / "gaze.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["frame"] for row in rows] == list(range(12))
    assert len(table) == 12
    for line, row in zip(table, rows, strict=True):
        for name in ("time_s", "u", "v", "pan_rad", "tilt_rad", "saliency"):
            assert float(line[name]) == row[name]
        assert line["stamp_ns"] == "" and row["stamp_ns"] is None
        assert row["candidates"][0] == {k: row[k] for k in row["candidates"][0]}
        # Pan is positive to the left of the middle, tilt above it.
        assert (row["pan_rad"] > 0) == (row["u"] < (WIDTH - 1) / 2)
        assert (row["tilt_rad"] > 0) == (row["v"] < (HEIGHT - 1) / 2)


def test_pictures_of_the_clip_have_its_shape(tmp_path):
    folder = run_trail(write_clip(tmp_path / "a.mp4", 40), tmp_path / "out").folder
    assert cv2.imread(str(folder / "heatmap.png")).shape == (HEIGHT, WIDTH, 3)
    sheet = cv2.imread(str(folder / "sheet.png"))
    assert sheet.shape == (4 * (HEIGHT + 8) + 8, 4 * (WIDTH + 8) + 8, 3)
    middles = [sheet[8 + HEIGHT // 2, 8 + WIDTH // 2 + k * (WIDTH + 8)] for k in range(4)]
    assert len({tuple(pixel) for pixel in middles}) == 4  # other moments look otherwise


@pytest.mark.parametrize("kind", [raw, compressed])
@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_bags_go_in(tmp_path, kind, storage):
    records = [kind(k) for k in range(15)]
    records += [camera_info(k) for k in range(15)]
    bag = write_bag(tmp_path / "ride", sorted(records, key=lambda r: r.log_ns), storage)
    summary = run_trail(bag, tmp_path / "out", storage=storage)
    rows = rows_of(summary.folder)
    assert [row["stamp_ns"] for row in rows] == [START_NS + k * PERIOD_NS for k in range(15)]
    assert summary.content["camera"] == "calibrated"
    assert summary.content["source"]["kind"] == "bag"
    assert summary.content["sound"] == "none"
    times = [time for time, _ in packets(summary.folder / "overlay.mp4", "video")]
    assert [float(t) for t in times] == pytest.approx([k * PERIOD_NS / 1e9 for k in range(15)])


def test_a_damaged_message_costs_its_frame_and_is_told(tmp_path):
    records = [cut_off(raw(k)) if k in (3, 12) else raw(k) for k in range(16)]
    bag = write_bag(tmp_path / "ride", records)
    summary = run_trail(bag, tmp_path / "out", piece_frames=4)
    assert [row["frame"] for row in rows_of(summary.folder)] == [
        k for k in range(16) if k not in (3, 12)
    ]
    assert [bad["frame"] for bad in summary.content["left_out"]] == [3, 12]
    assert TOPIC in summary.content["source"]["name"]


def test_folders_of_pictures_go_in(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for k in range(7):
        picture = np.full((37, 63, 3), 30 * k, np.uint8)  # odd sizes
        cv2.imwrite(str(folder / f"f{k}.png"), picture)
    summary = run_trail(folder, tmp_path / "out", folder_rate_hz=10.0)
    assert summary.content["duration_s"] == pytest.approx(0.7)
    camera = "assumed to be 60 degrees wide: the input has no calibration"
    assert summary.content["camera"] == camera
    with av.open(str(summary.folder / "overlay.mp4")) as container:
        picture = next(container.decode(video=0))
    assert (picture.height, picture.width) == (38, 64)
