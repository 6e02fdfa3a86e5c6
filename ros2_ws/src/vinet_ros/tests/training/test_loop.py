# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Whole short runs: they learn, resume after a kill, and repeat from their own config."""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from made_data import write_stills

from vinet_ros.errors import DataError
from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.weights import read_card
from vinet_ros.training.config import Stage, TrainConfig, default_stages
from vinet_ros.training.datasets import Stills
from vinet_ros.training.loop import train
from vinet_ros.training.losses import LossWeights
from vinet_ros.training.module import (
    SaliencyModule,
    drop_channels,
    return_towards,
    select_trained,
)
from vinet_ros.training.run_data import split_stills
from vinet_ros.training.samples import ClipMaking, MadeSamples, StillSamples
from vinet_ros.training.scoring import score_stills, static_predict

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on workers and devices


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_stills(tmp_path_factory.mktemp("data") / "stills", images=15)


def config(data, out, **changes):
    stages = (
        Stage("stills", 2, 2e-3, 1e-4, "upper"),
        Stage("motion", 1, 1e-3, making=ClipMaking(2, mover_share=1.0)),
    )
    options = {"clip_length": 2, "width": 16, "motion_width": 8}
    fixed = {"options": options, "stages": stages, "batch": 4, "workers": 0, "threads": 1}
    fixed["precision"] = "32-true"  # bf16 takes minutes on a processor that has it not
    return TrainConfig(str(data), str(out), **{**fixed, **changes})


def state(path):
    return load_model("vinet_lite", path).state_dict()


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "whole"
    return train(config(data, out), progress=False)


def test_a_run_leaves_weights_with_a_card(finished):
    card = read_card(finished)
    assert card.model == "vinet_lite" and card.clip_length == 2
    assert card.training["seed"] == 0 and card.training["stages"][1]["name"] == "motion"
    assert state(finished).keys() == create_model("vinet_lite", clip_length=2).state_dict().keys()


def test_a_run_repeats_from_its_own_config(finished, data, tmp_path):
    repeated = replace(TrainConfig.load(finished.parent / "config.yaml"), out=str(tmp_path))
    assert repeated == config(data, tmp_path)
    again = state(train(repeated, progress=False))
    for key, value in state(finished).items():
        torch.testing.assert_close(again[key], value, atol=1e-3, rtol=1e-3)
    scores = [cc_on(data, path) for path in (finished, tmp_path / "weights.safetensors")]
    assert abs(scores[0] - scores[1]) < 0.002


def cc_on(data, weights):
    model = load_model("vinet_lite", weights)
    return score_stills(static_predict(model), Stills(data, "val")).mean("CC")


def test_a_killed_run_goes_on_after_its_last_epoch(finished, data, tmp_path):
    run = config(data, tmp_path / "killed")
    run.save(tmp_path / "config.yaml")
    command = [sys.executable, "-W", "ignore", "-m", "vinet_ros.cli", "train", "--no-progress"]
    process = subprocess.Popen([*command, "--config", str(tmp_path / "config.yaml")])
    try:
        _wait_for(Path(run.out) / "stills" / "last.ckpt", process)
        process.send_signal(signal.SIGKILL)
    finally:
        process.wait(timeout=60)
    assert not (Path(run.out) / "weights.safetensors").exists()
    done = state(train(run, progress=False))
    for key, value in state(finished).items():
        torch.testing.assert_close(done[key], value, atol=1e-3, rtol=1e-3)


def _wait_for(path, process, limit_s=240):
    # A kill needs a real process at a real moment: wait for its first checkpoint on disk.
    until = time.monotonic() + limit_s
    while not path.exists():
        assert process.poll() is None, "the run ended before its first checkpoint"
        assert time.monotonic() < until, "no checkpoint came"
        time.sleep(0.02)


def test_folds_partition_the_train_split(data, tmp_path):
    run = config(data, tmp_path)
    held = [{s.name for s in split_stills(replace(run, fold=i))[1]} for i in range(5)]
    everything = {s.name for s in split_stills(run)[0]}
    assert set.union(*held) == everything and sum(map(len, held)) == len(everything) == 10
    kept, out = split_stills(replace(run, fold=2))
    assert not {s.name for s in kept} & {s.name for s in out}


def test_full_vinet_learns_with_the_same_module(data):
    torch.manual_seed(0)
    model = create_model("vinet", clip_length=8)
    stage = Stage("stills", 1, 1e-4, 1e-4, "all", ClipMaking(8, 1.0))
    samples = MadeSamples(split_stills(config(data, "unused"))[0], stage.making, seed=0)
    sample = samples[(0, 0)]
    batch = {
        "clip": sample["clip"][None, :, :, ::2, ::2].contiguous(),  # (1, 3, 8, 112, 192)
        "density": sample["density"][None],
        "fixations": sample["fixations"][None],
    }
    batch["clip"] = torch.nn.functional.pad(batch["clip"], (0, 0, 0, 16))  # height 128: 4 x 32
    module = SaliencyModule(model, stage, LossWeights(), 0.0, steps=100)
    optimizer = torch.optim.Adam(model.parameters(), 1e-4)
    losses = []
    for _ in range(5):
        loss = module._losses(batch).total
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[4] < losses[0] - 0.01


def test_frames_of_a_clip_go_without_the_same_channels():
    torch.manual_seed(0)
    dropped = drop_channels(torch.ones(3, 4, 200, 2, 2), 0.25)
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert not torch.equal(dropped[0], dropped[1])
    assert set(dropped.unique().tolist()) == {0.0, torch.tensor(4 / 3).item()}
    assert (dropped == 0).float().mean() == pytest.approx(0.25, abs=0.07)


def test_features_are_dropped_while_learning_only(data):
    torch.manual_seed(0)
    stage = Stage("stills", 1, 1e-3, feature_dropout=0.5)
    module = SaliencyModule(create_model("vinet_lite"), stage, LossWeights(), 0.0, steps=100)
    sample = StillSamples(split_stills(config(data, "unused"))[0][:1])[0]
    batch = {name: values[None] for name, values in sample.items()}
    module.train()
    assert not torch.equal(module.predict(batch), module.predict(batch))
    module.eval()
    assert torch.equal(module.predict(batch), module.predict(batch))


def test_weights_go_part_of_the_way_back_and_motion_stays():
    torch.manual_seed(0)
    model, other = create_model("vinet_lite"), create_model("vinet_lite")
    before = {name: value.clone() for name, value in other.state_dict().items()}
    after = {name: value.clone() for name, value in model.state_dict().items()}
    return_towards(model, before, 0.75)
    state = model.state_dict()
    for part in ("decoder.head.weight", "decoder.time8.still.weight"):
        torch.testing.assert_close(state[part], 0.25 * after[part] + 0.75 * before[part])
    for part in ("decoder.time8.change.weight", "decoder.time32.reduce.weight"):
        assert torch.equal(state[part], after[part])
    frames = torch.rand(1, 3, 1, 224, 384)
    return_towards(model, before, 1.0)
    with torch.inference_mode():  # standing: as before the stage, whatever motion has learned
        assert torch.equal(model.eval()(frames), other.eval()(frames))


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_the_share_of_the_way_back_is_at_most_one(share):
    with pytest.raises(ValueError, match="return_share"):
        Stage("motion", 1, 1e-3, return_share=share)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_of_dropped_features_is_below_one(share):
    with pytest.raises(ValueError, match="feature_dropout"):
        Stage("stills", 1, 1e-3, feature_dropout=share)


def test_what_learns_is_what_the_stage_says():
    model = create_model("vinet_lite", clip_length=2)
    learns = {}
    for part in ("none", "upper", "all"):
        select_trained(model, part)
        learns[part] = {n for n, p in model.named_parameters() if p.requires_grad}
    assert all(n.startswith("decoder.") for n in learns["none"])
    assert learns["all"] == {n for n, _ in model.named_parameters()}
    upper = learns["upper"] - learns["none"]
    assert "encoder.blocks.5.expand.weight" in upper
    assert not any("depthwise" in n or "stem" in n or "blocks.4." in n for n in upper)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stages": ()}, "at least one stage"),
        ({"fold": 5}, "fold must be -1"),
    ],
)
def test_a_wrong_config_says_what_is_wrong(data, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        config(data, tmp_path, **change)


def test_a_stage_names_the_encoder_parts_there_are():
    with pytest.raises(ValueError, match=r"none, upper, all.*got 'half'"):
        Stage("s", 1, 1e-3, encoder="half")


def test_a_config_that_is_none_is_refused(tmp_path):
    broken = tmp_path / "config.yaml"
    broken.write_text("stages: 3")
    with pytest.raises(DataError, match="not a training config"):
        TrainConfig.load(broken)
    with pytest.raises(DataError, match="no such file"):
        TrainConfig.load(tmp_path / "missing.yaml")


def test_the_recipe_trains_motion_only_where_there_is_time():
    assert [s.name for s in default_stages(8)] == ["stills", "motion"]
    assert [s.name for s in default_stages(1)] == ["stills"]
