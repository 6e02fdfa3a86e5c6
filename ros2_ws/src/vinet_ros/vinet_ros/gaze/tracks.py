# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Candidates of one image after another, put together to targets that last."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from vinet_ros.gaze.geometry import PanTilt, distance
from vinet_ros.gaze.jumps import LeapWatch
from vinet_ros.gaze.kalman import TargetFilter

_MOST_TRACKS = 32
_ASTRAY_RAD = 0.06  # a standing target is not expected farther from where it was
_ASTRAY_SIGMAS = 2.0  # nor farther than this, where less is known of it
_TRAVELLED_RAD = 0.05
_WELL_KNOWN = 4  # hits
_FIXTURE = 10  # hits
_SOUGHT_RAD_S = 0.25  # speed of a target that is sought after a saccade
_SOUGHT_RAD = 0.25
_MOMENT_S = 0.2
_BRIEF_S = 0.5  # a motion seen for less, and then nothing for a moment, was none
_TURNED_S = 0.3  # others than the one looked at are not seen for as long when the head turns
_ECHO_RAD_S = 0.3  # faster, a motion that begins just after a saccade is an echo of that
_DOUBLE_RAD = 0.03  # two targets nearer than this are one
_GATE_SIGMAS = 4.0
_NEW_NS = 1_000_000_000
_JUDGED_NS = 300_000_000
_LATELY_NS = 3_000_000_000
_MISS_COUNTS = 1 / 3  # a peak that is missing for once says less than one that is there


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place worth a look.

    Args:
        direction: In head coordinates, rad.
        saliency: Any scale, the more the better, >= 0.
    """

    direction: PanTilt
    saliency: float

    @property
    def usable(self) -> bool:
        """Whether all numbers are finite and the saliency is not negative."""
        finite = all(math.isfinite(value) for value in (*self.direction, self.saliency))
        return finite and self.saliency >= 0


_TIMES = ("lost_after_s", "lost_moving_after_s")


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """How candidates become targets.

    Args:
        noise_rad: Standard deviation of a candidate's direction, pan and tilt alike: a first
            guess, from 0.3 to 3 times this is found out for each target.
        velocity_change: Standard deviation of what a target's velocity changes by in a second,
            rad/s.
        slowest_rad_s: A target slower than this stands.
        gate_min_rad: A candidate this near to where a target is expected may be it.
        gate_max_rad: A candidate further off is not; a standing target that is not found at once
            after a saccade is looked for a little farther.
        confirm_hits: Images in which a target is seen before it may be looked at.
        lost_after_s: A standing target that was not seen for this long is gone.
        lost_moving_after_s: A moving one, likewise: while the head follows it, it stands in the
            picture and may hardly be salient.
        saliency_tau_s: Time constant of the average of a target's saliency.

    Raises:
        ValueError: If a number is out of range.
    """

    noise_rad: float = 0.015
    velocity_change: float = 0.1
    slowest_rad_s: float = 0.04
    gate_min_rad: float = 0.08
    gate_max_rad: float = 0.15
    confirm_hits: int = 2
    lost_after_s: float = 0.6
    lost_moving_after_s: float = 1.0
    saliency_tau_s: float = 0.5

    def __post_init__(self) -> None:
        for name in ("noise_rad", *_TIMES, "velocity_change", "gate_min_rad"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive and finite, got {getattr(self, name)}")
        for name in ("slowest_rad_s", "saliency_tau_s"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)}")
        if not self.gate_min_rad <= self.gate_max_rad:
            raise ValueError(
                f"gate_max_rad must be at least gate_min_rad, got {self.gate_max_rad}"
            )
        if self.confirm_hits < 1:
            raise ValueError(f"confirm_hits must be at least 1, got {self.confirm_hits}")


@dataclass(eq=False, slots=True)
class Track:
    """One target: where it is, how it moves, how salient it has been.

    ``onset_ns`` is when it appeared before a resting camera: what appears in one view that lasts
    is new in the world. None: it came into view, or its time as news is over.
    """

    target: TargetFilter
    saliency: float
    last_saliency: float
    hits: int = 1
    unseen_s: float = 0.0  # in images that were looked at
    seen_ns: int = 0
    born_ns: int = 0
    onset_ns: int | None = None
    astray: LeapWatch = field(default_factory=lambda: LeapWatch(math.inf))

    @property
    def moving(self) -> bool:
        """Whether the target seems to move."""
        return self.target.moving

    @property
    def has_moved(self) -> bool:
        """Whether it moves beyond doubt: it has come further than noise leads."""
        return self.target.travelled_rad > max(_TRAVELLED_RAD, 4 * self.target.noise_rad)

    @property
    def is_fixture(self) -> bool:
        """Whether it is known to stand: what passes before it does not take its place."""
        return self.hits >= _FIXTURE and not self.has_moved

    @property
    def is_news(self) -> bool:
        """Whether it appeared a moment ago, and not since the head turned."""
        return self.onset_ns is not None and self.target.stamp_ns - self.onset_ns < _NEW_NS

    @property
    def calls(self) -> bool:
        """Whether it draws the gaze by more than its looks: it moves, or has just appeared."""
        return self.has_moved or self.is_news

    @property
    def sure_saliency(self) -> float:
        """Its average saliency, or the last one if it fades: an echo of a motion does."""
        return min(self.saliency, self.last_saliency)

    @property
    def hidden_s(self) -> float:
        """For how long it was not seen, in whatever image."""
        return (self.target.stamp_ns - self.seen_ns) * 1e-9

    @property
    def is_seen(self) -> bool:
        """Whether it was there a moment ago."""
        return self.hidden_s <= _MOMENT_S

    @property
    def is_ready(self) -> bool:
        """Whether it is there, and if it is news, whether its motion can be known.

        A saccade to where a moving thing was first seen lands behind it.
        """
        return self.is_seen and (self.onset_ns is None or self.is_known)

    @property
    def is_known(self) -> bool:
        """Whether it moves, or was seen for long enough to tell that it does not."""
        return self.moving or self.target.stamp_ns - self.born_ns >= _JUDGED_NS

    @property
    def direction(self) -> PanTilt:
        """Where the target is at the time of the last image."""
        return self.target.at(self.target.stamp_ns).direction


class TrackTable:
    """All targets that are known.

    Args:
        settings: How candidates become targets.
    """

    def __init__(self, settings: TrackSettings) -> None:
        self._settings = settings
        self._tracks: list[Track] = []
        self._lately: deque[tuple[int, PanTilt]] = deque()

    def __contains__(self, track: object) -> bool:
        return any(known is track for known in self._tracks)

    @property
    def confirmed(self) -> list[Track]:
        """The targets that have been seen often enough."""
        return [t for t in self._tracks if t.hits >= self._settings.confirm_hits]

    def reset(self) -> None:
        """Forget all targets."""
        self._tracks.clear()
        self._lately.clear()

    def predict(self, stamp_ns: int) -> None:
        """Go on in time without looking."""
        for track in self._tracks:
            track.target.predict(stamp_ns)

    def update(
        self,
        stamp_ns: int,
        dt_s: float,
        candidates: Sequence[Candidate],
        preferred: Track | None = None,
        resting: bool = False,
    ) -> None:
        """Give each candidate to the target that it fits best, or make a new one of it.

        Args:
            stamp_ns: The image's time.
            dt_s: Time since the last image; targets unseen age by it.
            candidates: The image's, in head coordinates.
            preferred: The target that is looked at; it has the first choice.
            resting: Whether the view is the same since long enough: new targets are news.
        """
        self.predict(stamp_ns)
        pairs = self._pairs(candidates, preferred)
        for track, candidate in pairs:
            if track is not preferred and track.hidden_s > _TURNED_S and not track.moving:
                _find_again(track, candidate)
            self._see(track, candidate, stamp_ns, dt_s)
        seen = [track for track, _ in pairs]
        for track in self._tracks:
            if track not in seen and not self._is_covered(track):
                self._miss(track, dt_s)
        taken = [candidate for _, candidate in pairs]
        free = [candidate for candidate in candidates if candidate not in taken]
        for candidate in free:
            new = resting and self._is_new(candidate.direction)
            self._tracks.append(self._new(candidate, stamp_ns, stamp_ns if new else None))
        self._remember(stamp_ns, candidates)
        self._forget_lost(preferred)

    def update_one(
        self, stamp_ns: int, dt_s: float, candidates: Sequence[Candidate], track: Track | None
    ) -> None:
        """Give one target the candidate that is its own; all others stay as they are.

        What stands does not begin to move fast by it, nor does it leap, unless it is news: the
        view has just turned, and a network that sees half a second at once sees motion for as
        long, and hardly what stands in the middle of the view. What goes ever farther has gone.
        """
        self.predict(stamp_ns)
        for owner, candidate in self._pairs(candidates, track):
            if owner is not track:
                continue
            place = candidate.direction
            if not _is_astray(owner, place):
                owner.astray.end()
            elif not owner.astray.lasts(stamp_ns, place, owner.direction):
                continue
            fastest_rad_s = math.inf if owner.is_news else _ECHO_RAD_S
            self._see(owner, candidate, stamp_ns, dt_s, fastest_rad_s)

    def _pairs(
        self, candidates: Sequence[Candidate], preferred: Track | None
    ) -> list[tuple[Track, Candidate]]:
        """Return which target each candidate belongs to; new ones belong to none."""
        pairs: list[tuple[Track, Candidate]] = []
        for _, track, candidate in self._fits(candidates, preferred):
            if all(track is not t and candidate is not c for t, c in pairs):
                pairs.append((track, candidate))
        return pairs

    def _fits(
        self, candidates: Sequence[Candidate], preferred: Track | None
    ) -> list[tuple[float, Track, Candidate]]:
        """Return all pairs near enough, best first."""
        fits = []
        for track in self._tracks:
            gate = self._gate(track, track is preferred)
            handicap = self._handicap(track, preferred)
            expected = _expected(track)
            for candidate in candidates:
                off = distance(candidate.direction, expected)
                if off <= gate:
                    fits.append((off * handicap, track, candidate))
        return sorted(fits, key=lambda fit: fit[0])

    def _handicap(self, track: Track, preferred: Track | None) -> float:
        """Return what a distance counts as: the one that is looked at comes first.

        But what it passes before is no part of it.
        """
        passes = preferred is not None and preferred.has_moved
        if track is preferred or (passes and track.is_fixture):
            return 1.0
        return 2.0 if track.hits > 1 else 3.0

    def _gate(self, track: Track, preferred: bool) -> float:
        """Return how far off a candidate may be.

        A target just found may not leap, nor one that stands and was seen a moment ago: what is
        farther off is another one. The one that is looked at is sought all the further, the longer
        no image showed it: a saccade leads to where it was.
        """
        settings = self._settings
        if track.is_fixture and track.is_seen and not track.moving:
            return settings.gate_min_rad
        leap = 1.5 * settings.gate_min_rad
        widest = settings.gate_max_rad if track.hits >= _WELL_KNOWN else leap
        gate = min(max(_GATE_SIGMAS * track.target.sigma_rad, settings.gate_min_rad), widest)
        if preferred and not track.has_moved:
            gate = max(gate, min(leap + _SOUGHT_RAD_S * track.hidden_s, _SOUGHT_RAD))
        return gate

    def _see(
        self,
        track: Track,
        candidate: Candidate,
        stamp_ns: int,
        dt_s: float,
        fastest_rad_s: float = math.inf,
    ) -> None:
        track.target.update(stamp_ns, candidate.direction, fastest_rad_s)
        track.hits += 1
        share = max(self._share(dt_s), 1 / track.hits)
        track.saliency += share * (candidate.saliency - track.saliency)
        track.last_saliency = candidate.saliency
        track.unseen_s, track.seen_ns = 0.0, stamp_ns

    def _miss(self, track: Track, dt_s: float) -> None:
        counts = _MISS_COUNTS if track.is_seen else 1.0
        track.saliency -= self._share(counts * dt_s) * track.saliency
        track.unseen_s += dt_s
        if track.moving and track.unseen_s > _MOMENT_S and track.target.motion_seen_s < _BRIEF_S:
            track.target.halt()

    def _share(self, dt_s: float) -> float:
        tau_s = self._settings.saliency_tau_s
        return -math.expm1(-dt_s / tau_s) if tau_s > 0 else 1.0

    def _is_new(self, direction: PanTilt) -> bool:
        """Return whether nothing was seen there of late, not even in a single image."""
        least = self._settings.gate_min_rad
        return all(distance(direction, place) > least for _, place in self._lately)

    def _remember(self, stamp_ns: int, candidates: Sequence[Candidate]) -> None:
        self._lately += [(stamp_ns, candidate.direction) for candidate in candidates]
        while self._lately and stamp_ns - self._lately[0][0] > _LATELY_NS:
            self._lately.popleft()

    def _new(self, candidate: Candidate, stamp_ns: int, onset_ns: int | None) -> Track:
        settings = self._settings
        target = TargetFilter(
            stamp_ns,
            candidate.direction,
            noise_rad=settings.noise_rad,
            velocity_change=settings.velocity_change,
            slowest_rad_s=settings.slowest_rad_s,
            one_view=onset_ns is not None,
        )
        saliency = candidate.saliency
        return Track(
            target, saliency, saliency, seen_ns=stamp_ns, born_ns=stamp_ns, onset_ns=onset_ns
        )

    def _is_covered(self, track: Track) -> bool:
        """Return whether a target stands where another one passes."""
        near, place = self._settings.gate_min_rad, track.direction
        return track.is_fixture and any(
            other.has_moved and distance(other.direction, place) < near for other in self._tracks
        )

    def _kept_s(self, track: Track) -> float:
        """Return for how long a target may be unseen."""
        settings = self._settings
        if track.hits < settings.confirm_hits:
            return 0.0
        return settings.lost_moving_after_s if track.has_moved else settings.lost_after_s

    def _forget_lost(self, preferred: Track | None) -> None:
        """Drop targets that are gone, that were seen only once, and doubles of older ones."""
        kept: list[Track] = []
        first = sorted(self._tracks, key=lambda t: (t is not preferred, -t.hits))
        for track in first[:_MOST_TRACKS]:
            if track.unseen_s <= self._kept_s(track) and all(
                distance(track.direction, k.direction) > _DOUBLE_RAD
                or (track.is_fixture and k.has_moved)
                for k in kept
            ):
                kept.append(track)
        self._tracks = kept


def _is_astray(track: Track, seen: PanTilt) -> bool:
    """Return whether a target that stands, as far as is known, can hardly have gone there.

    One that was seen for long is known well; one that was seen for a moment before the head
    turned may have walked off meanwhile.
    """
    if track.is_news or track.moving or track.has_moved:
        return False
    gate = max(_ASTRAY_RAD, _ASTRAY_SIGMAS * track.target.sigma_rad)
    places = (track.direction, track.target.expected)
    return all(distance(place, seen) > gate for place in places)


def _find_again(track: Track, candidate: Candidate) -> None:
    """Let a standing target be where it is seen after a turn of the head: it has not flown there.

    What the network answers to has changed with the view.
    """
    if distance(track.direction, candidate.direction) > _ASTRAY_RAD:
        track.target.stand_at(candidate.direction)


def _expected(track: Track) -> PanTilt:
    """Return where a target is to be seen next.

    A few noisy images can make a standing one seem to move. While nothing is looked at, for a turn
    of the head, it would seem to go ever farther: it is not sought farther than it may have gone.
    """
    place, ahead = track.direction, track.target.expected
    if track.is_fixture or track.moving:
        return place
    off = distance(ahead, place)
    if off <= _ASTRAY_RAD:
        return ahead
    share = _ASTRAY_RAD / off
    return PanTilt(*(p + share * (a - p) for p, a in zip(place, ahead, strict=True)))
