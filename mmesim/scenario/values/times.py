"""Times that vary: constants and distributions, in seconds; each knows its moments, its limits and how it is drawn.

In a file: `20 ms`, `{exponential: {mean: 20 ms}}`, `{lognormal: {mean: 12 ms, cv: 0.8}}`, `{gamma: {mean: , cv: }}`,
`{weibull: {mean: , cv: }}`, `{uniform: {low: , high: }}`, `{empirical: [..]}`, `{percentiles: {50: .., 99: ..}}`.
A distribution is variability of the system; what is merely not known is marked `uncertain`.

Every class has `mean`, `variance` and `limits` (the times between which all draws lie), and

* `batch(size, specs)`: how times of many models are drawn at once, with NumPy's Generator and + - * / alone, so that
  platforms agree; logarithms and the like are taken once a model. A mean or scale multiplies a draw that does not
  depend on it: scale it, and the same draw comes out scaled;
* `generator`: the name of the generator that it is drawn from. Distributions may share one only if all of them take as
  much from it for one draw: so gamma has one for each shape;
* `covering()`: how to draw the interval that covers a random moment, with a density in proportion to x f(x);
* `name`, that of its form in a file, and `meanings` of its keys there.

To add a distribution, write its class here and put it into `Distribution`. NumPy is imported when something is drawn:
reading a scenario does not need it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from mmesim.scenario.values.times_from_data import Batch, Draw, Empirical, Percentiles, not_negative, on_a_line

if TYPE_CHECKING:
    import numpy as np

    from mmesim.arrays import Floats, Ints

__all__ = [
    "ZERO",
    "ByParameters",
    "Constant",
    "Distribution",
    "Empirical",
    "Exponential",
    "Gamma",
    "Lognormal",
    "Percentiles",
    "Time",
    "Uniform",
    "Weibull",
    "always",
    "weibull_shape",
]

_DECIMAL = Context(prec=20)


LEAST, MOST = {"cv": 1e-9}, {"cv": 1e9}
"""Limits of numbers that are not times: beyond them a distribution is a constant, or one of zeros and infinities."""


def _positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a finite number above 0, not {value!r}")
    if value > MOST.get(name, math.inf):
        raise ValueError(f"{name} must be at most {MOST[name]:g}, not {value!r}")
    if value < LEAST.get(name, 0.0):
        raise ValueError(f"{name} must be at least {LEAST[name]:g}, not {value!r}: a constant is written as one time")


class ByParameters:
    """A distribution that is drawn from a few numbers: `parameters` of each model, and `draw` from all of theirs."""

    __slots__ = ()

    name: ClassVar[str]
    is_constant: ClassVar[bool] = False
    meanings: ClassVar[Mapping[str, str]]
    """Key in a file, which is a field here -> what it means to people."""
    numbers: ClassVar[tuple[str, ...]] = ()
    """Keys that are numbers above 0; the others are times."""
    draw: ClassVar[Callable[..., Floats]]
    """(generator, how many, *parameters), each parameter one number for all draws or one for each."""

    @property
    def generator(self) -> str:
        """One for all: a draw takes as much whatever the parameters."""
        return self.name

    @classmethod
    def batch(cls, size: int, specs: Mapping[int, Any]) -> Batch:
        """See the head of the module."""
        rows = {i: spec.parameters for i, spec in specs.items()}
        columns = [_column(size, {i: row[k] for i, row in rows.items()}) for k in range(len(next(iter(rows.values()))))]
        draw = cls.draw
        return lambda rng, which: draw(rng, len(which), *(column(which) for column in columns))


def _column(size: int, values: Mapping[int, float]) -> Callable[[Ints], float | Floats]:
    """One parameter by row; a plain number where all rows have the same, which NumPy draws several times faster."""
    import numpy as np

    first = next(iter(values.values()))
    column = np.full(size, first, dtype=np.float64)
    for i, value in values.items():
        column[i] = value
    return (lambda _: first) if bool(np.all(column == first)) else column.__getitem__


class _MeanAndCv(ByParameters):
    """A distribution on all times above 0, given by its mean and coefficient of variation."""

    __slots__ = ()

    mean: float
    cv: float
    meanings: ClassVar[Mapping[str, str]] = {"mean": "Mean of the distribution.", "cv": "Standard deviation / mean."}
    numbers: ClassVar[tuple[str, ...]] = ("cv",)
    limits: ClassVar[tuple[float, float]] = (0.0, math.inf)

    def __post_init__(self) -> None:
        _positive("mean", self.mean)
        _positive("cv", self.cv)

    @property
    def variance(self) -> float:
        """Square seconds."""
        return (self.mean * self.cv) * (self.mean * self.cv)


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same time, seconds."""

    value: float
    is_constant: ClassVar[bool] = True
    variance: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        not_negative("a time", self.value)

    @property
    def mean(self) -> float:
        """The time itself."""
        return self.value

    @property
    def limits(self) -> tuple[float, float]:
        """Twice the time itself."""
        return self.value, self.value

    def covering(self) -> Draw:
        """Every interval is alike."""
        return lambda _: self.value


@dataclass(frozen=True, slots=True)
class Exponential(ByParameters):
    """Exponential with this mean, seconds."""

    mean: float
    name: ClassVar[str] = "exponential"
    meanings: ClassVar[Mapping[str, str]] = {"mean": "Mean of the distribution."}
    limits: ClassVar[tuple[float, float]] = (0.0, math.inf)

    def __post_init__(self) -> None:
        _positive("mean", self.mean)

    @property
    def variance(self) -> float:
        """Square seconds."""
        return self.mean * self.mean

    @property
    def parameters(self) -> tuple[float]:
        """The mean."""
        return (self.mean,)

    @staticmethod
    def draw(rng: np.random.Generator, n: int, mean: float | Floats) -> Floats:
        """See `ByParameters`."""
        return mean * rng.standard_exponential(n)

    def covering(self) -> Draw:
        """See the head of the module."""
        return lambda rng: self.mean * float(rng.standard_gamma(2.0))


@dataclass(frozen=True, slots=True)
class Lognormal(_MeanAndCv):
    """Lognormal with this mean, seconds, and this coefficient of variation (standard deviation / mean)."""

    mean: float
    cv: float
    name: ClassVar[str] = "lognormal"

    @property
    def parameters(self) -> tuple[float, float, float]:
        """The mean, and mu and sigma of a lognormal of mean 1: sigma^2 = ln(1 + cv^2), mu = -sigma^2 / 2."""
        variance = math.log1p(self.cv * self.cv)
        return self.mean, -variance / 2.0, math.sqrt(variance)

    @staticmethod
    def draw(
        rng: np.random.Generator, n: int, mean: float | Floats, mu: float | Floats, sigma: float | Floats
    ) -> Floats:
        """See `ByParameters`."""
        return mean * rng.lognormal(mu, sigma, n)

    def covering(self) -> Draw:
        """Length bias turns the mean of the logarithm from mu into mu + sigma^2."""
        variance = math.log1p(self.cv * self.cv)
        return lambda rng: self.mean * float(rng.lognormal(variance / 2.0, math.sqrt(variance)))


@dataclass(frozen=True, slots=True)
class Gamma(_MeanAndCv):
    """Gamma with this mean, seconds, and this coefficient of variation; cv 1 / sqrt(k) is Erlang with k stages."""

    mean: float
    cv: float
    name: ClassVar[str] = "gamma"

    @property
    def generator(self) -> str:
        """One for each shape: how many candidates NumPy rejects depends on it."""
        return f"{self.name} {self.parameters[0]!r}"

    @property
    def parameters(self) -> tuple[float, float]:
        """Shape 1 / cv^2 and scale mean * cv^2."""
        return 1.0 / (self.cv * self.cv), self.mean * self.cv * self.cv

    @staticmethod
    def draw(rng: np.random.Generator, n: int, shape: float | Floats, scale: float | Floats) -> Floats:
        """See `ByParameters`."""
        return scale * rng.standard_gamma(shape, n)

    def covering(self) -> Draw:
        """See the head of the module."""
        squared = self.cv * self.cv
        return lambda rng: self.mean * squared * float(rng.standard_gamma(1.0 / squared + 1.0))


@dataclass(frozen=True, slots=True)
class Weibull(_MeanAndCv):
    """Weibull with this mean, seconds, and this coefficient of variation; cv 1 is exponential."""

    mean: float
    cv: float
    name: ClassVar[str] = "weibull"

    @property
    def parameters(self) -> tuple[float, float]:
        """Shape and scale: mean / Gamma(1 + 1 / shape)."""
        shape = weibull_shape(self.cv)
        return shape, self.mean / math.gamma(1.0 + 1.0 / shape)

    @staticmethod
    def draw(rng: np.random.Generator, n: int, shape: float | Floats, scale: float | Floats) -> Floats:
        """See `ByParameters`."""
        return scale * rng.weibull(shape, n)

    def covering(self) -> Draw:
        """(x / scale)^shape is gamma distributed with 1 + 1 / shape."""
        shape, scale = self.parameters
        inverse = Decimal(1.0 / shape)

        def draw(rng: np.random.Generator) -> float:
            # Decimal's power is the same on all machines, that of the C library is not.
            return scale * float(_DECIMAL.power(Decimal(float(rng.standard_gamma(1.0 + 1.0 / shape))), inverse))

        return draw


@functools.cache
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


@dataclass(frozen=True, slots=True)
class Uniform(ByParameters):
    """Uniform between two times, seconds."""

    low: float
    high: float
    name: ClassVar[str] = "uniform"
    meanings: ClassVar[Mapping[str, str]] = {"low": "Lowest time.", "high": "Highest time."}

    def __post_init__(self) -> None:
        not_negative("low", self.low)
        not_negative("high", self.high)
        if self.low > self.high:
            raise ValueError(f"low must not be above high ({self.low!r} s > {self.high!r} s)")

    @property
    def mean(self) -> float:
        """Expected value, seconds."""
        return (self.low + self.high) / 2.0

    @property
    def variance(self) -> float:
        """Square seconds."""
        return (self.high - self.low) * (self.high - self.low) / 12.0

    @property
    def limits(self) -> tuple[float, float]:
        """Low and high."""
        return self.low, self.high

    @property
    def parameters(self) -> tuple[float, float]:
        """The low end and the width."""
        return self.low, self.high - self.low

    @staticmethod
    def draw(rng: np.random.Generator, n: int, low: float | Floats, width: float | Floats) -> Floats:
        """See `ByParameters`."""
        return low + width * rng.random(n)

    def covering(self) -> Draw:
        """See `on_a_line`."""
        return lambda rng: on_a_line(self.low, self.high, rng)


Distribution = Exponential | Lognormal | Gamma | Weibull | Uniform | Empirical | Percentiles
Time = Constant | Distribution

ZERO = Constant(0.0)


def always(time: Time) -> float | None:
    """The value of a time that never varies (also a distribution between equal limits), None for one that does."""
    low, high = time.limits
    return low if low == high else None
