# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Several cameras in one process: each has its own node, all have one network."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
import torch
from bright_spot import BrightSpot
from geometry_msgs.msg import PointStamped
from lifecycle_msgs.msg import Transition
from node_bench import Bench, spot
from several_cameras import CAMERAS, change_state, send, value
from torch import Tensor

from vinet_ros.ros import saliency_nodes
from vinet_ros.ros.model_setup import LoadedModel, LoadModel
from vinet_ros.ros.node_threads import NodeThreads
from vinet_ros.ros.saliency_nodes import camera_namespace, camera_node, process_namespace
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.runtime import SharedNetworks
from vinet_ros.runtime.torch_executor import TorchExecutor
from vinet_ros.streaming import Predictor

QUICK = ["-p", "diagnostics_period_s:=0.1", "-p", "smoothing_tau_s:=0.0"]


class AfraidOfTheDark(BrightSpot):
    """Runs out of memory where a window's newest frame is black."""

    def decode(self, features: tuple[Tensor, ...]) -> Tensor:
        if bool((features[0][:, -1].amax(dim=(1, 2, 3)) < -1).any()):
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().decode(features)


class Fleet:
    """Nodes of one process that share networks made in the test; the first one is on a "GPU"."""

    def __init__(self, bench: Bench, domain_id: int, network: BrightSpot) -> None:
        self.bench = bench
        self.networks = SharedNetworks()
        self.network = network
        self.before_load: dict[str, threading.Event] = {}
        context = rclpy.Context()
        rclpy.init(args=["fleet", "--ros-args", *QUICK], context=context, domain_id=domain_id)
        self.nodes = {
            camera: camera_node(self.loader(f"/{camera}"), f"/{camera}", context=context)
            for camera in CAMERAS
        }

    def loader(self, user: str) -> LoadModel:
        def load(parameters: SaliencyParameters, device: str) -> LoadedModel:
            if user in self.before_load:
                assert self.before_load[user].wait(60)
            place = device or "cuda:0"
            executor = self.networks.share(place, lambda: self.build(place), user)
            predictor = Predictor(self.network, executor=executor, warmup=parameters.warmup)
            return LoadedModel(predictor, "bright_spot", True, "made for the test")

        return load

    def build(self, place: str) -> TorchExecutor:
        # The CPU's memory is enough for everything.
        network = BrightSpot().eval() if place == "cpu" else self.network
        executor = TorchExecutor(network, batches=4)
        executor.device = place
        return executor

    def send(self, camera: str, rgb: np.ndarray, **change: Any) -> int:
        return send(self.bench, camera, rgb, **change)

    def show(self, until: Callable[[], object], **pictures: np.ndarray) -> None:
        """Publish each camera's picture again and again until something holds."""

        def all_of_them(_: np.ndarray) -> None:
            for camera, rgb in pictures.items():
                self.send(camera, rgb)

        self.bench.show(until, send=all_of_them)

    def change(self, camera: str, transition: int) -> bool:
        return change_state(self.bench, camera, transition)

    def value(self, camera: str, name: str, key: str) -> str | None:
        return value(self.bench, camera, name, key)


@pytest.fixture
def fleet(bench: Bench, domain_id: int, request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """Two nodes; the test may ask for another network, and for a camera that loads late."""
    options = getattr(request, "param", {})
    fleet = Fleet(bench, domain_id, options.get("network", BrightSpot)())
    if "late" in options:
        fleet.before_load[f"/{options['late']}"] = threading.Event()
    with NodeThreads([*fleet.nodes.values()]):
        try:
            yield fleet
        finally:
            for event in fleet.before_load.values():
                event.set()


def test_each_camera_has_its_own_gaze_and_all_have_one_network(fleet: Fleet) -> None:
    pixels = {
        camera: fleet.bench.listen(PointStamped, f"{camera}/gaze/pixel") for camera in CAMERAS
    }
    fleet.show(lambda: all(pixels.values()), left=spot(480, 120), right=spot(100, 400))
    left, right = pixels["left"][-1], pixels["right"][-1]
    assert (left.point.x, left.point.y) == pytest.approx((480, 120), abs=4)
    assert (right.point.x, right.point.y) == pytest.approx((100, 400), abs=4)
    assert (left.header.frame_id, right.header.frame_id) == CAMERAS
    assert len(fleet.networks) == 1
    for camera in CAMERAS:
        fleet.show(
            lambda camera=camera: fleet.value(camera, "model", "wait_p50_ms"),
            left=spot(),
            right=spot(),
        )
        assert set(fleet.value(camera, "model", "shared_by").split(", ")) == {"/left", "/right"}
        assert fleet.value(camera, "model", "together_limit") == "4"
        assert 1 <= float(fleet.value(camera, "model", "together_mean")) <= 2
        status = fleet.bench.status("model", f"{camera}/saliency_node")
        assert status.message.endswith("on cuda:0, shared by 2")


def test_a_camera_that_stops_or_lies_does_not_disturb_the_other(fleet: Fleet) -> None:
    pixels = {
        camera: fleet.bench.listen(PointStamped, f"{camera}/gaze/pixel") for camera in CAMERAS
    }
    fleet.show(lambda: all(pixels.values()), left=spot(), right=spot())
    pixels["right"].clear()
    fleet.show(
        lambda: (
            len(pixels["right"]) >= 10
            and fleet.bench.status("input", "left/saliency_node").level == b"\x02"
        ),
        right=spot(),
    )
    pixels["right"].clear()

    def lie(_: np.ndarray) -> None:
        fleet.send("left", spot(), step=10)
        fleet.send("right", spot())

    fleet.bench.show(
        lambda: (
            len(pixels["right"]) >= 10
            and int(fleet.value("left", "input", "unusable_images") or 0) >= 10
        ),
        send=lie,
    )
    assert fleet.value("right", "input", "unusable_images") == "0"
    pixels["left"].clear()
    fleet.show(lambda: pixels["left"], left=spot(), right=spot())


def test_a_node_that_is_cleaned_up_leaves_the_network_to_the_other(fleet: Fleet) -> None:
    pixels = {
        camera: fleet.bench.listen(PointStamped, f"{camera}/gaze/pixel") for camera in CAMERAS
    }
    fleet.show(lambda: all(pixels.values()), left=spot(), right=spot())
    assert fleet.change("left", Transition.TRANSITION_DEACTIVATE)
    assert fleet.change("left", Transition.TRANSITION_CLEANUP)
    pixels["right"].clear()
    fleet.show(
        lambda: (
            len(pixels["right"]) >= 5 and fleet.value("right", "model", "shared_by") == "/right"
        ),
        right=spot(),
    )
    assert fleet.change("left", Transition.TRANSITION_CONFIGURE)
    assert fleet.change("left", Transition.TRANSITION_ACTIVATE)
    pixels["left"].clear()
    fleet.show(lambda: pixels["left"], left=spot(), right=spot())
    assert len(fleet.networks) == 1
    for camera in CAMERAS:
        assert fleet.change(camera, Transition.TRANSITION_DEACTIVATE)
        assert fleet.change(camera, Transition.TRANSITION_CLEANUP)
    assert len(fleet.networks) == 0


@pytest.mark.parametrize("fleet", [{"network": AfraidOfTheDark}], indirect=True)
def test_a_gpu_that_is_too_small_for_one_still_serves_the_other(fleet: Fleet) -> None:
    pixels = {
        camera: fleet.bench.listen(PointStamped, f"{camera}/gaze/pixel") for camera in CAMERAS
    }
    fleet.show(lambda: all(pixels.values()), left=spot(), right=spot())
    fleet.show(
        lambda: fleet.value("left", "model", "device") == "cpu",
        left=np.zeros((480, 640, 3), np.uint8),
        right=spot(),
    )
    assert "out of memory" in fleet.bench.status("model", "left/saliency_node").message
    pixels["left"].clear(), pixels["right"].clear()
    fleet.network.__class__ = BrightSpot  # enough memory there
    fleet.show(lambda: all(pixels.values()), left=spot(), right=spot())
    assert fleet.value("right", "model", "device") == "cuda:0"
    assert fleet.value("right", "model", "device_failures") == "0"
    assert fleet.value("right", "lifecycle", "failures") == "0"
    assert len(fleet.networks) == 2


@pytest.mark.parametrize("fleet", [{"late": "left"}], indirect=True)
def test_a_slow_configure_does_not_hold_up_the_other(fleet: Fleet) -> None:
    pixels = {
        camera: fleet.bench.listen(PointStamped, f"{camera}/gaze/pixel") for camera in CAMERAS
    }
    fleet.show(lambda: len(pixels["right"]) >= 5, left=spot(), right=spot())
    assert fleet.nodes["left"].state == "unconfigured"
    fleet.before_load["/left"].set()
    fleet.show(lambda: pixels["left"], left=spot(), right=spot())


def test_parameters_and_remappings_reach_each_node_as_ros_users_expect(
    domain_id: int, tmp_path: Path
) -> None:
    file = tmp_path / "cameras.yaml"
    file.write_text(
        "/**:\n  ros__parameters:\n    autostart: false\n    num_peaks: 4\n"
        "/robot/left/saliency_node:\n  ros__parameters:\n    max_rate_hz: 5.0\n"
        "/robot/right/saliency_node:\n  ros__parameters:\n    num_peaks: 2\n"
    )
    words = ["saliency_nodes", "--ros-args", "--params-file", str(file), "-r", "__ns:=/robot"]
    words += [
        "-r",
        "image:=image_raw",
        "-r",
        "/robot/right/camera_info:=/info",
        "-p",
        "warmup:=wait",
    ]
    context = rclpy.Context()
    rclpy.init(args=words, context=context, domain_id=domain_id)
    base = process_namespace(words)
    nodes = [
        camera_node(lambda *_: None, camera_namespace(base, camera), context=context)
        for camera in CAMERAS
    ]
    with NodeThreads(nodes):
        left, right = nodes
        assert left.get_fully_qualified_name() == "/robot/left/saliency_node"
        assert left.get_parameter("num_peaks").value == 4
        assert right.get_parameter("num_peaks").value == 2
        assert (
            left.get_parameter("max_rate_hz").value,
            right.get_parameter("max_rate_hz").value,
        ) == (5.0, 0.0)
        for node in nodes:
            assert node.get_parameter("warmup").value == "wait"
            assert node.resolve_topic_name("image") == f"{node.get_namespace()}/image_raw"
        assert left.resolve_topic_name("camera_info") == "/robot/left/camera_info"
        assert right.resolve_topic_name("camera_info") == "/info"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "required: --cameras"),
        (["--cameras", "left", "left"], "given twice: left"),
        (["--cameras", "le ft"], "a name for a ROS namespace such as left or arm/wrist"),
        (["--cameras", "left", "--together", "99"], "invalid choice: 99"),
    ],
)
def test_wrong_words_are_named(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        saliency_nodes.main(["saliency_nodes", *words])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_namespaces() -> None:
    assert process_namespace(["saliency_nodes", "--cameras", "a"]) == "/"
    assert process_namespace(["x", "--ros-args", "--remap", "__ns:=/robot"]) == "/robot"
    assert camera_namespace("/", "left") == "/left"
    assert camera_namespace("/robot", "arm/wrist") == "/robot/arm/wrist"
    assert camera_namespace("/robot", "/left") == "/left"
