# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What saliency_node is told where its camera is on a head that follows."""

HEAD_CAMERA: dict[str, bool | float] = {
    # Else what is pursued stands in the picture, and is not seen to move.
    "stabilize": True,
    # Maps are smoothed in the picture, which turns with the head: with 0.15 s what is looked at
    # seems to run ahead of a head that catches up with it, and the head overshoots.
    "smoothing_tau_s": 0.05,
}
"""Parameters and their values; simulation.launch.py has the same."""
