"""`{uncertain: ...}`: a value that is believed, not known, as opposed to a time that varies.

Three points, `{low: 40 MiB, mid: 50 MiB, high: 80 MiB}`: certainly not below `low` nor above `high`, most likely `mid`.
They are the PERT distribution (D. G. Malcolm et al., Operations Research 7, 1959): a beta distribution between the ends
with mean (low + 4 mid + high) / 6. Or one distribution: `{lognormal: {mean: , cv: }}`, `{normal: {mean: , sd: }}`
(cut below 0), `{uniform: {low: , high: }}`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import NormalDist
from typing import Annotated, Any, Literal, cast

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from mmesim import units
from mmesim.errors import did_you_mean
from mmesim.scenario.values.fields import (
    BELIEVED_RANGE,
    BELIEVED_SHAPES,
    UNCERTAIN_SCHEMA,
    Refusals,
    Refused,
    shown,
)

KEY = "uncertain"

Shape = Literal["pert", "lognormal", "normal", "uniform"]

DIGITS = 6
"""Significant digits of a drawn value: what is simulated is what is shown, on every machine."""

_STANDARD = NormalDist()


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of one field, named as in `--set`; the parameters of its shape are numbers in `unit`.

    pert: low, mid, high; lognormal: mean, cv; normal: mean, sd (only what is above 0 of it); uniform: low, high. A
    range between whole numbers without a unit gives whole numbers.
    """

    field: str
    shape: Shape
    parameters: tuple[int | float, ...]
    unit: str

    @property
    def middle(self) -> str | int | float:
        """The value of a single run, as a file would have it: `mid`, else the median."""
        if self.shape == "pert":
            return self._written(self.parameters[1])
        return self.at(0.5)

    @property
    def ends(self) -> tuple[int | float, int | float]:
        """The range that is believed, in `unit`: the ends of a range, else 5th and 95th percentile."""
        if self.has_ends:
            return self.parameters[0], self.parameters[-1]
        return self.quantile(0.05), self.quantile(0.95)

    @property
    def has_ends(self) -> bool:
        """Whether no value beyond the ends is believed."""
        return self.shape in ("pert", "uniform")

    @property
    def sentence(self) -> str:
        """What is believed, and what a single run makes of it."""
        low, high = self._shown_ends
        sure = "" if self.has_ends else " (90 %)"
        return (
            f"{self.field} is believed to lie between {low} and {high}{self._behind}{sure}: this run uses "
            f"{self.middle}; mmesim uncertain shows what depends on it"
        )

    @property
    def in_short(self) -> str:
        """The same in a list: the value of a single run, and the range."""
        low, high = self._shown_ends
        return f"{self.field} = {self.middle} ({low} to {high}{self._behind}{'' if self.has_ends else ', 90 %'})"

    @property
    def _shown_ends(self) -> tuple[str, str]:
        low, high = self.ends
        return _plain(f"{low:.3g}"), _plain(f"{high:.3g}")

    @property
    def _behind(self) -> str:
        """The unit as it stands behind a number."""
        return f" {self.unit}" if self.unit else ""

    def at(self, share: float) -> str | int | float:
        """The value below which this share (0..1) of the belief lies, as a file would have it."""
        if self._whole:
            low, high = int(self.parameters[0]), int(self.parameters[-1])
            if self.shape == "uniform":
                return min(low + math.floor(share * (high - low + 1)), high)
            return min(max(round(self.quantile(share)), low), high)
        return self._drawn(self.quantile(share))

    def quantile(self, share: float) -> float:
        """The number, in `unit`, below which this share (0..1) of the belief lies; a whole number is not rounded."""
        # A sample may contain 0 itself, where half of the shapes have no value.
        share = min(max(share, 1e-9), 1.0 - 1e-9)
        if self.shape == "uniform":
            low, high = self.parameters
            return low + share * (high - low)
        if self.shape == "lognormal":
            mean, cv = self.parameters
            spread = math.log1p(cv * cv)
            return mean * math.exp(math.sqrt(spread) * _STANDARD.inv_cdf(share) - spread / 2)
        if self.shape == "normal":
            mean, sd = self.parameters
            below = _STANDARD.cdf(-mean / sd)
            return max(mean + sd * _STANDARD.inv_cdf(below + share * (1.0 - below)), 0.0)
        from scipy.special import betaincinv

        low, mid, high = self.parameters
        width = high - low
        return low + width * float(betaincinv(1 + 4 * (mid - low) / width, 1 + 4 * (high - mid) / width, share))

    def body(self) -> dict[str, object]:
        """What stands below `uncertain:` in a file; read back as an equal belief."""
        if self.shape == "pert":
            return dict(zip(BELIEVED_RANGE, map(self._written, self.parameters), strict=True))
        names = BELIEVED_SHAPES[self.shape]
        values = {
            name: number if name == "cv" else self._written(number)
            for name, number in zip(names, self.parameters, strict=True)
        }
        return {self.shape: values}

    @property
    def _whole(self) -> bool:
        return self.has_ends and not self.unit and all(isinstance(number, int) for number in self.parameters)

    def _written(self, number: int | float) -> str | int | float:
        return f"{_plain(repr(number))} {self.unit}" if self.unit else number

    def _drawn(self, number: float) -> str | int | float:
        rounded = f"{number:.{DIGITS}g}"
        return f"{_plain(rounded)} {self.unit}" if self.unit else float(rounded)


def sentence_of(beliefs: Sequence[Belief]) -> str:
    """What is believed of all of them, and what a single run makes of it, in one sentence; empty without any."""
    if len(beliefs) < 2:
        return "".join(belief.sentence for belief in beliefs)
    each = ", ".join(belief.in_short for belief in beliefs)
    return (
        f"{len(beliefs)} inputs are believed, not known: this run uses {each}; mmesim uncertain shows what depends on "
        "them"
    )


def _plain(number: str) -> str:
    """The number without an exponent."""
    return format(Decimal(number), "f")


def read_belief(field: str, body: object) -> Belief:
    """The belief of a field from what stands below `uncertain:`; raises Refused with the place inside it."""
    if isinstance(body, Mapping):
        if body and set(body) <= set(BELIEVED_RANGE):
            return _range(field, body)
        if len(body) == 1:
            name, inner = next(iter(body.items()))
            if name in BELIEVED_SHAPES:
                return _distribution(field, name, inner)
            hint = did_you_mean(str(name), BELIEVED_SHAPES)
            raise Refused(f"unknown belief {name!r}: one of {', '.join(BELIEVED_SHAPES)}", (), hint)
    raise Refused(
        "write {uncertain: {low: , mid: , high: }} or one distribution such as {uncertain: {uniform: {low: , high: }}}"
    )


def _range(field: str, body: Mapping[Any, object]) -> Belief:
    _complete(body, BELIEVED_RANGE)
    numbers, unit = _numbers(body, BELIEVED_RANGE)
    low, mid, high = numbers
    if not low <= mid <= high or low == high:
        raise Refused(f"must be in order, low below high: {body['low']}, {body['mid']}, {body['high']}")
    return Belief(field, "pert", numbers, unit)


def _distribution(field: str, name: Shape, body: object) -> Belief:
    names = BELIEVED_SHAPES[name]
    if not isinstance(body, Mapping):
        raise Refused(f"write a map with {' and '.join(names)}", (name,))
    try:
        _complete(body, names)
        numbers, unit = _numbers(body, [key for key in names if key != "cv"])
        if "cv" in names:
            numbers = (*numbers, _numbers({"cv": body["cv"]}, ("cv",), bare=True)[0][0])
        if name == "uniform" and numbers[0] >= numbers[1]:
            raise Refused(f"low must be below high, not {body['low']} and {body['high']}")
        if name != "uniform":
            for key, number in zip(names, numbers, strict=True):
                if number <= 0:
                    raise Refused(f"must be above 0, not {body[key]}", (key,))
    except Refused as refused:
        raise refused.below(name) from None
    return Belief(field, name, numbers, unit)


def _complete(body: Mapping[Any, object], names: tuple[str, ...]) -> None:
    for key in body:
        if key not in names:
            raise Refused(f"unknown key, one of {', '.join(names)}", (key,), did_you_mean(str(key), names))
    for key in names:
        if key not in body:
            raise Refused(f"{key} is missing: write {', '.join(names)}")


def _numbers(
    body: Mapping[Any, object], keys: list[str] | tuple[str, ...], bare: bool = False
) -> tuple[tuple[int | float, ...], str]:
    """Numbers of 0 or more with the unit that all of them have; 0 needs none."""
    numbers, found = list[int | float](), dict[str, str]()
    for key in keys:
        quantity = units.split(body[key])
        if quantity is None or not math.isfinite(quantity[0]) or (bare and quantity[1]):
            what = "a plain number" if bare else "a number, with or without a unit"
            raise Refused(f"{shown(body[key])} is not {what}", (key,))
        number, unit = quantity
        if number < 0:
            raise Refused(f"{shown(body[key])} is negative: write 0 or more", (key,))
        numbers.append(number)
        if unit or number:
            found.setdefault(unit, key)
    if len(found) > 1:
        raise Refused(f"{' and '.join(keys)} need one unit, not {' and '.join(repr(unit) for unit in found)}")
    return tuple(numbers), next(iter(found), "")


def _read_all(value: object) -> tuple[Belief, ...]:
    if isinstance(value, tuple) and all(isinstance(one, Belief) for one in value):
        return cast("tuple[Belief, ...]", value)
    if not isinstance(value, Mapping):
        raise Refused("write a map, field -> belief")
    found, refused = list[Belief](), list[Refused]()
    for field in sorted(value, key=str):
        try:
            found.append(read_belief(str(field), value[field]))
        except Refused as wrong:
            refused.append(wrong.below(field))
    if refused:
        raise Refusals(refused)
    return tuple(found)


Beliefs = Annotated[
    tuple[Belief, ...],
    PlainValidator(_read_all),
    PlainSerializer(lambda beliefs: {belief.field: belief.body() for belief in beliefs}),
    WithJsonSchema(
        {
            "type": "object",
            "description": "a map, field -> belief",
            "additionalProperties": UNCERTAIN_SCHEMA["properties"][KEY],
        }
    ),
]
"""A field of the schema that holds beliefs: a map, field as in `--set` -> what stands below `uncertain:`."""
