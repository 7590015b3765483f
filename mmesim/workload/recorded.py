"""The calls of a stream of recorded traffic; to read a trace takes libraries that no other traffic needs."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.stream import Traffic
from mmesim.scenario.traffic.trace.trace import AZURE_2019
from mmesim.workload.block import Arrivals
from mmesim.workload.draws.generators import generator
from mmesim.workload.trace.formats import azure_minutes as azure
from mmesim.workload.trace.names import Naming
from mmesim.workload.trace.replay.bootstrap import BlockMinutes, BlockTrace, drawn
from mmesim.workload.trace.replay.replay import Draws, minute_counts, naming_of, replayed


def recorded(scenario: Scenario, traffic: Traffic, replication: int, window_s: float, chunk: int) -> Iterator[Arrivals]:
    """The arrivals of a stream, replayed or drawn in blocks, counted from its start."""
    assert traffic.trace is not None
    seed, name = scenario.run.seed, traffic.name
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
