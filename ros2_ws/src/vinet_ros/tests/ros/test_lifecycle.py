# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The life of a node over the lifecycle services: each transition, its reason, its log line."""

from importlib.metadata import distributions

import pytest
from bright_spot import Loader
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from node_bench import Bench

from vinet_ros.errors import WeightsError
from vinet_ros.ros import managed_node
from vinet_ros.ros.model_setup import LoadedModel
from vinet_ros.ros.saliency_parameters import SaliencyParameters

JAZZY = any(distribution.metadata["Name"] == "ros-jazzy-rclpy" for distribution in distributions())


def change(bench: Bench, transition: int) -> bool:
    request = Transition(id=transition)
    return bool(bench.call(ChangeState, "change_state", transition=request).success)


def state(bench: Bench) -> str:
    return str(bench.call(GetState, "get_state").current_state.label)


def test_every_transition_says_why(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    printed = ""
    bench.saliency_node(autostart=False)
    for transition, after, reason in (
        (
            Transition.TRANSITION_CONFIGURE,
            "inactive",
            "configure (asked for): bright_spot (made for the test), torch fp32 channels-last on "
            "cpu (asked for)",
        ),
        (
            Transition.TRANSITION_ACTIVATE,
            "active",
            "activate (asked for): /image (best_effort, depth 64)",
        ),
        (Transition.TRANSITION_DEACTIVATE, "inactive", "deactivate (asked for): done"),
        (Transition.TRANSITION_CLEANUP, "unconfigured", "cleanup (asked for): done"),
        (Transition.TRANSITION_UNCONFIGURED_SHUTDOWN, "finalized", "shutdown (asked for): done"),
    ):
        assert change(bench, transition)
        assert state(bench) == after
        bench.spin_until(lambda: bench.value("lifecycle", "reason") == reason)  # noqa: B023
        assert bench.value("lifecycle", "state") == after
        printed += capfd.readouterr().err
        assert f"[saliency_node]: {after}: {reason}" in printed
    assert bench.value("lifecycle", "failures") == "0"


@pytest.mark.parametrize("active", [True, False])
def test_shutdown_gives_everything_back(bench: Bench, active: bool) -> None:
    node = bench.active() if active else bench.saliency_node(autostart=False)
    if not active:
        assert change(bench, Transition.TRANSITION_CONFIGURE)
    which = "ACTIVE" if active else "INACTIVE"
    assert change(bench, getattr(Transition, f"TRANSITION_{which}_SHUTDOWN"))
    assert state(bench) == "finalized"
    topics = {name for name, _ in node.get_publisher_names_and_types_by_node("saliency_node", "/")}
    assert not {name for name in topics if name.startswith(("/gaze", "/saliency/"))}
    bench.spin_until(lambda: bench.says("lifecycle", "finalized", level=0))


@pytest.mark.skipif(JAZZY, reason="rclpy of Jazzy gives no answer: the error leaves its service")
def test_a_transition_that_is_not_there_is_refused(bench: Bench) -> None:
    bench.active()
    assert not change(bench, Transition.TRANSITION_CONFIGURE)
    assert state(bench) == "active"
    assert bench.says("lifecycle", "active", level=0)


def test_what_a_user_can_mend_leaves_the_state_and_names_itself(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    load, problems = Loader(), [WeightsError("no weights; give some")]

    def mended(parameters: SaliencyParameters, device: str) -> LoadedModel:
        if problems:
            raise problems.pop()
        return load(parameters, device)

    bench.saliency_node(mended, autostart=False)
    assert not change(bench, Transition.TRANSITION_CONFIGURE)
    assert state(bench) == "unconfigured"
    assert "configure (asked for) failed: no weights; give some" in capfd.readouterr().err
    bench.spin_until(lambda: bench.says("lifecycle", "configure failed: no weights; give", 2))
    assert change(bench, Transition.TRANSITION_CONFIGURE)
    bench.spin_until(lambda: bench.says("lifecycle", "inactive", level=0))


def test_autostart_says_so_and_without_it_nothing_starts(bench: Bench) -> None:
    bench.saliency_node(autostart=False)
    bench.spin_for(0.3)
    assert state(bench) == "unconfigured"
    assert bench.value("lifecycle", "reason") == "started"
    second = bench.saliency_node(cli_args=["--ros-args", "-r", "__node:=other"])
    bench.spin_until(lambda: second.state == "active")
    assert second.reason == "activate (autostart): /image (best_effort, depth 64)"


def test_the_pauses_between_attempts_grow_and_end_after_a_minute(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(parameters: SaliencyParameters, device: str) -> LoadedModel:
        raise WeightsError("no weights; give some")

    node = bench.saliency_node(never, autostart=True)
    pauses: list[float] = []
    monkeypatch.setattr(node, "start", pauses.append)
    for _ in range(7):
        node._start_now()
    assert pauses == [5, 10, 20, 40, 60, 60, 60]
    assert node.recoveries == 6 and node.failures == 7
    assert managed_node.LONGEST_RECOVERY_S == 60
