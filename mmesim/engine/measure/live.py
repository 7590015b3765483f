"""The endpoint's figures since somebody last looked, as CloudWatch shows them: for windows, scaling and conditions."""

from __future__ import annotations

from collections.abc import Collection
from math import nan
from typing import NamedTuple

import numpy as np

from mmesim.arrays import Ints
from mmesim.engine.measure.figures import FIGURES, OF_DEVICES, PER_HOST_IN_SERVICE, Marks, Reading, Times
from mmesim.engine.measure.sources import Sources

NO_LATENCIES: Ints = np.zeros(0, dtype=np.int64)
NO_TIMES: Times = [], [], []


class Period(NamedTuple):
    """What a meter read: everything since its reading before."""

    figures: dict[str, float]
    """By their names in the table of windows, in CloudWatch's units; NaN where nothing was observed."""
    instances: float
    """Hosts that were there, mean over the period; NaN where no figure is asked for that is one of theirs."""
    in_service: float
    """Those of them that took calls; NaN where no figure is asked for that is one of theirs."""
    latencies: Ints = NO_LATENCIES
    """Calls that were answered well, by bucket of `tables.views.coarse_edges`, as clients see them; empty where no
    figure is asked for that is made of them."""
    times: Times = NO_TIMES
    """Of the downloads, loads and unloads that ended; likewise."""

    def hosts_of(self, name: str) -> float:
        """The hosts that a figure was measured over, mean over the period."""
        return self.in_service if name in PER_HOST_IN_SERVICE else self.instances


class Meter:
    """Reads what happened since it was read before."""

    def __init__(self, live: Sources, names: Collection[str]) -> None:
        self._figures = [(name, FIGURES[name]) for name in names]
        self._of_those_in_service = not PER_HOST_IN_SERVICE.isdisjoint(names)
        self._of_those_there = not PER_HOST_IN_SERVICE.issuperset(names)
        self._marks = Marks(live)
        self.read(1.0)  # what happened before is nobody's

    def read(self, seconds: float) -> Period:
        """The figures of the period that began at the last reading; `seconds`: its length, above 0."""
        reading = Reading(self._marks, seconds)
        figures = {name: figure(reading) for name, figure in self._figures}
        found = vars(reading)
        return Period(
            figures,
            reading.hosts if self._of_those_there else nan,
            reading.in_service if self._of_those_in_service else nan,
            found.get("latencies", NO_LATENCIES),
            found.get("times", NO_TIMES),
        )


class LiveMetrics(Sources):
    """Reads the endpoint while it runs; changes nothing. Any number of meters read it, each at its own times."""

    def meter(self, names: Collection[str] | None = None) -> Meter:
        """A new meter of some figures, None for all that the endpoint has, whose first period begins now."""
        if names is None:
            without = OF_DEVICES if self.plane.tables.views.params[0].devices == 0 else ()
            names = [name for name in FIGURES if name not in without]
        return Meter(self, names)
