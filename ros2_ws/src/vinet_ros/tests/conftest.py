# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What all tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings
from made_data import gaze_path, stills, stills_root

# The same cases in every run, so that a change is judged by itself; HYPOTHESIS_PROFILE=search
# draws others each time, to find what no one has thought of.
settings.register_profile("repeat", derandomize=True)
settings.register_profile("search", print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))

__all__ = ["gaze_path", "stills", "stills_root"]


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of small numbers that other programs made; its README says which."""
    return Path(__file__).parent / "golden"
