# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Stamps of a microphone's samples, by blocks whose times are off as sound servers make them."""

from collections.abc import Iterator

import numpy as np

from vinet_ros.streaming.microphone import SoundBlock
from vinet_ros.streaming.microphone_times import SETTLING_S, ChunkCutter, StampedSound

RATE_HZ, BLOCK, CHUNK = 16_000, 400, 512
BEGIN_NS = 1_700_000_000 * 10**9
MS = 1_000_000


def blocks(seconds: float, skew: float = 0.0) -> Iterator[SoundBlock]:
    """Yield blocks whose samples count, as a device 4 ms late would give them."""
    rng = np.random.default_rng(3)
    for position in range(0, round(seconds * RATE_HZ), BLOCK):
        heard_ns = true_ns(position, skew) + int(rng.normal(0, 0.5 * MS))
        arrived_ns = true_ns(position + BLOCK, skew) + 4 * MS + int(rng.exponential(2 * MS))
        samples = (np.arange(position, position + BLOCK) % 32768).astype(np.int16)[:, None]
        yield SoundBlock(samples, position, heard_ns, arrived_ns, False)


def true_ns(position: float, skew: float = 0.0) -> int:
    return BEGIN_NS + round(position * (1 + skew) * 1e9 / RATE_HZ)


def shifted(block: SoundBlock, heard_s: float = 0.0, arrived_s: float = 0.0) -> SoundBlock:
    return SoundBlock(
        block.samples,
        block.position,
        block.heard_ns + round(heard_s * 1e9),
        block.arrived_ns + round(arrived_s * 1e9),
        block.overrun,
    )


def errors_ms(sounds: list[StampedSound], skew: float = 0.0) -> np.ndarray:
    """Return how much too late the stamps are, by what the samples count."""
    first = np.array([int(sound.samples[0, 0]) for sound in sounds])
    laps = np.cumsum(np.diff(first, prepend=first[0]) < 0) * 32768
    true = np.array([true_ns(p, skew) for p in first + laps])
    return (np.array([s.stamp_ns for s in sounds]) - true) * 1e-6


def cut(found: Iterator[SoundBlock]) -> tuple[ChunkCutter, list[StampedSound]]:
    cutter = ChunkCutter(RATE_HZ, CHUNK)
    return cutter, [sound for block in found for sound in cutter.cut(block)]


def test_chunks_go_on_evenly_with_a_clock_that_drifts():
    skew = 200e-6
    cutter, sounds = cut(blocks(60.0, skew))
    assert {len(sound.samples) for sound in sounds} == {CHUNK}
    samples = np.concatenate([sound.samples[:, 0] for sound in sounds]).astype(int)
    assert set(np.diff(samples) % 32768) == {1}
    assert samples[0] == SETTLING_S * RATE_HZ
    off = errors_ms(sounds, skew=skew)
    assert np.abs(off).max() < 2.0 and np.abs(np.diff(off)).max() < 0.5
    assert abs(cutter.times.drift_ppm - 200) < 30


def test_an_account_that_is_wrong_for_a_while_changes_little():
    found = (
        shifted(b, heard_s=-0.2) if 6 <= b.position / RATE_HZ < 7.3 else b for b in blocks(10.0)
    )
    cutter, sounds = cut(found)
    assert np.abs(errors_ms(sounds)).max() < 2.0 and cutter.times.jumps == 0


def test_an_account_that_cannot_be_true_is_left_for_the_arrival():
    for absurd_s in (-5.0, 5.0):
        cutter, sounds = cut(shifted(b, heard_s=absurd_s) for b in blocks(10.0))
        assert np.abs(errors_ms(sounds)).max() < 10.0 and cutter.times.jumps == 0


def test_sound_that_was_lost_unseen_moves_the_stamps():
    found = (shifted(b, 0.1, 0.1) if b.position / RATE_HZ >= 6 else b for b in blocks(12.0))
    cutter, sounds = cut(found)
    off = errors_ms(sounds)
    at_s = np.array([s.stamp_ns - BEGIN_NS for s in sounds]) * 1e-9
    assert cutter.times.jumps == 1
    assert np.abs(off[at_s < 6]).max() < 2.0
    assert np.abs(off[at_s > 8] - 100).max() < 2.0


def test_lost_blocks_are_counted_and_no_stamp_is_wrong():
    cutter, sounds = cut(b for b in blocks(8.0) if b.position // BLOCK not in (200, 201))
    assert cutter.lost == 2 * BLOCK
    short = [len(sound.samples) for sound in sounds if len(sound.samples) != CHUNK]
    assert len(short) == 1
    assert np.abs(errors_ms(sounds)).max() < 2.0


def test_after_an_overrun_the_time_is_taken_anew():
    def found() -> Iterator[SoundBlock]:
        for b in blocks(8.0):
            late = shifted(b, 0.05, 0.05) if b.position >= 200 * BLOCK else b
            yield SoundBlock(
                late.samples, late.position, late.heard_ns, late.arrived_ns,
                b.position == 200 * BLOCK,
            )  # fmt: skip

    cutter, sounds = cut(found())
    off = errors_ms(sounds)
    overrun = next(k for k, sound in enumerate(sounds) if sound.stamp_ns > true_ns(200 * BLOCK))
    assert np.abs(off[: overrun - 1]).max() < 2.0
    assert np.abs(off[overrun:] - 50).max() < 2.0 and cutter.times.jumps == 0
