# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Every command's help: its examples are read as a user would type them, and nothing is run."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from vinet_ros import cli
from vinet_ros.ros.benchmark.options import EXAMPLES, read_options

DOCS = Path(__file__).resolve().parents[4] / "docs"


def leaves(command, words):
    """Each command that does something, with the words that call it."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from leaves(inner, [*words, name])
    if not hasattr(command, "commands"):
        yield words, command


def all_commands():
    for row in cli.COMMANDS:
        tool = get_command(cli.build_app(row.name))
        yield from leaves(tool.commands[row.name], [row.name])


COMMANDS = {" ".join(words): command for words, command in all_commands()}
ROS_SIDE = {name for name, command in COMMANDS.items() if not command.add_help_option}
HELPED = [name for name in COMMANDS if name not in ROS_SIDE]  # the help of those is argparse's


def examples_in(text):
    """The command lines of `vinet` in a help or a document, lines that go on joined."""
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines()]
    return [line for line in lines if re.match(r"vinet [a-z]", line)]


def parsed(line):
    """Parse a command line; click's errors of wrong usage come out of it."""
    program, *words = shlex.split(line.partition(" | ")[0], comments=True)
    assert program == "vinet"
    if " ".join(words[:2]) in ROS_SIDE:
        return " ".join(words[:2])
    tool = get_command(cli.build_app(words[0]))
    context = tool.make_context("vinet", words)
    names = []
    while hasattr(context.command, "commands"):
        rest = [*context._protected_args, *context.args]
        name, command, rest = context.command.resolve_command(context, rest)
        names.append(name)
        context = command.make_context(name, rest, parent=context)
    return " ".join(names)


@pytest.mark.parametrize("name", HELPED)
def test_help_has_examples_that_parse(name):
    lines = examples_in(COMMANDS[name].help)
    assert len(lines) >= 2
    assert name in [parsed(line) for line in lines]


def test_every_example_is_a_line_of_its_own_when_it_is_shown():
    code = (
        "import sys\nfrom vinet_ros.cli import main\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n        main([*name.split(), '--help'])\n"
        "    except SystemExit as end:\n        assert not end.code\n"
        "slow = {'torch', 'lightning', 'rclpy', 'openvino', 'matplotlib'} & set(sys.modules)\n"
        "assert not slow, slow\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *HELPED],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"COLUMNS": "120", "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stderr
    shown = examples_in(done.stdout)
    for name in HELPED:
        for line in examples_in(COMMANDS[name].help):
            assert line in shown


def test_what_a_script_wants_is_json():
    without = {name for name, c in COMMANDS.items() if not {"--json"} & options_of(c)}
    assert without == {"watch", *ROS_SIDE}  # a server, and programs with options of their own
    assert read_options(["--json", "-"], "vinet benchmark node").json_file == Path("-")


def options_of(command):
    return {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize("line", EXAMPLES)
def test_examples_of_the_ros_side_parse(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("street.mp4").touch()
    assert read_options(shlex.split(line)[3:], "vinet benchmark node").seconds >= 5


@pytest.mark.skipif(not DOCS.is_dir(), reason="the documents are not installed")
def test_the_documents_command_lines_parse():
    pages = [*DOCS.glob("*.md"), DOCS.parent / "README.md"]
    blocks = [b for page in pages for b in re.findall(r"```\w*\n(.*?)```", page.read_text(), re.S)]
    lines = [line for block in blocks for line in examples_in(block)]
    assert len(lines) > 20
    for line in lines:
        parsed(line)
