# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The same work on many items, in processes side by side."""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from vinet_ros.errors import VinetError


def map_in_processes(
    work: Callable[..., Any],
    items: Sequence[tuple[Any, ...]],
    start: Callable[[Any, Any, Any], None],
    setup: Any,
    devices: Sequence[str],
    progress: Callable[..., None],
    advice: str,
) -> list[Any]:
    """Return what the work gives for each item, in the items' order.

    An interrupt (Ctrl-C) ends the processes at once; they say nothing of it themselves.

    Args:
        work: Called in a process with the parts of an item; all of them can be pickled.
        items: At least one.
        start: Called first in each process with `setup`, a queue that gives it its device, and a
            queue for its steps, tuples of what `progress` takes.
        setup: What `start` needs.
        devices: One a process.
        progress: Called here with each step.
        advice: What to do where a process died, for the error.

    Raises:
        VinetError: If a process died.
    """
    context = multiprocessing.get_context("spawn")  # CUDA and OpenMP do not survive a fork
    turns, steps = context.Queue(), context.Queue()
    for device in devices:
        turns.put(device)
    pool = ProcessPoolExecutor(len(devices), context, start, (setup, turns, steps))
    with _relayed(steps, progress):
        try:
            with _deaf_children():
                results = pool.map(work, *zip(*items, strict=True))
            return list(results)
        except BrokenProcessPool as error:
            raise VinetError(f"a process died, perhaps for lack of memory; {advice}") from error
        except KeyboardInterrupt:
            steps.cancel_join_thread()  # one that ends now may hold the queue's lock for good
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Let processes that start now not hear Ctrl-C, which a terminal sends to all of them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _relayed(steps: Any, progress: Callable[..., None]) -> Iterator[None]:
    """Hand the processes' steps to the progress bar of this one."""

    def relay() -> None:
        for step in iter(steps.get, None):
            progress(*step)

    thread = threading.Thread(target=relay, daemon=True)
    thread.start()
    try:
        yield
    finally:
        steps.put(None)
        thread.join(timeout=10)
