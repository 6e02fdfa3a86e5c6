# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import functools
import json

import numpy as np
import pytest
import torch
from fill import drawn, fill, state_sha256, stavis_clip
from reference import assert_equal_stages

from vinet_ros.errors import WeightsError
from vinet_ros.networks import create_model, load_model
from vinet_ros.networks.inspection import inspect_weights
from vinet_ros.networks.loading import shapes_of
from vinet_ros.networks.stavis import STAViS

CHOICES = {
    "bilinear, sum": {"fusion": "sum"},
    "bilinear, attention": {"fusion": "attention"},
    "inner product": {"localisation": "inner_product"},
    "inner product, sum": {"localisation": "inner_product", "fusion": "sum"},
    "cosine": {"localisation": "cosine"},
    "cosine, attention": {"localisation": "cosine", "fusion": "attention"},
}
WAVE = {"kind": "wave", "L": 35280, "n": 14111, "amp": 1.0}
STAGES = ("soundnet8", "bn1", "layer1", "layer2", "layer3", "fusion3")


def on_meta(**options):
    with torch.device("meta"):
        return create_model("stavis", **options)


@functools.lru_cache(maxsize=1)
def filled(**options):
    """A network with the weights of the golden files; its norms are quartered as theirs."""
    model = create_model("stavis", **options).eval()
    fill(model)
    for name, parameter in model.named_parameters():
        if name.endswith("bn3.weight"):
            parameter.data *= 0.25
    return model


def small_clip(batch=1, seed=1):
    return stavis_clip(seed, batch, 16, 32, 48, 8, 128.0)


def sounds(*seeds):
    return torch.cat([drawn(**WAVE, shape=(1, 1, 1, 35280), seed=seed) for seed in seeds])


def test_keys_and_shapes_are_the_public_ones(golden):
    head, *keys = (golden / "stavis_keys.txt").read_text().splitlines()
    _, count, sha256 = head.split()
    for variant in ("sta", "st"):
        model = on_meta(variant=variant)
        found = [
            f"{key} {'x'.join(map(str, value.shape)) or '-'} {str(value.dtype)[6:]}"
            for key, value in model.state_dict().items()
        ]
        assert found == keys
        assert sum(p.numel() for p in model.parameters()) == int(count)
    model = create_model("stavis")
    fill(model)
    assert state_sha256(model.state_dict()) == sha256


@pytest.mark.parametrize("variant", ["st", "sta"])
def test_outputs_and_stages_equal_the_public_code(golden, variant):
    with np.load(golden / f"stavis_{variant}.npz") as expected, torch.inference_mode():
        meta = json.loads(str(expected["meta"]))
        model = filled(**meta["options"])
        quartered = [name for name, _ in model.named_parameters() if name.endswith("bn3.weight")]
        assert quartered == meta["quarter"]
        frames, sound = stavis_clip(**meta["clip"]), drawn(**meta["audio"])
        taps = {}
        handles = [
            model.get_submodule(name).register_forward_hook(
                lambda _, __, output, name=name: taps.__setitem__(name, output.numpy().copy())
            )
            for name in STAGES
        ]
        *sides, final = (logits.numpy() for logits in model.outputs(frames, sound))
        model.hear(sound)  # "st" leaves it out
        for handle in handles:
            handle.remove()
        taps |= {f"side{i}": side[:, None] for i, side in enumerate(sides)}
        step = int(expected["step"])
        np.testing.assert_allclose(final[:, ::step, ::step], expected["logits"], rtol=0, atol=1e-4)
        assert_equal_stages(expected, taps)
        saliency = model(frames, sound)
        torch.testing.assert_close(saliency, torch.from_numpy(final).sigmoid())
        logits = model(frames, sound, logits=True)
        torch.testing.assert_close(logits, torch.from_numpy(final))
        # The public "sta" fails on a single clip.
        torch.testing.assert_close(model(frames[1:], sound[1:])[0], saliency[1], rtol=0, atol=2e-5)


def test_a_fresh_network_begins_as_the_public_one():
    torch.manual_seed(0)
    model = create_model("stavis").eval()
    with torch.inference_mode():
        fresh = model(small_clip(), logits=True)
        # Kernels that interpolate: a constant stays itself, away from the border.
        for depth, level in enumerate(model.score_dsn, start=1):
            middle = 2 * 2**depth
            up = level.logits(torch.ones(1, 1, 6, 6), (middle, middle))
            torch.testing.assert_close(up, torch.ones_like(up))
    assert (fresh + 6).abs().max() < 0.5
    assert model.layer1[0].conv2.weight.std().item() == pytest.approx(
        (2 / (64 * 27)) ** 0.5, rel=0.02
    )


def test_huge_scores_do_not_overflow():
    model = filled(variant="st")
    with torch.inference_mode():
        assert torch.isfinite(model(128 * small_clip(), logits=True)).all()


@pytest.mark.parametrize("choice", CHOICES)
def test_a_choice_without_reference_hears_and_is_read_off_keys(choice):
    model, frames = filled(**CHOICES[choice]), small_clip(batch=2)
    default = {"localisation": "bilinear", "fusion": "concat"}
    told = STAViS.options_from_shapes(shapes_of(model.state_dict()))
    assert told == {**default, **CHOICES[choice]}
    with torch.inference_mode():
        both = sounds(1, 2)
        saliency = model(frames, both)
        assert saliency.shape == (2, 32, 48)
        assert (saliency - model(frames, both.flip(0))).abs().max() > 1e-6
        # Each clip goes with its own sound.
        alone = model(frames[1:], both[1:])[0]
        torch.testing.assert_close(alone, saliency[1], rtol=0, atol=2e-5)


def test_the_parts_of_a_step_are_the_whole():
    model, frames, sound = filled(), small_clip(), sounds(1)
    with torch.inference_mode():
        saliency = model(frames, sound)
        torch.testing.assert_close(model.answer(model.see(frames), model.hear(sound)), saliency)
        kept = [model.encode(frames[:, :, t]) for t in range(16)]
        stacked = tuple(torch.stack(level, dim=1) for level in zip(*kept, strict=True))
        torch.testing.assert_close(model.decode(stacked, sound), saliency)
        silence = torch.zeros_like(sound)
        torch.testing.assert_close(model(frames), model(frames, silence), rtol=0, atol=0)


def test_the_bilinear_layer_is_that_of_pytorch():
    places = filled().fusion3
    seen, heard = torch.randn(2, 5, 128), torch.randn(2, 128)
    wanted = places.w_a_rgb(seen, heard[:, None].expand(-1, 5, -1).contiguous())
    torch.testing.assert_close(places._compare(seen, heard), wanted, rtol=1e-4, atol=1e-4)


def test_dropout_is_of_the_last_features_in_training():
    model = on_meta(dropout=0.85)
    assert model.dropout.p == 0.85 and shapes_of(model.state_dict()) == shapes_of(
        on_meta().state_dict()
    )
    with pytest.raises(ValueError, match="dropout must be at least 0 and below 1"):
        on_meta(dropout=1.0)


@pytest.mark.parametrize(
    "option", [{"variant": "av"}, {"localisation": "l2"}, {"fusion": None}], ids=str
)
def test_others_name_those_there_are(option):
    with pytest.raises(ValueError, match=r"does not exist\. STAViS exists with variant 'sta'"):
        on_meta(**option)


@pytest.mark.parametrize("shape", [(1, 3, 32, 112, 112), (1, 3, 16, 100, 112), (3, 16, 112, 112)])
def test_a_wrong_clip_says_which_is_right(shape):
    with pytest.raises(ValueError, match=r"\(B, 3, 16, H, W\) with H and W divisible by 16, got"):
        on_meta()(torch.zeros(shape, device="meta"))


def test_a_wrong_sound_says_which_is_right():
    with pytest.raises(ValueError, match=r"expected sound \(1, 1, 1, 35280\) beside the clip"):
        on_meta()(
            torch.zeros(1, 3, 16, 112, 112, device="meta"),
            torch.zeros(1, 1, 70560, 1, device="meta"),
        )


def test_the_authors_file_loads(tmp_path):
    model = filled()
    path = tmp_path / "audiovisual_split1_save_60.pth"
    state = {f"module.{key}": value for key, value in model.state_dict().items()}
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(2))], lr=1e-2).state_dict()
    held = {"epoch": 60, "arch": "resnet-50", "state_dict": state, "optimizer_global": optimizer}
    torch.save(held, path, _use_new_zipfile_serialization=False)  # as it was in 2020
    loaded = load_model("stavis", path)
    assert loaded.hears and not loaded.training
    assert all(torch.equal(v, loaded.state_dict()[k]) for k, v in model.state_dict().items())
    assert not load_model("stavis", path, variant="st").hears
    report = inspect_weights(path)
    assert (report.model, report.problems) == ("stavis", ())
    assert report.options == {"localisation": "bilinear", "fusion": "concat"}
    with pytest.raises(WeightsError, match="looks like 'stavis'"):
        load_model("avinet", path)
    with pytest.raises(WeightsError, match="made with fusion='concat': leave the option out"):
        load_model("stavis", path, fusion="attention")
    del held["state_dict"]["module.fuse.bias"]
    torch.save(held, path)
    with pytest.raises(WeightsError, match=r"lacks fuse\.bias"):
        load_model("stavis", path)
