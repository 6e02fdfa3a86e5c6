# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""STAViS learns as its public code does: which clips, which rates, and a run by the command."""

import csv
import json

import numpy as np
import pytest
import torch
from fill import fill, samples, statistics
from made_videos import write_list, write_sound_video
from scipy.io import wavfile

from vinet_ros.cli import main
from vinet_ros.errors import DataError, WeightsError
from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.stavis_parts import load_stavis_part
from vinet_ros.networks.weights import read_card
from vinet_ros.preprocess import STAVIS_PIXELS, normalize_frames, resize_rgb
from vinet_ros.sound_forms import STAVIS_WAVEFORM
from vinet_ros.training.clip_sounds import ClipSounds
from vinet_ros.training.datasets.layouts import LAYOUTS, find_videos
from vinet_ros.training.datasets.video_records import VideoRecord
from vinet_ros.training.losses import stavis_losses
from vinet_ros.training.recipes import Wishes, default_recipe, fresh_config
from vinet_ros.training.stavis_clips import (
    StavisClips,
    StavisValidationClips,
    clip_sound,
    looped_clip,
    segments,
    target_frame,
)
from vinet_ros.training.stavis_module import (
    STAVIS_WEIGHTS,
    StavisModule,
    stavis_rate,
    stavis_stage,
)
from vinet_ros.training.video_samples import ClipSampling

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on workers and devices

SMALL = ClipSampling(16, height=32, width=48, audio="real", plan="stavis")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Two training videos and a test video with noise as their sound."""
    root = tmp_path_factory.mktemp("sets")
    videos = [(f"clip_{i}", 18, 25.0) for i in range(3)]
    for i, (name, frames, fps) in enumerate(videos):
        write_sound_video(root, "AVAD", name, frames, fps, seed=i)
        noise = np.random.default_rng(i).integers(-3000, 3000, 16000, np.int16)
        wavfile.write(root / f"video_audio/AVAD/{name}/{name}.wav", 22050, noise)
    write_list(root / "fold_lists/AVAD_list_train_1_fps.txt", videos[:2])
    write_list(root / "fold_lists/AVAD_list_test_1_fps.txt", videos[2:])
    return root


def sounds(records, regime="real"):
    return ClipSounds(regime, 0, records, form=STAVIS_WAVEFORM)


@pytest.fixture(scope="module")
def records(root):
    return find_videos(root, LAYOUTS["avad"], "train", "1")


def test_clips_targets_and_sounds_are_those_of_the_public_sampler(golden, tmp_path):
    with np.load(golden / "stavis_sampling.npz") as file:
        expected = dict(file)
    meta, place = json.loads(str(expected["meta"])), 0
    for video in meta["videos"]:
        noise = np.random.default_rng(video["seed"]).integers(
            -32768, 32768, int(video["Fs"] * video["seconds"])
        )
        path = tmp_path / f"{video['name']}.wav"
        wavfile.write(path, video["Fs"], noise.astype(np.int16))
        paths = (path,) * video["frames"]
        record = VideoRecord(
            video["name"], "avad", "test", paths, paths, (), video["fps"], audio=path
        )
        heard = sounds([record])
        for first in range(video["frames"] - 1):
            assert str(expected["video"][place]) == video["name"]
            indices = looped_clip(first, video["frames"], 16)
            assert [i + 1 for i in indices] == expected["frames"][place].tolist()
            assert target_frame(indices) + 1 == expected["target"][place]
            sound, name = clip_sound(heard, record, indices).numpy(), f"idx{place}"
            # By a fault of theirs the last video of a list is never heard; by us it is.
            last = video is meta["videos"][-1]
            if not last:
                assert np.abs(sound.astype(float)).sum() == pytest.approx(
                    expected["sound_sum"][place], rel=1e-5
                )
            assert last == (expected["sound_sum"][place] == 0)
            if f"{name}__shape" in expected and not last:
                assert sound.shape == tuple(expected[f"{name}__shape"])
                close = {"rtol": 1e-6, "atol": 1e-4}
                np.testing.assert_allclose(statistics(sound), expected[f"{name}__stats"], **close)
                np.testing.assert_allclose(
                    samples(name, sound, 128), expected[f"{name}__samples"], **close
                )
            place += 1
    assert place == len(expected["target"])


def test_a_sample_is_a_clip_its_middle_map_and_its_sound(records):
    clips = StavisClips(records, SMALL, seed=3, fixations=True, sounds=sounds(records))
    drawn = [clips[(epoch, 1)] for epoch in range(8)]
    again = StavisClips(records, SMALL, seed=3, fixations=True, sounds=sounds(records))[(5, 1)]
    assert all(torch.equal(drawn[5][name], value) for name, value in again.items())
    sides = set()
    for sample in drawn:
        assert sample["clip"].shape == (3, 16, 32, 48)
        assert sample["audio"].shape == (1, 1, 35280) and sample["audio"].any()
        assert sample["target"].max() > 0.5
        assert sample["density"].sum().item() == pytest.approx(1, abs=1e-5)
        # The bright square of the middle frame is where its map is, mirrored or not.
        seen = sample["clip"][:, 8].mean(dim=(0, 1)).argmax().item()
        assert abs(sample["density"].sum(dim=0).argmax().item() - seen) <= 5
        # It moves to the right; where mirrored, to the left.
        begin, end = (sample["clip"][:, t].mean(dim=(0, 1)).argmax().item() for t in (0, -1))
        sides.add(end > begin)
    assert sides == {True, False}
    (held, _) = StavisValidationClips(records, SMALL)
    assert held["target"].shape == (36, 64) and "audio" not in held
    wanted = [resize_rgb(records[0].load_rgb(i), (32, 48)) for i in range(16)]
    np.testing.assert_array_equal(held["clip"], normalize_frames(np.stack(wanted), STAVIS_PIXELS))
    np.testing.assert_array_equal(held["target"], records[0].load_map(7))


def test_long_videos_give_a_clip_for_each_segment():
    assert segments(200) == [range(0, 90), range(74, 164), range(148, 200)]
    assert segments(75) == [range(0, 75)] and segments(1) == [range(0, 1)]
    assert looped_clip(3, 5, 6) == [3, 4, 3, 4, 3, 4]
    with pytest.raises(ValueError, match="first frame of 0 to 4, got 5"):
        looped_clip(5, 5, 16)


def test_each_part_has_the_rate_of_the_public_code():
    rates = {
        "layer2.0.conv1.weight": (0.1, 0.01),
        "score_dsn.1.side_prep.weight": (0.01, 0.01),
        "score_dsn.1.side_prep.bias": (0.02, 0.02),
        "score_dsn.1.score_dsn.bias": (0.002, 0.002),
        "score_dsn.1.upscale.weight": (0.001, 0.001),
        "score_dsn.1.upscale_.weight": (0.001, 0.0),  # the side outputs, which "sta" has not
        "fuse.weight": (0.001, 0.0),
        "soundnet8.0.weight": (0.0, 0.1),
        "fusion3.affine_rgb.bias": (0.0, 1.0),
        "fuseav.weight": (0.0, 0.001),
    }
    for name, (deaf, hearing) in rates.items():
        assert stavis_rate(name, hears=False) == pytest.approx(deaf)
        assert stavis_rate(name, hears=True) == pytest.approx(hearing)
    recipe = default_recipe("stavis", 16, videos=True)
    (stage,) = recipe.stages
    assert (recipe.batch, recipe.weight_decay, stage.epochs, stage.keep) == (128, 1e-5, 60, "last")
    assert (recipe.weights.bce, recipe.weights.cc, recipe.weights.nss) == (0.1, 2.0, 1.0)
    with torch.device("meta"):
        model = create_model("stavis")
    module = StavisModule(model, stage, recipe.weights, recipe.weight_decay, 60)
    made = module.configure_optimizers()
    group = made["optimizer"].param_groups[0]
    assert (group["momentum"], group["dampening"], group["weight_decay"]) == (0.9, 0.9, 1e-5)
    assert sorted(made["lr_scheduler"]["scheduler"].milestones) == [29, 44]
    with pytest.raises(DataError, match="needs videos, with sound"):
        default_recipe("stavis", 16, videos=False)


def test_st_learns_from_all_its_depths(records):
    clips = StavisClips(records, SMALL, seed=0, fixations=True)
    samples_of = [clips[(0, index)] for index in range(2)]
    batch = {name: torch.stack([s[name] for s in samples_of]) for name in samples_of[0]}
    torch.manual_seed(0)
    model = create_model("stavis", variant="st")
    before = {name: value.clone() for name, value in model.named_parameters()}
    module = StavisModule(model, stavis_stage(), STAVIS_WEIGHTS, 1e-5, 3)
    module._log = lambda *_: None  # there is no trainer
    optimizer = module.configure_optimizers()["optimizer"]
    losses = []
    for _ in range(3):
        loss = module.training_step(batch, 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[2] < losses[0]
    parts = [model.outputs(batch["clip"])[i] for i in range(5)]
    costs = [stavis_losses(p, batch["target"], batch["fixations"], STAVIS_WEIGHTS) for p in parts]
    assert module.training_step(batch, 0).item() == pytest.approx(
        sum(cost.total.mean().item() for cost in costs), rel=1e-5
    )
    for name, value in model.named_parameters():
        learnt = not torch.equal(value, before[name])
        assert learnt == (stavis_rate(name, hears=False) > 0), name


def test_sta_learns_by_the_command(root, tmp_path, capsys):
    out = tmp_path / "run"
    arguments = ["train", "--data", root, "--out", out, "--model", "stavis", "--size", "32x48"]
    # Fresh, not from "st": at the full rate the first steps of the fusion go too far.
    arguments += ["--batch", 2, "--epochs", 3, "--rate", 1e-3, "--json"]
    arguments += ["--accelerator", "cpu", "--workers", 0, "--threads", 1, "--no-progress"]
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    assert not ended.value.code, capsys.readouterr().err
    losses = []
    for table in sorted((out / "logs/videos").glob("version_*/metrics.csv")):
        with table.open(newline="") as file:
            losses += [float(r["train_loss"]) for r in csv.DictReader(file) if r["train_loss"]]
    assert len(losses) == 3 and losses[2] < losses[0]
    card = read_card(out / "weights.safetensors")
    assert (card.clip_length, card.input_size) == (16, (112, 112))
    (stage,) = card.training["stages"]
    assert stage["clips"]["audio"] == "real" and card.training["weights"]["bce"] == 0.1
    assert load_model("stavis", out / "weights.safetensors").hears
    assert (out / "videos/samples.png").stat().st_size > 5000


def test_st_reads_no_sound(root):
    config = fresh_config(str(root), "unused", "stavis", {"variant": "st"}, Wishes())
    assert not config.stages[0].clips.audio
    assert config.stages[0].clips.height == config.stages[0].clips.width == 112
    for wishes, why in (
        (Wishes(audio="shuffled"), "a network that takes sound"),
        (Wishes(loss={"sim": 1.0}), "stavis does not learn by sim"),
        (Wishes(black_frames=2), "without black frames"),
    ):
        with pytest.raises(ValueError, match=why):
            fresh_config(str(root), "unused", "stavis", {"variant": "st"}, wishes)


def test_sta_starts_from_st_and_a_soundnet(tmp_path, root):
    whole, ears, deep = create_model("stavis"), create_model("soundnet"), {}
    fill(whole)
    fill(ears)
    torch.save(whole.state_dict(), tmp_path / "visual.pth")
    torch.save(ears.state_dict(), tmp_path / "soundnet8_final.pth")
    model = create_model("stavis")
    load_stavis_part(model, tmp_path / "soundnet8_final.pth")
    sound = torch.rand(1, 1, 35280, 1)
    with torch.inference_mode():
        heard = ears.eval()(sound)  # (1, 1024, 2, 1)
        ours = model.eval().hear(sound.transpose(2, 3))
    torch.testing.assert_close(ours, heard.amax(dim=2, keepdim=True))
    for key, value in whole.state_dict().items():
        if key.startswith(("conv1", "bn1", "layer")) and "num_batches" not in key:
            deep[f"module.{key}"] = value
    deep["module.layer4.0.conv1.weight"] = deep["module.fc.weight"] = torch.zeros(2, 2)
    torch.save({"state_dict": deep, "arch": "resnet-50"}, tmp_path / "resnet-50-kinetics.pth")
    load_stavis_part(model, tmp_path / "resnet-50-kinetics.pth")
    assert torch.equal(model.layer3[5].conv3.weight, whole.layer3[5].conv3.weight)
    torch.save({"soundnet8.0.weight": torch.zeros(16, 1, 1, 64)}, tmp_path / "cut.pth")
    with pytest.raises(WeightsError, match="neither a 3D-ResNet-50 nor a SoundNet"):
        load_stavis_part(model, tmp_path / "cut.pth")
    del deep["module.bn1.weight"]
    torch.save(deep, tmp_path / "cut.pth")
    with pytest.raises(WeightsError, match=r"lacks bn1\.weight"):
        load_stavis_part(model, tmp_path / "cut.pth")
    config = fresh_config(
        *(str(root), "unused", "stavis", {}, Wishes()),
        init=str(tmp_path / "visual.pth"),
        audio_weights=str(tmp_path / "soundnet8_final.pth"),
    )
    from vinet_ros.training.starting import starting_model

    begun = starting_model(config)
    assert torch.equal(begun.layer3[5].conv3.weight, whole.layer3[5].conv3.weight)
    assert torch.equal(begun.soundnet8[21].weight, model.soundnet8[21].weight)
