"""Times that vary: constants and distributions, as plain data in seconds.

In a file: `20 ms`, `{exponential: {mean: 20 ms}}`, `{lognormal: {mean: 12 ms, cv: 0.8}}`, `{gamma: {mean: , cv: }}`,
`{weibull: {mean: , cv: }}`, `{uniform: {low: , high: }}`, `{empirical: [..]}`, `{percentiles: {50: .., 99: ..}}`.
A distribution is variability of the system; what is merely not known is marked `uncertain`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar


def _positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a finite number above 0, not {value!r}")


def _not_negative(name: str, value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be a finite number of 0 or more, not {value!r}")


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same time, seconds."""

    value: float
    is_constant: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _not_negative("a time", self.value)

    def scaled(self, factor: float) -> Constant:
        """The same time multiplied by a factor."""
        return Constant(self.value * factor)


@dataclass(frozen=True, slots=True)
class Exponential:
    """Exponential with this mean, seconds."""

    mean: float
    is_constant: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _positive("mean", self.mean)

    def scaled(self, factor: float) -> Exponential:
        """The same distribution with every time multiplied by a factor."""
        return Exponential(self.mean * factor)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Lognormal with this mean, seconds, and this coefficient of variation (standard deviation / mean)."""

    mean: float
    cv: float
    is_constant: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _positive("mean", self.mean)
        _positive("cv", self.cv)

    def scaled(self, factor: float) -> Lognormal:
        """The same distribution with every time multiplied by a factor."""
        return Lognormal(self.mean * factor, self.cv)


@dataclass(frozen=True, slots=True)
class Gamma:
    """Gamma with this mean, seconds, and this coefficient of variation; cv 1 / sqrt(k) is Erlang with k stages."""

    mean: float
    cv: float
    is_constant: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _positive("mean", self.mean)
        _positive("cv", self.cv)

    def scaled(self, factor: float) -> Gamma:
        """The same distribution with every time multiplied by a factor."""
        return Gamma(self.mean * factor, self.cv)


@dataclass(frozen=True, slots=True)
class Weibull:
    """Weibull with this mean, seconds, and this coefficient of variation; cv 1 is exponential."""

    mean: float
    cv: float
    is_constant: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _positive("mean", self.mean)
        _positive("cv", self.cv)

    def scaled(self, factor: float) -> Weibull:
        """The same distribution with every time multiplied by a factor."""
        return Weibull(self.mean * factor, self.cv)


@dataclass(frozen=True, slots=True)
class Uniform:
    """Uniform between two times, seconds."""

    low: float
    high: float
    is_constant: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _not_negative("low", self.low)
        _not_negative("high", self.high)
        if self.low > self.high:
            raise ValueError(f"low must not be above high ({self.low!r} s > {self.high!r} s)")

    def scaled(self, factor: float) -> Uniform:
        """The same distribution with every time multiplied by a factor."""
        return Uniform(self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Empirical:
    """One of these times, seconds, each with the same chance."""

    values: tuple[float, ...]
    is_constant: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("an empirical time needs at least one value")
        for value in self.values:
            _not_negative("a value", value)

    def scaled(self, factor: float) -> Empirical:
        """The same distribution with every time multiplied by a factor."""
        return Empirical(tuple(value * factor for value in self.values))


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Piecewise linear between (percent, seconds) points, percents ascending.

    The points at the lowest and highest percent are the ends of the range: below the lowest percent the time is the
    lowest value, above the highest percent it is the highest value.
    """

    points: tuple[tuple[float, float], ...]
    is_constant: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if len(self.points) < 2:
            raise ValueError("percentiles need at least two points")
        for percent, value in self.points:
            _not_negative(f"the time at {percent:g} %", value)
            if not 0 <= percent <= 100:
                raise ValueError(f"{percent:g} is not a percent between 0 and 100")
        for (percent, value), (next_percent, next_value) in zip(self.points, self.points[1:], strict=False):
            if next_percent <= percent:
                raise ValueError(f"percents must ascend: {next_percent:g} comes after {percent:g}")
            if next_value < value:
                raise ValueError(f"times must not fall: {next_value!r} s at {next_percent:g} % after {value!r} s")

    def scaled(self, factor: float) -> Percentiles:
        """The same distribution with every time multiplied by a factor."""
        return Percentiles(tuple((percent, value * factor) for percent, value in self.points))


Time = Constant | Exponential | Lognormal | Gamma | Weibull | Uniform | Empirical | Percentiles

ZERO = Constant(0.0)

MEAN_CV: dict[str, type[Lognormal | Gamma | Weibull]] = {"lognormal": Lognormal, "gamma": Gamma, "weibull": Weibull}
"""The distributions that a file gives by mean and coefficient of variation."""
