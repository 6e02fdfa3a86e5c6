# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The command line of `vinet benchmark node`."""

from pathlib import Path

import pytest

from vinet_ros.ros.benchmark.options import Limits, OptionError, read_options


def read(*arguments):
    return read_options(arguments, "vinet benchmark node")


def test_defaults_are_vga_at_30_hz_for_two_minutes():
    options = read()
    assert (options.width, options.height, options.rate_hz) == (640, 480, 30.0)
    assert options.seconds == 120
    assert options.outputs == "gaze"
    assert options.limits == Limits(memory_change=0.02, received_share=0.999)
    assert options.source == "a moving texture, 640x480 rgb8 at 30 Hz"
    assert options.command == "vinet benchmark node"


def test_parameters_of_the_node_come_from_three_options():
    options = read("--model", "vinet_lite", "--device", "cpu", "max_rate_hz:=5.0", "num_peaks:=1")
    assert options.parameters == (
        "model:=vinet_lite",
        "device:=cpu",
        "max_rate_hz:=5.0",
        "num_peaks:=1",
    )


def test_without_inference_nothing_is_listened_to():
    assert read("--no-inference", "--outputs", "all").outputs == "none"


def test_the_command_can_be_repeated():
    options = read("--size", "1920x1080", "--transport", "compressed", "--check")
    assert options.command == (
        "vinet benchmark node --size 1920x1080 --transport compressed --check"
    )
    assert options.source == "a moving texture, 1920x1080 JPEG at 30 Hz"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "8x8"], "--size expects at least 16x16"),
        (["--size", "99999x99999"], "--size expects"),
        (["--rate", "0"], "--rate expects"),
        (["--seconds", "1"], "--seconds expects at least 5"),
        (["--busy", "-1"], "--busy expects"),
        (["--video", "nowhere.mp4"], "--video expects a file, and there is no nowhere.mp4"),
        (["--params", "nowhere.yaml"], "--params expects a file"),
        (["num_peaks=1"], "name:=value, got .'num_peaks=1'"),
    ],
)
def test_what_is_out_of_range_is_named(arguments, message):
    with pytest.raises(OptionError, match=message):
        read(*arguments)


@pytest.mark.parametrize("arguments", [["--size", "vga"], ["--encoding", "rgb9"], ["--nothing"]])
def test_what_cannot_be_read_ends_the_program(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        read(*arguments)
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_files_are_paths():
    options = read("--json", "a.json", "--markdown", "b.md", "--plot", "c.png")
    assert (options.json_file, options.markdown, options.plot) == (
        Path("a.json"),
        Path("b.md"),
        Path("c.png"),
    )
