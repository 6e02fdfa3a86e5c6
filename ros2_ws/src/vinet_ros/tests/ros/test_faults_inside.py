# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Faults of network, device and the node's own code, over real DDS; see docs/faults.md."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from bright_spot import BrightSpot, Failing, FullDevice, Gated, Loader
from geometry_msgs.msg import PointStamped
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from node_bench import Bench, spot
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool, Trigger
from visualization_msgs.msg import MarkerArray

from vinet_ros.networks import create_model
from vinet_ros.networks.weights import WeightsCard, save_weights
from vinet_ros.ros import managed_node, saliency_loop
from vinet_ros.ros.messages import stamp_to_ns
from vinet_ros.ros.model_setup import LoadedModel, load_predictor
from vinet_ros.ros.saliency_parameters import SaliencyParameters


@pytest.fixture
def quick_recovery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a node start again after 0.2 s, then 0.4 s and so on."""
    monkeypatch.setattr(managed_node, "RECOVERY_S", 0.2)


def lifecycle(bench: Bench, transition: int) -> bool:
    """Ask for a transition over DDS; return whether it succeeded."""
    request = Transition(id=transition)
    return bool(bench.call(ChangeState, "change_state", transition=request).success)


def test_nan_from_the_network(bench: Bench) -> None:
    bench.active(Loader(Failing(None, times=3)))
    maps, pixels = bench.listen(Image, "saliency/image"), bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: len(maps) >= 3)
    assert all(np.isfinite(np.frombuffer(m.data, np.float32)).all() for m in maps)
    assert all(np.isfinite([p.point.x, p.point.y, p.point.z]).all() for p in pixels)
    bench.spin_until(lambda: bench.value("inference", "failed_predictions") == "3")
    words = "gave NaN or infinity on torch fp32 channels-last; check the weights, or use precision"
    assert bench.says("inference", words, level=2)
    bench.fresh(pixels)
    assert bench.settled_cost() == 0
    assert bench.value("inference", "failed_predictions") == "3"


class FullThenReal:
    """A network on a full GPU first; what comes after is really loaded, from the file."""

    def __init__(self) -> None:
        self.full = FullDevice()
        self.asked: list[str] = []

    def __call__(self, parameters: SaliencyParameters, device: str) -> LoadedModel:
        self.asked.append(device)
        if len(self.asked) == 1:
            return Loader(self.full)(parameters, device)
        return load_predictor(parameters, device)


def test_gpu_memory_that_is_out_and_the_cpu_that_takes_over(bench: Bench, tmp_path: Path) -> None:
    torch.manual_seed(0)
    file = tmp_path / "small.safetensors"
    options = {"clip_length": 2, "width": 16, "motion_width": 8}
    network = create_model("vinet_lite", **options)
    save_weights(file, network, WeightsCard("vinet_lite", 2, (224, 384), 15.0, options))
    load = FullThenReal()
    node = bench.active(load, weights=str(file), device="cuda")
    maps = bench.listen(Image, "saliency/image")
    bench.fresh(maps)
    assert (maps[-1].height, maps[-1].width) == (224, 384)
    assert load.asked == ["", "cpu"]
    words = "cuda:0 failed (CUDA out of memory. Tried to allocate 2.00 GiB (simulated).); the CPU"
    bench.spin_until(lambda: bench.says("model", words, level=1))
    bench.spin_until(lambda: bench.value("model", "device") == "cpu")
    assert bench.value("model", "device_failures") == "1"
    assert node.state == "active" and load.full.closed
    assert lifecycle(bench, Transition.TRANSITION_DEACTIVATE)
    assert lifecycle(bench, Transition.TRANSITION_ACTIVATE)
    bench.fresh(maps)
    assert bench.says("model", words, level=1)  # the CPU still stands in
    assert load.asked == ["", "cpu"]


def test_gpu_memory_that_is_out_where_the_cpu_may_not_take_over(bench: Bench) -> None:
    load = Loader(FullDevice())
    node = bench.active(load, device="cuda", allow_cpu_fallback=False)
    bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: node.state == "unconfigured")
    words = "work broke: OutOfMemoryError: CUDA out of memory"
    bench.spin_until(lambda: bench.says("lifecycle", words, level=2))
    assert [device for _, device in load.asked] == [""]
    assert bench.call(GetState, "get_state").current_state.label == "unconfigured"


def test_gpu_memory_that_is_out_at_configure(bench: Bench) -> None:
    load, asked = Loader(), []

    def full_at_first(parameters: SaliencyParameters, device: str) -> LoadedModel:
        asked.append(device)
        if not device:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory (simulated)")
        return load(parameters, device)

    node = bench.active(full_at_first, device="cuda")
    assert asked == ["", "cpu"] and node.failures == 0
    bench.fresh(bench.listen(PointStamped, "gaze/pixel"))
    words = "cuda failed (CUDA out of memory (simulated)); the CPU takes over"
    bench.spin_until(lambda: bench.says("model", words, level=1))


@pytest.mark.usefixtures("quick_recovery")
def test_a_device_that_comes_back_late(bench: Bench) -> None:
    """Configure fails again and again; the node goes on trying, ever more seldom."""
    load, errors = Loader(), [RuntimeError(f"no device, attempt {k}") for k in range(3)]

    def late(parameters: SaliencyParameters, device: str) -> LoadedModel:
        if errors:
            raise errors.pop(0)
        return load(parameters, device)

    node = bench.saliency_node(late, device="cuda", allow_cpu_fallback=False)
    for k in range(3):
        bench.spin_until(lambda: bench.says("lifecycle", f"no device, attempt {k}", level=2))  # noqa: B023
    bench.spin_until(lambda: node.state == "active")
    assert (node.failures, node.recoveries) == (3, 3)
    assert "attempt 4" in node.reason
    bench.fresh(bench.listen(PointStamped, "gaze/pixel"))


@pytest.mark.usefixtures("quick_recovery")
def test_an_error_nobody_expected_at_work(bench: Bench) -> None:
    node = bench.active(Loader(Failing(KeyError("a bug"), times=1)))
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: bench.says("lifecycle", "work broke: KeyError: 'a bug'", level=2))
    bench.spin_until(lambda: node.state == "active")
    bench.fresh(pixels)
    bench.spin_until(lambda: bench.value("lifecycle", "recoveries") == "1")
    assert bench.says("lifecycle", "active", level=0)


@pytest.mark.usefixtures("quick_recovery")
def test_who_takes_over_is_not_disturbed_by_a_recovery(bench: Bench) -> None:
    node = bench.active(Loader(Failing(KeyError("a bug"), times=1)))
    bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: node.state == "unconfigured")
    assert lifecycle(bench, Transition.TRANSITION_CONFIGURE)
    bench.spin_for(0.6)
    assert node.state == "inactive" and node.recoveries == 0
    assert node.reason.startswith("configure (asked for)")


def test_without_autostart_nothing_starts_again(bench: Bench) -> None:
    node = bench.saliency_node(Loader(Failing(KeyError("a bug"), times=1)), autostart=False)
    assert lifecycle(bench, Transition.TRANSITION_CONFIGURE)
    assert lifecycle(bench, Transition.TRANSITION_ACTIVATE)
    bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: node.state == "unconfigured")
    bench.spin_for(0.5)
    assert node._start_timer is None and node.recoveries == 0
    bench.spin_until(lambda: bench.says("lifecycle", "work broke: KeyError: 'a bug'", level=2))


def test_a_bug_at_configure(bench: Bench) -> None:
    load = Loader()
    failures = [KeyError("a bug")]

    def load_late(parameters: SaliencyParameters, device: str) -> LoadedModel:
        if failures:
            raise failures.pop()
        return load(parameters, device)

    node = bench.saliency_node(load_late)
    bench.spin_until(lambda: bench.says("lifecycle", "configure broke: KeyError", level=2))
    assert node.state == "unconfigured"
    assert lifecycle(bench, Transition.TRANSITION_CONFIGURE)
    assert lifecycle(bench, Transition.TRANSITION_ACTIVATE)
    bench.fresh(bench.listen(PointStamped, "gaze/pixel"))
    bench.spin_until(lambda: bench.value("lifecycle", "failures") == "1")


def test_deactivate_during_inference(bench: Bench) -> None:
    """It waits for the prediction that is under way, whose gaze is still published."""
    network = Gated()
    bench.active(Loader(network))
    pixels = bench.listen(PointStamped, "gaze/pixel")
    sent = bench.show(lambda: network.begun)
    threading.Timer(0.5, network.go_on.release).start()
    assert lifecycle(bench, Transition.TRANSITION_DEACTIVATE)
    assert not [t for t in threading.enumerate() if t.name == "prediction"]
    bench.spin_until(lambda: pixels)
    assert stamp_to_ns(pixels[-1].header.stamp) in sent
    bench.spin_until(lambda: bench.says("lifecycle", "inactive", level=0))
    assert bench.value("lifecycle", "reason") == "deactivate (asked for): done"
    network.go_on.release(1000)
    assert lifecycle(bench, Transition.TRANSITION_ACTIVATE)
    bench.fresh(pixels)


def test_disable_during_inference(bench: Bench) -> None:
    network = Gated()
    bench.active(Loader(network))
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: network.begun)
    bench.call(SetBool, "enable", data=False)
    network.go_on.release(1000)
    bench.spin_for(0.3)
    assert not pixels  # the prediction ended, nobody wants its gaze any more
    bench.call(SetBool, "enable", data=True)
    bench.fresh(pixels)


def test_parameters_that_change_during_inference(bench: Bench) -> None:
    network = Gated()
    bench.active(Loader(network))
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: network.begun)
    changes = {"window_rate_hz": -1.0, "warmup": "wait", "max_gap_s": 5.0, "num_peaks": 1}
    assert bench.call_parameters(**changes).successful
    network.go_on.release(1000)
    bench.fresh(pixels)
    bench.spin_until(lambda: bench.value("window", "rate_hz") == "-1")
    assert bench.value("process", "errors") == "0"


def test_a_prediction_that_hangs(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, and the node can be ended and started again without it."""
    monkeypatch.setattr("vinet_ros.ros.saliency_diagnostics.LONG_PREDICTION_S", 0.3)
    monkeypatch.setattr(saliency_loop, "STOP_PATIENCE_S", 0.3)
    monkeypatch.setattr("vinet_ros.ros.saliency_node.STOP_PATIENCE_S", 0.3)
    hanging = Gated()
    node = bench.active(Loader(hanging, BrightSpot()))
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: hanging.begun)
    bench.spin_until(lambda: bench.says("inference", "a prediction has been under way for ", 2))
    assert not lifecycle(bench, Transition.TRANSITION_DEACTIVATE)
    words = "deactivate broke: RuntimeError: a prediction does not end within 0 s"
    bench.spin_until(lambda: bench.says("lifecycle", words, level=2))
    assert node.state == "unconfigured"
    assert lifecycle(bench, Transition.TRANSITION_CONFIGURE)
    assert lifecycle(bench, Transition.TRANSITION_ACTIVATE)
    bench.fresh(pixels)
    hanging.go_on.release(1000)


def test_an_output_that_cannot_be_made(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other topics go on."""

    def broken(*arguments: Any, **options: Any) -> None:
        raise IndexError("a bug in drawing")

    monkeypatch.setattr("vinet_ros.streaming.scene.draw_overlay", broken)
    bench.active()
    overlays, pixels = (
        bench.listen(Image, "saliency/overlay"),
        bench.listen(PointStamped, "gaze/pixel"),
    )
    markers = bench.listen(MarkerArray, "gaze/markers")
    bench.show(lambda: bench.count("outputs", "failed_messages") >= 3)
    words = "saliency/overlay failed: IndexError: a bug in drawing"
    bench.spin_until(lambda: bench.says("outputs", words, level=2))
    assert len(pixels) >= 3 and len(markers) >= 3
    assert not overlays and bench.value("outputs", "saliency/overlay") == "0"
    monkeypatch.undo()
    bench.fresh(overlays)


def test_a_bug_in_a_callback(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the camera, of a service, of a timer: counted, named, and the node goes on."""
    node = bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.fresh(pixels)

    def broken(*arguments: Any) -> None:
        raise ZeroDivisionError("a bug")

    bench.settle()
    monkeypatch.setattr(node._camera, "_use", broken)
    for _ in range(3):
        bench.send(spot())
    words = "the callback of /image failed: ZeroDivisionError: a bug"
    bench.spin_until(lambda: bench.says("process", words, level=2))
    assert bench.settled_cost() == 3
    monkeypatch.undo()
    bench.fresh(pixels)
    monkeypatch.setattr(node._loop, "reset", broken)
    answer = bench.call(Trigger, "reset")
    assert not answer.success
    assert answer.message == "service ~/reset failed: ZeroDivisionError: a bug"
    monkeypatch.undo()
    node.create_timer(0.05, broken)
    bench.spin_until(lambda: bench.says("process", "the timer of 0.05 s failed: ZeroDivision", 2))
    bench.fresh(pixels)


def test_a_bug_in_a_status(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    node = bench.active()

    def broken() -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(node._outputs.__class__, "made", property(lambda self: {"unknown": 1}))
    bench.spin_until(lambda: bench.says("outputs", "this status cannot be made: ValueError", 2))
    assert bench.says("lifecycle", "active", level=0)


def test_a_parameter_that_cannot_be_accepted(bench: Bench) -> None:
    """Read-only, out of range, of another type, contradicting: refused with the reason."""
    bench.active()
    for name, value, reason in (
        ("weights", "other.safetensors", "weights can only change while the node is unconfigured"),
        ("num_peaks", 99, "num_peaks out of range. Min: 1, Max: 16, value: 99"),  # rclpy's own
        ("max_gap_s", float("nan"), "max_gap_s out of range Min: 0.02, Max: 10.0, value: nan"),
        ("max_gap_s", 1, "Wrong parameter type, expected"),  # rclpy's own
        ("warmup", "guess", "warmup must be one of repeat_first, wait; got 'guess'"),
        ("num_peaks", "three", "Wrong parameter type"),
    ):
        parameters = [Parameter(name, value=value).to_parameter_msg()]
        result = bench.call(SetParameters, "set_parameters", parameters=parameters).results[0]
        assert not result.successful and reason in result.reason, result.reason
    result = bench.call_parameters(image_rate_min_hz=30.0, image_rate_max_hz=10.0)
    assert "image_rate_max_hz must be at least image_rate_min_hz (30), got 10" in result.reason
    assert bench.call_parameters(image_rate_min_hz=10.0, image_rate_max_hz=30.0).successful
    assert not bench.call_parameters(image_rate_max_hz=5.0).successful
