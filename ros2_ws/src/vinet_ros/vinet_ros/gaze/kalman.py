# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Where a target is and how it moves, from noisy directions that come late."""

import math
from typing import NamedTuple

from vinet_ros.gaze.geometry import PanTilt, difference, distance
from vinet_ros.gaze.jumps import LEAP_RAD, LeapWatch, jumped_to

_STILL = PanTilt(0.0, 0.0)
_STANDING_TAU_S = 1.5  # memory of a standing target's place
_FASTEST_RAD_S = 0.7  # what a new target's velocity may be, as a standard deviation
_AGREEING = 3  # so many more that say so than not: a single one may be of something else
_SETTLED = 20  # measurements, after which it takes twice as many to say that it moves
_TURNS_NS = 1_000_000_000  # a target that turns back may seem to stand for this long
_TURN_RAD_S = 0.3  # what it may be off by when a target turns
_GUESS_COUNTS = 4.0  # measurements that the first guess of the noise counts as
_NOISE_MEMORY = 30.0  # measurements
_LINE_NS = 400_000_000  # within which a target's way is a line
_VIEW_RAD = 0.012
_LEAP_SIGMAS = 4.0  # a standing target that is seen further off has not moved there
_RECENT_NS = 400_000_000  # measurements that tell a jump from a motion
_KNOWN = 4  # measurements, after which it is known where a target stands
_CARRIED_RAD = 0.12  # a motion is carried on for as long as it was seen, and by this
_ONE_VIEW = 0.5  # of the noise is left while the camera rests
_SURPRISED = 5.0  # mean normalised square of the last innovations, of which 2 are expected


class Motion(NamedTuple):
    """A direction in head coordinates (rad) and how it changes (rad/s)."""

    direction: PanTilt
    velocity: PanTilt


class ConstantVelocityFilter:
    """Kalman filter of a direction whose velocity changes at random.

    Pan and tilt are alike and independent, so they share one covariance. Differences of pan are
    taken the short way round, the estimate itself is not wrapped.

    Args:
        direction: First measurement.
        noise_rad: Standard deviation of a measurement's pan and of its tilt, > 0.
        velocity_change: Standard deviation of what the velocity changes by in a second, rad/s.

    Source:
        Bar-Shalom, Li and Kirubarajan, Estimation with Applications to Tracking and Navigation,
        2001, section 6.2: white noise acceleration in continuous time.
    """

    def __init__(self, direction: PanTilt, noise_rad: float, velocity_change: float) -> None:
        self.direction = direction
        self.velocity = _STILL
        self.noise_rad = noise_rad
        self._change = velocity_change * velocity_change
        self._place, self._cross, self._speed = noise_rad**2, 0.0, _FASTEST_RAD_S**2

    @property
    def place_sigma_rad(self) -> float:
        """Standard deviation of the direction's pan and of its tilt."""
        return math.sqrt(self._place)

    @property
    def speed_sigma(self) -> float:
        """Standard deviation of the velocity's two parts, rad/s."""
        return math.sqrt(self._speed)

    def predict(self, dt_s: float) -> None:
        """Go on in time, dt_s >= 0."""
        pan, tilt = (p + v * dt_s for p, v in zip(self.direction, self.velocity, strict=True))
        self.direction = PanTilt(pan, tilt)
        q = self._change
        self._place += dt_s * (2 * self._cross + dt_s * (self._speed + q * dt_s / 3))
        self._cross += dt_s * (self._speed + q * dt_s / 2)
        self._speed += q * dt_s

    def doubt(self) -> None:
        """Trust the velocity no more."""
        self._speed += _TURN_RAD_S**2

    def update(self, measured: PanTilt) -> float:
        """Take in a measurement of the present direction.

        Returns:
            Its squared distance from what was expected, in variances; 2 on average.
        """
        total = self._place + self.noise_rad**2
        place_gain, speed_gain = self._place / total, self._cross / total
        off = difference(measured, self.direction)
        pan, tilt = (p + place_gain * o for p, o in zip(self.direction, off, strict=True))
        self.direction = PanTilt(pan, tilt)
        pan, tilt = (v + speed_gain * o for v, o in zip(self.velocity, off, strict=True))
        self.velocity = PanTilt(pan, tilt)
        self._speed -= speed_gain * self._cross
        self._cross *= 1 - place_gain
        self._place *= 1 - place_gain
        return (off.pan_rad**2 + off.tilt_rad**2) / total


class NoiseEstimate:
    """How noisy a target's measurements are, whether it moves or not.

    Three measurements in a row lie on a line but for the noise; how far they do not tells it.

    Args:
        stamp_ns: Time of the first measurement.
        direction: First measurement, rad.
        noise_rad: First guess of the standard deviation of pan and of tilt; counts as some
            measurements.
    """

    def __init__(self, stamp_ns: int, direction: PanTilt, noise_rad: float) -> None:
        self._last = [(stamp_ns, direction)]
        self.begin(noise_rad)

    def begin(self, noise_rad: float) -> None:
        """Forget what was found out, and begin with another first guess."""
        self._variance, self._weight = noise_rad**2, _GUESS_COUNTS
        self._least, self._most = 0.3 * noise_rad, 3 * noise_rad

    def move(self, stamp_ns: int, direction: PanTilt) -> None:
        """Go on elsewhere: what came before lies on no line with what comes."""
        self._last = [(stamp_ns, direction)]

    def update(self, stamp_ns: int, measured: PanTilt) -> float:
        """Take a measurement; return the standard deviation of pan and of tilt, rad."""
        self._last = [*self._last[-2:], (stamp_ns, measured)]
        gap_ns = stamp_ns - self._last[0][0]
        if len(self._last) == 3 and 0 < gap_ns < _LINE_NS:
            (first_ns, first), (middle_ns, middle), _ = self._last
            share = (middle_ns - first_ns) / gap_ns
            whole, part = difference(measured, first), difference(middle, first)
            off = math.dist(part, (share * whole.pan_rad, share * whole.tilt_rad))
            parts = 1 + share * share + (1 - share) * (1 - share)
            self._weight = min(self._weight + 1, _NOISE_MEMORY)
            self._variance += (0.5 * off * off / parts - self._variance) / self._weight
        return min(max(math.sqrt(self._variance), self._least), self._most)


class TargetFilter:
    """Estimates a target that stands or moves.

    A moving one is followed by a constant-velocity Kalman filter. While its velocity is not
    significant the target stands, and its place is an average over about a second: much calmer
    than the filter's, which must be ready for it to start.

    Args:
        stamp_ns: Time of the first measurement.
        direction: First measurement, rad.
        noise_rad: Standard deviation of a measurement's pan and of its tilt, > 0: a first guess,
            the target's own measurements tell.
        velocity_change: Standard deviation of what the velocity changes by in a second, rad/s.
        slowest_rad_s: A target slower than this stands.
        one_view: Whether the camera rests: a network sees a thing a little elsewhere when the
            camera has turned, which then is no motion of the thing. Until :meth:`turn`.
        patient_s: A standing target that is seen elsewhere stands there after as long.
    """

    def __init__(
        self,
        stamp_ns: int,
        direction: PanTilt,
        *,
        noise_rad: float = 0.015,
        velocity_change: float = 0.1,
        slowest_rad_s: float = 0.04,
        one_view: bool = False,
        patient_s: float = 0.3,
    ) -> None:
        self.stamp_ns = self._measured_ns = stamp_ns
        self.moving = False
        self._moves_since_ns = stamp_ns
        self._one_view = one_view
        self._slowest = slowest_rad_s
        self._guess = noise_rad
        noise_rad *= _ONE_VIEW if one_view else 1.0
        self._noise = NoiseEstimate(stamp_ns, direction, noise_rad)
        self._change = velocity_change
        self._filter = ConstantVelocityFilter(direction, noise_rad, velocity_change)
        self._place = direction
        self._weight = 1.0
        self._count = 1
        self._seems = 0
        self._leaps = LeapWatch(patient_s)
        self._recent = [(stamp_ns, direction)]
        self._surprise = 2.0
        self._stood = direction
        self._stopped_ns: int | None = None

    @property
    def travelled_rad(self) -> float:
        """How far a target that moves, or did until a moment ago, has come from where it stood.

        0 while it stands.
        """
        if not self.moving and not self._stopped_just_now:
            return 0.0
        return distance(self._filter.direction, self._stood)

    @property
    def _stopped_just_now(self) -> bool:
        """Whether it seems to stand since a moment: one that turns back seems so, too."""
        return self._stopped_ns is not None and self.stamp_ns - self._stopped_ns < _TURNS_NS

    @property
    def motion_seen_s(self) -> float:
        """For how long a target that moves was seen to."""
        return (self._measured_ns - self._moves_since_ns) * 1e-9

    @property
    def expected(self) -> PanTilt:
        """Where the next measurement is expected, now, whether the target moves or not."""
        return self._filter.direction

    @property
    def noise_rad(self) -> float:
        """Standard deviation of a measurement's pan and of its tilt, as it was found out."""
        return self._filter.noise_rad

    @property
    def sigma_rad(self) -> float:
        """Standard deviation of where the next measurement is expected, now."""
        return math.hypot(self._filter.place_sigma_rad, self._filter.noise_rad)

    def turn(self) -> None:
        """Note that the camera turns from now on."""
        if self._one_view:
            self._one_view = False
            self._noise.begin(self._guess)
            self._filter.noise_rad = self._guess

    def predict(self, stamp_ns: int) -> None:
        """Go on to a later time without a measurement; an earlier one changes nothing."""
        dt_s = (stamp_ns - self.stamp_ns) * 1e-9
        if dt_s <= 0:
            return
        self._filter.predict(dt_s)
        self._weight *= math.exp(-dt_s / _STANDING_TAU_S)
        self.stamp_ns = stamp_ns

    def update(self, stamp_ns: int, measured: PanTilt, fastest_rad_s: float = math.inf) -> None:
        """Take in a measurement, in the order of the stamps.

        Args:
            stamp_ns: Of the measurement.
            measured: Direction, rad.
            fastest_rad_s: A target that stands does not begin to move faster; it stands elsewhere.
        """
        self.predict(stamp_ns)
        self._measured_ns = stamp_ns
        if self._leapt(measured):
            if self._leaps.lasts(stamp_ns, measured, self._place):
                self.stand_at(measured)
            return
        self._leaps.end()
        self._recent = [r for r in self._recent if stamp_ns - r[0] <= _RECENT_NS]
        self._recent.append((stamp_ns, measured))
        self._filter.noise_rad = self._noise.update(stamp_ns, measured)
        self._surprise += 0.3 * (self._filter.update(measured) - self._surprise)
        if self._surprise > _SURPRISED:
            self._filter.doubt()
            self._surprise = 2.0
        self._weight += 1
        self._count += 1
        off = difference(measured, self._place)
        pan, tilt = (p + o / self._weight for p, o in zip(self._place, off, strict=True))
        self._place = PanTilt(pan, tilt)
        self._judge(fastest_rad_s)

    def at(self, stamp_ns: int, longest_s: float = math.inf) -> Motion:
        """Return where the target is expected at a time.

        Args:
            stamp_ns: Not earlier than the last measurement.
            longest_s: It is moved on by at most this long after its last measurement, and stands
                from then on; one that was seen moving for a moment only, all the sooner.
        """
        if not self.moving:
            return Motion(self._place, _STILL)
        speed = max(math.hypot(*self._filter.velocity), 1e-6)
        longest_s = min(longest_s, self.motion_seen_s + _CARRIED_RAD / speed)
        ahead_s = max(stamp_ns - self._measured_ns, 0) * 1e-9
        # The filter has gone on to its own stamp already.
        further_s = min(ahead_s, longest_s) - (self.stamp_ns - self._measured_ns) * 1e-9
        velocity = self._filter.velocity
        pan, tilt = (
            p + v * further_s for p, v in zip(self._filter.direction, velocity, strict=True)
        )
        return Motion(PanTilt(pan, tilt), velocity if ahead_s < longest_s else _STILL)

    def _judge(self, fastest_rad_s: float) -> None:
        """Decide whether the target moves, with hysteresis."""
        speed = math.hypot(*self._filter.velocity)
        sure = speed / self._filter.speed_sigma
        if self.moving:
            self.moving = sure > 1.5 and speed > 0.6 * self._slowest
            if not self.moving:
                self._place, self._weight = self._filter.direction, 2.0
                self._stopped_ns = self.stamp_ns
            return
        gone = math.hypot(*difference(self._filter.direction, self._place))
        sigma = math.hypot(
            self._filter.place_sigma_rad,
            self._filter.noise_rad / math.sqrt(self._weight),
            0.0 if self._one_view else _VIEW_RAD,
        )
        # A slow target's velocity drowns in noise, but it leaves its place.
        seems = (sure > 2.5 and gone > 2 * sigma and speed > self._slowest) or gone > 3 * sigma
        self._seems = self._seems + 1 if seems else max(self._seems - 1, 0)
        agreeing = _AGREEING - self._one_view
        if self._count >= _SETTLED and not self._stopped_just_now:
            agreeing *= 2
        if self._count > agreeing and self._seems >= agreeing:
            place = jumped_to(self._recent)
            if place is not None:
                self.stand_at(place)
                return
            self._begin(speed <= fastest_rad_s)
        if not self._stopped_just_now:
            self._stood = self._place

    def _leapt(self, measured: PanTilt) -> bool:
        """Return whether a target that is known to stand is seen too far off to have moved there.

        Then it is another thing, or another part of it: by a filter it would fly there and on.
        """
        if self.moving or self._count < _KNOWN:
            return False
        off = distance(measured, self._filter.direction)
        far = off > _LEAP_SIGMAS * self.sigma_rad and off > LEAP_RAD
        return far or self._leaps.goes_on(measured)

    def stand_at(self, place: PanTilt) -> None:
        """Begin anew at a place, as of now, with what is known of the noise."""
        self._measured_ns, self.moving = self.stamp_ns, False
        self._leaps.leave(self.stamp_ns, self._place)
        self._recent = [(self.stamp_ns, place)]
        self._noise.move(self.stamp_ns, place)
        self._filter = ConstantVelocityFilter(place, self._filter.noise_rad, self._change)
        self._place = self._stood = place
        self._weight, self._count = 1.0, 1
        self._seems = 0

    def halt(self) -> None:
        """Stand where it was last seen."""
        back_s = (self._measured_ns - self.stamp_ns) * 1e-9
        place, velocity = self._filter.direction, self._filter.velocity
        self.stand_at(PanTilt(*(p + v * back_s for p, v in zip(place, velocity, strict=True))))

    def _begin(self, moving: bool) -> None:
        """Move from now on, or stand elsewhere."""
        self.moving, self._seems = moving, 0 if not moving else self._seems
        self._moves_since_ns = self.stamp_ns
        if not moving:
            self._place, self._weight = self._filter.direction, 2.0
            self._filter.velocity = _STILL
