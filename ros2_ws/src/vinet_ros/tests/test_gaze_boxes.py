# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The gaze of the bundled network against boxes drawn by hand around people and vehicles."""

import json
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest

from vinet_ros.gaze import PinholeCamera
from vinet_ros.ros.demo_options import default_clip
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.streaming import Predictor
from vinet_ros.streaming.gaze_pipeline import GazePipeline

BOXES = json.loads((Path(__file__).parent / "data" / "gaze_boxes.json").read_text())["clips"]
LEAST_SHARE = 0.7
VTEST_PLACES = (
    Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi"),
    Path(__file__).resolve().parents[4] / "build" / "vtest.avi",
)


@dataclass(frozen=True)
class Hits:
    """How many gaze marks fell into boxes, and how much of the pictures the boxes cover."""

    marks: int
    inside: int
    covered: float

    @property
    def share(self) -> float:
        return self.inside / self.marks


def vtest() -> Path:
    for path in VTEST_PLACES:
        if path.is_file():
            return path
    pytest.skip("vtest.avi is not here: install opencv-doc or run scripts/fetch_vtest.sh")


def boxes_of(clip: dict, frame: int) -> list[list[int]]:
    return clip["boxes"][str(frame)] + clip["every_frame"]


def is_inside(u: float, v: float, boxes: list[list[int]]) -> bool:
    """Pixel centres are whole numbers, so a box of pixels reaches half a pixel further out."""
    return any(x0 - 0.5 <= u < x1 - 0.5 and y0 - 0.5 <= v < y1 - 0.5 for x0, y0, x1, y1 in boxes)


def covered_share(clip: dict) -> float:
    shares = []
    for frame in clip["boxes"]:
        mask = np.zeros((clip["height"], clip["width"]), bool)
        for x0, y0, x1, y1 in boxes_of(clip, int(frame)):
            mask[y0:y1, x0:x1] = True
        shares.append(mask.mean())
    return float(np.mean(shares))


def score(path: Path) -> Hits:
    """Run the clip through the network and the gaze pipeline of the node, frame by frame."""
    clip = BOXES[path.name]
    camera = PinholeCamera.from_hfov(clip["width"], clip["height"], 60.0)
    pipeline, predictor = GazePipeline(SaliencyParameters()), Predictor(device="cpu")
    frames, marks, inside = 0, 0, 0
    with av.open(str(path)) as container:
        rate = float(container.streams.video[0].average_rate)
        for index, picture in enumerate(container.decode(video=0)):
            rgb = picture.to_ndarray(format="rgb24")
            assert rgb.shape[:2] == (clip["height"], clip["width"])
            predictor.push_frame(rgb, round(index / rate * 1e9))
            points = pipeline.update(predictor.predict(), camera)
            frames += 1
            if index % 10 == 0:
                assert points, f"no gaze in frame {index}"
                marks += 1
                inside += is_inside(points[0].u, points[0].v, boxes_of(clip, index))
    predictor.close()
    assert frames == clip["frames"]
    return Hits(marks, inside, covered_share(clip))


@pytest.mark.parametrize("name", ["bikes.mp4", "vtest.avi"])
def test_boxes_are_whole(name):
    clip = BOXES[name]
    assert [int(frame) for frame in clip["boxes"]] == list(range(0, clip["frames"], 10))
    for frame in clip["boxes"]:
        for x0, y0, x1, y1 in boxes_of(clip, int(frame)):
            assert 0 <= x0 < x1 <= clip["width"] and 0 <= y0 < y1 <= clip["height"]


@pytest.mark.parametrize("name", ["bikes.mp4", "vtest.avi"])
def test_gaze_rests_on_people_and_vehicles(name, record_property):
    hits = score(default_clip() if name == "bikes.mp4" else vtest())
    record_property("gaze marks in boxes", f"{hits.inside} of {hits.marks}")
    print(f"{name}: {hits.inside}/{hits.marks} marks in boxes, which cover {hits.covered:.0%}")
    assert hits.share >= LEAST_SHARE
    assert hits.share > hits.covered  # better than a mark thrown blindly
