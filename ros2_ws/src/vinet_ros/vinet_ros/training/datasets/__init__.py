# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Data sets with human fixations, each read from the layout it has on disk."""

from vinet_ros.training.datasets.gaze_clips import GazeClip, find_gaze_files, read_gaze_clip
from vinet_ros.training.datasets.records import Fixations, Still
from vinet_ros.training.datasets.stills import Stills

__all__ = ["Fixations", "GazeClip", "Still", "Stills", "find_gaze_files", "read_gaze_clip"]
