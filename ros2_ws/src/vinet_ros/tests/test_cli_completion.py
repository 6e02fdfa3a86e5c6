# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a TAB gives, asked as the shells ask: a process with the line in its environment."""

import os
import shutil
import subprocess
import sys

import pytest

from vinet_ros import cli
from vinet_ros.cli import benchmark, completion, evaluate
from vinet_ros.runtime import benchmark_paths, select
from vinet_ros.training.datasets.layouts import LAYOUTS

# Ends with the words that were printed, and says whether anything slow was imported for them.
PROBE = (
    "import sys\nfrom vinet_ros.cli import main\n"
    "try:\n    main([])\nexcept SystemExit as end:\n    code = end.code\n"
    "slow = {'torch', 'lightning', 'rclpy', 'openvino', 'matplotlib'} & set(sys.modules)\n"
    "sys.exit(f'imported {slow}' if slow else code)\n"
)


def ask(shell, line):
    if shell == "bash":
        words = line.split(" ")
        asked = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    else:
        asked = {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, completion.ASKED: f"complete_{shell}", **asked},
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("vinet pre", ["predict"]),
        ("vinet ", [command.name for command in cli.COMMANDS]),
        ("vinet predict --wr", ["--write"]),
        ("vinet predict --write csv,ma", ["csv,maps"]),
        ("vinet predict --model vin", ["vinet", "vinet_lite"]),
        ("vinet predict clip.mp4 --storage ", ["mcap", "sqlite3"]),
        ("vinet compare vinet_l", ["vinet_lite"]),
        ("vinet benchmark vi", ["vinet", "vinet_lite"]),
        ("vinet benchmark no", ["node"]),
        ("vinet benchmark vinet_lite --path o", ["openvino", "openvino-int8"]),
        ("vinet benchmark node --se", ["--seconds", "--settle"]),
        ("vinet weights con", ["convert"]),
        ("vinet weights convert a b --model s3", ["s3d"]),
        ("vinet evaluate data --only ", list(evaluate.PARTS)),
        ("vinet train --layout dhf1k,di", ["dhf1k,diem"]),
        ("vinet data pack --l", ["--layout"]),
        ("vinet report --m", ["--max-inline-mib"]),
        ("vinet watch --l", ["--layout"]),
        ("vinet paper run 5.1", ["5.1", "5.10"]),
        ("vinet nothing --l", []),
    ],
)
def test_bash(line, expected):
    assert ask("bash", line).split() == expected


def test_zsh_and_fish_show_the_help_too():
    assert ask("fish", "vinet predict --sal").startswith("--salvage\ttake what can be read")
    assert '"--salvage":"take what can be read' in ask("zsh", "vinet predict --sal")
    assert '"predict"' in ask("zsh", "vinet pre")
    assert ask("fish", "vinet com") == "compare\tTwo networks on one clip, side by side.\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here")
def test_the_script_that_is_installed_completes_in_a_real_bash(tmp_path):
    program = tmp_path / "vinet"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m vinet_ros.cli "$@"\n')
    program.chmod(0o755)
    code = (
        "source <(vinet --show-completion) && COMP_WORDS=(vinet predict --dur) COMP_CWORD=2 "
        '&& $(complete -p vinet | sed "s/.*-F \\([^ ]*\\).*/\\1/") vinet && echo ${COMPREPLY[@]}'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
    )
    assert done.stdout.split() == ["--duration-s"], done.stderr


def test_a_tab_prints_no_error_into_the_line(monkeypatch, capsys):
    row = cli.Command("paint", "a_library_that_is_not_installed", "Paint.", extra="brush")
    monkeypatch.setattr(cli, "COMMANDS", (*cli.COMMANDS, row))
    monkeypatch.setenv(completion.ASKED, "complete_fish")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "vinet paint --")
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 1
    assert capsys.readouterr() == ("", "")


def test_values_are_those_that_the_code_takes():
    from vinet_ros.offline import evaluate_request, evaluate_windows

    assert completion.PATHS == select.PATHS
    assert completion.PRECISIONS == select.PRECISIONS
    assert {*benchmark.PATHS, benchmark_paths.EAGER} == {*benchmark_paths.PATHS}
    assert evaluate.PARTS == evaluate_request.PARTS
    assert evaluate.FIRST_FRAMES == evaluate_windows.FIRST_FRAMES
    assert completion.video_sets("") == list(LAYOUTS)
