# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Both packages that are called audio_common_msgs, built by colcon, each into its own prefix."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np

SOURCES = Path(__file__).parents[1] / "data/interfaces"
_SHARED = ("CMakeLists.txt", "package.xml")
_BUILDS = Path(__file__).parents[5] / "build/interfaces"
_UNWANTED = ("PYTHONPATH", "AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH", "LD_LIBRARY_PATH")
# Where the wheels' own build host had its headers; their CMake files still name it.
_HOST = "/opt/python/"


def environment(dialect: str) -> dict[str, str]:
    """Return the environment of a process that has one of the packages, ``bytes`` or ``chunks``.

    It is built if that has not been done with this interpreter and these sources.
    """
    prefix = _built(dialect) / "install/audio_common_msgs"
    (packages,) = prefix.glob("lib/python3*/site-packages")
    known = os.environ.get("AMENT_PREFIX_PATH", "")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(packages), os.environ.get("PYTHONPATH")))),
        "AMENT_PREFIX_PATH": os.pathsep.join(filter(None, (str(prefix), known))),
        "LD_LIBRARY_PATH": os.pathsep.join(
            filter(None, (str(prefix / "lib"), os.environ.get("LD_LIBRARY_PATH")))
        ),
    }


def _built(dialect: str) -> Path:
    files = [*sorted((SOURCES / dialect).glob("msg/*.msg")), *(SOURCES / name for name in _SHARED)]
    told = "".join(f"{path.name}\n{path.read_text()}" for path in files)
    name = hashlib.sha256(f"{sys.prefix}{sys.version}{told}".encode()).hexdigest()[:16]
    folder = _BUILDS / f"{dialect}-{name}"
    done = folder / "built"
    if not done.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        _build(dialect, folder)
        done.touch()
    return folder


def _build(dialect: str, folder: Path) -> None:
    prefix = _prefix(folder)
    source = folder / "src/audio_common_msgs"
    shutil.copytree(SOURCES / dialect, source)
    for name in _SHARED:
        shutil.copy(SOURCES / name, source)
    given = {key: value for key, value in os.environ.items() if key not in _UNWANTED}
    path = os.pathsep.join((str(Path(sys.executable).parent), given.get("PATH", "")))
    given |= {"PATH": path, "AMENT_PREFIX_PATH": prefix, "CMAKE_PREFIX_PATH": prefix}
    command = [sys.executable, "-m", "colcon", "build", "--base-paths", str(source)]
    command += ["--build-base", str(folder / "build"), "--install-base", str(folder / "install")]
    command += ["--cmake-args", "-DBUILD_TESTING=OFF", f"-DPython3_EXECUTABLE={sys.executable}"]
    done = subprocess.run(
        command, env=given, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def _prefix(folder: Path) -> str:
    """Return the prefix of ROS: a sourced one, or that of the wheels with paths that are true."""
    folder.mkdir(parents=True)
    wheels, prefix = Path(sys.prefix), folder / "prefix"
    if not (wheels / "share/rosidl_cmake").is_dir():
        return os.environ["AMENT_PREFIX_PATH"]
    prefix.mkdir()
    for entry in wheels.iterdir():
        if entry.name != "share":
            (prefix / entry.name).symlink_to(entry)
    shutil.copytree(wheels / "share", prefix / "share", symlinks=True)
    headers = {
        rf'{_HOST}[^;"]*?/numpy/_core/include': np.get_include(),
        rf'{_HOST}[^;"]*?/include/python3\.\d+': sysconfig.get_paths()["include"],
    }
    for file in (prefix / "share").glob("*/cmake/*.cmake"):
        text = file.read_text()
        for pattern, true in headers.items():
            text = re.sub(pattern, true, text)
        file.write_text(text)
    return str(prefix)
