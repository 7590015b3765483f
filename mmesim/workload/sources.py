"""When the calls of a stream come and for which models: one function a kind of source."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim.scenario.file.trace_files import read_fingerprint
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.stream import Traffic
from mmesim.scenario.traffic.trace import AZURE_2019
from mmesim.workload.arrivals import open_loop as calls
from mmesim.workload.block import Arrivals, rows_of
from mmesim.workload.draws.generators import generator
from mmesim.workload.trace import azure_minutes as azure
from mmesim.workload.trace import fingerprint
from mmesim.workload.trace.bootstrap import BlockMinutes, BlockTrace, drawn
from mmesim.workload.trace.names import Naming
from mmesim.workload.trace.replay import Draws, minute_counts, naming_of, replayed


def source(
    scenario: Scenario, traffic: Traffic, replication: int, chunk: int, beyond: bool = False
) -> Iterator[Arrivals]:
    """The arrivals of a stream, counted from its start, at least up to its end or that of the source.

    `beyond`: also those after the run, for calls that are not answered yet.
    """
    seed, name = scenario.run.seed, traffic.name
    models = scenario.models_of(traffic)
    window_s = scenario.end_of(traffic) - traffic.start_s
    if beyond:
        further_s = scenario.goes_on_until(traffic) - scenario.end_of(traffic)
        # All blocks of a bootstrap are drawn at once: of patient clients' traffic no more than as long again.
        window_s += further_s if traffic.bootstrap_s is None else min(further_s, window_s)
    if traffic.arrivals is not None:
        return calls.arrivals(traffic, models, seed, replication, window_s, chunk)
    if traffic.fingerprint is not None:
        return fingerprint.arrivals(read_fingerprint(traffic.fingerprint), rows_of(models), seed, replication, name)
    assert traffic.trace is not None  # the schema wants exactly one source
    draws = Draws(seed, replication, name)
    if traffic.bootstrap_s is None:
        return replayed(traffic.trace, _naming(scenario, traffic, draws, chunk), draws, chunk)
    blocks = recorded_blocks(scenario, traffic, traffic.bootstrap_s, chunk)
    order = drawn(generator(seed, replication, "bootstrap", name), blocks.blocks, traffic.bootstrap_s, window_s)
    if isinstance(blocks, BlockTrace):
        return blocks.arrivals(order)
    return azure.arrivals(blocks.counts(order), draws.minute, window_s)


def recorded_blocks(scenario: Scenario, traffic: Traffic, block_s: float, chunk: int) -> BlockTrace | BlockMinutes:
    """The whole blocks of a recorded stream."""
    trace = traffic.trace
    assert trace is not None  # the schema wants one for blocks
    draws = Draws(scenario.run.seed, 0, traffic.name)
    naming = _naming(scenario, traffic, draws, chunk)
    if trace.format == AZURE_2019:
        return BlockMinutes(trace.file, minute_counts(trace, naming), block_s, trace.window)
    return BlockTrace(trace.file, replayed(trace, naming, draws, chunk), block_s)


def _naming(scenario: Scenario, traffic: Traffic, draws: Draws, chunk: int) -> Naming:
    assert traffic.trace is not None
    models = [(model.name, model.index) for model in scenario.models_of(traffic)]
    return naming_of(traffic.trace, models, draws, chunk)
