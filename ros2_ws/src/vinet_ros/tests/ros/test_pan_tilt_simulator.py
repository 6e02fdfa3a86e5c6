# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""pan_tilt_simulator over real DDS: commands in all forms, true stamps, scenes that start over."""

import math
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import PoseArray
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Float64, Float64MultiArray
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from vinet_ros.errors import FrameError
from vinet_ros.gaze import PanTilt, PinholeCamera
from vinet_ros.ros.messages import camera_info_to_camera, image_to_rgb, stamp_to_ns
from vinet_ros.ros.pan_tilt_simulator import PanTiltSimulator
from vinet_ros.ros.parameters import ParameterError
from vinet_ros.ros.simulator_commands import Joints, trajectory_waypoints
from vinet_ros.ros.simulator_parameters import SimulatorParameters

JOINTS = Joints(("pan", "tilt"), (1, 1))
WIDTH_DEG = 100.0
QUEUE = 200


@pytest.fixture
def ramp(tmp_path) -> Path:
    """A panorama whose colour tells the direction: red grows to the right, green downward."""
    rows, columns = np.mgrid[:200, :400]
    rgb = np.stack((columns * 255 / 400, rows * 255 / 200, np.full((200, 400), 90)), axis=-1)
    path = tmp_path / "ramp.png"
    cv2.imwrite(str(path), rgb.astype(np.uint8)[..., ::-1])
    return path


@pytest.fixture
def simulator(bench, ramp):
    """Return a function that makes a simulator with small, frequent images."""

    def make(**parameters):
        values = {
            "path": str(ramp),
            "scene_hfov_deg": WIDTH_DEG,
            "image_width": 64,
            "image_height": 48,
            "image_reliability": "reliable",
            "image_depth": 64,
            "diagnostics_period_s": 0.1,
            **parameters,
        }
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        node = PanTiltSimulator(parameter_overrides=overrides)
        bench.nodes.append(node)
        bench.executor.add_node(node)
        return node

    return make


def pose(message):
    return tuple(message.position)


def reaches(bench, states, pan, tilt):
    bench.spin_until(lambda: states and pose(states[-1]) == pytest.approx((pan, tilt), abs=1e-3))


def trajectory(*points, names=("pan", "tilt"), stamp=None):
    return JointTrajectory(
        header=SimpleHeader(stamp) if stamp else JointTrajectory().header,
        joint_names=list(names),
        points=[
            JointTrajectoryPoint(
                positions=list(positions),
                velocities=list(velocities),
                time_from_start=Duration(sec=int(at_s), nanosec=round(at_s % 1 * 1e9)),
            )
            for at_s, positions, velocities in points
        ],
    )


def SimpleHeader(stamp):
    header = JointTrajectory().header
    header.stamp = Time(sec=stamp)
    return header


COMMANDS = {
    "joint_trajectory": lambda pan, tilt: trajectory((0.2, (pan, tilt), ())),
    "commands": lambda pan, tilt: Float64MultiArray(data=[pan, tilt]),
    "joint_command": lambda pan, tilt: JointState(name=["tilt", "pan"], position=[tilt, pan]),
}


@pytest.mark.parametrize("topic", COMMANDS)
def test_it_goes_where_each_form_of_command_says(bench, simulator, topic):
    states = bench.listen(JointState, "joint_states", QUEUE)
    simulator()
    message = COMMANDS[topic](0.4, -0.2)
    publisher = bench.node.create_publisher(type(message), topic, 1)
    bench.spin_until(publisher.get_subscription_count)
    publisher.publish(message)
    reaches(bench, states, 0.4, -0.2)


def test_pan_and_tilt_can_be_told_apart(bench, simulator):
    states = bench.listen(JointState, "joint_states", QUEUE)
    simulator()
    pan, tilt = (
        bench.node.create_publisher(Float64, topic, 1) for topic in ("pan_cmd", "tilt_cmd")
    )
    bench.spin_until(lambda: pan.get_subscription_count() and tilt.get_subscription_count())
    pan.publish(Float64(data=0.3))
    reaches(bench, states, 0.3, 0.0)
    tilt.publish(Float64(data=0.2))
    reaches(bench, states, 0.3, 0.2)


def test_velocities_in_the_other_order_with_signs(bench, simulator):
    states = bench.listen(JointState, "joint_states", QUEUE)
    images = bench.listen(Image, "image", QUEUE)
    simulator(command_interface="velocity", command_order="tilt_pan", pan_sign=-1)
    publisher = bench.node.create_publisher(Float64MultiArray, "commands", 1)
    bench.spin_until(publisher.get_subscription_count)
    publisher.publish(Float64MultiArray(data=[0.0, 0.5]))
    bench.spin_until(lambda: states and states[-1].velocity[0] == pytest.approx(0.5, abs=0.01))
    assert states[-1].position[0] > 0
    first = image_to_rgb(images[0])
    bench.spin_until(lambda: states[-1].position[0] > 0.2)
    publisher.publish(Float64MultiArray(data=[0.0, 0.0]))
    bench.spin_until(lambda: abs(states[-1].velocity[0]) < 1e-3)
    # The joint counts to the right, and so turned the head: red grows.
    bench.spin_until(lambda: image_to_rgb(images[-1])[24, 32, 0] > first[24, 32, 0] + 20)


def test_an_image_shows_what_the_head_saw_at_its_stamp(bench, simulator):
    """While the head turns: the joint state at the image's stamp explains the picture."""
    images = bench.listen(Image, "image", QUEUE)
    infos = bench.listen(CameraInfo, "camera_info", QUEUE)
    truths = bench.listen(JointState, "simulation/joint_states", QUEUE)
    simulator(image_latency_s=0.2)
    publisher = bench.node.create_publisher(JointTrajectory, "joint_trajectory", 1)
    bench.spin_until(lambda: publisher.get_subscription_count() and images and truths)
    publisher.publish(trajectory((1.0, (0.4, 0.1), ())))
    bench.spin_until(lambda: truths[-1].position[0] > 0.39)
    last = truths[-1].header.stamp
    bench.spin_until(lambda: stamp_to_ns(images[-1].header.stamp) >= stamp_to_ns(last))
    poses = {stamp_to_ns(t.header.stamp): pose(t) for t in truths}
    turning = 0
    for image in images:
        where = poses.get(stamp_to_ns(image.header.stamp))
        if where is None:
            continue
        red, green, _ = image_to_rgb(image)[24, 32].astype(float)
        expected_red = (0.5 - math.degrees(where[0]) / WIDTH_DEG) * 255
        expected_green = (0.5 - math.degrees(where[1]) / WIDTH_DEG * 2) * 255
        assert (red, green) == pytest.approx((expected_red, expected_green), abs=4.0)
        turning += 0.05 < where[0] < 0.35
    assert turning >= 5
    camera = PinholeCamera.from_hfov(64, 48, 60)
    described = camera_info_to_camera(infos[-1])
    assert (described.fx, described.cx) == pytest.approx((camera.fx, camera.cx))


def test_stamps_are_steady_and_images_come_after_their_latency(bench, simulator):
    late_s = []
    images = []

    def note(image):
        images.append(image)
        late_s.append((bench.now_ns() - stamp_to_ns(image.header.stamp)) / 1e9)

    bench.node.create_subscription(Image, "image", note, QUEUE)
    states = bench.listen(JointState, "joint_states", QUEUE)
    simulator(image_latency_s=0.15)
    bench.spin_until(lambda: len(images) >= 15)
    stamps = [stamp_to_ns(image.header.stamp) for image in images]
    np.testing.assert_allclose(np.diff(stamps) / 1e9, 1 / 30, atol=1e-6)
    assert min(late_s) >= 0.15
    of_states = [stamp_to_ns(state.header.stamp) for state in states]
    assert all(a < b for a, b in pairwise(of_states))
    assert min(abs(stamps[-1] - stamp) for stamp in of_states) < 1e9 / 60


def test_noise_is_in_the_joint_states_alone(bench, simulator):
    states = bench.listen(JointState, "joint_states", QUEUE)
    truths = bench.listen(JointState, "simulation/joint_states", QUEUE)
    simulator(joint_noise_rad=0.01)
    bench.spin_until(lambda: len(states) > 60 and len(truths) > 5)
    spread = np.std([pose(state) for state in states], axis=0)
    assert np.all((spread > 0.005) & (spread < 0.02))
    assert all(pose(truth) == (0.0, 0.0) for truth in truths)


def test_bad_commands_are_refused_and_counted_and_move_nothing(bench, simulator):
    states = bench.listen(JointState, "joint_states", QUEUE)
    simulator()
    publisher = bench.node.create_publisher(Float64MultiArray, "commands", 10)
    bench.spin_until(publisher.get_subscription_count)
    for data in ([math.nan, 0.0], [math.inf, 0.0], [0.1], []):
        publisher.publish(Float64MultiArray(data=data))

    def value(key):
        status = bench.status("simulation", "pan_tilt_simulator")
        values = {pair.key: pair.value for pair in status.values} if status else {}
        return values.get(key)

    bench.spin_until(lambda: value("refused_commands") == "4")
    assert "expected one value each for pan and tilt" in value("last_refusal")
    assert pose(states[-1]) == (0.0, 0.0)


def test_a_scene_starts_over_with_another_seed_and_the_head_at_its_start(bench, simulator):
    states = bench.listen(JointState, "joint_states", QUEUE)
    things = bench.listen(PoseArray, "simulation/things", QUEUE)
    folder = Path(__file__).parent  # no pictures here
    node = simulator(start_pan=0.1)
    publisher = bench.node.create_publisher(Float64MultiArray, "commands", 1)
    bench.spin_until(publisher.get_subscription_count)
    publisher.publish(Float64MultiArray(data=[0.4, 0.0]))
    reaches(bench, states, 0.4, 0.0)
    client = bench.node.create_client(Trigger, "pan_tilt_simulator/restart")
    bench.spin_until(client.service_is_ready)
    done = client.call_async(Trigger.Request())
    bench.spin_until(done.done)
    assert done.result().success and done.result().message == "file, seed 0"
    reaches(bench, states, 0.1, 0.0)
    assert things and not things[-1].poses
    assert folder.is_dir() and node is not None
    stamps = [stamp_to_ns(state.header.stamp) for state in states]
    assert all(a < b for a, b in pairwise(stamps))


def test_a_scene_that_cannot_be_made_leaves_the_one_there_is(bench, simulator):
    simulator()
    result = set_parameters(bench, scene="mover")
    assert result.successful
    client = bench.node.create_client(Trigger, "pan_tilt_simulator/restart")
    bench.spin_until(client.service_is_ready)
    done = client.call_async(Trigger.Request())
    bench.spin_until(done.done)
    assert not done.result().success
    images = bench.listen(Image, "image", QUEUE)
    bench.spin_until(lambda: len(images) > 3)
    assert not set_parameters(bench, scene="flying").successful
    assert "unconfigured" in set_parameters(bench, image_width=100).reason


def set_parameters(bench, **values):
    from rcl_interfaces.srv import SetParametersAtomically

    client = bench.node.create_client(
        SetParametersAtomically, "pan_tilt_simulator/set_parameters_atomically"
    )
    bench.spin_until(client.service_is_ready)
    messages = [Parameter(n, value=v).to_parameter_msg() for n, v in values.items()]
    done = client.call_async(SetParametersAtomically.Request(parameters=messages))
    bench.spin_until(done.done)
    return done.result().result


def test_its_clock_runs_at_its_rate(bench, simulator):
    from rosgraph_msgs.msg import Clock

    begun_ns = []
    clocks = []

    def note(message):
        clocks.append(stamp_to_ns(message.clock))
        begun_ns.append(bench.now_ns())

    bench.node.create_subscription(Clock, "/clock", note, QUEUE)
    simulator(publish_clock=True, rate=0.5)
    bench.spin_until(lambda: begun_ns and begun_ns[-1] - begun_ns[0] > 1e9)
    assert all(a <= b for a, b in pairwise(clocks))
    speed = (clocks[-1] - clocks[0]) / (begun_ns[-1] - begun_ns[0])
    assert speed == pytest.approx(0.5, abs=0.1)


def test_the_wide_view_is_there_for_who_listens(bench, simulator):
    simulator()
    wides = bench.listen(Image, "simulation/wide")
    infos = bench.listen(CameraInfo, "simulation/wide/camera_info")
    bench.spin_until(lambda: wides and infos)
    assert (wides[0].width, wides[0].height) == (960, 400)
    left, right = image_to_rgb(wides[0])[200, (240, 720), 0].astype(int)
    assert right - left > 80


@pytest.mark.parametrize(
    "message, complaint",
    [
        (trajectory(), "at least one point"),
        (trajectory((0.1, (0.0,), ())), "one value each"),
        (trajectory((0.1, (0.0, 0.0), ()), names=("pan", "roll")), "one value each"),
        (trajectory((0.1, (0.0, 0.0), (0.0,))), "one value each"),
        (trajectory((0.1, (0.0, math.nan), ())), "finite"),
        (trajectory((0.2, (0.0, 0.0), ()), (0.2, (0.1, 0.0), ())), "grow strictly"),
        (trajectory((0.1, (0.0, 0.0), (0.1, 0.0))), "end at rest"),
        (trajectory((0.1, (0.0, 0.0), ()), stamp=50), "end in the past"),
    ],
)
def test_a_trajectory_keeps_the_controllers_rules(message, complaint):
    with pytest.raises(FrameError, match=complaint):
        trajectory_waypoints(message, JOINTS, 100 * 10**9)


def test_a_trajectory_becomes_waypoints_of_the_head():
    joints = Joints(("a", "b"), (-1, 1))
    message = trajectory(
        (0.5, (0.2, 0.1), (0.3, 0.4)), (1.0, (0.3, 0.2), (0.0, 0.0)), names=("b", "a")
    )
    first, last = trajectory_waypoints(message, joints, 0)
    assert (first.reach_s, first.position) == (0.5, PanTilt(-0.1, 0.2))
    assert first.velocity == PanTilt(-0.4, 0.3)
    assert last.position == PanTilt(-0.2, 0.3) and last.velocity == PanTilt(0.0, 0.0)
    later = trajectory((1.0, (0.0, 0.0), ()), stamp=101)
    (point,) = trajectory_waypoints(later, JOINTS, 100 * 10**9)
    assert point.reach_s == pytest.approx(2.0)


@pytest.mark.parametrize(
    "wrong, complaint",
    [
        ({"pan_sign": 0}, "1 or -1"),
        ({"tilt_joint": "pan"}, "two joints"),
        ({"projection": "rectilinear", "scene_hfov_deg": 200.0}, "at most 170"),
        ({"rate": 0.5}, "needs publish_clock"),
        ({"scene": "none"}, "must be one of"),
    ],
)
def test_parameters_that_contradict_are_refused(wrong, complaint):
    with pytest.raises(ParameterError, match=complaint):
        SimulatorParameters(**wrong)


def test_effort_and_single_accelerations_are_refused():
    point = SimpleNamespace(
        positions=[0.0, 0.0],
        velocities=[],
        accelerations=[0.0],
        effort=[],
        time_from_start=Duration(sec=1),
    )
    message = trajectory((0.1, (0.0, 0.0), ()))
    fake = SimpleNamespace(header=message.header, joint_names=["pan", "tilt"], points=[point])
    with pytest.raises(FrameError, match="accelerations for all joints or none"):
        trajectory_waypoints(fake, JOINTS, 0)
