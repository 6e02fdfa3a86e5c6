# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Launch files against the code: executables, parameters, remappings and files that exist."""

import ast
import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from sensor_msgs.msg import Image
from visualization_msgs.msg import MarkerArray

from vinet_ros.ros import saliency_outputs
from vinet_ros.ros.diagnostic_markers import DIAGNOSTIC_MARKERS
from vinet_ros.ros.gaze_markers import HEAD_MARKERS
from vinet_ros.ros.head_camera import HEAD_CAMERA
from vinet_ros.ros.parameter_docs import NODES
from vinet_ros.ros.saliency_parameters import SaliencyParameters

PACKAGE = Path(__file__).parents[2]
LAUNCH_FILES = sorted((PACKAGE / "launch").glob("*.launch.py"))
# Each of saliency_nodes is a saliency_node.
PARAMETERS = {**NODES, "saliency_nodes": SaliencyParameters}
INPUTS = {"image", "camera_info"}
OUTPUTS = {output.topic for output in saliency_outputs.OUTPUTS}
OUTPUTS |= {DIAGNOSTIC_MARKERS, HEAD_MARKERS}
RVIZ = json.loads((PACKAGE / "tests/data/rviz_classes.json").read_text())["classes"]


@pytest.fixture(params=LAUNCH_FILES, ids=lambda path: path.name)
def tree(request: pytest.FixtureRequest) -> ast.Module:
    """The syntax tree of a launch file: there is no launch package here to run it with."""
    return ast.parse(request.param.read_text())


def nodes(tree: ast.Module) -> Iterator[dict[str, ast.expr]]:
    """Yield the keyword arguments of every Node(...)."""
    for call in ast.walk(tree):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Name)
            and call.func.id == "Node"
        ):
            assert not call.args
            yield {str(keyword.arg): keyword.value for keyword in call.keywords}


def named_dictionaries(tree: ast.Module) -> dict[str, ast.Dict]:
    """Return the dictionaries that are assigned to names."""
    return {
        statement.targets[0].id: statement.value
        for statement in ast.walk(tree)
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and isinstance(statement.value, ast.Dict)
    }


def strings(tree: ast.AST) -> list[str]:
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def test_there_are_launch_files() -> None:
    assert "saliency.launch.py" in [path.name for path in LAUNCH_FILES]


def test_only_launch_and_ament_index_are_imported(tree: ast.Module) -> None:
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(str(node.module))
    assert {m.split(".")[0] for m in modules} <= {"launch", "launch_ros", "ament_index_python"}
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert functions[0] == "generate_launch_description"


def test_executables_are_those_that_setup_installs(tree: ast.Module) -> None:
    setup = (PACKAGE / "setup.py").read_text()
    for node in nodes(tree):
        package, executable = node["package"].value, node["executable"].value
        if package == "vinet_ros":
            assert f'"{executable} = vinet_ros.ros.{executable}:main"' in setup
        else:
            assert (package, executable) == ("rviz2", "rviz2")


def test_parameters_are_those_that_the_nodes_declare(tree: ast.Module) -> None:
    checked = 0
    for node in nodes(tree):
        if "parameters" not in node:
            continue
        declared = {field.name for field in fields(PARAMETERS[node["executable"].value])}
        for entry in node["parameters"].elts:
            if isinstance(entry, ast.Dict):
                given = {key.value for key in entry.keys}
            elif isinstance(entry, ast.Name):  # the overrides that were given on the command line
                given = {key.value for key in named_dictionaries(tree)["overrides"].keys}
            else:
                continue
            assert given <= declared
            checked += len(given)
    assert checked >= 3


@pytest.mark.parametrize("name", ["simulation", "saliency"])
def test_a_heads_camera_gets_what_it_needs(name: str) -> None:
    tree = ast.parse((PACKAGE / f"launch/{name}.launch.py").read_text())
    assert ast.literal_eval(named_dictionaries(tree)["steady"]) == HEAD_CAMERA
    (saliency,) = (n for n in nodes(tree) if n["executable"].value == "saliency_node")
    given = {entry.id for entry in saliency["parameters"].elts if isinstance(entry, ast.Name)}
    assert given & {"steady", "turning"}
    assert "gaze_controller" in {n["executable"].value for n in nodes(tree)}


def test_nodes_start_in_the_enclaves_of_the_policy(tree: ast.Module) -> None:
    """Without DDS security an enclave changes nothing; with it, this one holds the node's keys."""
    policy = ElementTree.parse(PACKAGE / "config/sros2_policy.xml").getroot()
    enclaves = {enclave.get("path") for enclave in policy.iter("enclave")}
    for node in nodes(tree):
        if node["package"].value == "vinet_ros":
            option, enclave = ast.literal_eval(node["ros_arguments"])
            assert option == "--enclave" and enclave in enclaves
            assert node["executable"].value.rstrip("s") == enclave.rpartition("/")[2]


def test_remappings_are_of_topics_that_exist(tree: ast.Module) -> None:
    lists = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.keyword)
        and (node.targets[0].id if isinstance(node, ast.Assign) else node.arg) == "remappings"
        and isinstance(node.value, ast.List)
    ]
    topics = [pair.elts[0].value for remappings in lists for pair in remappings.elts]
    assert {topic.lstrip("/") for topic in topics} <= INPUTS | OUTPUTS
    assert set(topics) >= INPUTS


def test_files_that_are_named_are_shipped(tree: ast.Module) -> None:
    named = [s for s in strings(tree) if s.startswith(("/config", "/rviz", "/launch", "/models"))]
    assert len(named) >= 2
    for path in named:
        assert (PACKAGE / path.lstrip("/")).is_file()
    setup = (PACKAGE / "setup.py").read_text()
    for folder in ("launch", "config", "rviz", "models"):
        assert f'share("{folder}"' in setup


def test_arguments_that_are_used_are_declared(tree: ast.Module) -> None:
    declared = {key.value for key in named_dictionaries(tree)["ARGUMENTS"].keys}
    used = {
        call.args[-1].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("LaunchConfiguration", "chosen", "text")
        and isinstance(call.args[-1], ast.Constant)
    }
    assert used == declared


def test_the_rviz_file_shows_topics_and_classes_that_exist(tree: ast.Module) -> None:
    config = yaml.safe_load((PACKAGE / "rviz/saliency.rviz").read_text())
    manager = config["Visualization Manager"]
    assert {display["Class"] for display in manager["Displays"]} <= set(RVIZ["Display"])
    assert {tool["Class"] for tool in manager["Tools"]} <= set(RVIZ["Tool"])
    assert manager["Views"]["Current"]["Class"] in RVIZ["ViewController"]
    assert manager["Transformation"]["Current"]["Class"] in RVIZ["FrameTransformer"]
    assert {panel["Class"] for panel in config["Panels"]} <= set(RVIZ["Panel"])
    shown = {d["Topic"]["Value"].lstrip("/") for d in manager["Displays"] if "Topic" in d}
    wanted = {"image", "saliency/overlay", "gaze/markers", HEAD_MARKERS, DIAGNOSTIC_MARKERS}
    assert wanted <= shown <= INPUTS | OUTPUTS
    assert all(display["Enabled"] for display in manager["Displays"])
    if "rviz2" in strings(tree):
        remapped = {s for s in strings(tree) if s.startswith("/")}
        assert {f"/{topic}" for topic in shown} <= remapped


def test_displays_of_marker_arrays_are_for_topics_of_them(tree: ast.Module) -> None:
    """A display that gets another type shows nothing but an error in its tree."""
    types = {output.topic: output.message_type for output in saliency_outputs.OUTPUTS}
    types |= {"image": Image, DIAGNOSTIC_MARKERS: MarkerArray, HEAD_MARKERS: MarkerArray}
    config = yaml.safe_load((PACKAGE / "rviz/saliency.rviz").read_text())
    checked = 0
    for display in config["Visualization Manager"]["Displays"]:
        if "Topic" in display:
            topic = display["Topic"]["Value"].lstrip("/")
            assert display["Class"] == f"rviz_default_plugins/{types[topic].__name__}"
            checked += 1
    assert checked >= 5


def test_images_get_the_transport_profile_on_every_distribution(tree: ast.Module) -> None:
    """Each version of Fast DDS knows one of the two variables; a user's own value stays."""
    (variables,) = [
        ast.literal_eval(statement.value)
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id == "PROFILE_VARIABLES"
    ]
    assert set(variables) == {"FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"}
    (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef)][:1]
    (setting,) = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.ListComp) and "PROFILE_VARIABLES" in ast.unparse(node)
    ]
    assert ast.unparse(setting.elt) == (
        "SetEnvironmentVariable(name, EnvironmentVariable(name, default_value=PROFILE))"
    )
    returned = ast.unparse(function.body[-1])
    assert returned.index("*profiles") < returned.index("OpaqueFunction(function=nodes)")


def test_the_transport_profile_is_whole() -> None:
    """An XML that Fast DDS cannot read is ignored by it with no more than a log line."""
    root = ElementTree.parse(PACKAGE / "config/fastdds_large_images.xml").getroot()
    space = {"f": "http://www.eprosima.com"}
    segment = root.find(".//f:transport_descriptor[f:type='SHM']/f:segment_size", space)
    assert segment is not None and int(segment.text) >= 5 * 1920 * 1080 * 3
    offered = {e.text for e in root.findall(".//f:transport_descriptor/f:transport_id", space)}
    used = {e.text for e in root.findall(".//f:userTransports/f:transport_id", space)}
    assert offered == used and len(used) == 2
    participant = root.find(".//f:participant", space)
    assert participant is not None and participant.get("is_default_profile") == "true"
