"""What a live stream needs, independent of its source."""

from vinet_ros.streaming.frame_window import FrameWindow, PushKind, PushResult, WindowCounters
from vinet_ros.streaming.predictor import Predictor, SaliencyMap

__all__ = ["FrameWindow", "Predictor", "PushKind", "PushResult", "SaliencyMap", "WindowCounters"]
