# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How well saliency_node hears."""

from vinet_ros.ros.health import (
    AudioHealth,
    EffectHealth,
    Health,
    VoiceHealth,
    builder,
    inactive,
)
from vinet_ros.ros.status import Status, StatusBuilder
from vinet_ros.streaming.hearing import Hearing, HearingState


def audio_status(health: Health) -> Status:
    """Return the status of the sound; OK where the network takes none."""
    model, audio = health.model, health.audio
    if model is None or health.work is None:
        return inactive(health, "audio")
    status, hearing = builder("audio"), model.predictor.hearing
    _add_effect(status, health.work.effect, model.name if hearing is None else "")
    if hearing is None and audio is None:
        return status.finish(f"{model.name} takes no sound")
    if hearing is not None:
        _add_hearing(status, hearing)
    if audio is None:
        return status.finish("audio_type is none: silence")
    _add_input(status, audio)
    _find(status, audio)
    if health.voices is not None:
        _add_voices(status, health.voices)
    for kind in ("audio", "audio order"):
        incident = health.incident(kind)
        status.warn_if(incident.recent and incident.text != audio.problem, incident.text)
    if hearing is None:
        return status.finish(f"{model.name} takes no sound; it is listened to for its direction")
    _add_chunks(status, audio, hearing)
    rate_hz = hearing.status.rate_hz
    return status.finish(f"{rate_hz} samples a second" if rate_hz else "no sound yet")


def _add_hearing(status: StatusBuilder, hearing: Hearing) -> None:
    now, made = hearing.status, hearing.counters
    status.add(heard=now.state.value, share=now.share, peak=now.peak, lag_s=now.lag_s)
    status.add(rate_hz=now.rate_hz, channels=now.channels)
    status.add(drift_ppm=now.drift_ppm, jitter_ms=1e3 * now.jitter_s)
    status.add(with_sound=made.heard, with_silence=made.silent)
    status.add(without_sound=made.incomplete + made.nothing)


def _add_input(status: StatusBuilder, audio: AudioHealth) -> None:
    counts = audio.counts
    status.add(topic=audio.topic, type=audio.kind, publishers=audio.publishers)
    status.add(format=audio.format_name)
    status.add(refused=counts.get("refused", 0), unstamped=counts.get("unstamped", 0))


def _add_voices(status: StatusBuilder, voices: VoiceHealth) -> None:
    status.add(voice_gate=voices.gate, voice=voices.voice, directions=voices.published)
    status.add(direction_deg=voices.direction_deg, direction_confidence=voices.confidence)
    status.add(no_direction=voices.none_because or None)
    status.warn_if(voices.problem, voices.problem)


def _add_chunks(status: StatusBuilder, audio: AudioHealth, hearing: Hearing) -> None:
    """Add what became of the chunks in the network's window, and say if they are late."""
    chunks = hearing.audio_counters
    status.add(chunks=chunks.chunks, past=chunks.past)
    status.add(future=audio.counts.get("future", 0) + chunks.future)
    status.add(gaps=chunks.gaps, gap_s=chunks.gap_ns * 1e-9, out_of_order=chunks.out_of_order)
    status.add(duplicates=chunks.duplicates, overlaps=chunks.overlaps, restarts=chunks.restarts)
    status.add(rate_changes=chunks.rate_changes, channel_changes=chunks.channel_changes)
    state = hearing.status.state
    late = state in (HearingState.INCOMPLETE, HearingState.NOTHING)
    status.warn_if(late and hearing.status.rate_hz and not audio.problem, state.value)


def _add_effect(status: StatusBuilder, effect: EffectHealth, deaf: str) -> None:
    """Add what sound changes in the maps; `deaf` is the name of a network that takes none."""
    if not effect.period_s:
        return
    status.add(effect=f"{deaf} takes no sound" if deaf else effect.state)
    status.add(effect_cc=effect.cc, effect_age_s=effect.age_s, effect_runs=effect.runs)
    status.warn_if(
        deaf,
        f"audio_effect_period_s is set, but {deaf} takes no sound; set it to 0, or take avinet",
    )


def _find(status: StatusBuilder, audio: AudioHealth) -> None:
    """Say why there is no sound, or what is wrong with it."""
    if audio.problem:
        status.warn_if(True, f"{audio.problem}; silence until then")
        return
    if not audio.publishers:
        others = f", which has other messages: {', '.join(audio.other_types)}"
        status.warn_if(
            True,
            f"nobody publishes sound on {audio.topic}{others if audio.other_types else ''}; start "
            "the microphone's driver or remap audio; silence until then",
        )
        return
    status.warn_if(
        audio.waits_for_info and audio.counts.get("without_format"),
        "nobody has told on audio_info what the bytes mean; start the driver after this node, or "
        "set audio_format; silence until then",
    )
    status.warn_if(
        audio.counts.get("unstamped"),
        "the sound has no stamps and is placed by its arrival; take the stamped message for "
        "sound in step with the pictures",
    )
