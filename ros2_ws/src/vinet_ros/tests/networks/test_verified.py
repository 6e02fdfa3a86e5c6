# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A file with the hash that is asked for: what is checked is what is read."""

import stat

import pytest
import torch
from torch import nn

from vinet_ros.errors import WeightsError
from vinet_ros.networks import create_model, load_model, loading
from vinet_ros.networks.verified import verified
from vinet_ros.networks.weights import (
    WeightsCard,
    card_of,
    read_state_dict,
    save_weights,
    sha256_of,
)

SMALL = {"clip_length": 2, "width": 16, "motion_width": 8}


@pytest.fixture
def files(tmp_path):
    """Two weight files of one network: the one that is wanted, and another one."""
    card = WeightsCard(
        model="vinet_lite", clip_length=2, input_size=(224, 384), rate_hz=12.0, options=SMALL
    )
    for seed, name in enumerate(("wanted", "other")):
        torch.manual_seed(seed)
        save_weights(tmp_path / name, create_model("vinet_lite", **SMALL), card)
    return tmp_path / "wanted", tmp_path / "other"


def same(model: nn.Module, path) -> bool:
    stored = read_state_dict(path)
    return all(torch.equal(value, stored[key]) for key, value in model.state_dict().items())


def test_what_is_exchanged_after_the_check_is_not_read(files, tmp_path, monkeypatch):
    wanted, other = files
    kept = tmp_path / "kept"
    kept.write_bytes(wanted.read_bytes())

    def exchange_then_read(path):
        if wanted.read_bytes() != other.read_bytes():
            wanted.write_bytes(other.read_bytes())  # the moment between check and reading
        return read_state_dict(path)

    monkeypatch.setattr(loading, "read_state_dict", exchange_then_read)
    model = load_model("vinet_lite", wanted, sha256=sha256_of(wanted))
    assert sha256_of(wanted) == sha256_of(other)
    assert same(model, kept) and not same(model, other)
    assert (card_of(model).file, card_of(model).sha256) == ("wanted", sha256_of(kept))


def test_the_bytes_that_were_checked_are_out_of_reach(files):
    wanted, other = files
    expected = wanted.read_bytes()
    with verified(wanted, sha256_of(wanted).upper()) as file:
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        other.replace(wanted)
        assert file.read_bytes() == expected
        folder = file.parent
    assert not folder.exists()


def test_another_hash_leaves_nothing_behind(files, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    with pytest.raises(WeightsError, match=f"expected sha256 {'0' * 64}, got"):
        load_model("vinet_lite", files[0], sha256="0" * 64)
    assert set(tmp_path.iterdir()) == before


def test_without_a_hash_the_file_is_read_where_it_lies(files):
    with verified(files[0], None) as file:
        assert file == files[0]


def test_messages_name_the_file_that_was_given(tmp_path):
    (tmp_path / "w.pt").write_bytes(b"no weights at all")
    with pytest.raises(WeightsError, match=f"^{tmp_path / 'w.pt'} is not a weight file"):
        load_model("vinet", tmp_path / "w.pt", sha256=sha256_of(tmp_path / "w.pt"))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(WeightsError, match="cannot be read and copied"):
        load_model("vinet", tmp_path / "none.pt", sha256="0" * 64)
