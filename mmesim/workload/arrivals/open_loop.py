"""The calls of a stream that has an arrival process: when they come, whom they are for, one step after the other.

Arrivals; their models by popularity; drift; models that are off leave out their calls; sessions. Every step is a
generator over blocks, and each takes its random numbers from its own generators.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmesim.arrays import Flags, Floats, Ints
from mmesim.errors import ScenarioError
from mmesim.scenario.models.groups import Model
from mmesim.scenario.traffic.combinations import too_few_or_many
from mmesim.scenario.traffic.modulated import OnOff
from mmesim.scenario.traffic.planned import ModelSweep
from mmesim.scenario.traffic.sessions import Sessions
from mmesim.scenario.traffic.stream import Traffic
from mmesim.scenario.values.forms import Form
from mmesim.workload.arrivals import drift, modulated, plan, sessions
from mmesim.workload.arrivals.processes import PROCESSES
from mmesim.workload.block import Arrivals, rows_of
from mmesim.workload.draws.generators import Generators, of_traffic
from mmesim.workload.draws.popularity import Alias, Mix


def arrivals(
    traffic: Traffic, models: Sequence[Model], seed: int, replication: int, window_s: float, chunk: int
) -> Iterator[Arrivals]:
    """The calls of a stream for these models, counted from its start, all that begin before `window_s` and some more.

    They do not depend on `chunk`.
    """
    assert traffic.arrivals is not None
    wrong = list(too_few_or_many(traffic.arrivals, traffic.drift, len(models)))
    if wrong:
        raise ScenarioError([refused.below("traffic", traffic.name).problem("scenario") for refused in wrong])
    generators, rows = of_traffic(seed, replication, traffic.name), rows_of(models)
    if isinstance(traffic.arrivals, ModelSweep):
        return plan.swept(traffic.arrivals, rows, generators, chunk)
    mix = Mix.of(traffic, models, seed)
    if traffic.sessions is not None:
        chunk = max(1, int(chunk / traffic.sessions.mean_calls))
    moments = _until(PROCESSES[type(traffic.arrivals)].times(traffic.arrivals, generators, chunk), window_s)
    if traffic.drift is None and traffic.sessions is None and not _by_path(traffic.arrivals):
        return _chosen(moments, mix.alias, rows, generators)
    return _steps(traffic, models, moments, mix, generators)


def _until(times: Iterator[Floats], window_s: float) -> Iterator[Floats]:
    """The blocks up to the one in which the window ends."""
    for block in times:
        yield block
        if block[-1] >= window_s:
            return


def _chosen(times: Iterator[Floats], alias: Alias, of: Ints, generators: Generators) -> Iterator[Arrivals]:
    """Arrivals whose models are drawn independently; `of[i]` stands for index i of the popularity."""
    choices = generators("popularity")
    for block in times:
        # Of one model there is nothing to choose, and nobody else draws from this generator.
        model = of[alias.draw(choices, len(block))] if len(of) > 1 else np.repeat(of, len(block))
        yield Arrivals(block, model, None)


def _steps(
    traffic: Traffic, models: Sequence[Model], moments: Iterator[Floats], mix: Mix, generators: Generators
) -> Iterator[Arrivals]:
    """All steps; up to the last one models are numbered within the stream."""
    places = np.arange(len(models))
    asked = traffic.sessions
    if asked is not None and asked.models == "each":
        # Whom the arrival itself would call does not matter: each call of the session draws.
        begun = (Arrivals(block, np.zeros(len(block), dtype=np.int64), None) for block in moments)
        calls = _in_sessions(begun, asked, mix, generators)
        if traffic.drift is not None:
            calls = drift.drifted(calls, traffic.drift, len(models), generators)
    else:
        calls = _chosen(moments, mix.alias, places, generators)
        if traffic.drift is not None:
            calls = drift.drifted(calls, traffic.drift, len(models), generators)
        if isinstance(traffic.arrivals, OnOff) and _by_path(traffic.arrivals):
            calls = _while_on(calls, traffic.arrivals, models, generators)
        if asked is not None:
            calls = _in_sessions(calls, asked, mix, generators)
    rows = rows_of(models)
    for block in calls:
        yield Arrivals(block.time, rows[block.model], None)


def _in_sessions(starts: Iterator[Arrivals], asked: Sessions, mix: Mix, generators: Generators) -> Iterator[Arrivals]:
    draws = generators("popularity") if asked.models == "each" else generators("session_models")

    def choose(model: Ints, first: Flags) -> Ints:
        if asked.models == "each":
            return mix.alias.draw(draws, len(model))
        if asked.models == "tenant":
            further = ~first
            model[further] = mix.within_tenant(model[further], draws)
        return model

    return sessions.calls(starts, asked, choose, generators)


def _by_path(process: Form) -> bool:
    """Whether models or groups are on and off by themselves."""
    return isinstance(process, OnOff) and process.each != "stream"


def _while_on(
    calls: Iterator[Arrivals], process: OnOff, models: Sequence[Model], generators: Generators
) -> Iterator[Arrivals]:
    """The calls that come while their model, or its group, is on."""
    called = [model.name if process.each == "model" else model.group for model in models]
    names = list(dict.fromkeys(called))
    path = np.array([names.index(name) for name in called] if len(names) < len(called) else range(len(called)))
    filtered = modulated.OnOffFilter(process, names, generators)
    for block in calls:
        on = filtered.on(block.time, path[block.model])
        yield Arrivals(block.time[on], block.model[on], None)
