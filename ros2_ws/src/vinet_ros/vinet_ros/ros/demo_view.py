# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The demo's live display: a progress bar and a line of figures, or plain lines."""

from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.text import Text

from vinet_ros.ros.demo_state import DemoState

_PLAIN_PERIOD_S = 2.0


class DemoView:
    """Shows the state while it changes; use it as a context.

    Args:
        console: Where to; what is no terminal gets a plain line every two seconds.
        title: What is played.
        total_s: Its length in seconds.
    """

    def __init__(self, console: Console, title: str, total_s: float) -> None:
        self._console = console
        self._title = title
        self._total_s = total_s
        self._last_plain_s: float | None = None
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TextColumn("{task.completed:.1f} / {task.total:.1f} s"),
            console=console,
            auto_refresh=False,
            expand=True,
        )
        self._task = self._progress.add_task(title, total=total_s)
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> "DemoView":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, state: DemoState, now_s: float) -> None:
        """Show the state as it is now."""
        played_s = min(state.played_s(), self._total_s)
        if self._live is not None:
            self._progress.update(self._task, completed=played_s)
            self._live.update(Group(self._progress, Text(figures(state, now_s))), refresh=True)
        elif self._last_plain_s is None or now_s - self._last_plain_s >= _PLAIN_PERIOD_S:
            self._last_plain_s = now_s
            share = played_s / self._total_s if self._total_s else 0.0
            line = f"{self._title} {share:4.0%}  {figures(state, now_s)}"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def figures(state: DemoState, now_s: float) -> str:
    """Return the line of figures: rate, latency, gaze, model and device."""
    gaze, latency_ms = state.gaze, state.recent_latency_ms()
    if gaze is None:
        return f"waiting for the first gaze  |  {state.engine()}"
    latency = f"{latency_ms:.0f} ms" if latency_ms is not None else "-"
    return (
        f"{state.rate_hz(now_s):.1f} gaze/s  {latency}  |  pixel {gaze.u:.0f}, {gaze.v:.0f}  "
        f"pan {gaze.pan_deg:+.1f} deg  tilt {gaze.tilt_deg:+.1f} deg  |  {state.engine()}"
    )
