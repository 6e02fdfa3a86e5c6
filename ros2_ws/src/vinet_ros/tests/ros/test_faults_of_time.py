# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Stamps and clocks that go wrong, over real DDS: a fault a test, as docs/faults.md lists."""

import numpy as np
import pytest
from geometry_msgs.msg import PointStamped
from node_bench import Bench, spot
from rosgraph_msgs.msg import Clock

from vinet_ros.ros.clock_watch import ClockWatch
from vinet_ros.ros.messages import ns_to_stamp, stamp_to_ns

SECOND = 1_000_000_000
BAD = 3


@pytest.mark.parametrize(
    ("key", "change", "words", "level"),
    [
        ("zero", lambda now: 0, "an image has no stamp; let the camera driver stamp", 2),
        ("zero", lambda now: -5 * SECOND, "an image has no stamp; let the camera", 2),
        (
            "future",
            lambda now: now + 5 * SECOND,
            "s ahead of the clock, more than 1 s ahead is refused; synchronise the clocks",
            2,
        ),
        (
            "out_of_order",
            lambda now: now - SECOND // 8,
            "ms; is there a second publisher?",
            1,
        ),
    ],
    ids=["zero", "negative", "future", "out-of-order"],
)
def test_a_bad_stamp(bench: Bench, key, change, words, level) -> None:
    bench.active(max_gap_s=10.0)
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: len(pixels) >= 3)
    bad = []
    for _ in range(BAD):
        bench.send(spot())
        bad.append(bench.send(spot(), change(bench.now_ns())))
    bench.spin_until(lambda: bench.count("stamps", key) == BAD)
    assert bench.says("stamps", words, level), bench.status("stamps").message
    bench.fresh(pixels)
    assert not {*bad} & {stamp_to_ns(pixel.header.stamp) for pixel in pixels}
    assert bench.settled_cost() == BAD
    assert bench.value("window", "jumps_back") == bench.value("window", "gaps") == "0"


def test_a_stamp_that_comes_twice(bench: Bench) -> None:
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.fresh(pixels)
    for _ in range(BAD):
        bench.send(spot(), bench.send(spot()))
    bench.spin_until(lambda: bench.count("stamps", "repeated") == BAD)
    assert bench.says("stamps", "two images have the same stamp", level=1)
    bench.fresh(pixels)
    assert bench.settled_cost() == BAD


def test_a_camera_whose_clock_jumps_back(bench: Bench) -> None:
    """By more than images are delayed: a new scene, in which nothing is lost."""
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.fresh(pixels)
    early_ns = bench.now_ns() - 3600 * SECOND
    bench.send(spot(), early_ns)
    bench.spin_until(lambda: stamp_to_ns(pixels[-1].header.stamp) == early_ns)
    bench.spin_until(lambda: bench.says("window", "started anew: stamp jumped back", level=1))
    words = "3600 s old on arrival, expected at most 5 s; synchronise the clocks"
    assert any(words in status.message for array in bench.diagnostics for status in array.status)
    assert bench.settled_cost() == 0


def test_images_that_are_too_old_where_that_is_asked(bench: Bench) -> None:
    bench.active(max_age_s=0.5)
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(
        lambda: bench.count("stamps", "too_old") >= BAD,
        send=lambda rgb: bench.send(rgb, bench.now_ns() - SECOND),
    )
    assert not pixels
    words = "s old on arrival, older than max_age_s (0.5 s); look at the network, or raise"
    assert bench.says("stamps", words, level=1)
    bench.fresh(pixels)


def test_old_images_are_used_but_named_where_no_age_is_asked(bench: Bench) -> None:
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(
        lambda: pixels and bench.says("stamps", "s old on arrival, expected at most 5 s", level=2),
        send=lambda rgb: bench.send(rgb, bench.now_ns() - 60 * SECOND),
    )
    assert bench.settled_cost() == 0


class Simulation:
    """A clock under use_sim_time, and a camera that stamps by it."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._clock = bench.node.create_publisher(Clock, "/clock", 10)
        self.now_ns = 1000 * SECOND

    def set(self, now_ns: int) -> None:
        self.now_ns = now_ns
        self._clock.publish(Clock(clock=ns_to_stamp(now_ns)))

    def tick(self, rgb: np.ndarray) -> int:
        """Let a thirtieth of a second pass, and let the node hear of it before the image."""
        self.set(self.now_ns + SECOND // 30)
        node = self._bench.nodes[0]
        self._bench.spin_until(lambda: node.get_clock().now().nanoseconds == self.now_ns)
        return self._bench.send(rgb, self.now_ns)


def test_a_simulated_clock_that_jumps_both_ways(bench: Bench) -> None:
    simulation = Simulation(bench)
    bench.active(use_sim_time=True)
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: len(pixels) >= 3, send=simulation.tick)
    for jumps, (delta_s, words) in enumerate(((-500, "-499.9"), (2000, "2000.0")), start=1):
        simulation.set(simulation.now_ns + delta_s * SECOND)
        start_ns = simulation.now_ns
        bench.show(
            lambda: 0 < stamp_to_ns(pixels[-1].header.stamp) - start_ns < 100 * SECOND,  # noqa: B023
            send=simulation.tick,
        )
        bench.spin_until(lambda: bench.value("stamps", "clock_jumps") == str(jumps))  # noqa: B023
        assert bench.says("stamps", "the clock jumped by ")
        assert bench.says("stamps", f"{words[:-2]}"), words
    assert bench.settled_cost() == 0
    assert bench.value("window", "jumps_back") == bench.value("window", "gaps") == "1"


def test_a_simulated_clock_that_does_not_come(bench: Bench) -> None:
    """Neither it nor one that stands at zero keeps the gaze away; starting is no jump."""
    simulation = Simulation(bench)
    bench.active(use_sim_time=True)
    pixels = bench.listen(PointStamped, "gaze/pixel")
    words = "use_sim_time is set, but no /clock arrives or it stands at zero; start the simul"
    bench.spin_until(lambda: bench.says("stamps", words, level=2))
    simulation.set(0)
    sent = bench.show(lambda: len(pixels) >= 3)
    assert stamp_to_ns(pixels[-1].header.stamp) in sent
    assert bench.says("stamps", words, level=2)
    assert bench.value("latency", "total_count") is None  # nobody can tell
    pixels.clear()
    bench.show(lambda: len(pixels) >= 3, send=simulation.tick)
    bench.show(lambda: bench.says("stamps", "the stamps are good", 0), send=simulation.tick)
    assert bench.value("stamps", "clock_jumps") == "0"


def test_a_simulated_clock_that_stands_still(bench: Bench) -> None:
    simulation = Simulation(bench)
    bench.active(use_sim_time=True)
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: pixels, send=simulation.tick)
    bench.spin_until(lambda: bench.says("stamps", "/clock has stood still for ", level=1))
    assert "is the simulator paused?" in bench.status("stamps").message
    pixels.clear()
    bench.show(lambda: pixels, send=simulation.tick)
    bench.show(lambda: bench.says("stamps", "the stamps are good", 0), send=simulation.tick)


def test_a_real_clock_that_is_set() -> None:
    """rclpy tells of no jump of the system's clock, and a test cannot set it: the part alone."""
    watch = ClockWatch()
    steady = 0
    for now_ns, simulated, expected in (
        (100 * SECOND, False, 0),
        (101 * SECOND, False, 0),
        (102 * SECOND + SECOND // 2, False, 0),  # slewed
        (3702 * SECOND + SECOND // 2, False, 3599 * SECOND),
        (3 * SECOND, False, -3700 * SECOND - SECOND // 2),
        (500 * SECOND, True, 0),  # rclpy tells of those
        (502 * SECOND, True, 0),
        (600 * SECOND, False, 0),
        (601 * SECOND, False, 0),
    ):
        assert watch.look(now_ns, steady, simulated=simulated) == expected
        steady += SECOND


def test_a_clock_that_has_not_moved_tells_since_when() -> None:
    watch = ClockWatch()
    assert watch.still_s() == 0
    for steady_s in range(5):
        watch.look(7, steady_s * SECOND, simulated=True)
    assert watch.still_s() == 4
    watch.look(8, 5 * SECOND, simulated=True)
    assert watch.still_s() == 0
