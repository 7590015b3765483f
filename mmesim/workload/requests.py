"""All requests of a run, in order of time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmesim.arrays import Floats
from mmesim.scenario.file.trace_files import read_fingerprint
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.traffic.stream import Traffic
from mmesim.workload.arrivals import rates
from mmesim.workload.block import Arrivals, Block, gather, merge, resize, rows_of
from mmesim.workload.sources import recorded_blocks, source
from mmesim.workload.trace import fingerprint
from mmesim.workload.trace.coverage import told
from mmesim.workload.work import StreamWork, Work


def blocks(scenario: Scenario, replication: int, block_size: int = 65536) -> Iterator[Block]:
    """The requests that begin before the end of the run, in blocks of `block_size` (the last may be shorter).

    Streams are merged in order of time, at equal times in the order of the scenario. Memory is bounded by `block_size`,
    except that a trace with `bootstrap` is held as a whole. The requests do not depend on `block_size`. Raises
    TraceError when a trace turns out to be wrong, ScenarioError when a stream names models that do not exist.
    """
    if block_size < 1:
        raise ValueError("block_size must be at least 1")
    work = Work(scenario)
    # The streams share one block's worth of memory.
    chunk = max(1, block_size // len(scenario.traffic))
    each = [
        _stream(scenario, traffic, i, work, replication, chunk)
        for i, traffic in enumerate(scenario.traffic)
        if not isinstance(traffic.arrivals, ClosedLoop)
    ]
    return resize(merge(each, chunk), block_size) if each else iter(())


def expected_calls(scenario: Scenario) -> Floats:
    """How many calls each model of the table gets in a run, on average over all seeds.

    Users of a closed loop count as if they were answered at once. Traces are read and counted; of an Azure minute that
    the run cuts, the calls of replication 0 count.
    """
    models = scenario.model_table()
    calls = np.zeros(len(models))
    for traffic in scenario.traffic:
        chosen = scenario.models_of(traffic)
        if traffic.arrivals is not None:
            length_s = max(0.0, scenario.end_of(traffic) - traffic.start_s)
            calls[rows_of(chosen)] += rates.calls_in(traffic, chosen, scenario.run.seed, length_s)
        elif traffic.fingerprint is not None:
            length_s = max(0.0, scenario.end_of(traffic) - traffic.start_s)
            each = fingerprint.expected_calls(read_fingerprint(traffic.fingerprint), length_s)
            calls[rows_of(chosen)[: len(each)]] += each
        elif traffic.bootstrap_s is not None:
            length_s = max(0.0, scenario.end_of(traffic) - traffic.start_s)
            in_a_block = recorded_blocks(scenario, traffic, traffic.bootstrap_s, 65536).calls(len(models))
            calls += in_a_block * (length_s / traffic.bootstrap_s)
        else:
            for arrivals in _in_window(scenario, traffic, source(scenario, traffic, 0, 65536)):
                calls += np.bincount(arrivals.model, minlength=len(models))
    return calls


def _stream(
    scenario: Scenario, traffic: Traffic, index: int, work: Work, replication: int, chunk: int
) -> Iterator[Block]:
    draws = StreamWork(work, scenario.run.seed, replication, traffic.name, index)
    calls = source(scenario, traffic, replication, chunk)
    for arrivals in gather(_in_window(scenario, traffic, calls), chunk):
        yield draws.block(arrivals)


def _in_window(scenario: Scenario, traffic: Traffic, source: Iterator[Arrivals]) -> Iterator[Arrivals]:
    """The arrivals moved to the start of the stream and cut where the stream or the run ends."""
    end_s = scenario.end_of(traffic)
    if traffic.trace is not None and traffic.bootstrap_s is None:
        source = told(traffic.trace.file, source, end_s - traffic.start_s)
    for arrivals in source:
        time = arrivals.time + traffic.start_s if traffic.start_s else arrivals.time
        moved = Arrivals(time, arrivals.model, arrivals.service)
        if len(time) and time[-1] >= end_s:
            yield moved[: int(np.searchsorted(time, end_s, side="left"))]
            return
        yield moved
