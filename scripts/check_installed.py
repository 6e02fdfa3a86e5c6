# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Start the programs of an installed vinet_ros and wait for a gaze target of its nodes.

Usage: python scripts/check_installed.py INSTALL_FOLDER, in an environment that sources it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

START_S = 180.0
STOP_S = 20.0


def main() -> int:
    """Return 0 when the tool and both nodes run from the installed place."""
    install = Path(sys.argv[1]).resolve()
    programs = install / "lib" / "vinet_ros"
    where = subprocess.run(
        [sys.executable, "-c", "import vinet_ros; print(vinet_ros.__file__)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    if install not in Path(where).resolve().parents:
        print(f"vinet_ros comes from {where}, not from {install}", file=sys.stderr)
        return 1
    subprocess.run([programs / "vinet", "--help"], check=True, stdout=subprocess.DEVNULL)
    profile = install / "share" / "vinet_ros" / "config" / "fastdds_large_images.xml"
    for variable in ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"):
        os.environ[variable] = str(profile)  # each version of Fast DDS knows one of them
    os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    from vinet_ros.ros.demo_options import default_clip

    source = ["--ros-args", "-p", f"path:='{default_clip()}'", "-p", "loop:=true"]
    with tempfile.TemporaryDirectory() as logs, ExitStack() as stack:
        nodes = [
            stack.enter_context(Program(Path(logs), programs / "saliency_node", [])),
            stack.enter_context(Program(Path(logs), programs / "source_node", source)),
        ]
        return wait_for_gaze(nodes) or stop(nodes)


class Program:
    """A program with its output in a log; leaving the context ends it."""

    def __init__(self, logs: Path, program: Path, arguments: list[str]) -> None:
        self.name = program.name
        self._log = logs / f"{self.name}.log"
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def complain(self, what: str) -> int:
        """Print what went wrong, and the program's output; return 1."""
        said = self._log.read_text(errors="replace")
        print(f"{self.name} {what}; it said:\n{said}", file=sys.stderr)
        return 1


def wait_for_gaze(nodes: list[Program]) -> int:
    """Return 0 once a gaze target arrives."""
    import rclpy
    from geometry_msgs.msg import PointStamped

    rclpy.init()
    watcher = rclpy.create_node("install_check")
    targets: list[PointStamped] = []
    watcher.create_subscription(PointStamped, "gaze/target", targets.append, 1)
    limit_s = time.monotonic() + START_S
    try:
        while not targets:
            for node in nodes:
                if node.process.poll() is not None:
                    return node.complain(f"ended with {node.process.returncode}")
            if time.monotonic() > limit_s:
                return nodes[0].complain(f"gave no gaze target in {START_S:.0f} s")
            rclpy.spin_once(watcher, timeout_sec=0.2)
    finally:
        watcher.destroy_node()
        rclpy.try_shutdown()
    return 0


def stop(nodes: list[Program]) -> int:
    """Return 0 if every node ends well at an interrupt."""
    for node in nodes:
        node.process.send_signal(signal.SIGINT)
    for node in nodes:
        try:
            code = node.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            return node.complain(f"did not end in {STOP_S:.0f} s after an interrupt")
        if code != 0:
            return node.complain(f"ended with {code} after an interrupt")
    return 0


if __name__ == "__main__":
    sys.exit(main())
