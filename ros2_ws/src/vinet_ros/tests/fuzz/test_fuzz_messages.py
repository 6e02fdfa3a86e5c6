# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A short form of the fuzzing; fuzz_messages.py is the long one."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from image_variants import Variants

HERE = Path(__file__).parent


def run(*arguments, cwd):
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, timeout=250
    )


@pytest.fixture(scope="module")
def variants():
    made = Variants()
    yield made
    # Both ways were gone, not one of them by accident.
    assert min(made.converted, made.refused) > 100


@settings(
    deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(min_size=4, max_size=200))
def test_any_message_gives_a_picture_or_a_vinet_error(variants, content):
    variants.run(content)


def test_guided_by_coverage_none_is_found_either(tmp_path):
    pytest.importorskip("atheris")
    runs = 5_000
    done = run(HERE / "fuzz_messages.py", f"-runs={runs}", "-seed=7", cwd=tmp_path)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    counts = re.findall(r"(\d+) images: (\d+) converted, (\d+) refused", done.stdout)
    assert int(counts[-1][0]) == runs
    assert min(int(n) for n in counts[-1][1:]) > runs / 10
    assert not list(tmp_path.iterdir())  # no message was kept as one that crashes


def test_a_read_past_the_data_would_end_the_process(tmp_path):
    code = (
        f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
        "from guarded import GuardedMemory\n"
        "memory = GuardedMemory(5000)\n"
        "assert bytes(memory.place(b'edge')) == b'edge'\n"
        "assert bytes(memory.place(b'edge', at_end=False)) == b'edge'\n"
        "print('alive', flush=True)\n"
        "bytes(memory.beyond())\n"
    )
    done = run("-c", code, cwd=tmp_path)
    assert (done.stdout, done.returncode) == ("alive\n", -signal.SIGSEGV)
