# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Parameters live in a dataclass; ROS, YAML and docs follow it."""

from dataclasses import dataclass, fields
from pathlib import Path

import pytest
import rclpy
import yaml
from node_bench import Bench
from rclpy.node import Node
from rclpy.parameter import Parameter

from vinet_ros.ros.parameter_docs import NODES, written_files
from vinet_ros.ros.parameters import (
    ParameterError,
    check_parameters,
    declare_parameters,
    parameter,
    parameter_specs,
    read_parameters,
    refusal,
)
from vinet_ros.ros.saliency_parameters import SaliencyParameters

PACKAGE = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Sample:
    """Parameters of every type."""

    rate_hz: float = parameter(30.0, "Rate.", low=0.1, high=240.0)
    depth: int = parameter(5, "Depth.", low=1, high=64, read_only=True)
    mode: str = parameter("raw", "Mode.", choices=("raw", "compressed"))
    device: str = parameter("auto", "Device.", pattern="auto|cuda(:[0-9]+)?")
    enabled: bool = parameter(True, "Enabled.")
    place_m: tuple[float, ...] = parameter((0.0, 0.0, 1.5), "Place.")

    def __post_init__(self) -> None:
        check_parameters(self)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"rate_hz": 0.0}, "rate_hz must be 0.1 to 240, got 0.0"),
        ({"rate_hz": float("nan")}, "rate_hz must be 0.1 to 240, got nan"),
        ({"rate_hz": 10}, "write 10.0"),
        ({"depth": True}, "depth must be of type integer, got True"),
        ({"depth": 65}, "depth must be 1 to 64, got 65"),
        ({"mode": "jpeg"}, "mode must be one of raw, compressed; got 'jpeg'"),
        ({"device": "cuda:"}, "device must be matching"),
        ({"enabled": "yes"}, "enabled must be of type bool, got 'yes'"),
        ({"place_m": (0.0, 1.0)}, "place_m must be 3 finite numbers, got"),
        ({"place_m": (0.0, 1.0, float("inf"))}, "place_m must be 3 finite numbers, got"),
        ({"place_m": "0 0 0"}, "place_m must be 3 finite numbers, got '0 0 0'"),
        ({"depth": 0, "mode": ""}, "depth must be 1 to 64, got 0; mode must be one of"),
    ],
)
def test_values_that_do_not_fit_are_refused_with_the_reason(values, words) -> None:
    with pytest.raises(ParameterError, match=words.replace("(", r"\(")):
        Sample(**values)


def test_a_range_needs_both_ends() -> None:
    with pytest.raises(ValueError, match="low and high"):
        parameter(1.0, "Half a range.", low=0.0)


@pytest.fixture
def node(domain_id: int):
    rclpy.init(domain_id=domain_id)
    overrides = [Parameter("rate_hz", value=15.0), Parameter("mode", value="compressed")]
    node = rclpy.create_node("sample", parameter_overrides=overrides)
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


def test_declared_parameters_come_back_as_their_dataclass(node: Node) -> None:
    declare_parameters(node, Sample)
    assert read_parameters(node, Sample) == Sample(rate_hz=15.0, mode="compressed")
    descriptor = node.describe_parameter("rate_hz")
    assert descriptor.description == "Rate."
    assert descriptor.floating_point_range[0].to_value == 240.0
    assert node.describe_parameter("depth").integer_range[0].from_value == 1
    assert (
        "changes only while unconfigured"
        in node.describe_parameter("depth").additional_constraints
    )
    assert "raw, compressed" in node.describe_parameter("mode").additional_constraints


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("depth", 1000, "parameter depth expects integer 1 to 64"),
        ("rate_hz", 15, "parameter rate_hz expects double"),
    ],
)
def test_overrides_that_do_not_fit_are_named(domain_id: int, name, value, words) -> None:
    rclpy.init(domain_id=domain_id)
    node = rclpy.create_node("sample", parameter_overrides=[Parameter(name, value=value)])
    try:
        with pytest.raises(ParameterError, match=words):
            declare_parameters(node, Sample)
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def test_changes_are_refused_by_state_and_by_value() -> None:
    assert refusal(Sample, {"depth": 6}, configured=False) == ""
    assert "unconfigured" in refusal(Sample, {"depth": 6}, configured=True)
    assert refusal(Sample, {"rate_hz": 1.0, "use_sim_time": True}, configured=True) == ""
    assert "240" in refusal(Sample, {"rate_hz": 241.0}, configured=True)


def test_model_options_are_read() -> None:
    text = "clip_length=16, hierarchies = 2,dropout=0.85,upsampling=transposed,"
    assert SaliencyParameters(model_options=text).options() == {
        "clip_length": 16,
        "hierarchies": 2,
        "dropout": 0.85,
        "upsampling": "transposed",
    }
    assert SaliencyParameters().options() == {}
    for wrong in ("clip_length", "=3", "a="):
        with pytest.raises(ParameterError, match="expects name=value"):
            SaliencyParameters(model_options=wrong).options()


def test_the_hash_and_the_device_have_a_form() -> None:
    SaliencyParameters(weights_sha256="0a" * 32, device="cuda:1")
    with pytest.raises(ParameterError, match="weights_sha256"):
        SaliencyParameters(weights_sha256="0a" * 31)
    with pytest.raises(ParameterError, match="device"):
        SaliencyParameters(device="gpu")


@pytest.mark.parametrize("path", written_files(), ids=lambda path: path.name)
def test_generated_files_are_up_to_date(path: Path) -> None:
    assert path.read_text() == written_files()[path], "run python -m vinet_ros.ros.parameter_docs"


@pytest.mark.parametrize("name", NODES)
def test_the_yaml_file_holds_exactly_the_defaults(name: str) -> None:
    loaded = yaml.safe_load((PACKAGE / "config" / f"{name}.yaml").read_text())
    values = loaded["/**"]["ros__parameters"]
    defaults = {spec.name: spec.default for spec in parameter_specs(NODES[name])}
    values = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}
    assert values == defaults
    assert list(values) == list(defaults)
    assert [type(value) for value in values.values()] == [type(d) for d in defaults.values()]


def test_the_node_declares_exactly_the_dataclass(bench: Bench) -> None:
    node = bench.saliency_node(autostart=False)
    ros_own = {"use_sim_time", "start_type_description_service"}
    declared = {name for name in node.get_parameters_by_prefix("")} - ros_own
    assert declared == {field.name for field in fields(SaliencyParameters)}
