# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The closed loop in one process and in its own time: the same on every machine, however slow.

Simulated head, network, attention and control are those of the nodes; what is made up is when
something happens: each image, prediction, joint state and command is as late as told here.
"""

import heapq
import math
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from itertools import count, groupby
from pathlib import Path
from typing import Any

import numpy as np

from vinet_ros.errors import FrameError
from vinet_ros.gaze import Head, PanTilt, PinholeCamera
from vinet_ros.gaze.follower import GazeFollower
from vinet_ros.gaze.trajectory import TrajectoryWays
from vinet_ros.offline.frames import NS_PER_S
from vinet_ros.ros.demo_options import default_clip
from vinet_ros.ros.gaze_parameters import GazeParameters
from vinet_ros.ros.head_benchmark.judge import ENABLED_S, Recording, judge
from vinet_ros.ros.head_benchmark.options import HeadOptions, Trial
from vinet_ros.ros.head_benchmark.report import HeadReport, conditions
from vinet_ros.ros.head_benchmark.trials import (
    HFOV_DEG,
    VIEW_SIZE,
    given_to_controller,
    limits_of,
    save_recording,
    told,
)
from vinet_ros.ros.head_camera import HEAD_CAMERA
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.simulation import ServoSettings, SimulatedHead, VirtualCamera, Waypoint, make_scene
from vinet_ros.streaming import Predictor
from vinet_ros.streaming.gaze_pipeline import GazePipeline, GazePoint

_START_NS = NS_PER_S


@dataclass(frozen=True, slots=True)
class Delays:
    """When things happen.

    Args:
        image_hz: Views a second.
        joints_hz: Joint states a second.
        image_s: From a view to its arrival in the node.
        predict_s: A prediction takes this long.
        message_s: From the network's node to the controller.
        servo_s: From a command to its effect.
    """

    image_hz: float = 30.0
    joints_hz: float = 60.0
    image_s: float = 0.035
    predict_s: float = 0.045
    message_s: float = 0.005
    servo_s: float = 0.022

    @classmethod
    def drawn(cls, seed: int) -> "Delays":
        """Return those of some robot: what goes well with the one may fail with another's.

        Args:
            seed: The same seed gives the same ones.
        """
        ranges = {
            "image_hz": (29.0, 30.5),
            "joints_hz": (55.0, 65.0),
            "image_s": (0.01, 0.06),
            "predict_s": (0.012, 0.06),
            "message_s": (0.002, 0.02),
            "servo_s": (0.01, 0.04),
        }
        random = np.random.default_rng(seed)
        return cls(**{name: float(random.uniform(*between)) for name, between in ranges.items()})


class Lockstep:
    """One trial.

    Args:
        trial: Part and seed.
        clip: That scenes are made of.
        predictor: The network; it is reset.
        camera: The head's.
        delays: When things happen.
        parameters: Of gaze_controller.
    """

    def __init__(
        self,
        trial: Trial,
        clip: Path,
        predictor: Predictor,
        camera: PinholeCamera,
        delays: Delays,
        parameters: GazeParameters,
    ) -> None:
        self._trial, self._delays, self._predictor = trial, delays, predictor
        self._scene = make_scene(trial.part.scene, clip, trial.seed)
        self._camera, self._view = camera, VirtualCamera(camera)
        predictor.reset()
        seeing: dict[str, Any] = dict(HEAD_CAMERA)
        self._pipeline = GazePipeline(replace(SaliencyParameters(), **seeing))
        changed: dict[str, Any] = dict(trial.part.controller)
        settings = replace(parameters, **changed)
        self._follower = GazeFollower(Head(), settings.attention(), settings.control())
        self._control_hz = settings.control_rate_hz
        self._ways = TrajectoryWays()
        servo = ServoSettings(latency_s=delays.servo_s)
        self._head = SimulatedHead(servo, PanTilt(0.0, 0.0), _START_NS)
        self._due: list[tuple[int, int, Callable[[int], None]]] = []
        self._order = count()
        self._busy = False
        self._last_ns: int | None = None
        self._views: list[tuple[int, PanTilt]] = []
        self._states: list[tuple[int, PanTilt, PanTilt]] = []
        self._commands: list[PanTilt] = []
        self._targets = 0

    def run(self) -> Recording:
        """Let it happen, and return what a recorder would have seen."""
        self._every(self._delays.joints_hz, self._joints)
        self._every(self._delays.image_hz, self._look)
        self._every(self._control_hz, self._step)
        end_ns = _START_NS + round(self._trial.part.seconds * NS_PER_S)
        while self._due and self._due[0][0] <= end_ns:
            now_ns, _, action = heapq.heappop(self._due)
            self._head.advance(now_ns)
            action(now_ns)
        return self._recording()

    def _at(self, stamp_ns: int, action: Callable[[int], None]) -> None:
        heapq.heappush(self._due, (stamp_ns, next(self._order), action))

    def _after(self, now_ns: int, delay_s: float, action: Callable[[int], None]) -> None:
        self._at(now_ns + round(delay_s * NS_PER_S), action)

    def _every(self, rate_hz: float, action: Callable[[int], None]) -> None:
        def act(now_ns: int) -> None:
            self._after(now_ns, 1 / rate_hz, act)
            action(now_ns)

        self._at(_START_NS, act)

    def _seconds(self, stamp_ns: int) -> float:
        return (stamp_ns - _START_NS) / NS_PER_S

    def _joints(self, now_ns: int) -> None:
        sample = self._head.at(now_ns)
        self._states.append((now_ns, sample.position, sample.velocity))
        self._follower.push_joints(now_ns, sample.position, sample.velocity)
        if not self._follower.enabled and self._seconds(now_ns) >= ENABLED_S:
            self._follower.enable(now_ns)

    def _look(self, now_ns: int) -> None:
        joints = self._head.at(now_ns).position
        self._views.append((now_ns, joints))
        rgb = self._view.look(self._scene, self._seconds(now_ns), joints)

        def arrive(later_ns: int) -> None:
            self._predictor.push_frame(rgb, now_ns)
            self._predict(later_ns)

        self._after(now_ns, self._delays.image_s, arrive)

    def _predict(self, now_ns: int) -> None:
        """Predict on the newest window, if the network is free and the window is new."""
        newest = self._predictor.newest_stamp_ns
        if self._busy or newest is None or newest == self._last_ns:
            return
        self._busy, self._last_ns = True, newest
        saliency = self._predictor.predict()
        assert saliency is not None
        points = self._pipeline.update(saliency, self._camera)

        def done(later_ns: int) -> None:
            self._busy = False
            self._after(later_ns, self._delays.message_s, lambda _: self._tell(newest, points))
            self._predict(later_ns)

        self._after(now_ns, self._delays.predict_s, done)

    def _tell(self, stamp_ns: int, points: tuple[GazePoint, ...]) -> None:
        self._targets += 1
        with suppress(FrameError):  # as the node does, it counts it and goes on
            self._follower.push_targets(stamp_ns, [(*p.position_m, p.saliency) for p in points])

    def _step(self, now_ns: int) -> None:
        command = self._follower.step(now_ns)
        if command is None:
            return
        control = self._follower.control
        if self._follower.goal is None and control.at_rest:
            return
        points = self._ways.follow(command, control.aim, control.settings)
        if points:
            self._commands += [point.position for point in points]
            ways = [Waypoint(p.time_s, p.position, p.velocity) for p in points]
            self._head.command_waypoints(now_ns, ways)

    def _recording(self) -> Recording:
        places = [
            [_place(thing.place(self._seconds(ns))) for thing in self._scene.things]
            for ns, _ in self._views
        ]
        in_view = [
            [not math.isnan(p[0]) and self._view.sees(PanTilt(*p), joints) for p in row]
            for row, (_, joints) in zip(places, self._views, strict=True)
        ]
        return Recording(
            part=self._trial.part.name,
            seed=self._trial.seed,
            times_s=np.array([self._seconds(ns) for ns, _ in self._views]),
            head=np.array([joints for _, joints in self._views]),
            things=np.array(places),
            in_view=np.array(in_view, bool),
            joint_times_s=np.array([self._seconds(ns) for ns, *_ in self._states]),
            joints=np.array([position for _, position, _ in self._states]),
            joint_velocities=np.array([velocity for *_, velocity in self._states]),
            commands=np.array(self._commands, float).reshape(-1, 2),
            targets=self._targets / self._trial.part.seconds,
        )


def _place(place: PanTilt | None) -> tuple[float, float]:
    return (math.nan, math.nan) if place is None else (place.pan_rad, place.tilt_rad)


def run_lockstep(options: HeadOptions, tell: Callable[[str], None]) -> HeadReport:
    """Run the closed loop through the trials in this process.

    Args:
        options: Which.
        tell: Called with a line on how far it is.

    Raises:
        VinetError: If the network or the clip cannot be used.
    """
    begun_s = time.monotonic()
    tell("loading the network")
    camera = PinholeCamera.from_hfov(VIEW_SIZE[1], VIEW_SIZE[0], HFOV_DEG)
    clip = options.clip or default_clip()
    given: dict[str, Any] = given_to_controller(options)
    parameters = replace(GazeParameters(), **given)
    verdicts = []
    for stabilize, trials in groupby(options.trials(), lambda trial: trial.part.stabilize):
        with closing(Predictor("vinet_lite", stabilize=stabilize)) as predictor:
            name = predictor.executor.name
            for trial in trials:
                delays = Delays.drawn(trial.seed)
                loop = Lockstep(trial, clip, predictor, camera, delays, parameters)
                recording = loop.run()
                if options.traces:
                    save_recording(options.traces, recording)
                verdicts.append(judge(recording, limits_of()))
                tell(told(verdicts[-1]))
    told_of = conditions(options, "vinet_lite", name, time.monotonic() - begun_s)
    return HeadReport(told_of, tuple(verdicts))
