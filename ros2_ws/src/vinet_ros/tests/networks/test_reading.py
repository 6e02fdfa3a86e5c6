# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import json
import pickle

import hostile
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from vinet_ros.errors import WeightsError
from vinet_ros.networks.weights import read_card, read_state_dict

STATE = {
    "a.weight": torch.arange(6.0).reshape(2, 3),
    "a.bias": torch.ones(2),
    "n": torch.tensor(7),
}
PREFIXED = {f"module.{key}": value for key, value in STATE.items()}


def save_legacy(content, path):
    torch.save(content, path, _use_new_zipfile_serialization=False)


WRITERS = {"archive": torch.save, "legacy": save_legacy, "safetensors": save_file}
WRAPPINGS = {
    "plain": STATE,
    "from DataParallel": PREFIXED,
    "with epoch and optimizer": {"epoch": 3, "optimizer": {"lr": [0.1]}, "state_dict": PREFIXED},
    "under another name": {"model_state_dict": STATE},
    "wrapped twice": {"model": {"state_dict": STATE}},
    "as parameters": {k: nn.Parameter(v, requires_grad=False) for k, v in STATE.items()},
}


def assert_is_state(got):
    assert list(got) == list(STATE)
    for key, value in STATE.items():
        assert torch.equal(got[key], value)


@pytest.mark.parametrize("writer", ["archive", "legacy"])
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_state_dicts_as_they_are_found(tmp_path, writer, wrapping):
    WRITERS[writer](WRAPPINGS[wrapping], tmp_path / "w.pt")
    assert_is_state(read_state_dict(tmp_path / "w.pt"))


def test_safetensors(tmp_path):
    save_file(STATE, tmp_path / "w.bin")  # told by its content, not its name
    got = read_state_dict(str(tmp_path / "w.bin"))
    assert {key: value.tolist() for key, value in got.items()} == {
        key: value.tolist() for key, value in STATE.items()
    }
    assert read_card(tmp_path / "w.bin") is None


def test_a_prefix_that_only_some_keys_have_stays(tmp_path):
    mixed = {"module.a": torch.ones(1), "b": torch.ones(1)}
    torch.save(mixed, tmp_path / "w.pt")
    assert list(read_state_dict(tmp_path / "w.pt")) == ["module.a", "b"]


@pytest.mark.parametrize("payload", [hostile.Payload, hostile.EvaluatedPayload])
@pytest.mark.parametrize(
    "write",
    [hostile.torch_archive, hostile.torch_legacy, hostile.bare_pickle, hostile.old_pickle],
)
def test_a_hostile_pickle_runs_nothing(tmp_path, write, payload):
    proof, path = tmp_path / "proof", tmp_path / "w.pt"
    write(path, payload(proof))
    with pytest.raises(WeightsError, match=r"Nothing of it was run|not a weight file") as caught:
        read_state_dict(path)
    assert "weights_only" not in str(caught.value)  # torch's own message advises to run it
    assert not proof.exists()
    run_carelessly(path)
    assert proof.exists(), "the payload does nothing, so this test would prove nothing"


def run_carelessly(path):
    try:
        torch.load(path, weights_only=False)
    except (RuntimeError, pickle.UnpicklingError, ValueError):
        pickle.loads(path.read_bytes())  # noqa: S301


def test_a_pickled_module_is_refused_and_says_what_to_ask_for(tmp_path):
    torch.save(nn.Linear(2, 2), tmp_path / "w.pt")
    with pytest.raises(
        WeightsError, match=r"names torch\.nn\S*Linear.*Nothing of it was run.*plain state"
    ):
        read_state_dict(tmp_path / "w.pt")


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("kept", [0, 1, 7, 9, 64, 0.3, 0.6, 0.9, -1])
def test_a_truncated_file_is_refused(tmp_path, kind, kept):
    path = tmp_path / "w"
    WRITERS[kind](STATE, path)
    content = path.read_bytes()
    cut = int(len(content) * kept) if isinstance(kept, float) else kept
    path.write_bytes(content[:cut])
    with pytest.raises(WeightsError, match=r"damaged|not a weight file") as caught:
        read_state_dict(path)
    assert any(word in str(caught.value) for word in ("get", "ask", "expected"))


@pytest.mark.parametrize("lie", hostile.LYING_HEADERS)
def test_a_lying_header_is_refused(tmp_path, lie):
    path = tmp_path / "w.safetensors"
    path.write_bytes(hostile.LYING_HEADERS[lie])
    for read in (read_state_dict, read_card):
        with pytest.raises(WeightsError, match="damaged"):
            read(path)


@pytest.mark.parametrize("claimed", [78, 100_000, 2**31 - 1, -1])
def test_a_tensor_cannot_reach_beyond_the_file(tmp_path, claimed):
    hostile.with_claimed_size(tmp_path / "w.pt", claimed)
    try:
        state = read_state_dict(tmp_path / "w.pt")
    except WeightsError:
        return
    # A small lie may end in the file's other bytes, which are no secret.
    assert state["a"].untyped_storage().nbytes() <= (tmp_path / "w.pt").stat().st_size


def test_an_archive_that_grows_when_unpacked_is_refused(tmp_path):
    hostile.compressed(tmp_path / "w.pt", 200_000_000)
    assert (tmp_path / "w.pt").stat().st_size < 1_000_000
    with pytest.raises(WeightsError, match="compressed archive"):
        read_state_dict(tmp_path / "w.pt")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "an empty file"),
        (b"\n<!DOCTYPE html><html>sign in</html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"\x1f\x8b\x08 and so on", "gzip"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"just a text", "expected a file of torch.save or a safetensors"),
    ],
)
def test_another_kind_of_file_is_named(tmp_path, content, reason):
    (tmp_path / "w.pt").write_bytes(content)
    with pytest.raises(WeightsError, match=reason):
        read_state_dict(tmp_path / "w.pt")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (torch.ones(3), "holds a torch.strided tensor"),
        ([torch.ones(3)], "holds a list"),
        ({}, "a dict of 0 entries"),
        ({"a": torch.ones(1), "epoch": 3}, "entry 'epoch' is a int"),
        ({1: torch.ones(1)}, "a int as key"),
        ({"a": torch.ones(2, 2).to_sparse()}, "sparse"),
        ({"a": {"b": torch.ones(1)}}, "a dict of 1 entries"),
        ({"state_dict": {}}, "a dict of 0 entries"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_something_else_than_a_state_dict_is_named(tmp_path, content, reason):
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(WeightsError, match=reason):
        read_state_dict(tmp_path / "w.pt")


def test_a_missing_file_and_a_folder(tmp_path):
    for read in (read_state_dict, read_card):
        with pytest.raises(WeightsError, match="does not exist"):
            read(tmp_path / "none.pt")
        with pytest.raises(WeightsError, match="is a folder"):
            read(tmp_path)


@settings(max_examples=200, deadline=None)
@given(
    kind=st.sampled_from(sorted(WRITERS)),
    flips=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4))
    ),
    kept=st.floats(0.5, 1),
)
def test_no_damage_gives_anything_but_tensors_or_a_weights_error(
    tmp_path_factory, kind, flips, kept
):
    path = tmp_path_factory.getbasetemp() / "fuzzed"
    WRITERS[kind](STATE, path)
    content = bytearray(path.read_bytes())
    for place, values in flips:
        at = int(place * len(content))
        content[at : at + len(values)] = values
    path.write_bytes(content[: int(len(content) * kept)])
    try:
        state = read_state_dict(path)
    except WeightsError as error:
        assert str(path) in str(error)
    else:
        assert all(isinstance(value, torch.Tensor) for value in state.values())


@pytest.mark.parametrize("length", [0x4B50, 0x0280])
def test_a_header_length_is_not_taken_for_another_format(tmp_path, length):
    # The length's first bytes read "PK", as a zip archive's, or 0x80 0x02, as a pickle's.
    text = json.dumps({"a": hostile.entry([1], 0, 4)}).encode().ljust(length)
    (tmp_path / "w").write_bytes(hostile.safetensors_bytes(text, bytes(4)))
    assert read_state_dict(tmp_path / "w")["a"].tolist() == [0.0]
