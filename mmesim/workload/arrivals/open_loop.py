"""The calls of a stream that has an arrival process: when they come, whom they are for, one step after the other.

Arrivals; their models by popularity; drift; models that are off leave out their calls; sessions. Every step is a
generator over blocks, and each takes its random numbers from streams of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmesim.arrays import Flags, Floats, Ints
from mmesim.errors import ScenarioError
from mmesim.scenario.file.checks import too_few_or_many
from mmesim.scenario.models.groups import Model
from mmesim.scenario.traffic.arrivals import ArrivalProcess, ConstantRate, Poisson, Renewal
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.traffic.modulated import Mmpp, OnOff
from mmesim.scenario.traffic.planned import Diurnal, FlashCrowd, ModelSweep, Schedule
from mmesim.scenario.traffic.sessions import Sessions
from mmesim.scenario.traffic.stream import Traffic
from mmesim.scenario.values.forms import Form
from mmesim.workload.arrivals import drift, modulated, plan, poisson, renewal, sessions
from mmesim.workload.arrivals import model_sweep as sweep
from mmesim.workload.block import Arrivals, rows_of
from mmesim.workload.draws.generators import Streams, of_traffic
from mmesim.workload.draws.popularity import Alias, Mix


def arrivals(
    traffic: Traffic, models: Sequence[Model], seed: int, replication: int, window_s: float, chunk: int
) -> Iterator[Arrivals]:
    """The calls of a stream for these models, counted from its start, all that begin before `window_s` and some more.

    They do not depend on `chunk`.
    """
    assert traffic.arrivals is not None
    wrong = [
        refused.problem("scenario") for refused in too_few_or_many(traffic, ("traffic", traffic.name), len(models))
    ]
    if wrong:
        raise ScenarioError(wrong)
    streams, rows = of_traffic(seed, replication, traffic.name), rows_of(models)
    if isinstance(traffic.arrivals, ModelSweep):
        return sweep.arrivals(traffic.arrivals, rows, streams, chunk)
    mix = Mix.of(traffic, models, seed)
    if traffic.sessions is not None:
        chunk = max(1, int(chunk / traffic.sessions.mean_calls))
    moments = _until(times(traffic.arrivals, streams, chunk), window_s)
    if traffic.drift is None and traffic.sessions is None and not _by_path(traffic.arrivals):
        return _chosen(moments, mix.alias, rows, streams)
    return _steps(traffic, models, moments, mix, streams)


def times(process: ArrivalProcess, streams: Streams, chunk: int) -> Iterator[Floats]:
    """When arrivals come, seconds from the start of the stream; of models that are on or off: as if all were on."""
    match process:
        case Poisson():
            return poisson.times(process.rate_per_s, streams("arrivals"), chunk)
        case ConstantRate():
            return renewal.constant(process, streams, chunk)
        case Renewal():
            return renewal.renewal(process, streams, chunk)
        case OnOff() if process.each != "stream":
            return poisson.times(process.rate_per_s, streams("arrivals"), chunk)
        case Mmpp() | OnOff():
            return modulated.times(process, streams, chunk)
        case Schedule() | Diurnal() | FlashCrowd():
            return plan.times(plan.plan_of(process), streams, chunk)
        case ClosedLoop():
            raise ValueError("users of a closed loop call when they have been answered: only the engine knows")
        case ModelSweep():
            raise ValueError("a sweep says whom it calls: see workload.sweep")


def _until(times: Iterator[Floats], window_s: float) -> Iterator[Floats]:
    """The blocks up to the one in which the window ends."""
    for block in times:
        yield block
        if block[-1] >= window_s:
            return


def _chosen(times: Iterator[Floats], alias: Alias, of: Ints, streams: Streams) -> Iterator[Arrivals]:
    """Arrivals whose models are drawn independently; `of[i]` stands for index i of the popularity."""
    choices = streams("popularity")
    for block in times:
        yield Arrivals(block, of[alias.draw(choices, len(block))], None)


def _steps(
    traffic: Traffic, models: Sequence[Model], moments: Iterator[Floats], mix: Mix, streams: Streams
) -> Iterator[Arrivals]:
    """All steps; up to the last one models are numbered within the stream."""
    places = np.arange(len(models))
    asked = traffic.sessions
    if asked is not None and asked.models == "each":
        # Whom the arrival itself would call does not matter: each call of the session draws.
        begun = (Arrivals(block, np.zeros(len(block), dtype=np.int64), None) for block in moments)
        calls = _in_sessions(begun, asked, mix, streams)
        if traffic.drift is not None:
            calls = drift.drifted(calls, traffic.drift, len(models), streams)
    else:
        calls = _chosen(moments, mix.alias, places, streams)
        if traffic.drift is not None:
            calls = drift.drifted(calls, traffic.drift, len(models), streams)
        if isinstance(traffic.arrivals, OnOff) and _by_path(traffic.arrivals):
            calls = _while_on(calls, traffic.arrivals, models, streams)
        if asked is not None:
            calls = _in_sessions(calls, asked, mix, streams)
    rows = rows_of(models)
    for block in calls:
        yield Arrivals(block.time, rows[block.model], None)


def _in_sessions(starts: Iterator[Arrivals], asked: Sessions, mix: Mix, streams: Streams) -> Iterator[Arrivals]:
    draws = streams("popularity") if asked.models == "each" else streams("session_models")

    def choose(model: Ints, first: Flags) -> Ints:
        if asked.models == "each":
            return mix.alias.draw(draws, len(model))
        if asked.models == "tenant":
            further = ~first
            model[further] = mix.within_tenant(model[further], draws)
        return model

    return sessions.calls(starts, asked, choose, streams)


def _by_path(process: Form) -> bool:
    """Whether models or groups are on and off by themselves."""
    return isinstance(process, OnOff) and process.each != "stream"


def _while_on(
    calls: Iterator[Arrivals], process: OnOff, models: Sequence[Model], streams: Streams
) -> Iterator[Arrivals]:
    """The calls that come while their model, or its group, is on."""
    called = [model.name if process.each == "model" else model.group for model in models]
    names = list(dict.fromkeys(called))
    path = np.array([names.index(name) for name in called] if len(names) < len(called) else range(len(called)))
    filtered = modulated.OnOffFilter(process, names, streams)
    for block in calls:
        on = filtered.on(block.time, path[block.model])
        yield Arrivals(block.time[on], block.model[on], None)
