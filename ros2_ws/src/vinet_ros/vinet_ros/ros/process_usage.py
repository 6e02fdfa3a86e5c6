"""What this process takes of the machine."""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one moment, the CPU share since the moment before (1 is a whole core)."""

    cpu_share: float
    memory_mib: float
    threads: int


class UsageMeter:
    """Measures the process it runs in."""

    def __init__(self) -> None:
        self._last = (time.monotonic(), time.process_time())

    def read(self) -> Usage:
        """Return the usage; the CPU share is that since the last call."""
        before, now = self._last, (time.monotonic(), time.process_time())
        self._last = now
        elapsed_s = now[0] - before[0]
        share = (now[1] - before[1]) / elapsed_s if elapsed_s > 0 else 0.0
        return Usage(share, resident_bytes() / _MIB, threading.active_count())


def resident_bytes() -> int:
    """Return the resident memory of this process; 0 where the system does not tell."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 0
    return int(statm.read_text().split()[1]) * _PAGE_BYTES
