# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Where an interrupt may be thrown, where rclpy must end by itself, and that one is enough."""

import signal
import subprocess
import sys
import types
from collections.abc import Callable

import pytest

from vinet_ros.ros.interrupts import interrupt_once


@pytest.fixture
def _handler_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)


def function_of(module: str, body: str) -> Callable[..., object]:
    """Return a function ``call(inner)`` that belongs to a module."""
    names = {"__name__": module}
    exec(f"def call(inner):\n    {body}\n", names)
    return names["call"]


def interrupt() -> object:
    """Interrupt the caller, as a signal does."""
    frame: types.FrameType = sys._getframe(1)
    interrupt_once(signal.SIGINT, frame)
    return "went on"


BOTH_AT_ONCE = """
import os, signal
from vinet_ros.ros.interrupts import end_on_signals
end_on_signals()
both = {signal.SIGINT, signal.SIGTERM}
try:
    signal.pthread_sigmask(signal.SIG_BLOCK, both)
    for number in both:
        os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, both)
except KeyboardInterrupt:
    print("ended once")
"""


def test_a_second_signal_under_way_leaves_no_trace() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BOTH_AT_ONCE], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended once\n", "")


@pytest.mark.usefixtures("_handler_stays")
@pytest.mark.parametrize(
    ("modules", "goes_on"),
    [
        (["vinet_ros.ros.running", "rclpy.executors"], True),  # it waits
        (["vinet_ros.ros.running", "rclpy.executors", "sensor_msgs.msg._image"], True),  # it takes
        (["vinet_ros.ros.running", "rclpy.executors", "vinet_ros.ros.saliency_node"], False),
        (["rclpy.executors", "vinet_ros.runtime.select", "torch.nn.modules"], False),  # configure
        (["rclpy.executors", "vinet_ros.ros.saliency_outputs", "rclpy.publisher"], True),
        (["vinet_ros.ros.running"], False),
        (["numpy"], False),
    ],
)
def test_an_interrupt_is_not_thrown_into_the_work_of_rclpy(
    modules: list[str], goes_on: bool
) -> None:
    innermost = interrupt
    calls = [function_of(module, "return inner()") for module in modules]
    for call in reversed(calls):
        innermost = (lambda f, inner: lambda: f(inner))(call, innermost)
    # The lambdas between are frames of this module, which is neither.
    if goes_on:
        assert innermost() == "went on"
    else:
        with pytest.raises(KeyboardInterrupt):
            innermost()
