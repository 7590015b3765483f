"""The families of random times: for each, the parameters of every model in columns and a draw over many models at once.

From seed to sample only methods of NumPy's Generator and + - * /, so that platforms agree; logarithms and the like are
taken once a model, at set-up. A mean or scale multiplies a draw that does not depend on it: scale it, and the same draw
comes out scaled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.scenario.values.times import Empirical, Exponential, Gamma, Lognormal, Percentiles, Uniform, Weibull


class Family(Protocol):
    """Models whose times are of one family; rows of other families are never asked for."""

    def draw(self, rng: np.random.Generator, which: Ints) -> Floats:
        """One time for each model in `which`, seconds; draw k of the generator belongs to which[k]."""
        ...


class _Column:
    """One parameter for each model; a plain number where all have the same, which NumPy draws several times faster."""

    def __init__(self, size: int, values: Mapping[int, float]) -> None:
        first = next(iter(values.values()))
        self._values = np.full(size, first)
        for i, value in values.items():
            self._values[i] = value
        self._same: float | None = first if bool(np.all(self._values == first)) else None

    def at(self, which: Ints) -> float | Floats:
        return self._same if self._same is not None else self._values[which]


class ExponentialFamily:
    """Mean times a standard exponential draw."""

    def __init__(self, size: int, specs: Mapping[int, Exponential]) -> None:
        self._mean = _Column(size, {i: spec.mean for i, spec in specs.items()})

    def draw(self, rng: np.random.Generator, which: Ints) -> Floats:
        """See `Family`."""
        return self._mean.at(which) * rng.standard_exponential(len(which))


class LognormalFamily:
    """Mean times a lognormal draw of mean 1: sigma^2 = ln(1 + cv^2), mu = -sigma^2 / 2."""

    def __init__(self, size: int, specs: Mapping[int, Lognormal]) -> None:
        variance = {i: math.log1p(spec.cv * spec.cv) for i, spec in specs.items()}
        self._mean = _Column(size, {i: spec.mean for i, spec in specs.items()})
        self._mu = _Column(size, {i: -v / 2.0 for i, v in variance.items()})
        self._sigma = _Column(size, {i: math.sqrt(v) for i, v in variance.items()})

    def draw(self, rng: np.random.Generator, which: Ints) -> Floats:
        """See `Family`."""
        return self._mean.at(which) * rng.lognormal(self._mu.at(which), self._sigma.at(which), len(which))


class GammaFamily:
    """Shape 1 / cv^2 and scale mean * cv^2."""

    def __init__(self, size: int, specs: Mapping[int, Gamma]) -> None:
        self._shape = _Column(size, {i: 1.0 / (spec.cv * spec.cv) for i, spec in specs.items()})
        self._scale = _Column(size, {i: spec.mean * spec.cv * spec.cv for i, spec in specs.items()})

    def draw(self, rng: np.random.Generator, which: Ints) -> Floats:
        """See `Family`."""
        return self._scale.at(which) * rng.standard_gamma(self._shape.at(which), len(which))


class WeibullFamily:
    """Shape from the coefficient of variation, scale = mean / Gamma(1 + 1 / shape)."""

    def __init__(self, size: int, specs: Mapping[int, Weibull]) -> None:
        shapes = {cv: weibull_shape(cv) for cv in {spec.cv for spec in specs.values()}}
        self._shape = _Column(size, {i: shapes[spec.cv] for i, spec in specs.items()})
        self._scale = _Column(
            size, {i: spec.mean / math.gamma(1.0 + 1.0 / shapes[spec.cv]) for i, spec in specs.items()}
        )

    def draw(self, rng: np.random.Generator, which: Ints) -> Floats:
        """See `Family`."""
        return self._scale.at(which) * rng.weibull(self._shape.at(which), len(which))


class UniformFamily:
    """Between low and high."""

    def __init__(self, size: int, specs: Mapping[int, Uniform]) -> None:
        self._low = _Column(size, {i: spec.low for i, spec in specs.items()})
        self._width = _Column(size, {i: spec.high - spec.low for i, spec in specs.items()})

    def draw(self, rng: np.random.Generator, which: Ints) -> Floats:
        """See `Family`."""
        return self._low.at(which) + self._width.at(which) * rng.random(len(which))


class EmpiricalFamily:
    """One of the given values, each as likely; all models' values lie in one array."""

    def __init__(self, size: int, specs: Mapping[int, Empirical]) -> None:
        tables: dict[tuple[float, ...], int] = {}
        flat: list[float] = []
        for spec in specs.values():
            if spec.values not in tables:
                tables[spec.values] = len(flat)
                flat.extend(spec.values)
        self._flat = np.array(flat, dtype=np.float64)
        self._start = np.zeros(size, dtype=np.int64)
        self._length = np.zeros(size)
        for i, spec in specs.items():
            self._start[i] = tables[spec.values]
            self._length[i] = len(spec.values)

    def draw(self, rng: np.random.Generator, which: Ints) -> Floats:
        """See `Family`."""
        step = (self._length[which] * rng.random(len(which))).astype(np.int64)
        times: Floats = self._flat[self._start[which] + step]
        return times


class PercentilesFamily:
    """Straight lines between the given percentiles; below the lowest its value, above the highest its value.

    Row k of the tables is the k-th piece of every model: where it begins, the value there, and the slope. Models with
    fewer pieces are filled up with pieces that begin nowhere.
    """

    def __init__(self, size: int, specs: Mapping[int, Percentiles]) -> None:
        depth = 1 + max(len(spec.points) for spec in specs.values())
        self._begin = np.full((depth, size), np.inf)
        self._value = np.zeros((depth, size))
        self._slope = np.zeros((depth, size))
        for i, spec in specs.items():
            self._begin[0, i], self._value[0, i] = 0.0, spec.points[0][1]
            for k, (percent, value) in enumerate(spec.points, start=1):
                self._begin[k, i], self._value[k, i] = percent, value
            for k, ((p, v), (q, w)) in enumerate(pairwise(spec.points), start=1):
                self._slope[k, i] = (w - v) / (q - p)

    def draw(self, rng: np.random.Generator, which: Ints) -> Floats:
        """See `Family`."""
        percent = 100.0 * rng.random(len(which))
        piece = np.zeros(len(which), dtype=np.int64)
        for begin in self._begin[1:]:
            piece += percent >= begin[which]
        times: Floats = self._value[piece, which] + (percent - self._begin[piece, which]) * self._slope[piece, which]
        return times


def weibull_shape(cv: float) -> float:
    """The shape of the Weibull distribution with this coefficient of variation (0 < cv < 1e14; else ValueError).

    Solves ln Gamma(1 + 2/a) - 2 ln Gamma(1 + 1/a) = ln(1 + cv^2) for a by bisection; below cv = 1e-5, where the left
    side loses its digits, the first term of its series, a = pi / (sqrt(6) cv), is closer.
    """
    if not 0.0 < cv < 1e14:
        raise ValueError(f"a Weibull distribution with cv {cv} cannot be computed: 0 < cv < 1e14 is needed")
    if cv < 1e-5:
        return math.pi / (math.sqrt(6.0) * cv)
    target = math.log1p(cv * cv)
    low, high = 0.01, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        if math.lgamma(1.0 + 2.0 / middle) - 2.0 * math.lgamma(1.0 + 1.0 / middle) > target:
            low = middle
        else:
            high = middle
    return math.sqrt(low * high)


def piecewise(points: Sequence[tuple[float, float]]) -> list[tuple[float, float, float]]:
    """The pieces of a percentile distribution: (probability, value at its begin, value at its end)."""
    first, last = points[0], points[-1]
    pieces = [(first[0] / 100.0, first[1], first[1])]
    pieces += [((q - p) / 100.0, v, w) for (p, v), (q, w) in pairwise(points)]
    return [*pieces, ((100.0 - last[0]) / 100.0, last[1], last[1])]
