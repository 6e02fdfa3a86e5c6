# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Run one node until it is told to stop, and stop it without a trace of it."""

import ctypes
import gc
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import Protocol

import cv2
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.signals import SignalHandlerOptions

from vinet_ros.errors import VinetError
from vinet_ros.ros.interrupts import deaf, interrupt_once

RCLError = rclpy_implementation.RCLError
_M_ARENA_MAX = -8  # of glibc's malloc.h
_LOOK_UP_S = 0.05  # an executor that waits does not hear of signals


class Runnable(Protocol):
    """A node that :func:`run_node` can run."""

    def close(self) -> None:
        """Stop its threads and give back what it holds, in any state."""

    def destroy_node(self) -> None:
        """Take it off the network."""


def spare_processors() -> None:
    """Let OpenCV work in the caller's thread; waiting ones would spin on the network's cores."""
    cv2.setNumThreads(1)


def settle() -> None:
    """Let the garbage collector pass over all that is there; that stays to the end.

    Else it goes through every object of every library again and again: pauses of some 10 ms, in
    which no command leaves.
    """
    gc.collect()
    gc.freeze()


def run_node(make_node: Callable[[], Runnable], args: Sequence[str] | None = None) -> int:
    """Spin a node until SIGINT, SIGTERM or a shutdown of ROS; return the exit code.

    Args:
        make_node: Makes the node, once ROS is up.
        args: Command line; None takes the process's.
    """
    signal.signal(signal.SIGINT, interrupt_once)  # before init, so that rclpy's comes first
    spare_processors()
    init_ros(args)
    node = None
    try:
        executor = SingleThreadedExecutor()  # first: rclpy stumbles over it after a shutdown
        node = make_node()
        executor.add_node(node)
        settle()
        spin(executor)
    except (KeyboardInterrupt, ExternalShutdownException):
        return 0
    except RCLError:
        if rclpy.ok():
            raise
        return 0  # told to stop while it was still being made
    except VinetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    finally:
        signal.signal(signal.SIGINT, deaf)
        if node is not None:
            node.close()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


class _Told:
    """Notes that a signal came; more of them change nothing."""

    def __init__(self) -> None:
        self.to_stop = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self)

    def __call__(self, signal_number: int, frame: FrameType | None) -> None:
        self.to_stop = True


def run_to_the_last_word(
    make_node: Callable[[], Runnable], args: Sequence[str] | None = None
) -> int:
    """Spin a node that publishes while it is closed, such as a stop; return the exit code.

    rclpy's own signal handlers take the node off the network before anybody can act. Here ROS
    stays up until the node is closed, whatever ended the spinning: SIGINT, SIGTERM or an error.

    Args:
        make_node: Makes the node, once ROS is up.
        args: Command line; None takes the process's.
    """
    told = _Told()
    init_ros(args, SignalHandlerOptions.NO)
    node = None
    try:
        executor = SingleThreadedExecutor()
        node = make_node()
        executor.add_node(node)
        settle()
        while not told.to_stop and rclpy.ok():
            _spin_once(executor)
    except ExternalShutdownException:
        return 0
    except VinetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    finally:
        if node is not None:
            node.close()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _spin_once(executor: SingleThreadedExecutor) -> None:
    try:
        executor.spin_once(timeout_sec=_LOOK_UP_S)
    except RCLError as error:
        _forgive(error)


def spin(executor: SingleThreadedExecutor) -> None:
    """Spin until told to stop.

    A transition that a node's state does not have is an error out of rclpy's own service on Jazzy
    (on Kilted its answer is no): whoever asks for one must not end the node.

    Raises:
        RCLError: For any other reason.
    """
    while True:
        try:
            return executor.spin()
        except RCLError as error:
            _forgive(error)


def _forgive(error: Exception) -> None:
    """Raise an error again unless it is only about a transition."""
    if "transition" not in str(error) or not rclpy.ok():
        raise error
    print(f"warning: a transition was refused: {error}", file=sys.stderr)


def init_ros(
    args: Sequence[str] | None = None,
    signals: SignalHandlerOptions = SignalHandlerOptions.ALL,
) -> None:
    """Bring ROS up in a process that will run for months.

    It does without log files where none can be written, as on a full or locked disk.

    Args:
        args: Command line; None takes the process's.
        signals: Which of them rclpy handles.
    """
    _use_one_heap()
    words = list(args) if args is not None else list(sys.argv)
    try:
        rclpy.init(args=words, signal_handler_options=signals)
    except RCLError as error:
        if "logging" not in str(error):
            raise
        rclpy.try_shutdown()  # it is half up
        with suppress(OSError):  # the disk may be full for this too
            remedy = "set ROS_LOG_DIR to a folder that can be written"
            print(f"warning: no log files ({error}); {remedy}", file=sys.stderr)
        quiet = [*words, "--ros-args", "--disable-external-lib-logs"]
        rclpy.init(args=quiet, signal_handler_options=signals)


def _use_one_heap() -> None:
    """Let all threads allocate from one heap, where the C library is glibc.

    By default each thread gets a heap of its own, and what the threads of one life leave free is
    of no use to those of the next: 0.2 MiB stayed behind each time that a node was configured.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_ARENA_MAX, 1)
