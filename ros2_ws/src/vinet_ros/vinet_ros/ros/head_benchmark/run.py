# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""One run: start the nodes, let them go through the trials, end them, judge."""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor

from vinet_ros.errors import VinetError
from vinet_ros.gaze import PinholeCamera
from vinet_ros.ros.demo import prepare_environment
from vinet_ros.ros.demo_processes import YIELDING, NodeProcess
from vinet_ros.ros.head_benchmark.judge import ENABLED_S, Verdict, judge
from vinet_ros.ros.head_benchmark.options import HeadOptions, Trial
from vinet_ros.ros.head_benchmark.recorder import Recorder
from vinet_ros.ros.head_benchmark.report import HeadReport, conditions
from vinet_ros.ros.head_benchmark.trials import (
    HFOV_DEG,
    VIEW_SIZE,
    given_to_controller,
    limits_of,
    part_defaults,
    save_recording,
    told,
)
from vinet_ros.ros.head_camera import HEAD_CAMERA
from vinet_ros.simulation import VirtualCamera

_NODES = ("saliency_node", "gaze_controller", "pan_tilt_simulator")
_START_S = 240.0
_PATIENCE_S = 30.0
_SPIN_S = 0.02
_AXES = ("pan", "tilt")
_AT_START_DEG = 0.3
_LAST_WORD_S = 0.6
"""After the head stands gaze_controller once more holds it where it came to rest."""


def run_head_benchmark(options: HeadOptions, tell: Callable[[str], None]) -> HeadReport:
    """Run the closed loop through the trials.

    Args:
        options: Which.
        tell: Called with a line on how far it is.

    Raises:
        VinetError: If a node ends before its time or does not answer.
    """
    prepare_environment()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rclpy.init(args=[])  # the command line is not ROS's
        stack.callback(rclpy.try_shutdown)
        begun_s = time.monotonic()
        verdicts: list[Verdict] = []
        for stabilize, trials in groupby(options.trials(), lambda trial: trial.part.stabilize):
            with _Run(options, folder, stabilize, tell) as run:
                verdicts += [run.trial(trial) for trial in trials]
                model = run.recorder.value("saliency_node", "model", "model")
                path = run.recorder.value("saliency_node", "model", "path")
        return HeadReport(
            conditions(options, model, path, time.monotonic() - begun_s), tuple(verdicts)
        )


class _Run:
    """The processes of a run, and the recorder in this one; as a context it ends them."""

    def __init__(
        self, options: HeadOptions, folder: Path, stabilize: bool, tell: Callable[[str], None]
    ) -> None:
        self._options, self._tell = options, tell
        self.recorder = Recorder()
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.recorder)
        self._resources = ExitStack()
        self._processes = [_process(node, options, folder, stabilize) for node in _NODES]
        self._camera = VirtualCamera(PinholeCamera.from_hfov(VIEW_SIZE[1], VIEW_SIZE[0], HFOV_DEG))

    def __enter__(self) -> "_Run":
        with ExitStack() as stack:
            stack.callback(self._executor.shutdown)
            stack.callback(self.recorder.destroy_node)
            for process in self._processes:
                stack.enter_context(process)
            self._tell("starting the nodes (the network is loaded and measured)")
            self._wait(self._ready, "the nodes are not ready", _START_S)
            self._resources = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._resources.close()

    def trial(self, trial: Trial) -> Any:
        """Run one trial and return its verdict."""
        recorder, part = self.recorder, trial.part
        _expect(recorder.enable(False, self._wait), "disabling the head")
        self._wait(self._stands, "the head does not stop")
        self._spin(_LAST_WORD_S)
        controller = {**part_defaults(), **given_to_controller(self._options), **part.controller}
        _expect(
            recorder.set_parameters("gaze_controller", controller, self._wait),
            "setting gaze_controller's parameters",
        )
        scene = {"scene": part.scene, "seed": trial.seed}
        _expect(
            recorder.set_parameters("pan_tilt_simulator", scene, self._wait), "choosing the scene"
        )
        _expect(recorder.trigger("pan_tilt_simulator/restart", self._wait), "starting the scene")
        # The restart has put the head elsewhere, as no real one goes: enabled before the joint
        # states tell of it, gaze_controller would begin at the pose before; and a view from there
        # that is still under way would move the whole world in the network's window.
        self._wait(self._at_start, "gaze_controller does not see the head at its start")
        _expect(recorder.trigger("saliency_node/reset", self._wait), "resetting saliency_node")
        recorder.clear()
        self._wait(lambda: recorder.seconds >= ENABLED_S, "no views come")
        self._enable()
        self._wait(
            lambda: recorder.seconds >= part.seconds,
            "the views stop",
            4 * part.seconds / self._options.speed + _PATIENCE_S,
        )
        recording = recorder.recording(trial, self._camera)
        if self._options.traces:
            save_recording(self._options.traces, recording)
        verdict = judge(recording, limits_of())
        self._tell(told(verdict))
        return verdict

    def _ready(self) -> bool:
        states = (
            self.recorder.value(node, "lifecycle", "state")
            for node in ("saliency_node", "gaze_controller")
        )
        simulates = bool(self.recorder.value("pan_tilt_simulator", "simulation", "images"))
        return simulates and all(state == "active" for state in states)

    def _enable(self) -> None:
        """Enable the head, once a fresh joint state has arrived."""
        answer = (False, "")
        end_s = time.monotonic() + _PATIENCE_S
        while not answer[0] and time.monotonic() < end_s:
            answer = self.recorder.enable(True, self._wait)
        _expect(answer, "enabling the head")

    def _stands(self) -> bool:
        return self.recorder.value("gaze_controller", "head", "state") == "disabled"

    def _spin(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        self._wait(lambda: time.monotonic() >= end_s, "the time does not pass")

    def _at_start(self) -> bool:
        angles = (self.recorder.value("gaze_controller", "joints", f"{a}_deg") for a in _AXES)
        return all(angle and abs(float(angle)) < _AT_START_DEG for angle in angles)

    def _wait(
        self, condition: Callable[[], bool], complaint: str, patience_s: float = _PATIENCE_S
    ) -> None:
        end_s = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > end_s:
                raise VinetError(f"{complaint} in {patience_s:.0f} s; {self._told()}")
            self._executor.spin_once(timeout_sec=_SPIN_S)
            for process in self._processes:
                if process.exit_code is not None:
                    raise VinetError(f"{process.name} ended before its time: {process.tail()}")

    def _told(self) -> str:
        said = [f"{name}: {keys['message']}" for name, keys in self.recorder.statuses.items()]
        return "; ".join(said) or "the nodes say nothing"


def _process(node: str, options: HeadOptions, folder: Path, stabilize: bool) -> NodeProcess:
    words: list[str] = []
    for text in (*_always(node, options, stabilize), *options.given(node)):
        words += ["-p", text]
    module = f"vinet_ros.ros.{node}"
    log, niceness = folder / f"{node}.log", YIELDING if node == "saliency_node" else 0
    return NodeProcess(module, ["--ros-args", *words], log, os.environ, niceness)


def _always(node: str, options: HeadOptions, stabilize: bool) -> Sequence[str]:
    clocked = options.speed != 1.0
    if node != "pan_tilt_simulator":
        seeing = {**HEAD_CAMERA, "stabilize": stabilize}
        told = seeing if node == "saliency_node" else {}
        words = (f"{name}:={str(value).lower()}" for name, value in told.items())
        period = () if node == "saliency_node" else ("diagnostics_period_s:=0.2",)
        return (f"use_sim_time:={str(clocked).lower()}", *period, *words)
    return (
        "scene:=still",
        f"path:='{options.clip or ''}'",
        f"image_width:={VIEW_SIZE[1]}",
        f"image_height:={VIEW_SIZE[0]}",
        f"horizontal_fov_deg:={HFOV_DEG}",
        f"publish_clock:={str(clocked).lower()}",
        f"rate:={options.speed}",
    )


def _expect(answer: tuple[bool, str], what: str) -> None:
    good, text = answer
    if not good:
        raise VinetError(f"{what} was refused: {text}")
