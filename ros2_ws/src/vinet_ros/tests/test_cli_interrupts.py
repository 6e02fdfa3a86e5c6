# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Ctrl-C, which a terminal sends to a command and to all processes that it started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made_clips import write_clip
from made_data import write_stills


def children(pid):
    """Processes that a process started, and those that they started."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        own = [int(c) for task in tasks for c in (task / "children").read_text().split()]
    except OSError:
        return []
    return [*own, *(grandchild for child in own for grandchild in children(child))]


def part_of(name):
    return lambda folder, pid: any(folder.rglob(f".{name}.part/state.json"))


def wait_until(begun, process):
    deadline = time.monotonic() + 200
    while not begun():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it did not begin"
        time.sleep(0.05)


def interrupted(folder, begun, *arguments):
    """Start a command, interrupt its group when it has begun, and return how it ended."""
    command = [sys.executable, "-m", "vinet_ros.cli", *map(str, arguments)]
    with subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Jobs in the background of a shell are started deaf to it, and so is what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            wait_until(lambda: begun(folder, process.pid), process)
            started = children(process.pid)
            os.killpg(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=60)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # or leaving this block would wait for it
            raise
    assert "Traceback" not in err, err
    assert "Exception ignored" not in err, err
    assert process.returncode == 130, (out, err)
    return started, err


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interrupted")
    for name in ("one.mp4", "two.mp4"):
        write_clip(folder / name, 4000)
    write_stills(folder / "stills", images=15)
    return folder


def test_predict_goes_on_afterwards(folder):
    arguments = ("predict", "one.mp4", "--out", "one", "--write", "csv", "--path", "torch")
    _, err = interrupted(folder, part_of("one"), *arguments)
    assert "the same command goes on from here" in err
    assert (folder / "one" / ".one.part" / "state.json").exists()
    assert not (folder / "one" / "one").exists()


def test_predict_ends_the_processes_of_its_jobs(folder):
    arguments = ("predict", "one.mp4", "two.mp4", "--out", "both", "--write", "csv")
    started, _ = interrupted(
        folder, part_of("two"), *arguments, "--jobs", "2", "--path", "torch", "--device", "cpu"
    )
    assert len(started) >= 2
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in started):
        assert time.monotonic() < deadline, started
        time.sleep(0.05)


def test_processes_that_are_only_starting_say_nothing(folder):
    clips = ("--only", "stills", "--only", "made-clips", "--made-clips", "50")
    interrupted(
        folder,
        lambda _, pid: len(children(pid)) >= 3,
        *("evaluate", "stills", "--out", "scores", "--jobs", "2", "--device", "cpu", *clips),
    )


@pytest.mark.parametrize(
    ("begun", "arguments"),
    [
        (
            lambda folder, _: any(folder.glob(".sides.part")),
            ("compare", "vinet_lite", "vinet_lite", "one.mp4", "--out", "sides"),
        ),
        (
            lambda folder, _: (folder / "run" / "config.yaml").exists(),
            ("train", "--data", "stills", "--out", "run", "--no-progress", "--workers", "1"),
        ),
        (
            lambda folder, _: (folder / "fit" / "logs").is_dir(),  # Lightning is at work
            ("train", "--data", "stills", "--out", "fit", "--no-progress", "--workers", "0"),
        ),
        (
            lambda _, pid: bool(children(pid)),  # memory is measured in processes, at the end
            ("benchmark", "vinet_lite", "--path", "torch", "--runs", "1", "--threads", "1"),
        ),
    ],
    ids=["compare", "train", "epoch", "benchmark"],
)
def test_no_command_leaves_a_traceback(folder, begun, arguments):
    interrupted(folder, begun, *arguments)


SWALLOWED = """
import contextlib, signal
from vinet_ros import cli, errors

def swallow(*_, **__):
    with contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    raise {error}

cli.build_app = lambda _: swallow
cli.main(["predict"])
"""


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        ("errors.WeightsError('one.safetensors is damaged')", 130, ""),
        ("RuntimeError('an object that is no tensor')", 130, ""),
        ("errors.OutputError('sides is full')", 3, "vinet: sides is full\n"),
    ],
)
def test_an_interrupt_that_comes_out_as_another_error_is_one(error, code, told):
    ended = subprocess.run(
        [sys.executable, "-c", SWALLOWED.format(error=error)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert (ended.returncode, ended.stderr) == (code, told)
