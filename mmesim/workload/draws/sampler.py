"""Draws of times: for many models at once, and what is left of an interval at a random moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.scenario.values.times import Constant, Distribution, Time, always
from mmesim.scenario.values.times_from_data import Batch, Draw


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
            value = always(spec)
            if value is None:
                members.setdefault(type(spec), {})[i] = spec
            else:
                self._constant[i] = value
        self._families: list[tuple[str, Batch]] = []
        for family in get_args(Distribution):
            if family in members:
                self._code[list(members[family])] = len(self._families)
                self._families.append((family.name, family.batch(len(specs), members[family])))
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
            return family(rngs[name], which)
        times = np.full(len(which), self._same) if self._same is not None else self._constant[which]
        if self._families:
            code = self._code[which]
            for k, (name, family) in enumerate(self._families):
                rows = np.flatnonzero(code == k)
                times[rows] = family(rngs[name], which[rows])
        return times


def residual(spec: Time) -> Draw:
    """How to draw what is left of an interval of this distribution at a random moment, seconds; its mean is above 0.

    The interval that covers a random moment of a long history is drawn in proportion to its length, and the moment is
    anywhere in it, each place as likely (D. R. Cox, Renewal Theory, 1962, chapter 5).
    """
    same = always(spec)
    covering = (spec if same is None else Constant(same)).covering()
    return lambda rng: float(rng.random()) * covering(rng)
