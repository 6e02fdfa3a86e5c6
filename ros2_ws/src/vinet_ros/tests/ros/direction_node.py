# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A saliency_node that looks where it is bright: python direction_node.py --ros-args ..."""

import sys
from typing import Any

from bright_spot import Loader

from vinet_ros.ros.running import run_node
from vinet_ros.ros.saliency_node import SaliencyNode

# Its network rightly takes no made sound for a voice: the energy gate it is.
sys.modules["silero_vad"] = None  # type: ignore[assignment]


class Node(SaliencyNode):
    """With a network of the tests."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(Loader(), **arguments)


if __name__ == "__main__":
    raise SystemExit(run_node(Node, sys.argv))
