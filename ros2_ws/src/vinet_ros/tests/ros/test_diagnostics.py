# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Statuses: their levels, words and keys."""

from dataclasses import replace

import pytest
from geometry_msgs.msg import PointStamped
from node_bench import Bench, spot

from vinet_ros.gaze import PinholeCamera
from vinet_ros.ros.diagnostic_keys import STATUSES
from vinet_ros.ros.health import (
    CameraHealth,
    Health,
    InputHealth,
    LifecycleHealth,
    WorkHealth,
)
from vinet_ros.ros.input_monitor import InputReport
from vinet_ros.ros.process_usage import Usage, UsageMeter
from vinet_ros.ros.record import Incident, Record, StepReport
from vinet_ros.ros.saliency_diagnostics import statuses
from vinet_ros.ros.status import Level, StatusBuilder
from vinet_ros.ros.timings import TimingSummary
from vinet_ros.streaming import WindowCounters
from vinet_ros.streaming.camera_view import CameraView

REPORT = InputReport(
    received=300, sent=300, expected=300, rate_hz=30.0, window_s=10.0, recent_share=1.0, gaps=0,
    longest_gap_s=0.0, silence_s=0.01,
)  # fmt: skip
INPUT = InputHealth(
    topic="/image", transport="raw", publishers=("/camera",), mismatched=(), other_types=(),
    report=REPORT, lost_in_transport=0, used=300, size=(480, 640), encoding="rgb8", verdicts={},
    ages_ns=(5_000_000, 9_000_000), clock_waits=False, clock_still_s=0.0,
)  # fmt: skip
QUICK = TimingSummary(count=100, p50_ms=20.0, p95_ms=30.0, max_ms=50.0)
HEALTHY = Health(
    lifecycle=LifecycleHealth("active", "activate done", failed=False),
    usage=Usage(0.5, 400.0, 3),
    input=INPUT,
    work=WorkHealth(
        WindowCounters(), 1.0, 8, 15.0, skipped=3, under_way_s=0.0, wanted=True, made={}
    ),
    camera=CameraHealth("/camera_info", CameraView(PinholeCamera.from_hfov(640, 480, 60), "")),
    steps={"predict": StepReport(QUICK, QUICK, 15.0), "latency": StepReport(QUICK, QUICK, 15.0)},
)


def level_and_words(health: Health, name: str) -> tuple[Level, str]:
    status = next(status for status in statuses(health) if status.name == name)
    return status.level, status.message


def test_a_healthy_node_is_ok_in_every_status_that_has_a_value() -> None:
    levels = {status.name: status.level for status in statuses(HEALTHY)}
    for name in ("model", "audio"):
        assert levels.pop(name) is Level.STALE  # this Health has no network
    assert set(levels.values()) == {Level.OK}
    assert [*STATUSES] == [status.name for status in statuses(HEALTHY)]


def test_what_is_not_active_is_stale_and_says_why() -> None:
    life = LifecycleHealth("unconfigured", "configure failed: no file", failed=True)
    health = Health(lifecycle=life, usage=HEALTHY.usage)
    assert level_and_words(health, "lifecycle") == (Level.ERROR, "configure failed: no file")
    for name in ("input", "stamps", "window", "inference", "latency", "model", "camera"):
        assert level_and_words(health, name) == (Level.STALE, "the node is unconfigured")


@pytest.mark.parametrize(
    ("change", "level", "words"),
    [
        ({"publishers": ()}, Level.ERROR, "nobody publishes /image; start the camera"),
        ({"publishers": (), "other_types": ("a/B",)}, Level.ERROR, "has another type: a/B"),
        ({}, Level.ERROR, "no image for 3.0 s although /camera publishes /image"),
    ],
)
def test_silence_is_an_error_with_its_cause(change, level, words) -> None:
    silent = replace(INPUT, report=replace(REPORT, silence_s=3.0), **change)
    found_level, message = level_and_words(replace(HEALTHY, input=silent), "input")
    assert found_level is level and words in message


def test_a_rate_is_too_low_below_nine_tenths() -> None:
    for share, level in ((0.91, Level.OK), (0.89, Level.WARN)):
        source = replace(INPUT, report=replace(REPORT, recent_share=share))
        found, message = level_and_words(replace(HEALTHY, input=source), "input")
        assert found is level
    assert "only 89% of the images arrive; set FASTDDS_DEFAULT_PROFILES_FILE" in message


@pytest.mark.parametrize(
    ("kind", "name", "level"),
    [
        ("image", "input", Level.WARN),
        ("stream", "input", Level.WARN),
        ("stamps", "stamps", Level.ERROR),
        ("order", "stamps", Level.WARN),
        ("clock", "stamps", Level.WARN),
        ("window", "window", Level.WARN),
        ("prediction", "inference", Level.ERROR),
        ("output", "outputs", Level.ERROR),
        ("callback", "process", Level.ERROR),
    ],
)
def test_an_incident_is_shown_for_ten_seconds_and_counted_for_ever(kind, name, level) -> None:
    for age_s, expected in ((9.0, level), (11.0, Level.OK)):
        incident = Incident(count=4, text="it went wrong", age_s=age_s)
        health = replace(HEALTHY, incidents={kind: incident})
        found, message = level_and_words(health, name)
        assert found is expected
        assert ("it went wrong" in message) is (expected is not Level.OK)
        process = next(s for s in statuses(health) if s.name == "process")
        assert ("errors", "4") in process.values and (
            "last_error",
            "it went wrong",
        ) in process.values


def test_images_of_another_time_are_named() -> None:
    old = replace(INPUT, ages_ns=(6_000_000_000, 7_000_000_000))
    level, message = level_and_words(replace(HEALTHY, input=old), "stamps")
    assert level is Level.ERROR
    assert "7 s old on arrival, expected at most 5 s; synchronise the clocks" in message
    ahead = replace(QUICK, p50_ms=-40.0)
    health = replace(HEALTHY, steps={"latency": StepReport(ahead, ahead, 15.0)})
    level, message = level_and_words(health, "latency")
    assert level is Level.WARN and "stamped 40 ms ahead" in message


def test_a_guessed_calibration_is_named() -> None:
    view = CameraView(PinholeCamera.from_hfov(640, 480, 60), "no camera_info arrived")
    health = replace(HEALTHY, camera=CameraHealth("/camera_info", view))
    level, message = level_and_words(health, "camera")
    assert level is Level.WARN
    assert message.startswith("no camera_info arrived; 60 degrees are assumed")


def test_the_worst_finding_gives_the_level_and_comes_first() -> None:
    status = StatusBuilder("x", {"a": "", "b": ""})
    status.add(a=1.23456789, b=True)
    status.warn_if(True, "a little")
    status.error_if(True, "a lot")
    status.error_if(False, "not at all")
    done = status.finish()
    assert (done.level, done.message) == (Level.ERROR, "a lot; a little")
    assert done.values == (("a", "1.235"), ("b", "true"))
    with pytest.raises(ValueError, match="'c' of status 'x' is not documented"):
        status.add(c=1)


def test_a_record_keeps_steps_and_incidents() -> None:
    record = Record()
    with record.timed("predict"):
        pass
    with pytest.raises(KeyError), record.timed("predict"):
        raise KeyError
    assert record.incident("image", "first")
    assert not record.incident("image", "second")  # one line in the log for ten seconds
    assert record.incident("stamps", "another kind")
    steps, incidents = record.steps(), record.incidents()
    assert steps["predict"].total is not None and steps["predict"].total.count == 1
    assert steps["resize"].total is None
    assert (incidents["image"].count, incidents["image"].text) == (2, "second")
    assert incidents["image"].recent


def test_usage_is_that_of_this_process() -> None:
    meter = UsageMeter()
    total = sum(i * i for i in range(300_000))
    usage = meter.read()
    assert total and 0.05 < usage.cpu_share < 8
    assert 20 < usage.memory_mib < 20_000
    assert usage.threads >= 1


def test_the_node_publishes_every_documented_key(bench: Bench) -> None:
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: len(pixels) >= 5)
    bench.fresh(pixels)
    bench.send(spot(), stamp_ns=0)
    bench.spin_until(lambda: bench.value("process", "last_error"))
    bench.show(lambda: bench.value("latency", "p50_ms") and bench.value("stamps", "age_min_ms"))
    told = {s.name.split(": ")[1]: {v.key for v in s.values} for s in bench.diagnostics[-1].status}
    missing = {name: set(keys) - told[name] for name, keys in STATUSES.items()}
    missing["process"].discard("gpu_memory_mib")  # only where there is a GPU
    shared = {"shared_by", "wait_p50_ms"}  # only where several nodes share a network
    missing["model"] -= {key for key in missing["model"] if key.startswith("together")} | shared
    del missing["audio"]  # this network takes no sound; test_audio_dialects has one that does
    missing["stamps"] -= {"age_min_ms", "age_max_ms"}  # only when an image came since the last
    assert not {name: keys for name, keys in missing.items() if keys}
    assert {s.hardware_id for s in bench.diagnostics[-1].status} == {"/image"}


def test_diagnostics_come_at_their_period(bench: Bench) -> None:
    bench.saliency_node(autostart=False, diagnostics_period_s=0.2)
    bench.spin_until(lambda: bench.diagnostics)
    bench.spin_until(lambda: len(bench.diagnostics) >= 6)
    times = [a.header.stamp.sec + a.header.stamp.nanosec / 1e9 for a in bench.diagnostics[:6]]
    assert times[-1] - times[0] == pytest.approx(1.0, abs=0.15)
