# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""One run: start camera and node, watch them for a stretch of time, end them, evaluate."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import rclpy
from rclpy.executors import SingleThreadedExecutor

from vinet_ros.errors import VinetError
from vinet_ros.ros.benchmark.evaluation import Mark, Observation, evaluate
from vinet_ros.ros.benchmark.listener import NODE, Listener
from vinet_ros.ros.benchmark.options import BenchmarkOptions
from vinet_ros.ros.benchmark.report import NodeReport
from vinet_ros.ros.benchmark.usage import Sample, busy_percent, machine_ticks, take_sample
from vinet_ros.ros.demo import prepare_environment
from vinet_ros.ros.demo_processes import NodeProcess
from vinet_ros.ros.process_usage import process_cpu_s, thread_times
from vinet_ros.ros.step_trace import TRACE_VARIABLE, read_trace

_SAMPLE_S = 1.0
_SPIN_S = 0.05
_START_S = 240.0
"""A cold start imports PyTorch, compiles the network and measures its paths."""
_DRAIN_S = 0.5  # for the last frames to be delivered
_BASELINE_S = 1.0
_SPINNING = "while True: pass"


def run_benchmark(options: BenchmarkOptions, tell: Callable[[str], None]) -> NodeReport:
    """Measure saliency_node.

    Args:
        options: What to publish, what to run, for how long.
        tell: Called with a line on how far it is.

    Raises:
        VinetError: If nothing comes out of the node, or a process ends before its time.
    """
    prepare_environment()
    baseline = _baseline_percent()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rclpy.init(args=[])  # the command line is not ROS's
        stack.callback(rclpy.try_shutdown)
        with _Run(options, folder, tell) as run:
            marks, samples = run.watch()
        return evaluate(
            options,
            Observation(
                node=read_trace(run.node_trace),
                camera=read_trace(run.camera_trace),
                targets=run.listener.targets,
                marks=marks,
                samples=samples,
                baseline_percent=baseline,
                node_pid=run.node.pid,
                model=run.listener.value("model", "model"),
                path=run.path,
            ),
        )


class _Run:
    """The processes of a run, and the listener in this one; as a context it ends them."""

    def __init__(
        self, options: BenchmarkOptions, folder: Path, tell: Callable[[str], None]
    ) -> None:
        self.node_trace, self.camera_trace = folder / "node.trace", folder / "camera.trace"
        self.listener = Listener(options.outputs)
        self.node = _process(NODE, _node_arguments(options), folder, self.node_trace)
        self.camera = _process(
            "benchmark.source", _camera_arguments(options), folder, self.camera_trace
        )
        self.path = ""
        self._options = options
        self._tell = tell
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.listener)
        self._resources = ExitStack()

    def __enter__(self) -> "_Run":
        with ExitStack() as stack:
            stack.callback(self._executor.shutdown)
            stack.callback(self.listener.destroy_node)
            stack.enter_context(self.node)
            self._tell("starting saliency_node (the network is loaded and measured)")
            self._spin_until(
                lambda: self.listener.value("lifecycle", "state") == "active",
                "the node does not get active",
            )
            path, device = (self.listener.value("model", key) for key in ("path", "device"))
            self.path = f"{path} on {device}"
            self._tell(f"ready: {self.listener.value('model', 'model')}, {self.path}")
            stack.enter_context(self.camera)
            for _ in range(self._options.busy):
                stack.enter_context(_spinning())
            self._resources = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self.camera.stop()
        self._spin_for(_DRAIN_S)
        self._resources.close()

    def watch(self) -> tuple[tuple[Mark, Mark], tuple[Sample, ...]]:
        """Return what was seen at both ends of the stretch, and between them."""
        self._spin_until(self._works, "no gaze comes out of the node")
        self._spin_for(self._options.settle_s)
        begin = self._mark()
        samples = [self._sample()]
        end_s = begin.at_ns / 1e9 + self._options.seconds
        while (left_s := end_s - time.monotonic()) > 0:
            self._spin_for(min(_SAMPLE_S, left_s))
            samples.append(self._sample())
            if len(samples) % 60 == 0:
                self._tell(f"{self._options.seconds - left_s:.0f} s, {self._state()}")
        return (begin, self._mark()), tuple(samples)

    def _works(self) -> bool:
        if self._options.outputs == "none":
            return self.listener.count("input", "frames_received") > 0
        return bool(self.listener.targets)

    def _state(self) -> str:
        memory = self.listener.value("process", "memory_mib")
        received = self.listener.value("input", "frames_received")
        return f"{received} frames received, {memory} MiB"

    def _sample(self) -> Sample:
        return take_sample(self.node.pid, time.monotonic())

    def _mark(self) -> Mark:
        return Mark(
            at_ns=time.monotonic_ns(),
            threads=thread_times(self.node.pid),
            camera_cpu_s=process_cpu_s(self.camera.pid),
            own_cpu_s=time.process_time(),
            skipped_windows=self.listener.count("inference", "skipped_windows"),
            lost_in_transport=self.listener.count("input", "lost_in_transport"),
            findings=dict(self.listener.findings),
        )

    def _spin_for(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            self._spin_once(left_s)

    def _spin_until(self, condition: Callable[[], bool], complaint: str) -> None:
        end_s = time.monotonic() + _START_S
        while not condition():
            if time.monotonic() > end_s:
                raise VinetError(
                    f"{complaint} in {_START_S:.0f} s; it says {self.listener.told()}"
                )
            self._spin_once(_SPIN_S)

    def _spin_once(self, most_s: float) -> None:
        self._executor.spin_once(timeout_sec=min(most_s, _SPIN_S))
        for process in (self.node, self.camera):
            if process.exit_code:
                raise VinetError(f"{process.name} ended before its time: {process.tail()}")


def _process(name: str, arguments: list[str], folder: Path, trace: Path) -> NodeProcess:
    trace.touch()
    environment = {**os.environ, TRACE_VARIABLE: str(trace)}
    return NodeProcess(f"vinet_ros.ros.{name}", arguments, folder / f"{name}.log", environment)


def _node_arguments(options: BenchmarkOptions) -> list[str]:
    given = (f"image_transport:={options.transport}", *options.parameters)
    words = [word for parameter in given for word in ("-p", parameter)]
    file = ["--params-file", str(options.params_file)] if options.params_file else []
    return ["--ros-args", *file, *words]


def _camera_arguments(options: BenchmarkOptions) -> list[str]:
    video = ["--video", str(options.video)] if options.video else []
    size = ["--width", str(options.width), "--height", str(options.height)]
    form = ["--encoding", options.encoding, "--transport", options.transport]
    return [*video, *size, *form, "--rate", str(options.rate_hz)]


def _baseline_percent() -> float:
    before = machine_ticks()
    time.sleep(_BASELINE_S)
    return busy_percent(before, machine_ticks())


@contextmanager
def _spinning() -> Iterator[None]:
    """Keep a core busy from another process."""
    process = subprocess.Popen([sys.executable, "-c", _SPINNING])
    try:
        yield
    finally:
        process.kill()
        process.wait()
