"""What all tests share."""

from pathlib import Path

import pytest
from made_data import gaze_path, stills, stills_root

__all__ = ["gaze_path", "stills", "stills_root"]


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of small numbers that other programs made; its README says which."""
    return Path(__file__).parent / "golden"
