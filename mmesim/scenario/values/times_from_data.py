"""Times whose distribution is given by data: a list of values, or percentiles. See `times` for what each knows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from mmesim import units

if TYPE_CHECKING:
    import numpy as np

    from mmesim.arrays import Floats, Ints

Draw = Callable[["np.random.Generator"], float]
"""One time, seconds."""

Batch = Callable[["np.random.Generator", "Ints"], "Floats"]
"""One time for each row of a table of models, seconds; draw i of the generator belongs to the i-th of them.

A row without such a distribution takes a draw as well; its time means nothing.
"""


def not_negative(name: str, value: float) -> None:
    """ValueError for what is not a finite number of 0 or more."""
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be a finite number of 0 or more, not {value!r}")


def on_a_line(low: float, high: float, rng: np.random.Generator) -> float:
    """Length-biased uniform: that is the uniform (weight low), or the larger of two (weight (high - low) / 2)."""
    first, second, which = (float(draw) for draw in rng.random(3))
    half = (high - low) / 2.0
    place = first if which * (low + half) < low else max(first, second)
    return low + (high - low) * place


@dataclass(frozen=True, slots=True)
class Empirical:
    """One of these times, seconds, each with the same chance."""

    values: tuple[float, ...]
    is_constant: ClassVar[bool] = False
    name: ClassVar[str] = "empirical"
    generator: ClassVar[str] = name

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("an empirical time needs at least one value")
        for value in self.values:
            not_negative("a value", value)

    @property
    def mean(self) -> float:
        """Expected value, seconds."""
        return math.fsum(self.values) / len(self.values)

    @property
    def variance(self) -> float:
        """Square seconds."""
        middle = self.mean
        return math.fsum((value - middle) * (value - middle) for value in self.values) / len(self.values)

    @property
    def limits(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        return min(self.values), max(self.values)

    @classmethod
    def batch(cls, size: int, specs: Mapping[int, Empirical]) -> Batch:
        """All models' values lie in one array, equal lists once."""
        import numpy as np

        tables: dict[tuple[float, ...], int] = {}
        values: list[float] = []
        for spec in specs.values():
            if spec.values not in tables:
                tables[spec.values] = len(values)
                values.extend(spec.values)
        flat, start, length = np.array(values, dtype=np.float64), np.zeros(size, dtype=np.int64), np.zeros(size)
        for i, spec in specs.items():
            start[i], length[i] = tables[spec.values], len(spec.values)

        def draw(rng: np.random.Generator, which: Ints) -> Floats:
            step = (length[which] * rng.random(len(which))).astype(np.int64)
            times: Floats = flat[start[which] + step]
            return times

        return draw

    def covering(self) -> Draw:
        """A value with a chance in proportion to it."""
        import numpy as np

        chances = np.array(self.values) / math.fsum(self.values)
        return lambda rng: float(rng.choice(self.values, p=chances))


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Piecewise linear between (percent, seconds) points, percents ascending.

    The points at the lowest and highest percent are the ends of the range: below the lowest percent the time is the
    lowest value, above the highest percent it is the highest value.
    """

    points: tuple[tuple[float, float], ...]
    is_constant: ClassVar[bool] = False
    name: ClassVar[str] = "percentiles"
    generator: ClassVar[str] = name

    def __post_init__(self) -> None:
        if len(self.points) < 2:
            raise ValueError("percentiles need at least two points")
        for percent, value in self.points:
            not_negative(f"the time at {percent:g} %", value)
            if not 0 <= percent <= 100:
                raise ValueError(f"{percent:g} is not a percent between 0 and 100")
        for (percent, value), (next_percent, next_value) in zip(self.points, self.points[1:], strict=False):
            if next_percent <= percent:
                raise ValueError(f"percents must ascend: {next_percent:g} comes after {percent:g}")
            if next_value < value:
                fall = (
                    f"{units.show_seconds(next_value, 12)} at {next_percent:g} % after {units.show_seconds(value, 12)}"
                )
                raise ValueError(f"times must not fall: {fall}")

    @property
    def pieces(self) -> Sequence[tuple[float, float, float]]:
        """(probability, value at the begin, value at the end) of each straight line."""
        first, last = self.points[0], self.points[-1]
        lines = [((q - p) / 100.0, v, w) for (p, v), (q, w) in pairwise(self.points)]
        return [(first[0] / 100.0, first[1], first[1]), *lines, ((100.0 - last[0]) / 100.0, last[1], last[1])]

    @property
    def mean(self) -> float:
        """Expected value, seconds."""
        return math.fsum(share * (a + b) / 2.0 for share, a, b in self.pieces)

    @property
    def variance(self) -> float:
        """Square seconds."""
        middle = self.mean
        ends = [(share, a - middle, b - middle) for share, a, b in self.pieces]
        return math.fsum(share * (a * a + a * b + b * b) / 3.0 for share, a, b in ends)

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest value."""
        return self.points[0][1], self.points[-1][1]

    @classmethod
    def batch(cls, size: int, specs: Mapping[int, Percentiles]) -> Batch:
        """Row k of the tables is the k-th piece of every model: where it begins, the value there, and the slope.

        Models with fewer pieces are filled up with pieces that begin nowhere.
        """
        import numpy as np

        depth = 1 + max(len(spec.points) for spec in specs.values())
        begin, first, slope = np.full((depth, size), np.inf), np.zeros((depth, size)), np.zeros((depth, size))
        begin[0] = 0.0
        for i, spec in specs.items():
            first[0, i] = spec.points[0][1]
            for k, (percent, value) in enumerate(spec.points, start=1):
                begin[k, i], first[k, i] = percent, value
            for k, ((p, v), (q, w)) in enumerate(pairwise(spec.points), start=1):
                slope[k, i] = (w - v) / (q - p)

        def draw(rng: np.random.Generator, which: Ints) -> Floats:
            percent = 100.0 * rng.random(len(which))
            piece = np.zeros(len(which), dtype=np.int64)
            for row in begin[1:]:
                piece += percent >= row[which]
            times: Floats = first[piece, which] + (percent - begin[piece, which]) * slope[piece, which]
            return times

        return draw

    def covering(self) -> Draw:
        """A piece with a chance in proportion to its mean, and a place on it."""
        import numpy as np

        pieces = self.pieces
        weights = np.array([share * (low + high) / 2.0 for share, low, high in pieces])
        weights /= weights.sum()
        return lambda rng: on_a_line(*pieces[int(rng.choice(len(pieces), p=weights))][1:], rng)
