"""Axes of pictures: from a value to its place, linear or logarithmic, and the round values that are marked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mmesim.report.page.svg import round_steps

Limit = tuple[float, str]
"""A value of an axis, and what is written at it."""

LETTER = 6.0
"""Width of a small letter."""
FAR_APART = 20.0
"""Values of which the largest is that many times the smallest share a logarithmic axis."""
DEEPEST = 1e9
"""What is smaller than that part of the largest value stands at the end of a logarithmic axis."""
LEAST = 0.5
"""On a logarithmic axis 0 stands at this share of the smallest other value."""


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` lie between two places."""

    low: float
    high: float
    begin: float
    end: float
    logarithmic: bool = False

    @classmethod
    def of(
        cls, values: Iterable[float], begin: float, end: float, from_zero: bool = True, linear: bool = False
    ) -> Scale:
        """A scale that holds all these values; `from_zero`: a linear one begins at 0; `linear`: it is never another."""
        known = [value for value in values if math.isfinite(value)]
        if not linear and far_apart(known):
            high, smallest = 1.3 * max(known), min(value for value in known if value > 0.0)
            least = LEAST * smallest if min(known) == 0.0 else smallest / 1.3
            return cls(max(least, high / DEEPEST), high, begin, end, True)
        low, high = min(known, default=0.0), max(known, default=1.0)
        low, high = (min(0.0, low), max(0.0, high)) if from_zero else (low, high)
        room = 0.06 * (high - low) or abs(high) or 1.0
        return cls(low if low == 0.0 and from_zero else low - room, high + room, begin, end)

    def place(self, value: float) -> float:
        """Where a value lies; what is beyond an end lies at it."""
        inside = min(max(value, self.low), self.high)
        if self.logarithmic:
            share = math.log(inside / self.low) / math.log(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return self.begin + (self.end - self.begin) * share

    def marks(self) -> Sequence[float]:
        """Round values inside."""
        if not self.logarithmic:
            steps = round_steps(self.high - self.low)
            step = steps[1] if len(steps) > 1 else self.high - self.low
            first = math.ceil(self.low / step - 1e-9)
            return [step * n for n in range(first, math.floor(self.high / step + 1e-9) + 1)]
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        factors = (1.0, 2.0, 5.0) if self.high / self.low < 200.0 else (1.0,)
        every = [factor * 10.0**power for power in powers for factor in factors]
        return [mark for mark in every if self.low <= mark <= self.high]


def apart(scale: Scale, room: float) -> Iterator[float]:
    """The marks of an axis across that can stand beside each other, with some room between them."""
    taken = -math.inf
    for mark in scale.marks():
        half = LETTER * len(written(mark)) / 2.0
        if scale.place(mark) - half >= taken:
            taken = scale.place(mark) + half + room
            yield mark


def written(mark: float) -> str:
    """A round value as text."""
    return f"{mark:,.6g}"


def far_apart(values: Iterable[float]) -> bool:
    """Whether an axis for these values is logarithmic: none is below 0, and the largest is far above another."""
    known = [value for value in values if value != 0.0]
    return bool(known) and min(known) > 0.0 and max(known) > FAR_APART * min(known)
