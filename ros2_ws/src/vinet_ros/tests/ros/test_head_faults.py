# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Faults around gaze_controller over real DDS, against the table in docs/gaze_controller.md."""

import ast
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from head_bench import BEAT_S, GOAL, PAGE, SECOND, HeadBench, Row, cloud, fault_table
from lifecycle_msgs.msg import Transition
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState, PointCloud2

from vinet_ros.gaze import PanTilt
from vinet_ros.ros.messages import ns_to_stamp, stamp_to_ns

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the docs are in the checkout only")

START_S = 60.0


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Row:
    """Return what the table says of the fault that a test makes."""
    return fault_table()[request.node.originalname]


@pytest.fixture
def slow() -> dict[str, float]:
    """A head that is still under way when a timeout is over."""
    return {"max_velocity": 0.2}


def test_the_table_and_the_tests_name_the_same() -> None:
    written = {
        node.name
        for node in ast.parse(Path(__file__).read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert set(fault_table()) == written - {"test_the_table_and_the_tests_name_the_same"}


def test_a_target_that_is_not_finite(head: HeadBench, row: Row) -> None:
    head.following()
    for bad in ((math.nan, 0.0, 1.0), (0.0, math.inf, 1.0), (0.0, 0.0, -math.inf)):
        head.insist(lambda bad=bad: head.send_target(head.now_ns(), bad))
    head.check(row)


def test_candidates_that_cannot_be_used(head: HeadBench, row: Row) -> None:
    """They come once in a while; the targets of the other topic are followed in between."""
    head.following()
    clouds = head.node.create_publisher(PointCloud2, "gaze/candidates", 1)
    head.spin_until(clouds.get_subscription_count)
    clouds.publish(cloud(head.now_ns(), [math.nan] * 4))
    head.spin_until(lambda: head.says("targets", "none of 1 candidates is finite", 1))
    clouds.publish(cloud(head.now_ns(), [0.0, 0.0, 1.0, 1.0], step=400))
    head.spin_until(lambda: head.says("targets", "candidates need fields", 1))
    head.check(row)


def test_a_target_without_a_stamp(head: HeadBench, row: Row) -> None:
    head.following()
    head.insist(lambda: head.send_target(0))
    head.check(row)


def test_targets_out_of_order(head: HeadBench, row: Row) -> None:
    head.following()
    head.insist(lambda: head.send_target(head.now_ns() - SECOND // 4))
    head.check(row)


def test_targets_in_an_unknown_frame(head: HeadBench, row: Row, slow: dict[str, float]) -> None:
    head.following(**slow)
    head.sees = False
    stray = head.node.create_timer(
        BEAT_S, lambda: head.send_target(head.now_ns(), (0.5, 0.0, 1.0), frame="map")
    )
    head.check(row)
    head.node.destroy_timer(stray)


def test_targets_that_stop(head: HeadBench, row: Row, slow: dict[str, float]) -> None:
    head.following(**slow)
    head.sees = False
    head.check(row)
    head.sees = True
    head.spin_until(lambda: head.value("head", "state") == "following")


def test_targets_that_stop_with_center(head: HeadBench, row: Row) -> None:
    head.following(on_timeout="center")
    head.sees = False
    head.check(row)


def test_targets_that_stop_with_disable(head: HeadBench, row: Row, slow: dict[str, float]) -> None:
    head.following(on_timeout="disable", **slow)
    head.sees = False
    head.check(row)
    head.sees = True
    head.spin_for(0.5)
    assert head.value("head", "state") == "disabled", "it moves only after ~/enable"


def shifted(head: HeadBench, seconds: float) -> Any:
    """Let the targets' stamps be off by some seconds from now on."""
    head.sees = False
    return head.node.create_timer(
        2 * BEAT_S, lambda: head.send_target(head.now_ns() + round(seconds * SECOND))
    )


def test_targets_that_arrive_late(head: HeadBench, row: Row, slow: dict[str, float]) -> None:
    head.following(**slow)
    shifted(head, -1.5)
    head.check(row)


def test_targets_that_jump_back_in_time(head: HeadBench, row: Row, slow: dict[str, float]) -> None:
    head.following(**slow)
    shifted(head, -1000.0)
    head.check(row)
    assert head.count("targets", "clock_restarts") >= 1


def test_targets_from_the_future(head: HeadBench, row: Row, slow: dict[str, float]) -> None:
    head.following(**slow)
    shifted(head, 1000.0)
    head.check(row)


def test_a_joint_state_that_is_not_finite(head: HeadBench, row: Row) -> None:
    head.following()
    for bad in (PanTilt(math.nan, 0.0), PanTilt(0.0, math.inf)):
        head.send_joints(head.now_ns(), bad)
    head.check(row)


def test_joint_states_out_of_order(head: HeadBench, row: Row) -> None:
    head.following()
    head.send_joints(head.now_ns() - SECOND // 4, PanTilt(-1.0, -0.5))
    head.check(row)


def test_joint_states_that_stop(head: HeadBench, row: Row, slow: dict[str, float]) -> None:
    """Nothing is known of the head then: what it holds is the end of the brake."""
    head.following(**slow)
    head.drives = False
    head.check(row)
    last = head.commands[-1]
    head.drives = True
    head.spin_until(lambda: head.value("head", "state") == "following")
    assert head.is_at(PanTilt(*last.position)), "it goes on from there"


def test_joint_states_that_stop_with_disable(
    head: HeadBench, row: Row, slow: dict[str, float]
) -> None:
    head.following(on_timeout="disable", **slow)
    head.drives = False
    head.check(row)


def joints_shifted(head: HeadBench, seconds: float) -> None:
    """Let the joint states' stamps be off by some seconds from now on."""
    head.drives = False
    head.node.create_timer(
        BEAT_S, lambda: head.send_joints(head.now_ns() + round(seconds * SECOND))
    )


def test_joint_states_that_arrive_late(head: HeadBench, row: Row, slow: dict[str, float]) -> None:
    head.following(**slow)
    joints_shifted(head, -1.5)
    head.check(row)


def test_joint_states_that_jump_back_in_time(
    head: HeadBench, row: Row, slow: dict[str, float]
) -> None:
    head.following(**slow)
    joints_shifted(head, -1000.0)
    head.check(row)
    assert head.count("joints", "clock_restarts") == 1


def test_joint_states_without_one_of_the_joints(
    head: HeadBench, row: Row, slow: dict[str, float]
) -> None:
    head.following(**slow)
    head.joint_names = ["pan"]
    head.check(row)


def test_a_driver_that_goes(head: HeadBench, row: Row, slow: dict[str, float]) -> None:
    head.following(**slow)
    head.withdraw_driver()
    head.check(row)


def test_a_clock_that_jumps_back_for_all(head: HeadBench, row: Row) -> None:
    """A simulation that starts again: stamps of joints and targets jump with the clock."""
    clock = head.node.create_publisher(Clock, "/clock", 10)
    time_ns = [1000 * SECOND]

    def tick() -> int:
        time_ns[0] += round(BEAT_S * SECOND)
        clock.publish(Clock(clock=ns_to_stamp(time_ns[0])))
        return time_ns[0]

    head.now = tick
    head.following(use_sim_time=True)
    time_ns[0] = 10 * SECOND
    head.spin_until(lambda: head.count("joints", "clock_restarts") == 1)
    head.goal = PanTilt(-0.5, 0.2)
    head.check(row)


def test_limits_that_contradict_each_other(head: HeadBench, row: Row) -> None:
    node = head.controller(autostart=False, pan_min=0.5, pan_max=-0.5)
    assert not head.change(Transition.TRANSITION_CONFIGURE)
    assert "pan_min must be below pan_max, got 0.5 and -0.5" in node.reason
    head.check(row)


def test_enable_without_joint_states(head: HeadBench, row: Row) -> None:
    head.withdraw_driver()
    head.goal = GOAL
    node = head.controller()
    head.spin_until(lambda: node.state == "active")
    answer = head.enable()
    assert not answer.success
    assert "can only be enabled with a fresh joint state, no joint state" in answer.message
    head.check(row)


def test_two_controllers_on_one_output(head: HeadBench, row: Row) -> None:
    """Each names the other, also while that one is disabled."""
    head.following()
    other = head.controller(("--ros-args", "-r", "__node:=other"))
    head.spin_until(lambda: other.state == "active")
    head.check(row)
    assert head.value("output", "other_publishers") == "/other"
    assert "/gaze_controller commands the head too" in head.status("output", "other").message
    assert head.enable().message == "enabled; /other commands the head too"
    other.trigger_deactivate()
    other.trigger_cleanup()
    head.spin_until(lambda: head.says("output", "sent", level=0))


def test_nobody_listens_to_the_commands(head: HeadBench, row: Row) -> None:
    """The head's own controller is not up yet; it is told at the next step once it is."""
    head.goal = GOAL
    subscription = next(s for s in head.node.subscriptions if s.topic_name == "/joint_command")
    head.node.destroy_subscription(subscription)
    head.enabled()
    head.spin_until(lambda: head.says(row.status, row.words, row.level))
    head.commands = head.listen(JointState, "joint_command", 1000)
    head.spin_until(lambda: head.value("head", "state") == row.state)
    head.check_command(row.command)


def test_an_error_in_the_control_loop(
    head: HeadBench, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = head.following()
    assert node._loop is not None

    def broken(now_ns: int) -> None:
        raise RuntimeError("made for the test")

    monkeypatch.setattr(node._loop.follower, "step", broken)
    head.spin_until(lambda: not node._loop.follower.enabled)
    monkeypatch.undo()
    head.check(row)


def test_deactivate_in_mid_saccade(head: HeadBench, row: Row) -> None:
    node = head.following()
    assert head.change(Transition.TRANSITION_DEACTIVATE)
    assert node.state == "inactive"
    head.check(row)
    assert head.change(Transition.TRANSITION_ACTIVATE)
    head.spin_until(lambda: head.value("head", "state") == "disabled")
    head.check_command("stop")  # it starts disabled


def test_shutdown_in_mid_saccade(head: HeadBench, row: Row) -> None:
    head.following()
    assert head.change(Transition.TRANSITION_ACTIVE_SHUTDOWN)
    head.check(row)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_in_mid_saccade(
    head: HeadBench, row: Row, number: signal.Signals, domain_id: int, tmp_path: Path
) -> None:
    """A process of its own: its last word is a stop, then it ends with code 0 and no trace."""
    assert row.state == "ended"
    head.goal = GOAL
    log = tmp_path / "log"
    environment = {**os.environ, "ROS_DOMAIN_ID": str(domain_id), "ROS_LOG_DIR": str(tmp_path)}
    parameters = ("output_mode:=joint_command", "diagnostics_period_s:=0.1")
    words = [word for parameter in parameters for word in ("-p", parameter)]
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "vinet_ros.ros.gaze_controller", "--ros-args", *words],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    try:
        head.spin_until(lambda: head.count("joints", "received") > 3, START_S)
        assert head.enable().success
        head.spin_until(head.under_way)
        seen = len(head.commands)
        for _ in range(2):  # as a terminal and a launch do
            process.send_signal(number)
        head.spin_until(lambda: process.poll() is not None, START_S)
        assert process.returncode == 0, log.read_text()
        assert "Traceback" not in log.read_text()
    finally:
        process.kill()
        process.wait()
    assert len(head.commands) > seen
    head.check_command(row.command)
    stop, before = head.commands[-1], head.commands[-2]
    lag_s = (stamp_to_ns(stop.header.stamp) - stamp_to_ns(before.header.stamp)) / SECOND
    assert stop.position[0] <= before.position[0] + 1e-9, "the measured position lags"
    assert lag_s < 1.0
