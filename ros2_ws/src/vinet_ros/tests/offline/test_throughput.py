# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a video costs with shared work, beside frame by frame."""

import json

import pytest
import torch

from vinet_ros.networks.vinet import ViNet
from vinet_ros.offline.throughput import benchmark_offline, read_pictures
from vinet_ros.runtime.benchmark_paths import Subject, seed_weights
from vinet_ros.runtime.gmac import clip_gmac


class SmallViNet(ViNet):
    input_size = (32, 64)


class Small(Subject):
    def make(self):
        torch.manual_seed(3)
        return seed_weights(SmallViNet(clip_length=16), 3).eval()


def test_all_ways_predict_the_same_frames():
    subject = Small("vinet", {"clip_length": 16}, random=True)
    report = benchmark_offline(subject, read_pictures(None, 6), threads=1, path="torch")
    off, exact, rough = report.rows
    assert [row.share for row in report.rows] == ["off", "exact", "approximate"]
    assert (off.ratio, off.max_difference, off.whole_windows) == (1.0, 0.0, 6)
    assert exact.max_difference < 1e-4 < rough.max_difference
    assert exact.cc[1] > 0.99999 > rough.cc[1]
    assert exact.whole_windows == rough.whole_windows == 1
    assert off.gmac == pytest.approx(6 * clip_gmac(subject.make()))
    assert rough.gmac < off.gmac
    assert "| exact | torch fp32, shared work |" in report.to_markdown()
    assert json.loads(report.to_json())["frames"] == 6
