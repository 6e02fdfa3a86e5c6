# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""From maps to points, with the test's own clock."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from vinet_ros.errors import FrameError
from vinet_ros.gaze import PinholeCamera
from vinet_ros.streaming import SaliencyMap
from vinet_ros.streaming.gaze_pipeline import GazePipeline

SECOND = 1_000_000_000
CAMERA = PinholeCamera.from_hfov(640, 480, 90)


@dataclass(frozen=True)
class Settings:
    num_peaks: int = 3
    peak_min_distance: float = 0.1
    peak_centre_radius: float = 0.0
    smoothing_tau_s: float = 0.0
    target_distance_m: float = 2.0


def hills(*places: tuple[float, float, float], stamp_ns: int = SECOND) -> SaliencyMap:
    """Return a map (48, 64) with a Gaussian hill at each (column, row, height)."""
    rows, columns = np.mgrid[0:48, 0:64].astype(np.float32)
    values = np.zeros((48, 64), np.float32)
    for column, row, height in places:
        distance = (columns - column) ** 2 + (rows - row) ** 2
        values += np.float32(height) * np.exp(-distance / 18, dtype=np.float32)
    return SaliencyMap(values, stamp_ns)


def test_a_hill_in_the_middle_is_straight_ahead() -> None:
    (point,) = GazePipeline(Settings()).update(hills((31.5, 23.5, 0.8)), CAMERA)
    assert (point.u, point.v) == pytest.approx((319.5, 239.5), abs=0.5)
    assert point.position_m == pytest.approx((0, 0, 2), abs=0.01)


def test_points_are_on_their_rays_best_first() -> None:
    points = GazePipeline(Settings(target_distance_m=5)).update(
        hills((10, 10, 0.9), (50, 40, 0.5), (50, 8, 0.7)), CAMERA
    )
    assert [round(p.saliency, 1) for p in points] == [0.9, 0.7, 0.5]
    for point in points:
        x, y, z = point.position_m
        assert np.linalg.norm(point.position_m) == pytest.approx(5)
        assert (x / z, y / z) == pytest.approx(
            ((point.u - CAMERA.cx) / CAMERA.fx, (point.v - CAMERA.cy) / CAMERA.fy)
        )
    # Pixel centres: column 10 of 64 is column 104.5 of 640.
    assert (points[0].u, points[0].v) == pytest.approx((104.5, 104.5), abs=0.5)


def test_smoothing_follows_the_stamps_not_the_calls() -> None:
    for steps in (1, 10):
        pipeline = GazePipeline(Settings(smoothing_tau_s=0.5, num_peaks=1))
        pipeline.update(hills((10, 20, 0.5)), CAMERA)
        for step in range(1, steps + 1):
            stamp_ns = SECOND + step * SECOND // steps
            (point,) = pipeline.update(hills((50, 20, 0.5), stamp_ns=stamp_ns), CAMERA)
        # After two time constants the new hill has 1 - exp(-2) of its height.
        assert point.saliency == pytest.approx(0.5 * (1 - np.exp(-2)), rel=0.02)


def test_it_never_looks_between_two_places() -> None:
    pipeline = GazePipeline(Settings(smoothing_tau_s=0.3, num_peaks=1))
    for step in range(20):
        column = 10 if step % 2 else 50
        stamp_ns = SECOND + step * SECOND // 15
        (point,) = pipeline.update(hills((column, 20, 0.5), stamp_ns=stamp_ns), CAMERA)
        assert min(abs(point.u - 104.5), abs(point.u - 504.5)) < 5


def test_reset_and_a_new_time_constant_start_anew() -> None:
    pipeline = GazePipeline(Settings(smoothing_tau_s=5.0, num_peaks=1))
    pipeline.update(hills((10, 20, 0.5)), CAMERA)
    pipeline.reset()
    (point,) = pipeline.update(hills((50, 20, 0.5), stamp_ns=SECOND + 1), CAMERA)
    assert point.saliency == pytest.approx(0.5, rel=0.01)
    pipeline.settings = replace(Settings(), smoothing_tau_s=4.0)
    points = pipeline.update(hills((10, 20, 0.4), stamp_ns=SECOND + 2), CAMERA)
    assert len(points) == 1 and points[0].saliency == pytest.approx(0.4, rel=0.01)


def test_a_flat_map_has_no_gaze() -> None:
    flat = SaliencyMap(np.full((48, 64), 0.5, np.float32), SECOND)
    assert GazePipeline(Settings()).update(flat, CAMERA) == ()


def test_peaks_that_the_lens_model_does_not_reach_are_left_out() -> None:
    # The image folds back at 0.9 of the normalised radius: the corner has no ray.
    folding = replace(CAMERA, distortion_model="plumb_bob", d=(-0.5, 0.0, 0.0, 0.0, 0.0))
    corner, middle = (1, 1, 0.9), (32, 24, 0.5)
    points = GazePipeline(Settings()).update(hills(corner, middle), folding)
    assert [round(p.u / 10) for p in points] == [32]
    with pytest.raises(FrameError, match="calibrate it anew"):
        GazePipeline(Settings()).update(hills(corner), folding)
