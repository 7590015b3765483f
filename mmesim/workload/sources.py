"""When the calls of a stream come and for which models: one function a kind of source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mmesim.scenario.recorded import TraceSource
from mmesim.scenario.schema import Scenario
from mmesim.scenario.traffic import Traffic
from mmesim.workload import azure, calls, streams, trace
from mmesim.workload.block import Arrivals
from mmesim.workload.bootstrap import BlockMinutes, BlockTrace, drawn
from mmesim.workload.scope import end_of, select
from mmesim.workload.table import Table

SERVICE_COLUMN = "service"
"""The column of service times that a trace may leave out; one that the scenario calls otherwise must be there."""


def source(scenario: Scenario, traffic: Traffic, replication: int, chunk: int) -> Iterator[Arrivals]:
    """The arrivals of a stream, counted from its start, at least up to its end or that of the source."""
    seed, name = scenario.run.seed, traffic.name
    models = select(scenario.model_table(), traffic)
    row_of_name = {model.name: model.index for model in models}
    window_s = end_of(scenario, traffic) - traffic.start_s
    if traffic.arrivals is not None:
        return calls.arrivals(traffic, models, seed, replication, window_s, chunk)
    if traffic.bootstrap_s is not None:
        whole = recorded_blocks(scenario, traffic, traffic.bootstrap_s, chunk)
        draws = streams.generator(seed, replication, "bootstrap", name)
        order = drawn(draws, whole.blocks, traffic.bootstrap_s, window_s)
        if isinstance(whole, BlockTrace):
            return whole.arrivals(order)
        counts = whole.counts(order)
    elif traffic.trace is not None:
        return _recorded(traffic.trace, row_of_name, chunk)
    else:
        counts = _minutes(traffic, row_of_name)
    return azure.arrivals(
        counts, lambda minute: streams.generator(seed, replication, "arrivals", name, minute), window_s
    )


def recorded_blocks(scenario: Scenario, traffic: Traffic, block_s: float, chunk: int) -> BlockTrace | BlockMinutes:
    """The whole blocks of a recorded stream."""
    row_of_name = {model.name: model.index for model in select(scenario.model_table(), traffic)}
    if traffic.trace is not None:
        return BlockTrace(traffic.trace.file, _recorded(traffic.trace, row_of_name, chunk), block_s)
    counts = _minutes(traffic, row_of_name)
    assert traffic.azure_functions is not None
    return BlockMinutes(traffic.azure_functions.file, counts, block_s)


def _recorded(source: TraceSource, row_of_name: Mapping[str, int], chunk: int) -> Iterator[Arrivals]:
    service = source.columns.service
    if service == SERVICE_COLUMN and service not in Table(source.file).header():
        service = None
    return trace.requests(source.file, source.columns.time, source.columns.model, service, row_of_name, chunk)


def _minutes(traffic: Traffic, row_of_name: Mapping[str, int]) -> azure.MinuteCounts:
    assert traffic.azure_functions is not None  # the schema wants exactly one source
    return azure.read(traffic.azure_functions.file, row_of_name)
