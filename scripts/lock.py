"""Write requirements/*.lock: resolve the ranges of requirements/*.in with pip, pin every package.

Usage: python scripts/lock.py   (about three minutes; installs nothing)
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


def main() -> None:
    """Lock the base first, then what each ROS distribution adds to it."""
    base = resolve("-r", str(REQUIREMENTS / "run.in"), "-r", str(REQUIREMENTS / "dev.in"))
    base_lock = write_lock("base.lock", base, "run.in and dev.in")
    for ros_in in sorted(REQUIREMENTS.glob("ros-*.in")):
        pins = resolve("-r", str(ros_in), "-c", str(base_lock))
        added = {name: version for name, version in pins.items() if name not in base}
        write_lock(f"{ros_in.stem}.lock", added, f"{ros_in.name} beyond base.lock")


if __name__ == "__main__":
    main()
