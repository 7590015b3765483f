"""What is left of an interval at a random moment of a long history: where a stationary process begins.

The interval that covers a random moment is drawn in proportion to its length, and the moment is anywhere in it, each
place as likely (D. R. Cox, Renewal Theory, 1962, chapter 5). So: a draw from the length-biased distribution, times a
uniform number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Context, Decimal
from functools import partial

import numpy as np

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
from mmesim.workload.draws.families import piecewise, weibull_shape
from mmesim.workload.draws.sampler import constant_value

Draw = Callable[[np.random.Generator], float]

_DECIMAL = Context(prec=20)


def residual(spec: Time) -> Draw:
    """How to draw what is left of an interval of this distribution at a random moment, seconds; its mean is above 0."""
    covering = _covering(spec)
    return lambda rng: float(rng.random()) * covering(rng)


def _covering(spec: Time) -> Draw:
    """How to draw the length of the interval that covers a random moment: density in proportion to x f(x)."""
    always = constant_value(spec)
    if always is not None:
        return partial(_always, always)
    match spec:
        case Exponential(mean):
            return lambda rng: mean * float(rng.standard_gamma(2.0))
        case Gamma(mean, cv):
            squared = cv * cv
            return lambda rng: mean * squared * float(rng.standard_gamma(1.0 / squared + 1.0))
        case Lognormal(mean, cv):
            # Length bias turns the mean of the logarithm from mu into mu + sigma^2.
            variance = math.log1p(cv * cv)
            return lambda rng: mean * float(rng.lognormal(variance / 2.0, math.sqrt(variance)))
        case Weibull(mean, cv):
            return _covering_weibull(mean, weibull_shape(cv))
        case Uniform(low, high):
            return lambda rng: _on_a_line(low, high, rng)
        case Empirical(values):
            chances = np.array(values) / math.fsum(values)
            return lambda rng: float(rng.choice(values, p=chances))
        case Percentiles(points):
            pieces = piecewise(points)
            weights = np.array([share * (low + high) / 2.0 for share, low, high in pieces])
            weights /= weights.sum()
            return lambda rng: _on_a_line(*pieces[int(rng.choice(len(pieces), p=weights))][1:], rng)
        case Constant(value):  # constant_value has caught it
            return partial(_always, value)


def _always(value: float, _: np.random.Generator) -> float:
    return value


def _covering_weibull(mean: float, shape: float) -> Draw:
    """(x / scale)^shape is gamma distributed with 1 + 1 / shape."""
    scale = mean / math.gamma(1.0 + 1.0 / shape)
    inverse = Decimal(1.0 / shape)

    def draw(rng: np.random.Generator) -> float:
        # Decimal's power is the same on all machines, that of the C library is not.
        return scale * float(_DECIMAL.power(Decimal(float(rng.standard_gamma(1.0 + 1.0 / shape))), inverse))

    return draw


def _on_a_line(low: float, high: float, rng: np.random.Generator) -> float:
    """Length-biased uniform: that is the uniform (weight low), or the larger of two (weight (high - low) / 2)."""
    first, second, which = (float(draw) for draw in rng.random(3))
    half = (high - low) / 2.0
    place = first if which * (low + half) < low else max(first, second)
    return low + (high - low) * place
