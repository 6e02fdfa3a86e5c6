# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A predictor with sound: a stream gives what the clip gives, and silence never stops it."""

import threading

import numpy as np
import pytest
import torch
from window_reader import Listener, WindowReader, slot_values

from vinet_ros.errors import SoundError, VinetError
from vinet_ros.networks import create_model
from vinet_ros.preprocess import normalize_frames, resize_rgb
from vinet_ros.runtime import SharedNetworks, create_executor
from vinet_ros.runtime.benchmark_paths import drifting_noise, seed_weights
from vinet_ros.streaming import ChunkKind, HearingState, Predictor
from vinet_ros.streaming.sound_excerpts import FrameBounds

S = 1_000_000_000
STEP = S // 10  # the listener's rate
RATE = 22_050


def gray(value=9):
    return np.full((8, 16, 3), value, np.uint8)


def listener(**options):
    return Predictor(Listener(), path="torch", **options)


def loudness(saliency):
    """Loudest sample of the sixteen stretches of the network's sound."""
    return saliency.values[1]


def noise(seconds, level=0.5, rate_hz=RATE, seed=0):
    values = np.random.default_rng(seed).uniform(-level, level, round(seconds * rate_hz))
    return values.astype(np.float32)


def follow(predictor, seconds, sound, rate_hz=RATE, frames=gray):
    """Push a second of frames and sound in turn, as they come; return the newest map."""
    size = rate_hz // 10
    for k in range(round(seconds * 10)):
        predictor.push_frame(frames(), k * STEP)
        predictor.push_audio(sound[k * size : (k + 1) * size], rate_hz, k * STEP)
    return predictor.predict()


@pytest.mark.parametrize(
    ("path", "audio", "fusion"),
    [
        ("torch", "soundnet", "concat"),
        ("openvino", "vggvox", "concat"),
        ("openvino", "avid", "attention"),
    ],
)
def test_a_stream_with_sound_equals_the_clip(path, audio, fusion):
    torch.manual_seed(0)
    model = seed_weights(create_model("avinet", fusion=fusion, audio=audio), seed=3).eval()
    model.input_size = (64, 96)
    form = model.sound_form
    rate = form.rate_hz
    count, frame_rate_hz = 36, 25.0
    frames = drifting_noise((1, count, 96, 128, 3), seed=5)[0]
    recording = noise(count / frame_rate_hz + 0.1, rate_hz=rate)
    bounds = FrameBounds.of(count, frame_rate_hz, len(recording), rate)
    predictor = Predictor(model, path=path, window_rate_hz=frame_rate_hz, threads=1)
    resized = np.stack([resize_rgb(frame, (64, 96)) for frame in frames])
    expected = {}
    for k in (10, 31, 35):
        first = max(k - 31, 0)
        clip = normalize_frames(resized[[max(k - 31 + t, 0) for t in range(32)]])
        sound = form.make(bounds.excerpt(recording, first, k - first + 1))
        with torch.inference_mode():
            inputs = torch.from_numpy(clip)[None], torch.from_numpy(sound)[None]
            expected[k] = model(*inputs)[0].numpy()
            silent = model(inputs[0])[0].numpy()
        assert np.abs(expected[k] - silent).max() > 1e-4  # else sound would not show
    size, pushed = 700, 0
    for k, frame in enumerate(frames):
        stamp_ns = round(k * S / frame_rate_hz)
        predictor.push_frame(frame, stamp_ns)
        while pushed < min((k + 1) / frame_rate_hz * rate, len(recording)):
            chunk = recording[pushed : pushed + size]
            predictor.push_audio(chunk, rate, round(pushed * S / rate))
            pushed += size
        if k in expected:
            saliency = predictor.predict()
            assert saliency.stamp_ns == stamp_ns
            np.testing.assert_allclose(saliency.values, expected[k], atol=1e-5)
    assert predictor.hearing.counters.heard == 3


def test_the_sound_of_the_window_is_heard_in_its_middle():
    predictor = listener()
    saliency = follow(predictor, 2.0, noise(2.0))
    heard = loudness(saliency)
    assert heard[8] > 0.4  # 8820 samples of 70560 stand in the middle
    assert heard[7] > 0.4
    assert not heard[:6].any()
    assert not heard[10:].any()
    status = predictor.hearing.status
    assert (status.state, status.rate_hz, status.channels) == (HearingState.HEARD, RATE, 1)
    assert status.share == 1.0
    assert status.peak == pytest.approx(0.5, abs=0.01)
    assert status.lag_s == pytest.approx(-0.1, abs=1e-4)


def test_without_sound_it_goes_on_with_silence_and_says_so():
    predictor = listener()
    predictor.push_frame(gray(33), 0)
    saliency = predictor.predict()
    assert slot_values(saliency.values) == [33] * 4
    assert not loudness(saliency).any()
    status = predictor.hearing.status
    assert (status.state, status.lag_s, status.rate_hz) == (HearingState.NOTHING, None, None)
    assert predictor.hearing.counters.nothing == 1


def test_late_sound_is_silence_and_says_so():
    predictor = listener()
    follow(predictor, 1.0, noise(1.0))
    for k in range(10, 13):  # sound stops, frames go on
        predictor.push_frame(gray(), k * STEP)
    assert loudness(predictor.predict()).max() > 0.1
    assert predictor.hearing.status.state is HearingState.INCOMPLETE
    assert predictor.hearing.status.lag_s == pytest.approx(0.2, abs=1e-3)
    for k in range(13, 18):
        predictor.push_frame(gray(), k * STEP)
    assert not loudness(predictor.predict()).any()
    assert predictor.hearing.status.state is HearingState.NOTHING
    assert "silence instead" in predictor.hearing.status.state.value
    counters = predictor.hearing.counters
    assert (counters.heard, counters.incomplete, counters.nothing) == (1, 1, 1)


def test_silence_that_comes_in_is_told_from_none():
    predictor = listener()
    follow(predictor, 1.0, np.zeros(RATE, np.float32))
    assert predictor.hearing.status.state is HearingState.SILENT
    assert predictor.hearing.counters.silent == 1


@pytest.mark.parametrize("kind", ["hour ahead", "hour behind"])
def test_a_clock_of_its_own_is_named(kind):
    predictor = listener()
    offset_ns = 3600 * S * (1 if kind == "hour ahead" else -1)
    for k in range(10):
        predictor.push_frame(gray(), k * STEP)
        predictor.push_audio(noise(0.1), RATE, k * STEP + offset_ns)
    assert not loudness(predictor.predict()).any()
    status = predictor.hearing.status
    assert status.state is HearingState.NOTHING
    assert status.lag_s == pytest.approx(-offset_ns / S, abs=1)


def test_the_offset_moves_the_sound():
    clicks = np.zeros(2 * RATE, np.float32)
    clicks[round(1.7 * RATE)] = 1.0
    places = []
    for offset_s in (0.0, 0.1):
        predictor = listener(audio_offset_s=offset_s)
        follow(predictor, 2.0, clicks)
        span = predictor._window.span()
        places.append(int(np.argmax(predictor.hearing.excerpt(span))))
    assert places[1] - places[0] == pytest.approx(0.1 * RATE, abs=1)
    with pytest.raises(ValueError, match="offset must be finite"):
        listener(audio_offset_s=float("nan"))


def test_every_rate_and_number_of_channels_is_heard():
    maps = []
    for rate_hz, channels in ((16_000, 1), (44_100, 2), (48_000, 4)):
        time_s = np.arange(2 * rate_hz) / rate_hz
        tone = (0.5 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)
        sound = tone if channels == 1 else np.stack([tone] * channels, axis=1)
        maps.append(loudness(follow(listener(), 2.0, sound, rate_hz)))
    np.testing.assert_allclose(maps[1], maps[0], atol=2e-3)
    np.testing.assert_allclose(maps[2], maps[0], atol=2e-3)


def test_every_frame_as_a_slot_spans_the_frames_that_there_are():
    predictor = listener(window_rate_hz=-1, max_gap_s=10)
    for k, stamp_ns in enumerate((0, 3 * STEP, 6 * STEP, 9 * STEP, 12 * STEP)):
        predictor.push_frame(gray(), stamp_ns)
        span = predictor._window.span()
        assert span.first_ns == max(k - 3, 0) * 3 * STEP
        assert span.last_ns == stamp_ns
        assert span.period_s == (0.3 if k else 0.0)
    predictor.push_audio(noise(1.5), RATE, 0)
    assert loudness(predictor.predict()).any()


def test_one_frame_stands_for_its_share_of_a_second():
    predictor = listener(window_rate_hz=-1)
    predictor.push_audio(noise(1.0), RATE, 0)
    predictor.push_frame(gray(), S // 2)
    heard = loudness(predictor.predict())
    assert heard[7:9].any()
    assert predictor.hearing.counters.heard == 1


def test_what_is_no_sound_is_refused_and_the_rest_goes_on():
    predictor = listener()
    for bad, rate_hz, stamp_ns, message in (
        (np.zeros(10, np.int16), RATE, 0, "divide 16-bit"),
        (noise(0.1), 10, 0, "rate of 1000"),
        (noise(0.1), RATE, 0.5, "whole number of nanoseconds"),
    ):
        with pytest.raises(SoundError, match=message):
            predictor.push_audio(bad, rate_hz, stamp_ns)
    assert follow(predictor, 1.0, noise(1.0)) is not None
    assert predictor.hearing.audio_counters.refused == 2
    with pytest.raises(VinetError, match="WindowReader takes no audio"):
        Predictor(WindowReader(), path="torch").push_audio(noise(0.1), RATE, 0)


def test_unstamped_sound_follows_the_one_before():
    predictor = listener()
    assert predictor.push_audio(noise(0.1), RATE, 0) is ChunkKind.STARTED
    assert predictor.push_audio(noise(0.1), RATE, None) is ChunkKind.UNSTAMPED
    assert predictor.hearing.audio_counters.unstamped == 1


def test_reset_forgets_sound_too():
    predictor = listener()
    follow(predictor, 1.0, noise(1.0))
    predictor.reset()
    predictor.push_frame(gray(), 9 * STEP)
    assert not loudness(predictor.predict()).any()


def test_cameras_that_share_a_network_hear_their_own_sound():
    networks = SharedNetworks()
    predictors = [
        Predictor(
            "avinet",
            executor=networks.share(
                "key",
                lambda: create_executor(Listener(), "cpu", path="torch", batches=2),
                f"camera {k}",
            ),
            window_rate_hz=10,
        )
        for k in range(2)
    ]
    maps = [None, None]

    def run(k):
        for _ in range(20):
            predictors[k].reset()
            maps[k] = follow(predictors[k], 1.0, np.full(RATE, 0.3 + 0.4 * k, np.float32))
            assert loudness(maps[k]).max() == pytest.approx(0.3 + 0.4 * k, abs=0.01)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [round(float(loudness(values).max()), 1) for values in maps] == [0.3, 0.7]


def test_sound_and_frames_may_come_from_threads_of_their_own():
    predictor = listener()
    stop = threading.Event()
    failures = []

    def listen():
        k = 0
        while not stop.is_set():
            predictor.push_audio(np.full(2205, 0.5, np.float32), RATE, k * STEP)
            k += 1

    thread = threading.Thread(target=listen)
    thread.start()
    for k in range(200):
        predictor.push_frame(gray(), k * STEP)
        values = loudness(predictor.predict())
        if not np.isfinite(values).all() or values.max() > 0.6:
            failures.append(k)
    stop.set()
    thread.join(60)
    assert not failures
    assert (
        sum(
            getattr(predictor.hearing.counters, name)
            for name in ("heard", "silent", "incomplete", "nothing")
        )
        == 200
    )
