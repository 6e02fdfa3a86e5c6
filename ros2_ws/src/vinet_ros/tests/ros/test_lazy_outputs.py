# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""What nobody listens to is not computed; the counters in diagnostics and the network prove it."""

import pytest
from bright_spot import BrightSpot, Loader
from node_bench import Bench, spot
from torch import Tensor

from vinet_ros.ros.saliency_outputs import OUTPUTS


class Counting(BrightSpot):
    """Counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.encoded = self.decoded = 0

    def encode(self, frames: Tensor) -> tuple[Tensor, ...]:
        self.encoded += 1
        return super().encode(frames)

    def decode(self, features: tuple[Tensor, ...]) -> Tensor:
        self.decoded += 1
        return super().decode(features)


def made(bench: Bench) -> dict[str, int]:
    """Return how many messages of each topic the diagnostics count."""
    return {output.topic: bench.count("outputs", output.topic) for output in OUTPUTS}


def test_without_a_listener_no_network_runs(bench: Bench) -> None:
    network = Counting()
    bench.active(Loader(network))
    bench.show(lambda: bench.count("input", "frames_used") >= 10)
    assert bench.says("inference", "idle: nobody listens to an output", level=0)
    assert bench.says("outputs", "nobody listens", level=0)
    assert bench.value("inference", "total_count") is None
    assert (network.encoded, network.decoded) == (0, 0)
    assert not any(made(bench).values())


@pytest.mark.parametrize("topic", [output.topic for output in OUTPUTS])
def test_with_one_listener_nothing_else_is_made(bench: Bench, topic: str) -> None:
    network = Counting()
    bench.active(Loader(network))
    kind = next(output.message_type for output in OUTPUTS if output.topic == topic)
    subscription = bench.node.create_subscription(kind, topic, lambda message: None, 1)
    bench.show(lambda: made(bench)[topic] >= 3)
    counts = made(bench)
    assert {name for name, count in counts.items() if count} == {topic}
    bench.node.destroy_subscription(subscription)  # the listener goes: it is quiet again
    bench.show(lambda: bench.says("outputs", "nobody listens", level=0))
    bench.spin_for(0.3)
    decoded, counts = network.decoded, made(bench)
    used = bench.count("input", "frames_used")
    bench.show(lambda: bench.count("input", "frames_used") >= used + 5, spot())
    assert (network.decoded, made(bench)) == (decoded, counts)
