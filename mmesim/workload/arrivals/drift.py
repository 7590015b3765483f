"""Popularity that moves from model to model: who holds each place in the ranking, as time goes by."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmesim.scenario.traffic.drift import Drift
from mmesim.workload.block import Arrivals
from mmesim.workload.draws.generators import Generators

EVENTS = 256
"""Changes that are drawn at a time."""


def drifted(calls: Iterator[Arrivals], drift: Drift, models: int, generators: Generators) -> Iterator[Arrivals]:
    """The calls with models in place of places: `calls.model` is a place below `drift.living(models)`.

    At the start place i belongs to model i. Change k takes draws k, whatever the calls are.
    """
    holder = np.arange(models)
    """Model at each place; beyond the living ones those that are not alive, in any order."""
    living = drift.living(models)
    swaps = _moments(drift.swaps_per_s, generators("swaps"))
    births = _moments(drift.births_per_s, generators("births"))
    swap, birth = next(swaps), next(births)
    for block in calls:
        chosen = np.empty(len(block), dtype=np.int64)
        done = 0
        while done < len(block):
            change_s = min(swap[0], birth[0])
            # A call at the very moment of a change comes after it.
            now = len(block) if change_s > block.time[-1] else int(np.searchsorted(block.time, change_s))
            if now > done:
                chosen[done:now] = holder[block.model[done:now]]
                done = now
            if done == len(block):
                break
            if swap[0] <= birth[0]:
                first = int(swap[1] * living)
                second = int(swap[2] * (living - 1))
                second += second >= first
                if living > 1:
                    holder[first], holder[second] = holder[second], holder[first]
                swap = next(swaps)
            else:
                dies, born = int(birth[1] * living), living + int(birth[2] * (models - living))
                holder[dies], holder[born] = holder[born], holder[dies]
                birth = next(births)
        yield Arrivals(block.time, chosen, block.service)


def _moments(rate_per_s: float, draws: np.random.Generator) -> Iterator[tuple[float, float, float]]:
    """(seconds, two uniform numbers) of each change, without end; at rate 0 none ever comes."""
    if rate_per_s == 0.0:
        while True:
            yield np.inf, 0.0, 0.0
    last = 0.0
    while True:
        gaps = draws.standard_exponential(EVENTS) / rate_per_s
        gaps[0] += last
        when = np.cumsum(gaps)
        last = float(when[-1])
        yield from zip(when.tolist(), *draws.random((2, EVENTS)).tolist(), strict=True)
