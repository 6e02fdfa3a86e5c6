# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The parameter files and tables in the docs, made from the dataclasses.

``python -m vinet_ros.ros.parameter_docs`` writes them anew; a test holds them together.
"""

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path

from vinet_ros.ros.diagnostic_keys import STATUSES
from vinet_ros.ros.gaze_diagnostics import GAZE_STATUSES
from vinet_ros.ros.gaze_parameters import GazeParameters
from vinet_ros.ros.microphone_parameters import MicrophoneParameters
from vinet_ros.ros.parameters import ParameterSpec, Value, parameter_specs
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.ros.simulator_parameters import SimulatorParameters
from vinet_ros.ros.source_parameters import SourceParameters

PACKAGE = Path(__file__).resolve().parents[2]
NODES: dict[str, type] = {
    "saliency_node": SaliencyParameters,
    "gaze_controller": GazeParameters,
    "source_node": SourceParameters,
    "microphone_node": MicrophoneParameters,
    "pan_tilt_simulator": SimulatorParameters,
}
_COMMAND = "python -m vinet_ros.ros.parameter_docs"
_WIDTH = 95
_JUDGEMENT = (
    "Rates are judged as diagnostic_updater's FrequencyStatus does it: no image is an ERROR "
    "(here after 2 s), a rate under `image_rate_min_hz` or over `image_rate_max_hz` by more "
    "than 10 % a WARN, taken over the last ten seconds. Without such bounds the images "
    "themselves tell: by the publishers' numbers, else by the stamps, how many should have "
    "come; under 90 % is a WARN.",
    "",
    "Stamps are judged as its TimeStampStatus does it: zero, more than 1 s in the future or "
    "more than 5 s old is an ERROR, no image to judge by a WARN; least and greatest age are "
    "those since the message before. Different from it, an ERROR stays for ten seconds, zero "
    "and future stamps are dropped, and what comes twice or out of order is named too.",
    "",
    "What can go wrong, what is said then and what it costs: [faults.md](faults.md).",
)


def written_files() -> dict[Path, str]:
    """Return every generated file of the checkout and what it must contain."""
    docs = PACKAGE.parents[2] / "docs"
    files = {PACKAGE / "config" / f"{node}.yaml": parameter_file(node) for node in NODES}
    files[docs / "parameters.md"] = parameter_tables()
    files[docs / "diagnostics.md"] = diagnostic_tables()
    return files


def parameter_file(node: str) -> str:
    """Return a node's YAML file with all defaults, each with its text and range."""
    lines = [
        f"# Parameters of {node} with their defaults. Made by `{_COMMAND}`: edit the dataclass.",
        "/**:",
        "  ros__parameters:",
    ]
    for spec in parameter_specs(NODES[node]):
        words = " ".join(filter(None, (spec.text, _range(spec))))
        lines += textwrap.wrap(words, _WIDTH, initial_indent="    # ", subsequent_indent="    # ")
        lines.append(f"    {spec.name}: {_yaml(spec.default)}")
    return "\n".join(lines) + "\n"


def parameter_tables() -> str:
    """Return the Markdown page with the parameters of every node."""
    lines = ["# Parameters", "", f"Made by `{_COMMAND}`. *ro*: changes only while unconfigured."]
    for node, parameters in NODES.items():
        lines += ["", f"## {node}", "", "| parameter | type | default | range | what |"]
        lines.append("|---|---|---|---|---|")
        lines += [_row(spec) for spec in parameter_specs(parameters)]
    return "\n".join(lines) + "\n"


def diagnostic_tables() -> str:
    """Return the Markdown page with the statuses and keys of the nodes' diagnostics."""
    lines = [
        "# Diagnostics",
        "",
        f"Made by `{_COMMAND}`. Statuses on `/diagnostics`, each named `<node>: <status>`.",
        "A value that does not exist yet is left out; a status without a current value is STALE.",
    ]
    lines += ["", "## saliency_node", "", *_JUDGEMENT, *_key_tables(STATUSES)]
    faults = "What can go wrong, and what the head does then: [gaze_controller.md]"
    lines += ["", "## gaze_controller", "", f"{faults}(gaze_controller.md)."]
    lines += _key_tables(GAZE_STATUSES)
    return "\n".join(lines) + "\n"


def _key_tables(statuses: Mapping[str, Mapping[str, str]]) -> list[str]:
    lines = []
    for status, keys in statuses.items():
        lines += ["", f"### {status}", "", "| key | what |", "|---|---|"]
        lines += [f"| {key} | {text} |" for key, text in keys.items()]
    return lines


def main() -> None:
    """Write all generated files."""
    for path, text in written_files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        print(path)


def _row(spec: ParameterSpec) -> str:
    name = f"{spec.name} (ro)" if spec.read_only else spec.name
    limits = spec.constraint.replace("|", "\\|")
    return f"| {name} | {spec.type_name} | {_yaml(spec.default)} | {limits} | {spec.text} |"


def _range(spec: ParameterSpec) -> str:
    limits = f"[{spec.constraint}]" if spec.constraint else ""
    return " ".join(filter(None, (limits, "Changes only while unconfigured." * spec.read_only)))


def _yaml(value: Value) -> str:
    # JSON's scalars are YAML's, and a float keeps its point, which ROS needs to see.
    return json.dumps(value)


if __name__ == "__main__":
    main()
