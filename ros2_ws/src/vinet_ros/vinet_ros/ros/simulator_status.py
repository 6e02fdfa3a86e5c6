# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What pan_tilt_simulator says of itself on /diagnostics."""

from collections import Counter
from dataclasses import dataclass, field

from vinet_ros.gaze import JointSample
from vinet_ros.ros.status import Status, StatusBuilder

SIMULATOR_KEYS = {
    "scene": "what there is to see",
    "seed": "that a made scene is drawn by",
    "time_s": "since the scene began",
    "topic": "where the images go out",
    "images": "published",
    "pan_rad": "where the head is",
    "tilt_rad": "where the head is",
    "commands": "that were taken, by their topics",
    "refused_commands": "commands that could not be used",
    "last_refusal": "reason of the last one",
    "stalls": "times that it stood still for lack of processor time",
}


@dataclass
class SimulatorCounts:
    """Counted while it runs."""

    images: int = 0
    stalls: int = 0
    refused: int = 0
    last_refusal: str = ""
    commands: Counter[str] = field(default_factory=Counter)


def simulator_status(
    counts: SimulatorCounts, scene: str, seed: int, time_s: float, topic: str, head: JointSample
) -> tuple[Status, ...]:
    """Return the status of a simulation.

    Args:
        counts: So far.
        scene: Its kind.
        seed: Of a made one.
        time_s: Since it began.
        topic: Of the images.
        head: Where it is.
    """
    builder = StatusBuilder("simulation", SIMULATOR_KEYS)
    builder.add(
        scene=scene,
        seed=seed,
        time_s=time_s,
        topic=topic,
        images=counts.images,
        pan_rad=float(head.position.pan_rad),
        tilt_rad=float(head.position.tilt_rad),
        commands=", ".join(f"{topic} {n}" for topic, n in sorted(counts.commands.items())) or None,
        refused_commands=counts.refused,
        last_refusal=counts.last_refusal or None,
        stalls=counts.stalls,
    )
    builder.warn_if(counts.refused, f"{counts.refused} commands were refused")
    builder.warn_if(counts.stalls, f"it stood still {counts.stalls} times")
    return (builder.finish(f"{counts.images} images of {scene}"),)
