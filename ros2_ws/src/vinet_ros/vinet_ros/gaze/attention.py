# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Which of the candidates is looked at, and for how long.

A glance at one target is a fixation while that stands and a pursuit while it moves; the way to
another one is a saccade. All directions are head coordinates: they stay while the head turns.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from vinet_ros.gaze.attention_settings import AttentionSettings
from vinet_ros.gaze.geometry import PanTilt, distance
from vinet_ros.gaze.inhibition import InhibitionMap
from vinet_ros.gaze.joint_history import JUMP_BACK_NS, NS_PER_S, JointSample
from vinet_ros.gaze.kalman import Motion, TargetFilter
from vinet_ros.gaze.tracks import Candidate, Track, TrackTable
from vinet_ros.gaze.wander import Wander

_STILL = PanTilt(0.0, 0.0)
_AHEAD = PanTilt(0.0, 0.0)
_LANDED_RAD = 0.06  # a saccade ends this near to its target
_STANDS_RAD_S = 0.05  # or when the head stands, at a limit for one,
_LANDED_AFTER_S = 0.3  # this long after its begin
_AGREES_RAD = 0.35  # a target from outside that leaps further is another one
_FAMILIAR = 0.5  # a place above this is not looked at for a change's sake; two glances make it
_GLANCE = 0.35
_GLANCED = 0.2  # a place above this has been looked at
_AGAIN_NS = round(1.5 * NS_PER_S)
"""From the gaze's arrival on, until a place that was looked at is looked at again for a change's
sake: what is new and comes into view only now shall come first."""
_FAMILIAR_RISE_S = 6.0
_SACCADE_SHARE = 0.25  # of the speed that counts as fast, during a saccade
_REMEMBERED_NS = 2 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Fixation:
    """What is looked at.

    Args:
        direction: In head coordinates, rad.
        velocity_rad_s: How it moves; zero: it stands.
        since_ns: When the gaze came there; during a saccade when it left.
        kind: fixation, pursuit, saccade; external, center or random by the policy.
    """

    direction: PanTilt
    velocity_rad_s: PanTilt
    since_ns: int
    kind: str


@dataclass(slots=True)
class AttentionCounters:
    """What has happened so far."""

    images: int = 0
    suppressed: int = 0
    out_of_order: int = 0
    refused_candidates: int = 0
    saccades: int = 0
    lost: int = 0
    restarts: int = 0


class Attention:
    """Chooses a target and stays with it.

    Args:
        settings: Habits; may be replaced at any time by :meth:`configure`.
    """

    def __init__(self, settings: AttentionSettings | None = None) -> None:
        self.counters = AttentionCounters()
        self.configure(settings or AttentionSettings())

    def configure(self, settings: AttentionSettings) -> None:
        """Take other habits and start anew."""
        self.settings = settings
        self._tracks = TrackTable(settings.tracks)
        self._recent = InhibitionMap(
            settings.ior_tau_s, settings.ior_radius_rad, settings.ior_rise_s
        )
        self._familiar = InhibitionMap(
            settings.familiar_tau_s, settings.ior_radius_rad, _FAMILIAR_RISE_S
        )
        self._wander = Wander(settings.random_period_s, settings.random_range, settings.seed)
        self.reset()

    def reset(self) -> None:
        """Forget all targets and where the gaze has been."""
        self._tracks.reset()
        self._recent.reset()
        self._familiar.reset()
        self._fast_ns: deque[int] = deque()
        self._turning_ns: deque[int] = deque()
        self._moved_ns = self._begun_ns = self._roused_ns = 0
        self._track: Track | None = None
        self._external: TargetFilter | None = None
        self._aim: PanTilt | None = None
        self._landed = False
        self._since_ns = 0
        self._last_ns: int | None = None

    @property
    def inhibition(self) -> InhibitionMap:
        """The map of inhibition of return."""
        return self._recent

    def observe(self, head: JointSample) -> None:
        """Take a joint sample, so that no fast turn between two images goes unseen."""
        speed, fast = math.hypot(*head.velocity), self.settings.suppress_above_rad_s
        if speed > fast:
            self._fast_ns.append(head.stamp_ns)
        if speed > _STANDS_RAD_S:
            self._moved_ns = head.stamp_ns
        if self._saccade_speed(head) > _SACCADE_SHARE * fast:
            self._turning_ns.append(head.stamp_ns)
        for stamps in (self._fast_ns, self._turning_ns):
            while stamps and head.stamp_ns - stamps[0] > _REMEMBERED_NS:
                stamps.popleft()

    def update(
        self, stamp_ns: int, candidates: Sequence[Candidate], head: JointSample
    ) -> Fixation | None:
        """Take the candidates of an image; return what is looked at, None if nothing is.

        An image that is not newer than the last one is left out, unless the clock was set.

        Args:
            stamp_ns: The image's stamp.
            candidates: In head coordinates; those that are not finite are left out and counted.
            head: Where the head was at the image's stamp.
        """
        if not self._in_order(stamp_ns):
            return self.fixation
        self.counters.images += 1
        self.observe(head)
        last_ns, self._last_ns = self._last_ns, stamp_ns
        dt_s = 0.0 if last_ns is None else (stamp_ns - last_ns) / NS_PER_S
        self._note_gaze(stamp_ns, head)
        if self._was(self._fast_ns, stamp_ns, self.settings.settle_s):
            self.counters.suppressed += 1
            self._tracks.predict(stamp_ns)
        else:
            place = None if self._track is None else self._track.direction
            usable = [candidate for candidate in candidates if candidate.usable]
            self.counters.refused_candidates += len(candidates) - len(usable)
            echo_s = max(2 * self.settings.settle_s, self.settings.echo_s)
            if self._track is not None and self._was(self._turning_ns, stamp_ns, echo_s):
                self._tracks.update_one(stamp_ns, dt_s, usable, self._track)
            else:
                resting = self._rests(stamp_ns, 2 * echo_s)
                self._tracks.update(stamp_ns, dt_s, usable, self._track, resting)
                self._choose(stamp_ns)
            self._note_leap(stamp_ns, place)
        return self.fixation

    def push_external(self, stamp_ns: int, direction: PanTilt) -> None:
        """Take a target from outside, in head coordinates; it wins under the policy external.

        Raises:
            ValueError: If it is not finite.
        """
        if not all(math.isfinite(value) for value in direction):
            raise ValueError(f"a target must be finite, got {direction}")
        known, tracks = self._external, self.settings.tracks
        fits = known is not None and 0 < stamp_ns - known.stamp_ns <= self._external_ns
        if fits and known and distance(direction, known.at(stamp_ns).direction) < _AGREES_RAD:
            known.update(stamp_ns, direction)
        elif (
            known is None or stamp_ns > known.stamp_ns or known.stamp_ns - stamp_ns > JUMP_BACK_NS
        ):
            self._external = TargetFilter(
                stamp_ns,
                direction,
                noise_rad=tracks.noise_rad,
                velocity_change=tracks.velocity_change,
                slowest_rad_s=tracks.slowest_rad_s,
                patient_s=0.0,  # who sets a target means it
            )

    def external_fresh(self, now_ns: int) -> bool:
        """Whether a target from outside wins now."""
        if self.settings.policy != "external" or self._external is None:
            return False
        return abs(now_ns - self._external.stamp_ns) <= self._external_ns

    def goal(self, now_ns: int) -> Motion | None:
        """Return where to look now and how that moves; None: stay.

        Args:
            now_ns: The present; what is known of targets is carried on to it.
        """
        policy = self.settings.policy
        if policy == "hold":
            return None
        if policy == "center":
            return Motion(_AHEAD, _STILL)
        if policy == "random":
            return Motion(self._wander.at(now_ns), _STILL)
        if self.external_fresh(now_ns) and self._external is not None:
            return self._external.at(now_ns, self.settings.longest_ahead_s)
        if self._track is None:
            return None
        motion = self._track.target.at(now_ns, self.settings.longest_ahead_s)
        if self.settings.mode == "saccade":
            return Motion(self._aimed(motion.direction, now_ns), _STILL)
        return motion

    @property
    def fixation(self) -> Fixation | None:
        """What is looked at as of the last image."""
        policy = self.settings.policy
        stamp_ns = self._last_ns or 0
        goal = self.goal(stamp_ns)
        if goal is None:
            return None
        if policy in ("center", "random"):
            kind = policy
        elif self.external_fresh(stamp_ns):
            kind = "external"
        elif not self._landed:
            kind = "saccade"
        else:
            kind = "pursuit" if self._track is not None and self._track.moving else "fixation"
        return Fixation(goal.direction, goal.velocity, self._since_ns, kind)

    @property
    def _external_ns(self) -> int:
        return round(self.settings.external_timeout_s * NS_PER_S)

    def _in_order(self, stamp_ns: int) -> bool:
        """Return whether an image comes after the last; start anew when the clock was set."""
        if self._last_ns is None or stamp_ns > self._last_ns:
            return True
        if self._last_ns - stamp_ns > JUMP_BACK_NS:
            self.reset()
            self.counters.restarts += 1
            return True
        self.counters.out_of_order += 1
        return False

    def _was(self, stamps: deque[int], stamp_ns: int, for_s: float) -> bool:
        """Return whether the head turned at a time or shortly before, if that counts."""
        if not self.settings.suppress_during_motion:
            return False
        since_ns = stamp_ns - round(for_s * NS_PER_S)
        return any(since_ns <= turn_ns <= stamp_ns for turn_ns in stamps)

    def _rests(self, stamp_ns: int, for_s: float) -> bool:
        """Return whether the view has been the same for long enough to tell what is new in it."""
        if not self._begun_ns:
            self._begun_ns = self._roused_ns = stamp_ns
        moved_ns = self._moved_ns if self.settings.suppress_during_motion else 0
        return stamp_ns - max(self._begun_ns, moved_ns) > for_s * NS_PER_S

    def _saccade_speed(self, head: JointSample) -> float:
        """Return how fast the head turns for a saccade, from its begin to its slow end, rad/s."""
        if self._track is None or self._landed:
            return 0.0
        return math.dist(head.velocity, self._track.target.at(head.stamp_ns).velocity)

    def _choose(self, stamp_ns: int) -> None:
        """Stay with the target, or begin a saccade to another one."""
        if self._track is not None and self._track not in self._tracks:
            self._track = None
            self.counters.lost += 1
        others = [t for t in self._tracks.confirmed if t is not self._track and t.is_ready]
        if self._track is not None:
            if not self._landed or stamp_ns - self._since_ns < self._min_fixation_ns:
                return
            others = [track for track in others if self._attracts(track, self._track, stamp_ns)]
        if others:
            self._begin(max(others, key=self._appeal), stamp_ns)

    @property
    def _min_fixation_ns(self) -> int:
        return round(self.settings.min_fixation_s * NS_PER_S)

    def _attracts(self, other: Track, current: Track, stamp_ns: int) -> bool:
        """Return whether the gaze leaves the current target for another."""
        if not other.is_known or (self._pursues(current) and not other.has_moved):
            return False
        worth, better = self._worth(current), 1 + self.settings.hysteresis
        strength, known = self._strength(other), self._strength(current)
        share = strength / max(known, 1e-9)
        if other.calls:
            return share >= self.settings.least_share and self._worth(other) > better * worth
        if strength > better * known:
            return self._worth(other) > better * worth
        if not self.settings.ior_enable or share < self._least_share(stamp_ns):
            return False
        # Only as the current one is no longer new: then the other must be. It need not be better
        # by a share, since the gaze will not go back and forth.
        again = stamp_ns - self._since_ns >= _AGAIN_NS
        seen = self._familiar.at(other.direction) >= (_FAMILIAR if again else _GLANCED)
        return not seen and self._appeal(other) > worth

    def _least_share(self, stamp_ns: int) -> float:
        """Return the share of the current saliency that is worth a look: ever more with time."""
        for_s = (stamp_ns - self._roused_ns) / NS_PER_S - self.settings.curious_s
        return self.settings.least_share * math.exp(max(2 * for_s / self.settings.curious_s, 0.0))

    def _pursues(self, current: Track) -> bool:
        """Return whether the head follows a moving target.

        Then all that stands in the world moves in the picture and seems salient, while the target
        stands in it and hardly does: only what moves in the world can compete.
        """
        return self.settings.suppress_during_motion and self._landed and current.has_moved

    def _worth(self, track: Track) -> float:
        """Return a target's strength, less where the gaze has just been; moving is ever new."""
        strength = self._strength(track)
        if track.calls:
            return strength * (1 + self.settings.motion_bonus)
        if not self.settings.ior_enable:
            return strength
        return strength * (1 - self._recent.at(track.direction))

    def _strength(self, track: Track) -> float:
        """Return a target's saliency; of others less, the farther from straight ahead they are."""
        if track is self._track:
            return track.saliency
        spreads = (self.settings.center_bias_pan, self.settings.center_bias_tilt)
        away = sum((a / s) ** 2 for a, s in zip(track.direction, spreads, strict=True) if s)
        return track.sure_saliency * math.exp(-0.5 * away)

    def _appeal(self, track: Track) -> float:
        """Return the worth, less the better the place is known: to choose between others."""
        if track.calls or not self.settings.ior_enable:
            return self._worth(track)
        return self._worth(track) * (1 - 0.5 * self._familiar.at(track.direction))

    def _begin(self, track: Track, stamp_ns: int) -> None:
        self._track, self._landed, self._since_ns = track, False, stamp_ns
        self._aim = None
        self.counters.saccades += 1

    def _note_gaze(self, stamp_ns: int, head: JointSample) -> None:
        """Note whether the gaze has landed, and where it is."""
        dt_s = self._recent.fade(stamp_ns)
        self._familiar.fade(stamp_ns)
        if self._track is None:
            return
        if self._track.calls:
            self._roused_ns = stamp_ns
        place = self._track.direction
        if not self._landed and not self._was(self._fast_ns, stamp_ns, self.settings.settle_s):
            near = distance(head.position, place) < _LANDED_RAD
            late = stamp_ns - self._since_ns > _LANDED_AFTER_S * NS_PER_S
            self._landed = near or (late and math.hypot(*head.velocity) < _STANDS_RAD_S)
            if self._landed:
                self._since_ns = stamp_ns
                self._track.onset_ns = None
                self._track.target.turn()
                self._familiar.add(place, _GLANCE)
        elif self._landed and not self._track.moving:
            self._recent.inhibit(place, dt_s)
            self._familiar.inhibit(place, dt_s)

    def _note_leap(self, stamp_ns: int, place: PanTilt | None) -> None:
        """Begin a saccade when what is looked at stands elsewhere at once."""
        track = self._track
        if track is None or place is None or not self._landed or track.moving:
            return
        if distance(track.direction, place) > _LANDED_RAD:
            self._begin(track, stamp_ns)

    def _aimed(self, direction: PanTilt, now_ns: int) -> PanTilt:
        """Return where the last saccade went, or begin one to where the target has gone."""
        if self._aim is None:
            self._aim = direction
        rested = self._landed and now_ns - self._since_ns >= self._min_fixation_ns
        if rested and distance(direction, self._aim) > self.settings.saccade_step_rad:
            self._aim, self._landed, self._since_ns = direction, False, now_ns
            self.counters.saccades += 1
        return self._aim
