# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Quality of service of the nodes' topics."""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

RELIABILITIES = {
    "best_effort": ReliabilityPolicy.BEST_EFFORT,
    "reliable": ReliabilityPolicy.RELIABLE,
}


def sensor_qos(reliability: str = "best_effort", depth: int = 5) -> QoSProfile:
    """Return the profile of a camera's topics: volatile, keep last.

    Args:
        reliability: best_effort or reliable.
        depth: Messages kept; each kept image is latency.

    Raises:
        ValueError: If the reliability is another word or the depth is under 1.
    """
    if reliability not in RELIABILITIES:
        raise ValueError(
            f"reliability must be one of {', '.join(RELIABILITIES)}, got {reliability!r}"
        )
    return _profile(RELIABILITIES[reliability], depth)


def output_qos() -> QoSProfile:
    """Return the profile of the nodes' results: reliable, only the newest is kept."""
    return _profile(ReliabilityPolicy.RELIABLE, 1)


def _profile(reliability: ReliabilityPolicy, depth: int) -> QoSProfile:
    if depth < 1:
        raise ValueError(f"depth must be at least 1, got {depth}")
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=reliability,
        durability=DurabilityPolicy.VOLATILE,
    )
