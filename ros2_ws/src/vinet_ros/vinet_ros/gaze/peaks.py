# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The places of a saliency map that are worth a look."""

import itertools
import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]
_Floats = NDArray[np.float64]
_Indices = NDArray[np.intp]
_Labels = NDArray[np.int32]

_NEIGHBOURS = np.ones((3, 3), np.uint8)
_SLOPE = 0.7
"""Share of a peak's height above the map's minimum from which on a pixel belongs to its top."""


@dataclass(frozen=True, slots=True)
class Peak:
    """A local maximum of a map.

    Args:
        u: Column in map pixels, subpixel, 0 at the centre of the leftmost one.
        v: Row, likewise.
        saliency: The map's value at the peak's pixel.
    """

    u: float
    v: float
    saliency: float


def find_peaks(
    values: NDArray[np.floating],
    num_peaks: int = 3,
    min_distance: float = 0.1,
    *,
    min_height: float = 0.1,
    centre_radius: float = 0.0,
) -> list[Peak]:
    """Return the highest local maxima of a map that keep a distance from one another.

    A flat top counts once, at its middle; of equal peaks the upper, then the left one comes
    first. Between pixels the place is that of a quadratic through the 3x3 neighbourhood; on the
    map's border it stays on the border row or column. With `centre_radius` it is the centre of
    the heat around that place instead: nearer to the middle of what is salient, and calmer from
    one map to the next than its highest pixel.

    Args:
        values: (h, w) map.
        num_peaks: At most this many.
        min_distance: Fraction of the map's width between any two.
        min_height: Fraction of the highest peak, above the map's minimum, that a peak has at
            least; what is lower is no candidate for a look.
        centre_radius: Fraction of the map's width around a peak within which the centre of its
            upper three tenths is its place; 0: the highest place itself.

    Returns:
        Best first; empty for a constant map or one with values that are not finite.

    Raises:
        ValueError: If the map is not two-dimensional or an option is out of range.
    """
    if values.ndim != 2:
        raise ValueError(f"a saliency map is (h, w), got shape {values.shape}")
    if num_peaks < 1 or min_distance < 0 or not (0 <= min_height <= 1 and centre_radius >= 0):
        raise ValueError(
            "num_peaks must be at least 1, min_distance and centre_radius at least 0 and "
            f"min_height in 0..1, got {num_peaks}, {min_distance}, {centre_radius}, {min_height}"
        )
    heat: Map = np.ascontiguousarray(values, np.float32)
    if heat.size == 0:
        return []
    low, high = float(heat.min()), float(heat.max())  # NaN if any value is
    if not math.isfinite(high - low) or low == high:
        return []
    rows, columns, middles = _regional_maxima(heat, low + min_height * (high - low))
    u, v = _refined(heat, rows, columns)
    flat = ~np.isnan(middles[:, 0])
    u[flat], v[flat] = middles[flat].T
    saliency = heat[rows, columns]
    order = np.lexsort((u, v, -saliency))
    width = heat.shape[1]
    peaks = _spread(u[order], v[order], saliency[order], num_peaks, min_distance * width)
    radius = centre_radius * width
    return [_centred(heat, peak, radius, low) for peak in peaks] if radius > 0 else peaks


def _centred(heat: Map, peak: Peak, radius: float, low: float) -> Peak:
    """Return a peak at the centre of the heat around it, above a share of its height."""
    left, top = (max(math.ceil(place - radius), 0) for place in (peak.u, peak.v))
    part = heat[top : math.floor(peak.v + radius) + 1, left : math.floor(peak.u + radius) + 1]
    rows, columns = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
    near = (rows - peak.v) ** 2 + (columns - peak.u) ** 2 <= radius * radius
    over = np.maximum(part - (low + _SLOPE * (peak.saliency - low)), 0.0, dtype=np.float64) * near
    total = float(over.sum())
    if total <= 0:
        return peak  # no pixel within the radius
    return replace(
        peak, u=float((over * columns).sum()) / total, v=float((over * rows).sum()) / total
    )


def _regional_maxima(heat: Map, floor: float) -> tuple[_Indices, _Indices, _Floats]:
    """Return row and column of a pixel of each regional maximum, and the middles of flat ones.

    A regional maximum is a connected set of equal pixels all of whose neighbours are lower. The
    middle (u, v) is the centroid, or the first pixel where the centroid lies beside a bent top;
    NaN for single pixels.
    """
    top = heat == cv2.dilate(heat, _NEIGHBOURS)  # no neighbour is higher
    top &= heat >= floor
    places = np.flatnonzero(top)
    count, labels = cv2.connectedComponents(top.view(np.uint8), connectivity=8)
    owner = labels.ravel()[places]
    proper = np.ones(count, bool)
    proper[0] = False
    proper[owner[_leads_up(heat, top, places)]] = False
    kept = np.flatnonzero(proper)
    first = np.zeros(count, np.intp)
    first[owner[::-1]] = places[::-1]  # the last to be written is the first pixel
    rows, columns = np.divmod(first[kept], heat.shape[1])
    return rows, columns, _middles(places, owner, labels, kept, first)


def _middles(
    places: _Indices, owner: _Labels, labels: _Labels, kept: _Indices, first: _Indices
) -> _Floats:
    """Return the middle (u, v) of each kept label with several pixels, NaN for the others."""
    rows, columns = np.divmod(places, labels.shape[1])
    sizes = np.bincount(owner, minlength=len(first))
    large = kept[sizes[kept] > 1]
    middles = np.full((len(first), 2), np.nan)
    for axis, values in enumerate((columns, rows)):
        sums = np.bincount(owner, weights=values, minlength=len(first))
        middles[large, axis] = sums[large] / sizes[large]
    nearest = np.rint(middles[large]).astype(np.intp)
    beside = large[labels[nearest[:, 1], nearest[:, 0]] != large]
    middles[beside] = np.stack(np.divmod(first[beside], labels.shape[1])[::-1], axis=1)
    return middles[kept]


def _leads_up(heat: Map, top: NDArray[np.bool_], places: _Indices) -> NDArray[np.bool_]:
    """Return which pixels of `top` have an equal neighbour that is not, so has a higher one."""
    rows, columns = np.divmod(places, heat.shape[1])
    centre = heat.ravel()[places]
    leads = np.zeros(len(places), bool)
    for down, right in itertools.product((-1, 0, 1), repeat=2):
        row = np.clip(rows + down, 0, heat.shape[0] - 1)
        column = np.clip(columns + right, 0, heat.shape[1] - 1)
        leads |= (heat[row, column] == centre) & ~top[row, column]
    return leads


def _refined(heat: Map, rows: _Indices, columns: _Indices) -> tuple[_Floats, _Floats]:
    """Return (u, v) of the maxima of quadratics through the pixels' 3x3 neighbourhoods."""
    height, width = heat.shape
    up, down = np.maximum(rows - 1, 0), np.minimum(rows + 1, height - 1)
    left, right = np.maximum(columns - 1, 0), np.minimum(columns + 1, width - 1)

    def at(row: _Indices, column: _Indices) -> _Floats:
        return heat[row, column].astype(np.float64)

    centre = at(rows, columns)
    inner_u, inner_v = (right - left) == 2, (down - up) == 2
    slope_u = 0.5 * (at(rows, right) - at(rows, left)) * inner_u
    slope_v = 0.5 * (at(down, columns) - at(up, columns)) * inner_v
    bend_u = at(rows, right) + at(rows, left) - 2 * centre
    bend_v = at(down, columns) + at(up, columns) - 2 * centre
    twist = 0.25 * (at(down, right) - at(down, left) - at(up, right) + at(up, left))
    twist = twist * (inner_u & inner_v)
    # Without a proper top in both directions (a saddle in the twist) each direction stands alone.
    twist = np.where(bend_u * bend_v > twist * twist, twist, 0.0)
    determinant = bend_u * bend_v - twist * twist
    with np.errstate(divide="ignore", invalid="ignore"):
        du = (twist * slope_v - bend_v * slope_u) / determinant
        dv = (twist * slope_u - bend_u * slope_v) / determinant
    # Half a pixel at most along an axis, more only on a ridge aslant.
    du, dv = (np.clip(np.nan_to_num(d, posinf=0, neginf=0), -1.0, 1.0) for d in (du, dv))
    return columns + du * inner_u, rows + dv * inner_v


def _spread(u: _Floats, v: _Floats, saliency: Map, num_peaks: int, distance: float) -> list[Peak]:
    """Return the first peaks, each at least `distance` from those before it."""
    peaks: list[Peak] = []
    alive = np.ones(len(u), bool)
    while len(peaks) < num_peaks and alive.any():
        best = int(alive.argmax())
        peaks.append(Peak(float(u[best]), float(v[best]), float(saliency[best])))
        alive &= np.hypot(u - u[best], v - v[best]) >= distance
        alive[best] = False
    return peaks
