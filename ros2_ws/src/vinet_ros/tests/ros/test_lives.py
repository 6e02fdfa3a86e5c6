# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Lives of a node leave nothing behind: memory, threads and open files stay as they are."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

LIVES = int(os.environ.get("VINET_LIVES", "15"))
"""VINET_LIVES=100 takes some minutes; measured figures are in docs/performance.md."""
SETTLED = 5
"""What is made once and kept, as the traced graphs, is there by then."""
LEAK_MIB = 2.5
"""Of one life: a fifth of the network; on a busy machine single lives differ by six."""


@pytest.mark.system
@pytest.mark.timeout(120 * LIVES)
def test_lives_leave_nothing_behind(domain_id: int, tmp_path: Path) -> None:
    script = Path(__file__).with_name("lives.py")
    done = subprocess.run(
        [sys.executable, str(script), str(LIVES)],
        env={**os.environ, "ROS_DOMAIN_ID": str(domain_id), "ROS_LOG_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lives = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(lives) == LIVES
    settled = lives[SETTLED - 1 :]
    for what in ("threads", "files"):
        assert least(settled[-5:], what) <= least(settled[:5], what), lives
    # What stays of each life grows with each life. The allocator's own steps, up or down by ten
    # MiB once in a while, do not: the median of the growths is blind to them.
    growths = [after["memory_mib"] - before["memory_mib"] for before, after in pairwise(settled)]
    assert median(growths) < LEAK_MIB, lives


def least(lives: list[dict[str, float]], what: str) -> float:
    return min(life[what] for life in lives)
