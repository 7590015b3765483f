"""Of a random time: its mean when it is cut at a limit, and the chance that it is longer; all closed forms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mmesim.arrays import Floats
from mmesim.scenario.values.times import (
    Constant,
    Empirical,
    Exponential,
    Gamma,
    Lognormal,
    Percentiles,
    Time,
    Uniform,
    Weibull,
)


def least(time: Time) -> float:
    """The shortest that a time can be, seconds."""
    return time.limits[0]


def cut_mean(time: Time, at_s: Floats) -> Floats:
    """E[min(T, limit)] for each limit, seconds: the integral of the chance to be longer, from 0 to the limit."""
    limit = np.maximum(at_s, 0.0)
    found: Floats
    match time:
        case Constant():
            found = np.minimum(limit, time.value)
        case Exponential():
            found = -time.mean * np.expm1(-limit / time.mean)
        case Lognormal():
            found = time.mean * _lognormal(time, limit, squared=1.0) + limit * (1.0 - _lognormal(time, limit, 0.0))
        case Gamma():
            from scipy.special import gammainc, gammaincc  # only where a scenario needs them

            shape, scale = time.parameters
            found = time.mean * gammainc(shape + 1.0, limit / scale) + limit * gammaincc(shape, limit / scale)
        case Weibull():
            from scipy.special import gammainc

            shape, scale = time.parameters
            found = np.asarray(time.mean * gammainc(1.0 / shape, (limit / scale) ** shape), dtype=np.float64)
        case Uniform():
            found = _line(time.low, time.high, limit)
        case Empirical():
            found = np.minimum(np.array(time.values)[:, None], limit[None, :]).mean(axis=0, dtype=np.float64)
        case Percentiles():
            found = np.sum([share * _line(low, high, limit) for share, low, high in time.pieces], axis=0)
    return found


def beyond(time: Time, limit_s: float) -> float:
    """The chance to be longer than a limit, which may be negative."""
    if limit_s < 0.0:
        return 1.0
    match time:
        case Constant():
            return float(time.value > limit_s)
        case Exponential():
            return math.exp(-limit_s / time.mean)
        case Lognormal():
            return 1.0 - float(_lognormal(time, np.array([limit_s]), 0.0)[0])
        case Gamma():
            from scipy.special import gammaincc

            shape, scale = time.parameters
            return float(gammaincc(shape, limit_s / scale))
        case Weibull():
            shape, scale = time.parameters
            return math.exp(-math.pow(limit_s / scale, shape))
        case Uniform():
            return _part(time.low, time.high, limit_s)
        case Empirical():
            return sum(value > limit_s for value in time.values) / len(time.values)
        case Percentiles():
            return math.fsum(share * _part(low, high, limit_s) for share, low, high in time.pieces)


def cut_sum_mean(times: Sequence[tuple[Time, float]], at_s: Floats) -> Floats:
    """At most E[min(sum, limit)] of independent times, each with its factor, for each limit, seconds.

    A limit is divided among them, constants first and the others by their means: the sum of what is cut is not more
    than the sum that is cut.
    """
    fixed = math.fsum(time.value * factor for time, factor in times if isinstance(time, Constant))
    varied = [(time, factor) for time, factor in times if not isinstance(time, Constant) and factor > 0.0]
    total = math.fsum(time.mean * factor for time, factor in varied)
    found: Floats = np.minimum(at_s, fixed)
    rest = at_s - found
    for time, factor in varied:
        found = found + factor * cut_mean(time, rest * (time.mean / total))
    return found


def sum_beyond(times: Sequence[tuple[Time, float]], limit_s: float) -> float:
    """At most the chance that the sum of independent times, each with its factor, is longer than a limit.

    That of the one which varies most, with the others at their shortest.
    """
    parts = [(time, factor) for time, factor in times if factor > 0.0]
    shortest = math.fsum(least(time) * factor for time, factor in parts)
    chances = [beyond(time, (limit_s - shortest) / factor + least(time)) for time, factor in parts]
    return max(chances, default=float(limit_s < 0.0))


def _lognormal(time: Lognormal, limit: Floats, squared: float) -> Floats:
    """The chance to be at most each limit; with `squared` 1 the part of the mean that such times have."""
    from scipy.special import ndtr

    _, mu, sigma = time.parameters
    with np.errstate(divide="ignore"):
        scaled = np.log(limit / time.mean)
    found: Floats = ndtr((scaled - mu) / sigma - squared * sigma)
    return found


def _line(low: float, high: float, limit: Floats) -> Floats:
    """E[min(T, limit)] of a uniform T."""
    inside = np.clip(limit, low, high)
    if high <= low:
        return np.minimum(limit, low)
    below: Floats = (inside * inside - low * low) / (2.0 * (high - low))
    found: Floats = below + (high - inside) / (high - low) * np.minimum(limit, high)
    return found


def _part(low: float, high: float, limit: float) -> float:
    if high <= low:
        return float(low > limit)
    return min(1.0, max(0.0, (high - limit) / (high - low)))
