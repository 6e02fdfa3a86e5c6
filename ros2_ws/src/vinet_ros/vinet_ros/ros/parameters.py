# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A node's parameters live in one frozen dataclass; the ROS parameters are made from it.

Default, range, unit and text are written once, at the field::

    @dataclass(frozen=True, slots=True)
    class SourceParameters:
        rate_hz: float = parameter(30.0, "Frames a second.", low=0.1, high=240.0)

        def __post_init__(self) -> None:
            check_parameters(self)

A node declares them in its constructor (:func:`declare_parameters`), reads them in configure
(:func:`read_parameters`), and refuses bad changes with :func:`refusal`.
"""

import math
import re
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, cast

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node

from vinet_ros.errors import VinetError

Value = bool | int | float | str | tuple[float, ...]
T = TypeVar("T")
_METADATA_KEY = "vinet_ros"
_TYPE_NAMES = {
    bool: "bool",
    int: "integer",
    float: "double",
    str: "string",
    tuple: "double_array",
}


class ParameterError(VinetError, ValueError):
    """A parameter has a value of the wrong type or outside its range."""


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """What is known of one parameter: its name, default, range and text."""

    name: str
    default: Value
    text: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    pattern: str
    read_only: bool

    @property
    def type_name(self) -> str:
        """Return the ROS name of the type: bool, integer, double, string or double_array."""
        return _TYPE_NAMES[type(self.default)]

    @property
    def constraint(self) -> str:
        """Return the range for people, empty where any value of the type will do."""
        if isinstance(self.default, tuple):
            return f"{len(self.default)} finite numbers"
        if self.choices:
            return ", ".join(self.choices)
        if self.low is not None:
            return f"{self.low:g} to {self.high:g}"
        return self.pattern and f"matching {self.pattern}"

    def problem(self, value: object) -> str:
        """Return what is wrong with a value: expected, got; empty when it fits."""
        if isinstance(self.default, tuple):
            fits = _is_vector(value, len(self.default))
            return "" if fits else f"{self.name} must be {self.constraint}, got {value!r}"
        if type(value) is not type(self.default):
            hint = f"; write {value}.0" if self.type_name == "double" and _is_int(value) else ""
            return f"{self.name} must be of type {self.type_name}, got {value!r}{hint}"
        if self.low is not None and self.high is not None:
            inside = self.low <= value <= self.high  # type: ignore[operator]
            return "" if inside else f"{self.name} must be {self.constraint}, got {value}"
        if self.choices and value not in self.choices:
            return f"{self.name} must be one of {self.constraint}; got {value!r}"
        if self.pattern and not re.fullmatch(self.pattern, str(value)):
            return f"{self.name} must be {self.constraint}; got {value!r}"
        return ""


def parameter(
    default: Value,
    text: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Iterable[str] = (),
    pattern: str = "",
    read_only: bool = False,
) -> Any:
    """Return a dataclass field that is also a ROS parameter.

    Args:
        default: Default value; its type is the parameter's type.
        text: One or two sentences for people, with the unit.
        low: Smallest allowed number; given together with ``high``.
        high: Largest allowed number.
        choices: All allowed strings.
        pattern: Regular expression that a string must match as a whole.
        read_only: Whether it may only change while the node is unconfigured.
    """
    if (low is None) != (high is None):
        raise ValueError(f"a range needs low and high, got low={low}, high={high}")
    meta = {
        "text": text,
        "low": low,
        "high": high,
        "choices": tuple(choices),
        "pattern": pattern,
        "read_only": read_only,
    }
    return field(default=default, metadata={_METADATA_KEY: meta})


def parameter_specs(parameters: type | object) -> tuple[ParameterSpec, ...]:
    """Return the specs of a parameter dataclass, or of an instance, in their order."""
    return tuple(
        ParameterSpec(name=f.name, default=cast(Value, f.default), **f.metadata[_METADATA_KEY])
        for f in fields(parameters)  # type: ignore[arg-type]
        if _METADATA_KEY in f.metadata
    )


def check_parameters(parameters: object) -> None:
    """Raise ParameterError naming every value that is of the wrong type or out of range."""
    specs = parameter_specs(parameters)
    problems = [text for s in specs if (text := s.problem(getattr(parameters, s.name)))]
    if problems:
        raise ParameterError("; ".join(problems))


def declare_parameters(node: Node, parameters: type) -> None:
    """Declare every field of a parameter dataclass at a node, with range and text.

    Raises:
        ParameterError: If a value from the command line or a YAML file does not fit.
    """
    for spec in parameter_specs(parameters):
        try:
            node.declare_parameter(spec.name, spec.default, _descriptor(spec))
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            expected = f"{spec.type_name} {spec.constraint}".strip()
            raise ParameterError(f"parameter {spec.name} expects {expected}; {error}") from error


def read_parameters(node: Node, parameters: type[T]) -> T:
    """Return the declared parameters of a node as their dataclass.

    Raises:
        ParameterError: If a value does not fit.
    """
    names = [spec.name for spec in parameter_specs(parameters)]
    return parameters(**{name: _plain(node.get_parameter(name).value) for name in names})


def refusal(parameters: type, changes: Mapping[str, object], *, configured: bool) -> str:
    """Return why a set of parameter changes cannot be accepted; empty when it can.

    Args:
        parameters: The parameter dataclass.
        changes: New values by name; names that the dataclass lacks are let through.
        configured: Whether the node is configured, so that read-only ones may not change.
    """
    reasons = []
    for spec in parameter_specs(parameters):
        if spec.name not in changes:
            continue
        if configured and spec.read_only:
            reasons.append(f"{spec.name} can only change while the node is unconfigured")
        elif problem := spec.problem(changes[spec.name]):
            reasons.append(problem)
    return "; ".join(reasons)


def contradiction(node: Node, parameters: type, changes: Mapping[str, object]) -> str:
    """Return how a node's parameters would contradict each other after changes; or nothing.

    Args:
        node: The node, with all of them declared.
        parameters: The parameter dataclass.
        changes: New values by name; names that the dataclass lacks do not count.
    """
    specs = parameter_specs(parameters)
    values = {spec.name: _plain(node.get_parameter(spec.name).value) for spec in specs}
    ours = {name: _plain(value) for name, value in changes.items() if name in values}
    try:
        parameters(**{**values, **ours})
    except ParameterError as error:
        return str(error)
    return ""


def _descriptor(spec: ParameterSpec) -> ParameterDescriptor:
    constraint = "" if spec.low is not None else spec.constraint
    read_only = "changes only while unconfigured" if spec.read_only else ""
    descriptor = ParameterDescriptor(
        name=spec.name,
        description=spec.text,
        additional_constraints="; ".join(filter(None, (constraint, read_only))),
    )
    if spec.low is None or spec.high is None:
        return descriptor
    if spec.type_name == "integer":
        whole = IntegerRange(from_value=int(spec.low), to_value=int(spec.high), step=1)
        descriptor.integer_range = [whole]
    else:
        real = FloatingPointRange(from_value=float(spec.low), to_value=float(spec.high))
        descriptor.floating_point_range = [real]
    return descriptor


def _plain(value: Any) -> Any:
    """Return a value as the dataclass has it: rclpy gives arrays of numbers as its own kinds."""
    return tuple(value) if isinstance(value, array | list) else value


def _is_vector(value: object, length: int) -> bool:
    if not isinstance(value, array | list | tuple) or len(value) != length:
        return False
    return all(isinstance(number, float) and math.isfinite(number) for number in value)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
