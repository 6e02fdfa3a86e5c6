# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""saliency_nodes as a process over real DDS: its maps, and how it ends."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import torch
from lifecycle_msgs.msg import Transition
from node_bench import Bench, spot
from sensor_msgs.msg import Image
from several_cameras import CAMERAS, START_S, change_state, send, value

from vinet_ros.networks import create_model
from vinet_ros.networks.weights import WeightsCard, save_weights
from vinet_ros.ros.demo_processes import NodeProcess
from vinet_ros.ros.messages import stamp_to_ns
from vinet_ros.runtime.benchmark_paths import drifting_noise, seed_weights
from vinet_ros.streaming import Predictor

pytestmark = pytest.mark.system

RATE_HZ = 15
DEPTH = 64
MAX_GAP_S = 10.0  # this process may be kept from sending
FRAMES, MOST_FRAMES = 45, 900
"""Of a clip, and to send in all until there are enough maps."""


class Process:
    """saliency_nodes in a process of its own, with a network that has not learned."""

    def __init__(
        self, bench: Bench, domain_id: int, folder: Path, cameras: tuple[str, ...], together: int
    ) -> None:
        self.bench = bench
        self.cameras = cameras
        self.weights = folder / "weights.safetensors"
        torch.manual_seed(0)
        options = {"clip_length": 4, "width": 16, "motion_width": 8}
        network = seed_weights(create_model("vinet_lite", **options), seed=1)
        card = WeightsCard("vinet_lite", 4, (224, 384), float(RATE_HZ), options=options)
        save_weights(self.weights, network, card)
        self.parameters = {
            "weights": f"'{self.weights}'",
            "image_reliability": "reliable",
            "image_depth": DEPTH,
            "max_gap_s": MAX_GAP_S,
            "skipped_slots": "encode",  # maps depend on the frames alone
            "diagnostics_period_s": 0.2,
        }
        self.environment = {
            **os.environ,
            "ROS_DOMAIN_ID": str(domain_id),
            "ROS_LOG_DIR": str(folder),
        }
        words = ["--cameras", *cameras, "--together", str(together)]
        self.node = self.start("saliency_nodes", words, folder / "nodes.log")
        self.maps = {
            camera: bench.listen(Image, f"{camera}/saliency/image", DEPTH)
            for camera in self.cameras
        }
        for camera in self.cameras:
            bench.publisher(Image, f"{camera}/image", reliability="reliable", depth=DEPTH)

    def start(self, module: str, words: list[str], log: Path) -> NodeProcess:
        """Return another process with the same parameters; not yet running."""
        words = [*words, *([] if "--ros-args" in words else ["--ros-args"])]
        for name, content in self.parameters.items():
            words += ["-p", f"{name}:={content}"]
        return NodeProcess(f"vinet_ros.ros.{module}", words, log, self.environment)

    def wait_until_active(self, *others: str) -> None:
        names = (*self.cameras, *others)

        def active() -> bool:
            assert self.node.exit_code is None, self.node.tail()
            states = [value(self.bench, name, "lifecycle", "state") for name in names]
            connected = [
                self.bench.publisher(Image, f"{camera}/image").get_subscription_count()
                for camera in self.cameras
            ]
            return states == ["active"] * len(names) and all(connected)

        self.bench.spin_until(active, START_S)
        self.bench.spin_for(0.5)


@pytest.fixture
def process(
    bench: Bench, domain_id: int, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Process]:
    cameras, together = getattr(request, "param", (CAMERAS, 0))
    process = Process(bench, domain_id, tmp_path, cameras, together)
    with ExitStack() as stack:
        stack.enter_context(process.node)
        process.wait_until_active()
        yield process


Shown = dict[str, dict[int, np.ndarray]]


def play(process: Process) -> Shown:
    """Show each camera its own clip, again and again until there are maps enough.

    Returns:
        The frames by their stamps, for each camera.
    """
    bench = process.bench
    clips = {
        camera: drifting_noise((1, FRAMES, 120, 160, 3), seed=seed)[0]
        for seed, camera in enumerate(process.cameras)
    }
    shown: Shown = {camera: {} for camera in process.cameras}
    start_ns = bench.now_ns()
    for number in range(MOST_FRAMES):
        due_ns = start_ns + number * 10**9 // RATE_HZ
        # On a busy machine the process falls behind: no more may wait than the topic's depth.
        bench.spin_until(
            lambda due_ns=due_ns, number=number: (
                bench.now_ns() >= due_ns and number - used(process) < DEPTH // 2
            ),
            START_S,
        )
        for camera, clip in clips.items():
            frame = clip[number % FRAMES]
            shown[camera][send(bench, camera, frame)] = frame
        if number >= FRAMES and all(len(maps) >= 5 for maps in process.maps.values()):
            break
    return shown


def used(process: Process) -> int:
    """Return how many frames of each camera have got into its window."""
    counts = [value(process.bench, camera, "input", "frames_used") for camera in process.cameras]
    return min(int(count or 0) for count in counts)


def maps_by_stamp(process: Process, camera: str) -> dict[int, np.ndarray]:
    return by_stamp(process.maps[camera])


def by_stamp(messages: list[Image]) -> dict[int, np.ndarray]:
    return {
        stamp_to_ns(message.header.stamp): np.frombuffer(message.data, np.float32)
        for message in messages
    }


@pytest.mark.timeout(900)
@pytest.mark.parametrize("process", [(CAMERAS, 1), ((*CAMERAS, "back"), 4)], indirect=True)
def test_cameras_in_one_process_see_what_they_see_in_their_own(process: Process) -> None:
    """In place of processes, a predictor of its own for each camera gets the same frames."""
    bench, shown = process.bench, play(process)
    bench.spin_until(
        lambda: all(max(shown[c]) in maps_by_stamp(process, c) for c in process.cameras), START_S
    )
    bench.spin_until(lambda: used(process) == len(shown["left"]), START_S)  # none was lost
    for camera in process.cameras:
        shared_by = value(bench, camera, "model", "shared_by")
        assert set(shared_by.split(", ")) == {f"/{name}" for name in process.cameras}
        # While one goes, the others come; of two there is only one other.
        largest = int(value(bench, camera, "model", "together_largest"))
        assert largest > 1 if len(process.cameras) > 2 else largest == 1
        path = value(bench, camera, "model", "path").partition(" ")[0]
        alone = Predictor("vinet_lite", process.weights, path=path, threads=1, max_gap_s=MAX_GAP_S)
        got, wanted = maps_by_stamp(process, camera), {}
        for stamp_ns, frame in shown[camera].items():
            alone.push_frame(frame, stamp_ns)
            if stamp_ns in got:
                wanted[stamp_ns] = alone.predict().values.ravel()
        assert got.keys() == wanted.keys() and len(got) >= 5
        for stamp_ns, values in got.items():
            np.testing.assert_allclose(values, wanted[stamp_ns], rtol=0, atol=1e-5)
        first, last = wanted[min(wanted)], wanted[max(wanted)]
        assert last.std() > 0.005 and np.abs(last - first).max() > 1e-3  # else it means little


@pytest.mark.timeout(900)
@pytest.mark.parametrize("process", [(CAMERAS, 1)], indirect=True)
def test_two_cameras_in_one_process_see_what_two_processes_see(
    process: Process, tmp_path: Path
) -> None:
    bench = process.bench
    alone = {camera: f"{camera}_alone" for camera in CAMERAS}
    heard = {c: bench.listen(Image, f"{name}/saliency/image", DEPTH) for c, name in alone.items()}
    with ExitStack() as stack:
        for camera, name in alone.items():
            words = ["--ros-args", "-r", f"__ns:=/{name}", "-r", f"image:=/{camera}/image"]
            stack.enter_context(process.start("saliency_node", words, tmp_path / f"{name}.log"))
        process.wait_until_active(*alone.values())
        images = [bench.publisher(Image, f"{camera}/image") for camera in CAMERAS]
        bench.spin_until(lambda: all(i.get_subscription_count() == 2 for i in images), START_S)
        clips = [drifting_noise((1, 12, 120, 160, 3), seed)[0] for seed in range(len(CAMERAS))]
        start_ns = bench.now_ns()
        for k, frames in enumerate(zip(*clips, strict=True)):
            stamp_ns = start_ns + k * 10**9 // RATE_HZ
            for camera, frame in zip(CAMERAS, frames, strict=True):
                send(bench, camera, frame, stamp_ns)
            bench.spin_until(
                lambda stamp_ns=stamp_ns: all(
                    stamp_ns in by_stamp(maps)
                    for camera in CAMERAS
                    for maps in (process.maps[camera], heard[camera])
                ),
                START_S,
            )
        for camera in CAMERAS:
            together, apart = maps_by_stamp(process, camera), by_stamp(heard[camera])
            assert len(together) == len(apart) == 12
            for stamp_ns, values in apart.items():
                np.testing.assert_allclose(together[stamp_ns], values, rtol=0, atol=1e-5)
            first, last = apart[min(apart)], apart[max(apart)]
            assert last.std() > 0.005 and np.abs(last - first).max() > 1e-3  # else it means little


@pytest.mark.timeout(900)
def test_the_process_lives_on_through_one_node_s_end_and_ends_when_told(process: Process) -> None:
    bench, maps = process.bench, process.maps
    bench.spin_until(
        lambda: (
            {value(bench, camera, "model", "shared_by") for camera in CAMERAS}
            <= {"/left, /right", "/right, /left"}
        ),
        START_S,
    )
    assert "two windows together take" in value(bench, "left", "model", "together_reason")
    assert change_state(bench, "left", Transition.TRANSITION_DEACTIVATE)
    assert change_state(bench, "left", Transition.TRANSITION_CLEANUP)

    def both(_: np.ndarray) -> None:
        for camera in CAMERAS:
            send(bench, camera, spot())

    bench.show(lambda: len(maps["right"]) >= 3, send=both)
    assert not maps["left"]
    os.killpg(process.node._process.pid, signal.SIGINT)
    os.killpg(process.node._process.pid, signal.SIGINT)
    code = process.node._process.wait(60)
    log = process.node.log.read_text()
    assert code == 0, log
    assert "Traceback" not in log


def test_a_wrong_parameter_of_one_camera_ends_the_process_with_its_name(
    domain_id: int, tmp_path: Path
) -> None:
    words = ["--cameras", *CAMERAS, "--ros-args", "-p", "num_peaks:=99"]
    environment = {**os.environ, "ROS_DOMAIN_ID": str(domain_id), "ROS_LOG_DIR": str(tmp_path)}
    node = NodeProcess("vinet_ros.ros.saliency_nodes", words, tmp_path / "log", environment)
    with node:
        assert node._process.wait(START_S) == 2
    assert "parameter num_peaks expects integer 1 to 16" in node.log.read_text()
