# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Networks that hear learn through the command; and so does every variant of the papers."""

import csv
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from chorus import noise, write_wav
from made_videos import write_dhf1k, write_sound_set
from torch.utils.data import DataLoader

from vinet_ros.cli import main
from vinet_ros.errors import DataError, WeightsError
from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.weights import WeightsCard, read_card, save_weights
from vinet_ros.preprocess import IMAGENET_MEAN, IMAGENET_STD
from vinet_ros.training.datasets.layouts import LAYOUTS, find_videos
from vinet_ros.training.module import SaliencyModule
from vinet_ros.training.parts import fill_parts
from vinet_ros.training.recipes import Wishes, fresh_config
from vinet_ros.training.run_data import split_videos, stage_data
from vinet_ros.training.starting import starting_model
from vinet_ros.training.video_samples import ClipSampling, ValidationClips, VideoClips

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on workers and devices

ON_CPU = ("--accelerator", "cpu", "--workers", "0", "--threads", "1", "--no-progress")
STEPS, RATE = 7, 2e-3
VARIANTS = [
    {"clip_length": 8},
    {"clip_length": 16, "dropout": 0.85},
    {"clip_length": 48},
    {"hierarchies": 0},
    {"hierarchies": 1, "dropout": 0.8},
    {"hierarchies": 2, "dropout": 0.9},
    {"upsampling": "transposed"},
    {"concat": "channel"},
]


def vinet(*arguments):
    with pytest.raises(SystemExit) as exit_info:
        main([str(a) for a in arguments])
    return exit_info.value.code or 0


@pytest.fixture(scope="module")
def talks(tmp_path_factory):
    """Two training videos of noise and one to choose by, each as long as a clip."""
    root = write_sound_set(tmp_path_factory.mktemp("talks"), "DIEM", folds=1, frames=32)
    for seed, sound in enumerate(sorted(root.glob("video_audio/*/*/*.wav"))):
        write_wav(sound, noise(32 / 25, seed))
    return root


def logged(out, column):
    (table,) = (out / "logs/videos").glob("version_*/metrics.csv")
    with table.open(newline="") as file:
        return [float(row[column]) for row in csv.DictReader(file) if row.get(column)]


def test_avinet_learns_by_the_command(talks, tmp_path):
    out = tmp_path / "run"
    arguments = ("--data", talks, "--out", out, "--model", "avinet", "--option", "fusion=concat")
    recipe = ("--size", "32x64", "--batch", 2, "--epochs", 1, "--rna", 1, "--audio", "shuffled")
    assert vinet("train", *arguments, *recipe, *ON_CPU) == 0
    for part in ("train", "val"):
        seen, heard, ratio = (logged(out, f"{part}_{name}") for name in ("seen", "heard", "ratio"))
        assert len(ratio) == 1
        np.testing.assert_allclose(np.divide(seen, heard), ratio, rtol=1e-4)
    card = read_card(out / "weights.safetensors")
    assert card.training["weights"]["rna"] == 1
    assert card.training["stages"][0]["clips"]["audio"] == "shuffled"
    load_model("avinet", out / "weights.safetensors")


def test_rna_brings_sight_and_sound_to_one_strength(talks):
    """A small form of docs/rna.md: AViNet(C) as it is, on small clips."""
    wishes = Wishes(size=(32, 64), rate=RATE, batch=2, loss={"rna": 1.0})
    config = fresh_config(str(talks), "unused", "avinet", {"fusion": "concat"}, wishes)
    torch.manual_seed(0)
    model, (stage,) = starting_model(config), config.stages
    module = SaliencyModule(model, stage, config.weights, 0.0, STEPS)
    for name, parameter in model.named_parameters():  # half of the time goes to these
        parameter.requires_grad_(not re.search(r"backbone\.base[123]", name))
    optimizer = module.configure_optimizers()
    data = stage_data(config, stage, split_videos(config))
    ratios = []
    for _ in range(STEPS):
        (batch,) = DataLoader(data.train_samples, 2, sampler=[(0, 0), (0, 1)])
        losses = module._losses(batch)
        ratios.append(float(losses.alignment.ratio))
        optimizer.zero_grad()
        losses.total.backward()
        optimizer.step()
    assert ratios[0] > 1.25
    assert all(0.8 < ratio < 1.2 for ratio in ratios[-2:])


def test_every_variant_of_the_papers_learns(tmp_path):
    root = write_dhf1k(tmp_path / "dhf1k", frames=2)
    for options in VARIANTS:
        config = fresh_config(str(root), "unused", "vinet", options, Wishes(black_frames=4))
        clips = config.stages[0].clips
        assert clips.frames == options.get("clip_length", 32) and clips.black_frames == 4
        model = starting_model(config)
        module = SaliencyModule(model, config.stages[0], config.weights, 0.0, steps=1)
        size = 1, 32, 64 if clips.frames == 8 else 32  # a norm needs two values of a channel
        batch = {
            "clip": torch.randn(1, 3, clips.frames, *size[1:]),
            "density": torch.full(size, 1 / 1024),
            "fixations": torch.zeros(size),
        }
        module._losses(batch).total.backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name


def test_so_many_frames_of_a_training_clip_are_black(tmp_path):
    (record, _) = find_videos(write_dhf1k(tmp_path), LAYOUTS["dhf1k"], "train")
    sampling = ClipSampling(8, height=32, width=64, black_frames=3)
    black = torch.tensor([-m / s for m, s in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)])
    drawn = set()
    for epoch in range(20):
        clip = VideoClips([record], sampling, seed=0)[(epoch, 0)]["clip"]
        dark = (clip - black[:, None, None, None]).abs().amax(dim=(0, 2, 3)) < 1e-4
        assert dark.sum() == 3
        assert (VideoClips([record], sampling, seed=0)[(epoch, 0)]["clip"] == clip).all()
        drawn |= set(np.flatnonzero(dark).tolist())
    assert drawn == set(range(8))
    held = ValidationClips([record], sampling)[0]["clip"]
    assert ((held - black[:, None, None, None]).abs().amax(dim=(0, 2, 3)) > 1e-4).all()


def test_the_parts_of_a_fresh_avinet_come_from_their_files(talks, tmp_path):
    files = {}
    for name, rate_hz in (("vinet", 30.0), ("soundnet", 30.0)):
        files[name] = tmp_path / f"{name}.safetensors"
        size = (224, 384) if name == "vinet" else (70560, 1)
        save_weights(files[name], create_model(name), WeightsCard(name, 32, size, rate_hz))
    parts = {"visual_weights": str(files["vinet"]), "audio_weights": str(files["soundnet"])}
    config = fresh_config(str(talks), "unused", "avinet", {}, Wishes(), **parts)
    model = starting_model(config)
    for part, name in ((model.visual_model, "vinet"), (model.audionet, "soundnet")):
        for key, value in load_model(name, files[name]).state_dict().items():
            assert (part.state_dict()[key] == value).all(), key
    swapped = replace(config, audio_weights=str(files["vinet"]))
    with pytest.raises(WeightsError, match="holds weights of 'vinet', not of 'soundnet'"):
        fill_parts(model, swapped)
    with pytest.raises(DataError, match="visual_weights are for AViNet, got vinet"):
        fill_parts(model.visual_model, replace(config, model="vinet"))


def test_wrong_wishes_are_one_line(talks, tmp_path, capsys):
    for arguments, message in (
        (("--model", "vinet", "--rna", 1), "rna aligns sight and sound, and vinet takes no sound"),
        (("--model", "vinet", "--audio", "zero"), "for a network that takes sound"),
        (("--model", "avinet", "--audio", "loud"), "no audio regime 'loud'"),
        (("--model", "avinet", "--audio-std", 1), "the deviation of 'normal' sound"),
        (("--model", "avinet", "--size", "32x64"), "the one size that this fusion was made for"),
        (("--model", "vinet", "--black-frames", 33), "black_frames must be 0 to 32"),
        (("--model", "vinet", "--option", "dropout=1"), "dropout must be at least 0 and below 1"),
    ):
        assert vinet("train", "--data", talks, "--out", tmp_path / "run", *arguments) == 1
        assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
