"""A batch job that calls every model once, at a constant rate."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np

from mmesim.arrays import Ints
from mmesim.scenario.traffic.planned import ModelSweep
from mmesim.workload.block import Arrivals
from mmesim.workload.draws.generators import Generators


def arrivals(process: ModelSweep, rows: Ints, generators: Generators, chunk: int) -> Iterator[Arrivals]:
    """The calls of all sweeps; `rows` are the models in the order of the file. One sweep is over when its calls are."""
    order = generators("order")
    for number in count():
        models = rows if process.order == "file" else rows[order.permutation(len(rows))]
        begun_s = number * (process.every_s or 0.0)
        for first in range(0, len(rows), chunk):
            part = models[first : first + chunk]
            time = begun_s + np.arange(first, first + len(part)) / process.rate_per_s
            yield Arrivals(time=time, model=part, service=None)
        if process.every_s is None:
            return
