"""What is left of an interval at a random moment of a long history: where a stationary process begins.

The interval that covers a random moment is drawn in proportion to its length, and the moment is anywhere in it, each
place as likely (D. R. Cox, Renewal Theory, 1962, chapter 5). So: a draw from the length-biased distribution, times a
uniform number.
"""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np

from mmesim.scenario.times import (
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
from mmesim.workload.distributions import constant_value, sample
from mmesim.workload.families import piecewise, weibull_shape


def residual(spec: Time, rng: np.random.Generator) -> float:
    """One draw of what is left of an interval of this distribution at a random moment, seconds; its mean is above 0."""
    return float(rng.random()) * _covering(spec, rng)


def _covering(spec: Time, rng: np.random.Generator) -> float:
    """One draw of the length of the interval that covers a random moment: density in proportion to x f(x)."""
    value = constant_value(spec)
    if value is not None:
        return value
    match spec:
        case Exponential():
            return spec.mean * float(rng.standard_gamma(2.0))
        case Gamma():
            squared = spec.cv * spec.cv
            return spec.mean * squared * float(rng.standard_gamma(1.0 / squared + 1.0))
        case Lognormal():
            # Length bias turns the mean of the logarithm from mu into mu + sigma^2, that is, multiplies by 1 + cv^2.
            return (1.0 + spec.cv * spec.cv) * float(sample(spec, rng, 1)[0])
        case Weibull():
            # (x / scale)^shape is gamma distributed with 1 + 1 / shape.
            shape = weibull_shape(spec.cv)
            power = float(rng.standard_gamma(1.0 + 1.0 / shape))
            # Decimal's power is the same on all machines, that of the C library is not.
            return _weibull_scale(spec) * float(Decimal(power) ** (1 / Decimal(shape)))
        case Uniform():
            return _covering_line(spec.low, spec.high, rng)
        case Empirical():
            return float(rng.choice(spec.values, p=np.array(spec.values) / sum(spec.values)))
        case Percentiles():
            pieces = piecewise(spec.points)
            weights = np.array([share * (low + high) / 2.0 for share, low, high in pieces])
            _, low, high = pieces[int(rng.choice(len(pieces), p=weights / weights.sum()))]
            return _covering_line(low, high, rng)
        case Constant():  # constant_value has caught it
            return spec.value


def _covering_line(low: float, high: float, rng: np.random.Generator) -> float:
    """Length-biased uniform: that is the uniform (weight low), or the larger of two (weight (high - low) / 2)."""
    first, second, which = (float(draw) for draw in rng.random(3))
    half = (high - low) / 2.0
    place = first if which * (low + half) < low else max(first, second)
    return low + (high - low) * place


def _weibull_scale(spec: Weibull) -> float:
    scale: float = spec.mean / math.gamma(1.0 + 1.0 / weibull_shape(spec.cv))
    return scale
