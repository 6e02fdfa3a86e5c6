# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a live stream needs, independent of its source."""

from vinet_ros.streaming.audio_chunk import AudioCounters, ChunkKind
from vinet_ros.streaming.audio_window import AudioWindow
from vinet_ros.streaming.frame_window import FrameWindow, PushKind, PushResult, WindowCounters
from vinet_ros.streaming.hearing import Hearing, HearingCounters, HearingState, HearingStatus
from vinet_ros.streaming.predictor import SKIPPED_SLOTS, Predictor, SaliencyMap

__all__ = [
    "SKIPPED_SLOTS",
    "AudioCounters",
    "AudioWindow",
    "ChunkKind",
    "FrameWindow",
    "Hearing",
    "HearingCounters",
    "HearingState",
    "HearingStatus",
    "Predictor",
    "PushKind",
    "PushResult",
    "SaliencyMap",
    "WindowCounters",
]
