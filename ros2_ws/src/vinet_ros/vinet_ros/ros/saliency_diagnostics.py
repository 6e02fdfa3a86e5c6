# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How well saliency_node is: from what it knows of itself to statuses with cause and remedy."""

import math
from collections.abc import Callable, Mapping

from vinet_ros.ros.audio_diagnostics import audio_status
from vinet_ros.ros.health import Health, builder, inactive
from vinet_ros.ros.input_diagnostics import input_status, stamps_status
from vinet_ros.ros.record import NO_STEP, StepReport
from vinet_ros.ros.status import Level, Status, StatusBuilder
from vinet_ros.runtime import Sharing

LONG_PREDICTION_S = 30.0
"""A prediction that is under way for longer may hang."""


def statuses(health: Health) -> list[Status]:
    """Return the statuses of a node, in the order of the documentation."""
    return [_made(name, make, health) for name, make in _MAKERS.items()]


def _made(name: str, make: Callable[[Health], Status], health: Health) -> Status:
    try:
        return make(health)
    except Exception as error:  # a bug in one status must not hide the others
        text = f"this status cannot be made: {type(error).__name__}: {error}"
        return Status(name, Level.ERROR, text, ())


def _lifecycle(health: Health) -> Status:
    life, status = health.lifecycle, builder("lifecycle")
    status.add(state=life.state, reason=life.reason, enabled=life.enabled)
    status.add(failures=life.failures, recoveries=life.recoveries)
    status.error_if(life.failed, life.reason)
    status.warn_if(not life.enabled, "disabled; call ~/enable with true")
    return status.finish(life.state)


def _window(health: Health) -> Status:
    if health.work is None:
        return inactive(health, "window")
    work, status, restart = health.work, builder("window"), health.incident("window")
    counters = work.counters
    status.add(fill=work.fill, slots=work.slots, rate_hz=work.rate_hz)
    status.add(gaps=counters.gaps, jumps_back=counters.jumps_back)
    status.add(size_changes=counters.size_changes, resets=counters.resets)
    status.add(repeated_slots=counters.repeated_slots, replaced=counters.replaced)
    status.warn_if(restart.recent, restart.text)
    return status.finish("full" if work.fill >= 1 else f"{work.fill:.0%} full")


def _inference(health: Health) -> Status:
    if health.work is None:
        return inactive(health, "inference")
    status, failed = builder("inference"), health.incident("prediction")
    step = health.steps.get("predict", NO_STEP)
    status.add(rate_hz=step.rate_hz, skipped_windows=health.work.skipped)
    status.add(failed_predictions=failed.count, under_way_s=health.work.under_way_s)
    _add_times(status, step)
    status.error_if(failed.recent, failed.text)
    status.error_if(
        health.work.under_way_s > LONG_PREDICTION_S,
        f"a prediction has been under way for {health.work.under_way_s:.0f} s; where its device "
        "hangs, restart the node, else take a smaller network",
    )
    if not health.work.wanted:
        return status.finish("idle: nobody listens to an output")
    return status.finish(f"{step.rate_hz:.1f} predictions a second")


def _outputs(health: Health) -> Status:
    if health.work is None:
        return inactive(health, "outputs")
    status, failed = builder("outputs"), health.incident("output")
    status.add(**health.work.made)
    status.add(failed_messages=failed.count)
    status.error_if(failed.recent, failed.text)
    return status.finish("published" if health.work.wanted else "nobody listens")


def _latency(health: Health) -> Status:
    if health.work is None:
        return inactive(health, "latency")
    status, step = builder("latency"), health.steps.get("latency", NO_STEP)
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
        return inactive(health, "model")
    model, status, failure = health.model, builder("model"), health.incident("device")
    executor = model.predictor.executor
    status.add(model=model.name, why=model.reason, trained=model.trained)
    status.add(weights=model.weights, weights_sha256=model.sha256)
    status.add(path=executor.name, device=executor.device, device_reason=executor.reason)
    status.add(device_failures=failure.count, stabilize=model.predictor.stabilization)
    shared = _add_sharing(status, executor.sharing)
    status.warn_if(failure.count, failure.text)
    status.warn_if(
        model.predictor.stabilization not in ("on", "off"),
        f"stabilize is set, which {model.name} cannot use; unset it, or take vinet_lite",
    )
    status.warn_if(not model.trained, f"{model.name} has no weights: no gaze is published")
    return status.finish(f"{model.name}, {executor.name} on {executor.device}{shared}")


def _add_sharing(status: StatusBuilder, sharing: Sharing | None) -> str:
    if sharing is None:
        return ""
    status.add(
        shared_by=", ".join(sharing.users),
        together_limit=sharing.limit,
        together_reason=sharing.reason,
        together_mean=sharing.mean_batch,
        together_largest=sharing.largest_batch,
        wait_p50_ms=sharing.wait_p50_ms,
    )
    return f", shared by {len(sharing.users)}" if len(sharing.users) > 1 else ""


def _camera(health: Health) -> Status:
    if health.camera is None:
        return inactive(health, "camera")
    status, view = builder("camera"), health.camera.view
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
    status, usage = builder("process"), health.usage
    status.add(cpu_share=usage.cpu_share, memory_mib=usage.memory_mib, threads=usage.threads)
    status.add(gpu_memory_mib=health.gpu_memory_mib)
    incidents, bug = health.incidents.values(), health.incident("callback")
    status.add(errors=sum(incident.count for incident in incidents))
    status.error_if(bug.recent, bug.text)
    if not incidents:
        return status.finish("no error")
    newest = min(incidents, key=lambda incident: incident.age_s)
    status.add(last_error=newest.text, last_error_age_s=newest.age_s)
    return status.finish(f"{usage.memory_mib:.0f} MiB")


_MAKERS: Mapping[str, Callable[[Health], Status]] = {
    "lifecycle": _lifecycle,
    "input": input_status,
    "stamps": stamps_status,
    "window": _window,
    "inference": _inference,
    "latency": _latency,
    "outputs": _outputs,
    "model": _model,
    "camera": _camera,
    "audio": audio_status,
    "process": _process,
}
