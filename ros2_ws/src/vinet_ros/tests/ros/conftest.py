# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Real nodes over real DDS, each test in a domain of its own."""

import itertools
import os
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import rclpy
from head_bench import HeadBench
from node_bench import Bench
from source_bench import play, viewer

__all__ = ["play", "viewer"]

PACKAGE = Path(__file__).parents[2]
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ["FASTDDS_DEFAULT_PROFILES_FILE"] = str(PACKAGE / "config/fastdds_large_images.xml")
if version("rclpy").startswith("7."):  # Jazzy's Fast DDS knows the variable by its old name
    os.environ["FASTRTPS_DEFAULT_PROFILES_FILE"] = os.environ["FASTDDS_DEFAULT_PROFILES_FILE"]

with warnings.catch_warnings():  # its parser uses a module that Python 3.11 deprecates
    warnings.simplefilter("ignore", DeprecationWarning)
    import rosidl_generator_py  # noqa: F401

_domains = itertools.count(os.getpid())


@pytest.fixture
def domain_id() -> int:
    """A ROS domain that no other test of this process uses, 1 to 100."""
    return 1 + next(_domains) % 100


@pytest.fixture
def bench(domain_id: int) -> Iterator["Bench"]:
    """ROS is up, with a node to test others from."""
    rclpy.init(domain_id=domain_id)
    bench = Bench()
    try:
        yield bench
    finally:
        bench.close()
        rclpy.try_shutdown()


@pytest.fixture
def head(domain_id: int) -> Iterator["HeadBench"]:
    """ROS is up, with a head and its camera to test gaze_controller with."""
    rclpy.init(domain_id=domain_id)
    bench = HeadBench()
    try:
        yield bench
    finally:
        bench.close()
        rclpy.try_shutdown()
