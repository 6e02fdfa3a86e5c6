# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What a live stream needs, independent of its source.

Each part is imported when it is asked for: a node that only sends sound does without PyTorch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vinet_ros.streaming.audio_chunk import AudioCounters, ChunkKind
    from vinet_ros.streaming.audio_window import AudioWindow
    from vinet_ros.streaming.frame_window import FrameWindow, PushKind, PushResult, WindowCounters
    from vinet_ros.streaming.hearing import Hearing, HearingCounters, HearingState, HearingStatus
    from vinet_ros.streaming.predictor import Predictor, SaliencyMap
    from vinet_ros.streaming.skipped_slots import SKIPPED_SLOTS

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
_PARTS = {
    "audio_chunk": ("AudioCounters", "ChunkKind"),
    "audio_window": ("AudioWindow",),
    "frame_window": ("FrameWindow", "PushKind", "PushResult", "WindowCounters"),
    "hearing": ("Hearing", "HearingCounters", "HearingState", "HearingStatus"),
    "predictor": ("Predictor", "SaliencyMap"),
    "skipped_slots": ("SKIPPED_SLOTS",),
}
_MODULES = {name: module for module, names in _PARTS.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
