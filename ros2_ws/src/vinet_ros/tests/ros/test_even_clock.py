# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A simulation's time between its messages, and of a node that follows a real /clock."""

import time

import numpy as np
import pytest
import rclpy
from builtin_interfaces.msg import Time
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock

from vinet_ros.ros.even_clock import EvenClock, EvenTime

MS = 1_000_000


@pytest.mark.parametrize("rate", [0.5, 1.0, 2.0])
def test_time_runs_evenly_between_late_messages(rate):
    generator, even = np.random.default_rng(0), EvenTime()
    steps, plain, told = [], [], 0
    messages = iter([(k * 10 * MS, k * 10 * MS + round(generator.exponential(4) * MS))
                     for k in range(400)])  # fmt: skip
    sent, arrives = next(messages)
    for look in range(2 * MS, 3900 * MS, 20 * MS):
        while arrives <= look:
            told = round(sent * rate)
            even.tell(max(arrives, sent), told)
            sent, after = next(messages)
            arrives = max(arrives, after)
        if look > 2000 * MS:
            steps.append(even.at(look))
            plain.append(told)
    wanted = 20 * MS * rate
    assert np.abs(np.diff(steps) - wanted).max() < 0.15 * wanted
    assert np.abs(np.diff(plain) - wanted).max() > 0.4 * wanted  # so that it proves something
    late = np.arange(2 * MS, 3900 * MS, 20 * MS)[-len(steps) :] * rate - steps
    assert np.abs(late).max() < 3 * MS * rate + MS


def test_a_clock_that_stands_or_jumps_is_followed():
    even = EvenTime()
    assert even.at(0) is None
    for k in range(50):
        even.tell(k * 10 * MS, k * 10 * MS)
    assert even.at(495 * MS) == 495 * MS
    assert even.at(10_000 * MS) == 490 * MS + 50 * MS  # no message: it stands
    assert even.at(500 * MS) == 540 * MS  # and does not go back
    even.tell(510 * MS, 20 * MS)  # the simulation was started anew
    assert even.at(511 * MS) is None
    even.tell(520 * MS, 30 * MS)
    assert even.at(525 * MS) == 35 * MS
    even.tell(530 * MS, 9_000 * MS)
    even.tell(540 * MS, 9_010 * MS)
    assert even.at(542 * MS) == 9_012 * MS


def test_a_node_follows_a_real_clock_topic():
    context = rclpy.Context()
    rclpy.init(context=context, args=[])
    node = Node(
        "evened",
        context=context,
        parameter_overrides=[Parameter("use_sim_time", value=True)],
    )
    publisher = node.create_publisher(Clock, "/clock", 10)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    clock = EvenClock(node)
    try:
        begun_ns = time.monotonic_ns()
        while time.monotonic_ns() - begun_ns < 1500 * MS:
            simulated_ns = 50_000 * MS + (time.monotonic_ns() - begun_ns) // 2
            stamp = Time(sec=simulated_ns // 10**9, nanosec=simulated_ns % 10**9)
            publisher.publish(Clock(clock=stamp))
            executor.spin_once(timeout_sec=0.01)
        told_ns = node.get_clock().now().nanoseconds
        assert told_ns > 50_000 * MS
        # Nothing is told now; the clock goes on at half the speed.
        first_ns, first_steady_ns = clock.now_ns(), time.monotonic_ns()
        time.sleep(0.02)
        gone_ns, passed_ns = clock.now_ns() - first_ns, time.monotonic_ns() - first_steady_ns
        assert 0.3 * passed_ns < gone_ns < 0.7 * passed_ns or gone_ns == 50 * MS
        assert node.get_clock().now().nanoseconds == told_ns
    finally:
        clock.close()
        node.destroy_node()
        executor.shutdown()
        rclpy.shutdown(context=context)


def test_without_a_simulation_it_is_the_nodes_clock():
    context = rclpy.Context()
    rclpy.init(context=context, args=[])
    node = Node("plain", context=context)
    clock = EvenClock(node)
    try:
        before = node.get_clock().now().nanoseconds
        assert before <= clock.now_ns() <= node.get_clock().now().nanoseconds
    finally:
        clock.close()
        node.destroy_node()
        rclpy.shutdown(context=context)
