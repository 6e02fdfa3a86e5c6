# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import csv
import json

import cv2
import numpy as np
import pytest
import torch
from made_videos import (
    fixated,
    saliency,
    save_mat,
    save_picture,
    write_ave,
    write_dhf1k,
    write_mvva,
    write_sound_set,
)

from vinet_ros.cli import main
from vinet_ros.errors import DataError
from vinet_ros.metrics import auc_judd, cc, kldiv, nss, sim
from vinet_ros.networks import create_model
from vinet_ros.networks.weights import WeightsCard, save_weights
from vinet_ros.offline.baselines import centre_gaussian
from vinet_ros.offline.evaluate import EvaluationRequest, run_evaluation
from vinet_ros.offline.evaluate_lots import Looked, VideoLot, VideoSettings, mean_map_of_videos
from vinet_ros.offline.evaluate_videos import VIDEO_METRICS, score_video
from vinet_ros.preprocess import INPUT_SIZE
from vinet_ros.training.datasets.layouts import LAYOUTS, find_videos

FRAMES = 4


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    model = create_model("vinet_lite", clip_length=2)
    path = tmp_path_factory.mktemp("weights") / "lite.safetensors"
    card = WeightsCard("vinet_lite", 2, (224, 384), 15.0, options={"clip_length": 2})
    save_weights(path, model, card)
    return path


def lot_of(root, name="dhf1k", split="val", pooled=True, **settings):
    records = tuple(find_videos(root, LAYOUTS[name], split))
    return VideoLot(name, records, VideoSettings(**settings), pooled, None, "")


def rows_of(scores):
    return {row.name: row for row in scores.rows}


def run(path, **options):
    return run_evaluation(EvaluationRequest((path,), model="none", **options))


def vinet(*arguments):
    with pytest.raises(SystemExit) as exit_info:
        main([str(a) for a in arguments])
    return exit_info.value.code or 0


def test_scores_are_the_metrics_against_the_frames_own_truth(tmp_path):
    lot = lot_of(write_dhf1k(tmp_path, 0, 1, 0, FRAMES))
    centre = rows_of(score_video(lot, 0, None))["centre Gaussian"]
    values = centre_gaussian(INPUT_SIZE)
    for frame in range(FRAMES):
        density = saliency(frame, FRAMES) / 255
        looked = fixated(frame, FRAMES)
        expected = {
            "CC": cc(values, density),
            "SIM-MIT": sim(values, density),
            "KLDiv-MIT": kldiv(values, density),
            "NSS-MIT": nss(values, looked),
            "AUC-J-MIT": auc_judd(values, looked),
        }
        for metric, value in expected.items():
            assert centre.scores[metric][frame] == pytest.approx(value, abs=1e-6), metric
    assert centre.items == tuple(f"0601/{f:04d}.png" for f in range(1, FRAMES + 1))
    assert centre.left_out == ()


def test_every_scores_one_frame_of_so_many(tmp_path):
    root = write_dhf1k(tmp_path, 0, 1, 0, 5)
    every = rows_of(score_video(lot_of(root), 0, None))["centre Gaussian"]
    second = rows_of(score_video(lot_of(root, every=2), 0, None))["centre Gaussian"]
    assert len(second.items) == 3
    np.testing.assert_array_equal(second.scores["CC"], every.scores["CC"][::2])


def test_negatives_of_sound_sets_are_the_videos_other_frames(tmp_path):
    """The map that is one where anybody looks at any time knows nothing of a frame."""
    lot = lot_of(write_sound_set(tmp_path, "ETMD_av", frames=6), "etmd", "test", pooled=False)
    anywhere = np.zeros((36, 64))
    for frame in range(6):
        anywhere[fixated(frame, 6) > 0] = 1
    lot = VideoLot(lot.title, lot.records, lot.settings, False, anywhere, "")
    row = rows_of(score_video(lot, 0, None))["MEP"]
    np.testing.assert_allclose(row.scores["sAUC"], 0.5, atol=1e-9)
    assert row.scores["AUC-J-MIT"].min() > 0.9


def test_mean_map_is_the_training_videos_and_weighs_them_alike(tmp_path):
    root = write_dhf1k(tmp_path, 1, 0, 0, 12)
    write_dhf1k(tmp_path / "other", 1, 0, 0, 3)
    (tmp_path / "other/annotation/0001").rename(root / "annotation/0002")
    records = find_videos(root, LAYOUTS["dhf1k"], "train")
    mean_map, left_out = mean_map_of_videos(records)
    one, other = (mean_map_of_videos([r])[0] for r in records)
    np.testing.assert_allclose(mean_map, (one + other) / 2)
    assert mean_map.shape == INPUT_SIZE
    assert mean_map.sum() == pytest.approx(1)
    assert left_out == []
    with pytest.raises(DataError, match="no training map to average"):
        mean_map_of_videos([])


def test_points_of_another_size_are_scaled_into_it():
    looked = Looked((36, 64), np.array([0, 35]), np.array([0, 63]))
    mask = np.zeros((72, 32), bool)
    looked.mark(mask)
    assert np.argwhere(mask).tolist() == [[1, 0], [71, 31]]


def test_means_over_videos_frames_and_categories(tmp_path):
    root = write_ave(tmp_path, frames=4)
    (root / "categories.csv").write_text("video,category\nc,Nature\nl,Social Events\n")
    for extra in ("img_00004.jpg",):
        (root / "video_frames/DIEM/c" / extra).unlink()
    (root / "annotations/DIEM/c/maps/eyeMap_00004.jpg").unlink()
    result = run(root, sets=("ave",)).videos[0]
    assert (result.title, result.protocol) == ("AVE, test", "videos")
    assert result.categories == ("Nature", "Social Events")
    row, metric = "centre Gaussian", "CC"
    nature = result.mean(row, metric, "videos", "Nature")
    social = result.mean(row, metric, "videos", "Social Events")
    assert result.counts(row, metric) == (2, 7)
    assert result.mean(row, metric, "videos") == pytest.approx((nature + social) / 2)
    assert result.mean(row, metric, "frames") == pytest.approx((3 * nature + 4 * social) / 7)
    assert np.isnan(result.mean("nobody", metric, "videos"))


def test_people_are_scored_where_the_files_tell_them_apart(tmp_path):
    result = run(write_mvva(tmp_path)).videos[0]
    assert {"HI, half against half", "HI, leave one out"} <= set(result.rows)
    assert result.mean("HI, leave one out", "NSS-MIT", "videos") > 3
    other = run(write_dhf1k(tmp_path / "dhf1k", 1, 1, 0, 3)).videos[0]
    assert [(o.row, o.reason) for o in other.left_out] == [
        ("HI", "the set's files do not tell the observers apart")
    ]


def test_folds_are_pooled(tmp_path):
    root = write_sound_set(tmp_path, "AVAD", frames=3)
    one = run(root, fold="2").videos[0]
    assert [v.video for v in one.videos] == ["clip_1"]
    pooled = run(root, fold="all").videos[0]
    assert pooled.title == "AVAD, test, fold 1, 2, 3"
    assert [v.video for v in pooled.videos] == [
        *("clip_0 (fold 1)", "clip_1 (fold 2)", "clip_2 (fold 3)")
    ]
    wrong = run_evaluation_left_out(root, fold="9")
    assert "avad has no fold '9'" in wrong


def run_evaluation_left_out(root, **options):
    with pytest.raises(DataError) as error:
        run(root, **options)
    return str(error.value)


@pytest.fixture
def damaged(tmp_path):
    """DHF1K with every fault that a video may have; one video of three is whole."""
    root = write_dhf1k(tmp_path / "damaged", 1, 3, 0, FRAMES)
    first, second = root / "val/0601", root / "val/0602"
    (first / "maps/0001.png").unlink()
    (first / "maps/0002.png").write_bytes(b"broken")
    save_picture(first / "maps/0003.png", np.zeros((36, 64), np.uint8))
    save_mat(first / "fixation/maps/0003.mat", I=np.zeros((36, 64), np.uint8))
    (first / "fixation/maps/0004.mat").unlink()
    for part in ("images", "maps", "fixation/maps"):
        for path in (second / part).iterdir():
            if path.is_file():
                path.write_bytes(b"broken")
    return root


def test_damaged_videos_end_with_a_table_and_a_list(damaged, weights, tmp_path, capsys):
    out = tmp_path / "out"
    code = vinet("evaluate", damaged, "--weights", weights, "--device", "cpu", "--out", out)
    assert code == 0
    assert "Traceback" not in capsys.readouterr().err
    text = (out / "report.md").read_text()
    left_out = text[text.index("## Left out") :]
    for words in (
        "0601/0001.png: {}/0601/maps/0001.png: no such file (CC, SIM-MIT, KLDiv-MIT only)",
        "0601/0002.png: {}/0601/maps/0002.png: not a readable image",
        "0601/0003.png: constant ground truth (CC, SIM-MIT, KLDiv-MIT only)",
        "0601/0003.png: no fixations (NSS-MIT, AUC-J-MIT, sAUC only)",
        "0601/0004.png: {}/0601/fixation/maps/0004.mat: no such file",
        "0602/0001.png: {}/0602/images/0001.png: not a readable image",
    ):
        assert words.format(damaged / "val") in left_out, words
    result = json.loads((out / "report.json").read_text())["videos"][0]
    lite = next(row for row in result["rows"] if row["name"] == "vinet_lite")
    # Of twelve frames: the first video has one with a map and two with fixations, the second none.
    assert lite["frames"] == {
        m: 5 if m in ("CC", "SIM-MIT", "KLDiv-MIT") else 6 for m in VIDEO_METRICS
    }
    assert "| vinet_lite | frames | 5 to 6 |" in text
    with (out / "items.csv").open() as file:
        for row in csv.DictReader(file):
            assert all(row[m] != "0.000000" for m in ("CC", "SIM-MIT", "NSS-MIT", "AUC-J-MIT"))


def test_a_constant_map_of_the_network_is_left_out_never_scored(tmp_path, weights):
    root = write_dhf1k(tmp_path, 0, 1, 0, 2)
    torch.manual_seed(0)
    flat = create_model("vinet_lite", clip_length=2)
    torch.nn.init.zeros_(flat.decoder.head.weight)
    path = tmp_path / "flat.safetensors"
    save_weights(
        path, flat, WeightsCard("vinet_lite", 2, (224, 384), 15.0, options={"clip_length": 2})
    )
    request = EvaluationRequest((root,), weights=path, device="cpu", eight_bit=True)
    row = rows_of(run_evaluation(request).videos[0].videos[0])["vinet_lite"]
    assert {o.reason for o in row.left_out} == {"constant map"}
    assert all(row.count(metric) == 0 for metric in VIDEO_METRICS)


def test_sets_without_ground_truth_are_one_line(tmp_path):
    root = write_dhf1k(tmp_path, 1, 0, 1, 2)
    message = run_evaluation_left_out(root, split="val")
    assert "DHF1K, val has no videos here" in message
    evaluation = run(root, split="test")
    assert evaluation.videos == ()
    assert "no maps and no fixations to score against" in evaluation.left_out[0].reason


def test_command_writes_tables_published_rows_and_plot(tmp_path, weights):
    root = write_dhf1k(tmp_path / "data", 1, 1, 0, 2)
    out = tmp_path / "out"
    arguments = ("evaluate", root, "--weights", weights, "--device", "cpu", "--out", out)
    assert vinet(*arguments, "--first-frames", "authors") == 0
    text = (out / "report.md").read_text()
    assert "| ViNet, T = 32 (paper, table I) | published |" in text
    assert "2 frames, the authors' code needs 3 (--first-frames paper)" in text
    with (out / "videos.csv").open() as file:
        videos = list(csv.DictReader(file))
    assert {row["video"] for row in videos} == {"0601"}
    assert cv2.imread(str(out / "videos_DHF1K_val.png")).std() > 10
    assert vinet(*arguments, "--no-published", "--no-eight-bit", "--window-rate-hz", -1) == 0
    assert "published |" not in (out / "report.md").read_text()


def test_scored_videos_are_kept_and_not_scored_again(tmp_path):
    root = write_dhf1k(tmp_path / "data", 1, 2, 0, 2)
    cache = tmp_path / "cache"
    fresh = run(root, cache=cache).videos[0]
    kept = sorted(cache.iterdir())
    assert [p.name[:11] for p in kept] == ["dhf1k_0601_", "dhf1k_0602_"]
    content = json.loads(kept[0].read_text())
    content["rows"][0]["scores"]["CC"][0] = 0.125
    kept[0].write_text(json.dumps(content))
    kept[1].write_text("broken")
    again = run(root, cache=cache).videos[0]
    row = fresh.rows[0]
    assert again.videos[0].rows[0].scores["CC"][0] == 0.125
    np.testing.assert_array_equal(
        again.videos[1].rows[0].scores["CC"], fresh.videos[1].rows[0].scores["CC"]
    )
    other = run(root, cache=cache, every=2).videos[0]  # another setting is another score
    assert other.videos[0].rows[0].scores["CC"][0] != 0.125
    assert other.rows[0] == row


@pytest.mark.timeout(900)  # two processes load the network, on perhaps one busy core
def test_jobs_change_nothing(tmp_path, weights):
    from made_data import write_gaze_clip, write_stills

    root = write_dhf1k(tmp_path / "videos", 1, 2, 0, 2)
    stills = write_stills(tmp_path / "stills", images=15)
    write_gaze_clip(tmp_path / "clips", frames=4)
    data = (root, stills, tmp_path / "clips")
    results, steps = [], []
    for jobs in (1, 2):
        # Each run would measure which path is the faster one; they differ in rounding.
        request = EvaluationRequest(
            data,
            weights=weights,
            device="cpu",
            path="torch",
            batch_size=2,
            made_clips=2,
            jobs=jobs,
        )
        done = []
        results.append(run_evaluation(request, lambda *step, done=done: done.append(step)))
        steps.append(sorted(done))
    one, two = results
    assert one.left_out == two.left_out
    pairs = [(one.stills[0].rows, two.stills[0].rows), (one.clips[0].rows, two.clips[0].rows)]
    pairs += [
        (a.rows, b.rows) for a, b in zip(one.videos[0].videos, two.videos[0].videos, strict=True)
    ]
    for ours, theirs in pairs:
        assert [row.name for row in ours] == [row.name for row in theirs]
        for a, b in zip(ours, theirs, strict=True):
            assert (a.items, a.left_out) == (b.items, b.left_out)
            for metric, scores in a.scores.items():
                np.testing.assert_allclose(b.scores[metric], scores, atol=1e-5)
    for a, b in zip(one.motion[0].rows, two.motion[0].rows, strict=True):
        np.testing.assert_allclose(a.margins, b.margins, atol=1e-4)
    assert {task for task, _, _ in steps[0]} == {task for task, _, _ in steps[1]}
