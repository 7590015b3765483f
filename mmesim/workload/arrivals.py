"""All requests of a run, in order of time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mmesim.errors import Problem, ScenarioError, did_you_mean
from mmesim.scenario.models import Model
from mmesim.scenario.schema import Scenario
from mmesim.scenario.traffic import TraceSource, Traffic
from mmesim.workload import azure, poisson, popularity, streams, trace
from mmesim.workload.block import Arrivals, Block, resize
from mmesim.workload.bootstrap import BlockMinutes, BlockTrace, drawn
from mmesim.workload.merge import merge
from mmesim.workload.table import Table
from mmesim.workload.work import StreamWork, Work

Ints = NDArray[np.int64]

SERVICE_COLUMN = "service"
"""The column of service times that a trace may leave out; one that the scenario calls otherwise must be there."""


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
    each = [_stream(scenario, traffic, i, work, replication, chunk) for i, traffic in enumerate(scenario.traffic)]
    return resize(merge(each, chunk), block_size)


def expected_calls(scenario: Scenario) -> NDArray[np.float64]:
    """How many calls each model of the table gets in a run, on average over all seeds.

    Traces are read and counted; of an Azure minute that the run cuts, the calls of replication 0 count.
    """
    models = scenario.model_table()
    calls = np.zeros(len(models))
    for traffic in scenario.traffic:
        chosen = select(models, traffic)
        if traffic.arrivals is not None:
            length_s = max(0.0, _end(scenario, traffic) - traffic.start_s)
            share = popularity.probabilities(traffic.popularity, chosen)
            calls[_rows(chosen)] += traffic.arrivals.rate_per_s * length_s * share
        elif traffic.bootstrap_s is not None:
            length_s = max(0.0, _end(scenario, traffic) - traffic.start_s)
            in_a_block = _blocks(scenario, traffic, traffic.bootstrap_s, 65536).calls(len(models))
            calls += in_a_block * (length_s / traffic.bootstrap_s)
        else:
            for arrivals in _in_window(scenario, traffic, _source(scenario, traffic, 0, 65536)):
                calls += np.bincount(arrivals.model, minlength=len(models))
    return calls


def select(models: Sequence[Model], traffic: Traffic) -> tuple[Model, ...]:
    """The models of a stream in the order of the table; ScenarioError for a name that is neither group nor model."""
    if traffic.models is None:
        return tuple(models)
    names = {model.name for model in models} | {model.group for model in models}
    unknown = [name for name in traffic.models if name not in names]
    if unknown:
        raise ScenarioError(
            [
                Problem("scenario", None, f"traffic.{traffic.name}.models", name, f"no model or group {name!r}", hint)
                for name in unknown
                for hint in [did_you_mean(name, names)]
            ]
        )
    wanted = set(traffic.models)
    return tuple(model for model in models if model.name in wanted or model.group in wanted)


def _stream(
    scenario: Scenario, traffic: Traffic, index: int, work: Work, replication: int, chunk: int
) -> Iterator[Block]:
    draws = StreamWork(work, scenario.run.seed, replication, traffic.name, index)
    source = _source(scenario, traffic, replication, chunk)
    for arrivals in _gather(_in_window(scenario, traffic, source), chunk):
        yield draws.block(arrivals)


def _source(scenario: Scenario, traffic: Traffic, replication: int, chunk: int) -> Iterator[Arrivals]:
    """The arrivals of a stream, counted from its start, without end where the source has none."""
    seed, name = scenario.run.seed, traffic.name
    models = select(scenario.model_table(), traffic)
    row_of_name = {model.name: model.index for model in models}
    if traffic.arrivals is not None:
        return poisson.arrivals(
            traffic.arrivals.rate_per_s,
            popularity.Alias(popularity.probabilities(traffic.popularity, models)),
            _rows(models),
            streams.generator(seed, replication, "arrivals", name),
            streams.generator(seed, replication, "popularity", name),
            chunk,
        )
    window_s = _end(scenario, traffic) - traffic.start_s
    if traffic.bootstrap_s is not None:
        whole = _blocks(scenario, traffic, traffic.bootstrap_s, chunk)
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


def _blocks(scenario: Scenario, traffic: Traffic, block_s: float, chunk: int) -> BlockTrace | BlockMinutes:
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


def _in_window(scenario: Scenario, traffic: Traffic, source: Iterator[Arrivals]) -> Iterator[Arrivals]:
    """The arrivals moved to the start of the stream and cut where the stream or the run ends."""
    end_s = _end(scenario, traffic)
    for arrivals in source:
        time = arrivals.time + traffic.start_s if traffic.start_s else arrivals.time
        moved = Arrivals(time, arrivals.model, arrivals.service)
        if len(time) and time[-1] >= end_s:
            yield moved[: int(np.searchsorted(time, end_s, side="left"))]
            return
        yield moved


def _gather(source: Iterator[Arrivals], rows: int) -> Iterator[Arrivals]:
    """The same arrivals in pieces of at least `rows`, so that what is done for each piece costs little."""
    waiting: list[Arrivals] = []
    held = 0
    for arrivals in source:
        waiting.append(arrivals)
        held += len(arrivals)
        if held >= rows:
            yield _join(waiting)
            waiting, held = [], 0
    if held:
        yield _join(waiting)


def _join(parts: Sequence[Arrivals]) -> Arrivals:
    if len(parts) == 1:
        return parts[0]
    # One source gives service times with all of its pieces or with none.
    service = [part.service for part in parts if part.service is not None]
    return Arrivals(
        time=np.concatenate([part.time for part in parts]),
        model=np.concatenate([part.model for part in parts]),
        service=np.concatenate(service) if service else None,
    )


def _rows(models: Sequence[Model]) -> Ints:
    return np.array([model.index for model in models], dtype=np.int64)


def _end(scenario: Scenario, traffic: Traffic) -> float:
    return min(scenario.run.duration_s, math.inf if traffic.end_s is None else traffic.end_s)
