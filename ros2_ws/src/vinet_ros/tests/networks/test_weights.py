# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import resource
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from vinet_ros.errors import WeightsError
from vinet_ros.networks.weights import (
    WeightsCard,
    bundled_weights,
    read_card,
    read_state_dict,
    save_weights,
    sha256_of,
)

CARD = WeightsCard(
    model="vinet_lite",
    clip_length=8,
    input_size=(224, 384),
    rate_hz=15.0,
    options={"width": 24},
    source="vinet train --seed 3",
    licence="Apache-2.0",
    training={"seed": 3, "data": ["fixations"]},
    scores={"fixations/val": {"CC": 0.78}},
)


class Small(nn.Module):
    """A network of every kind of tensor: weight, bias, statistics, counter."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv3d(2, 4, 3)
        self.bn = nn.BatchNorm3d(4)


def test_a_card_comes_back_with_name_and_hash(tmp_path):
    path = tmp_path / "small.safetensors"
    saved = save_weights(path, Small(), replace(CARD, file="old", sha256="old"))
    assert saved == replace(CARD, file="small.safetensors", sha256=sha256_of(path))
    assert read_card(path) == saved
    assert list(tmp_path.iterdir()) == [path]


def test_weights_come_back_bit_for_bit(tmp_path):
    model = Small()
    save_weights(tmp_path / "w", model, CARD)
    state = read_state_dict(tmp_path / "w")
    for key, value in model.state_dict().items():
        assert state[key].dtype == value.dtype
        assert torch.equal(state[key], value)


def test_half_precision_is_for_matrices_only(tmp_path):
    model = Small()
    save_weights(tmp_path / "w", model, CARD, torch.float16)
    state = read_state_dict(tmp_path / "w")
    assert state["conv.weight"].dtype == torch.float16
    torch.testing.assert_close(
        state["conv.weight"].float(), model.conv.weight.detach(), rtol=1e-3, atol=1e-6
    )
    for key in ("conv.bias", "bn.weight", "bn.running_var"):
        assert torch.equal(state[key], model.state_dict()[key])


def test_the_same_weights_give_the_same_file(tmp_path):
    model = Small()
    assert len({save_weights(tmp_path / f"{i}", model, CARD).sha256 for i in range(8)}) == 1


def test_a_value_beyond_half_precision_is_refused_and_nothing_is_written(tmp_path):
    model = Small()
    with torch.no_grad():
        model.conv.weight[0, 0, 0, 0, 0] = 1e5
    with pytest.raises(WeightsError, match=r"conv\.weight.*1e\+05.*float32"):
        save_weights(tmp_path / "w", model, CARD, torch.float16)
    assert list(tmp_path.iterdir()) == []


def test_other_types_are_not_stored(tmp_path):
    with pytest.raises(ValueError, match=r"float32 or float16, not as torch\.int8"):
        save_weights(tmp_path / "w", Small(), CARD, torch.int8)


@pytest.mark.parametrize("target", ["none/w", "."])
def test_a_place_that_cannot_be_written_says_so(tmp_path, target):
    with pytest.raises(WeightsError, match="cannot write"):
        save_weights(tmp_path / target, Small(), CARD)
    assert list(tmp_path.iterdir()) == []


def save_with_little_room(path):
    """Try to replace a file where every file is cut off at 512 bytes, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, resource.RLIM_INFINITY))
    try:
        save_weights(path, Small(), CARD)
    except WeightsError as error:
        print(error)


def test_a_full_disk_leaves_the_old_file_whole_and_nothing_else(tmp_path):
    path = tmp_path / "w"
    before = save_weights(path, Small(), CARD)
    code = "import sys, test_weights as t; t.save_with_little_room(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert "cannot write" in done.stdout
    assert "has room" in done.stdout
    assert read_card(path) == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting property name"),
        ("[]", "not a table"),
        ("{}", "lacks model"),
        (CARD.to_json().replace("8", '"8"', 1), "clip_length is '8', not a whole number"),
        (CARD.to_json().replace("[224, 384]", "[224]"), r"input_size is \[224\]"),
        (CARD.to_json().replace("15.0", "true"), "rate_hz is True"),
        (CARD.to_json().replace('{"width": 24}', '"width"'), "options is 'width', not a table"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_damaged_card_says_what_is_wrong(tmp_path, text, reason):
    save_file({"a": torch.ones(1)}, tmp_path / "w", metadata={"card": text})
    with pytest.raises(WeightsError, match=reason):
        read_card(tmp_path / "w")


def test_a_card_of_a_later_version_may_say_more(tmp_path):
    text = CARD.to_json().replace("{", '{"mood": "sunny", ', 1)
    save_file({"a": torch.ones(1)}, tmp_path / "w", metadata={"card": text})
    card = read_card(tmp_path / "w")
    assert card == replace(CARD, file="w", sha256=sha256_of(tmp_path / "w"))


def test_bundled_weights_are_found_where_colcon_installs_them(tmp_path, monkeypatch):
    folder = tmp_path / "share" / "vinet_ros" / "models"
    folder.mkdir(parents=True)
    assert bundled_weights("some_model") is None
    (folder / "some_model.safetensors").touch()
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"/nowhere:{tmp_path}")
    assert bundled_weights("some_model") == folder / "some_model.safetensors"
