"""Serverless endpoints, one a model, by a simple model that is simulated on the very calls of each model.

A call goes to the idle environment that was busy last; when there is none, to a new one, which takes `setup` first.
Nothing queues: above `max_concurrency` calls at once a call is throttled and has failed. An environment that is idle
for `idle` is given up. What is billed is the time from the start of a call in its environment to its answer, set-up
included: AWS does not say that it is free.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmesim import units
from mmesim.arrays import Flags, Floats, Ints
from mmesim.experiment import numbers
from mmesim.experiment.split.lines import Counted, of_all
from mmesim.results.answers.split import SplitLine
from mmesim.results.expect.expect import compare
from mmesim.results.expect.questions import OVER
from mmesim.results.figures.latency import limit_text
from mmesim.scenario.endpoint.serverless import serverless_price
from mmesim.scenario.figures import quantile_shares
from mmesim.scenario.models.groups import Model
from mmesim.scenario.models.resolve import called
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.expected import HOURS_PER_MONTH
from mmesim.scenario.run.split import SERVERLESS_SIZES, Serverless
from mmesim.scenario.scenario import Scenario
from mmesim.stats.means import mean, mean_interval
from mmesim.stats.quantiles import Cells, quantile_interval
from mmesim.workload.block import Block, join
from mmesim.workload.requests import blocks

MOST_RUNS_BEFORE = 20
"""Lengths of a run that are looked back at most."""
TAIL = 20.0
"""Times the share of the calls beyond a quantile: so many of the slowest are looked at one by one."""
JUDGED = ("mean", "max", "error_rate")
"""Figures besides the percentiles that lines can hold serverless endpoints to."""


@dataclass(frozen=True)
class Calls:
    """What became of the measured calls of one replication; one entry a call."""

    model: Ints
    latency_s: Floats
    cold: Flags
    failed: Flags
    usd_per_month: float


@dataclass(frozen=True)
class OnServerless:
    """The endpoints of some models: cost, p99 and lines over all replications."""

    usd_per_month: float
    usd_interval: tuple[float, float] | None
    p99_ms: float | None
    p99_interval: tuple[float, float] | None
    lines: tuple[SplitLine, ...]
    counted: Mapping[str, Counted]
    """By line, where it is one about a share of calls."""
    requests: int


def price_per_gib_second(settings: Serverless, region: str) -> float | None:
    """The price that was given, else the published one of a region."""
    if settings.price_per_gb_second is not None:
        return settings.price_per_gb_second
    known = serverless_price(region)
    return None if known is None else known.usd_per_gib_second


def memory_bytes(scenario: Scenario, model: Model, settings: Serverless) -> int | None:
    """The memory of the environments of a model: as given, else the least that holds it; None when none does."""
    if settings.memory_bytes is not None:
        return settings.memory_bytes if _needs(scenario, model) <= settings.memory_bytes else None
    return next((size for size in SERVERLESS_SIZES if size >= _needs(scenario, model)), None)


def _needs(scenario: Scenario, model: Model) -> int:
    """Container, one worker and its model."""
    return scenario.endpoint.base_memory_bytes + model.process_memory_bytes + model.memory_bytes


def serve(time_s: Sequence[float], busy_s: Sequence[float], settings: Serverless) -> tuple[Flags, Flags]:
    """Which calls of one model need a new environment, and which are throttled; calls in order of time.

    `busy_s`: how long each keeps its environment, without the set-up.
    """
    assert settings.setup_s is not None
    assert settings.idle_s is not None
    cold, failed = np.zeros(len(time_s), dtype=np.bool_), np.zeros(len(time_s), dtype=np.bool_)
    busy: list[float] = []
    idle_since: list[float] = []  # ascending: the last one was busy last
    for k, (now, takes) in enumerate(zip(time_s, busy_s, strict=True)):
        while busy and busy[0] <= now:
            idle_since.append(heapq.heappop(busy))
        if idle_since and now - idle_since[-1] > settings.idle_s:
            idle_since.clear()  # all others have been idle for longer
        if idle_since:
            idle_since.pop()
        elif len(busy) >= settings.max_concurrency:
            failed[k] = True
            continue
        else:
            cold[k] = True
            takes += settings.setup_s
        heapq.heappush(busy, now + takes)
    return cold, failed


def on_serverless(part: Scenario, settings: Serverless, first: int = numbers.SPLIT) -> OnServerless:
    """The models of a part, each on a serverless endpoint; `first`: the number of the first replication."""
    models = part.hosted
    sizes = {model.index: memory_bytes(part, model, settings) for model in models}
    found = [_calls(part, settings, first + k, sizes) for k in range(part.run.replications)]
    costs = [one.usd_per_month for one in found]
    p99_s, p99_interval_s = pooled_quantile([one.latency_s[~one.failed] for one in found], 0.99)
    judged = {e.text: _line(e, part, found) for e in part.expect if _is_judged(e)}
    return OnServerless(
        usd_per_month=mean(costs),
        usd_interval=mean_interval(costs, low=0.0),
        p99_ms=None if p99_s is None else 1e3 * p99_s,
        p99_interval=None if p99_interval_s is None else (1e3 * p99_interval_s[0], 1e3 * p99_interval_s[1]),
        lines=tuple(line for line, _ in judged.values()),
        counted={text: counted for text, (_, counted) in judged.items() if counted is not None},
        requests=sum(len(one.model) for one in found),
    )


def pooled_quantile(values: Sequence[Floats], q: float) -> tuple[float | None, tuple[float, float] | None]:
    """The q-quantile of the values of all replications together, as in a summary, and its 95 % interval.

    Not the mean of those of the replications: where a hundredth of the calls is cold, each has either a warm or a cold
    call for its p99, and their mean is that of no call.
    """
    together = np.concatenate(values)
    if not together.size:
        return None, None
    places = np.unique(together)
    # What lies far below the quantile is one cell: there may be millions of calls.
    first = int(np.searchsorted(places, np.quantile(together, max(0.0, 1.0 - TAIL * (1.0 - q)), method="lower")))
    low = np.append(places[:1], places[first + 1 :])
    high = places[first:]
    counts = [np.bincount(np.searchsorted(high, one), minlength=len(high)).astype(np.float64) for one in values]
    interval = quantile_interval(Cells(low, high, np.array(counts)), q)
    return float(np.quantile(together, q, method="inverted_cdf")), interval


def _is_judged(e: Expectation) -> bool:
    timed = e.calls.between_s is not None or e.calls.every_s is not None
    return not timed and (e.metric in JUDGED or quantile_shares(e.metric) is not None)


def _calls(part: Scenario, settings: Serverless, replication: int, sizes: dict[int, int | None]) -> Calls:
    """One replication. Calls before the end of the warm-up are served, but neither measured nor billed."""
    assert settings.cpu_speed is not None
    assert settings.setup_s is not None
    run, server = part.run, part.server.overhead
    parts = (server.pre, server.hold, server.post)
    own_s = sum(one.cpu.mean / settings.cpu_speed + one.wait.mean for one in parts)
    whole = [*_history(part, settings, replication), *blocks(part, replication)]
    if not whole:
        none = np.zeros(0)
        return Calls(none.astype(np.int64), none, none.astype(np.bool_), none.astype(np.bool_), 0.0)
    block = join(whole)
    busy_s = block.cpu / settings.cpu_speed + block.wait + own_s
    cold, failed = np.zeros(len(block), dtype=np.bool_), np.zeros(len(block), dtype=np.bool_)
    gib = np.zeros(len(block))
    for model in np.unique(block.model).tolist():
        rows = np.flatnonzero(block.model == model)
        cold[rows], failed[rows] = serve(block.time[rows].tolist(), busy_s[rows].tolist(), settings)
        gib[rows] = (sizes[model] or 0) / 2**30
    took_s = busy_s + cold * settings.setup_s
    measured = (block.time >= run.cut_s) & (block.time < run.duration_s)
    billed = measured & ~failed
    price, data = price_per_gib_second(settings, part.endpoint.region), serverless_price(part.endpoint.region)
    assert price is not None
    spent = price * float((gib * took_s)[billed].sum())
    if settings.bytes_per_call is not None and data is not None:
        spent += data.usd_per_gib_of_data * settings.bytes_per_call / 2**30 * int(billed.sum())
    return Calls(
        model=block.model[measured],
        latency_s=took_s[measured] + part.fixed_delay_s,
        cold=cold[measured],
        failed=failed[measured],
        usd_per_month=spent * HOURS_PER_MONTH * 3600.0 / (run.duration_s - run.cut_s),
    )


def _history(part: Scenario, settings: Serverless, replication: int) -> Iterator[Block]:
    """Calls of the same kind before time 0, for as long as they can matter; none of traffic that changes by plan."""
    assert settings.idle_s is not None
    if part.changes_over_time is not None:
        return
    length_s = part.run.duration_s
    runs = min(MOST_RUNS_BEFORE, math.ceil(settings.idle_s / length_s))
    for k in range(runs, 0, -1):
        for block in blocks(part, numbers.SPLIT_BEFORE + MOST_RUNS_BEFORE * replication + k):
            yield replace(block, time=block.time - k * length_s)


def _line(e: Expectation, part: Scenario, found: Sequence[Calls]) -> tuple[SplitLine, Counted | None]:
    """A line on these calls, and its share by replication; each call that was throttled is slower than every limit."""
    rows = None if e.calls.group is None else [model.index for model in called((e.calls.group,), part.hosted)]
    shares = quantile_shares(e.metric)
    values, trials = [], []
    for one in found:
        chosen = np.ones(len(one.model), dtype=np.bool_) if rows is None else np.isin(one.model, rows)
        if e.calls.state is not None:
            chosen &= one.cold if e.calls.state == "cold" else ~one.cold
        late = one.failed if e.metric == "error_rate" else (one.latency_s > e.limit) | one.failed
        counted = (one.latency_s if e.metric == "mean" else late)[chosen]
        values.append(float(counted.mean()) if chosen.any() else 0.0)
        trials.append(int(chosen.sum()))
    scale, unit = (1e3, "ms") if e.metric == "mean" else (1.0, "share")
    line = SplitLine(
        text=e.text,
        verdict="pass" if e.calls.state is not None else "undecided",
        figure=e.metric if e.metric in ("error_rate", "mean") else f"{OVER} {limit_text(e.limit)}",
        unit=unit,
        value=None,
        interval=None,
        limit=scale * (shares[1] if shares is not None else 0.0 if e.metric == "max" else e.limit),
    )
    if e.metric == "mean":
        known = [value for value, number in zip(values, trials, strict=True) if number]
        ends = mean_interval(known, low=0.0) if len(known) > 1 else None
        if ends is None:
            return line, None
        verdict = compare(e.comparison, *ends, e.limit)
        shown = {"verdict": verdict, "value": scale * mean(known), "interval": (scale * ends[0], scale * ends[1])}
        return line.model_copy(update=shown), None
    counts = Counted(tuple(values), tuple(trials), "<=" if e.metric == "max" else e.comparison)
    return of_all(line, [counts]), counts


def too_large(part: Scenario, settings: Serverless) -> str | None:
    """Why a model has no place on a serverless endpoint, None when all have."""
    for model in part.hosted:
        if memory_bytes(part, model, settings) is None:
            most = settings.memory_bytes or SERVERLESS_SIZES[-1]
            return f"{model.name} needs {units.show_bytes(_needs(part, model))}, an environment has {_size(most)}"
    return None


def _size(most: int) -> str:
    return f"{math.floor(most / 2**30)} GiB"
