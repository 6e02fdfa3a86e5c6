# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""gaze_controller over real DDS: it moves nothing until enabled, then keeps all limits."""

import math
import random
from dataclasses import fields
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import PointStamped, Vector3Stamped
from head_bench import CAMERA, SECOND, HeadBench, cloud
from lifecycle_msgs.msg import Transition
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import Float64, Float64MultiArray, Header
from trajectory_msgs.msg import JointTrajectory
from visualization_msgs.msg import MarkerArray

from vinet_ros.gaze import Head, HeadMount, PanTilt
from vinet_ros.ros.gaze_parameters import GazeParameters
from vinet_ros.ros.messages import ns_to_stamp, stamp_to_ns
from vinet_ros.ros.simulator_commands import Joints, trajectory_waypoints

NEAR = PanTilt(0.35, -0.05)
ALL_OUTPUTS = (
    (JointTrajectory, "joint_trajectory"),
    (Float64MultiArray, "commands"),
    (JointState, "joint_command"),
    (Float64, "pan_cmd"),
    (Float64, "tilt_cmd"),
    (PointStamped, "look_at"),
)


def set_parameters(head: HeadBench, **values: Any) -> Any:
    parameters = [
        Parameter(name, value=value).to_parameter_msg() for name, value in values.items()
    ]
    service = "set_parameters_atomically"
    return head.call(SetParametersAtomically, service, parameters=parameters).result


def test_nothing_is_commanded_until_it_is_enabled(head: HeadBench) -> None:
    heard = [head.listen(kind, topic, 100) for kind, topic in ALL_OUTPUTS]
    head.goal = NEAR
    for mode in ("joint_trajectory", "commands", "joint_command", "pan_tilt_cmd", "look_at"):
        names = ("--ros-args", "-r", f"__node:={mode}")
        node = head.controller(names, output_mode=mode, base_frame="base")
        head.spin_until(lambda node=node: node.state == "active")
    head.spin_for(1.0)
    assert not any(heard)


def test_the_node_declares_exactly_the_dataclass(head: HeadBench) -> None:
    node = head.controller(autostart=False)
    ros_own = {"use_sim_time", "start_type_description_service"}
    declared = {name for name in node.get_parameters_by_prefix("")} - ros_own
    assert declared == {field.name for field in fields(GazeParameters)}


def test_it_brings_the_head_to_the_target_and_rests_there(head: HeadBench) -> None:
    head.goal = NEAR
    head.enabled()
    head.spin_until(lambda: head.is_at(NEAR))
    head.spin_for(0.5)
    last = head.commands[-1]
    assert last.name == ["pan", "tilt"]
    assert list(last.position) == pytest.approx(NEAR, abs=1e-3)
    head.check_limits()
    assert head.value("head", "looks_at") == "fixation"


@pytest.mark.parametrize(
    "pose", [PanTilt(1.5, 0.7), PanTilt(-1.9, 0.9), PanTilt(0.0, 0.0)], ids=str
)
def test_enabling_from_any_pose_makes_no_jump(head: HeadBench, pose: PanTilt) -> None:
    """Also from one outside the limits: the way leads back in, at no more than full speed."""
    head.position = pose
    head._on_its_way.extend([pose] * 3)
    head.goal = NEAR
    head.enabled()
    head.spin_until(lambda: head.is_at(NEAR))
    assert list(head.commands[0].position) == pytest.approx(pose, abs=1e-9)
    for before, after in pairwise(head.commands):
        time_s = stamp_to_ns(after.header.stamp) - stamp_to_ns(before.header.stamp)
        for a, b, low in zip(before.position, after.position, (-1.57, -0.78), strict=True):
            assert abs(b - a) <= min(time_s / SECOND, 0.1) + 1e-6
            assert low - 1e-9 <= b <= -low + 1e-9 or abs(b) <= abs(a) + 1e-9


def test_limits_hold_whatever_arrives(head: HeadBench) -> None:
    """Wild targets at a high rate; velocity and acceleration by the commands' own times."""
    generator = random.Random(6)
    head.goal = NEAR
    quick = {"suppress_during_motion": False, "min_fixation_s": 0.0, "hysteresis": 0.0}
    quick |= {"center_bias_pan": 0.0, "center_bias_tilt": 0.0}
    head.enabled(target_timeout_s=10.0, joint_timeout_s=10.0, **quick)
    head.sees = False
    place = [0.0, 0.0, 1.0]

    def leap() -> None:
        size = 10.0 ** generator.uniform(-6, 30)
        place[:] = [generator.uniform(-1, 1) * size for _ in range(3)]

    def wild() -> None:
        point = head.head.to_optical(place, head.position)
        head.send_target(head.now_ns() - generator.randrange(60) * 1_000_000, point)

    head.node.create_timer(0.3, leap)
    head.node.create_timer(0.01, wild)

    def has_moved_far() -> bool:
        pan, tilt = (max(abs(c.position[axis]) for c in head.commands) for axis in range(2))
        return len(head.commands) > 60 and pan > 1.0 and tilt > 0.4

    head.spin_for(5.0)
    head.spin_until(has_moved_far)  # a busy machine takes longer
    speeds = []
    for before, after in pairwise(head.commands):
        time_s = (stamp_to_ns(after.header.stamp) - stamp_to_ns(before.header.stamp)) / SECOND
        position = np.array(after.position)
        assert (np.abs(position) <= (1.57, 0.78)).all()
        speed = (position - np.array(before.position)) / time_s
        assert (np.abs(speed) <= 1.0 + 1e-6).all()
        speeds.append((time_s, speed))
    for (first_s, before), (second_s, after) in pairwise(speeds):
        most = 4.0 * 0.5 * (first_s + second_s) + 1e-6
        assert (np.abs(after - before) <= most).all()


def test_a_target_beyond_the_limits_is_looked_at_from_the_limit(head: HeadBench) -> None:
    head.goal = PanTilt(2.5, 0.2)
    head.enabled(pan_max=0.5)
    head.spin_until(lambda: head.is_at(PanTilt(0.5, 0.2)))
    head.spin_for(0.3)
    assert max(command.position[0] for command in head.commands) <= 0.5


def ends_at(message: JointTrajectory, positions: list[float]) -> bool:
    return list(message.points[-1].positions) == pytest.approx(positions, abs=1e-3)


def test_a_trajectory_keeps_the_rules_of_its_controller_and_is_sent_once(head: HeadBench) -> None:
    """The head stands: what was sent is all that is looked at."""
    sent: list[JointTrajectory] = head.listen(JointTrajectory, "joint_trajectory", 100)
    head.goal = NEAR
    names = {"pan_joint": "head_pan", "tilt_joint": "head_tilt", "tilt_sign": -1}
    head.joint_names, head.signs = ["head_pan", "head_tilt"], (1, -1)
    head.enabled(output_mode="joint_trajectory", **names)
    joints = Joints(("head_pan", "head_tilt"), (1, -1))
    goal = [NEAR.pan_rad, -NEAR.tilt_rad]
    head.spin_until(lambda: sent and ends_at(sent[-1], goal))
    head.spin_for(1.0)
    for message in sent:
        assert message.joint_names == ["head_pan", "head_tilt"]
        assert stamp_to_ns(message.header.stamp) == 0
        times = [stamp_to_ns(point.time_from_start) for point in message.points]
        assert all(a < b for a, b in pairwise([0, *times]))
        for point in message.points:
            assert len(point.positions) == len(point.velocities) == 2
            assert not point.accelerations and not point.effort
        assert list(message.points[-1].velocities) == [0.0, 0.0]
        trajectory_waypoints(message, joints, head.now_ns())
    to_goal = [message for message in sent if ends_at(message, goal)]
    assert len(to_goal) == 1, "it is sent again although the target stands"
    holds = [m for m in sent if m not in to_goal]
    assert all(len(m.points) == 1 for m in holds)
    head.sees = False
    head.spin_until(lambda: head.value("head", "state") == "timeout")
    head.spin_for(0.5)
    assert ends_at(sent[-1], [0.1, 0.1]), "the measured position"


def test_a_moving_target_gets_a_trajectory_with_every_step(head: HeadBench) -> None:
    sent: list[JointTrajectory] = head.listen(JointTrajectory, "joint_trajectory", 1000)
    head.goal = PanTilt(-0.2, 0.0)
    head.position = head.goal
    head._on_its_way.extend([head.goal] * 3)
    head.enabled(output_mode="joint_trajectory")
    start_ns = head.now_ns()

    def sweep() -> None:
        head.goal = PanTilt(-0.2 + 0.2 * (head.now_ns() - start_ns) / SECOND, 0.0)

    head.node.create_timer(0.01, sweep)

    def obey() -> None:  # to where the last trajectory leads first
        if sent:
            head._on_its_way.append(PanTilt(*sent[-1].points[0].positions))

    head.node.create_timer(0.02, obey)
    head.spin_for(2.0)
    count = len(sent)
    head.spin_for(1.0)
    assert len(sent) - count > 10
    assert all(list(m.points[-1].velocities) == [0.0, 0.0] for m in sent)
    assert sent[-1].points[0].velocities[0] == pytest.approx(0.2, abs=0.1)


@pytest.mark.parametrize("order", ["pan_tilt", "tilt_pan"])
def test_a_forward_command_has_the_configured_order_and_size(head: HeadBench, order: str) -> None:
    sent: list[Float64MultiArray] = head.listen(Float64MultiArray, "commands", 1000)
    head.goal, head.signs = NEAR, (-1, 1)
    head.enabled(output_mode="commands", command_order=order, pan_sign=-1)
    goal = [-NEAR.pan_rad, NEAR.tilt_rad][:: 1 if order == "pan_tilt" else -1]
    head.spin_until(lambda: sent and list(sent[-1].data) == pytest.approx(goal, abs=1e-3))
    assert all(len(message.data) == 2 for message in sent)


def test_velocities_bring_the_head_there_and_a_stop_is_zero(head: HeadBench) -> None:
    sent: list[Float64MultiArray] = head.listen(Float64MultiArray, "commands", 1000)
    head.goal = NEAR

    def drive() -> None:
        if sent:
            pan, tilt = (p + 0.02 * v for p, v in zip(head.position, sent[-1].data, strict=True))
            head._on_its_way.extend([PanTilt(pan, tilt)] * 3)

    head.node.create_timer(0.02, drive)
    head.enabled(output_mode="commands", command_interface="velocity")
    head.spin_until(lambda: math.dist(head.position, NEAR) < 0.03)
    assert all(abs(value) <= 1.0 for message in sent for value in message.data)
    head.goal = PanTilt(-0.8, 0.0)
    head.spin_until(lambda: sent[-1].data[0] < -0.3)
    assert head.trigger("stop").success
    head.spin_until(lambda: head.value("head", "state") == "disabled")
    head.spin_for(0.5)
    assert list(sent[-1].data) == [0.0, 0.0]


def test_pan_tilt_units_get_a_number_for_each_joint(head: HeadBench) -> None:
    pans, tilts = head.listen(Float64, "pan_cmd", 100), head.listen(Float64, "tilt_cmd", 100)
    head.goal = NEAR
    head.enabled(output_mode="pan_tilt_cmd")
    head.spin_until(lambda: tilts and pans and abs(pans[-1].data - NEAR.pan_rad) < 1e-3)
    assert tilts[-1].data == pytest.approx(NEAR.tilt_rad, abs=1e-3)


def test_look_at_names_the_point_and_has_no_stop(head: HeadBench) -> None:
    points: list[PointStamped] = head.listen(PointStamped, "look_at", 1000)
    head.goal = NEAR
    head.enabled(output_mode="look_at", base_frame="torso", look_at_distance_m=3.0)
    expected = Head().to_base((0.0, 0.0, 3.0), NEAR)

    def arrived() -> bool:
        p = points[-1].point if points else None
        return p is not None and np.allclose((p.x, p.y, p.z), expected, atol=1e-3)

    head.spin_until(arrived)
    assert points[-1].header.frame_id == "torso"
    head.enable(False)
    head.spin_until(lambda: head.value("head", "state") == "disabled")
    count = len(points)
    head.spin_for(0.5)
    assert len(points) == count


def test_stop_and_disable_brake_within_the_limits(head: HeadBench) -> None:
    head.following()
    assert head.trigger("stop").success
    head.spin_until(lambda: head.value("head", "state") == "disabled")
    head.check_command("stop")
    head.check_limits()
    assert not head.trigger("center").success, "the head is not enabled"
    assert head.enable().success
    head.spin_until(head.under_way)
    assert head.enable(False).success
    head.spin_until(lambda: head.value("head", "state") == "disabled")
    head.check_command("stop")
    head.check_limits()


@pytest.mark.parametrize("on_timeout", ["disable", "center"])
def test_targets_have_their_time_to_come_after_enabling(head: HeadBench, on_timeout: str) -> None:
    head.enabled(on_timeout=on_timeout, target_timeout_s=4.0)
    head.spin_until(lambda: head.value("head", "state") == "holding")
    head.spin_for(0.5)
    assert head.says("head", "holding: nothing to look at", 0)
    head.check_command("stop")  # it holds where it is
    expected = {"disable": "disabled", "center": "timeout"}[on_timeout]
    head.spin_until(lambda: head.value("head", "state") == expected)


def test_center_goes_there_first_and_then_follows_on(head: HeadBench) -> None:
    head.goal = NEAR
    head.enabled()
    head.spin_until(lambda: head.is_at(NEAR))
    assert head.trigger("center").success
    head.spin_until(lambda: head.is_at(PanTilt(0.0, 0.0)))
    head.spin_until(lambda: head.is_at(NEAR))


@pytest.mark.parametrize("service", ["enable", "stop", "center"])
def test_services_say_that_the_node_is_not_active(head: HeadBench, service: str) -> None:
    head.controller(autostart=False)
    answer = head.enable() if service == "enable" else head.trigger(service)
    assert not answer.success and answer.message == "the node is unconfigured, not active"


def test_a_target_of_a_camera_beside_the_axes(head: HeadBench) -> None:
    """Offset and roll count: the point ends up on the optical axis."""
    mount = HeadMount((0.05, 0.1, 0.08), (0.4, 0.0, 0.0))
    head.head = Head(mount)
    head.goal = NEAR
    vectors = {
        "camera_mount_xyz_m": [*mount.xyz_m],
        "camera_mount_rpy_rad": [*mount.rpy_rad],
    }
    head.enabled(**vectors)
    head.spin_until(lambda: head.is_at(NEAR))
    head.spin_for(0.5)
    assert list(head.commands[-1].position) == pytest.approx(NEAR, abs=2e-3)


def test_parameters_change_while_the_head_moves(head: HeadBench) -> None:
    node = head.following()
    refused = set_parameters(head, pan_min=0.5, pan_max=0.2)
    assert not refused.successful and "pan_min must be below pan_max" in refused.reason
    refused = set_parameters(head, output_mode="commands")
    assert not refused.successful and "unconfigured" in refused.reason
    assert set_parameters(head, pan_max=0.6, control_rate_hz=50.0, target_timeout_s=2.0).successful
    head.spin_until(lambda: head.is_at(PanTilt(0.6, 0.3)))
    head.spin_for(0.3)
    assert max(command.position[0] for command in head.commands) <= 0.6 + 1e-9
    assert set_parameters(head, policy="center").successful
    head.spin_until(lambda: head.is_at(PanTilt(0.0, 0.0)))
    assert node.state == "active"


def external(head: HeadBench, direction: PanTilt, frame: str, stamp_ns: int) -> PointStamped:
    point = head.head.to_base((0.0, 0.0, 2.0), direction)
    if frame == CAMERA:
        point = head.head.to_optical(point, head.position)
    message = PointStamped(header=Header(stamp=ns_to_stamp(stamp_ns), frame_id=frame))
    message.point.x, message.point.y, message.point.z = (float(value) for value in point)
    return message


@pytest.mark.parametrize("frame", [CAMERA, "torso"])
def test_an_external_target_wins_while_it_is_fresh(head: HeadBench, frame: str) -> None:
    elsewhere = PanTilt(-0.4, 0.1)
    head.goal = NEAR
    head.enabled(policy="external", base_frame="torso")
    head.spin_until(lambda: head.is_at(NEAR))
    targets = head.node.create_publisher(PointStamped, "external_target", 5)

    def publish() -> None:
        stamp_ns = head.now_ns() if frame == CAMERA else 0
        targets.publish(external(head, elsewhere, frame, stamp_ns))

    timer = head.node.create_timer(0.05, publish)
    head.spin_until(lambda: head.is_at(elsewhere))
    head.node.destroy_timer(timer)
    head.spin_until(lambda: head.is_at(NEAR))
    targets.publish(external(head, elsewhere, "map", head.now_ns()))
    head.spin_until(lambda: head.says("targets", "the head's base is 'torso'", 1))


def test_candidates_tell_more_than_the_target(head: HeadBench) -> None:
    """The most salient of a cloud is looked at, whatever the target of the same image says."""
    head.goal = PanTilt(-0.5, 0.0)
    clouds = head.node.create_publisher(PointCloud2, "gaze/candidates", 1)

    def publish() -> None:
        there = head.head.to_optical(head.head.to_base((0, 0, 2.0), NEAR), head.position)
        clouds.publish(cloud(head.now_ns(), [*(float(v) for v in there), 0.9]))

    head.node.create_timer(0.04, publish)
    head.enabled()
    head.spin_until(lambda: head.is_at(NEAR))
    assert min(command.position[0] for command in head.commands) > -0.05


def test_the_error_is_that_of_the_image_and_carries_its_header(head: HeadBench) -> None:
    errors: list[Vector3Stamped] = head.listen(Vector3Stamped, "gaze/error", 100)
    head.goal = NEAR
    head.enabled(policy="saliency")
    head.spin_until(lambda: errors)
    head.spin_until(lambda: head.is_at(NEAR))
    first = errors[0]
    assert first.header.frame_id == CAMERA
    assert first.vector.x == pytest.approx(NEAR.pan_rad - 0.1, abs=0.02)
    assert first.vector.y == pytest.approx(NEAR.tilt_rad + 0.1, abs=0.02)
    head.spin_for(0.5)
    assert abs(errors[-1].vector.x) < 0.01


def test_markers_show_axis_limits_goal_and_command(head: HeadBench) -> None:
    markers: list[MarkerArray] = head.listen(MarkerArray, "gaze/head_markers", 10)
    head.goal = NEAR
    head.enabled()
    head.spin_until(lambda: head.is_at(NEAR))
    head.spin_for(0.4)
    shown = {marker.ns: marker for marker in markers[-1].markers if marker.ns}
    assert set(shown) == {"head_axis", "head_limits", "head_goal", "head_command"}
    assert all(marker.header.frame_id == CAMERA for marker in shown.values())
    goal = shown["head_goal"].pose.position  # on the axis by now, as seen by the camera
    assert (goal.x, goal.y, goal.z) == pytest.approx((0.0, 0.0, 2.0), abs=0.02)


def test_it_can_be_deactivated_and_activated_again(head: HeadBench) -> None:
    head.following()
    for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP):
        assert head.change(transition)
    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        assert head.change(transition)
    sent = len(head.commands)
    head.spin_until(lambda: head.count("joints", "received") > 3)
    assert len(head.commands) == sent
    assert head.enable().success
    head.spin_until(lambda: head.is_at(head.goal))
