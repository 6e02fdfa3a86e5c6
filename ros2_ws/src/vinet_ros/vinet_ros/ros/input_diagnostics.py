# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How well the camera's images come: the statuses input and stamps."""

from vinet_ros.ros.health import Health, InputHealth, builder, inactive
from vinet_ros.ros.stamp_gate import MAX_FUTURE_NS, StampVerdict
from vinet_ros.ros.status import Level, Status, StatusBuilder

SILENCE_S = 2.0
"""A camera that says nothing for longer has stopped."""
LEAST_SHARE = 0.9
"""Of the images that should arrive; below it the rate is too low (diagnostic_updater's 10 %)."""
RATE_TOLERANCE = 0.1
"""By which share a rate may be outside its bounds (diagnostic_updater's tolerance)."""
RATE_WINDOW_S = 2.0
"""A rate is judged when it was taken over at least this time."""
OLD_IMAGE_NS = 5_000_000_000
"""Images older than this on arrival mean that two clocks differ (diagnostic_updater's 5 s)."""


def input_status(health: Health) -> Status:
    """Judge what arrives, and who sends it."""
    if health.input is None:
        return inactive(health, "input")
    source, report, status = health.input, health.input.report, builder("input")
    unusable, mismatch = health.incident("image"), health.incident("qos")
    stream = health.incident("stream")
    status.add(topic=source.topic, transport=source.transport, publishers=len(source.publishers))
    status.add(
        frames_received=report.received,
        frames_used=source.used,
        frames_sent=report.sent,
        frames_expected=report.expected,
        received_share=round(report.share, 5),
        lost_in_transport=source.lost_in_transport,
        rate_hz=report.rate_hz,
        rate_window_s=report.window_s,
        expected_rate_hz=report.expected_rate_hz,
        least_rate_hz=source.least_rate_hz * (1 - RATE_TOLERANCE),
        greatest_rate_hz=source.greatest_rate_hz * (1 + RATE_TOLERANCE),
        gaps=report.gaps,
        longest_gap_s=report.longest_gap_s,
        silence_s=report.silence_s,
    )
    if source.size:
        status.add(height=source.size[0], width=source.size[1])
    status.add(encoding=source.encoding or None, stream_changes=stream.count)
    status.add(unusable_images=unusable.count, qos_mismatches=mismatch.count)
    status.warn_if(unusable.recent, unusable.text)
    status.warn_if(stream.recent, stream.text)
    _judge_publishers(status, source)
    _judge_rate(status, source)
    return status.finish(f"{report.rate_hz:.1f} images a second")


def _judge_publishers(status: StatusBuilder, source: InputHealth) -> None:
    report, names = source.report, ", ".join(source.publishers)
    silent = report.silence_s > SILENCE_S
    status.error_if(
        silent and source.other_types,
        f"{source.topic} has another type: {', '.join(source.other_types)}; "
        "set image_transport or remap image",
    )
    status.error_if(
        silent and not source.publishers and not source.other_types,
        f"nobody publishes {source.topic}; start the camera or remap image",
    )
    fitting = len(source.publishers) > len(source.mismatched)
    status.error_if(
        silent and fitting,
        f"no image for {report.silence_s:.1f} s although {names} publishes {source.topic}; "
        "look at the camera, and set FASTDDS_DEFAULT_PROFILES_FILE for it and for this node",
    )
    status.note_if(
        source.mismatched,
        Level.WARN if fitting else Level.ERROR,
        f"{', '.join(source.mismatched)} publishes {source.topic} best effort, image_reliability "
        "asks for reliable: nothing arrives; set image_reliability as it publishes",
    )
    status.warn_if(
        len(source.publishers) > 1,
        f"{len(source.publishers)} publishers on {source.topic}: {names}; "
        "give each camera a namespace of its own",
    )


def _judge_rate(status: StatusBuilder, source: InputHealth) -> None:
    """Judge as diagnostic_updater's FrequencyStatus does, and by what got lost."""
    report = source.report
    least, greatest = source.least_rate_hz, source.greatest_rate_hz
    enough = report.window_s >= RATE_WINDOW_S
    status.warn_if(
        enough and least and report.rate_hz < least * (1 - RATE_TOLERANCE),
        f"{report.rate_hz:.1f} images a second, image_rate_min_hz expects {least:g}; look at "
        "the camera's rate and exposure, and at the link",
    )
    status.warn_if(
        enough and greatest and report.rate_hz > greatest * (1 + RATE_TOLERANCE),
        f"{report.rate_hz:.1f} images a second, image_rate_max_hz expects {greatest:g}; lower "
        "the camera's rate, or look for a second publisher",
    )
    status.warn_if(
        report.received and report.recent_share < LEAST_SHARE,
        f"only {report.recent_share:.0%} of the images arrive; set FASTDDS_DEFAULT_PROFILES_FILE "
        "to the profile for large images on both sides, or lower the camera's rate",
    )


def stamps_status(health: Health) -> Status:
    """Judge as diagnostic_updater's TimeStampStatus does; what is only lost here is a warning."""
    if health.input is None:
        return inactive(health, "stamps")
    source, status = health.input, builder("stamps")
    ages, jump = source.ages_ns, health.incident("clock")
    bad, order = health.incident("stamps"), health.incident("order")
    if ages:
        status.add(age_min_ms=ages[0] / 1e6, age_max_ms=ages[1] / 1e6)
    status.add(age_least_ms=-MAX_FUTURE_NS / 1e6, age_greatest_ms=OLD_IMAGE_NS / 1e6)
    status.add(**{v.name.lower(): source.verdicts.get(v, 0) for v in StampVerdict})
    status.add(clock_jumps=jump.count)
    status.error_if(bad.recent, bad.text)
    status.warn_if(order.recent, order.text)
    status.warn_if(jump.recent, jump.text)
    status.error_if(
        source.clock_waits,
        "use_sim_time is set, but no /clock arrives or it stands at zero; start the simulator",
    )
    status.warn_if(
        source.clock_still_s > SILENCE_S and not source.clock_waits,
        f"/clock has stood still for {source.clock_still_s:.0f} s; is the simulator paused?",
    )
    status.error_if(
        ages and ages[1] > OLD_IMAGE_NS,
        f"images are {ages[1] / 1e9 if ages else 0:.0f} s old on arrival, expected at most "
        f"{OLD_IMAGE_NS / 1e9:g} s; synchronise the clocks, or set use_sim_time while a bag is "
        "played",
    )
    status.warn_if(source.report.silence_s > SILENCE_S, "no image to judge by")
    return status.finish("the stamps are good")
