# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet audio-effect``: what a network's maps owe to the sound.

Each window is predicted with the clip's own sound and with those that stand in for it
(:mod:`vinet_ros.streaming.audio_regimes`); the maps are compared with the first one's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import DataError, SoundError
from vinet_ros.metrics import cc, sim
from vinet_ros.offline.audio_effect_maps import Pictures, pictures_of
from vinet_ros.offline.audio_effect_network import check_hears, load_hearing
from vinet_ros.offline.audio_effect_request import AudioEffectRequest
from vinet_ros.offline.audio_effect_sources import Subject, Subjects, find_subjects
from vinet_ros.offline.clip_sound import ClipSound
from vinet_ros.offline.evaluate_lots import Truth
from vinet_ros.offline.evaluate_videos import score_map
from vinet_ros.offline.frames import NS_PER_S, BadRecord, Frame, FrameSource
from vinet_ros.offline.predict.stream import stamp_of
from vinet_ros.preprocess import resize_rgb
from vinet_ros.runtime.two_step import TwoStepExecutor
from vinet_ros.streaming import Predictor
from vinet_ros.streaming.audio_regimes import REAL, REGIMES, SHUFFLED, AudioRegimes
from vinet_ros.training.score_table import LeftOut, Maps

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Norms:
    """L2 norms of one feature.

    Attributes:
        whole: Of all its values.
        pooled: Of its channels' largest values over time and place, (C,).
    """

    whole: float
    pooled: float

    @classmethod
    def of(cls, feature: NDArray[np.float32]) -> Norms:
        """Return the norms of a feature (1, C, ...)."""
        channels = feature[0].reshape(feature.shape[1], -1).astype(np.float64)
        return cls(float(np.linalg.norm(channels)), float(np.linalg.norm(channels.max(axis=1))))


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One window with one sound.

    Attributes:
        clip: Its name.
        frame: Number of the window's newest frame, from 0.
        time_s: Of that frame.
        regime: Which sound, of :data:`~vinet_ros.streaming.audio_regimes.REGIMES`.
        cc: Of the map to that with the real sound; NaN where one is constant.
        sim: Likewise.
        sound: Norms of the fusion's input from the sound: the last features of the sound encoder.
        sight: Norms of its other input: the deepest visual features.
        scores: Against people, by metric; empty where nobody knows.
    """

    clip: str
    frame: int
    time_s: float
    regime: str
    cc: float
    sim: float
    sound: Norms
    sight: Norms
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The window whose maps differ most, to be shown.

    Attributes:
        clip: Its name.
        time_s: Of its newest frame.
        rgb: That frame (h, w, 3).
        maps: (h, w) by regime.
    """

    clip: str
    time_s: float
    rgb: NDArray[np.uint8]
    maps: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class AudioEffect:
    """All that was measured in one run.

    Attributes:
        request: What was asked for.
        facts: What ran, for people.
        subjects: The clips.
        trained: Whether the weights were.
        options: Of the network.
        rows: One a window and sound, in the clips' order.
        steps: Frames from one prediction to the next, by clip.
        shuffled_from: Whose sound stood in for a clip's, by clip.
        left_out: What there is nothing of, and why.
        sample: None where no window has a CC.
    """

    request: AudioEffectRequest
    facts: Mapping[str, str]
    subjects: Subjects
    trained: bool
    options: Mapping[str, object]
    rows: tuple[EffectRow, ...]
    steps: Mapping[str, int]
    shuffled_from: Mapping[str, str]
    left_out: tuple[LeftOut, ...]
    sample: Sample | None

    @property
    def regimes(self) -> tuple[str, ...]:
        """The sounds that there are rows of, in their order."""
        there = {row.regime for row in self.rows}
        return tuple(regime for regime in REGIMES if regime in there)


def measure_audio_effect(
    request: AudioEffectRequest, progress: Progress = lambda name, done, total: None
) -> AudioEffect:
    """Predict the windows of all clips with all sounds, and compare the maps.

    Args:
        request: What to measure.
        progress: For a progress bar: clip, frames done, frames there are.

    Raises:
        DataError: If no clip has sound and can be predicted, with the reasons.
        WeightsError: If the weights are missing or do not fit.
        VinetError: If the network takes no sound.
        ValueError: If the request names something that there is not.
    """
    check_hears(request.model)
    subjects = find_subjects(request)
    predictor, trained, options = load_hearing(request, in_set=bool(subjects.set_name))
    form = predictor.executor.traits.sound_form
    assert form is not None, "check_hears let it pass"
    try:
        subjects = subjects.at_rate(form.rate_hz)
        return _Measurement(request, subjects, predictor, progress).run(trained, options)
    finally:
        predictor.close()


@dataclass
class _Measurement:
    """The work on all clips."""

    request: AudioEffectRequest
    subjects: Subjects
    predictor: Predictor
    progress: Progress
    rows: list[EffectRow] = field(default_factory=list)
    steps: dict[str, int] = field(default_factory=dict)
    shuffled_from: dict[str, str] = field(default_factory=dict)
    sample: Sample | None = None
    least_cc: float = np.inf

    def __post_init__(self) -> None:
        request, others = self.request, self.subjects.others
        self.sounds = AudioRegimes(request.seed, others, request.normal_std)
        self.left_out = list(self.subjects.left_out)

    def run(self, trained: bool, options: Mapping[str, object]) -> AudioEffect:
        """Go through the clips."""
        for subject in self.subjects.clips:
            try:
                with subject.open() as source:
                    self._measure_clip(subject, source)
            except DataError as error:
                self.left_out.append(LeftOut("", subject.own.name, str(error)))
        if not self.rows:
            raise DataError("; ".join(dict.fromkeys(o.reason for o in self.left_out)))
        executor, card = self.predictor.executor, self.predictor.card
        facts = {
            "clips": self.subjects.title or ", ".join(self.steps),
            "model": " ".join([self.request.model, *(f"{k}={v}" for k, v in options.items())]),
            "weights": f"{card.file}, sha256 {card.sha256}" if card else "random, untrained",
            "device": f"{executor.device}, {executor.name}",
            "maps": "8-bit, as the authors save" if self.request.eight_bit else "as they are",
            "seed": str(self.request.seed),
        }
        return AudioEffect(
            self.request,
            facts,
            self.subjects,
            trained,
            options,
            tuple(self.rows),
            self.steps,
            self.shuffled_from,
            tuple(self.left_out),
            self.sample,
        )

    def _measure_clip(self, subject: Subject, source: FrameSource) -> None:
        name, info = subject.own.name, source.info
        regimes = self._regimes_of(subject)
        step = self.steps[name] = self.request.step_of(info.rate_hz, info.frame_count)
        before = len(self.rows)
        for frame in self._heard_frames(source, name):
            if (frame.index + 1) % step == 0:
                self._measure_window(subject, frame, regimes)
            self.progress(name, frame.index + 1, info.frame_count)
        if len(self.rows) == before:
            raise DataError(f"{name} has no frame that can be predicted, of every {step}")

    def _regimes_of(self, subject: Subject) -> tuple[str, ...]:
        name, wanted = subject.own.name, self.request.regimes
        if SHUFFLED not in wanted:
            return wanted
        try:
            self.shuffled_from[name] = self.sounds.other_of(subject.own)[0].name
        except SoundError as error:
            self.left_out.append(LeftOut(SHUFFLED, name, str(error)))
            return tuple(regime for regime in wanted if regime != SHUFFLED)
        return wanted

    def _heard_frames(self, source: FrameSource, name: str) -> Iterator[Frame]:
        """Yield each frame once it is in the window, and its sound is too."""

        def leave_out(bad: BadRecord) -> None:
            self.left_out.append(LeftOut("", f"{name}, frame {bad.index}", bad.reason))

        self.predictor.configure_window()
        sound = ClipSound(source, self.predictor)
        for frame in source.frames(decode=True, on_bad=leave_out):
            self.predictor.push_frame(frame.rgb(), stamp_of(frame))
            sound.feed(frame.time_ns)
            yield frame
        if sound.silent:
            self.left_out.append(LeftOut(REAL, name, sound.note))

    def _measure_window(self, subject: Subject, frame: Frame, regimes: tuple[str, ...]) -> None:
        executor = self.predictor.executor
        assert isinstance(executor, TwoStepExecutor)
        rgb, maps = frame.rgb(), {}
        people = subject.people.at(frame.index) if subject.people is not None else None
        reference: Maps | None = None
        least = np.inf
        for regime in regimes:
            maps[regime] = self._map(subject, frame, regime)
            shown = self._pictures(maps[regime], (rgb.shape[0], rgb.shape[1]))
            reference = shown.compared if reference is None else reference
            assert executor.heard is not None and executor.seen is not None
            row = EffectRow(
                subject.own.name,
                frame.index,
                frame.time_ns / NS_PER_S,
                regime,
                float(cc(shown.compared, reference)),
                float(sim(shown.compared, reference)),
                Norms.of(executor.heard),
                Norms.of(executor.seen),
                _scores(shown.scored, people),
            )
            self.rows.append(row)
            least = min(least, row.cc) if np.isfinite(row.cc) else least
        if least < self.least_cc:
            self.least_cc = least
            small = resize_rgb(rgb, executor.input_size)
            self.sample = Sample(subject.own.name, frame.time_ns / NS_PER_S, small, maps)

    def _map(self, subject: Subject, frame: Frame, regime: str) -> NDArray[np.float32]:
        if regime == REAL:
            saliency = self.predictor.predict()
        else:
            real = self.predictor.newest_excerpt
            assert real is not None, "the real sound comes first"
            sound = self.sounds.sound(regime, real, subject.own, frame.index)
            saliency = self.predictor.predict_again(sound)
        assert saliency is not None, "a window that repeats its first frame is never empty"
        return saliency.values

    def _pictures(self, values: NDArray[np.float32], size: tuple[int, int]) -> Pictures:
        of_stavis = self.predictor.executor.traits.map_frame is not None
        return pictures_of(values, size, eight_bit=self.request.eight_bit, small=of_stavis)


def _scores(values: Maps, people: Truth | None) -> Mapping[str, float]:
    return {} if people is None else score_map(values, people)
