"""How busy the CPU was while a limit was broken: over the whole run a fault of five minutes makes little difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mmesim.results.measured.run_data import RunData
from mmesim.results.over_time.fleet import cpu_share
from mmesim.results.over_time.limits import minutes
from mmesim.scenario.scenario import Scenario


class Broken(NamedTuple):
    """The minutes of all replications that broke a limit for sure: how many, and the share of the vCPUs busy then."""

    minutes: int
    cpu: float


def while_broken(scenario: Scenario, runs: Sequence[RunData]) -> Broken | None:
    """Those of a scenario in which something happens; None where nothing does, or no minute broke a limit."""
    if not scenario.is_watched:
        return None
    found: list[float] = []
    for run in runs:
        calls = minutes(scenario, run)
        starts_s, ends_s = calls.ends_s
        rows = np.flatnonzero(calls.broken(slice(0, len(calls))))
        middles_s = (0.5 * (starts_s + ends_s))[rows]
        there = np.searchsorted(run.windows["start_s"], middles_s, side="right") - 1
        found += np.nan_to_num(cpu_share(run))[there].tolist()
    return Broken(len(found), sum(found) / len(found)) if found else None
