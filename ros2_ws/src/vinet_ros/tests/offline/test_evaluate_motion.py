# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest
import torch
from made_data import write_stills

from vinet_ros.cli import main
from vinet_ros.errors import DataError
from vinet_ros.networks import create_model
from vinet_ros.offline.evaluate_made_clips import (
    COLOUR_CONTRAST,
    CONTRAST,
    CUT_OUTS,
    RADIUS_OF_WIDTH,
    SPEED_OF_WIDTH,
    equalise,
    make_clip,
)
from vinet_ros.offline.evaluate_motion import MotionRow, join_clips, judge, judge_clips
from vinet_ros.streaming import Predictor
from vinet_ros.training.datasets import Stills

LUMA = (0.299, 0.587, 0.114)
RATE_HZ = 15.0


def textured(seed, size=(224, 384)):
    """Coloured texture at several scales, another for each seed."""
    draw = np.random.default_rng(seed)
    picture = np.zeros((*size, 3))
    for scale in (4, 16, 56):
        coarse = draw.normal(0, 30, (size[0] // scale + 1, size[1] // scale + 1, 3))
        picture += np.kron(coarse, np.ones((scale, scale, 1)))[: size[0], : size[1]]
    return np.clip(picture + draw.uniform(60, 190), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def images():
    return [textured(seed) for seed in range(7)]


def made(images, index, rate_hz=RATE_HZ):
    return make_clip(images, np.random.default_rng((3, index)), rate_hz)


def test_one_cut_out_moves_and_nothing_else(images):
    for index in range(4):
        clip = made(images, index)
        changed = (clip.frames != clip.frames[0]).any(axis=(0, 3))
        steps = np.linalg.norm(np.diff(clip.places, axis=1), axis=2)  # (CUT_OUTS, T - 1)
        moving = steps > 0
        assert moving[clip.mover].all()
        assert not np.delete(moving, clip.mover, axis=0).any()
        np.testing.assert_allclose(steps[clip.mover], clip.speed * 384 / RATE_HZ)
        assert SPEED_OF_WIDTH[0] <= clip.speed <= SPEED_OF_WIDTH[1]
        rows, columns = np.nonzero(changed)
        near = np.hypot(
            columns[:, None] - clip.places[clip.mover, :, 0],
            rows[:, None] - clip.places[clip.mover, :, 1],
        )
        assert near.min(axis=1).max() < clip.radius + 4
        assert changed.any()


def test_cut_outs_are_equal_in_size_luminance_and_contrast(images):
    for index in range(6):
        clip = made(images, index)
        assert RADIUS_OF_WIDTH[0] * 384 <= clip.radius <= RADIUS_OF_WIDTH[1] * 384
        masks = clip.masks(len(clip.frames) - 1)
        luma = clip.frames[-1] @ np.array(LUMA)
        colour = clip.frames[-1] - luma[..., None]
        inner = [cut_inner(clip, k) for k in range(CUT_OUTS)]
        means = np.array([luma[mask].mean() for mask in inner])
        spreads = np.array([luma[mask].std() for mask in inner])
        colours = np.array([np.sqrt((colour[mask] ** 2).mean()) for mask in inner])
        sizes = masks.sum((1, 2))
        assert np.ptp(means) < 8
        assert np.ptp(spreads) < 0.3 * CONTRAST
        assert np.ptp(colours) < 0.5 * COLOUR_CONTRAST
        assert np.ptp(sizes) < 0.05 * sizes.mean()


def cut_inner(clip, k):
    x, y = clip.places[k, -1]
    rows, columns = np.mgrid[:224, :384]
    return np.hypot(columns - x, rows - y) < clip.radius - 2


def test_equalising_is_exact_before_it_is_laid_between_pixels():
    disc = np.hypot(*(np.mgrid[:31, :31] - 15)) < 13
    for seed in range(5):
        patch = textured(seed, (31, 31)).astype(np.float32)
        for level in (100.0, 155.0):
            equal = equalise(patch, disc, level)
            luma = (equal @ np.array(LUMA))[disc]
            assert luma.mean() == pytest.approx(level, abs=1.5)
            assert luma.std() == pytest.approx(CONTRAST, abs=2.5)


def test_ways_do_not_meet_and_stay_inside(images):
    for index in range(10):
        clip = made(images, index)
        for frame in range(len(clip.frames)):
            masks = clip.masks(frame)
            assert masks.sum(0).max() == 1
            for mask in masks:
                assert not mask[[0, -1]].any()
                assert not mask[:, [0, -1]].any()


def test_places_do_not_tell_which_one_moves(images):
    """A predictor that sees no motion wins by chance: four of them, each with its own taste."""
    rows, columns = np.mgrid[:224, :384]
    tastes = {
        "centre": np.exp(-(((rows - 112) / 50) ** 2) - ((columns - 192) / 80) ** 2),
        "border": np.hypot(rows - 112, columns - 192),
        "left": 384.0 - columns,
        "top": 224.0 - rows,
    }
    wins = dict.fromkeys(tastes, 0)
    small = [image[::1] for image in images[:5]]
    clips = 120
    for index in range(clips):
        clip = made(small, 100 + index, rate_hz=10.0)
        for name, values in tastes.items():
            maps = np.repeat(values[None], len(clip.scored_frames), axis=0)
            wins[name] += judge(clip, maps)[0]
    for name, count in wins.items():
        assert 0.25 - 0.14 < count / clips < 0.25 + 0.14, name  # 3.5 standard deviations


def test_movers_are_each_as_often(images):
    movers = np.bincount([made(images[:5], i, 5.0).mover for i in range(80)], minlength=4)
    assert movers.min() >= 8


def test_clips_repeat_with_their_seed_and_differ_otherwise(images):
    first, again, other = made(images, 1), made(images, 1), made(images, 2)
    np.testing.assert_array_equal(first.frames, again.frames)
    assert (first.frames != other.frames).any()


def test_a_clip_lasts_as_long_at_any_rate_and_fills_a_longer_window(images):
    for rate_hz in (5.0, 15.0, 30.0):
        clip = made(images, 0, rate_hz)
        assert len(clip.frames) == round(1.2 * rate_hz)
        assert len(clip.scored_frames) == round(0.2 * rate_hz)
        assert clip.scored_frames.stop == len(clip.frames)
    longer = make_clip(images, np.random.default_rng(0), 15.0, frames=25)
    assert len(longer.frames) == 25


def test_judge_knows_winner_margin_and_peak(images):
    clip = made(images, 0)
    other = (clip.mover + 1) % CUT_OUTS
    maps = np.stack(
        [0.2 + 0.6 * clip.masks(f)[clip.mover] + 0.2 * clip.masks(f)[other] for f in
         clip.scored_frames]
    )  # fmt: skip
    assert judge(clip, maps) == (True, pytest.approx(1.0), 1.0)
    maps = np.stack([0.1 + clip.masks(f)[other] for f in clip.scored_frames])
    won, margin, peaks = judge(clip, maps)
    assert not won
    assert margin < 0
    assert peaks == 0
    assert judge(clip, np.full_like(maps, 0.5))[0] is False  # a tie is no win


def test_wilson_interval():
    row = MotionRow("x", np.arange(100) < 90, np.zeros(100), np.zeros(100))
    assert row.interval == pytest.approx((0.8256, 0.9448), abs=1e-4)
    full = MotionRow("x", np.ones(20, bool), np.zeros(20), np.zeros(20))
    assert full.interval[1] == 1


def test_rows_with_a_network(tmp_path):
    torch.manual_seed(0)
    network = create_model("vinet_lite", clip_length=2).eval()
    predictor = Predictor(network, path="torch", threads=1, window_rate_hz=5)
    stills = Stills(write_stills(tmp_path / "stills"), None)
    scores = join_clips("made", [judge_clips(stills, predictor, "lite", range(2))])
    named = {row.name: row for row in scores.rows}
    assert list(named)[:3] == ["lite", "lite, frame by frame", "difference of two frames"]
    assert named["difference of two frames"].wins.all()
    # Untrained, the network sees each frame for itself.
    np.testing.assert_allclose(
        named["lite"].margins, named["lite, frame by frame"].margins, atol=1e-4
    )


def test_command_writes_the_section(tmp_path, capsys):
    write_stills(tmp_path / "stills", images=18)
    (tmp_path / "stills" / "images" / "scene_2.png").unlink()
    with pytest.raises(SystemExit) as exit_info:
        main(["evaluate", str(tmp_path / "stills"), "--model", "none", "--only", "made-clips",
              "--made-clips", "2", "--out", str(tmp_path / "out")])  # fmt: skip
    assert not exit_info.value.code
    text = (tmp_path / "out" / "report.md").read_text()
    assert "## Made clips: stills, val" in text
    assert "| difference of two frames | 2 of 2 |" in text
    assert "scene_2.png: no such file" in text
    assert "## Stills" not in text
    assert "wins,1.000000" in (tmp_path / "out" / "scores.csv").read_text()


def test_too_few_images_are_said(tmp_path, images):
    with pytest.raises(DataError, match="at least 5 images, got 4"):
        make_clip(images[:4], np.random.default_rng(0), 15.0)
    with pytest.raises(DataError, match="no room for 4 ways"):
        make_clip([i[:40, :60] for i in images], np.random.default_rng(0), 15.0)
    write_stills(tmp_path / "stills", images=3)
    scores_none = main_code(["evaluate", str(tmp_path / "stills"), "--model", "none",
                             "--made-clips", "1", "--out", str(tmp_path / "out")])  # fmt: skip
    assert scores_none == 0
    assert "at least 5 images, got 1" in (tmp_path / "out" / "report.md").read_text()


def main_code(arguments):
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    return exit_info.value.code or 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--only", "audio"), "no part 'audio' to score; parts: stills"),
        (("--only", "made-clips"), "none to make"),
    ],
)
def test_wrong_parts_are_one_line(tmp_path, capsys, arguments, message):
    write_stills(tmp_path / "stills")
    code = main_code(["evaluate", str(tmp_path / "stills"), "--model", "none",
                      "--out", str(tmp_path / "out"), *arguments])  # fmt: skip
    assert code == 1
    assert message in capsys.readouterr().err
