# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What networks hear in training: the clip's own sound, and what stands in for it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soxr
from chorus import sounding_videos
from fill import samples
from made_videos import write_dhf1k
from scipy.io import wavfile

from vinet_ros.errors import DataError
from vinet_ros.sound_forms import VGGVOX_SPECTROGRAM
from vinet_ros.streaming.audio_regimes import NORMAL, REAL, SHUFFLED, WOLFRAM, ZERO
from vinet_ros.streaming.sound_excerpts import FrameBounds
from vinet_ros.training.clip_sounds import ClipSounds, recording_of
from vinet_ros.training.datasets.layouts import LAYOUTS, find_videos
from vinet_ros.training.datasets.sound_files import load_sound
from vinet_ros.training.datasets.video_check import require_files
from vinet_ros.training.datasets.video_records import VideoRecord
from vinet_ros.training.video_samples import ClipSampling, ValidationClips, VideoClips

FRAMES = 12


def video(audio, frames, fps, name="video"):
    names = tuple(Path(f"{i}.jpg") for i in range(frames))
    return VideoRecord(name, "diem", "train", names, names, (), fps, audio)


@pytest.fixture
def records(tmp_path):
    return sounding_videos(tmp_path, FRAMES)


def test_the_real_sound_is_cut_as_by_the_authors_loader(golden, tmp_path):
    with np.load(golden / "audio_window_vinet.npz") as file:
        expected = dict(file)
    cases = [c for c in json.loads(str(expected["meta"]))["cases"] if c["Fs"] == 22050]
    assert cases
    for case in cases:
        count = int(case["Fs"] * case["seconds"])
        whole = np.random.default_rng(case["seed"]).integers(-32768, 32768, count)
        path = tmp_path / f"{case['video']}.wav"
        wavfile.write(path, case["Fs"], whole.astype(np.int16))
        record = video(path, case["n_frames"], case["fps"])
        first = case["start_idx"]
        newest = min(first + 31, case["n_frames"] - 1)
        heard = ClipSounds(REAL, 0, [record]).of(record, first, newest).numpy()
        name = f"{case['video']}_{first}"
        assert np.flatnonzero(heard)[[0, -1]].tolist() == (
            expected[f"{name}__first_last_nonzero"].tolist()
        )
        np.testing.assert_allclose(
            samples(name, heard, 128), expected[f"{name}__samples"], rtol=0, atol=1e-4
        )


def test_regimes_repeat_by_seed_and_draw_anew_each_epoch(records):
    for regime in (NORMAL, WOLFRAM, SHUFFLED):
        heard = ClipSounds(regime, 3, records).of(records[0], 2, 9, draw=1)
        assert heard.shape == (1, 70560, 1)
        assert (ClipSounds(regime, 3, records).of(records[0], 2, 9, draw=1) == heard).all()
        assert (ClipSounds(regime, 4, records).of(records[0], 2, 9, draw=1) != heard).any()
        drawn = [ClipSounds(regime, 3, records).of(records[0], 2, 9, draw=k) for k in range(4)]
        assert len({float(sound.sum()) for sound in drawn}) == 4
    assert not ClipSounds(ZERO, 0, records).of(records[0], 2, 9).any()


def test_samples_carry_the_sound_of_their_frames(records):
    sampling = ClipSampling(4, height=32, width=64, audio=SHUFFLED)
    sounds = ClipSounds(SHUFFLED, 0, records)
    trained = VideoClips(records, sampling, 0, sounds=sounds)[(1, 0)]["audio"]
    assert any(
        (trained == sounds.of(records[0], newest - 3, newest, 1)).all()
        for newest in range(3, FRAMES)
    )
    held = ValidationClips(records[2:], sampling, sounds=sounds)
    assert (held[0]["audio"] == sounds.of(records[2], 0, 3)).all()
    alone = ClipSounds(SHUFFLED, 0, records[:1])
    with pytest.raises(DataError, match="no sound to shuffle in for avad train"):
        VideoClips(records, sampling, 0, sounds=alone)[(0, 0)]


def test_videos_without_sound_hear_noise_of_a_chosen_strength(tmp_path):
    silent = find_videos(write_dhf1k(tmp_path), LAYOUTS["dhf1k"], "train")
    heard = ClipSounds(NORMAL, 0, silent, 0.1).of(silent[0], 0, 11).numpy()
    loud = heard[heard != 0]
    assert len(loud) == pytest.approx(12 / 30 * 22050, rel=0.05)
    assert np.abs(loud).max() > 20  # of 256
    with pytest.raises(DataError, match=r"0001: has no sound to learn from; --audio zero needs"):
        require_files(silent, fixations=False, sound=True)


def test_a_missing_or_damaged_sound_is_named(records):
    records[1].audio.write_bytes(b"RIFF")
    with pytest.raises(DataError, match=f"{records[1].audio.name}: not a readable .wav"):
        load_sound(records[1].audio)
    records[1].audio.unlink()
    with pytest.raises(DataError, match=f"{records[1].audio.name}: missing or empty"):
        require_files(records, fixations=False, sound=True)
    require_files(records, fixations=False)
    ClipSounds(ZERO, 0, records).of(records[1], 0, 3)  # is not asked for it


def test_any_format_becomes_mono_at_the_networks_rate(tmp_path):
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)
    for name, values in {
        "int16": np.stack([tone * 32767, 0 * tone], axis=1).astype(np.int16),
        "float": np.stack([tone, 0 * tone], axis=1).astype(np.float32),
        "uint8": (64 * np.sin(2 * np.pi * 440 * np.arange(44100) / 44100) / 2 + 128).astype("u1"),
    }.items():
        wavfile.write(tmp_path / f"{name}.wav", 44100, values)
        mono = load_sound(tmp_path / f"{name}.wav")
        assert len(mono) == pytest.approx(22050, abs=2)
        assert np.abs(mono[1000:-1000]).max() == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"audio": "loud"}, "no audio regime 'loud'; there are real, zero"),
        ({"audio": "zero", "audio_std": 0.1}, "audio_std is the deviation of 'normal' sound"),
        ({"black_frames": 5}, "black_frames must be 0 to 4"),
    ],
)
def test_a_wrong_sampling_says_what_is_wrong(wrong, message):
    with pytest.raises(ValueError, match=message):
        replace(ClipSampling(4), **wrong)


def test_another_encoder_gets_the_sound_in_its_own_form(records):
    heard = ClipSounds(REAL, 0, records, form=VGGVOX_SPECTROGRAM).of(records[0], 0, 11)
    assert heard.shape == VGGVOX_SPECTROGRAM.shape
    whole = recording_of(records[0]).read()
    at_16_khz = soxr.resample(whole, 22_050, 16_000, quality="HQ")
    bounds = FrameBounds.of(FRAMES, records[0].fps, len(at_16_khz), 16_000)
    expected = VGGVOX_SPECTROGRAM.make(bounds.excerpt(at_16_khz, 0, 12))
    np.testing.assert_allclose(heard.numpy(), expected, atol=0.05)
