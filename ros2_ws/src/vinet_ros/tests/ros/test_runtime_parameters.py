# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Each parameter that may change while the node works does take effect, over the real service."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from chorus import chorus_predictor
from geometry_msgs.msg import PointStamped
from node_bench import Bench, spot
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2

from vinet_ros.ros.messages import stamp_to_ns
from vinet_ros.ros.model_setup import LoadedModel
from vinet_ros.ros.parameters import parameter_specs
from vinet_ros.ros.saliency_parameters import SaliencyParameters

SECOND = 1_000_000_000
Check = Callable[[Bench], None]
CHECKS: dict[str, Check] = {}
EAR = chorus_predictor()


def load_ear(parameters: SaliencyParameters, device: str) -> LoadedModel:
    """Load a network that hears."""
    return LoadedModel(EAR, "chorus", True, "made for the test")


LOADS = {"audio_offset_s": load_ear}


def check(function: Check) -> Check:
    """Enter a check under the parameter's name, which is the function's."""
    CHECKS[function.__name__] = function
    return function


@pytest.mark.parametrize(
    "name", [spec.name for spec in parameter_specs(SaliencyParameters) if not spec.read_only]
)
def test_it_takes_effect(bench: Bench, name: str) -> None:
    bench.active(LOADS.get(name), max_gap_s=10.0)
    bench.connect()
    CHECKS[name](bench)  # a parameter without a check has not been looked at


@pytest.mark.parametrize(
    "spec",
    [spec for spec in parameter_specs(SaliencyParameters) if spec.read_only],
    ids=lambda spec: spec.name,
)
def test_read_only_is_refused_while_configured(bench: Bench, spec: Any) -> None:
    node = bench.active()
    before = node.get_parameter(spec.name).value
    parameters = [Parameter(spec.name, value=spec.default).to_parameter_msg()]
    result = bench.call(SetParameters, "set_parameters", parameters=parameters).results[0]
    assert not result.successful
    assert result.reason == f"{spec.name} can only change while the node is unconfigured"
    assert node.get_parameter(spec.name).value == before
    node.trigger_deactivate(), node.trigger_cleanup()
    result = bench.call(SetParameters, "set_parameters", parameters=parameters).results[0]
    assert result.successful


def play(bench: Bench, pictures: list[np.ndarray], step_s: float = 1 / 30) -> int:
    """Send pictures with stamps so far apart, the newest now; return the last stamp."""
    start_ns = bench.now_ns() - round(len(pictures) * step_s * SECOND)
    for k, picture in enumerate(pictures, start=1):
        stamp_ns = bench.send(picture, start_ns + round(k * step_s * SECOND))
        bench.spin_for(0.02)
        bench.settle()
    return stamp_ns


def gaze_of(bench: Bench, pixels: list[Any], stamp_ns: int) -> Any:
    """Return the gaze of the image of a stamp."""
    bench.spin_until(lambda: pixels and stamp_to_ns(pixels[-1].header.stamp) == stamp_ns)
    return pixels[-1].point


@check
def image_rate_min_hz(bench: Bench) -> None:
    bench.show(lambda: float(bench.value("input", "rate_window_s") or 0) > 2.2)
    assert bench.says("input", "images a second", level=0)
    bench.call_parameters(image_rate_min_hz=900.0)
    bench.show(lambda: bench.says("input", "image_rate_min_hz expects 900", level=1))
    assert bench.value("input", "least_rate_hz") == "810"


@check
def image_rate_max_hz(bench: Bench) -> None:
    bench.call_parameters(image_rate_max_hz=0.1)
    bench.show(lambda: bench.says("input", "image_rate_max_hz expects 0.1", level=1))
    assert bench.value("input", "greatest_rate_hz") == "0.11"


@check
def audio_offset_s(bench: Bench) -> None:
    assert EAR.hearing is not None and EAR.hearing.offset_s == 0.0
    bench.call_parameters(audio_offset_s=-0.25)
    assert EAR.hearing.offset_s == -0.25


@check
def audio_effect_period_s(bench: Bench) -> None:
    assert bench.value("audio", "effect") is None
    bench.call_parameters(audio_effect_period_s=0.5)
    bench.show(lambda: bench.says("audio", "bright_spot takes no sound; set it to 0", level=1))
    assert bench.value("audio", "effect_runs") == "0"


@check
def window_rate_hz(bench: Bench) -> None:
    bench.show(lambda: bench.says("window", "full"))
    bench.call_parameters(window_rate_hz=10.0)
    bench.spin_until(lambda: bench.value("window", "rate_hz") == "10")
    replaced = bench.count("window", "replaced")
    play(bench, [spot()] * 12, step_s=1 / 60)  # of six images five do not move the window
    bench.spin_until(lambda: bench.count("window", "replaced") >= replaced + 8)


@check
def max_rate_hz(bench: Bench) -> None:
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.fresh(pixels)
    bench.call_parameters(max_rate_hz=0.5)
    bench.fresh(pixels)
    pixels.clear()
    start_ns = bench.now_ns()
    bench.show(lambda: len(pixels) >= 2)
    assert bench.now_ns() - start_ns > 1.9 * SECOND
    assert bench.count("inference", "skipped_windows") > 0


@check
def max_gap_s(bench: Bench) -> None:
    play(bench, [spot()] * 4, step_s=0.2)
    bench.spin_for(0.3)
    gaps = bench.count("window", "gaps")
    bench.call_parameters(max_gap_s=0.1)
    play(bench, [spot()] * 6, step_s=0.2)
    bench.spin_until(lambda: bench.count("window", "gaps") >= gaps + 3)


@check
def max_age_s(bench: Bench) -> None:
    pixels = bench.listen(PointStamped, "gaze/pixel")
    gaze_of(bench, pixels, bench.send(spot(), bench.now_ns() - 3 * SECOND))
    bench.call_parameters(max_age_s=2.0)
    bench.send(spot(), bench.now_ns() - 3 * SECOND)
    bench.spin_until(lambda: bench.count("stamps", "too_old") == 1)


@check
def warmup(bench: Bench) -> None:
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.call_parameters(warmup="wait")
    stamp_ns = play(bench, [spot()] * 3)  # the window has four slots
    bench.spin_for(0.2)
    assert not pixels
    gaze_of(bench, pixels, bench.send(spot(), stamp_ns + SECOND // 30))
    bench.call_parameters(warmup="repeat_first")
    gaze_of(bench, pixels, bench.send(spot()))


def two_spots() -> np.ndarray:
    return np.maximum(spot(100, 400), spot(500, 100) // 2)


@check
def num_peaks(bench: Bench) -> None:
    clouds = bench.listen(PointCloud2, "gaze/candidates")
    bench.show(lambda: clouds and clouds[-1].width >= 2, two_spots())
    bench.call_parameters(num_peaks=1)
    bench.show(lambda: clouds[-1].width == 1, two_spots())


@check
def peak_min_distance(bench: Bench) -> None:
    clouds = bench.listen(PointCloud2, "gaze/candidates")
    bench.show(lambda: clouds and clouds[-1].width >= 2, two_spots())
    bench.call_parameters(peak_min_distance=1.0)
    bench.show(lambda: clouds[-1].width == 1, two_spots())


@check
def peak_centre_radius(bench: Bench) -> None:
    pixels = bench.listen(PointStamped, "gaze/pixel")
    aslant = np.maximum(spot(300, 240), spot(330, 240) // 10 * 8)
    play(bench, [aslant] * 5)
    centre = gaze_of(bench, pixels, bench.send(aslant)).x
    bench.call_parameters(peak_centre_radius=0.0)
    assert gaze_of(bench, pixels, bench.send(aslant)).x < centre - 2


@check
def smoothing_tau_s(bench: Bench) -> None:
    pixels = bench.listen(PointStamped, "gaze/pixel")
    left, right = spot(100, 200), spot(500, 200)
    play(bench, [left] * 5)
    assert gaze_of(bench, pixels, bench.send(right)).x == pytest.approx(500, abs=4)
    bench.call_parameters(smoothing_tau_s=5.0)
    play(bench, [left] * 5)
    assert gaze_of(bench, pixels, bench.send(right)).x == pytest.approx(100, abs=4)


@check
def target_distance_m(bench: Bench) -> None:
    targets = bench.listen(PointStamped, "gaze/target")
    bench.call_parameters(target_distance_m=7.0)
    point = bench.fresh(targets).point
    assert math.hypot(point.x, point.y, point.z) == pytest.approx(7.0)


@check
def fallback_hfov_deg(bench: Bench) -> None:
    targets = bench.listen(PointStamped, "gaze/target")
    bench.call_parameters(fallback_hfov_deg=90.0)
    point = bench.fresh(targets, spot(600, 240)).point
    assert point.x / point.z == pytest.approx((600 - 319.5) / 320, rel=0.03)
    bench.spin_until(lambda: bench.value("camera", "hfov_deg") == "90")


@check
def diagnostics_period_s(bench: Bench) -> None:
    bench.call_parameters(diagnostics_period_s=0.7)
    seen = len(bench.diagnostics)
    bench.spin_until(lambda: len(bench.diagnostics) >= seen + 3)
    first, _, last = (stamp_to_ns(array.header.stamp) for array in bench.diagnostics[-3:])
    assert last - first == pytest.approx(1.4 * SECOND, rel=0.3)
