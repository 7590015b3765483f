"""Draws of times: for many models at once, and what is left of an interval at a random moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.scenario.values.times import Constant, Time, always
from mmesim.scenario.values.times_from_data import Batch, Draw

MANY = 32
"""Generators of one sampler, so that a draw costs no more with a thousand gamma shapes: later shapes share one."""


class Sampler:
    """Draws times for many models at once, each from its own distribution.

    Each family has a generator of its own, gamma one for each shape; its draw i goes to request i, also where the model
    of that request does not need it. So a request keeps its draws when models, means or popularity change.
    """

    def __init__(self, specs: Sequence[Time]) -> None:
        self._constant = np.zeros(len(specs))
        self._code = np.full(len(specs), -1, dtype=np.int8)
        members: dict[str, dict[int, Any]] = {}
        for i, spec in enumerate(specs):
            if isinstance(spec, Constant) or always(spec) is not None:
                self._constant[i] = spec.limits[0]
                continue
            name = spec.generator
            if name not in members and len(members) >= MANY:
                name = spec.name
            members.setdefault(name, {})[i] = spec
        self._families: list[tuple[str, Batch]] = []
        for name, own in members.items():
            self._code[list(own)] = len(self._families)
            self._families.append((name, type(next(iter(own.values()))).batch(len(specs), own)))
        self._alone = len(self._families) == 1 and len(members) == 1 and not np.any(self._code < 0)
        first = float(self._constant[0]) if len(specs) else 0.0
        self._same: float | None = first if bool(np.all(self._constant == first)) else None

    @property
    def families(self) -> tuple[str, ...]:
        """Names of the generators of the distributions; empty if all are constants."""
        return tuple(name for name, _ in self._families)

    def generators(self, make: Callable[[str], np.random.Generator]) -> dict[str, np.random.Generator]:
        """One generator for each name in `families`; none is made for constants."""
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
                np.copyto(times, family(rngs[name], which), where=code == k)
        return times


def residual(spec: Time) -> Draw:
    """How to draw what is left of an interval of this distribution at a random moment, seconds; its mean is above 0.

    The interval that covers a random moment of a long history is drawn in proportion to its length, and the moment is
    anywhere in it, each place as likely (D. R. Cox, Renewal Theory, 1962, chapter 5).
    """
    same = always(spec)
    covering = (spec if same is None else Constant(same)).covering()
    return lambda rng: float(rng.random()) * covering(rng)
