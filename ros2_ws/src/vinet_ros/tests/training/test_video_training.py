# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Training on videos through the command: ViNet as the papers do, and what can go wrong."""

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from made_videos import write_dhf1k, write_sound_set

from vinet_ros.cli import main
from vinet_ros.errors import DataError
from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.weights import read_card
from vinet_ros.training import recipes
from vinet_ros.training.config import TrainConfig
from vinet_ros.training.datasets.layouts import LAYOUTS, find_videos
from vinet_ros.training.datasets.packed_videos import pack_videos
from vinet_ros.training.loop import load_best, train
from vinet_ros.training.recipes import Wishes, default_recipe, fresh_config
from vinet_ros.training.run_data import split_videos
from vinet_ros.training.starting import starting_model

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on workers and devices

TINY = {"clip_length": 2, "width": 16, "motion_width": 8}
ON_CPU = ("--accelerator", "cpu", "--workers", "0", "--threads", "1", "--no-progress")


def vinet(*arguments):
    with pytest.raises(SystemExit) as exit_info:
        main([str(a) for a in arguments])
    return exit_info.value.code or 0


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_dhf1k(tmp_path_factory.mktemp("data"), train=4, val=2, frames=6)


def tiny(data, out, **changes):
    """A run of vinet_lite on videos, small enough for a test."""
    wishes = Wishes(epochs=2, rate=1e-3, batch=2, size=(32, 64), **changes.pop("wishes", {}))
    config = fresh_config(str(data), str(out), "vinet_lite", TINY, wishes, workers=0, threads=1)
    return replace(config, machine=replace(config.machine, accelerator="cpu"), **changes)


def logged(out: Path, stage: str, column: str) -> list[float]:
    rows = []
    for table in sorted((out / "logs" / stage).glob("version_*/metrics.csv")):
        with table.open(newline="") as file:
            rows += [float(row[column]) for row in csv.DictReader(file) if row.get(column)]
    return rows


def test_full_vinet_learns_in_four_steps_by_the_command(tmp_path, capsys):
    # Videos as long as a clip, all in one batch: each epoch is one step on the same clips.
    root = write_dhf1k(tmp_path / "dhf1k", train=2, val=1, frames=32)
    out = tmp_path / "run"
    arguments = ("--data", root, "--out", out, "--model", "vinet", "--size", "32x64")
    assert vinet("train", *arguments, "--batch", 2, "--epochs", 4, *ON_CPU) == 0
    losses = logged(out, "videos", "train_loss")
    assert len(losses) == 4 and losses[3] < losses[0] - 0.01
    assert f"weights: {out / 'weights.safetensors'}" in capsys.readouterr().out
    card = read_card(out / "weights.safetensors")
    (stage,) = card.training["stages"]
    assert card.clip_length == 32 and card.training["data"] == "dhf1k"
    assert (stage["optimizer"], stage["learning_rate"], stage["keep"]) == ("adam", 1e-4, "best")
    assert card.training["weights"] == {
        "kldiv": 1,
        "cc": 0,
        "nss": 0,
        "sim": 0,
        "bce": 0,
        "rna": 0,
    }
    load_model("vinet", out / "weights.safetensors")
    pictures = [(out / "videos" / name).read_bytes() for name in ("curves.png", "samples.png")]
    assert all(picture.startswith(b"\x89PNG") and len(picture) > 5000 for picture in pictures)
    assert list((out / "logs" / "tensorboard" / "videos").glob("events.*"))


def test_the_papers_recipe():
    recipe = default_recipe("vinet", 32, videos=True)
    (stage,) = recipe.stages
    assert (recipe.batch, recipe.ema_decay, recipe.gradient_clip) == (8, 0, 0)
    assert (stage.epochs, stage.schedule, stage.patience) == (40, "constant", 0)
    assert (stage.encoder, stage.keep) == ("all", "best")
    assert (stage.clips.frames, stage.clips.rate_hz) == (32, 0)
    stills = default_recipe("vinet", 16, videos=False).stages[0]
    assert stills.clips is None and stills.making.frames == 16 and stills.making.camera_share > 0
    assert default_recipe("vinet_lite", 8, videos=True).stages[0].clips.rate_hz == 15
    with pytest.raises(ValueError, match="s3d gives features"):
        default_recipe("s3d", 32, videos=True)


@pytest.mark.parametrize(
    ("flags", "precision"),
    [
        ("fpu avx512_bf16 amx_bf16", "bf16-mixed"),
        ("fpu avx2 avx512f", "32-true"),
        (None, "32-true"),
    ],
)
def test_bfloat16_where_the_processor_has_it(monkeypatch, tmp_path, flags, precision):
    told = tmp_path / "cpuinfo"
    if flags is not None:
        told.write_text(f"processor: 0\nflags\t\t: {flags}\n")
    monkeypatch.setattr(recipes, "_CPU_INFO", told)
    if not torch.cuda.is_available():
        assert default_recipe("vinet_lite", 8, videos=False).precision == precision
    assert default_recipe("vinet", 32, videos=True).precision == "32-true"


def test_the_best_epoch_is_kept_and_patience_ends_a_stage(data, tmp_path):
    run = tiny(data, tmp_path / "run")
    # A rate far too high: after the first epoch it only gets worse.
    stage = replace(run.stages[0], epochs=8, learning_rate=0.5, encoder_rate=0.5, patience=2)
    train(replace(run, stages=(stage,)), progress=False)
    curve = logged(tmp_path / "run", "videos", "val_kldiv")
    best = curve.index(min(curve))
    assert len(curve) == min(best + 3, 8)
    kept = torch.load(tmp_path / "run/videos/best.ckpt", weights_only=True)
    assert kept["epoch"] == best
    model = create_model("vinet_lite", **TINY)
    load_best(model, tmp_path / "run/videos/best.ckpt")
    trained = load_model("vinet_lite", tmp_path / "run/weights.safetensors").state_dict()
    for key, value in model.state_dict().items():
        torch.testing.assert_close(trained[key], value)


def test_fine_tuning_starts_from_a_file_in_training_mode(data, tmp_path):
    first = train(tiny(data, tmp_path / "first"), progress=False)
    config = fresh_config(
        str(data), str(tmp_path / "second"), "vinet_lite", {}, Wishes(epochs=1), init=str(first)
    )
    assert config.stages[0].clips.frames == 2  # the file's, not the catalog's
    model = starting_model(config)
    assert all(module.training for module in model.modules())
    for key, value in load_model("vinet_lite", first).state_dict().items():
        torch.testing.assert_close(model.state_dict()[key], value)


def test_the_encoder_can_come_from_kinetics(tmp_path):
    encoder = create_model("s3d")
    places = {"base1": 0, "base2": 5, "base3": 8, "base4": 14}
    state = {"module.fc.0.weight": torch.zeros(400, 1024), "module.fc.0.bias": torch.zeros(400)}
    for key, value in encoder.state_dict().items():
        stage, index, rest = key.split(".", 2)
        if not key.endswith("num_batches_tracked"):
            state[f"module.base.{places[stage] + int(index)}.{rest}"] = value
    torch.save(state, tmp_path / "S3D_kinetics400.pt")
    path = str(tmp_path / "S3D_kinetics400.pt")
    data = write_dhf1k(tmp_path / "dhf1k", frames=2)
    config = fresh_config(
        str(data), "unused", "vinet", {"clip_length": 8}, Wishes(), encoder_weights=path
    )
    model = starting_model(config)
    for key, value in encoder.state_dict().items():
        assert (model.backbone.state_dict()[key] == value).all()


def test_a_packed_file_trains_as_its_folder(data, tmp_path):
    pack = tmp_path / "pack.npz"
    records = [
        record
        for split in ("train", "val")
        for record in find_videos(data, LAYOUTS["dhf1k"], split)
    ]
    pack_videos(records, pack)
    weights = train(tiny(pack, tmp_path / "run"), progress=False)
    assert read_card(weights).training["data"] == "pack.npz"


def test_sets_of_one_root_train_together(tmp_path):
    root = write_sound_set(write_sound_set(tmp_path, "AVAD"), "ETMD_av")
    run = tiny(root, tmp_path / "run")
    kept, held = split_videos(run)
    assert [r.set_name for r in kept] == ["avad"] * 2 + ["etmd"] * 2
    assert [r.split for r in held] == ["test"] * 2  # as the papers choose
    kept, held = split_videos(replace(run, selection="held_out", sets=("etmd",), video_fold="2"))
    titles = sorted(record.title for record in (*kept, *held))
    assert titles == ["etmd train clip_0", "etmd train clip_2"]
    assert len(held) == 1


def test_a_missing_file_ends_it_before_it_begins(tmp_path):
    root = write_dhf1k(tmp_path / "dhf1k", train=2, frames=4)
    (root / "annotation/0002/maps/0003.png").unlink()
    with pytest.raises(DataError, match=r"0002/maps/0003\.png: missing or empty"):
        train(tiny(root, tmp_path / "run"), progress=False)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_file_is_one_line(tmp_path, workers):
    root = write_dhf1k(tmp_path / "dhf1k", train=2, frames=2)
    (root / "annotation/0001/images/0001.png").write_bytes(b"broken")
    with pytest.raises(DataError) as caught:
        train(tiny(root, tmp_path / "run", workers=workers), progress=False)
    text = str(caught.value)
    assert text.endswith("0001/images/0001.png: not a readable image") and "\n" not in text


def test_a_folder_of_another_run_is_refused(data, tmp_path):
    run = tiny(data, tmp_path / "run")
    train(run, progress=False)
    with pytest.raises(DataError, match="another seed, stage videos; give another --out"):
        other = replace(run.stages[0], epochs=9)
        train(replace(run, seed=1, stages=(other,)), progress=False)
    there = TrainConfig.load(tmp_path / "run/config.yaml")
    assert there == run
    train(there, progress=False)  # done already


def test_wrong_wishes_are_one_line(data, tmp_path, capsys):
    for arguments, message in (
        (("--model", "vinet3"), "no model is named 'vinet3'"),
        (("--model", "vinet", "--option", "clip_length=9"), "clip_length 8, 16, 32 or 48"),
        (("--size", "224"), "expected --size as HEIGHTxWIDTH"),
        (("--size", "100x100"), "multiples of 32"),
        (("--selection", "best"), "selection must be one of authors, held_out"),
        (("--layout", "dhf2k"), "no data set dhf2k"),
        (("--layout", "avad", "--video-fold", "7"), "avad has no fold '7'"),
    ):
        assert vinet("train", "--data", data, "--out", tmp_path / "run", *arguments) == 1
        assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_two_processes_share_the_epoch(data, tmp_path):
    run = tiny(data, tmp_path / "run")
    (stage,) = run.stages
    stages = (replace(stage, epochs=1), replace(stage, name="more", epochs=1))
    run = replace(run, stages=stages, batch=1)
    run = replace(run, machine=replace(run.machine, devices="2", strategy="ddp"))
    run.save(tmp_path / "config.yaml")
    command = [sys.executable, "-W", "ignore", "-m", "vinet_ros.cli", "train", "--no-progress"]
    subprocess.run([*command, "--config", str(tmp_path / "config.yaml")], check=True, timeout=280)
    for name in ("videos", "more"):
        last = torch.load(tmp_path / "run" / name / "last.ckpt", weights_only=True)
        assert last["global_step"] == 2  # four videos, two processes
    load_model("vinet_lite", tmp_path / "run/weights.safetensors")
