# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What saliency_node is told where its camera is on a head that follows."""

HEAD_CAMERA: dict[str, bool | float] = {
    # Else what is pursued stands in the picture, and is not seen to move.
    "stabilize": True,
    # Maps are smoothed in the picture, which turns with the head: with 0.15 s a thing that the
    # head catches up with is seen too late; with 0.05 s weak peaks come and go, and seem to move.
    "smoothing_tau_s": 0.08,
}
"""Parameters and their values; saliency.launch.py and simulation.launch.py have the same."""
