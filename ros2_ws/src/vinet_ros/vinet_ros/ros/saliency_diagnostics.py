"""How well saliency_node is: from what it knows of itself to statuses with cause and remedy."""

import math
from dataclasses import dataclass, field

from vinet_ros.ros.calibration import CameraView
from vinet_ros.ros.diagnostic_keys import STATUSES
from vinet_ros.ros.input_monitor import InputReport
from vinet_ros.ros.model_setup import LoadedModel
from vinet_ros.ros.process_usage import Usage
from vinet_ros.ros.record import NO_INCIDENT, NO_STEP, Incident, StepReport
from vinet_ros.ros.stamp_gate import StampVerdict
from vinet_ros.ros.status import Status, StatusBuilder
from vinet_ros.streaming import WindowCounters

SILENCE_S = 2.0
"""A camera that says nothing for longer has stopped."""
LEAST_SHARE = 0.9
"""Of the images that should arrive; below it the rate is too low (diagnostic_updater's 10 %)."""
OLD_IMAGE_NS = 5_000_000_000
"""Images older than this on arrival mean that two clocks differ (diagnostic_updater's 5 s)."""


@dataclass(frozen=True, slots=True)
class LifecycleHealth:
    """Where the node is in its life, and why."""

    state: str
    reason: str
    failed: bool
    enabled: bool = True
    failures: int = 0
    recoveries: int = 0


@dataclass(frozen=True, slots=True)
class InputHealth:
    """What is known of the image topic while the node is active."""

    topic: str
    transport: str
    publishers: tuple[str, ...]
    other_types: tuple[str, ...]
    report: InputReport
    lost_in_transport: int
    size: tuple[int, int] | None
    verdicts: dict[StampVerdict, int]
    ages_ns: tuple[int, int] | None
    clock_waits: bool


@dataclass(frozen=True, slots=True)
class WorkHealth:
    """What is known of window and network while the node is active."""

    counters: WindowCounters
    fill: float
    slots: int
    rate_hz: float
    skipped: int
    wanted: bool


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """What is known of the camera while the node is active; no view before the first image."""

    topic: str
    view: CameraView | None


@dataclass(frozen=True, slots=True)
class Health:
    """All that the statuses are made from; None for what is not there in this state."""

    lifecycle: LifecycleHealth
    usage: Usage
    gpu_memory_mib: float | None = None
    model: LoadedModel | None = None
    input: InputHealth | None = None
    work: WorkHealth | None = None
    camera: CameraHealth | None = None
    steps: dict[str, StepReport] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)

    def incident(self, kind: str) -> Incident:
        """Return what went wrong of a kind, or an empty incident."""
        return self.incidents.get(kind, NO_INCIDENT)


def statuses(health: Health) -> list[Status]:
    """Return the statuses of a node, in the order of the documentation."""
    makers = (_lifecycle, _input, _stamps, _window, _inference, _latency, _model, _camera)
    return [make(health) for make in makers] + [_process(health)]


def _builder(name: str) -> StatusBuilder:
    return StatusBuilder(name, STATUSES[name])


def _inactive(health: Health, name: str) -> Status:
    return _builder(name).stale(f"the node is {health.lifecycle.state}")


def _lifecycle(health: Health) -> Status:
    life, status = health.lifecycle, _builder("lifecycle")
    status.add(state=life.state, reason=life.reason, enabled=life.enabled)
    status.add(failures=life.failures, recoveries=life.recoveries)
    status.error_if(life.failed, life.reason)
    status.warn_if(not life.enabled, "disabled; call ~/enable with true")
    return status.finish(life.state)


def _input(health: Health) -> Status:
    if health.input is None:
        return _inactive(health, "input")
    source, report, status = health.input, health.input.report, _builder("input")
    unusable, mismatch = health.incident("image"), health.incident("qos")
    status.add(topic=source.topic, transport=source.transport, publishers=len(source.publishers))
    status.add(
        frames_received=report.received,
        frames_sent=report.sent,
        frames_expected=report.expected,
        received_share=round(report.share, 5),
        lost_in_transport=source.lost_in_transport,
        rate_hz=report.rate_hz,
        expected_rate_hz=report.expected_rate_hz,
        gaps=report.gaps,
        longest_gap_s=report.longest_gap_s,
        silence_s=report.silence_s,
    )
    if source.size:
        status.add(height=source.size[0], width=source.size[1])
    status.add(unusable_images=unusable.count, qos_mismatches=mismatch.count)
    status.error_if(mismatch.count and not report.received, mismatch.text)
    status.warn_if(mismatch.count and report.received, mismatch.text)
    status.warn_if(unusable.recent, unusable.text)
    _judge_arrivals(status, source, bool(mismatch.count))
    return status.finish(f"{report.rate_hz:.1f} images a second")


def _judge_arrivals(status: StatusBuilder, source: InputHealth, mismatched: bool) -> None:
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
    status.error_if(
        silent and source.publishers and not mismatched,
        f"no image for {report.silence_s:.1f} s although {names} publishes {source.topic}; "
        "look at the camera, and set FASTDDS_DEFAULT_PROFILES_FILE for it and for this node",
    )
    status.warn_if(
        len(source.publishers) > 1,
        f"{len(source.publishers)} publishers on {source.topic}: {names}; "
        "give each camera a namespace of its own",
    )
    status.warn_if(
        report.received and report.recent_share < LEAST_SHARE,
        f"only {report.recent_share:.0%} of the images arrive; set FASTDDS_DEFAULT_PROFILES_FILE "
        "to the profile for large images on both sides, or lower the camera's rate",
    )


def _stamps(health: Health) -> Status:
    if health.input is None:
        return _inactive(health, "stamps")
    source, status = health.input, _builder("stamps")
    ages, bad, jump = source.ages_ns, health.incident("stamps"), health.incident("clock")
    if ages:
        status.add(age_min_ms=ages[0] / 1e6, age_max_ms=ages[1] / 1e6)
    status.add(**{v.name.lower(): source.verdicts.get(v, 0) for v in StampVerdict})
    status.add(clock_jumps=jump.count)
    status.warn_if(bad.recent, bad.text)
    status.warn_if(jump.recent, jump.text)
    status.error_if(source.clock_waits, "use_sim_time is set, but no /clock arrives")
    status.warn_if(
        ages and ages[0] > OLD_IMAGE_NS,
        f"images are {ages[0] / 1e9 if ages else 0:.0f} s old on arrival; synchronise the "
        "clocks, or set use_sim_time while a bag is played",
    )
    return status.finish("the stamps are good")


def _window(health: Health) -> Status:
    if health.work is None:
        return _inactive(health, "window")
    work, status, restart = health.work, _builder("window"), health.incident("window")
    counters = work.counters
    status.add(fill=work.fill, slots=work.slots, rate_hz=work.rate_hz)
    status.add(gaps=counters.gaps, jumps_back=counters.jumps_back)
    status.add(size_changes=counters.size_changes, resets=counters.resets)
    status.add(repeated_slots=counters.repeated_slots, replaced=counters.replaced)
    status.warn_if(restart.recent, restart.text)
    return status.finish("full" if work.fill >= 1 else f"{work.fill:.0%} full")


def _inference(health: Health) -> Status:
    if health.work is None:
        return _inactive(health, "inference")
    status, failed = _builder("inference"), health.incident("prediction")
    step = health.steps.get("predict", NO_STEP)
    status.add(rate_hz=step.rate_hz, skipped_windows=health.work.skipped)
    status.add(failed_predictions=failed.count)
    _add_times(status, step)
    status.error_if(failed.recent, failed.text)
    if not health.work.wanted:
        return status.finish("idle: nobody listens to an output")
    return status.finish(f"{step.rate_hz:.1f} predictions a second")


def _latency(health: Health) -> Status:
    if health.work is None:
        return _inactive(health, "latency")
    status, step = _builder("latency"), health.steps.get("latency", NO_STEP)
    _add_times(status, step)
    for name in ("convert", "resize", "predict", "publish"):
        recent = health.steps.get(name, NO_STEP).recent
        status.add(**{f"{name}_p50_ms": recent.p50_ms if recent else None})
    if step.recent is None:
        return status.finish("no gaze in the last ten seconds")
    status.warn_if(
        step.recent.p50_ms < 0,
        f"images are stamped {-step.recent.p50_ms:.0f} ms ahead of this computer's clock; "
        "synchronise the clocks",
    )
    return status.finish(f"{step.recent.p50_ms:.0f} ms from image to gaze")


def _add_times(status: StatusBuilder, step: StepReport) -> None:
    if step.recent:
        status.add(p50_ms=step.recent.p50_ms, p95_ms=step.recent.p95_ms, max_ms=step.recent.max_ms)
    if step.total:
        status.add(total_count=step.total.count, total_p50_ms=step.total.p50_ms)
        status.add(total_p95_ms=step.total.p95_ms, total_max_ms=step.total.max_ms)


def _model(health: Health) -> Status:
    if health.model is None:
        return _inactive(health, "model")
    model, status, failure = health.model, _builder("model"), health.incident("device")
    executor = model.predictor.executor
    status.add(model=model.name, why=model.reason, trained=model.trained)
    status.add(weights=model.weights, weights_sha256=model.sha256)
    status.add(path=executor.name, device=executor.device, device_reason=executor.reason)
    status.add(device_failures=failure.count)
    status.warn_if(failure.count, failure.text)
    status.warn_if(not model.trained, f"{model.name} has no weights: no gaze is published")
    return status.finish(f"{model.name}, {executor.name} on {executor.device}")


def _camera(health: Health) -> Status:
    if health.camera is None:
        return _inactive(health, "camera")
    status, view = _builder("camera"), health.camera.view
    status.add(topic=health.camera.topic)
    if view is None:
        return status.finish("no image yet")
    hfov_deg = math.degrees(2 * math.atan2(view.camera.width, 2 * view.camera.fx))
    status.add(calibrated=not view.problem, problem=view.problem, hfov_deg=hfov_deg)
    status.warn_if(
        view.problem,
        f"{view.problem}; {hfov_deg:.0f} degrees are assumed: calibrate the camera, remap "
        "camera_info or set fallback_hfov_deg",
    )
    return status.finish("calibrated")


def _process(health: Health) -> Status:
    status, usage = _builder("process"), health.usage
    status.add(cpu_share=usage.cpu_share, memory_mib=usage.memory_mib, threads=usage.threads)
    status.add(gpu_memory_mib=health.gpu_memory_mib)
    incidents = health.incidents.values()
    status.add(errors=sum(incident.count for incident in incidents))
    if not incidents:
        return status.finish("no error")
    newest = min(incidents, key=lambda incident: incident.age_s)
    status.add(last_error=newest.text, last_error_age_s=newest.age_s)
    return status.finish(f"{usage.memory_mib:.0f} MiB")
