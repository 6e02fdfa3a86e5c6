# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Whether a tensor's sizes are there to be checked."""

from torch import Tensor


def are_known(x: Tensor) -> bool:
    """Tell whether all sizes are numbers; while a network is traced or exported, some are symbols.

    A check of such sizes would fix them, or fail.
    """
    return all(isinstance(size, int) for size in x.shape)
