# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The first SIGINT or SIGTERM ends a process of ours; more of them change nothing."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


def end_on_signals() -> None:
    """Raise KeyboardInterrupt on the first SIGINT or SIGTERM, and be deaf to more.

    For a process that has told rclpy to leave the signals alone.
    """
    signal.signal(signal.SIGINT, _raise_once)
    signal.signal(signal.SIGTERM, _raise_once)


def _raise_once(signal_number: int, frame: FrameType | None) -> None:
    # What was started is ended after the first one; a second must not break that off.
    signal.signal(signal.SIGINT, deaf)
    signal.signal(signal.SIGTERM, deaf)
    raise KeyboardInterrupt


def interrupt_once(signal_number: int, frame: FrameType | None) -> None:
    """End a process on its first SIGINT, and be deaf to more."""
    # A terminal and ros2 launch send one each; the second must not break the clean end.
    signal.signal(signal.SIGINT, deaf)
    # rclpy has heard it too and ends its spinning by itself; thrown into the middle of its own
    # work, the exception would leave half-made objects, or come out as another error: where it
    # makes a message, the interrupted frame is that of the message's own module.
    if not _works_for_rclpy(frame):
        raise KeyboardInterrupt


@contextmanager
def held_back() -> Iterator[None]:
    """Let SIGINT and SIGTERM act only after the work within, for work that must not be torn.

    Only the main thread hears signals in Python; in others this does nothing. Handlers that were
    not installed from Python stay as they are.
    """
    heard: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if threading.current_thread() is not threading.main_thread():
        before.clear()
    held = {number: handler for number, handler in before.items() if handler is not None}
    try:
        for number in held:
            signal.signal(number, lambda signal_number, frame: heard.append(signal_number))
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
        for signal_number in heard:
            signal.raise_signal(signal_number)


def deaf(signal_number: int, frame: FrameType | None) -> None:
    """Hear a signal and do nothing.

    Unlike SIG_IGN this may take over at any moment: a signal that Python has noted and not yet
    handled would meet SIG_IGN as an error, printed with a traceback.
    """


def _works_for_rclpy(frame: FrameType | None) -> bool:
    """Whether rclpy is nearer to a frame than this package, from the inside out."""
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in ("rclpy", "vinet_ros"):
            return package == "rclpy"
        frame = frame.f_back
    return False
