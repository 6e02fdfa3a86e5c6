# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What docs/sound_direction.md says, measured: voice gates, directions and what they cost.

Usage: python tests/streaming/direction_bench.py [rooms | gates | cost | gaze] [--seeds N]
"""

import argparse
import time

import numpy as np
from made_rooms import RATE, SPACING_M, heard, speech

from vinet_ros.gaze import PinholeCamera, SoundPrior
from vinet_ros.offline.predict.request import GazeOptions
from vinet_ros.streaming import Predictor
from vinet_ros.streaming.gaze_pipeline import GazePipeline
from vinet_ros.streaming.sound_direction import DirectionFinder, microphone_positions
from vinet_ros.streaming.voice_activity import EnergyGate, SileroGate, silero_file
from vinet_ros.streaming.voice_locator import LEAST_VOICE, SPAN_S, STEP_S, VoiceLocator

WIDTH, HEIGHT = 320, 240
SECONDS, CHUNK = 9.0, round(0.04 * RATE)
PARTS_S = ((0.5, 2.5), (4.0, 5.5), (7.0, 8.5))  # when the voice speaks
TAIL_S = 0.3  # echoes of a voice are neither voice nor none


class NoGate:
    """Takes all for voice."""

    name = "none"

    def start(self, rate_hz):
        self.rest = 0

    def push(self, mono):
        whole, self.rest = divmod(self.rest + len(mono), 512)
        return np.ones(whole, bool)


def nothing(rng, count):
    return np.zeros(count)


def fan(rng, count):
    """Steady noise, louder where it is low, with the hum of a motor."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hz = np.fft.rfftfreq(count, 1 / RATE)
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(hz, 50)), count)
    hum = np.sin(2 * np.pi * rng.uniform(90, 130) * np.arange(count) / RATE)
    return 0.3 * (noise / noise.std() + hum)


def knocks(rng, count):
    """Something is put on a table, now and then twice."""
    sound = np.zeros(count)
    for begin in np.cumsum(rng.uniform(0.15, 0.9, 40)):
        at, length = int(begin * RATE), int(0.08 * RATE)
        if at + length < count:
            decay = np.exp(-np.arange(length) / (rng.uniform(0.005, 0.02) * RATE))
            sound[at : at + length] += rng.standard_normal(length) * decay
    return 2 * sound


def music(rng, count):
    """Notes of a melody, each with harmonics."""
    sound, length = np.zeros(count), int(0.35 * RATE)
    times = np.arange(length) / RATE
    for at in range(0, count - length, length):
        base = 220 * 2 ** (rng.integers(0, 24) / 12)
        note = sum(np.sin(2 * np.pi * base * k * times) / k for k in range(1, 9))
        sound[at : at + length] += note * np.minimum(times / 0.01, 1) * np.exp(-times / 0.3)
    return sound


NOISES = (nothing, fan, knocks, music)


def rooms(seeds):
    """Print the errors of directions of speech alone, RT60 0.3 s, 2 m away, 10 dB over noise."""
    print("| microphones | sound | median error | 90 of 100 within | found |")
    print("|---|---|---|---|---|")
    for channels in (2, 4):
        positions = microphone_positions(channels, SPACING_M)
        finder = DirectionFinder(positions, RATE)
        for length_s in (2.0, SPAN_S):
            errors, asked = [], 0
            for seed in range(seeds):
                for angle_deg in range(-60, 61, 15):
                    sound = heard({angle_deg: speech(2.0, seed)}, positions, seed, 2.0)
                    size = round(length_s * RATE)
                    parts = [sound[at : at + size] for at in range(0, len(sound) - size + 1, size)]
                    found = [finder.find(part) for part in parts]
                    asked += len(parts)
                    errors += [
                        abs(np.rad2deg(f.azimuth_rad) - angle_deg) for f in found if f is not None
                    ]
            median, most = np.quantile(errors, (0.5, 0.9))
            print(
                f"| {channels} | {length_s:.1f} s | {median:.1f} deg | {most:.1f} deg | "
                f"{len(errors) / asked:.0%} |"
            )


def scene(noise, channels, seed):
    """Return what is heard (N, channels), the voice's angle, and its own sound (N,)."""
    rng = np.random.default_rng(1000 + seed)
    angle_deg, count = float(rng.uniform(-60, 60)), round(SECONDS * RATE)
    own = np.zeros(count)
    for k, (begin_s, end_s) in enumerate(PARTS_S):
        part = speech(end_s - begin_s, seed + 8 * k)
        own[round(begin_s * RATE) :][: len(part)] = part
    other_deg = angle_deg - 70 if angle_deg > 0 else angle_deg + 70
    # The other sound is 10 dB below the voice while it speaks.
    signal = noise(rng, count)
    level = np.sqrt(np.mean(own[own != 0] ** 2) / max(np.mean(signal**2), 1e-12) / 10)
    sources = {angle_deg: own, other_deg: level * signal}
    if noise is nothing:
        del sources[other_deg]
    positions = microphone_positions(channels, SPACING_M)
    return heard(sources, positions, seed, SECONDS, 20.0), angle_deg, own


def answers(sound, gate):
    """Yield time, share of voice and direction whenever the locator is asked."""
    locator = VoiceLocator(SPACING_M, gate=gate)
    step = round(STEP_S / 0.04)
    for k in range(len(sound) // CHUNK):
        chunk = sound[k * CHUNK : (k + 1) * CHUNK]
        found = locator.push(chunk, RATE, 1 + round(k * 0.04 * 1e9))
        if k % step == step - 1:
            yield (k + 1) * 0.04, locator.voice, found


def truth(own):
    """Return for each sample whether there is voice, and whether there is none nor its echo."""
    frame = round(0.032 * RATE)
    power = np.square(own[: len(own) // frame * frame].reshape(-1, frame)).mean(axis=1)
    voiced = np.repeat(power > 1e-3 * power.max(), frame)
    late = np.convolve(voiced, np.ones(round(TAIL_S * RATE)))[: len(voiced)] > 0
    return voiced, ~late


def judge(noise, channels, seeds, gate):
    """Return shares of speech found and of none taken for it, and errors in degrees."""
    found, false, errors = [], [], []
    for seed in range(seeds):
        sound, angle_deg, own = scene(noise, channels, seed)
        voiced, silent = truth(own)
        for at_s, share, direction in answers(sound, gate):
            end = round(at_s * RATE)
            span = slice(max(end - round(SPAN_S * RATE), 0), end)
            if voiced[span].mean() > 0.6:
                found.append(share >= LEAST_VOICE)
            elif silent[span].all():
                false.append(share >= LEAST_VOICE)
            if direction is not None:
                errors.append(abs(np.rad2deg(direction.azimuth_rad) - angle_deg))
    return found, false, errors


def gates(seeds):
    """Print the table of voice gates."""
    file = silero_file()
    made = [NoGate(), EnergyGate(), *([SileroGate(file)] if file else [])]
    if file is None:
        print("silero: left out, silero-vad or openvino is not installed\n")
    print("| microphones | other sound | gate | speech found | false | median error | off > 20 |")
    print("|---|---|---|---|---|---|---|")
    for channels in (2, 4):
        for noise in NOISES:
            for gate in made:
                found, false, errors = judge(noise, channels, seeds, gate)
                print(
                    f"| {channels} | {noise.__name__} | {gate.name} | {np.mean(found):.0%} | "
                    f"{np.mean(false):.0%} | {np.median(errors):.1f} deg | "
                    f"{np.mean(np.array(errors) > 20):.0%} |",
                    flush=True,
                )


def cost(seeds):
    """Print the CPU time of each part for a second of sound."""
    file = silero_file()
    for channels in (2, 4):
        sound, _, _ = scene(nothing, channels, 0)
        for gate in [EnergyGate(), *([SileroGate(file)] if file else [])]:
            locator = VoiceLocator(SPACING_M, gate=gate)
            begin_s = time.process_time()
            for k in range(len(sound) // CHUNK):
                chunk = sound[k * CHUNK : (k + 1) * CHUNK]
                locator.push(chunk, RATE, 1 + round(k * 0.04 * 1e9))
            share = (time.process_time() - begin_s) / SECONDS
            print(f"{channels} microphones, {gate.name}: {share:.1%} of a core")
        finder = DirectionFinder(microphone_positions(channels, SPACING_M), RATE)
        begin_s = time.process_time()
        for _ in range(20):
            finder.find(sound[RATE : RATE + round(SPAN_S * RATE)])
        print(f"one direction: {50 * (time.process_time() - begin_s):.1f} ms")


def gaze(seeds):
    """Print which share of the gaze is on the side of the voice, of two equal things."""
    predictor = Predictor("vinet_lite")
    rate_hz, side_deg = predictor.window_rate_hz, 18.0
    print("| direction_weight | gaze on the speaking side | while the voice speaks |")
    print("|---|---|---|")
    clips = [(seed, side) for seed in range(seeds) for side in (side_deg, -side_deg)]
    rows = {weight: ([], []) for weight in (0.0, 0.25, 0.5, 0.75, 1.0)}
    for seed, angle_deg in clips:
        own = np.zeros(round(SECONDS * RATE))
        for k, (begin_s, end_s) in enumerate(PARTS_S):
            part = speech(end_s - begin_s, seed + 8 * k)
            own[round(begin_s * RATE) :][: len(part)] = part
        positions = microphone_positions(2, SPACING_M)
        sound = heard({angle_deg: own}, positions, seed, SECONDS)
        watched = list(maps(predictor, rate_hz, seed))
        for weight, (always, speaking) in rows.items():
            for at_s, u in looks(watched, sound, weight):
                right = (u < WIDTH / 2) == (angle_deg > 0)
                if at_s > 1.0:
                    always.append(right)
                if any(begin_s + 0.5 < at_s < end_s for begin_s, end_s in PARTS_S):
                    speaking.append(right)
    for weight, (always, speaking) in rows.items():
        print(f"| {weight:g} | {np.mean(always):.0%} | {np.mean(speaking):.0%} |")


def maps(predictor, rate_hz, seed):
    """Yield the maps of two equal things that move alike, left and right."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(60, 100, (HEIGHT, WIDTH, 3), np.uint8)
    phase = rng.uniform(0, 6)
    predictor.reset()
    for k in range(int(SECONDS * rate_hz)):
        frame = ground.copy()
        v = round(HEIGHT / 2 + 30 * np.sin(2 * np.pi * 0.7 * k / rate_hz + phase))
        for u in (WIDTH // 4, WIDTH - WIDTH // 4):
            frame[v - 15 : v + 16, u - 15 : u + 16] = (230, 200, 60)
        predictor.push_frame(frame, 1 + round(k / rate_hz * 1e9))
        yield predictor.predict()


def looks(watched, sound, weight):
    """Yield time and column of the gaze with a weight of the direction."""
    camera = PinholeCamera.from_hfov(WIDTH, HEIGHT, 60.0)
    prior, pipeline = SoundPrior(weight), GazePipeline(GazeOptions())
    locator, given = VoiceLocator(SPACING_M), 0
    for saliency in watched:
        at_s = (saliency.stamp_ns - 1) * 1e-9
        while (given + 1) * 0.04 <= at_s:
            chunk = sound[given * CHUNK : (given + 1) * CHUNK]
            found = locator.push(chunk, RATE, 1 + round(given * 0.04 * 1e9))
            if found is not None:
                prior.hear(found.azimuth_rad, found.voice, found.stamp_ns)
            given += 1
        columns = prior.columns(saliency.values.shape[1], camera, saliency.stamp_ns)
        points = pipeline.update(saliency, camera, columns)
        if points:
            yield at_s, points[0].u


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", nargs="?", default="gates", choices=("rooms", "gates", "cost", "gaze")
    )
    parser.add_argument("--seeds", type=int, default=8)
    given = parser.parse_args()
    {"rooms": rooms, "gates": gates, "cost": cost, "gaze": gaze}[given.what](given.seeds)


if __name__ == "__main__":
    main()
