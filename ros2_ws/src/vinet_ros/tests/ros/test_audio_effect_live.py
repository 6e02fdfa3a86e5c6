# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What sound changes, measured beside the predictions: when, of what, and what it says else."""

import numpy as np
import pytest
from chorus import chorus_predictor, noise

from vinet_ros.errors import VinetError
from vinet_ros.metrics import cc
from vinet_ros.ros.audio_effect import AudioEffect

SECOND = 1_000_000_000


class Stream:
    """A predictor with frames and, if asked, sound."""

    def __init__(self, loud=1.0):
        self.predictor = chorus_predictor()
        self.draw = np.random.default_rng(0)
        self.frames = 0
        self.predictor.push_audio((loud * noise(3.0, 1)).astype(np.float32), 22_050, 0)

    def predict(self):
        for _ in range(5):
            picture = self.draw.integers(0, 256, (18, 32, 3), dtype=np.uint8)
            self.predictor.push_frame(picture, self.frames * SECOND // 15)
            self.frames += 1
        return self.predictor.predict()


def test_it_compares_the_same_window_with_silence_once_a_period():
    stream, period_s, told = Stream(), [0.0], []
    effect = AudioEffect(lambda: period_s[0], told.append)
    effect.follow(stream.predictor, stream.predict())
    assert effect.health().runs == 0  # a period of 0: never
    period_s[0] = 600.0
    real = stream.predict()
    effect.follow(stream.predictor, real)
    silent = stream.predictor.predict_again(np.zeros(0, np.float32))
    for _ in range(2):  # too early for another one
        effect.follow(stream.predictor, stream.predict())
    health = effect.health()
    assert (health.runs, health.state) == (1, "measured")
    assert health.cc == pytest.approx(float(cc(real.values, silent.values)), abs=1e-9)
    assert health.cc < 0.999 and 0 <= health.age_s < 60
    period_s[0] = 1e-9  # changed while it runs
    effect.follow(stream.predictor, stream.predict())
    assert effect.health().runs == 2 and told == []


def test_silence_is_not_compared_with_silence():
    stream = Stream(loud=0.0)
    effect = AudioEffect(lambda: 1.0, lambda text: None)
    effect.follow(stream.predictor, stream.predict())
    assert effect.health().state == "no sound to compare with silence"
    assert effect.health().cc is None and effect.health().runs == 0


@pytest.mark.parametrize("error", [VinetError("NaN"), RuntimeError("CUDA is full\nadvice")])
def test_an_error_is_told_and_waits_for_the_next_period(error, monkeypatch):
    stream, told = Stream(), []
    effect = AudioEffect(lambda: 600.0, told.append)
    saliency = stream.predict()

    def fail(*_):
        raise error

    monkeypatch.setattr(stream.predictor.executor, "predict", fail)
    for _ in range(2):
        effect.follow(stream.predictor, saliency)
    first_line = str(error).split("\n", maxsplit=1)[0]
    assert told == [f"failed: {first_line}"] == [effect.health().state]
