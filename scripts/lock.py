# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Write requirements/*.lock: resolve the ranges of requirements/*.in with pip, pin every package.

Usage: python scripts/lock.py [NAME ...]   (about three minutes; installs nothing)

A NAME is a lock to make anew, base or ros-kilted for example; without one it is all of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"


def resolve(*arguments: str) -> dict[str, str]:
    """Return name -> version of all that pip would install into an empty environment."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
        command += ["--quiet", "--report", str(report), *arguments]
        subprocess.run(command, check=True)
        items = json.loads(report.read_text())["install"]
    return {name_of(item): version_of(item) for item in items}


def name_of(item: dict[str, dict[str, str]]) -> str:
    """Return the normalised name of one package of pip's report."""
    return item["metadata"]["name"].lower().replace("_", "-")


def version_of(item: dict[str, dict[str, str]]) -> str:
    """Return the version less its local part: the pin 2.13.0 admits the build 2.13.0+cpu."""
    return item["metadata"]["version"].split("+")[0]


def write_lock(name: str, pins: dict[str, str], sources: str) -> Path:
    """Write one lock file, a pin a line, sorted by name."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    header = f"# Pins of {sources}, made by `make lock` with Python {python}; do not edit.\n"
    path = REQUIREMENTS / name
    path.write_text(header + "".join(f"{key}=={pins[key]}\n" for key in sorted(pins)))
    print(f"{path.name}: {len(pins)} packages")
    return path


def read_pins(path: Path) -> dict[str, str]:
    """Return name -> version of a lock file; inverse of :func:`write_lock`."""
    lines = (line for line in path.read_text().splitlines() if not line.startswith("#"))
    return dict(line.split("==") for line in lines)


def main() -> int:
    """Lock the base first, then what each ROS distribution adds to it."""
    sources = {path.stem: path for path in sorted(REQUIREMENTS.glob("ros-*.in"))}
    chosen = sys.argv[1:] or ["base", *sources]
    if unknown := set(chosen) - {"base", *sources}:
        there = ", ".join(["base", *sources])
        print(f"no lock is named {', '.join(unknown)}; there are {there}", file=sys.stderr)
        return 2
    base_lock = REQUIREMENTS / "base.lock"
    if "base" in chosen:
        pins = resolve("-r", str(REQUIREMENTS / "run.in"), "-r", str(REQUIREMENTS / "dev.in"))
        write_lock(base_lock.name, pins, "run.in and dev.in")
    base = read_pins(base_lock)
    for name in [name for name in sources if name in chosen]:
        pins = resolve("-r", str(sources[name]), "-c", str(base_lock))
        added = {package: version for package, version in pins.items() if package not in base}
        write_lock(f"{name}.lock", added, f"{name}.in beyond base.lock")
    return 0


if __name__ == "__main__":
    sys.exit(main())
