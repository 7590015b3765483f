"""`{uncertain: ...}`: a value that is believed, not known, as opposed to a time that varies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mmesim.errors import did_you_mean
from mmesim.scenario.base import Refused

KEY = "uncertain"

_RANGE = ("low", "mid", "high")
_DISTRIBUTIONS = ("lognormal", "normal", "uniform")


@dataclass(frozen=True, slots=True)
class Uncertain:
    """What is believed of one number, time, size or rate, as written: three points, or a distribution of belief."""

    low: object = None
    mid: object = None
    high: object = None
    distribution: str | None = None
    parameters: tuple[tuple[str, object], ...] = ()


def read_uncertain(value: object) -> Uncertain:
    """The body of `uncertain:`; raises Refused if it is neither low, mid, high nor one distribution."""
    if isinstance(value, Mapping):
        if set(value) == set(_RANGE):
            return Uncertain(*(value[key] for key in _RANGE))
        if len(value) == 1:
            name, body = next(iter(value.items()))
            if name in _DISTRIBUTIONS and isinstance(body, Mapping):
                return Uncertain(distribution=name, parameters=tuple((str(key), item) for key, item in body.items()))
            if name not in _RANGE:
                hint = did_you_mean(str(name), _DISTRIBUTIONS)
                raise Refused(f"unknown belief {name!r}: one of {', '.join(_DISTRIBUTIONS)}", (), hint)
    raise Refused(
        "write {uncertain: {low: , mid: , high: }} or one distribution such as {uncertain: {lognormal: {...}}}"
    )
