# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Whole processes over real DDS: a clip in source_node, saliency_node, and this test listening."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
import torch
from geometry_msgs.msg import PointStamped
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from made_clips import write_clip
from node_bench import Bench
from sensor_msgs.msg import CompressedImage, Image, PointCloud2
from visualization_msgs.msg import MarkerArray

from vinet_ros.networks import create_model, model_spec
from vinet_ros.networks.weights import WeightsCard, save_weights
from vinet_ros.ros.demo_processes import NodeProcess, parameter_arguments
from vinet_ros.ros.messages import stamp_to_ns
from vinet_ros.ros.qos import sensor_qos

pytestmark = pytest.mark.system

START_S = 200.0
"""A process imports torch, compiles its network and measures it; on a busy machine, slowly."""

Start = Callable[..., NodeProcess]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=60)


@pytest.fixture
def weights(tmp_path: Path) -> Callable[..., Path]:
    """Write a weights file of a network that has not learned."""

    def write(model: str, **options: int) -> Path:
        torch.manual_seed(0)
        network = create_model(model, **options)
        card = WeightsCard(
            model=model,
            clip_length=int(network.clip_length),
            input_size=model_spec(model).input_size,
            rate_hz=model_spec(model).rate_hz,
            options=dict(options),
        )
        path = tmp_path / f"{model}.safetensors"
        save_weights(path, network, card)
        return path

    return write


@pytest.fixture
def start(domain_id: int, tmp_path: Path) -> Iterator[Start]:
    """Start a node in a process of its own, in this test's domain."""
    with ExitStack() as stack:

        def start(node: str, **parameters: object) -> NodeProcess:
            process: AbstractContextManager[NodeProcess] = NodeProcess(
                f"vinet_ros.ros.{node}",
                parameter_arguments(**parameters),
                tmp_path / f"{node}.log",
                {**os.environ, "ROS_DOMAIN_ID": str(domain_id), "ROS_LOG_DIR": str(tmp_path)},
            )
            return stack.enter_context(process)

        yield start


def ends_cleanly(process: NodeProcess) -> bool:
    """Interrupt a node twice, as a terminal and a launch do; whether it ends without a trace."""
    os.killpg(process._process.pid, signal.SIGINT)
    os.killpg(process._process.pid, signal.SIGINT)
    code = process._process.wait(60)
    log = process.log.read_text()
    assert code == 0, log
    assert "Traceback" not in log
    return True


def test_a_clip_becomes_gaze_with_the_stamps_of_its_frames(
    bench: Bench, start: Start, clip: Path, weights: Callable[..., Path]
) -> None:
    file = weights("vinet_lite", clip_length=2, width=16, motion_width=8)
    heard = {
        topic: bench.listen(kind, topic)
        for topic, kind in (
            ("gaze/pixel", PointStamped),
            ("gaze/target", PointStamped),
            ("gaze/candidates", PointCloud2),
            ("gaze/markers", MarkerArray),
            ("saliency/image", Image),
            ("saliency/overlay", Image),
            ("saliency/overlay/compressed", CompressedImage),
        )
    }
    images: list[Image] = []
    bench.node.create_subscription(Image, "image", images.append, sensor_qos(depth=64))
    node = start("saliency_node", weights=str(file), diagnostics_period_s=0.2)
    source = start("source_node", path=str(clip), loop=True, wait_for_subscribers=2)
    bench.spin_until(lambda: all(len(messages) >= 5 for messages in heard.values()), START_S)
    bench.spin_for(0.5)
    sent = {stamp_to_ns(image.header.stamp) for image in images}
    for topic, messages in heard.items():
        if topic == "gaze/markers":
            continue
        stamps = [stamp_to_ns(message.header.stamp) for message in messages]
        assert stamps == sorted(set(stamps)), topic
        assert set(stamps[:5]) <= sent, topic
        assert messages[0].header.frame_id == "camera_optical_frame"
    assert heard["saliency/image"][0].encoding == "32FC1"
    assert (heard["saliency/overlay"][0].width, heard["saliency/overlay"][0].height) == (160, 120)
    assert bench.says("camera", "calibrated", level=0)
    assert bench.value("model", "weights") == file.name
    assert ends_cleanly(source) and ends_cleanly(node)


def test_full_vinet_is_slow_here_but_nothing_queues(
    bench: Bench, start: Start, clip: Path, weights: Callable[..., Path]
) -> None:
    file = weights("vinet", clip_length=8)
    pixels = bench.listen(PointStamped, "gaze/pixel")
    images: list[Image] = []
    bench.node.create_subscription(Image, "image", images.append, sensor_qos(depth=64))
    node = start("saliency_node", weights=str(file), diagnostics_period_s=0.2)
    start("source_node", path=str(clip), loop=True, wait_for_subscribers=2)
    bench.spin_until(lambda: len(pixels) >= 3, START_S)
    sent = {stamp_to_ns(image.header.stamp) for image in images}
    stamps = [stamp_to_ns(pixel.header.stamp) for pixel in pixels]
    assert stamps == sorted(set(stamps))
    assert set(stamps) <= sent
    bench.spin_until(lambda: int(bench.value("latency", "total_count") or 0) >= 3)
    latency_ms = float(bench.value("latency", "total_max_ms") or "inf")
    inference_ms = float(bench.value("inference", "total_max_ms") or "nan")
    assert latency_ms < 1.5 * inference_ms + 1000  # a queue would add an inference each time
    assert int(bench.value("inference", "skipped_windows") or 0) > len(pixels)
    assert ends_cleanly(node)  # during an inference, most likely


@pytest.mark.parametrize("state", ["unconfigured", "inactive"])
def test_an_interrupt_ends_it_cleanly_in_any_state(
    bench: Bench, start: Start, weights: Callable[..., Path], state: str
) -> None:
    file = weights("vinet_lite", clip_length=2, width=16, motion_width=8)
    node = start("saliency_node", weights=str(file), autostart=False, diagnostics_period_s=0.2)
    bench.spin_until(lambda: bench.says("lifecycle", "unconfigured"), START_S)
    if state == "inactive":
        change = bench.node.create_client(ChangeState, "saliency_node/change_state")
        request = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_CONFIGURE))
        bench.spin_until(change.service_is_ready)
        done = change.call_async(request)
        bench.spin_until(done.done, START_S)
        assert done.result().success
    assert ends_cleanly(node)


def test_an_interrupt_while_it_configures_ends_it_cleanly(
    bench: Bench, start: Start, weights: Callable[..., Path]
) -> None:
    file = weights("vinet_lite")
    node = start("saliency_node", weights=str(file))
    bench.spin_until(lambda: bench.node.count_publishers("/diagnostics"), START_S)
    bench.spin_for(0.5)
    assert ends_cleanly(node)


def test_a_wrong_parameter_ends_the_process_with_its_name(start: Start) -> None:
    node = start("saliency_node", num_peaks=99)
    assert node._process.wait(START_S) == 2
    assert "parameter num_peaks expects integer 1 to 16" in node.log.read_text()
