# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest
import torch
from chorus import Chorus, chorus_predictor, noise, write_wav
from made_stavis import made_stavis
from made_videos import write_dhf1k, write_sound_set, write_ucf_sports

from vinet_ros.networks import create_model
from vinet_ros.offline.evaluate_sound import SoundInstead
from vinet_ros.offline.evaluate_windows import plan_first_frames, predict_video
from vinet_ros.offline.recordings import read_recording
from vinet_ros.preprocess import (
    INPUT_SIZE,
    STAVIS_PIXELS,
    normalize_frames,
    resize_rgb,
    sound_input,
)
from vinet_ros.streaming import Predictor
from vinet_ros.streaming.audio_regimes import AudioRegimes, Recording
from vinet_ros.streaming.sound_excerpts import FrameBounds
from vinet_ros.training.datasets.layouts import LAYOUTS, find_videos

T = 3


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    network = create_model("vinet_lite", clip_length=T)
    with torch.no_grad():  # motion adds nothing before training; here it shall
        for parameter in network.decoder.parameters():
            if not parameter.any() and parameter.ndim > 1:
                parameter.normal_(0, 0.5)
    return network.eval()


@pytest.fixture(scope="module")
def predictor(model):
    return Predictor(model, path="torch", threads=1, window_rate_hz=-1)


def by_hand(model, record, window):
    frames = np.stack([resize_rgb(record.load_rgb(i), INPUT_SIZE) for i in window])
    with torch.inference_mode():
        return model(torch.from_numpy(normalize_frames(frames))[None])[0].numpy()


def dhf1k(tmp_path, frames):
    return find_videos(write_dhf1k(tmp_path, 0, 1, 0, frames), LAYOUTS["dhf1k"], "val")[0]


def test_the_papers_window_repeats_the_first_frame(tmp_path, model, predictor):
    record = dhf1k(tmp_path, 5)
    found = {p.frame: p for p in predict_video(record, predictor, range(5))}
    windows = {0: (0, 0, 0), 1: (0, 0, 1), 2: (0, 1, 2), 3: (1, 2, 3), 4: (2, 3, 4)}
    assert list(found) == list(windows)
    for frame, window in windows.items():
        np.testing.assert_allclose(found[frame].values, by_hand(model, record, window), atol=1e-5)
        assert found[frame].rgb.shape == (36, 64, 3)


def test_the_authors_first_frames_look_ahead_in_reversed_windows(tmp_path, model, predictor):
    record = dhf1k(tmp_path, 2 * T - 1)
    found = {p.frame: p for p in predict_video(record, predictor, range(5), "authors")}
    windows = {0: (2, 1, 0), 1: (3, 2, 1), 2: (0, 1, 2), 3: (1, 2, 3), 4: (2, 3, 4)}
    assert sorted(found) == list(windows)
    for frame, window in windows.items():
        np.testing.assert_allclose(found[frame].values, by_hand(model, record, window), atol=1e-5)


def test_the_authors_pad_short_videos_of_two_sets_only(tmp_path, model, predictor):
    root = write_ucf_sports(tmp_path, frames=4)
    record = find_videos(root, LAYOUTS["ucf_sports"], "test")[0]
    found = {p.frame: p for p in predict_video(record, predictor, range(4), "authors")}
    # Four frames and T = 3: the first two look ahead, frame 1 as well though it could look back.
    windows = {0: (2, 1, 0), 1: (3, 2, 1), 2: (0, 1, 2), 3: (1, 2, 3)}
    for frame, window in windows.items():
        np.testing.assert_allclose(found[frame].values, by_hand(model, record, window), atol=1e-5)
    short = dhf1k(tmp_path / "dhf1k", 4)
    none = list(predict_video(short, predictor, range(4), "authors"))
    assert [p.values for p in none] == [None] * 4
    assert none[0].reason == "4 frames, the authors' code needs 5 (--first-frames paper)"


def test_unreadable_frames_are_said_and_the_window_goes_on(tmp_path, model, predictor):
    record = dhf1k(tmp_path, 4)
    record.frames[1].write_bytes(b"broken")
    record.frames[3].unlink()
    found = {p.frame: p for p in predict_video(record, predictor, range(4))}
    assert "not a readable image" in found[1].reason
    assert "no such file" in found[3].reason
    np.testing.assert_allclose(found[2].values, by_hand(model, record, (0, 0, 2)), atol=1e-5)


def test_only_wanted_frames_are_given(tmp_path, predictor):
    record = dhf1k(tmp_path, 5)
    assert [p.frame for p in predict_video(record, predictor, range(0, 5, 2))] == [0, 2, 4]
    alone = list(predict_video(record, None, [3]))
    assert [(p.frame, p.values, p.reason) for p in alone] == [(3, None, "no network")]


@pytest.mark.parametrize(
    ("set_name", "frames", "ahead"),
    [
        *(("dhf1k", 63, 31), ("dhf1k", 500, 31), ("diem", 63, 31)),
        *(("hollywood2", 31, 0), ("hollywood2", 32, 1), ("hollywood2", 40, 9)),
        *(("ucf_sports", 62, 31), ("ucf_sports", 63, 31), ("ucf_sports", 90, 31)),
    ],
)
def test_how_many_frames_of_vinet_look_ahead(set_name, frames, ahead):
    plan = plan_first_frames("authors", set_name, frames, 32)
    assert (plan.looking_ahead, plan.why_none) == (ahead, "")
    assert plan_first_frames("paper", set_name, frames, 32).looking_ahead == 0


def test_short_videos_and_unknown_rules_are_said():
    assert "62 frames" in plan_first_frames("authors", "diem", 62, 32).why_none
    with pytest.raises(ValueError, match="no rule 'both' for first frames; rules: paper, authors"):
        plan_first_frames("both", "diem", 62, 32)


def sound_record(tmp_path, frames):
    root = write_sound_set(tmp_path, "DIEM", folds=1, frames=frames)
    record = find_videos(root, LAYOUTS["diem"], "test", "1")[0]
    write_wav(record.audio, noise(frames / record.fps, 1))
    return record


@pytest.mark.parametrize("rule", ["paper", "authors"])
def test_a_network_that_hears_gets_the_videos_sound(tmp_path, rule):
    frames = 2 * Chorus.clip_length
    record = sound_record(tmp_path, frames)
    ahead = Chorus.clip_length - 1 if rule == "authors" else 0
    notes: list[str] = []
    evaluated = predict_video(record, chorus_predictor(-1), range(frames), rule, notes.append)
    found = {p.frame: p.values for p in evaluated}
    sound = read_recording(record.audio)
    for order in [range(frames), range(2 * ahead - 1, -1, -1)][: 1 + bool(ahead)]:
        predictor, deaf = chorus_predictor(-1), chorus_predictor(-1)
        backward = order.step < 0
        heard = sound[: round(len(order) * 22050 / record.fps)][::-1] if backward else sound
        predictor.push_audio(heard, 22050, 0)
        predictor.hearing.finish()
        for place, frame in enumerate(order):
            for some in (predictor, deaf):
                some.push_frame(record.load_rgb(frame), record.stamp_ns(place))
            if (frame < ahead) == backward:
                expected = predictor.predict().values
                np.testing.assert_allclose(found[frame], expected, atol=1e-5)
                assert np.abs(expected - deaf.predict().values).max() > 1e-3
    assert not notes


def test_a_video_without_its_sound_is_predicted_with_silence_and_says_so(tmp_path):
    record = sound_record(tmp_path, 4)
    record.audio.unlink()
    notes: list[str] = []
    found = list(predict_video(record, chorus_predictor(-1), range(4), tell=notes.append))
    assert all(p.values is not None for p in found)
    (note,) = notes
    assert note.startswith("silence from 0.0 s on") and record.audio.name in note


def test_stavis_takes_a_clip_for_its_middle_as_its_authors_do(tmp_path):
    root = write_sound_set(tmp_path, "AVAD", frames=20)
    record = find_videos(root, LAYOUTS["avad"], "test", "1")[0]
    write_wav(record.audio, noise(0.8, seed=1))
    network = made_stavis()
    network.input_size = (32, 48)
    predictor = Predictor(network, path="torch", threads=1, window_rate_hz=-1)
    found = {p.frame: p for p in predict_video(record, predictor, range(20), "authors")}
    assert all(found[frame].values is None for frame in range(8))
    assert found[7].reason.startswith("no clip has its middle here; the first is the 9th frame's")
    recording = read_recording(record.audio)
    bounds = FrameBounds.of(20, record.fps, len(recording), 22050)
    # Clips from frame 0, 3 and 8; the last begins anew after twelve frames.
    clips = {8: range(16), 11: range(3, 19), 16: (*range(8, 20), *range(8, 12))}
    for frame, window in clips.items():
        rgb = np.stack([resize_rgb(record.load_rgb(i), (32, 48)) for i in window])
        clip = torch.from_numpy(normalize_frames(rgb, STAVIS_PIXELS))[None]
        excerpt = bounds.excerpt(recording, window[0], window[-1] - window[0] + 1)
        sound = torch.from_numpy(sound_input(excerpt, (1, 1, 35280)))[None]
        with torch.inference_mode():
            wanted = network(clip, sound)[0].numpy()
        np.testing.assert_allclose(found[frame].values, wanted, atol=1e-4)
        assert found[frame].of_middle and found[frame].rgb.shape == (36, 64, 3)
    nothing = Recording("nothing", lambda: recording)
    instead = SoundInstead(AudioRegimes(), "zero", nothing, record.fps, 22050)
    with torch.inference_mode():
        silent = network(clip)[0].numpy()
    (deaf,) = predict_video(record, predictor, [16], "authors", instead=instead)
    np.testing.assert_allclose(deaf.values, silent, atol=1e-4)
    assert np.abs(deaf.values - found[16].values).max() > 1e-3
    causal = list(predict_video(record, predictor, [19]))
    assert not causal[0].of_middle and causal[0].values.shape == (32, 48)
