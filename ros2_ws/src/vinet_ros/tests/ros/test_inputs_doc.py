# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""docs/inputs.md names exactly the encodings that are taken."""

import re
from pathlib import Path

import pytest

from vinet_ros.encodings import ENCODINGS

DOC = Path(__file__).parents[5] / "docs" / "inputs.md"


@pytest.mark.skipif(not DOC.is_file(), reason="the documentation is not installed")
def test_the_table_of_encodings_is_complete():
    raw = DOC.read_text().split("## Raw")[1].split("Not taken")[0]
    rows = [line.split("|")[1] for line in raw.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`(\w+)`", "".join(rows))) == sorted(ENCODINGS)
