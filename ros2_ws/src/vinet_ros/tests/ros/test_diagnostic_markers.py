# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The text that rviz shows of the diagnostics."""

import pytest
from node_bench import Bench, spot
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

from vinet_ros.ros.diagnostic_markers import DIAGNOSTIC_MARKERS, UNKNOWN_FRAME, text_marker
from vinet_ros.ros.status import Level, Status


def status(level: Level, message: str = "fine", name: str = "input") -> Status:
    return Status(name, level, message, ())


def rgb(*levels: Level) -> tuple[float, float, float]:
    color = text_marker(Header(), "node", [status(level) for level in levels]).color
    assert color.a == 1.0
    return color.r, color.g, color.b


def test_it_has_a_line_for_each_status_and_says_what_is_not_ok() -> None:
    statuses = [status(Level.OK), status(Level.WARN, "slow", "latency")]
    marker = text_marker(Header(frame_id="eye"), "front/saliency_node", statuses)
    assert marker.text.split("\n") == ["front/saliency_node", "input: fine", "WARN latency: slow"]
    assert (marker.type, marker.action) == (Marker.TEXT_VIEW_FACING, Marker.ADD)
    assert (marker.header.frame_id, marker.header.stamp.sec) == ("eye", 0)
    assert marker.scale.z > 0 and marker.pose.orientation.w == 1.0


def test_the_worst_status_colours_it() -> None:
    colors = [rgb(level) for level in Level]
    assert len(set(colors)) == len(Level)
    assert rgb(Level.OK, Level.ERROR, Level.WARN) == rgb(Level.ERROR)
    assert rgb(Level.OK, Level.STALE) == rgb(Level.OK)  # no value yet is no fault
    assert rgb() == rgb(Level.STALE)


@pytest.mark.parametrize("message", ["x" * 500, "two\nlines", "t\u00f6p\x00"])
def test_what_strangers_write_stays_one_short_plain_line(message) -> None:
    text = text_marker(Header(), "node", [status(Level.ERROR, message)]).text
    (_, line) = text.split("\n")
    assert len(line) <= 90 and line.isascii() and line.isprintable()
    assert line.startswith("ERROR input: ")


def test_it_is_published_where_the_newest_image_was_seen(bench: Bench) -> None:
    heard = bench.listen(MarkerArray, DIAGNOSTIC_MARKERS)
    bench.active(diagnostics_period_s=0.2)
    bench.spin_until(lambda: heard and "ERROR input: nobody" in heard[-1].markers[0].text)
    (marker,) = heard[-1].markers
    assert marker.header.frame_id == UNKNOWN_FRAME
    assert (marker.lifetime.sec, marker.lifetime.nanosec) == (0, 600_000_000)
    bench.show(lambda: heard[-1].markers[0].header.frame_id == "camera", spot())
    assert marker.ns == heard[-1].markers[0].ns == "saliency_node"


def test_nothing_is_made_while_nobody_listens(bench: Bench, monkeypatch) -> None:
    made: list[str] = []

    def count(header: Header, *arguments: object) -> Marker:
        made.append(header.frame_id)
        return Marker(header=header)

    monkeypatch.setattr("vinet_ros.ros.diagnostic_markers.text_marker", count)
    bench.active()
    before = len(bench.diagnostics)
    bench.spin_until(lambda: len(bench.diagnostics) >= before + 3)
    assert not made
    heard = bench.listen(MarkerArray, DIAGNOSTIC_MARKERS)
    bench.spin_until(lambda: heard)
    assert made
