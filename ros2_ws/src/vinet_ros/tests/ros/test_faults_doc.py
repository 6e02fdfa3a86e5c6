# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""docs/faults.md and the tests of faults name the same."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parents[4] / "docs" / "faults.md"


@pytest.mark.skipif(not PAGE.is_file(), reason="the docs are in the checkout only")
def test_every_fault_has_its_test_and_every_test_its_line() -> None:
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    listed = {}
    for section in sections:
        file = re.search(r"`tests/ros/(test_faults_\w+\.py)`", section)
        assert file, section[:60]
        listed[file[1]] = set(re.findall(r"`(test_\w+)`", section))
    written = {
        file.name: {
            node.name
            for node in ast.parse(file.read_text()).body
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        }
        for file in TESTS.glob("test_faults_*.py")
        if file.name != Path(__file__).name
    }
    assert listed == written
