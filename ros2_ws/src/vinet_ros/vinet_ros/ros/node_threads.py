# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Run several nodes in one process, each in a thread of its own, until they are told to stop."""

import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import TracebackType

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

from vinet_ros.errors import VinetError
from vinet_ros.ros.interrupts import deaf, interrupt_once
from vinet_ros.ros.managed_node import ManagedNode
from vinet_ros.ros.running import RCLError, init_ros, settle, spare_processors

_PAUSE_S = 1.0
"""Between an error of rclpy's own and the next try to go on."""


class NodeThreads:
    """Spins nodes, each by its own executor in its own thread, while it is a context.

    One executor for all would let a slow callback of one node, such as its configure, hold up
    the others, and an error in it end them. Leaving it shuts ROS down, as a signal does: that
    alone wakes executors that wait. Then the threads end, what the nodes hold is given back, and
    they are taken off the network.

    Args:
        nodes: All of one ROS context; they belong to it from now on.
    """

    def __init__(self, nodes: Sequence[ManagedNode]) -> None:
        self._nodes = nodes
        self._stopping = threading.Event()
        self._threads = []
        for node in nodes:
            # Here, before a shutdown can come: rclpy stumbles over it afterwards.
            executor = SingleThreadedExecutor(context=node.context)
            executor.add_node(node)
            spin = threading.Thread(target=self._spin, args=(node, executor), daemon=True)
            self._threads.append(spin)

    def __enter__(self) -> "NodeThreads":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        for node in self._nodes:
            node.context.try_shutdown()
        for thread in self._threads:  # after the callback that is under way
            thread.join()
        for node in self._nodes:
            node.close()
            node.destroy_node()

    def wait(self) -> None:
        """Wait until ROS is shut down."""
        self._stopping.wait()

    def _spin(self, node: ManagedNode, executor: SingleThreadedExecutor) -> None:
        while not self._stopping.is_set():
            try:
                executor.spin()
                return
            except ExternalShutdownException:
                self._stopping.set()
            except Exception as error:  # of rclpy itself: the node guards its own callbacks
                if not node.context.ok():
                    self._stopping.set()
                node.callback_failed("spinning", error)
                self._stopping.wait(_PAUSE_S)


def run_nodes(
    makers: Sequence[Callable[[], ManagedNode]], args: Sequence[str] | None = None
) -> int:
    """Spin nodes until SIGINT, SIGTERM or a shutdown of ROS; return the exit code.

    Args:
        makers: Each makes a node, once ROS is up.
        args: Command line; None takes the process's.
    """
    signal.signal(signal.SIGINT, interrupt_once)  # before init, so that rclpy's comes first
    spare_processors()
    init_ros(args)
    nodes: list[ManagedNode] = []
    try:
        for make in makers:
            nodes.append(make())
        settle()
        with NodeThreads(nodes) as threads:
            nodes = []  # the threads end them
            threads.wait()
    except (KeyboardInterrupt, ExternalShutdownException):
        return 0
    except RCLError:
        if rclpy.ok():
            raise
        return 0  # told to stop while they were still being made
    except VinetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    finally:
        signal.signal(signal.SIGINT, deaf)
        for node in nodes:
            node.close()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0
