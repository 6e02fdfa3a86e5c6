# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""From a made run of ten seconds to its report; the frames' fates are known."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from vinet_ros.errors import VinetError
from vinet_ros.ros.benchmark.evaluation import Mark, Observation, evaluate
from vinet_ros.ros.benchmark.markdown import to_markdown
from vinet_ros.ros.benchmark.options import Limits, read_options
from vinet_ros.ros.benchmark.plot import plot_samples
from vinet_ros.ros.benchmark.usage import Sample
from vinet_ros.ros.process_usage import Memory, ThreadTime
from vinet_ros.ros.step_trace import ROW, TRACED_STEPS

MS = 1_000_000
PERIOD_MS = 100
FRAMES = range(100)
STAMP_0 = 10**18  # the wall clock and the steady clock have nothing in common
LOST, REFUSED = {17}, {30, 31}
PREDICTED = [k for k in FRAMES if k % 4 == 0 and k not in LOST | REFUSED]
NO_PEAK = {40}


def stamp(k):
    return STAMP_0 + k * PERIOD_MS * MS


def sent_ns(k):
    return k * PERIOD_MS * MS


def rows(step, frames, end_ms, time_ms, cpu_ms=-1):
    """Rows of a step that ends `end_ms` after the frame was sent."""
    return np.array(
        [
            (
                TRACED_STEPS.index(step),
                stamp(k),
                sent_ns(k) + round(end_ms * MS),
                round(time_ms * MS),
                round(cpu_ms * MS) if cpu_ms >= 0 else -1,
            )
            for k in frames
        ],
        ROW,
    )


def observation(late=()):
    received = [k for k in FRAMES if k not in LOST]
    filed = [k for k in received if k not in REFUSED]
    node = {step: np.empty(0, ROW) for step in TRACED_STEPS} | {
        "receive": rows("receive", received, 4, 4),
        "convert": rows("convert", received, 5, 1, 0.5),
        "resize": rows("resize", filed, 10, 5, 4),
        "predict": rows("predict", PREDICTED, 52, 40, 30),  # begins 2 ms after the resize
        "gaze": rows("gaze", PREDICTED, 54, 2, 2),
        "publish": rows("publish", PREDICTED, 56, 2, 1),
        "latency": rows("latency", PREDICTED, 55, 55),
    }
    camera = {
        "send": rows("send", FRAMES, 2, 2),
        "late": np.concatenate([rows("late", [k], 2, 60 if k in late else 0.1) for k in FRAMES]),
    }
    targets = {stamp(k): sent_ns(k) + 60 * MS for k in PREDICTED if k not in NO_PEAK}
    begin = Mark(
        at_ns=0,
        threads={7: ThreadTime("python", 1.0, 0, 5.0), 8: ThreadTime("prediction", 0.0, 1)},
        camera_cpu_s=1.0,
        own_cpu_s=1.0,
        skipped_windows=10,
        lost_in_transport=0,
        findings={"input: old": 3},
    )
    end = Mark(
        at_ns=10_000 * MS,
        threads={7: ThreadTime("python", 2.0, 0, 6.0), 8: ThreadTime("prediction", 0.9, 1)},
        camera_cpu_s=1.5,
        own_cpu_s=1.2,
        skipped_windows=80,
        lost_in_transport=1,
        findings={"input: old": 3, "camera: uncalibrated": 2},
    )
    samples = tuple(
        Sample(s, 2.0 + 0.3 * s, Memory(500.0 + s / 10, 400.0, 300.0), (s, 2 * s), 40.0)
        for s in range(11)
    )
    return Observation(
        node=node,
        camera=camera,
        targets=targets,
        marks=(begin, end),
        samples=samples,
        baseline_percent=3.0,
        node_pid=7,
        model="vinet_lite",
        path="openvino fp32 on cpu",
    )


def report(*arguments, **change):
    return evaluate(
        read_options(("--rate", "10", *arguments), "vinet benchmark node"), observation(**change)
    )


def test_every_frame_is_accounted_for():
    drops = report(late=(3, 4)).drops.to_dict()
    assert (drops["published"], drops["received"], drops["in_window"]) == (100, 99, 97)
    assert (drops["lost"], drops["lost_in_transport"], drops["refused"]) == (1, 1, 2)
    assert drops["predicted"] == len(PREDICTED)
    assert drops["skipped"] == 97 - len(PREDICTED)
    assert (drops["targets"], drops["without_target"]) == (len(PREDICTED) - 1, 1)
    assert drops["skipped_windows"] == 70
    assert drops["late"] == 2
    assert drops["received_share"] == 0.99


def test_steps_come_in_the_order_of_the_way():
    steps = report().steps
    assert list(steps) == [
        *("receive", "convert", "resize", "wait", "predict", "gaze", "publish"),
        *("end_to_end", "delivered"),
    ]
    means = {name: step.mean_ms for name, step in steps.items()}
    assert means == pytest.approx(
        {
            "receive": 4, "convert": 1, "resize": 5, "wait": 2, "predict": 40, "gaze": 2,
            "publish": 2, "end_to_end": 55, "delivered": 60,
        }
    )  # fmt: skip
    assert steps["predict"].cpu_ms == 30
    assert steps["receive"].cpu_ms is None


def test_the_names_of_ros2_benchmark_are_in_the_json():
    whole = json.loads(report().to_json())
    basic = "BasicPerformanceMetrics."
    assert whole["input"][basic + "NUM_FRAMES_SENT"] == 100
    assert whole["input"][basic + "NUM_MISSED_FRAMES"] == 1
    assert whole["input"][basic + "MEAN_LATENCY"] == pytest.approx(4)
    assert whole["gaze_target"][basic + "MEAN_LATENCY"] == pytest.approx(60)
    assert whole["ResourceMetrics.BASELINE_OVERALL_CPU_UTILIZATION"] == 3
    assert whole["ResourceMetrics.MEAN_OVERALL_CPU_UTILIZATION"] == 50
    assert whole["metadata"]["command"] == "vinet benchmark node --rate 10"
    assert whole["findings"] == {"camera: uncalibrated": 2}
    assert [sample["at_s"] for sample in whole["samples"]] == list(range(11))


def test_processor_time_is_divided():
    cpu = report().cpu
    assert cpu.total == pytest.approx(0.3)
    assert cpu.convert == pytest.approx(99 * 0.5e-3 / 10)
    assert cpu.resize == pytest.approx(97 * 4e-3 / 10)
    assert cpu.convert + cpu.resize + cpu.executor == pytest.approx(0.1)
    assert cpu.gaze_and_publish == pytest.approx(0.09 - len(PREDICTED) * 30e-3 / 10)
    assert cpu.ros_and_conversion + cpu.inference == pytest.approx(0.3)
    assert cpu.executor_waited == pytest.approx(0.1)
    assert (cpu.source, cpu.listener) == (pytest.approx(0.05), pytest.approx(0.02))


@pytest.mark.parametrize(
    ("arguments", "holds"),
    [
        ([], False),  # one of a hundred frames is lost
        (["--min-received", "0.99"], True),
        (["--min-received", "0.99", "--max-memory-change", "0.001"], False),
        (["--min-received", "0.99", "--max-ros-cores", "0.4"], True),
        (["--min-received", "0.99", "--max-ros-cores", "0.01"], False),
        (["--min-received", "0.99", "--max-latency-p95", "60"], True),
        (["--min-received", "0.99", "--max-latency-p95", "50"], False),
    ],
)
def test_limits_are_judged(arguments, holds):
    assert report(*arguments).holds is holds


def test_memory_that_shrinks_is_a_change_too():
    seen = observation()
    shrinking = tuple(
        replace(s, memory=Memory(500.0 * 0.99**s.at_s, 0.0, 0.0)) for s in seen.samples
    )
    options = replace(read_options([], "x"), limits=Limits(0.02, None, None, None))
    assert not evaluate(options, replace(seen, samples=shrinking)).holds


def test_a_latency_that_was_never_measured_breaks_its_limit():
    seen = observation()
    idle = {**seen.node, "latency": np.empty(0, ROW)}
    options = replace(read_options([], "x"), limits=Limits(None, None, None, 1000.0))
    assert not evaluate(options, replace(seen, node=idle)).holds


def test_the_markdown_has_a_table_for_each_part():
    text = to_markdown(report())
    assert text.startswith("## The node's whole path, a moving texture, 640x480 rgb8 at 10 Hz\n")
    assert "`vinet benchmark node --rate 10`" in text
    assert "| 100 | 0 | 99 | 1 | 1 | 97 |" in text
    assert "| predict | network: encode and decode | 40.00 | 40.00 |" in text
    assert "received share 0.99 (limit 0.999): BROKEN" in text
    for table in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        columns = {line.count("|") for line in table.strip().splitlines()}
        assert len(columns) == 1, table


def test_without_inference_there_are_no_targets_to_miss():
    whole = report("--no-inference")
    assert whole.gaze_target == {}
    assert "\n| targets |" in to_markdown(report())
    assert "\n| targets |" not in to_markdown(whole)


def test_a_camera_that_sent_nothing_is_an_error():
    seen = observation()
    silent = {step: np.empty(0, ROW) for step in ("send", "late")}
    with pytest.raises(VinetError, match="sent no frame"):
        evaluate(read_options([], "x"), replace(seen, camera=silent))


def test_the_plot_is_a_picture(tmp_path):
    pytest.importorskip("matplotlib")
    plot_samples(observation().samples, "a run", tmp_path / "memory.png")
    assert (tmp_path / "memory.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(VinetError, match="cannot write"):
        plot_samples(observation().samples, "a run", tmp_path / "memory.nothing")
