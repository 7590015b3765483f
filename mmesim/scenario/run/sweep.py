"""`sweep`: the values of other fields for which an experiment runs the scenario."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema, field_validator, model_validator

from mmesim import units
from mmesim.scenario.run.grid import MOST_POINTS, Grid
from mmesim.scenario.values.fields import Count, Data, Refused, shown


def _same_unit(low: object, high: object) -> tuple[int | float, int | float, str]:
    ends = units.split(low), units.split(high)
    for value, end in zip((low, high), ends, strict=True):
        if end is None or not math.isfinite(end[0]):
            raise Refused(f"{shown(value)} is not a number, with or without a unit")
    (first, unit), (last, other) = (end for end in ends if end is not None)
    if unit != other:
        raise Refused(f"low and high need one unit, not {unit!r} and {other!r}")
    return first, last, unit


End = Annotated[
    Any,
    WithJsonSchema({"description": "a number, with the unit of the field", "type": ["string", "number"]}),
]
Map = {"type": "object", "minProperties": 1}


class Range(Data):
    """Values between low and high, both in one unit; whole numbers without a unit give whole numbers."""

    low: End
    """Lowest value, with the unit of the field."""
    high: End
    """Highest value, in the same unit."""
    scale: Literal["linear", "log"] = "linear"
    """How the values spread: `log` makes every factor equally likely and needs `low` above 0."""

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        first, last, _ = self.ends
        if first >= last:
            raise Refused(f"low must be below high, not {self.low} and {self.high}")
        if self.scale == "log" and first <= 0:
            raise Refused("must be above 0 with scale: log", ("low",))
        return self

    @property
    def ends(self) -> tuple[int | float, int | float, str]:
        """Both ends as numbers, and their unit."""
        return _same_unit(self.low, self.high)


class Sample(Data):
    """Points spread evenly over ranges: a Latin hypercube (`lhs`) or a scrambled Sobol sequence, from run.seed."""

    method: Literal["lhs", "sobol"] = "sobol"
    """Latin hypercube (`lhs`) or scrambled Sobol sequence; Sobol works best with a power of two."""
    n: Annotated[Count, Field(le=MOST_POINTS)]
    """Number of points."""
    ranges: Annotated[
        dict[str, Range],
        Field(min_length=1),
        WithJsonSchema(Map | {"description": "a map, field -> {low: , high: , scale: }"}),
    ]
    """Fields, each with `{low: , high: , scale: }`."""


class Sweep(Data):
    """What `mmesim sweep` varies: exactly one of `grid`, `points` and `sample`; fields are named as in `--set`."""

    grid: Grid | None = None
    """Fields, named as in `--set`, each with a list of values or a range such as 1..20; every combination is a point.
    """
    points: Annotated[
        tuple[dict[str, Any], ...] | None,
        WithJsonSchema({"type": "array", "items": Map, "description": "a list of maps, field -> value"}),
    ] = None
    """Points, each a map from field to value; all give the same fields."""
    sample: Sample | None = None
    """Points spread evenly over ranges of values."""

    @field_validator("points", mode="after")
    @classmethod
    def _alike(cls, points: tuple[dict[str, Any], ...] | None) -> tuple[dict[str, Any], ...] | None:
        if points is not None and (not points or not points[0]):
            raise Refused("is empty: give at least one point, such as {endpoint.instance_count: 2}")
        for number, point in enumerate(points or ()):
            odd = sorted(set(point) ^ set(points[0] if points else ()))
            if odd:
                raise Refused(
                    f"every point must give the same fields: {odd[0]} is in one but not in another", (number,)
                )
        return points

    @model_validator(mode="after")
    def _one_of_three(self) -> Sweep:
        given = [name for name in ("grid", "points", "sample") if getattr(self, name) is not None]
        if len(given) != 1:
            several = f"{' and '.join(given)} exclude each other" if given else "needs one of grid, points and sample"
            raise Refused(several)
        inside = [path for path in self.fields if path.partition(".")[0] == "sweep"]
        if inside:
            raise Refused(f"a sweep cannot vary itself: {inside[0]}")
        return self

    @property
    def fields(self) -> Sequence[str]:
        """The fields that are varied, in the order of the file."""
        if self.sample is not None:
            return tuple(self.sample.ranges)
        return tuple(self.grid or (self.points or ({},))[0])
