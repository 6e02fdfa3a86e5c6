# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

from collections import OrderedDict

import pytest
import torch
from fill import clip, fill
from safetensors.torch import save_file

from vinet_ros.errors import DeviceError, WeightsError
from vinet_ros.networks import create_model, load_kinetics_s3d, load_model
from vinet_ros.networks.inspection import convert_weights, inspect_weights
from vinet_ros.networks.weights import (
    WeightsCard,
    card_of,
    read_card,
    read_state_dict,
    save_weights,
    sha256_of,
)

# Index in the one Sequential of the public Kinetics file, and our name of the same block.
KINETICS = {
    **{i: f"base1.{i}" for i in range(4)},
    **{i: f"base2.{i - 5}" for i in (5, 6)},
    **{i: f"base3.{i - 8}" for i in range(8, 13)},
    **{i: f"base4.{i - 14}" for i in (14, 15)},
}


@pytest.fixture(scope="module")
def encoder():
    model = create_model("s3d").eval()
    fill(model)
    return model


@pytest.fixture(scope="module")
def kinetics(encoder):
    """The encoder's weights as the public Kinetics file names them, classifier included."""
    names = {ours: f"base.{index}" for index, ours in KINETICS.items()}
    state = {
        names[key[: len("base1.0")]] + key[len("base1.0") :]: value
        for key, value in encoder.state_dict().items()
    }
    return {**state, "fc.0.weight": torch.ones(400, 1024, 1, 1, 1), "fc.0.bias": torch.ones(400)}


@pytest.fixture(scope="module")
def vinet16():
    model = create_model("vinet", clip_length=16).eval()
    fill(model)
    return model


def assert_same_weights(got, expected):
    for key, value in expected.state_dict().items():
        assert torch.equal(got.state_dict()[key], value), key


@pytest.mark.parametrize("form", ["plain", "module.", "wrapped", "legacy", "safetensors", "fp64"])
def test_the_authors_forms_all_load(tmp_path, encoder, form):
    path, state = tmp_path / "w.pt", encoder.state_dict()
    if form == "safetensors":
        save_file(state, path)
    elif form == "legacy":
        torch.save(state, path, _use_new_zipfile_serialization=False)
    else:
        content = {
            "plain": state,
            "module.": OrderedDict((f"module.{key}", value) for key, value in state.items()),
            "wrapped": {"epoch": 1, "state_dict": state},
            "fp64": {k: v.double() if v.is_floating_point() else v for k, v in state.items()},
        }[form]
        torch.save(content, path)
    model = load_model("s3d", path)
    assert not model.training
    assert_same_weights(model, encoder)
    assert all(p.dtype == torch.float32 for p in model.parameters())


def test_options_and_a_card_are_read_off_an_authors_file(tmp_path, vinet16):
    path = tmp_path / "ViNet_DHF1K.pt"
    torch.save({f"module.{k}": v for k, v in vinet16.state_dict().items()}, path)
    model = load_model("vinet", path, dropout=0.85)
    assert model.clip_length == 16
    assert model.dropout.p == 0.85
    assert_same_weights(model, vinet16)
    card = card_of(model)
    assert (card.model, card.clip_length, card.rate_hz) == ("vinet", 16, 30.0)
    assert (card.file, card.sha256) == ("ViNet_DHF1K.pt", sha256_of(path))
    assert card.options["clip_length"] == 16
    assert card_of(vinet16) is None

    with pytest.raises(WeightsError, match=r"made with clip_length=16: leave the option out"):
        load_model("vinet", path, clip_length=32)
    with pytest.raises(WeightsError, match=r"tells clip_length=16.*does not exist"):
        load_model("vinet", path, hierarchies=1)
    with pytest.raises(ValueError, match="no option depth"):
        load_model("vinet", path, depth=3)
    with pytest.raises(WeightsError, match="looks like 'vinet': load it under that name"):
        load_model("s3d", path)


def test_converted_to_half_precision_it_loads_as_float32(tmp_path, vinet16):
    torch.save(vinet16.state_dict(), tmp_path / "w.pt")
    out = tmp_path / "w.safetensors"
    card = convert_weights(tmp_path / "w.pt", out, torch.float16, licence="MIT")
    assert out.stat().st_size < 0.52 * (tmp_path / "w.pt").stat().st_size
    assert card.licence == "MIT"
    assert sha256_of(tmp_path / "w.pt") in card.source
    model = load_model("vinet", out, sha256=card.sha256.upper())
    assert card_of(model) == read_card(out) == card
    assert all(p.dtype == torch.float32 for p in model.parameters())
    frames = clip(seed=5, batch=1, frames=16, height=32, width=64, block=8)
    with torch.inference_mode():
        torch.testing.assert_close(model(frames), vinet16(frames), rtol=0, atol=0.02)


DAMAGES = {
    "missing": (lambda s: s.pop("base1.0.conv_s.weight"), r"lacks base1\.0\.conv_s\.weight"),
    "extra": (lambda s: s.update(more=torch.ones(1)), r"has more, unknown to it"),
    "misshapen": (
        lambda s: s.update({"base1.0.bn_s.bias": torch.ones(65)}),
        r"base1\.0\.bn_s\.bias is 65, expected 64",
    ),
    "vast": (
        lambda s: s.update({"base1.0.bn_s.bias": torch.ones(1).expand(1 << 40)}),
        r"base1\.0\.bn_s\.bias is 1099511627776, expected 64",
    ),
    "not finite": (
        lambda s: s.update({"base1.0.bn_s.bias": torch.full((64,), torch.nan)}),
        r"base1\.0\.bn_s\.bias holds NaN or infinity",
    ),
    "whole numbers": (
        lambda s: s.update({"base1.0.bn_s.bias": torch.ones(64, dtype=torch.int64)}),
        r"base1\.0\.bn_s\.bias is stored as torch\.int64",
    ),
    "complex": (
        lambda s: s.update({"base1.0.bn_s.bias": torch.ones(64, dtype=torch.complex64)}),
        r"base1\.0\.bn_s\.bias is stored as torch\.complex64",
    ),
    "control characters": (lambda s: s.update({"\x1b[2J": torch.ones(1)}), r"has '\\x1b\[2J'"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_does_not_fit_names_the_reason(tmp_path, encoder, damage):
    change, reason = DAMAGES[damage]
    state = dict(encoder.state_dict())
    change(state)
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(WeightsError, match=reason) as caught:
        load_model("s3d", tmp_path / "w.pt")
    assert "vinet weights inspect" in str(caught.value)
    report = inspect_weights(tmp_path / "w.pt")
    assert len(report.problems) == 1


def test_of_many_reasons_the_first_few_are_named(tmp_path, encoder):
    state = {f"x.{i}": torch.ones(1) for i in range(10)} | encoder.state_dict()
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(WeightsError, match=r"has x\.0.*has x\.3.*and 6 more\."):
        load_model("s3d", tmp_path / "w.pt")


def test_a_damaged_vinet_is_told_by_what_is_left(tmp_path, vinet16):
    state = dict(vinet16.state_dict())
    del state["decoder.convtsp3.0.weight"]
    torch.save(state, tmp_path / "w.pt")
    reason = r"does not fit ViNet: lacks decoder\.convtsp3\.0\.weight\. "
    with pytest.raises(WeightsError, match=reason):
        load_model("vinet", tmp_path / "w.pt")


def test_another_hash_is_refused_before_reading(tmp_path):
    (tmp_path / "w.pt").write_bytes(b"\x80 no weight file at all")
    got = sha256_of(tmp_path / "w.pt")
    with pytest.raises(WeightsError, match=rf"expected sha256 {'0' * 64}, got {got}"):
        load_model("s3d", tmp_path / "w.pt", sha256="0" * 64)


def test_a_card_decides_the_model_and_its_options(tmp_path, encoder):
    card = WeightsCard(model="vinet", clip_length=32, input_size=(224, 384), rate_hz=30.0)
    path = tmp_path / "w.safetensors"
    save_weights(path, encoder, card)
    with pytest.raises(WeightsError, match="holds weights of 'vinet', not of 's3d'"):
        load_model("s3d", path)
    strange = WeightsCard(
        model="s3d", clip_length=32, input_size=(224, 384), rate_hz=30.0, options={"depth": 3}
    )
    save_weights(path, encoder, strange)
    with pytest.raises(WeightsError, match=r"it tells depth=3; s3d has no option depth"):
        load_model("s3d", path)


def test_without_weights_the_reason_names_where_they_were_looked_for():
    with pytest.raises(
        WeightsError, match=r"no weights for 's3d'.*no s3d\.safetensors in .*models"
    ):
        load_model("s3d")


@pytest.mark.parametrize("device", ["cuda:99", "toaster"])
def test_a_device_that_is_not_there(tmp_path, encoder, device):
    torch.save(encoder.state_dict(), tmp_path / "w.pt")
    with pytest.raises(DeviceError, match=f"{device}.*try 'cpu'"):
        load_model("s3d", tmp_path / "w.pt", device=device)


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("counters", [True, False])
def test_a_kinetics_file_fills_the_encoder(tmp_path, encoder, kinetics, prefix, counters):
    state = {
        prefix + key: value
        for key, value in kinetics.items()
        if counters or not key.endswith("num_batches_tracked")
    }
    torch.save(state, tmp_path / "S3D_kinetics400.pt")
    assert_same_weights(load_model("s3d", tmp_path / "S3D_kinetics400.pt"), encoder)


def test_a_kinetics_file_fills_the_encoder_of_vinet_and_leaves_its_decoder(
    tmp_path, encoder, kinetics
):
    torch.save(kinetics, tmp_path / "S3D_kinetics400.pt")
    vinet = create_model("vinet")
    decoder = {key: value.clone() for key, value in vinet.decoder.state_dict().items()}
    load_kinetics_s3d(vinet, tmp_path / "S3D_kinetics400.pt")
    assert_same_weights(vinet.backbone, encoder)
    assert all(torch.equal(v, decoder[k]) for k, v in vinet.decoder.state_dict().items())


def test_a_kinetics_file_is_taken_whole_or_not_at_all(tmp_path, kinetics):
    state = {k: v for k, v in kinetics.items() if k != "base.15.branch3.1.conv.weight"}
    torch.save(state, tmp_path / "w.pt")
    fresh = create_model("s3d")
    before = {key: value.clone() for key, value in fresh.state_dict().items()}
    with pytest.raises(WeightsError, match=r"lacks base4\.1\.branch3\.1\.conv\.weight"):
        load_kinetics_s3d(fresh, tmp_path / "w.pt")
    assert all(torch.equal(value, before[key]) for key, value in fresh.state_dict().items())


def test_what_is_no_kinetics_file_is_refused(tmp_path, encoder, kinetics):
    torch.save(encoder.state_dict(), tmp_path / "w.pt")
    with pytest.raises(WeightsError, match=r"not a Kinetics S3D file.*base1\.0\.conv_s"):
        load_kinetics_s3d(create_model("s3d"), tmp_path / "w.pt")
    torch.save(kinetics, tmp_path / "k.pt")
    with pytest.raises(WeightsError, match="looks like 's3d'"):
        load_model("vinet", tmp_path / "k.pt")
    with pytest.raises(ValueError, match="no S3D encoder"):
        load_kinetics_s3d(torch.nn.Linear(2, 2), tmp_path / "k.pt")


def test_an_audio_visual_file_is_recognised(tmp_path):
    torch.save({"visual_model.backbone.base1.0.bn_s.bias": torch.ones(64)}, tmp_path / "w.pt")
    with pytest.raises(WeightsError, match="looks like 'avinet'"):
        load_model("vinet", tmp_path / "w.pt")


def test_loaded_weights_do_not_hang_on_the_file(tmp_path, encoder):
    path = tmp_path / "w.pt"
    torch.save(encoder.state_dict(), path)
    model = load_model("s3d", path)
    with path.open("r+b") as handle:
        handle.write(bytes(path.stat().st_size))
    assert_same_weights(model, encoder)


def test_a_report_counts_what_was_trained(tmp_path, encoder, kinetics):
    torch.save(encoder.state_dict(), tmp_path / "w.pt")
    report = inspect_weights(tmp_path / "w.pt")
    assert (report.model, report.options, report.problems) == ("s3d", {}, ())
    assert report.parameters == sum(p.numel() for p in encoder.parameters())
    assert report.entries == len(read_state_dict(tmp_path / "w.pt")) == 462
    assert report.dtypes == {"float32": 462 - 77, "int64": 77}
    torch.save(kinetics, tmp_path / "k.pt")
    report = inspect_weights(tmp_path / "k.pt")
    assert (report.model, report.problems) == ("s3d", ())
    torch.save({"strange.weight": torch.ones(2, 2)}, tmp_path / "x.pt")
    report = inspect_weights(tmp_path / "x.pt")
    assert report.model is None
    assert "begin with strange.weight" in report.problems[0]
    with pytest.raises(WeightsError, match="does not tell its model"):
        convert_weights(tmp_path / "x.pt", tmp_path / "y")


def test_large_values_are_not_taken_for_infinite(tmp_path, encoder):
    state = dict(encoder.state_dict())
    state["base1.0.bn_s.bias"] = torch.full((64,), 3e38)  # their sum is beyond float32
    torch.save(state, tmp_path / "w.pt")
    loaded = load_model("s3d", tmp_path / "w.pt")
    assert torch.equal(loaded.base1[0].bn_s.bias, state["base1.0.bn_s.bias"])
