# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The SROS2 policy against its schema, and against what the running nodes have on the network."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import audio_packages
import pytest
import sound_server
from bright_spot import Loader
from made_bags import compressed, write_bag
from made_clips import write_clip
from mic_bench import Bench as Microphone
from node_bench import Bench
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo

from vinet_ros.ros.gaze_controller import GazeController
from vinet_ros.ros.gaze_parameters import OUTPUT_MODES
from vinet_ros.ros.pan_tilt_simulator import PanTiltSimulator
from vinet_ros.ros.parameter_docs import NODES
from vinet_ros.ros.saliency_node import SaliencyNode
from vinet_ros.ros.source_node import SourceNode

HERE = Path(__file__).parent
POLICY = HERE.parents[1] / "config" / "sros2_policy.xml"
# Of a policy's attributes: the direction, and rclpy's query for what a node has in it.
DIRECTIONS = {
    "publish": "get_publisher_names_and_types_by_node",
    "subscribe": "get_subscriber_names_and_types_by_node",
    "reply": "get_service_names_and_types_by_node",
    "request": "get_client_names_and_types_by_node",
}
# Policy schema 0.2.0 (policy.xsd of ros2/sros2): element, its attributes, what it may contain.
SCHEMA = {
    "policy": ({"version"}, {"enclaves"}),
    "enclaves": (set(), {"enclave"}),
    "enclave": ({"path"}, {"profiles"}),
    "profiles": (set(), {"profile"}),
    "profile": ({"ns", "node"}, {"topics", "services"}),
    "topics": ({"publish", "subscribe"}, {"topic"}),
    "services": ({"reply", "request"}, {"service"}),
    "topic": (set(), set()),
    "service": (set(), set()),
}
CHOSEN = {"topics", "services"}  # attributes of these are optional, of the others required


@pytest.fixture(scope="module")
def policy() -> ElementTree.Element:
    return ElementTree.parse(POLICY).getroot()


def profile_of(policy: ElementTree.Element, node: str) -> ElementTree.Element:
    (profile,) = policy.findall(f"enclaves/enclave[@path='/vinet_ros/{node}']/profiles/profile")
    return profile


def granted(profile: ElementTree.Element, namespace: str) -> dict[str, set[str]]:
    """Return the resolved names that a profile allows in each direction."""
    names: dict[str, set[str]] = {direction: set() for direction in DIRECTIONS}
    prefix = namespace.rstrip("/")
    for rules in profile:
        for direction in rules.attrib:
            for rule in rules:
                name = str(rule.text)
                if name.startswith("~"):
                    name = f"{prefix}/{profile.get('node')}{name[1:]}"
                elif not name.startswith("/"):
                    name = f"{prefix}/{name}"
                names[direction].add(name)
    return names


def test_it_keeps_to_the_schema(policy) -> None:
    assert policy.tag == "policy" and policy.get("version") == "0.2.0"
    for element in policy.iter():
        attributes, children = SCHEMA[element.tag]
        assert set(element.attrib) <= attributes, element.tag
        assert element.attrib if element.tag in CHOSEN else set(element.attrib) == attributes
        assert {child.tag for child in element} <= children
        assert len(element) > 0 or not children, f"{element.tag} is empty"
        if element.tag in CHOSEN:
            assert set(element.attrib.values()) <= {"ALLOW", "DENY"}


def test_names_are_whole_and_allowed_once(policy) -> None:
    for profile in policy.iter("profile"):
        for direction in DIRECTIONS:
            names = [
                str(rule.text)
                for rules in profile
                if rules.get(direction) == "ALLOW"
                for rule in rules
            ]
            assert len(names) == len(set(names))
            assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz_/~") for name in names), (
                "a wildcard allows what nobody thought of"
            )


def test_every_node_has_its_enclave(policy) -> None:
    assert {f"/vinet_ros/{node}" for node in NODES} == {
        enclave.get("path") for enclave in policy.iter("enclave")
    }
    for node in NODES:
        profile = profile_of(policy, node)
        assert (profile.get("ns"), profile.get("node")) == ("/", node)


def offered(bench: Bench, node: str, namespace: str) -> dict[str, set[str]]:
    """Return what the DDS graph knows of a node."""
    return {
        direction: {name for name, _ in getattr(bench.node, query)(node, namespace)}
        for direction, query in DIRECTIONS.items()
    }


def within(namespace: str, names: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return names as they would be without the namespace."""
    return {
        direction: {name.removeprefix(namespace.rstrip("/")) for name in found}
        for direction, found in names.items()
    }


def made(bench: Bench, node_class: Any, namespace: str, **parameters: Any) -> Any:
    """Return a node of the bench, in a namespace."""
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    load = {"load": Loader()} if node_class is SaliencyNode else {}
    node = node_class(namespace=namespace, parameter_overrides=overrides, **load)
    bench.nodes.append(node)
    bench.executor.add_node(node)
    return node


def saliency_nodes(bench: Bench, folder: Path) -> Iterator[str]:
    """Make saliency_node in every way that changes its topics; yield its namespaces."""
    ways = {"/raw": {}, "/compressed": {"image_transport": "compressed"}}
    ways["/robot/clocked"] = {"use_sim_time": True}
    for namespace, parameters in ways.items():
        node = made(bench, SaliencyNode, namespace, **parameters)
        bench.spin_until(lambda node=node: node.state == "active")
        yield namespace
    # Each package of sound messages needs a process of its own.
    for dialect, topic in (("chunks", "audio"), ("bytes", "audio_info")):
        with listening(dialect, bench.node.context.get_domain_id()):
            namespace = f"/{dialect}"
            topics = {f"{namespace}/{topic}", f"{namespace}/joint_states"}
            bench.spin_until(lambda n=namespace, t=topics: listens(bench, n, t))
            yield namespace


def listens(bench: Bench, namespace: str, topics: set[str]) -> bool:
    """Return whether a saliency_node of another process is known to listen to topics."""
    if ("saliency_node", namespace) not in bench.node.get_node_names_and_namespaces():
        return False
    return topics <= offered(bench, "saliency_node", namespace)["subscribe"]


@contextmanager
def listening(dialect: str, domain_id: int) -> Iterator[None]:
    """A saliency_node that listens to a microphone array, in the namespace of its dialect."""
    words = ["-r", f"__ns:=/{dialect}", "-p", "microphone_spacing_m:=0.06"]
    command = [sys.executable, HERE / "direction_node.py", "--ros-args", *words]
    environment = {**audio_packages.environment(dialect), "ROS_DOMAIN_ID": str(domain_id)}
    node = subprocess.Popen([*command, "-p", "direction_weight:=0.5"], env=environment)
    try:
        yield
    finally:
        node.send_signal(signal.SIGTERM)
        node.wait(30)


def source_nodes(bench: Bench, folder: Path) -> Iterator[str]:
    """Make source_node in every way that changes its topics; yield its namespaces."""
    path = str(write_clip(folder / "clip.mp4", frames=3))
    bag = str(write_bag(folder / "bag", [compressed(0)]))
    ways = {"/clocking": {"publish_clock": True}, "/robot/clocked": {"use_sim_time": True}}
    ways["/compressed"] = {"path": bag}
    for namespace, parameters in ways.items():
        values = {"path": path, "wait_for_subscribers": 1, **parameters}
        made(bench, SourceNode, namespace, **values)
        yield namespace
    answers = bench.node.create_publisher(CameraInfo, "/led/saliency/camera_info", 1)
    made(bench, SourceNode, "/led", path=path, realtime=False, follow_timeout_s=600.0)
    bench.spin_until(answers.get_subscription_count)
    yield "/led"


def gaze_controllers(bench: Bench, folder: Path) -> Iterator[str]:
    """Make gaze_controller in every way that changes its topics; yield its namespaces."""
    ways: dict[str, dict[str, Any]] = {
        f"/{mode}": {"output_mode": mode, "base_frame": "torso"} for mode in OUTPUT_MODES
    }
    ways["/robot/clocked"] = {"use_sim_time": True}
    for namespace, parameters in ways.items():
        node = made(bench, GazeController, namespace, **parameters)
        bench.spin_until(lambda node=node: node.state == "active")
        yield namespace


def simulators(bench: Bench, folder: Path) -> Iterator[str]:
    """Make pan_tilt_simulator in every way that changes its topics; yield its namespaces."""
    path = str(write_clip(folder / "clip.mp4", frames=3))
    ways = {"/clocking": {"publish_clock": True}, "/robot/clocked": {"use_sim_time": True}}
    for namespace, parameters in ways.items():
        made(bench, PanTiltSimulator, namespace, path=path, **parameters)
        yield namespace


def microphones(bench: Bench, folder: Path) -> Iterator[str]:
    """Start microphone_node where the messages are bytes; yield its namespace."""
    if reason := sound_server.missing():
        pytest.skip(f"not installed: {reason}")
    clocked = ("-r", "__ns:=/robot/clocked", "-p", "use_sim_time:=true")
    with Microphone(folder, "bytes", bench.node.context.get_domain_id(), clocked) as room:
        room.node()
        known = bench.node.get_node_names_and_namespaces
        bench.spin_until(lambda: ("microphone_node", "/robot/clocked") in known())
        with suppress(AssertionError):  # what is missing for good, the test tells better
            bench.spin_until(lambda: has_all(bench, "microphone_node", "/robot/clocked"))
        yield "/robot/clocked"


def has_all(bench: Bench, node: str, namespace: str) -> bool:
    """Return whether all that its policy allows a node of another process is known by now."""
    found = offered(bench, node, namespace)
    allowed = granted(profile_of(ElementTree.parse(POLICY).getroot(), node), namespace)
    return all(allowed[direction] <= found[direction] for direction in DIRECTIONS)


MAKERS = {
    "microphone_node": microphones,
    "saliency_node": saliency_nodes,
    "source_node": source_nodes,
    "gaze_controller": gaze_controllers,
    "pan_tilt_simulator": simulators,
}


@pytest.mark.parametrize("node", NODES)
def test_it_allows_what_the_node_has_and_no_more(policy, bench, tmp_path, node) -> None:
    assert node in MAKERS, f"say here how to make {node}, and give it an enclave in {POLICY.name}"
    profile = profile_of(policy, node)
    used: dict[str, set[str]] = {direction: set() for direction in DIRECTIONS}
    for namespace in MAKERS[node](bench, tmp_path):
        found, allowed = offered(bench, node, namespace), granted(profile, namespace)
        assert found["publish"] and found["reply"]
        for direction in DIRECTIONS:
            assert found[direction] <= allowed[direction], f"{direction} is not allowed"
            used[direction] |= within(namespace, found)[direction]
    assert used == granted(profile, "/")


def test_the_check_sees_what_is_missing(policy, bench, tmp_path) -> None:
    namespace = next(saliency_nodes(bench, tmp_path))
    other = granted(profile_of(policy, "source_node"), namespace)
    assert not offered(bench, "saliency_node", namespace)["publish"] <= other["publish"]


def test_a_node_never_starts_unsecured_where_security_is_enforced(tmp_path, domain_id) -> None:
    environment = {
        **os.environ,
        "ROS_DOMAIN_ID": str(domain_id),
        "ROS_SECURITY_ENABLE": "true",
        "ROS_SECURITY_STRATEGY": "Enforce",
        "ROS_SECURITY_KEYSTORE": str(tmp_path),
    }
    command = [sys.executable, "-m", "vinet_ros.ros.source_node", "--ros-args"]
    ended = subprocess.run(
        [*command, "--enclave", "/vinet_ros/source_node"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode != 0
    assert "SECURITY ERROR" in ended.stderr and "enclaves/vinet_ros/source_node" in ended.stderr
