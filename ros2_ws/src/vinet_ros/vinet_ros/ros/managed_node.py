"""A lifecycle node that says why, cleans up after itself and comes back after a failure."""

import traceback
from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from vinet_ros.errors import VinetError

RECOVERY_S = 5.0
"""Time between a failure at work and the next start by itself."""

_Hook = Callable[[], object]


class ManagedNode(LifecycleNode):
    """Base of the nodes: transitions are methods that do their work or raise.

    An error that a user can mend (VinetError, ValueError) fails a transition: the node stays in
    the state it was in, with the reason in the log and in :attr:`reason`. Any other error leads
    through error processing to unconfigured. rclpy itself would swallow both in silence.

    A process whose autostart failed stays alive, unconfigured, so that parameters can be mended
    and `configure` called again. After a failure at work (:meth:`fail`) an autostarting node
    configures and activates itself again after RECOVERY_S.
    """

    def __init__(self, name: str, **arguments: Any) -> None:
        super().__init__(name, **arguments)
        self.state = "unconfigured"
        self.reason = "started"
        self.failed = False
        self.failures = 0
        self.recoveries = 0
        self._failure: Exception | None = None
        self._failure_guard = self.create_guard_condition(self._failed_at_work)
        self._steady_clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._start_timer: Any = None

    def configure(self) -> str:
        """Read the parameters and make what they ask for; return what was made."""
        raise NotImplementedError

    def activate(self) -> None:
        """Start to work."""
        raise NotImplementedError

    def deactivate(self) -> None:
        """Stop to work; also called after an activate that failed half way."""
        raise NotImplementedError

    def cleanup(self) -> None:
        """Give back what configure made; also called after one that failed half way."""
        raise NotImplementedError

    def transition_done(self) -> None:
        """Take notice of a new state or reason."""

    def start(self, delay_s: float = 0.0) -> None:
        """Configure and activate as soon as the executor spins."""
        self._start_timer = self.create_timer(
            max(delay_s, 1e-3), self._start_now, clock=self._steady_clock
        )

    def fail(self, error: Exception) -> None:
        """Give up working because of an error; may be called from any thread."""
        if self.context.ok():  # after a shutdown, errors of its making are no news
            self._failure = error
            self._failure_guard.trigger()

    def close(self) -> None:
        """Stop and give back everything, in any state; for the end of the process."""
        self._release()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Make what the parameters ask for."""
        return self._attempt("configure", "inactive", self.configure, self.cleanup)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let publishers publish, then start to work."""

        def activate() -> None:
            self._failure = None
            super(ManagedNode, self).on_activate(state)
            self.activate()

        return self._attempt("activate", "active", activate, self.deactivate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop to work."""

        def deactivate() -> None:
            failure, self._failure = self._failure, None
            if failure is not None:
                raise failure
            self.deactivate()
            super(ManagedNode, self).on_deactivate(state)

        return self._attempt("deactivate", "inactive", deactivate, None)

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
        return TransitionCallbackReturn.SUCCESS

    def _attempt(
        self, name: str, goal: str, hook: _Hook, undo: _Hook | None
    ) -> TransitionCallbackReturn:
        try:
            result = hook()
        except (VinetError, ValueError) as error:
            if undo is not None:
                self.failures += 1
                self.get_logger().error(f"{name} failed: {error}")
                undo()
                self._note(self.state, f"{name} failed: {error}", failed=True)
                return TransitionCallbackReturn.FAILURE
            return self._broken(name, error)
        except Exception as error:
            return self._broken(name, error)
        self._note(goal, str(result or f"{name} done"), failed=False)
        self.get_logger().info(f"{goal}: {self.reason}")
        return TransitionCallbackReturn.SUCCESS

    def _broken(self, name: str, error: Exception) -> TransitionCallbackReturn:
        if not self.context.ok():  # told to stop meanwhile: what rclpy says then is no fault
            self.get_logger().info(f"{name} was cut short by the shutdown")
            return TransitionCallbackReturn.ERROR
        self.failures += 1
        trace = "".join(traceback.format_exception(error))
        self.get_logger().error(f"{name} broke: {trace}")
        self._note(self.state, f"{name} broke: {type(error).__name__}: {error}", failed=True)
        return TransitionCallbackReturn.ERROR

    def _note(self, state: str, reason: str, *, failed: bool) -> None:
        self.state, self.reason, self.failed = state, reason, failed
        self.transition_done()

    def _release(self) -> None:
        self.deactivate()
        self.cleanup()

    def _start_now(self) -> None:
        if self._start_timer is not None:
            self.destroy_timer(self._start_timer)
            self._start_timer = None
        if self.state == "unconfigured":
            configured = self.trigger_configure() == TransitionCallbackReturn.SUCCESS
            if configured:
                self.trigger_activate()

    def _failed_at_work(self) -> None:
        if self._failure is None or self.state != "active":
            return
        self.trigger_deactivate()  # raises the failure there, so that it is processed as an error
        if self.starts_by_itself:
            self.recoveries += 1
            self.get_logger().warning(f"starting again in {RECOVERY_S:.0f} s")
            self.start(RECOVERY_S)

    @property
    def starts_by_itself(self) -> bool:
        """Whether the node starts again by itself after a failure at work."""
        return False
