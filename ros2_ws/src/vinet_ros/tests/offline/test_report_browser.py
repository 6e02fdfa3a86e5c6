# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The page in a real browser: played, scrubbed, tapped, read with a wide and a narrow window."""

import io

import numpy as np
import pytest
from browser import browser_page, chromium
from made_bags import write_bag
from made_node_bags import diagnostics, node_diagnostics, outputs, status, write_run
from PIL import Image
from test_report import HOSTILE

from vinet_ros.offline.report import write_report

pytestmark = pytest.mark.skipif(
    chromium() is None, reason="no Chromium is installed (apt install chromium)"
)

WIDE, NARROW = (1440, 900), (390, 844)
READY = "document.documentElement.dataset.ready === 'yes'"
PLAYABLE = "document.getElementById('video').readyState >= 2"
SHADE = """(() => { const video = document.getElementById('video'), canvas =
document.createElement('canvas'); canvas.width = canvas.height = 1; const pen =
canvas.getContext('2d'); pen.drawImage(video, 0, 0, 1, 1);
return pen.getImageData(0, 0, 1, 1).data[0]; })()"""
SEEKED = "!document.getElementById('video').seeking"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with browser_page(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    return write_report(write_run(folder / "run"), folder / "report.html").page


def opened(page, report, size=WIDE, **options):
    page.problems.clear()
    page.requests.clear()
    page.open(report, *size, **options)
    page.wait_for(READY)
    page.wait_for(PLAYABLE)
    return page


def box(page, selector):
    rect = page.evaluate(
        f"(r => [r.x, r.y, r.width, r.height])(document.querySelector({selector!r})"
        ".getBoundingClientRect())"
    )
    return [float(value) for value in rect]


def test_scrubbing_moves_video_and_figures_together(page, report):
    opened(page, report)
    for time_s, number in ((0.5, 10), (1.5, 30), (0.25, 5)):
        page.evaluate(f"gazeReport.go({time_s} + 0.02)")
        page.wait_for(SEEKED)
        page.wait_for(f"Math.abs({SHADE} - {40 + 4 * number}) < 8")
        assert page.evaluate("document.querySelector('#now').innerText").count(f"{10 + number},")
    assert page.evaluate("document.getElementById('seek').value") == "0.27"


def test_chart_is_dragged_with_the_mouse_and_moved_with_keys(page, report):
    opened(page, report)
    x, y, width, height = box(page, "#gaze-charts .plot")
    start, end = x + 46, x + width - 10
    page.mouse("mousePressed", start + 0.25 * (end - start), y + height / 2)
    page.mouse("mouseMoved", start + 0.5 * (end - start), y + height / 2)
    page.mouse("mouseReleased", start + 0.5 * (end - start), y + height / 2)
    half = page.evaluate("gazeReport.time")
    assert half == pytest.approx((39 * 0.05 + 0.08) / 2, abs=0.01)
    assert "pan" in page.evaluate("document.getElementById('tip').innerText")
    page.evaluate("document.querySelector('#gaze-charts .plot').focus()")
    for _ in range(3):
        page.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowLeft")
    assert page.evaluate("gazeReport.time") == pytest.approx(half - 0.3)
    told = page.evaluate("document.querySelector('#gaze-charts .plot').ariaValueText")
    assert "pan" in told and "°" in told


def test_playing_moves_time_to_the_end(page, report):
    opened(page, report)
    before = page.evaluate("gazeReport.time")
    x, y, width, height = box(page, "#play")
    page.mouse("mousePressed", x + width / 2, y + height / 2)
    page.mouse("mouseReleased", x + width / 2, y + height / 2)
    assert page.evaluate("gazeReport.playing")
    page.wait_for(f"gazeReport.time > {before} + 0.3")
    assert page.evaluate("document.getElementById('video').currentTime") > 0
    page.wait_for("!gazeReport.playing")
    assert page.evaluate("gazeReport.time") == pytest.approx(39 * 0.05 + 0.08, abs=0.01)
    assert page.evaluate("document.getElementById('play').ariaLabel") == "Play"


def test_statuses_say_their_message_at_the_cursor(page, report):
    opened(page, report)
    said = "document.querySelector('#status-bands .said').innerText"
    page.evaluate("gazeReport.go(0.5)")
    assert page.evaluate(said).split() == ["OK", "2", "Hz"]
    page.evaluate("gazeReport.go(1.1)")
    assert page.evaluate(said).split() == ["ERROR", "no", "image"]
    page.evaluate("document.querySelector('#status-bands').scrollIntoView()")
    x, y, width, height = box(page, "#status-bands .plot")
    page.tap(x + 0.9 * width, y + height / 2)
    page.wait_for("gazeReport.time > 1.7")
    assert page.evaluate(said).startswith("OK")
    count = page.evaluate("document.querySelectorAll('#status-events button').length")
    assert count == 3  # input twice, camera at once


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_window_shows_all_without_scrolling_sideways(page, report, tmp_path, size, dark):
    page.dark(dark)
    opened(page, report, size, phone=size is NARROW)
    page.evaluate("gazeReport.go(0.5)")
    page.wait_for(SEEKED)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    for selector in ("#video", "#play", "#gaze-charts .plot"):
        x, _, width, height = box(page, selector)
        assert x >= 0 and x + width <= size[0] + 1 and height > 30, selector
    for selector in ("#play", "#seek"):
        assert box(page, selector)[3] >= 36, f"{selector} is too small for a finger"
    shot = page.screenshot(tmp_path / "shot.png")
    pixels = np.asarray(Image.open(io.BytesIO(shot)).convert("L"))
    assert pixels.shape == size[::-1]
    assert np.median(pixels) < 60 if dark else np.median(pixels) > 200
    drawn = "(c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height"
    drawn += ").data.buffer)).size)(document.querySelector('#gaze-charts canvas'))"
    assert page.evaluate(drawn) > 5
    assert not page.problems
    page.dark(False)


def test_charts_show_a_part_of_a_long_recording(page, tmp_path):
    records = outputs(240, ("gaze/pixel",))
    bag = write_bag(tmp_path / "run", records)
    report = write_report(bag, tmp_path / "report.html", with_video=False).page
    page.open(report, *NARROW, phone=True)
    page.wait_for(READY)
    _, _, _, height = box(page, "[data-window='10']")
    assert height >= 36
    page.evaluate("document.querySelector(\"[data-window='10']\").click(); gazeReport.go(6)")
    page.evaluate("document.querySelector('#gaze-charts .plot').scrollIntoView({block: 'center'})")
    x, y, _, height = box(page, "#gaze-charts .plot")
    page.mouse("mousePressed", x + 46, y + height / 2)
    page.mouse("mouseReleased", x + 46, y + height / 2)
    assert page.evaluate("gazeReport.time") == pytest.approx(1.0, abs=0.05)
    page.evaluate("gazeReport.toggle()")  # without a video the page keeps the time
    page.wait_for("gazeReport.time > 1.5")


def test_page_asks_nothing_of_the_network(page, report):
    opened(page, report)
    assert {url.partition(":")[0] for url in page.requests} == {"file", "blob"}
    assert sum(url.startswith("file:") for url in page.requests) == 1


def test_text_of_a_bag_never_runs(page, tmp_path):
    records = [
        *outputs(10),
        *node_diagnostics(camera=HOSTILE),
        diagnostics(1.9, status("saliency_node: model", 1, HOSTILE, model=HOSTILE)),
    ]
    report = write_report(write_bag(tmp_path / "run", records), tmp_path / "report.html").page
    opened(page, report)
    assert page.evaluate("document.title").startswith("run")
    assert page.evaluate("document.images.length") == 0
    assert "<img src=x" in page.evaluate("document.querySelector('#status-bands').innerText")
    # Even a script that got in would not run: the page's policy knows ours by its hash.
    page.evaluate(
        "(s => { s.textContent = 'owned = 1'; document.body.append(s); })"
        "(document.createElement('script'))"
    )
    assert page.evaluate("typeof owned") == "undefined"
