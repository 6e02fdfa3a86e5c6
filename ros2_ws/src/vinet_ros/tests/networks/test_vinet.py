# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import copy
import functools
import itertools
import json

import numpy as np
import pytest
import torch
from fill import clip, fill, state_sha256
from reference import assert_equal_to_reference, run_tapped

from vinet_ros.networks import create_model
from vinet_ros.networks.loading import shapes_of
from vinet_ros.networks.vinet import GROUPS, ViNet

DEFAULT = {
    "clip_length": 32,
    "hierarchies": 3,
    "upsampling": "trilinear",
    "concat": "time",
    "decoder_groups": None,
}
VARIANTS = {
    "vinet_t32": {},
    "vinet_t8": {"clip_length": 8},
    "vinet_t16": {"clip_length": 16},
    "vinet_t48": {"clip_length": 48},
    "vinet_hier0": {"hierarchies": 0},
    "vinet_hier1": {"hierarchies": 1},
    "vinet_hier2": {"hierarchies": 2},
    "vinet_transposed": {"upsampling": "transposed"},
}
WITHOUT_REFERENCE = {"channel": {"concat": "channel"}, "grouped": {"decoder_groups": GROUPS}}
FIXTURES = [
    *(f"{variant}__{size}" for variant in VARIANTS for size in ("full", "small")),
    "vinet_t32__oddaspect",
]


def on_meta(**options):
    with torch.device("meta"):
        return create_model("vinet", **options)


@functools.lru_cache(maxsize=1)
def filled(variant):
    model = create_model("vinet", **VARIANTS[variant]).eval()
    fill(model)
    return model


def public_keys(golden, options):
    """The lines of one variant in vinet_keys.txt: (keys, parameter count, sha256)."""
    sections, name = {}, ""
    for line in (golden / "vinet_keys.txt").read_text().splitlines():
        if line.startswith("["):
            name, sections[line] = line, []
        else:
            sections[name].append(line)
    title = next(s for s in sections if s.startswith(f"[{json.dumps(options)}]"))
    count, sha256 = title.split()[-2:]
    return sections["[backbone]"] + sections[title], int(count), sha256


@pytest.mark.parametrize("variant", VARIANTS)
def test_keys_and_shapes_are_the_public_ones(golden, variant):
    model = on_meta(**VARIANTS[variant])
    keys, parameters, _ = public_keys(golden, VARIANTS[variant])
    assert [
        f"{key} {'x'.join(map(str, value.shape)) or '-'} {str(value.dtype).removeprefix('torch.')}"
        for key, value in model.state_dict().items()
    ] == keys
    assert sum(p.numel() for p in model.parameters()) == parameters


@pytest.mark.parametrize("fixture", sorted(FIXTURES))
def test_outputs_and_stages_equal_the_public_code(golden, fixture):
    with np.load(golden / f"{fixture}.npz") as expected:
        meta = json.loads(str(expected["meta"]))
        model = filled(fixture.rsplit("__", 1)[0])
        _, _, sha256 = public_keys(golden, meta["options"])
        assert state_sha256(model.state_dict()) == sha256
        try:
            assert_equal_to_reference(expected, *outputs(model, meta))
        except AssertionError:
            # The order of a processor's sums alone can move a map by more than the tolerance
            # (2.8e-5 with AVX2); in float64 what is left is the reference's own rounding.
            assert_equal_to_reference(expected, *outputs(copy.deepcopy(model).double(), meta))


def outputs(model, meta):
    """A fixture's map and stages, in the model's own number format."""
    head = model.get_parameter(meta["head_key"])
    before = head.detach().clone()
    try:
        with torch.inference_mode():
            head += meta["head_bias_add"]
            parts = (model.backbone, model.decoder)
            return run_tapped(model, parts, clip(**meta["clip"]).to(head.dtype))
    finally:
        with torch.no_grad():
            head.copy_(before)


@pytest.mark.parametrize(
    "options", list(itertools.product((8, 16, 32, 48), (0, 1, 2, 3), (0, 1), (0, 1), (0, 1)))
)
def test_only_published_combinations_exist(options):
    length, hierarchies, transposed, channel, grouped = options
    asked = {
        "clip_length": length,
        "hierarchies": hierarchies,
        "upsampling": "transposed" if transposed else "trilinear",
        "concat": "channel" if channel else "time",
        "decoder_groups": bool(grouped),
    }
    if (length != 32) + (hierarchies != 3) + transposed + channel + grouped <= 1:
        on_meta(**asked)
        return
    with pytest.raises(ValueError, match=r"clip_length 8, 16, 32 or 48; .*hierarchies 0, 1 or 2"):
        on_meta(**asked)


@pytest.mark.parametrize(
    "option",
    [
        {"clip_length": 0},
        {"clip_length": 24},
        {"clip_length": 32.0},
        {"clip_length": "32"},
        {"hierarchies": 4},
        {"hierarchies": True},
        {"upsampling": "nearest"},
        {"concat": "both"},
        {"decoder_groups": (2, 2, 2, 2, 2)},
        {"decoder_groups": 32},
        {"dropout": 1.0},
        {"dropout": -0.1},
    ],
    ids=str,
)
def test_other_values_raise(option):
    with pytest.raises(ValueError, match=next(iter(option))):
        on_meta(**option)


@pytest.mark.parametrize("name", [*VARIANTS, *WITHOUT_REFERENCE])
def test_options_are_read_off_keys_and_shapes(name):
    options = {**VARIANTS, **WITHOUT_REFERENCE}[name]
    shapes = shapes_of(on_meta(**options).state_dict())
    assert ViNet.options_from_shapes(shapes) == {**DEFAULT, **options}
    assert on_meta(**ViNet.options_from_shapes(shapes)).clip_length == options.get(
        "clip_length", 32
    )


@pytest.mark.parametrize("name", [*VARIANTS, *WITHOUT_REFERENCE])
def test_options_are_read_off_damaged_keys_too(name):
    options = {**VARIANTS, **WITHOUT_REFERENCE}[name]
    shapes = shapes_of(on_meta(**options).state_dict())
    del shapes["decoder.convtsp1.0.weight"]
    shapes["decoder.convtsp2.0.weight"] = ()
    shapes["decoder.strange"] = (1,)
    read_off = ViNet.options_from_shapes(shapes)
    if name not in ("vinet_hier0", "vinet_hier1"):  # what tells these two apart is destroyed
        assert read_off == {**DEFAULT, **options}
    on_meta(**read_off)


def test_foreign_keys_are_no_vinet():
    assert ViNet.options_from_shapes({}) is None
    assert ViNet.options_from_shapes({"decoder.convtsp1.0.weight": (832, 1024, 1, 3, 3)}) is None


def test_the_grouped_decoder_is_the_dense_one_with_zeros():
    grouped, dense = create_model("vinet", decoder_groups=True).eval(), filled("vinet_t32")
    assert sum(p.numel() for p in grouped.parameters()) == 9_500_737  # ViNet-S
    fill(grouped)
    expanded = create_model("vinet").eval()
    state = grouped.state_dict()
    for key, value in dense.state_dict().items():
        if state[key].shape != value.shape:
            state[key] = block_diagonal(state[key], value.shape)
    expanded.load_state_dict(state)
    frames = clip(seed=1, batch=1, frames=32, height=32, width=64, block=8)
    with torch.inference_mode():
        torch.testing.assert_close(grouped(frames), expanded(frames), rtol=0, atol=2e-5)


def block_diagonal(weight, shape):
    """A grouped convolution's weight as the dense one that does the same."""
    outputs, inputs = shape[:2]
    groups = inputs // weight.shape[1]
    wide = torch.zeros(shape)
    for g in range(groups):
        rows = slice(g * outputs // groups, (g + 1) * outputs // groups)
        wide[rows, g * inputs // groups : (g + 1) * inputs // groups] = weight[rows]
    return wide


def test_channelwise_skips_are_folded_and_come_second():
    model = create_model("vinet", concat="channel").eval()
    decoder = shapes_of(model.decoder.state_dict())
    assert decoder["conv_hier1.weight"] == (832, 832, 2, 1, 1)
    assert decoder["conv_hier2.weight"] == (480, 480, 4, 1, 1)
    assert decoder["conv_hier3.weight"] == (192, 192, 4, 1, 1)
    assert decoder["convtsp2.0.weight"] == (480, 1664, 1, 3, 3)
    assert decoder["convtsp3.0.weight"] == (192, 960, 1, 3, 3)
    assert decoder["convtsp4.0.weight"] == (64, 384, 1, 3, 3)
    fill(model)
    frames = clip(seed=2, batch=1, frames=32, height=32, width=64, block=8)
    with torch.inference_mode():
        with_skip = model(frames)
        model.decoder.convtsp2[0].weight[:, 832:] = 0.0
        without = model(frames)
        model.decoder.conv_hier1.weight.zero_()
        torch.testing.assert_close(model(frames), without, rtol=0, atol=0)
    assert with_skip.shape == (1, 32, 64)
    assert not torch.equal(with_skip, without)


def test_kept_frames_give_the_same_map_as_their_clip():
    model = filled("vinet_t8")
    frames = clip(seed=3, batch=2, frames=8, height=32, width=64, block=8)
    with torch.inference_mode():
        kept = [model.encode(frames[:, :, t]) for t in range(8)]
        stacked = tuple(torch.stack(level, dim=1) for level in zip(*kept, strict=True))
        torch.testing.assert_close(model.decode(stacked), model(frames), rtol=0, atol=0)


def test_dropout_is_for_training_only_and_has_no_keys():
    model = create_model("vinet", clip_length=8, dropout=0.85)
    plain = filled("vinet_t8")
    assert list(model.state_dict()) == list(plain.state_dict())
    model.load_state_dict(plain.state_dict())
    frames = clip(seed=4, batch=1, frames=8, height=32, width=64, block=8)
    with torch.inference_mode():
        torch.testing.assert_close(model.eval()(frames), plain(frames), rtol=0, atol=0)
        model.dropout.train()
        dropped = [model(frames) for _ in range(2)]
    assert not torch.equal(dropped[0], dropped[1])


@pytest.mark.parametrize(
    "shape",
    [(1, 3, 16, 64, 64), (3, 8, 64, 64), (1, 3, 8, 60, 64), (1, 3, 8, 64, 100), (8,)],
)
def test_a_wrong_clip_says_which_is_right(shape):
    with pytest.raises(ValueError, match=r"\(B, 3, 8, H, W\).*divisible by 32") as caught:
        filled("vinet_t8")(torch.zeros(shape))
    assert str(shape) in str(caught.value)


def test_the_encoder_alone_gives_four_levels_deepest_first():
    encoder = create_model("s3d").eval()
    assert sum(p.numel() for p in encoder.parameters()) == 7_910_048
    with torch.inference_mode():
        features = encoder(torch.zeros(1, 3, 32, 64, 96))
    assert [tuple(f.shape) for f in features] == [
        (1, 1024, 4, 2, 3),
        (1, 832, 8, 4, 6),
        (1, 480, 16, 8, 12),
        (1, 192, 16, 16, 24),
    ]
