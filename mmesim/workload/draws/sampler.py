"""Random times: means, variances and draws of the distributions that a scenario can name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mmesim.arrays import Floats, Ints
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
from mmesim.workload.draws.families import (
    EmpiricalFamily,
    ExponentialFamily,
    Family,
    GammaFamily,
    LognormalFamily,
    PercentilesFamily,
    UniformFamily,
    WeibullFamily,
    piecewise,
)

FAMILIES: dict[type[Any], tuple[str, Callable[[int, Mapping[int, Any]], Family]]] = {
    Exponential: ("exponential", ExponentialFamily),
    Lognormal: ("lognormal", LognormalFamily),
    Gamma: ("gamma", GammaFamily),
    Weibull: ("weibull", WeibullFamily),
    Uniform: ("uniform", UniformFamily),
    Empirical: ("empirical", EmpiricalFamily),
    Percentiles: ("percentiles", PercentilesFamily),
}
"""Class of a random time -> its name among the streams, and how it is drawn."""


def mean(spec: Time) -> float:
    """Expected value, seconds."""
    match spec:
        case Constant():
            return spec.value
        case Exponential() | Lognormal() | Gamma() | Weibull():
            return spec.mean
        case Uniform():
            return (spec.low + spec.high) / 2.0
        case Empirical():
            return math.fsum(spec.values) / len(spec.values)
        case Percentiles():
            return math.fsum(share * (a + b) / 2.0 for share, a, b in piecewise(spec.points))


def variance(spec: Time) -> float:
    """Variance, square seconds."""
    match spec:
        case Constant():
            return 0.0
        case Exponential():
            return spec.mean * spec.mean
        case Lognormal() | Gamma() | Weibull():
            return (spec.mean * spec.cv) * (spec.mean * spec.cv)
        case Uniform():
            return (spec.high - spec.low) * (spec.high - spec.low) / 12.0
        case Empirical():
            middle = mean(spec)
            return math.fsum((value - middle) * (value - middle) for value in spec.values) / len(spec.values)
        case Percentiles():
            middle = mean(spec)
            ends = [(share, a - middle, b - middle) for share, a, b in piecewise(spec.points)]
            return math.fsum(share * (a * a + a * b + b * b) / 3.0 for share, a, b in ends)


def constant_value(spec: Time) -> float | None:
    """The value of a time that never varies (also one of cv 0, of mean 0, or with equal ends), else None."""
    match spec:
        case Constant():
            return spec.value
        case Exponential():
            return 0.0 if spec.mean == 0.0 else None
        case Lognormal() | Gamma() | Weibull():
            return spec.mean if spec.mean == 0.0 or spec.cv == 0.0 else None
        case Uniform():
            return spec.low if spec.low == spec.high else None
        case Empirical():
            return spec.values[0] if min(spec.values) == max(spec.values) else None
        case Percentiles():
            return spec.points[0][1] if spec.points[0][1] == spec.points[-1][1] else None


class Sampler:
    """Draws times for many models at once, each from its own distribution.

    Each family has a generator of its own; its draw k goes to the k-th request that uses the family, so a model whose
    mean or scale changes takes nothing from the others.
    """

    def __init__(self, specs: Sequence[Time]) -> None:
        self._constant = np.zeros(len(specs))
        self._code = np.full(len(specs), -1, dtype=np.int8)
        members: dict[type[Any], dict[int, Time]] = {}
        for i, spec in enumerate(specs):
            value = constant_value(spec)
            if value is None:
                members.setdefault(type(spec), {})[i] = spec
            else:
                self._constant[i] = value
        self._families: list[tuple[str, Family]] = []
        for kind, (name, family) in FAMILIES.items():
            if kind in members:
                self._code[list(members[kind])] = len(self._families)
                self._families.append((name, family(len(specs), members[kind])))
        self._alone = len(self._families) == 1 and len(members) == 1 and not np.any(self._code < 0)
        first = float(self._constant[0]) if len(specs) else 0.0
        self._same: float | None = first if bool(np.all(self._constant == first)) else None

    @property
    def families(self) -> tuple[str, ...]:
        """Names of the random families among the distributions; empty if all are constants."""
        return tuple(name for name, _ in self._families)

    def generators(self, make: Callable[[str], np.random.Generator]) -> dict[str, np.random.Generator]:
        """One generator for each random family, made from its name; none is made for constants."""
        return {name: make(name) for name in self.families}

    def draw(self, rngs: Mapping[str, np.random.Generator], which: Ints) -> Floats:
        """One time for each model in `which` (indices into the specs), seconds, in a new array.

        `rngs` holds a generator for each name in `families`.
        """
        if self._alone:
            name, family = self._families[0]
            return family.draw(rngs[name], which)
        times = np.full(len(which), self._same) if self._same is not None else self._constant[which]
        if self._families:
            code = self._code[which]
            for k, (name, family) in enumerate(self._families):
                rows = np.flatnonzero(code == k)
                times[rows] = family.draw(rngs[name], which[rows])
        return times


def sample(spec: Time, rng: np.random.Generator, n: int) -> Floats:
    """`n` draws of one distribution, seconds; a constant takes nothing from the generator."""
    sampler = Sampler((spec,))
    return sampler.draw(dict.fromkeys(sampler.families, rng), np.zeros(n, dtype=np.int64))
