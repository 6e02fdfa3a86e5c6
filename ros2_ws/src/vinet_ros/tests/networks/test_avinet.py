# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import functools
import json

import numpy as np
import pytest
import torch
from fill import clip, drawn, fill, state_sha256
from reference import assert_equal_to_reference, run_tapped
from torch import nn

from vinet_ros.errors import WeightsError
from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.avinet import AViNet
from vinet_ros.networks.fusion import FUSIONS
from vinet_ros.networks.fusion_layers import AttentionLayer, Bilinear
from vinet_ros.networks.inspection import inspect_weights
from vinet_ros.networks.loading import shapes_of

PUBLIC = {
    "bilinear": {},
    "channel transformer": {"channel_transformer": True},
    "transformer": {"fusion": "transformer"},
    "vggvox": {"fusion": "concat", "audio": "vggvox"},
}
FIXED_SIZE = [options for options in PUBLIC.values() if options.get("fusion") != "concat"]
OURS = {"concat": {"fusion": "concat"}, "attention": {"fusion": "attention"}}
OTHER_EARS = [
    {"fusion": fusion, "audio": audio, "channel_transformer": after}
    for audio in ("vggvox", "avid")
    for fusion in FUSIONS
    for after in ([False, True] if fusion == "bilinear" else [False])
]
FIXTURES = [
    "avinet_bilinear__a",
    "avinet_bilinear__zero_audio",
    "avinet_bilinear_tr__a",
    "avinet_trfusion__a",
    "avinet_vggvox_concat__a",
]
WAVE = {"kind": "wave", "shape": (1, 1, 70560, 1), "L": 70560, "n": 23000, "amp": 20.0}


def on_meta(name="avinet", **options):
    with torch.device("meta"):
        return create_model(name, **options)


@functools.lru_cache(maxsize=1)
def filled(**options):
    model = create_model("avinet", **options).eval()
    fill(model)
    return model


def small_clip(batch=1, seed=1):
    return clip(seed=seed, batch=batch, frames=32, height=32, width=64, block=8)


def lines_of(model, prefix=""):
    return [
        f"{prefix}{key} {'x'.join(map(str, value.shape)) or '-'} "
        f"{str(value.dtype).removeprefix('torch.')}"
        for key, value in model.state_dict().items()
    ]


def public_keys(golden, title):
    """The lines of one section of avinet_keys.txt: (keys, parameter count, sha256)."""
    sections, name = {}, ""
    for line in (golden / "avinet_keys.txt").read_text().splitlines():
        if line.startswith("["):
            name = line.rpartition("]")[0][1:]
            sections[name] = [line]
        else:
            sections[name].append(line)
    head, *lines = sections[title]
    encoder = "vggvox" if "vggvox" in title else "soundnet"
    parts = {"visual_model.": on_meta("vinet"), "audionet.": on_meta(encoder)}
    keys = []
    for line in lines:
        prefix = line.removesuffix("*")
        keys += lines_of(parts[prefix], prefix) if line.endswith("*") else [line]
    count, sha256 = head.split()[-2:]
    return keys, int(count), sha256


ENCODERS = ("soundnet", "vggvox", "avid")


@pytest.mark.parametrize("title", [*map(json.dumps, PUBLIC.values()), *ENCODERS])
def test_keys_and_shapes_are_the_public_ones(golden, title):
    model = on_meta(title) if title in ENCODERS else on_meta(**json.loads(title))
    keys, parameters, _ = public_keys(golden, title)
    assert lines_of(model) == keys
    assert sum(p.numel() for p in model.parameters()) == parameters


@pytest.mark.parametrize("fixture", FIXTURES)
def test_outputs_and_stages_equal_the_public_code(golden, fixture):
    with np.load(golden / f"{fixture}.npz") as expected, torch.inference_mode():
        meta = json.loads(str(expected["meta"]))
        model = filled(**meta["options"])
        assert (
            state_sha256(model.state_dict()) == public_keys(golden, json.dumps(meta["options"]))[2]
        )
        head = model.get_parameter(meta["head_key"])
        before = head.clone()
        try:
            head += meta["head_bias_add"]
            visual = model.visual_model
            saliency, taps = run_tapped(
                model,
                (model, visual.backbone, visual.decoder),
                clip(**meta["clip"]),
                drawn(**meta["audio"]),
            )
        finally:
            head.copy_(before)
        assert_equal_to_reference(expected, saliency, taps)


def test_attention_layers_equal_the_public_ones(golden):
    layers = {
        # The public layer keeps the stream that is asked, which works for equal lengths only.
        "crossA2V": AttentionLayer(128, residual="asked"),
        "crossV2A": AttentionLayer(128, residual="asked"),
        "selfAV": AttentionLayer(256),
    }
    model = nn.ModuleDict(layers).eval()
    fill(model)
    with np.load(golden / "crossattn__128.npz") as expected, torch.inference_mode():
        meta = json.loads(str(expected["meta"]))
        audio, video = (drawn(**meta[name]).transpose(0, 1) for name in ("audio", "video"))
        a2v = layers["crossA2V"](video, audio)
        v2a = layers["crossV2A"](audio, video)
        both = torch.cat((a2v, v2a), dim=2)
        found = {"a2v": a2v, "v2a": v2a, "self": layers["selfAV"](both, both)}
        for name, tokens in found.items():
            values = tokens.transpose(0, 1)[:, :: int(expected["step"])].numpy()
            wanted = expected[name]
            close = {"rtol": 1e-4, "atol": 1e-4 * wanted.std()}
            np.testing.assert_allclose(values, wanted, **close, err_msg=name)


def test_the_bilinear_layer_is_that_of_pytorch():
    ours = Bilinear(42, 3, 336)
    left, right = torch.randn(2, 5, 42), torch.randn(2, 5, 3)
    torch.testing.assert_close(ours(left, right), nn.Bilinear.forward(ours, left, right))


@pytest.mark.parametrize("variant", [*PUBLIC, *OURS])
def test_options_are_read_off_keys(variant):
    options = {**PUBLIC, **OURS}[variant]
    default = {"fusion": "bilinear", "audio": "soundnet", "channel_transformer": False}
    shapes = shapes_of(on_meta(**options).state_dict())
    assert AViNet.options_from_shapes(shapes) == {**default, **options}


@pytest.mark.parametrize("options", OTHER_EARS, ids=lambda o: "-".join(map(str, o.values())))
def test_every_fusion_hears_by_every_encoder(options):
    model = on_meta(**options)
    assert AViNet.options_from_shapes(shapes_of(model.state_dict())) == options
    channels, steps = model.audionet.channels, model.audionet.steps
    y0 = torch.zeros(2, 1024, 4, 7, 12, device="meta")
    heard = torch.zeros(2, channels, steps, 1, device="meta")
    assert model._fusion.fuse(model, y0, heard).shape == y0.shape
    sound = torch.zeros(2, *model.audio_shape, device="meta")
    assert model.hear(sound).shape == heard.shape


def test_foreign_keys_are_no_avinet():
    for name in ("vinet", "s3d", *ENCODERS):
        assert AViNet.options_from_shapes(shapes_of(on_meta(name).state_dict())) is None


@pytest.mark.parametrize(
    "option",
    [
        {"fusion": "sum"},
        {"fusion": None},
        {"audio": "vggish"},
        {"channel_transformer": 1},
        {"fusion": "concat", "channel_transformer": True},
    ],
    ids=str,
)
def test_other_combinations_name_those_there_are(option):
    with pytest.raises(ValueError, match=r"does not exist\. AViNet exists with fusion 'bilinear'"):
        on_meta(**option)


@pytest.mark.parametrize("fusion", ["concat", "attention"])
def test_a_fusion_without_reference_hears_and_takes_other_sizes(fusion):
    model, frames = filled(fusion=fusion), small_clip(batch=2)
    sounds = torch.cat([drawn(**WAVE, seed=seed) for seed in (1, 2)])
    with torch.inference_mode():
        saliency = model(frames, sounds)
        assert saliency.shape == (2, 32, 64)
        swapped = model(frames, sounds.flip(0))
        assert (saliency - swapped).abs().max() > 1e-3
        # Each clip goes with its own sound.
        torch.testing.assert_close(
            model(frames[1:], sounds[1:])[0], saliency[1], rtol=0, atol=1e-5
        )
        silence = torch.zeros_like(sounds)
        torch.testing.assert_close(model(frames), model(frames, silence), rtol=0, atol=0)
        kept = [model.encode(frames[:, :, t]) for t in range(32)]
        stacked = tuple(torch.stack(level, dim=1) for level in zip(*kept, strict=True))
        torch.testing.assert_close(model.decode(stacked, sounds), saliency, rtol=0, atol=0)


def test_concat_takes_the_loudest_step():
    model = filled(fusion="concat")
    with torch.inference_mode():
        y0, heard = torch.randn(1, 1024, 4, 1, 2), torch.randn(1, 1024, 3, 1)
        fused = model._fusion.fuse(model, y0, heard)
        again = model._fusion.fuse(model, y0, heard.amax(2, keepdim=True).expand(-1, -1, 3, -1))
        torch.testing.assert_close(fused, again)
        torch.testing.assert_close(fused[:, :512], model.conv_video(y0))
        assert (fused[:, 512:].flatten(2).std(dim=2) == 0).all()


@pytest.mark.parametrize("options", FIXED_SIZE, ids=str)
@pytest.mark.parametrize("shape", [(1, 3, 32, 64, 96), (1, 3, 16, 224, 384), (3, 32, 224, 384)])
def test_a_fixed_size_is_named(options, shape):
    with pytest.raises(ValueError, match=r"\(B, 3, 32, 224, 384\), the one size .*'concat'"):
        on_meta(**options)(torch.zeros(shape, device="meta"))


@pytest.mark.parametrize("shape", [(1, 3, 32, 60, 64), (1, 3, 8, 64, 64)])
def test_a_free_size_is_named_too(shape):
    with pytest.raises(ValueError, match=r"\(B, 3, 32, H, W\) with H and W divisible by 32"):
        on_meta(fusion="concat")(torch.zeros(shape, device="meta"))


@pytest.mark.parametrize("shape", [(1, 70560, 1), (2, 1, 70560, 1), (1, 1, 22050, 1)])
def test_wrong_sound_is_named(shape):
    with pytest.raises(ValueError, match=r"expected sound \(1, 1, 70560, 1\) beside the clip"):
        on_meta()(
            torch.zeros(1, 3, 32, 224, 384, device="meta"), torch.zeros(shape, device="meta")
        )


@pytest.mark.parametrize("variant", ["transformer", "concat"])
def test_a_file_tells_its_fusion(tmp_path, variant):
    options = {**PUBLIC, **OURS}[variant]
    path = tmp_path / "AViNet_Dave.pt"
    model = filled(**options)
    torch.save(model.state_dict(), path)
    loaded = load_model("avinet", path)
    assert not loaded.training
    assert all(torch.equal(v, loaded.state_dict()[k]) for k, v in model.state_dict().items())
    report = inspect_weights(path)
    assert (report.model, report.problems) == ("avinet", ())
    assert report.options["fusion"] == options.get("fusion", "bilinear")
    with pytest.raises(WeightsError, match="looks like 'avinet'"):
        load_model("vinet", path)
    other = "transformer" if variant == "concat" else "concat"
    with pytest.raises(WeightsError, match=r"made with fusion=.*: leave the option out"):
        load_model("avinet", path, fusion=other)


def test_no_weights_come_with_the_package():
    with pytest.raises(WeightsError, match=r"no weights for 'avinet' come with the package"):
        load_model("avinet")
