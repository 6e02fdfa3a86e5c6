# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Keep freed memory in the process while training on a CPU."""

from __future__ import annotations

import ctypes
import sys

# The options of glibc's mallopt (malloc.h).
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX, _ARENA_MAX = -1, -2, -4, -8


def keep_freed_memory() -> bool:
    """Tell the C library to reuse large blocks instead of giving them back each time.

    A training step allocates the same tens of megabytes again and again; with glibc's defaults
    each comes as fresh pages, and almost half of the CPU time went to the kernel's zeroing them.
    Call it before the first threads start.

    Returns:
        Whether the C library took it; others than glibc need nothing of the kind.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    wishes = ((_ARENA_MAX, 1), (_MMAP_MAX, 0), (_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, 2**28))
    return all([mallopt(option, value) == 1 for option, value in wishes])
