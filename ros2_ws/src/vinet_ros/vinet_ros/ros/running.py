"""Run one node until it is told to stop, and stop it without a trace of it."""

import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Protocol

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation

from vinet_ros.errors import VinetError

RCLError = rclpy_implementation.RCLError


class Runnable(Protocol):
    """A node that :func:`run_node` can run."""

    def close(self) -> None:
        """Stop its threads and give back what it holds, in any state."""

    def destroy_node(self) -> None:
        """Take it off the network."""


def run_node(make_node: Callable[[], Runnable], args: Sequence[str] | None = None) -> int:
    """Spin a node until SIGINT, SIGTERM or a shutdown of ROS; return the exit code.

    Args:
        make_node: Makes the node, once ROS is up.
        args: Command line; None takes the process's.
    """
    signal.signal(signal.SIGINT, _interrupt_once)  # before init, so that rclpy's comes first
    rclpy.init(args=list(args) if args is not None else None)
    node = None
    try:
        executor = SingleThreadedExecutor()  # first: rclpy stumbles over it after a shutdown
        node = make_node()
        executor.add_node(node)
        executor.spin()
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
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if node is not None:
            node.close()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _interrupt_once(signal_number: int, frame: FrameType | None) -> None:
    # A terminal and ros2 launch send one each; the second must not break the clean end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # rclpy has heard it too and ends its waiting by itself; thrown into the middle of its own
    # work, the exception would leave half-made objects that complain when they are collected.
    inside = frame.f_globals.get("__name__", "") if frame is not None else ""
    if not inside.startswith("rclpy"):
        raise KeyboardInterrupt
