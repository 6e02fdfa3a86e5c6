# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Sound comes out of the window as it was heard, when it was heard, whatever the chunks did."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vinet_ros.errors import SoundError
from vinet_ros.streaming.audio_chunk import ChunkKind
from vinet_ros.streaming.audio_window import AudioWindow

S = 1_000_000_000
MS = S // 1000
OUT = 22_050
T0 = 1_700_000_000 * S  # a stamp of today: float64 holds it to 256 ns only
# Tones that wander: centre, width and pace, all in Hz.
TONES = np.array([(400, 200, 1.1), (1200, 400, 0.7), (2700, 700, 0.37), (5900, 900, 0.23)])


def sound(time_s):
    """A sound without end, below 7 kHz, -1..1, at some times."""
    time_s = np.asarray(time_s)[..., None]
    centre, width, pace = TONES.T
    wandering = width / pace * np.sin(2 * np.pi * pace * time_s)
    return (np.sin(2 * np.pi * centre * time_s + wandering).sum(axis=-1) / 4).astype(np.float32)


class Microphone:
    """Gives chunks of the sound; its clock may be slower by some millionths."""

    def __init__(self, rate_hz=16_000, channels=1, chunk_s=0.05, drift_ppm=0.0, t0_ns=T0):
        self.rate_hz, self.channels, self.t0_ns = rate_hz, channels, t0_ns
        self.size = round(chunk_s * rate_hz)
        self.period_s = (1 + 1e-6 * drift_ppm) / rate_hz
        self.sent = 0

    def chunk(self):
        """The next chunk and its true stamp."""
        time_s = (self.sent + np.arange(self.size)) * self.period_s
        self.sent += self.size
        mono = sound(time_s)
        samples = mono if self.channels == 1 else np.stack([mono] * self.channels, axis=1)
        return samples, self.t0_ns + round(time_s[0] * S)

    def chunks(self, seconds):
        return [self.chunk() for _ in range(round(seconds * self.rate_hz / self.size))]


def fed(microphone, seconds, **options):
    window = AudioWindow(**options)
    for samples, stamp_ns in microphone.chunks(seconds):
        window.push(samples, microphone.rate_hz, stamp_ns)
    return window


def expected(first_ns, last_ns, period_s, t0_ns=T0):
    """What an excerpt should be: the sound at the very same times."""
    begin = np.floor((first_ns - t0_ns) / S * OUT - OUT * period_s / 2 + 1e-3)
    end = np.floor((last_ns - t0_ns) / S * OUT + OUT * period_s / 2 + 1e-3)
    return sound(np.arange(max(begin, 0), end + 1) / OUT)


def error(samples, wanted, ends_s=0.02):
    """Largest difference, ends left out."""
    left = round(ends_s * OUT)
    assert len(samples) == len(wanted)
    return float(np.abs(samples - wanted)[left:-left].max())


def delay_s(samples, wanted):
    """By how much one sound comes later than another."""
    found = np.correlate(samples, wanted, mode="full")
    return (int(np.argmax(found)) - (len(wanted) - 1)) / OUT


CLIP = (T0 + 1 * S, T0 + 2 * S, 1 / 30)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000, 44_056])
@pytest.mark.parametrize("channels", [1, 2, 4])
def test_any_rate_and_channels_give_the_same_excerpt(rate_hz, channels):
    wanted = expected(*CLIP)
    window = fed(Microphone(rate_hz, channels), 3.0)
    excerpt = window.excerpt(*CLIP)
    assert excerpt.heard == 1.0
    assert excerpt.samples.dtype == np.float32
    if rate_hz > 14_000:  # else a part of the sound is above what it can carry
        assert error(excerpt.samples, wanted) < 1e-3
    else:
        assert abs(delay_s(excerpt.samples, wanted)) < 1e-4
    assert window.source == (rate_hz, channels)
    assert window.counters.chunks == 60
    assert window.counters.gaps == 0


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_the_newest_sound_is_there_at_once(rate_hz):
    window = fed(Microphone(rate_hz, chunk_s=0.01), 2.0)
    last_ns = T0 + 2 * S - round(S / 60)
    excerpt = window.excerpt(last_ns - S, last_ns, 1 / 30)
    assert excerpt.heard > 0.999  # soxr itself still holds 20 to 30 ms back
    assert error(excerpt.samples, expected(last_ns - S, last_ns, 1 / 30)) < 1e-3
    assert abs(window.newest_stamp_ns - (T0 + 2 * S)) < MS


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 5000), min_size=1, max_size=60), st.sampled_from([16_000, 44_100]))
def test_the_size_of_chunks_does_not_matter(sizes, rate_hz):
    window, whole = AudioWindow(8.0), AudioWindow(8.0)
    total = min(sum(sizes), 6 * rate_hz)
    everything = sound(np.arange(total) / rate_hz)
    begin = 0
    while begin < total:
        size = sizes[begin % len(sizes)]
        chunk = everything[begin : begin + size]
        window.push(chunk, rate_hz, T0 + round(begin * S / rate_hz))
        begin += size
    whole.push(everything, rate_hz, T0)
    for one in (window, whole):
        one.finish()
    span = (T0, T0 + total * S // rate_hz, 0.0)
    np.testing.assert_allclose(
        window.excerpt(*span).samples, whole.excerpt(*span).samples, atol=1e-4
    )
    assert window.counters.gaps == window.counters.overlaps == 0


def test_before_any_sound_there_is_none():
    window = AudioWindow()
    excerpt = window.excerpt(*CLIP)
    assert (len(excerpt.samples), excerpt.heard) == (0, 0.0)
    assert window.newest_stamp_ns is window.source is None
    assert window.push(sound(np.arange(100)), 16_000, None) is ChunkKind.UNSTAMPED
    assert window.newest_stamp_ns is None


def test_an_excerpt_begins_with_the_stream_and_ends_with_it_once_finished():
    window = fed(Microphone(), 2.0)
    early = window.excerpt(T0 - S // 2, T0 + S // 2, 1 / 30)
    assert error(early.samples, expected(T0 - S // 2, T0 + S // 2, 1 / 30)) < 1e-3
    late = (T0 + 3 * S // 2, T0 + 5 * S // 2, 1 / 30)
    running = window.excerpt(*late)
    assert len(running.samples) == len(expected(*late))
    assert running.heard == pytest.approx(0.5, abs=0.02)
    assert not running.samples[-OUT // 4 :].any()
    window.finish()
    assert len(window.excerpt(*late).samples) == pytest.approx(OUT * (0.5 + 1 / 60), abs=2)
    before = window.excerpt(T0 - 3 * S, T0 - 2 * S, 1 / 30)
    assert (len(before.samples), before.heard) == (0, 0.0)


def test_sound_after_the_finish_goes_on():
    microphone = Microphone()
    window = fed(microphone, 1.0)
    window.finish()
    for samples, stamp_ns in microphone.chunks(2.0):
        assert window.push(samples, 16_000, stamp_ns) is ChunkKind.APPENDED
    wanted = expected(*CLIP)
    assert error(window.excerpt(*CLIP).samples, wanted, 0.1) < 1e-3


@pytest.mark.parametrize("drift_ppm", [-200.0, 0.0, 100.0])
@pytest.mark.parametrize("jitter_ms", [0.0, 4.0])
def test_a_drifting_clock_is_followed(drift_ppm, jitter_ms):
    rng = np.random.default_rng(3)
    microphone = Microphone(22_050, chunk_s=0.1, drift_ppm=drift_ppm)
    window = AudioWindow()
    worst_s = 0.0
    for number, (samples, stamp_ns) in enumerate(microphone.chunks(120.0)):
        late_ns = round(rng.uniform(-1, 1) * jitter_ms * MS)
        window.push(samples, 22_050, stamp_ns + late_ns)
        if number > 200:
            newest_ns = stamp_ns + round(2_205 * microphone.period_s * S)
            worst_s = max(worst_s, abs(window.newest_stamp_ns - newest_ns) / S)
    assert worst_s < (0.0001 if jitter_ms == 0 else 0.0015)
    assert window.drift_ppm == pytest.approx(drift_ppm, abs=5 if jitter_ms == 0 else 60)
    assert window.counters.gaps == window.counters.overlaps == window.counters.restarts == 0
    last_ns = T0 + 118 * S
    excerpt = window.excerpt(last_ns - S, last_ns, 1 / 30)
    assert abs(delay_s(excerpt.samples, expected(last_ns - S, last_ns, 1 / 30))) < 0.0015


@pytest.mark.parametrize("jitter_ms", [15.0, 30.0])
def test_stamps_by_arrival_settle(jitter_ms):
    """Each stamp is late by anything up to a limit; the sound stays in one piece."""
    rng = np.random.default_rng(5)
    window = AudioWindow()
    for samples, stamp_ns in Microphone(chunk_s=0.064).chunks(40.0):
        window.push(samples, 16_000, stamp_ns + round(rng.uniform(0, jitter_ms) * MS))
    counters = window.counters
    assert counters.gaps + counters.overlaps <= 4
    excerpt = window.excerpt(T0 + 36 * S, T0 + 37 * S, 1 / 30)
    wanted = expected(T0 + 36 * S, T0 + 37 * S, 1 / 30)
    assert abs(delay_s(excerpt.samples, wanted) - jitter_ms / 2000) < 0.004


@pytest.mark.parametrize("chunk_s", [0.01, 0.05, 0.2])
def test_a_lost_chunk_is_silence_and_what_follows_is_in_its_place(chunk_s):
    window = AudioWindow()
    chunks = Microphone(chunk_s=chunk_s).chunks(3.0)
    lost = round(1.5 / chunk_s)
    kinds = [
        window.push(samples, 16_000, stamp_ns)
        for k, (samples, stamp_ns) in enumerate(chunks)
        if k != lost
    ]
    assert kinds.count(ChunkKind.GAP) == window.counters.gaps == 1
    assert window.counters.gap_ns == pytest.approx(chunk_s * S, abs=MS)
    excerpt = window.excerpt(*CLIP)
    assert 1 - excerpt.heard == pytest.approx(chunk_s / (1 + 1 / 30), abs=0.001)
    wanted, gap = expected(*CLIP), lost * chunk_s - 1 + 1 / 60
    before, after = (
        slice(441, round((gap - 0.01) * OUT)),
        slice(round((gap + chunk_s) * OUT), -441),
    )
    assert np.abs(excerpt.samples - wanted)[before].max() < 1e-3
    assert not excerpt.samples[
        round((gap + 0.002) * OUT) : round((gap + chunk_s - 0.002) * OUT)
    ].any()
    # Afterwards in place to half a sample.
    assert np.corrcoef(excerpt.samples[after], wanted[after])[0, 1] > 0.9


def test_chunks_out_of_order_are_put_in_order():
    window = AudioWindow()
    chunks = Microphone(chunk_s=0.1).chunks(3.0)
    chunks[14], chunks[15] = chunks[15], chunks[14]
    kinds = [window.push(samples, 16_000, stamp_ns) for samples, stamp_ns in chunks]
    assert kinds[14:17] == [ChunkKind.GAP, ChunkKind.OUT_OF_ORDER, ChunkKind.APPENDED]
    assert window.counters.out_of_order == 1
    excerpt = window.excerpt(*CLIP)
    assert excerpt.heard > 0.999
    assert np.mean((excerpt.samples - expected(*CLIP))[500:-500] ** 2) ** 0.5 < 0.02


def test_chunks_that_come_twice_are_taken_once():
    window = AudioWindow()
    kinds = []
    for samples, stamp_ns in Microphone(chunk_s=0.1).chunks(3.0):
        kinds += [window.push(samples, 16_000, stamp_ns) for _ in range(2)]
    assert kinds[1::2] == [ChunkKind.DUPLICATE] * 30
    assert window.counters.duplicates == 30
    assert error(window.excerpt(*CLIP).samples, expected(*CLIP)) < 1e-3


def test_a_stamp_that_overlaps_moves_the_sound_back():
    window = AudioWindow()
    microphone = Microphone(chunk_s=0.1)
    for samples, stamp_ns in microphone.chunks(1.0):
        window.push(samples, 16_000, stamp_ns)
    kinds = [
        window.push(samples, 16_000, stamp_ns - 40 * MS)
        for samples, stamp_ns in microphone.chunks(2.0)
    ]
    assert kinds == [ChunkKind.OVERLAP] + [ChunkKind.APPENDED] * 19
    assert window.counters.overlaps == 1
    clip = (T0 + 3 * S // 2, T0 + 5 * S // 2, 1 / 30)
    moved = (clip[0] + 40 * MS, clip[1] + 40 * MS, 1 / 30)
    assert error(window.excerpt(*clip).samples, expected(*moved)) < 2e-3


def test_rate_and_channels_may_change():
    window = AudioWindow()
    sources = [(16_000, 1), (48_000, 1), (48_000, 2), (44_100, 4)]
    for number, (rate_hz, channels) in enumerate(sources):
        microphone = Microphone(rate_hz, channels, chunk_s=0.1)
        microphone.sent = round(number * 0.7 * rate_hz)
        for samples, stamp_ns in microphone.chunks(0.7):
            window.push(samples, rate_hz, stamp_ns)
    counters = window.counters
    assert (counters.rate_changes, counters.channel_changes) == (2, 2)
    assert counters.gaps == counters.overlaps == 0
    clip = (T0 + S // 2, T0 + 3 * S // 2, 1 / 30)
    excerpt = window.excerpt(*clip)
    assert excerpt.heard == 1.0
    wrong = np.abs(excerpt.samples - expected(*clip))[441:-441]
    seam = round((0.2 + 1 / 60) * OUT) - 441  # where the rate changed, within the excerpt
    assert wrong[: seam - 100].max() < 1e-3
    assert wrong[seam + 100 :].max() < 1e-3
    assert wrong.max() < 0.5


@pytest.mark.parametrize("stamp_ns", [0, None])
def test_a_chunk_without_a_stamp_follows_the_one_before(stamp_ns):
    window = AudioWindow()
    for number, (samples, true_ns) in enumerate(Microphone(chunk_s=0.1).chunks(3.0)):
        kind = window.push(samples, 16_000, stamp_ns if number % 3 else true_ns)
        assert number == 0 or kind is (ChunkKind.UNSTAMPED if number % 3 else ChunkKind.APPENDED)
    assert window.counters.unstamped == 20
    assert error(window.excerpt(*CLIP).samples, expected(*CLIP)) < 1e-3


@pytest.mark.parametrize(
    ("jump_s", "kind", "counter"),
    [
        (3600.0, ChunkKind.FUTURE, "future"),
        (1.5, ChunkKind.FUTURE, "future"),
        (-3600.0, ChunkKind.PAST, "past"),
        (-1e9, ChunkKind.PAST, "past"),
    ],
)
def test_one_stamp_far_off_is_not_believed(jump_s, kind, counter):
    window = AudioWindow()
    for number, (samples, stamp_ns) in enumerate(Microphone(chunk_s=0.1).chunks(3.0)):
        if number == 15:
            found = window.push(samples, 16_000, stamp_ns + round(jump_s * S))
            assert found is kind
        else:
            window.push(samples, 16_000, stamp_ns)
    assert getattr(window.counters, counter) == 1
    assert window.counters.restarts == 0
    excerpt = window.excerpt(*CLIP)
    assert 1 - excerpt.heard == pytest.approx(0.1, abs=0.01)  # that chunk


@pytest.mark.parametrize("jump_s", [3600.0, 3.0, -3.0, -3600.0])
def test_stamps_far_off_that_agree_are_followed(jump_s):
    microphone = Microphone(chunk_s=0.1)
    window = fed(microphone, 2.0)
    kinds = [
        window.push(samples, 16_000, stamp_ns + round(jump_s * S))
        for samples, stamp_ns in microphone.chunks(2.0)
    ]
    # Within the memory it is a gap; else all of before is out of reach.
    believed = ChunkKind.GAP if jump_s == 3.0 else ChunkKind.RESTARTED
    assert kinds[1] is believed
    assert kinds[2:] == [ChunkKind.APPENDED] * 18
    assert window.counters.restarts == (jump_s != 3.0)
    clip = (T0 + 5 * S // 2, T0 + 7 * S // 2, 1 / 30)
    moved_ns = round(jump_s * S)
    excerpt = window.excerpt(clip[0] + moved_ns, clip[1] + moved_ns, 1 / 30)
    assert error(excerpt.samples, expected(*clip)) < 2e-3


def test_the_offset_moves_the_sound_to_later_frames():
    window = fed(Microphone(), 3.0)
    window.offset_s = 0.1
    earlier = tuple(stamp_ns - 100 * MS for stamp_ns in CLIP[:2])
    assert error(window.excerpt(*CLIP).samples, expected(*earlier, 1 / 30)) < 1e-3
    assert abs(window.newest_stamp_ns - (T0 + 3 * S + 100 * MS)) < MS


def test_memory_is_bounded_and_old_sound_is_forgotten():
    window = AudioWindow(2.0)
    size = len(window._track._sound)
    microphone = Microphone(chunk_s=0.1)
    for samples, stamp_ns in microphone.chunks(30.0):
        window.push(samples, 16_000, stamp_ns)
    assert len(window._track._sound) == size == 2 * OUT
    assert len(window._resampler._newest) <= 0.25 * 16_000
    old = window.excerpt(*CLIP)
    assert old.heard == 0.0
    assert not old.samples.any()
    newest = (T0 + 28 * S + S // 2, T0 + 29 * S + S // 2, 1 / 30)
    assert error(window.excerpt(*newest).samples, expected(*newest)) < 1e-3
    assert len(window.excerpt(T0, T0 + 3600 * S, 1.0).samples) <= size


def test_reset_starts_over_and_keeps_the_counts():
    window = fed(Microphone(), 1.0)
    window.reset()
    assert window.excerpt(T0, T0 + S, 1 / 30).heard == 0.0
    assert (window.counters.chunks, window.counters.resets) == (20, 1)
    samples, _ = Microphone().chunk()
    assert window.push(samples, 16_000, 5 * S) is ChunkKind.STARTED


BAD = {
    "integers": (np.zeros(10, np.int16), 16_000, "divide 16-bit samples by 32768"),
    "a list": ([0.0], 16_000, "got list"),
    "three axes": (np.zeros((2, 2, 2), np.float32), 16_000, r"got shape \(2, 2, 2\)"),
    "a number": (np.float32(1), 16_000, "got float32"),
    "nothing": (np.zeros(0, np.float32), 16_000, "at least one sample"),
    "no channel": (np.zeros((4, 0), np.float32), 16_000, "at least one sample"),
    "many channels": (np.zeros((4, 65), np.float32), 16_000, "at most 64 channels"),
    "NaN": (np.full(4, np.nan, np.float32), 16_000, "NaN or infinity"),
    "infinity": (np.full((4, 2), np.inf, np.float32), 16_000, "NaN or infinity"),
    "rate 0": (np.zeros(4, np.float32), 0, "1000 to 384000 samples a second, got 0"),
    "a vast rate": (np.zeros(4, np.float32), 10**9, "got 1000000000"),
    "half a rate": (np.zeros(4, np.float32), 44_100.5, "whole number"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_sound_is_refused_and_changes_nothing(case):
    samples, rate_hz, message = BAD[case]
    window = fed(Microphone(), 3.0)
    with pytest.raises(SoundError, match=message):
        window.push(samples, rate_hz, T0 + 3 * S)
    assert (window.counters.refused, window.counters.chunks) == (1, 60)
    assert window.source == (16_000, 1)
    assert error(window.excerpt(*CLIP).samples, expected(*CLIP)) < 1e-3


@pytest.mark.parametrize(
    "options", [{"length_s": 0.0}, {"length_s": np.nan}, {"length_s": 1e9}, {"rate_hz": 10}]
)
def test_arguments_out_of_range(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        AudioWindow(**options)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 4000),
            st.sampled_from([8_000, 16_000, 22_050, 44_100, 48_000]),
            st.one_of(
                st.none(),
                st.integers(-(2**63), 2**63 - 1),
                st.integers(0, 6 * S),
                st.just(0),
            ),
        ),
        max_size=40,
    )
)
def test_nothing_that_a_driver_does_breaks_it(chunks):
    window = AudioWindow(1.0)
    for size, rate_hz, stamp_ns in chunks:
        assert isinstance(window.push(np.ones(size, np.float32), rate_hz, stamp_ns), ChunkKind)
        excerpt = window.excerpt(S, 2 * S, 1 / 30)
        assert len(excerpt.samples) <= window._track.capacity
        assert 0.0 <= excerpt.heard <= 1.0
        assert np.isfinite(excerpt.samples).all()
        newest_ns = window.newest_stamp_ns
        if newest_ns is not None:
            window.excerpt(newest_ns - S, newest_ns, 1 / 30)
    assert window.counters.chunks == len(chunks)
