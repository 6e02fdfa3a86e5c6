# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Arrays out of npz files, each fault as one line that names the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vinet_ros.errors import DataError


def read_columns(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Read one-dimensional arrays of one common length.

    Raises:
        DataError: If the file is missing or damaged, lacks an array, or lengths differ.
    """
    arrays = read_arrays(path, names)
    lengths = {n: a.shape for n, a in arrays.items()}
    if len(set(lengths.values())) > 1 or any(len(s) != 1 for s in lengths.values()):
        raise DataError(f"{path}: arrays must be one-dimensional and of one length, got {lengths}")
    return arrays


def read_arrays(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Read arrays of any shape by name.

    Raises:
        DataError: If the file is missing or damaged or lacks an array.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            lacking = [n for n in names if n not in file]
            if not lacking:
                return {n: file[n] for n in names}
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except Exception:  # numpy and zipfile raise many kinds on a damaged file
        raise DataError(f"{path}: not a readable npz file; get it again") from None
    raise DataError(f"{path}: lacks the arrays {', '.join(lacking)}")
