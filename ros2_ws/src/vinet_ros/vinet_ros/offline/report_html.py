# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The page of a report: one HTML file with everything in it, that asks no network for anything.

All text from a recording is escaped; the only script that a browser may run there is ours, named
by its hash in the page's own security policy.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape
from importlib.resources import files

import numpy as np

from vinet_ros.offline.frames import NS_PER_S
from vinet_ros.offline.report_data import LEVELS, Card, ReportData
from vinet_ros.offline.report_json import page_json

_LEVEL_NOTES = ("fine", "look at it", "does not work", "no current value")


@dataclass(frozen=True, slots=True)
class PageVideo:
    """The video of a page.

    Args:
        content: An MP4 to put into the page; None where it is a file beside.
        beside: Name of the file beside the page.
        start_s: Time of its first frame.
        note: What is seen.
    """

    content: bytes | None
    beside: str
    start_s: float
    note: str


def build_page(data: ReportData, video: PageVideo | None) -> str:
    """Return a report's HTML.

    Args:
        data: What it shows.
        video: None where there is none.
    """
    script = _asset("page.js")
    parts = {
        "policy": _policy(script),
        "title": escape(data.title),
        "style": _asset("page.css"),
        "script": script,
        "subtitle": escape(_subtitle(data)),
        "tiles": "".join(_tile(*tile) for tile in _tiles(data)),
        "notes": _notes(data),
        "video": _video(data, video),
        "inline_video": _inline_video(video),
        "gaze": _missing(data, "gaze") + '<div id="gaze-charts"></div>',
        "latency": _latency(data),
        "diagnostics": _diagnostics(data),
        "settings": _settings(data),
        "footer": "Made by <code>vinet report</code>. This page holds all that it shows and "
        "asks no network for anything.",
        "data": page_json(data, None if video is None else video.start_s),
    }
    # One pass, so that braces in a recording's text are never taken for a place in the page.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _asset("page.html"))


def _asset(name: str) -> str:
    return (files("vinet_ros.offline") / "report_page" / name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "media-src 'self' blob: file:; base-uri 'none'; form-action 'none'"
    )


def _subtitle(data: ReportData) -> str:
    parts = [data.origin, f"{data.duration_s:.1f} s"]
    if data.start_ns:
        start = datetime.fromtimestamp(data.start_ns / NS_PER_S, tz=timezone.utc)
        parts.insert(0, start.strftime("%d %B %Y, %H:%M:%S UTC"))
    return " · ".join(parts)


def _tiles(data: ReportData) -> list[tuple[str, str, str]]:
    """Return (name, value, remark) of the key figures."""
    tiles = []
    gaze = data.gaze
    if gaze is not None:
        rate = f"{gaze.rate_hz:.1f} a second" if gaze.rate_hz else ""
        pause_s = float(np.diff(gaze.known_s).max(initial=0.0))
        tiles.append(("Gaze targets", f"{len(gaze.known_s)}", rate))
        tiles.append(("Longest pause", f"{pause_s:.2f} s", "between two gaze targets"))
    if gaze is not None and "latency_ms" in gaze.columns:
        median, high = np.nanpercentile(gaze.columns["latency_ms"], [50, 95])
        tiles.append(("Latency", f"{median:.0f} ms", f"median; 95 % within {high:.0f} ms"))
    tiles += _totals_tiles(data)
    if data.statuses:
        worst = max(data.statuses, key=lambda track: (0, 2, 3, 1)[track.worst])
        names = [t.name for t in data.statuses if t.worst == worst.worst]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        remark = "all the time" if worst.worst == 0 else ", ".join(names[:3]) + more
        tiles.append(("Worst status", LEVELS[worst.worst], remark))
    return tiles


def _totals_tiles(data: ReportData) -> list[tuple[str, str, str]]:
    totals = {key: value for card in data.cards for key, value in card.rows}
    try:
        received = int(totals["images received"])
        meant = int(totals.get("images sent") or totals["images expected by their stamps"])
        skipped = int(totals["images passed over for a newer one"])
    except (KeyError, ValueError):
        return []
    share = 100 * received / meant if meant else 0.0
    remark = f"{received} of {meant}; {skipped} passed over for a newer one"
    return [("Images received", f"{share:.1f} %", remark)]


def _tile(name: str, value: str, remark: str) -> str:
    return (
        f'<li><span class="name">{escape(name)}</span><b>{escape(value)}</b>'
        f"<span>{escape(remark)}</span></li>"
    )


def _notes(data: ReportData) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in data.notes)
    return f'<ul class="notes" aria-label="Notes">{items}</ul>' if items else ""


def _missing(data: ReportData, section: str) -> str:
    text = data.missing.get(section)
    if not text:
        return ""
    told, colon, command = text.partition(": ros2 ")
    shown = f"{escape(told)}: <code>ros2 {escape(command)}</code>" if colon else escape(text)
    return f'<p class="missing">{shown}</p>'


def _video(data: ReportData, video: PageVideo | None) -> str:
    if video is None:
        return _missing(data, "video")
    source = f' src="{escape(video.beside)}"' if video.content is None else ""
    place = (
        f" It lies beside this page as {video.beside}; keep the two together."
        if video.content is None
        else ""
    )
    return (
        f'<div class="screen"><video id="video" playsinline preload="auto"{source} '
        'aria-label="Video with the gaze marked"></video></div>'
        '<p id="video-error" class="missing" hidden>The video cannot be played: its file is '
        "missing, or this browser does not play H.264.</p>"
        f'<p class="caption">{escape(video.note + place)}</p>'
    )


def _inline_video(video: PageVideo | None) -> str:
    if video is None or video.content is None:
        return ""
    text = base64.b64encode(video.content).decode()
    return f'<script type="text/plain" id="video-data">{text}</script>'


def _latency(data: ReportData) -> str:
    totals = [card for card in data.cards if card.heading.startswith("Frames and drops")]
    return (
        _missing(data, "latency")
        + '<div id="latency-charts"></div>'
        + "".join(f'<div class="totals">{_table(card)}</div>' for card in totals)
    )


def _diagnostics(data: ReportData) -> str:
    if not data.statuses:
        return _missing(data, "diagnostics")
    badges = "".join(
        f'<span><span class="level" data-level="{level}">{name}</span>{note}</span>'
        for level, (name, note) in enumerate(zip(LEVELS, _LEVEL_NOTES, strict=True))
    )
    return (
        f'<div class="legend">{badges}</div><div id="status-bands" class="bands"></div>'
        '<details><summary id="status-count"></summary>'
        '<div class="scroll" tabindex="0" role="region" aria-labelledby="status-count">'
        '<ol id="status-events" class="events"></ol></div></details>'
    )


def _settings(data: ReportData) -> str:
    cards = [card for card in data.cards if not card.heading.startswith("Frames and drops")]
    shown = "".join(_table(card) for card in cards if card.heading != "Parameters")
    folded = "".join(_folded(card) for card in cards if card.heading == "Parameters")
    return f'{_missing(data, "settings")}<div class="cards">{shown}</div>{folded}'


def _table(card: Card) -> str:
    return f"<div><h3>{escape(card.heading)}</h3>{_pairs(card)}</div>"


def _folded(card: Card) -> str:
    heading = f"{escape(card.heading)} ({len(card.rows)})"
    return f"<details><summary>{heading}</summary>{_pairs(card)}</details>"


def _pairs(card: Card) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(key)}</th><td>{escape(value)}</td></tr>'
        for key, value in card.rows
    )
    return f'<table class="pairs"><tbody>{rows}</tbody></table>'
