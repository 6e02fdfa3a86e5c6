# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

import base64
import json
import re
from dataclasses import replace

import av
import numpy as np
import pytest
from made_bags import bare_file, cut_off, write_bag
from made_node_bags import (
    ALL,
    LATENCY_NS,
    PERIOD_NS,
    START_NS,
    diagnostics,
    grey_of,
    node_diagnostics,
    outputs,
    pan_deg,
    parameter_event,
    status,
    write_run,
)

from vinet_ros.errors import DataError
from vinet_ros.networks.weights import bundled_weights, sha256_of
from vinet_ros.offline.report import write_report
from vinet_ros.offline.report_bag import read_bag
from vinet_ros.offline.report_data import Said, StatusTrack

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>{{data}}"


def page_data(html):
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)
    return json.loads(text[1])


def shades(path):
    """Times and greys of a video's frames."""
    with av.open(str(path)) as container:
        frames = [(f.time, f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
    return [t for t, _ in frames], [float(p[:8, :8].mean()) for _, p in frames]


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_recording_is_told_whole(tmp_path, storage):
    data = read_bag(write_run(tmp_path / "run", storage))
    gaze = data.gaze
    assert gaze.time_s == pytest.approx(np.arange(40) * PERIOD_NS / 1e9, abs=1e-6)
    assert gaze.columns["pan_deg"] == pytest.approx([pan_deg(k) for k in range(40)], abs=1e-9)
    assert gaze.columns["tilt_deg"] == pytest.approx(np.zeros(40), abs=1e-9)
    assert gaze.columns["u"] == pytest.approx(10.0 + np.arange(40))
    assert gaze.columns["latency_ms"] == pytest.approx(np.full(40, LATENCY_NS / 1e6))
    assert gaze.candidates[7] == ((17.0, 20.0, 0.5), (40.0, 30.0, 0.25))
    assert gaze.rate_hz == pytest.approx(20.0)
    assert data.start_ns == START_NS
    assert data.duration_s == pytest.approx(39 * 0.05 + 0.08)
    assert not data.missing and not data.notes


def test_statuses_are_those_of_the_saliency_node(tmp_path):
    data = read_bag(write_run(tmp_path / "run"))
    statuses = {track.name: track for track in data.statuses}
    assert list(statuses) == ["input", "inference", "latency", "model", "camera"]
    levels = [(said.time_s, said.level) for said in statuses["input"].said if said.level == 2]
    assert levels == [(pytest.approx(1.0), 2)]
    assert statuses["input"].said[-1].level == 0
    assert [said.message for said in statuses["camera"].said] == ["calibrated"]
    assert [series.name for series in data.rates] == ["images in", "maps out"]
    assert list(data.latencies[1].values) == [95.0] * 10
    rows = {key: value for card in data.cards for key, value in card.rows}
    assert rows["images received"] == "90" and rows["images sent"] == "95"
    assert rows["images passed over for a newer one"] == "3"
    assert rows["model"] == "vinet_lite"
    assert ("model", "vinet_lite") in next(c for c in data.cards if c.heading == "Parameters").rows


def test_silence_of_the_diagnostics_is_a_gap(tmp_path):
    records = [*outputs(), *node_diagnostics(5)]
    records += [diagnostics(3.0, status("saliency_node: input", 0, "back"))]
    data = read_bag(write_bag(tmp_path / "run", records))
    assert data.statuses[0].gaps == ((pytest.approx(0.8), pytest.approx(3.0)),)


def test_bundled_weights_are_known_by_their_hash(tmp_path):
    sha256 = sha256_of(bundled_weights("vinet_lite"))
    model = status("saliency_node: model", 0, "", model="vinet_lite", weights_sha256=sha256)
    inference = status("saliency_node: inference", 0, "")
    records = [*outputs(3), diagnostics(0, inference, model)]
    data = read_bag(write_bag(tmp_path / "run", records))
    (card,) = (card for card in data.cards if card.heading == "Weights")
    assert dict(card.rows)["sha256"] == sha256 and "licence" in dict(card.rows)


def test_page_holds_video_and_figures(tmp_path):
    out = tmp_path / "report.html"
    result = write_report(write_run(tmp_path / "run"), out)
    html = out.read_text(encoding="utf-8")
    assert result.video is None and result.video_frames == 40
    content = re.search(r'id="video-data">([^<]*)<', html)[1]
    video = tmp_path / "inside.mp4"
    video.write_bytes(base64.b64decode(content))
    times, greys = shades(video)
    assert times == pytest.approx(np.arange(40) * 0.05, abs=1e-3)
    assert greys == pytest.approx([grey_of(k) for k in range(40)], abs=6)
    data = page_data(html)
    assert data["video"]["start"] == 0 and len(data["gaze"]["pan_deg"]) == 40
    assert not re.search(r"(?:src|href)=\"?(?:https?:)?//", html)


def test_a_large_video_lies_beside_the_page(tmp_path):
    out = tmp_path / "report.html"
    result = write_report(write_run(tmp_path / "run"), out, max_inline_mib=0.0)
    assert result.video == tmp_path / "report.mp4"
    assert len(shades(result.video)[0]) == 40
    html = out.read_text(encoding="utf-8")
    assert 'src="report.mp4"' in html and "keep the two together" in html
    assert 'id="video-data"' not in html
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report.html", "report.mp4", "run"]


@pytest.mark.parametrize(
    "topics, told",
    [
        (("saliency/overlay",), "as the node drew it"),
        (("image", "saliency/image", "gaze/candidates"), "Drawn for this report"),
        (("image", "gaze/candidates"), "with the gaze marked"),
    ],
)
def test_pictures_come_from_what_was_recorded(tmp_path, topics, told):
    records = outputs(12, (*topics, "gaze/pixel"))
    data = read_bag(write_bag(tmp_path / "run", records))
    assert told in data.footage.note
    pictures = list(data.footage.pictures())
    assert [t for t, _ in pictures] == pytest.approx(np.arange(12) * 0.05, abs=1e-6)
    for number, (_, rgb) in enumerate(pictures):
        assert rgb[0, 0].tolist() == pytest.approx([grey_of(number)] * 3, abs=1)
    if "image" in topics:
        assert np.ptp(pictures[3][1].reshape(-1, 3), axis=0).max() > 50  # something is drawn


@pytest.mark.parametrize(
    "topics, sections",
    [
        (("gaze/target", "gaze/pixel"), {"video", "diagnostics", "settings"}),
        (("gaze/pixel",), {"video", "gaze", "diagnostics", "settings"}),
        (("saliency/overlay/compressed",), {"gaze", "latency", "diagnostics", "settings"}),
    ],
)
def test_what_was_not_recorded_is_said_with_the_command(tmp_path, topics, sections):
    out = tmp_path / "report.html"
    result = write_report(write_bag(tmp_path / "run", outputs(5, topics)), out)
    assert set(result.data.missing) == sections
    assert all("ros2 bag record /" in text for text in result.data.missing.values())
    html = out.read_text(encoding="utf-8")
    assert html.count('<p class="missing">') == len(sections)
    assert html.count("<code>ros2 bag record") == len(sections)


def test_text_of_a_bag_stays_text(tmp_path):
    records = [
        *outputs(5),
        *node_diagnostics(camera=HOSTILE),
        parameter_event(model=HOSTILE),
        diagnostics(1.9, status("saliency_node: model", 0, HOSTILE, model=HOSTILE)),
    ]
    out = tmp_path / "report.html"
    write_report(write_bag(tmp_path / "<b>run", records), out)
    html = out.read_text(encoding="utf-8")
    assert "<img" not in html and "<b>run" not in html and html.count("</script>") == 3
    messages = [s[2] for track in page_data(html)["statuses"] for s in track["said"]]
    assert HOSTILE in messages


def test_namespaces_are_told_apart(tmp_path):
    records = [
        *outputs(6, prefix="/left"),
        *outputs(9, ALL[:2], prefix="/right"),
        *node_diagnostics(4, node="right/saliency_node"),
    ]
    bag = write_bag(tmp_path / "run", records)
    with pytest.raises(DataError, match=r"2 nodes; choose one with --namespace: '/left', '/right"):
        read_bag(bag)
    with pytest.raises(DataError, match="nothing of saliency_node in namespace 'up'"):
        read_bag(bag, "up")
    left, right = read_bag(bag, "/left"), read_bag(bag, "right/")
    assert len(left.gaze.time_s) == 6 and not left.statuses
    assert len(right.gaze.time_s) == 9 and right.statuses
    assert "/left/saliency" not in right.missing["video"]


def test_damaged_messages_are_left_out_and_counted(tmp_path):
    records = outputs(10)
    records = [cut_off(r) if i % 8 == 0 else r for i, r in enumerate(records)]
    data = read_bag(write_bag(tmp_path / "run", records))
    assert data.notes == ("5 messages could not be read and are left out.",)
    assert len(data.gaze.time_s) == 10 and np.isnan(data.gaze.columns["pan_deg"]).sum() == 5


def test_hostile_clouds_are_not_read_beyond_their_end(tmp_path):
    records = outputs(3, ("gaze/pixel", "gaze/candidates"))
    for record, change in zip(
        [r for r in records if r.topic == "/gaze/candidates"],
        ({"width": 1 << 30}, {"point_step": 4}, {"point_step": 0}),
        strict=True,
    ):
        for name, value in change.items():
            object.__setattr__(record.content, name, value)
    gaze = read_bag(write_bag(tmp_path / "run", records)).gaze
    assert [len(peaks) for peaks in gaze.candidates] == [2, 0, 0]


def test_another_clock_gives_times_but_no_latencies(tmp_path):
    data = read_bag(write_bag(tmp_path / "run", outputs(10, late_ns=10**17)))
    assert data.gaze.time_s == pytest.approx(np.arange(10) * 0.05, abs=1e-6)
    assert "latency_ms" not in data.gaze.columns
    assert "another clock" in data.notes[0] and "latency" in data.missing


def test_jumping_stamps_give_way_to_the_recorders_time(tmp_path):
    records = outputs(10)
    moved = [
        replace(r, log_ns=r.log_ns + (10**12 if i >= len(records) // 2 else 0))
        for i, r in enumerate(records)
    ]
    data = read_bag(write_bag(tmp_path / "run", moved))
    assert np.diff(data.gaze.time_s).max() == pytest.approx(1000.05)
    assert "stamps jump" in data.notes[0]


def test_errors_name_the_file_and_leave_nothing(tmp_path):
    bag = write_run(tmp_path / "run")
    camera_only = write_bag(tmp_path / "camera", outputs(3, ("image",)))
    broken = tmp_path / "broken.mcap"
    broken.write_bytes(bare_file(bag).read_bytes()[:2000])
    out = tmp_path / "report.html"
    for source, told in (
        (tmp_path / "nowhere", "no bag at"),
        (broken, "broken.mcap"),
        (camera_only, "no topic of saliency_node .*/image.*vinet predict"),
    ):
        with pytest.raises(DataError, match=told):
            write_report(source, out)
    with pytest.raises(DataError, match="is a folder"):
        write_report(bag, tmp_path)
    with pytest.raises(DataError, match="there is no folder"):
        write_report(bag, tmp_path / "no" / "report.html")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["broken.mcap", "camera", "run"]


def test_report_without_pictures_on_request(tmp_path):
    out = tmp_path / "report.html"
    result = write_report(write_run(tmp_path / "run"), out, with_video=False)
    assert result.video_frames == 0 and "Left out on request" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("levels", "worst"),
    [((3, 0), 0), ((3, 3, 1, 0), 1), ((0, 3), 3), ((3,), 3), ((3, 0, 3, 1), 1), ((0, 2, 3), 2)],
)
def test_a_status_that_has_only_not_begun_is_no_trouble(levels, worst):
    said = tuple(Said(float(k), level, "") for k, level in enumerate(levels))
    assert StatusTrack("input", said).worst == worst
