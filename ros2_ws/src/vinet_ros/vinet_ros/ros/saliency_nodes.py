# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""saliency_nodes: several cameras in one process, one network for all of them."""

import argparse
import re
import sys
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from rclpy.utilities import remove_ros_args

from vinet_ros.ros.model_setup import LoadModel, SharedLoader
from vinet_ros.ros.node_threads import run_nodes
from vinet_ros.ros.saliency_node import SaliencyNode
from vinet_ros.runtime.select import MOST_TOGETHER

_NAMESPACE = re.compile(r"/?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*")


def main(args: Sequence[str] | None = None) -> int:
    """Run a saliency_node for each camera; return the exit code."""
    words = list(sys.argv if args is None else args)
    given = _parser().parse_args(remove_ros_args(words)[1:])
    loader = SharedLoader(given.together)
    base = process_namespace(words)
    namespaces = [camera_namespace(base, camera) for camera in given.cameras]
    makers = [partial(camera_node, loader.for_user(name), name) for name in namespaces]
    return run_nodes(makers, words)


def process_namespace(words: Sequence[str]) -> str:
    """Return the namespace that the command line gives to all nodes of the process.

    ROS itself would give it to each node in place of the node's own.
    """
    rules = [
        rule.partition(":=")[2]
        for option, rule in pairwise(words)
        if option in ("-r", "--remap") and rule.startswith(("__ns:=", "saliency_node:__ns:="))
    ]
    return rules[0] if rules else "/"


def camera_namespace(base: str, camera: str) -> str:
    """Return a camera's whole namespace: its name below the base, or as it is with a slash.

    >>> camera_namespace("/robot", "left"), camera_namespace("/robot", "/other/left")
    ('/robot/left', '/other/left')
    """
    return camera if camera.startswith("/") else f"/{base.strip('/')}/{camera}".replace("//", "/")


def camera_node(load: LoadModel, namespace: str, **arguments: Any) -> SaliencyNode:
    """Make the node of one camera in its namespace, whatever the process's namespace is.

    Args:
        load: Builds or shares its network.
        namespace: The whole of it, e.g. /robot/left.
        **arguments: Those of rclpy's Node.
    """
    # A rule of the node's own, because one for the whole process would replace `namespace`.
    rule = ["--ros-args", "-r", f"__ns:={namespace}"]
    return SaliencyNode(load, namespace=namespace, cli_args=rule, **arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="saliency_nodes",
        description="Run a saliency_node for each of several cameras in one process, with one "
        "network for all that ask for the same.",
        epilog="ROS arguments follow after --ros-args.",
    )
    parser.add_argument(
        "--cameras",
        nargs="+",
        required=True,
        type=_namespace,
        action=_Distinct,
        metavar="NAME",
        help="namespaces, one a camera: `left right` gives /left/saliency_node with /left/image",
    )
    parser.add_argument(
        "--together",
        type=int,
        default=0,
        choices=range(MOST_TOGETHER + 1),
        metavar="N",
        help="windows that go through the network together at most; 1: one by one; "
        f"0 (default): up to {MOST_TOGETHER} where a measurement at the start says that it pays",
    )
    return parser


def _namespace(name: str) -> str:
    if not _NAMESPACE.fullmatch(name):
        raise argparse.ArgumentTypeError(
            f"expected a name for a ROS namespace such as left or arm/wrist, got {name!r}"
        )
    return name


class _Distinct(argparse.Action):
    """Refuses a list in which a name stands twice."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Store the list."""
        names = list(values) if isinstance(values, list) else []
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            parser.error(f"argument --cameras: given twice: {', '.join(twice)}")
        setattr(namespace, self.dest, names)


if __name__ == "__main__":
    raise SystemExit(main())
