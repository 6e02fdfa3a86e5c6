# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What microphone_node says of itself."""

from pathlib import Path

import numpy as np
import pytest

from vinet_ros.ros.microphone_parameters import MicrophoneParameters
from vinet_ros.ros.microphone_status import MICROPHONE_KEYS, MicrophoneCounts, microphone_status
from vinet_ros.ros.parameters import ParameterError
from vinet_ros.ros.status import Level
from vinet_ros.streaming.microphone import OpenedDevice
from vinet_ros.streaming.microphone_times import StampedSound

DEVICE = OpenedDevice("ReSpeaker", 16_000, 0.2)


def status_of(counts):
    (status,) = microphone_status(counts, "/audio", "AudioStamped", 1, 2)
    return status, dict(status.values)


def heard(value: int) -> MicrophoneCounts:
    counts = MicrophoneCounts(DEVICE)
    counts.published(StampedSound(np.full((1600, 1), value, np.int16), 10**18))
    return counts


def test_sound_is_ok_with_its_level():
    status, values = status_of(heard(16384))
    assert (status.name, status.level) == ("microphone", Level.OK)
    assert (values["peak"], values["level_dbfs"]) == ("0.5", "-6.021")
    assert (values["chunks"], values["samples"]) == ("1", "1600")


def test_a_device_that_is_gone_is_an_error_until_there_is_sound_again():
    counts = heard(1)
    counts.problem = "the device gives no more samples"
    status, values = status_of(counts)
    assert status.level == Level.ERROR and "the device gives no more samples" in status.message
    assert values["problem"] == "the device gives no more samples"
    counts.published(StampedSound(np.ones((1600, 1), np.int16), 10**18))
    assert status_of(counts)[0].level == Level.OK


def test_an_overrun_is_a_warning_that_counts_it():
    counts = heard(1)
    counts.overruns += 1
    status, _ = status_of(counts)
    assert status.level == Level.WARN and "1 overruns, 0 samples" in status.message


def test_a_muted_microphone_is_a_warning_after_a_while(monkeypatch):
    counts = heard(0)
    assert status_of(counts)[0].level == Level.OK
    counts.published(StampedSound(np.zeros((1600, 1), np.int16), 10**18))
    monkeypatch.setattr(counts, "_zero_since_s", counts._zero_since_s - 6.0)
    status, values = status_of(counts)
    assert status.level == Level.WARN and "muted" in status.message
    assert values["level_dbfs"] == "-inf"


def test_a_rate_that_is_none_is_refused():
    with pytest.raises(ParameterError, match="sample_rate is 0 or at least 1000, got 999"):
        MicrophoneParameters(sample_rate=999)


def test_the_docs_say_what_each_key_means():
    page = Path(__file__).parents[5] / "docs/microphone.md"
    if not page.is_file():
        pytest.skip("the docs are in the checkout only")
    for key, text in MICROPHONE_KEYS.items():
        assert f"| {key} | {text} |" in page.read_text()
