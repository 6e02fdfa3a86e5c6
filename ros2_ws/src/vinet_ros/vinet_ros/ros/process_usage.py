# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a process takes of the machine: this one, or another, as Linux tells in /proc."""

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_MIB = 1 << 20
_PROC = Path("/proc")
# Places in /proc/PID/stat after the name, which may itself hold blanks.
_USER_TICKS, _SYSTEM_TICKS, _START_TICKS = 11, 12, 19


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
    statm = _PROC / "self/statm"
    if not statm.exists():
        return 0
    return int(statm.read_text().split()[1]) * _PAGE_BYTES


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a process.

    Args:
        rss_mib: Resident, shared pages included.
        pss_mib: Resident, each shared page divided by the processes that share it.
        private_mib: Resident and of this process alone.
    """

    rss_mib: float
    pss_mib: float
    private_mib: float


def process_memory(pid: int) -> Memory:
    """Return the memory of a process.

    Raises:
        OSError: If there is no such process any more, or it belongs to another user.
    """
    kib: dict[str, int] = {}
    for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]:
        name, _, value = line.partition(":")
        kib[name] = int(value.split()[0])
    private = kib["Private_Clean"] + kib["Private_Dirty"]
    return Memory(kib["Rss"] / 1024, kib["Pss"] / 1024, private / 1024)


@dataclass(frozen=True, slots=True)
class ThreadTime:
    """Processor time of a thread since its start.

    Args:
        name: As the system knows it; a thread has its maker's name until it gets its own.
        cpu_s: User and system time.
        start_ticks: When it started, in the system's ticks.
        waited_s: Time that it was ready to run and had no processor; 0 where the system does
            not tell.
    """

    name: str
    cpu_s: float
    start_ticks: int
    waited_s: float = 0.0


def thread_times(pid: int) -> dict[int, ThreadTime]:
    """Return the living threads of a process, by their numbers.

    Raises:
        OSError: If there is no such process any more.
    """
    threads = {}
    for folder in (_PROC / str(pid) / "task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            thread = _thread_time((folder / "stat").read_text())
            threads[int(folder.name)] = replace(thread, waited_s=_waited_s(folder))
    return threads


def process_cpu_s(pid: int) -> float:
    """Return the processor time of a process, ended threads included.

    Raises:
        OSError: If there is no such process any more.
    """
    return _thread_time((_PROC / str(pid) / "stat").read_text()).cpu_s


def name_thread(name: str) -> None:
    """Let the system know the calling thread by a name of at most 15 letters.

    Python's own names stay inside Python; tools like top, and the benchmark, show these.
    """
    with suppress(OSError):  # no Linux, or no /proc
        (_PROC / "thread-self/comm").write_text(name)


def _waited_s(folder: Path) -> float:
    file = folder / "schedstat"
    return int(file.read_text().split()[1]) / 1e9 if file.exists() else 0.0


def _thread_time(stat: str) -> ThreadTime:
    head, _, tail = stat.rpartition(")")
    fields = tail.split()
    ticks = int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])
    return ThreadTime(head.partition("(")[2], ticks / _TICKS_PER_S, int(fields[_START_TICKS]))
