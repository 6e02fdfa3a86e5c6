# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

from pathlib import Path

from vinet_ros.offline.frames import BadRecord, SourceInfo
from vinet_ros.ros.source_status import SOURCE_KEYS, SourceCounts, source_status
from vinet_ros.ros.status import Level

INFO = SourceInfo("my_bag /image", 24, 32, 30.0)


def status_of(counts):
    (status,) = source_status(counts, INFO, "/image", 2)
    return status, dict(status.values)


def test_a_source_without_trouble_is_ok():
    status, values = status_of(SourceCounts(frames=7))
    assert (status.name, status.level) == ("source", Level.OK)
    assert status.message == "7 frames played"
    assert values["frames"] == "7"
    assert values["source"] == "my_bag /image"
    assert "last_bad_record" not in values


def test_each_trouble_is_a_warning_that_names_it():
    counts = SourceCounts(frames=7, stalls=1, unanswered=3)
    counts.add_bad(BadRecord(5, "a picture is cut off"))
    status, values = status_of(counts)
    assert status.level == Level.WARN
    for text in ("1 bad records", "1 times frames were not read", "3 frames were not taken"):
        assert text in status.message
    assert values["last_bad_record"] == "5: a picture is cut off"
    assert set(values) == set(SOURCE_KEYS)


def test_the_docs_say_what_each_key_means():
    page = Path(__file__).parents[5] / "docs/sources.md"
    for key, text in SOURCE_KEYS.items():
        assert f"| {key} | {text} |" in page.read_text()
