"""Intervals of a quantile, and of the difference of two, from shares of observations replication by replication.

A quantile may jump: between warm and cold calls hardly any call lies, and latencies may have two values only. The share
of the observations up to a place is smooth everywhere, so places are tested by it: x can be the q-quantile when the
share up to x can be q, or more, and the share below x can be q, or less (R. S. Woodruff, Confidence intervals for
medians and other position measures, JASA 47, 1952). A difference y - x is possible when x and y can be the quantiles of
two runs of the same requests, whose shares are noisy together: a pair is tested by both shares and their covariance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from mmesim.arrays import Flags, Floats
from mmesim.roots import root
from mmesim.stats.means import CONFIDENCE, student

FINEST, COARSEST = 64, 256
"""Places that are looked at: buckets are split, as if their observations lay evenly, or taken together."""
LARGEST_FACTOR = 2.0
"""Most times the square of Student's t: with three to five pairs Hotelling's T^2 would allow nearly everything."""


@dataclass(frozen=True)
class Cells:
    """Observations of some replications, in cells one above the other.

    `low`, `high` [cells]: the least and the largest observation of each; `count` [replications, cells].
    """

    low: Floats
    high: Floats
    count: Floats


@dataclass(frozen=True)
class _Places:
    """Places that are tested: `at` [places], how far each may be off, and what the tests need.

    `below`, `upto` [replications, places]: observations below and up to the place less those that there would be if it
    was the quantile, as a share of the observations of an average replication. Their means estimate 0 at the quantile.
    """

    at: Floats
    off: Floats
    below: Floats
    upto: Floats

    def where(self, kept: slice) -> _Places:
        return _Places(self.at[kept], self.off[kept], self.below[:, kept], self.upto[:, kept])


def quantile_interval(cells: Cells, q: float, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """The interval of the q-quantile (0 < q < 1) of independent replications; None for fewer than two of them.

    Each end may be off by half of its own cell, and reaches as far.
    """
    n = len(cells.count)
    if n < 2 or not cells.count.any():
        return None
    found = _possible(cells, q, student(n, confidence))
    return float((found.at - found.off).min()), float((found.at + found.off).max())


def difference_interval(a: Cells, b: Cells, q: float, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """The interval of the q-quantile of b less that of a, replication r of both having seen the same requests.

    None for fewer than two replications. Two of them are always exactly correlated, which says nothing: there all
    pairs of what each can be alone are possible.
    """
    n = len(a.count)
    if n < 2 or not a.count.any() or not b.count.any():
        return None
    most = _most(n, confidence) if n > 2 else student(n, confidence) ** 2
    x, y = (_possible(cells, q, math.sqrt(most)) for cells in (a, b))
    possible = _squares(x, y) <= most if n > 2 else np.ones((len(x.at), len(y.at)), dtype=np.bool_)
    middle, off = y.at[None, :] - x.at[:, None], y.off[None, :] + x.off[:, None]
    return float((middle - off)[possible].min()), float((middle + off)[possible].max())


def _most(n: int, confidence: float) -> float:
    """The largest square of a pair's deviation from its estimate that is not rejected, in units of its variance.

    Where both quantiles are smooth, all pairs with one difference lie on a line, and the smallest square on it is that
    of Student's t; where both jump, the pairs with one difference fill a cone, and the square is anything up to
    Hotelling's T^2 of two dimensions. For the narrowest cone half of the chance is of either kind (chi-bar-square:
    S. G. Self, K.-Y. Liang, JASA 82, 1987; A. Shapiro, Int. Statistical Review 56, 1988), which is the worst case.
    """
    of_one = student(n, confidence) ** 2

    def error(square: float) -> float:
        line = 2.0 * float(stdtr(n - 1, -math.sqrt(square)))
        plane: float = (1.0 + square / (n - 1)) ** (-(n - 2) / 2.0)
        return 0.5 * (line + plane) - (1.0 - confidence)

    largest = LARGEST_FACTOR * of_one
    return largest if error(largest) > 0.0 else root(error, of_one, largest, of_one * 1e-14)


def _possible(cells: Cells, q: float, t: float) -> _Places:
    """The places that can be the quantile of one run, tested with this t: at least the estimate itself."""
    coarse = _places(cells, q)
    kept = _kept(coarse, t)
    inside = Cells(cells.low[kept], cells.high[kept], cells.count[:, kept])
    before = cells.count[:, : kept.start].sum(axis=1)
    fine = _places(_resized(inside), q, before, cells.count.sum(axis=1), inside)
    return fine.where(_kept(fine, t))


def _kept(places: _Places, t: float) -> slice:
    n = len(places.upto)
    most = places.upto.mean(axis=0) + t * places.upto.std(axis=0, ddof=1) / math.sqrt(n)
    least = places.below.mean(axis=0) - t * places.below.std(axis=0, ddof=1) / math.sqrt(n)
    # Rounding: the place of the estimate itself has a mean of 0 at its end.
    kept = np.flatnonzero((most >= -1e-12) & (least <= 1e-12))
    return slice(int(kept[0]), int(kept[-1]) + 1)


def _places(
    cells: Cells, q: float, before: Floats | None = None, total: Floats | None = None, buckets: Cells | None = None
) -> _Places:
    """The middles of the cells; `before` of the `total` observations of each replication lie below all of them.

    A place can be off by half of the bucket that its cell is a part of.
    """
    total = cells.count.sum(axis=1) if total is None else total
    start = np.zeros(len(total)) if before is None else before
    upto = start[:, None] + np.cumsum(cells.count, axis=1) - q * total[:, None]
    at = (cells.low + cells.high) / 2.0
    of = cells if buckets is None else buckets
    bucket = np.clip(np.searchsorted(of.low, at, side="right") - 1, 0, len(of.low) - 1)
    off = np.maximum((of.high - of.low)[bucket], cells.high - cells.low) / 2.0
    return _Places(at, off, (upto - cells.count) / total.mean(), upto / total.mean())


def _resized(cells: Cells) -> Cells:
    """Cells split, as if their observations lay evenly in them, or taken together with their neighbours."""
    size = len(cells.low)
    if size > COARSEST:
        first = np.arange(0, size, -(-size // COARSEST))
        last = np.append(first[1:], size) - 1
        return Cells(cells.low[first], cells.high[last], np.add.reduceat(cells.count, first, axis=1))
    parts = np.where(cells.high > cells.low, -(-FINEST // size), 1)
    bucket = np.repeat(np.arange(size), parts)
    part = np.arange(len(bucket)) - np.repeat(np.cumsum(parts) - parts, parts)
    step = ((cells.high - cells.low) / parts)[bucket]
    low = cells.low[bucket] + part * step
    return Cells(low, low + step, (cells.count / parts)[:, bucket])


def _squares(x: _Places, y: _Places) -> Floats:
    """For each pair of places the square of the nearest pair of shares, in units of their variance.

    A place stands for all shares from that below it to that up to it, so that a pair is a rectangle of shares: the
    nearest point is a corner, or lies on a side, or is the origin.
    """
    inside = np.outer(_holds_zero(x), _holds_zero(y))
    squares = np.where(inside, 0.0, math.inf)
    for u in (x.below, x.upto):
        for v in (y.below, y.upto):
            squares = np.minimum(squares, _corner(u, v))
    for u in (x.below, x.upto):
        squares = np.minimum(squares, _side(u, y))
    for v in (y.below, y.upto):
        squares = np.minimum(squares, _side(v, x).T)
    return squares


def _holds_zero(places: _Places) -> Flags:
    holds: Flags = (places.below.mean(axis=0) <= 1e-12) & (places.upto.mean(axis=0) >= -1e-12)
    return holds


def _moments(u: Floats, v: Floats) -> tuple[Floats, Floats, Floats]:
    """Variances of the means of u [replications, x] and v [replications, y], and their covariances [x, y]."""
    n = len(u)
    du, dv = u - u.mean(axis=0), v - v.mean(axis=0)
    scale = 1.0 / (n * (n - 1))
    return (du * du).sum(axis=0) * scale, (dv * dv).sum(axis=0) * scale, du.T @ dv * scale


def _corner(u: Floats, v: Floats) -> Floats:
    of_u, of_v, both = _moments(u, v)
    x, y = u.mean(axis=0)[:, None], v.mean(axis=0)[None, :]
    product = of_u[:, None] * of_v[None, :]
    # Where both are noisy exactly together, rounding alone decides whether the determinant is above 0.
    rest = np.maximum(product - both * both, 1e-9 * product)
    form = x * x * of_v[None, :] - 2.0 * x * y * both + y * y * of_u[:, None]
    squares = np.divide(form, rest, out=np.full(form.shape, math.inf), where=rest > 0.0)
    # A share without noise is either right or not, and the other one decides.
    squares = np.where((of_u[:, None] <= 0.0) & (x == 0.0), _single(y, of_v[None, :]), squares)
    return np.where((of_v[None, :] <= 0.0) & (y == 0.0), _single(x, of_u[:, None]), squares)


def _side(u: Floats, free: _Places) -> Floats:
    """U fixed; the other share may be anything from that below its places to that up to them."""
    of_u, _, both = _moments(u, (free.below + free.upto) / 2.0)
    x = u.mean(axis=0)
    nearest = np.divide(both, of_u[:, None], out=np.zeros(both.shape), where=of_u[:, None] > 0.0) * x[:, None]
    reached = (nearest >= free.below.mean(axis=0)) & (nearest <= free.upto.mean(axis=0))
    return np.where(reached, _single(x, of_u)[:, None], math.inf)


def _single(mean: Floats, variance: Floats) -> Floats:
    squares: Floats = np.divide(mean * mean, variance, out=np.where(mean == 0.0, 0.0, math.inf), where=variance > 0.0)
    return squares
