# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A lifecycle node that says why, cleans up after itself and comes back after a failure."""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from vinet_ros.errors import VinetError
from vinet_ros.ros.guard import Callback, guarded

RECOVERY_S = 5.0
"""Time between a failure and the next start by itself; doubled with each failure in a row."""
LONGEST_RECOVERY_S = 60.0
"""The longest such time; a node that was active for longer has recovered."""

_Hook = Callable[[], object]
_ASKED = "asked for"


class ManagedNode(LifecycleNode):
    """Base of the nodes: transitions are methods that do their work or raise.

    An error that a user can mend (VinetError, ValueError) fails a transition: the node stays in
    the state it was in, with the reason in the log and in :attr:`reason`. Any other error leads
    through error processing to unconfigured. rclpy itself would swallow both in silence.

    A node that starts by itself tries again after a failure, at the start and at work
    (:meth:`fail`): after RECOVERY_S, then after ever longer times. A transition that somebody
    else asks for ends that.

    An error in a callback is logged and handed to :meth:`callback_failed`; the node goes on.
    """

    def __init__(self, name: str, **arguments: Any) -> None:
        super().__init__(name, **arguments)
        self.state = "unconfigured"
        self.reason = "started"
        self.failed = False
        self.failures = 0
        self.recoveries = 0
        self._cause = _ASKED
        self._attempts = 0
        self._active_since_s = 0.0
        self._failure: Exception | None = None
        self._failure_guard = self.create_guard_condition(self.look_for_failure)
        self._steady_clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._start_timer: Any = None
        # rclpy drops a wake when another callback raises before its turn.
        self.create_timer(1.0, self.look_for_failure, clock=self._steady_clock)

    def configure(self) -> str:
        """Read the parameters and make what they ask for; return what was made."""
        raise NotImplementedError

    def activate(self) -> str:
        """Start to work; return on what."""
        raise NotImplementedError

    def deactivate(self) -> None:
        """Stop to work; also called after an activate that failed half way."""
        raise NotImplementedError

    def cleanup(self) -> None:
        """Give back what configure made; also called after one that failed half way."""
        raise NotImplementedError

    def transition_done(self) -> None:
        """Take notice of a new state or reason."""

    def callback_failed(self, name: str, error: Exception) -> None:
        """Take notice of an error that a callback did not expect."""
        if self.context.ok():  # after a shutdown, errors of its making are no news
            trace = "".join(traceback.format_exception(error))
            self.get_logger().error(f"{name} failed: {trace}")

    def guarded(self, callback: Callback, name: str) -> Callback:
        """Return a callback whose errors go to :meth:`callback_failed`."""
        return guarded(callback, name, lambda *found: self.callback_failed(*found))

    def create_subscription(
        self, msg_type: Any, topic: str, callback: Callback, *arguments: Any, **options: Any
    ) -> Any:
        """Subscribe; an error in the callback does not end the node."""
        safe = self.guarded(callback, f"the callback of {topic}")
        return super().create_subscription(msg_type, topic, safe, *arguments, **options)

    def create_service(
        self, srv_type: Any, srv_name: str, callback: Callback, **options: Any
    ) -> Any:
        """Serve; an error in the callback does not end the node."""
        safe = self.guarded(callback, f"service {srv_name}")
        return super().create_service(srv_type, srv_name, safe, **options)

    def create_timer(
        self, timer_period_sec: float, callback: Callback, *arguments: Any, **options: Any
    ) -> Any:
        """Call now and then; an error in the callback does not end the node."""
        safe = self.guarded(callback, f"the timer of {timer_period_sec:g} s")
        return super().create_timer(timer_period_sec, safe, *arguments, **options)

    def create_guard_condition(self, callback: Callback, *arguments: Any) -> Any:
        """Call when woken; an error in the callback does not end the node."""
        return super().create_guard_condition(self.guarded(callback, "a wake"), *arguments)

    def start(self, delay_s: float = 0.0) -> None:
        """Configure and activate as soon as the executor spins."""
        self._cancel_start()
        self._start_timer = self.create_timer(
            max(delay_s, 1e-3), self._start_now, clock=self._steady_clock
        )

    def fail(self, error: Exception) -> None:
        """Give up working because of an error; may be called from any thread."""
        if self.context.ok():  # after a shutdown, errors of its making are no news
            self._failure = error
            self._failure_guard.trigger()

    def look_for_failure(self) -> None:
        """Leave the active state where :meth:`fail` was called."""
        if self._failure is None or self.state != "active":
            return
        if time.monotonic() - self._active_since_s > LONGEST_RECOVERY_S:
            self._attempts = 0
        with self._caused_by("a failure at work"):
            self.trigger_deactivate()  # raises the failure there: it is processed as an error
        self._start_again()

    def close(self) -> None:
        """Stop and give back everything, in any state; for the end of the process."""
        self._release()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Make what the parameters ask for."""
        return self._attempt("configure", "inactive", self.configure, self.cleanup)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let publishers publish, then start to work."""

        def activate() -> str:
            self._failure = None
            self._active_since_s = time.monotonic()
            super(ManagedNode, self).on_activate(state)
            return self.activate()

        return self._attempt("activate", "active", activate, self.deactivate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop to work."""

        def deactivate() -> None:
            failure, self._failure = self._failure, None
            if failure is not None:
                raise failure
            self.deactivate()
            super(ManagedNode, self).on_deactivate(state)

        failing = self._failure is not None
        return self._attempt("work" if failing else "deactivate", "inactive", deactivate, None)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back what configure made."""
        return self._attempt("cleanup", "unconfigured", self.cleanup, None)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop for good."""
        return self._attempt("shutdown", "finalized", self._release, None)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back everything, so that the node can be configured again."""
        reason = self.reason
        try:
            self._release()
            super().on_deactivate(state)
        except Exception:
            if self.context.ok():
                self.get_logger().fatal(f"could not clean up: {traceback.format_exc()}")
            self._note("finalized", reason, failed=True)
            return TransitionCallbackReturn.FAILURE
        self._note("unconfigured", reason, failed=True)
        if self.context.ok():
            self.get_logger().info(f"unconfigured: {reason}")
        return TransitionCallbackReturn.SUCCESS

    def _attempt(
        self, name: str, goal: str, hook: _Hook, undo: _Hook | None
    ) -> TransitionCallbackReturn:
        if self._cause == _ASKED:
            self._cancel_start()  # somebody else has taken over
        try:
            result = hook()
        except (VinetError, ValueError) as error:
            return self._broken(name, error) if undo is None else self._undone(name, error, undo)
        except Exception as error:
            return self._broken(name, error)
        self._note(goal, f"{name} ({self._cause}): {result or 'done'}", failed=False)
        self.get_logger().info(f"{goal}: {self.reason}")
        return TransitionCallbackReturn.SUCCESS

    def _undone(self, name: str, error: Exception, undo: _Hook) -> TransitionCallbackReturn:
        self.failures += 1
        self.get_logger().error(f"{name} ({self._cause}) failed: {error}")
        try:
            undo()
        except Exception as worse:
            return self._broken(f"taking back {name}", worse)
        self._note(self.state, f"{name} failed: {error}", failed=True)
        return TransitionCallbackReturn.FAILURE

    def _broken(self, name: str, error: Exception) -> TransitionCallbackReturn:
        if not self.context.ok():  # told to stop meanwhile: what rclpy says then is no fault
            self.get_logger().info(f"{name} was cut short by the shutdown")
            return TransitionCallbackReturn.ERROR
        self.failures += 1
        trace = "".join(traceback.format_exception(error))
        self.get_logger().error(f"{name} ({self._cause}) broke: {trace}")
        self._note(self.state, f"{name} broke: {type(error).__name__}: {error}", failed=True)
        return TransitionCallbackReturn.ERROR

    def _note(self, state: str, reason: str, *, failed: bool) -> None:
        self.state, self.reason, self.failed = state, reason, failed
        self.transition_done()

    def _release(self) -> None:
        self.deactivate()
        self.cleanup()

    @contextmanager
    def _caused_by(self, cause: str) -> Iterator[None]:
        self._cause = cause
        try:
            yield
        finally:
            self._cause = _ASKED

    def _start_now(self) -> None:
        self._cancel_start()
        if not self.starts_by_itself:
            return  # it was told so meanwhile
        self.recoveries += self._attempts > 0
        with self._caused_by(f"attempt {self._attempts + 1}" if self._attempts else "autostart"):
            if self.state == "unconfigured":
                self.trigger_configure()
            if self.state == "inactive":
                self.trigger_activate()
        if self.state != "active":
            self._start_again()

    def _start_again(self) -> None:
        if not self.starts_by_itself or self.state not in ("unconfigured", "inactive"):
            return
        if not self.context.ok():
            return  # told to stop meanwhile
        pause_s = min(RECOVERY_S * 2 ** min(self._attempts, 10), LONGEST_RECOVERY_S)
        self._attempts += 1
        self.get_logger().warning(f"starting again in {pause_s:.0f} s, after: {self.reason}")
        self.start(pause_s)

    def _cancel_start(self) -> None:
        timer, self._start_timer = self._start_timer, None
        if timer is not None:
            self.destroy_timer(timer)

    @property
    def starts_by_itself(self) -> bool:
        """Whether the node starts by itself, and again after a failure."""
        return False
