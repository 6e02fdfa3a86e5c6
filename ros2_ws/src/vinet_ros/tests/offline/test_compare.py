# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import csv
import json

import av
import pytest
from made_clips import HEIGHT, WIDTH, write_clip
from trail import trail_predictor

from vinet_ros.errors import DataError, WeightsError
from vinet_ros.metrics import cc, sim
from vinet_ros.networks import list_models
from vinet_ros.networks.weights import bundled_weights
from vinet_ros.offline import compare
from vinet_ros.offline.predict.request import GazeOptions, NetworkChoice
from vinet_ros.offline.sources import open_source


def compared(monkeypatch, clip, out, *rates):
    """Compare the same quick network with windows at two rates."""
    monkeypatch.setattr(compare, "load_predictor", trail_predictor)
    sides = tuple(NetworkChoice(window_rate_hz=rate) for rate in rates)
    with open_source(clip) as source:
        return compare.compare_clip(
            sides, ("left", "right"), source, str(clip), out, GazeOptions()
        )


def test_likeness_is_that_of_the_maps(monkeypatch, tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 12, rate=25, audio_s=0.4)
    likeness = compared(monkeypatch, clip, tmp_path / "out", 15.0, -1.0)
    with (tmp_path / "out" / "compare.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    predictors = [trail_predictor(NetworkChoice(window_rate_hz=r)) for r in (15.0, -1.0)]
    with open_source(clip) as source:
        for frame, row in zip(source.frames(), rows, strict=True):
            maps = []
            for predictor in predictors:
                predictor.push_frame(frame.rgb(), frame.time_ns)
                maps.append(predictor.predict().values)
            assert float(row["cc"]) == pytest.approx(float(cc(*maps)), abs=1e-6)
            assert float(row["sim"]) == pytest.approx(float(sim(*maps)), abs=1e-6)
    assert likeness.cc_mean == pytest.approx(sum(float(r["cc"]) for r in rows) / 12, abs=1e-5)
    assert likeness.sim_least == pytest.approx(min(float(r["sim"]) for r in rows), abs=1e-5)
    assert likeness.sim_mean < 1
    summary = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert summary["sim_mean"] == likeness.sim_mean
    assert [side["window_rate_hz"] for side in summary["sides"]] == [15.0, -1.0]
    with av.open(str(tmp_path / "out" / "compare.mp4")) as container:
        assert len(container.streams.audio) == 1
        pictures = list(container.decode(video=0))
    assert len(pictures) == 12
    assert (pictures[0].height, pictures[0].width) == (HEIGHT, 2 * WIDTH + 8)


def test_the_same_network_twice_is_alike(monkeypatch, tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 5)
    likeness = compared(monkeypatch, clip, tmp_path / "out", 15.0, 15.0)
    assert likeness.cc_least == pytest.approx(1) and likeness.sim_least == pytest.approx(1)


def test_a_damaged_clip_leaves_nothing(monkeypatch, tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 60, options={"movflags": "faststart"})
    clip.write_bytes(clip.read_bytes()[: int(0.7 * clip.stat().st_size)])
    with pytest.raises(DataError, match="cut off or damaged"):
        compared(monkeypatch, clip, tmp_path / "results" / "out", 15.0, 15.0)
    assert list((tmp_path / "results").iterdir()) == []


def test_sides_are_networks_or_files_with_settings():
    side = compare.parse_side("vinet_lite,window_rate_hz=-1,path=torch,clip_length=16")
    assert side.model == "vinet_lite" and side.weights is None
    assert (side.window_rate_hz, side.path) == (-1.0, "torch")
    assert side.options == {"clip_length": 16}
    file = bundled_weights("vinet_lite")
    named = compare.parse_side(f"{file},max_gap_s=2")
    assert (named.model, named.weights, named.max_gap_s) == ("vinet_lite", file, 2.0)
    assert "vinet_lite" in list_models()


@pytest.mark.parametrize("text", ["vinet_lite,fast", "vinet_lite,max_gap_s=long"])
def test_settings_that_are_none_are_refused(text):
    with pytest.raises(ValueError):
        compare.parse_side(text)


def test_a_side_that_is_neither_network_nor_file_is_refused():
    with pytest.raises(WeightsError, match=r"neither a network .*vinet_lite.* nor a weight file"):
        compare.parse_side("vinet_light")
