"""All requests of a run, in order of time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmesim.arrays import Floats
from mmesim.scenario.file.trace_files import read_fingerprint
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.traffic.planned import ModelSweep
from mmesim.scenario.traffic.stream import Traffic
from mmesim.workload.arrivals import rates
from mmesim.workload.block import Arrivals, Block, gather, merge, resize, rows_of
from mmesim.workload.hosted import hosted, kept
from mmesim.workload.sources import source
from mmesim.workload.trace import fingerprint
from mmesim.workload.trace.replay.coverage import told
from mmesim.workload.work import StreamWork, Work

MOST_AT_ONCE = 2**20
LEAST_AT_ONCE, PARTS = 16, 8
"""Of the calls that a stream makes in the run, this part and a few are drawn at a time: what comes of drawing more, as
of the times on and off of many models for days, would be thrown away.
"""


def blocks(scenario: Scenario, replication: int, block_size: int = 65536, beyond: bool = False) -> Iterator[Block]:
    """The requests that begin before the end of the run, in blocks of `block_size` (the last may be shorter).

    `beyond`: also those that come after it, for calls that are not answered yet (`Scenario.goes_on_until`), and in
    smaller blocks where the run has few requests.

    Streams are merged in order of time, at equal times in the order of the scenario. Memory is bounded by `block_size`,
    except that a trace with `bootstrap` is held as a whole. The requests do not depend on `block_size`. Raises
    TraceError when a trace turns out to be wrong, ScenarioError when a stream names models that do not exist.
    """
    if block_size < 1:
        raise ValueError("block_size must be at least 1")
    work = Work(scenario)
    # The streams share one block's worth of memory.
    share = max(1, block_size // len(scenario.traffic))
    chunks = {
        i: min(share, _enough(scenario, traffic))
        for i, traffic in enumerate(scenario.traffic)
        if not isinstance(traffic.arrivals, ClosedLoop)
    }
    here = hosted(scenario)
    each = [
        kept(_stream(scenario, scenario.traffic[i], i, work, replication, chunk, beyond), here)
        for i, chunk in chunks.items()
    ]
    rows = min(block_size, sum(chunks.values())) if beyond else block_size
    return resize(merge(each, max(chunks.values())), rows) if each else iter(())


def _enough(scenario: Scenario, traffic: Traffic) -> int:
    """Calls that are drawn at a time at most: a part of those of the run, since nothing beyond it is wanted."""
    process = traffic.arrivals
    if process is None or isinstance(process, ModelSweep | ClosedLoop):
        return MOST_AT_ONCE
    each = 1.0 if traffic.sessions is None else traffic.sessions.mean_calls
    expected = each * rates.arrivals_in(process, max(0.0, scenario.end_of(traffic) - traffic.start_s))
    return int(min(MOST_AT_ONCE, LEAST_AT_ONCE + expected / PARTS))


def expected_calls(scenario: Scenario) -> Floats:
    """How many calls each model of the table gets in a run, on average over all seeds.

    Users of a closed loop count as if nothing but the network kept them waiting. Traces are read and counted; of an
    Azure minute that the run cuts, the calls of replication 0 count.
    """
    calls = np.zeros(len(scenario.model_table()))
    for traffic in scenario.traffic:
        each = _expected(scenario, traffic, len(calls))
        if each.sum() > traffic.most_calls:
            each *= traffic.most_calls / each.sum()
        calls += each
    here = hosted(scenario)
    return calls if here is None else np.where(here, calls, 0.0)


def _expected(scenario: Scenario, traffic: Traffic, models: int) -> Floats:
    """Calls of each model of the table that a stream makes before it or the run ends."""
    calls, chosen = np.zeros(models), scenario.models_of(traffic)
    length_s = max(0.0, scenario.end_of(traffic) - traffic.start_s)
    if traffic.arrivals is not None:
        seed, delay_s = scenario.run.seed, scenario.fixed_delay_s
        calls[rows_of(chosen)] = rates.calls_in(traffic, chosen, seed, length_s, delay_s)
    elif traffic.fingerprint is not None:
        each = fingerprint.expected_calls(read_fingerprint(traffic.fingerprint), length_s)
        calls[rows_of(chosen)[: len(each)]] = each
    elif traffic.bootstrap_s is not None:
        from mmesim.workload.recorded import recorded_blocks

        in_a_block = recorded_blocks(scenario, traffic, traffic.bootstrap_s, 65536).calls(models)
        calls += in_a_block * (length_s / traffic.bootstrap_s)
    else:
        for arrivals in _in_window(scenario, traffic, source(scenario, traffic, 0, 65536), scenario.end_of(traffic)):
            calls += np.bincount(arrivals.model, minlength=models)
    return calls


def _stream(
    scenario: Scenario, traffic: Traffic, index: int, work: Work, replication: int, chunk: int, beyond: bool
) -> Iterator[Block]:
    draws = StreamWork(work, scenario.run.seed, replication, traffic.name, index)
    end_s = scenario.goes_on_until(traffic) if beyond else scenario.end_of(traffic)
    calls = _in_window(scenario, traffic, source(scenario, traffic, replication, chunk, beyond), end_s)
    for arrivals in gather(calls if traffic.calls is None else _first(calls, traffic.calls), chunk):
        yield draws.block(arrivals)


def _first(calls: Iterator[Arrivals], number: int) -> Iterator[Arrivals]:
    """The first calls of a stream."""
    for arrivals in calls:
        yield arrivals[:number]
        number -= len(arrivals)
        if number <= 0:
            return


def _in_window(scenario: Scenario, traffic: Traffic, source: Iterator[Arrivals], end_s: float) -> Iterator[Arrivals]:
    """The arrivals moved to the start of the stream and cut at a time."""
    if traffic.trace is not None and traffic.bootstrap_s is None:
        source = told(traffic.trace.file, source, scenario.end_of(traffic) - traffic.start_s)
    for arrivals in source:
        time = arrivals.time + traffic.start_s if traffic.start_s else arrivals.time
        moved = Arrivals(time, arrivals.model, arrivals.service)
        if len(time) and time[-1] >= end_s:
            yield moved[: int(np.searchsorted(time, end_s, side="left"))]
            return
        yield moved
