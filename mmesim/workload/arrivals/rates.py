"""How many calls are to be expected: of each model in some time, and a second at the start."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mmesim.arrays import Floats
from mmesim.scenario.models.groups import Model
from mmesim.scenario.traffic.arrivals import ArrivalProcess
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.traffic.drift import Drift
from mmesim.scenario.traffic.planned import ModelSweep
from mmesim.scenario.traffic.stream import Traffic
from mmesim.workload.arrivals.processes import PROCESSES
from mmesim.workload.draws.popularity import Mix

SLICES = 1000
"""Pieces of the time in which popularity drifts; within each the share in its middle holds."""


def arrivals_in(process: ArrivalProcess, length_s: float, answer_s: float = 0.0) -> float:
    """Arrivals from the start of the stream on for some time, on average; a sweep over the models is none of these.

    Users of a closed loop count as if they were answered after `answer_s`.
    """
    if isinstance(process, ClosedLoop):
        return process.user_s(length_s) / process.call_s(answer_s)
    return PROCESSES[type(process)].expected(process, length_s)


def calls_in(traffic: Traffic, models: Sequence[Model], seed: int, length_s: float, answer_s: float = 0.0) -> Floats:
    """Calls of each of these models from the start of the stream on for some time, on average [models].

    A session counts with all its calls, also those that come later. `answer_s`: as in `arrivals_in`.
    """
    calls = _unlimited(traffic, models, seed, length_s, answer_s)
    if calls.sum() > traffic.most_calls:
        calls *= traffic.most_calls / calls.sum()
    return calls


def _unlimited(traffic: Traffic, models: Sequence[Model], seed: int, length_s: float, answer_s: float) -> Floats:
    assert traffic.arrivals is not None
    if isinstance(traffic.arrivals, ModelSweep):
        return _swept(traffic.arrivals, len(models), length_s)
    share = Mix.of(traffic, models, seed).share
    calls = 1.0 if traffic.sessions is None else traffic.sessions.mean_calls
    if traffic.drift is None:
        return share * (arrivals_in(traffic.arrivals, length_s, answer_s) * calls)
    total = np.zeros(len(models))
    until = [arrivals_in(traffic.arrivals, length_s * k / SLICES) for k in range(SLICES + 1)]
    for k in range(SLICES):
        drifted = share_after(traffic.drift, share, len(models), length_s * (k + 0.5) / SLICES)
        total += drifted * ((until[k + 1] - until[k]) * calls)
    return total


def calls_per_s_at_start(traffic: Traffic, models: Sequence[Model], seed: int, answer_s: float = 0.0) -> Floats:
    """Calls a second of each of these models when the stream starts, on average [models].

    Of processes with a state it is the long-run rate, of a plan the rate at its begin; sessions count as if there had
    been some before. `answer_s`: as in `arrivals_in`.
    """
    assert traffic.arrivals is not None
    process = traffic.arrivals
    if isinstance(process, ModelSweep):
        return np.full(len(models), process.rate_per_s / len(models))
    share = np.zeros(len(models))
    living = Mix.of(traffic, models, seed).share
    share[: len(living)] = living
    rate = (
        process.at_start / process.call_s(answer_s)
        if isinstance(process, ClosedLoop)
        else PROCESSES[type(process)].at_start_per_s(process)
    )
    calls = 1.0 if traffic.sessions is None else traffic.sessions.mean_calls
    return share * rate * calls


def share_after(drift: Drift, share: Floats, models: int, after_s: float) -> Floats:
    """The average share of each model after a drift of `after_s`; `share` [living] at the start.

    A model is alive with chance a, and has the share q on average. Swaps mix the shares of the living at the rate
    2 swaps / (living - 1), deaths and births at births / living each; both move in exponentials to the even state.
    """
    living = len(share)
    alive = np.zeros(models)
    alive[:living] = 1.0
    begin = np.zeros(models)
    begin[:living] = share
    even = living / models
    renewed = drift.births_per_s / living
    if drift.births_per_s:
        alive = even + (alive - even) * math.exp(-after_s * (renewed + drift.births_per_s / (models - living)))
    mixed = 2.0 * drift.swaps_per_s / (living - 1) if living > 1 else 0.0
    own = begin - (np.arange(models) < living) / living
    return alive / living + own * math.exp(-after_s * (renewed + mixed))


def _swept(process: ModelSweep, models: int, length_s: float) -> Floats:
    """Calls of each model: exact in the order of the file, on average for random orders."""
    calls = np.zeros(models)
    first_s = np.arange(models) / process.rate_per_s
    sweeps = 1 if process.every_s is None else math.ceil(length_s / process.every_s)
    for number in range(max(0, sweeps)):
        calls += number * (process.every_s or 0.0) + first_s < length_s
    return calls if process.order == "file" else np.full(models, calls.mean())
