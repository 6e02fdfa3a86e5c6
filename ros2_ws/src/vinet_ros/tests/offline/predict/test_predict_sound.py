# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A network that hears gets the clip's own sound, at its frames' time; without any, silence."""

import numpy as np
import pytest
from made_clips import write_clip
from trail import Trail, run_trail

from vinet_ros.offline.predict.request import GazeOptions
from vinet_ros.offline.predict.stream import GazeStream
from vinet_ros.offline.video import Video, read_sound
from vinet_ros.preprocess import sound_input
from vinet_ros.sound_forms import WAVEFORM
from vinet_ros.streaming import Predictor
from vinet_ros.streaming.sound_excerpts import FrameBounds

RATE = 44_100


class HearingTrail(Trail):
    """Its map is brighter the louder it is."""

    sound_form = WAVEFORM

    def decode(self, features, audio=None):
        seen = super().decode(features)
        if audio is None:
            return seen
        return seen * (0.5 + audio.flatten(1).pow(2).mean(dim=1)[:, None, None].clamp(max=0.5))


def tone(seconds, channels=2):
    """A tone that swells."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    mono = 0.2 * time_s * np.sin(2 * np.pi * 500 * time_s)
    return np.stack([mono] * channels).astype(np.float32)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "heard.mov", 40, rate=25, sound=tone(1.6))
    write_clip(folder / "short.mov", 40, rate=25, sound=tone(0.8, channels=1))
    write_clip(folder / "mute.mp4", 40, rate=25)
    return folder


def test_a_sound_track_is_read_whole_and_in_its_place(clips):
    chunks = list(read_sound(clips / "heard.mov"))
    assert {(chunk.rate_hz, chunk.samples.shape[1]) for chunk in chunks} == {(RATE, 2)}
    whole = np.concatenate([chunk.samples for chunk in chunks])
    np.testing.assert_allclose(whole, tone(1.6).T, atol=1e-6)
    position = 0
    for chunk in chunks:
        assert chunk.time_ns == pytest.approx(position * 1e9 / RATE, abs=1000)
        position += len(chunk.samples)
    assert list(read_sound(clips / "mute.mp4")) == []


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le", "pcm_u8", "pcm_s32le", "flac"])
def test_every_format_is_full_scale_one(tmp_path, codec):
    import av

    path, loud = tmp_path / "clip.mkv", tone(3.0, channels=1)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        sound = container.add_stream(codec, rate=RATE, layout="mono")
        resampler = av.AudioResampler(sound.codec_context.format or "s16", "mono", RATE)
        for _ in range(25):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(video.encode(picture))
        container.mux(video.encode())
        frame = av.AudioFrame.from_ndarray(loud, format="fltp", layout="mono")
        frame.sample_rate = RATE
        for part in resampler.resample(frame):
            size = sound.codec_context.frame_size or part.samples
            fifo = av.AudioFifo()
            fifo.write(part)
            while (piece := fifo.read(size, partial=True)) is not None:
                container.mux(sound.encode(piece))
        container.mux(sound.encode())
    whole = np.concatenate([chunk.samples for chunk in read_sound(path)])[:, 0]
    assert abs(len(whole) - loud.shape[1]) < 3000
    assert np.abs(whole).max() == pytest.approx(np.abs(loud).max(), abs=0.05)


def predicted(path):
    predictor = Predictor(HearingTrail(), path="torch", window_rate_hz=25, threads=1)
    stream = GazeStream(predictor, GazeOptions(), 0.5)
    with Video(path) as source:
        maps = [one.saliency.values for one in stream.run(source)]
    return maps, stream.hearing, predictor.hearing.counters


def test_each_frame_hears_the_sound_of_its_clip(clips):
    maps, note, counters = predicted(clips / "heard.mov")
    assert note == "heard its own sound: 44100 Hz, channels: 2"
    assert counters.heard == 40
    deaf, silent_note, silent = predicted(clips / "mute.mp4")
    assert silent_note == "no sound track: predicted with silence"
    assert silent.nothing == 40
    # The same frames, so the maps differ by what the sound does; it is known to the sample.
    recording = tone(1.6, channels=1)[0]
    bounds = FrameBounds.of(40, 25.0, len(recording), RATE)
    for k in (0, 3, 10, 39):
        first = max(k - 4, 0)
        sound = bounds.excerpt(recording, first, k - first + 1)
        halved = sound[::2] if len(sound) else sound  # 22050 Hz; the tone is far below
        power = float(np.mean(sound_input(halved) ** 2))
        ratio = (0.5 + min(power, 0.5)) / 0.5
        assert float(maps[k].mean() / deaf[k].mean()) == pytest.approx(ratio, rel=0.01)
    assert maps[39].mean() > 1.05 * deaf[39].mean()


def test_sound_that_ends_early_leaves_silence(clips):
    maps, note, counters = predicted(clips / "short.mov")
    assert note == "heard its own sound: 44100 Hz, channels: 1"
    assert counters.nothing > 0
    assert counters.heard + counters.silent + counters.incomplete + counters.nothing == 40
    deaf, _, _ = predicted(clips / "mute.mp4")
    np.testing.assert_allclose(maps[39], deaf[39], atol=1e-6)


def test_the_results_say_what_was_heard(clips, tmp_path):
    for name, note in (("heard.mov", "heard its own sound"), ("mute.mp4", "no sound track")):
        summary = run_trail(clips / name, tmp_path, network=HearingTrail, write=("csv",))
        assert summary.content["hearing"].startswith(note)
    deaf = run_trail(clips / "heard.mov", tmp_path / "deaf", write=("csv",))
    assert deaf.content["hearing"] == ""


def test_a_run_that_goes_on_hears_as_if_it_had_never_stopped(clips, tmp_path):
    whole = run_trail(
        clips / "heard.mov", tmp_path / "whole", network=HearingTrail, write=("npz",)
    )

    def stop(_, done, __):
        if done == 25:
            raise KeyboardInterrupt

    options = {"network": HearingTrail, "write": ("npz",)}
    with pytest.raises(KeyboardInterrupt):
        run_trail(clips / "heard.mov", tmp_path / "parts", progress=stop, **options)
    parts = run_trail(clips / "heard.mov", tmp_path / "parts", **options)
    assert parts.resumed_at == 20
    for file in sorted((whole.folder / "npz").iterdir()):
        with np.load(file) as one, np.load(parts.folder / "npz" / file.name) as other:
            for key in one.files:
                np.testing.assert_array_equal(one[key], other[key])
