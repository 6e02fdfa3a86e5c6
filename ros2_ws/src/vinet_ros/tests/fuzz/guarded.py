# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Memory with a forbidden page on either side: a read past the data ends the process."""

import ctypes
import mmap


class GuardedMemory:
    """A block between two pages that nobody may read.

    Args:
        capacity: Bytes that payloads may have.
    """

    def __init__(self, capacity: int) -> None:
        page = mmap.PAGESIZE
        self.capacity = -(-capacity // page) * page
        self._map = mmap.mmap(-1, self.capacity + 2 * page)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        libc = ctypes.CDLL(None, use_errno=True)
        for place in (address, address + page + self.capacity):
            if libc.mprotect(ctypes.c_void_p(place), ctypes.c_size_t(page), 0):
                raise OSError(ctypes.get_errno(), "mprotect failed")
        self._block = memoryview(self._map)[page : page + self.capacity]

    def place(self, payload: bytes, *, at_end: bool = True) -> memoryview:
        """Return a copy of the payload that ends, or begins, at a forbidden page."""
        if len(payload) > self.capacity:
            raise ValueError(f"at most {self.capacity} bytes fit, got {len(payload)}")
        start = self.capacity - len(payload) if at_end else 0
        view = self._block[start : start + len(payload)]
        view[:] = payload
        return view

    def beyond(self) -> memoryview:
        """Return a view that includes the first forbidden byte behind the block."""
        page = mmap.PAGESIZE
        return memoryview(self._map)[page : page + self.capacity + 1]
