# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A network learns another one's maps, stops in time, and goes on."""

import json
from pathlib import Path

import pytest
import torch
from made_data import write_stills
from typer.testing import CliRunner

from vinet_ros.cli.train import app
from vinet_ros.errors import WeightsError
from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.weights import WeightsCard, read_card, save_weights
from vinet_ros.training.config import Stage, TrainConfig
from vinet_ros.training.losses import LossWeights
from vinet_ros.training.module import SaliencyModule
from vinet_ros.training.recipes import default_recipe
from vinet_ros.training.samples import ClipMaking
from vinet_ros.training.teacher import Teacher, load_teacher, quicken_norms

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on workers and devices


class Corner(torch.nn.Module):
    """A teacher that looks at one corner, more so the brighter the oldest frame that it sees."""

    clip_length = 2

    def forward(self, clip):
        maps = torch.zeros(clip.shape[0], *clip.shape[3:])
        maps[:, :8, :8] = clip[:, 0, 0].mean(dim=(1, 2))[:, None, None]
        return maps + 1e-3


def batch_of(clip):
    density = torch.zeros(len(clip), 8, 12)
    density[:, 7, 11] = 1.0
    fixations = (density * 3).int()
    return {"clip": clip, "density": density, "fixations": fixations}


def test_a_teacher_sees_the_clip_at_its_own_rate():
    teacher = Teacher(Corner(), rate_hz=15, clip_rate_hz=30)
    assert teacher.frames(4) == [1, 3]
    clip = torch.rand(2, 3, 4, 32, 64)
    clip[:, :, 1] += torch.tensor([1.0, 5.0])[:, None, None, None]
    maps = teacher.densities(clip)
    torch.testing.assert_close(maps.flatten(1).sum(dim=1), torch.ones(2))
    assert maps[1, 0, 0] > maps[0, 0, 0] > maps[0, 20, 20]


def test_of_several_teachers_the_mean_of_their_shares_is_taught():
    class Even(torch.nn.Module):
        def forward(self, clip):
            return torch.full((clip.shape[0], *clip.shape[3:]), 7.0)  # its level does not matter

    clip = torch.rand(2, 3, 4, 32, 64)
    one, both = Teacher(Corner(), 15, 30), Teacher(Corner(), 15, 30, [Even()])
    expected = (one.densities(clip) + 1 / (32 * 64)) / 2
    torch.testing.assert_close(both.densities(clip), expected)


def test_several_files_make_one_teacher_of_one_kind_of_network(tmp_path):
    files = []
    for name in ("vinet_lite", "vinet"):
        files.append(tmp_path / f"{name}.safetensors")
        card = WeightsCard(name, 8 if name == "vinet_lite" else 32, (224, 384), 15.0)
        save_weights(files[-1], create_model(name), card)
    with pytest.raises(WeightsError, match="must be of one network, got vinet, vinet_lite"):
        load_teacher(",".join(map(str, files)), "vinet_lite")
    clip = torch.rand(1, 3, 8, 64, 96)
    twice = load_teacher("bundled,bundled", "vinet_lite").densities(clip)
    torch.testing.assert_close(twice, load_teacher("bundled", "vinet_lite").densities(clip))


def test_ground_truth_is_shared_between_people_and_teacher():
    teacher = Teacher(Corner(), 15, 30)
    batch = batch_of(torch.ones(1, 3, 4, 32, 64)) | {"audio": torch.ones(1, 9)}
    maps = torch.zeros(1, 8, 12)
    maps[:, 0, 0] = 1.0
    for share in (0.0, 0.5, 1.0):
        taught = teacher.teach(batch, share, maps)
        assert taught["audio"] is batch["audio"] and taught["clip"] is batch["clip"]
        for name in ("density", "fixations"):
            assert taught[name][0, 0, 0] == pytest.approx(share)
            assert taught[name][0, 7, 11] == pytest.approx(1 - share)


def test_vinet_with_the_grouped_decoder_learns_from_the_teacher_alone():
    torch.manual_seed(0)
    model = create_model("vinet", decoder_groups=True)
    quicken_norms(model)
    stage = Stage("teacher", 1, 1e-3, 1e-3, "all", ClipMaking(32), teacher_share=1.0)
    module = SaliencyModule(model, stage, LossWeights(), 0.0, 100, Teacher(Corner(), 15, 30))
    module._log = lambda *_: None  # there is no trainer to log to
    batch = batch_of(torch.rand(1, 3, 32, 64, 96))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    losses = []
    for _ in range(4):
        loss = module.training_step(batch, 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[3] < losses[0] - 0.05
    names = list(module.state_dict())
    assert names and all(name.startswith("model.") for name in names)


def test_a_run_ends_in_time_and_goes_on(tmp_path):
    data = write_stills(tmp_path / "stills", images=8)
    out = tmp_path / "run"
    words = [
        "--data", str(data), "--out", str(out), "--teacher", "bundled", "--encoder", "bundled",
        "--option", "clip_length=2", "--option", "width=16", "--option", "motion_width=8",
        "--epochs", "1", "--batch", "3", "--workers", "0", "--threads", "1", "--minutes", "0",
        "--precision", "32-true", "--no-progress",
    ]  # fmt: skip
    first = CliRunner().invoke(app, [*words, "--json"])
    assert first.exit_code == 0, first.output
    told = json.loads(first.stdout)
    assert not told["done"] and Path(told["weights"]).name == "unfinished.safetensors"
    assert (out / "stills" / "done.pt").is_file() and not (out / "motion").exists()
    second = CliRunner().invoke(app, words)
    assert "the same command goes on with it" not in second.output
    card = read_card(out / "weights.safetensors")
    assert card.training["teacher"] == "bundled"
    assert [stage["teacher_share"] for stage in card.training["stages"]] == [0.5, 0.5]
    encoders = [load_model("vinet_lite", w).encoder for w in (out / "weights.safetensors", None)]
    stems = [encoder.stem.weight for encoder in encoders]
    torch.testing.assert_close(*stems, atol=1e-4, rtol=0)  # it does not learn


def test_the_recipe_from_chance_is_the_teachers_first():
    recipe = default_recipe("vinet", 32, videos=False, taught=True)
    shares = {stage.name: stage.teacher_share for stage in recipe.stages}
    assert shares == {"teacher": 1.0, "people": 0.0}
    assert all(s.encoder == "all" and s.making.camera_share == 0.8 for s in recipe.stages)
    assert default_recipe("vinet", 32, videos=True, taught=True).stages[0].teacher_share == 0.5


def test_a_missing_teacher_is_named(tmp_path):
    with pytest.raises(ValueError, match="has a teacher_share, but the run has no teacher"):
        TrainConfig("d", "o", stages=(Stage("s", 1, 1e-3, teacher_share=0.3),))
    with pytest.raises(ValueError, match="teacher_share must be 0 to 1, got 2"):
        Stage("s", 1, 1e-3, teacher_share=2)
    with pytest.raises(WeightsError, match="nowhere"):
        load_teacher(str(tmp_path / "nowhere.safetensors"), "vinet")
