# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Run `vinet` where there is neither ROS nor a network; started as a program by a test.

Imports of ROS packages fail as on a machine that has none, and so does every socket that would
reach another machine. `vinet` commands come as one JSON list of lists in the arguments.
"""

import importlib.abc
import json
import sys
from socket import AF_UNIX

ROS_PACKAGES = (
    "rclpy", "rosidl_runtime_py", "ament_index_python", "launch", "launch_ros", "sensor_msgs",
    "geometry_msgs", "visualization_msgs", "diagnostic_msgs", "std_msgs", "std_srvs",
    "builtin_interfaces", "rcl_interfaces", "rosgraph_msgs", "lifecycle_msgs", "trajectory_msgs",
)  # fmt: skip
NETWORK_EVENTS = (
    "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname",
    "socket.sendto", "urllib.Request",
)  # fmt: skip


class NoRos(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] in ROS_PACKAGES:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


def refuse_network(event, arguments):
    # Worker processes of one machine talk over sockets in the file system; those stay.
    if event in NETWORK_EVENTS and getattr(arguments[0], "family", None) != AF_UNIX:
        raise OSError(f"no network: {event} {arguments[1:]}")


def run(command):
    from vinet_ros.cli import main

    try:
        main(command)
    except SystemExit as end:
        if end.code:
            raise


if __name__ == "__main__":
    sys.meta_path.insert(0, NoRos())
    sys.addaudithook(refuse_network)
    for command in json.loads(sys.argv[1]):
        run(command)
    loaded = {name.partition(".")[0] for name in sys.modules}.intersection(ROS_PACKAGES)
    assert not loaded, loaded
