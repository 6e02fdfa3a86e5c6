# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A process goes on spinning after a transition that rclpy refuses by an error."""

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from vinet_ros.ros.running import RCLError, spin


@pytest.fixture
def executor(domain_id):
    # `spin` asks the default context whether ROS is up.
    rclpy.init(domain_id=domain_id)
    made = SingleThreadedExecutor()
    yield made
    made.shutdown()
    rclpy.try_shutdown()


def raising(executor, errors):
    """Let a node's timer raise one error after another."""
    node = Node("raises")
    left = list(errors)

    def call():
        raise left.pop(0)

    node.create_timer(0.01, call)
    executor.add_node(node)
    return left


def test_a_refused_transition_ends_nothing(executor, capsys):
    refusal = RCLError("Failed to trigger lifecycle state machine transition: no transition 77")
    left = raising(executor, [refusal, refusal, KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        spin(executor)
    assert left == []
    assert capsys.readouterr().err.count("warning: a transition was refused: Failed") == 2


def test_any_other_error_ends_the_spinning(executor, capsys):
    left = raising(executor, [RCLError("out of memory"), KeyboardInterrupt()])
    with pytest.raises(RCLError, match="out of memory"):
        spin(executor)
    assert len(left) == 1
    assert "refused" not in capsys.readouterr().err
