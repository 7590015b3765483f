"""The same scenario with more or less traffic, or with more or fewer models.

A scaled scenario is checked as a file is; its random numbers are those of the scenario, as far as a call, a model or a
host exists in both. The scenario itself is returned where nothing changes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from mmesim.errors import Contradiction, ScenarioError, UserError, did_you_mean
from mmesim.scenario.file.checks import contradictions
from mmesim.scenario.models.groups import MOST_MODELS, Model, ModelGroup, weights_of
from mmesim.scenario.models.resolve import called
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.popularity import Popularity, Tenants, Weights, Zipf
from mmesim.scenario.traffic.scaled import scaled
from mmesim.scenario.traffic.stream import Traffic
from mmesim.scenario.values.fields import Place, Refused

_MORE_CALLS = "`mmesim capacity --of traffic` finds out how many more calls"


def with_traffic(scenario: Scenario, factor: float) -> Scenario:
    """The scenario with `factor` times its traffic, in the same time and of the same shape (see `traffic.scaled`).

    Raises ScenarioError for a stream that has no multiple, and ValueError for a factor that is not positive.
    """
    if not (math.isfinite(factor) and factor > 0.0):
        raise ValueError(f"a factor of traffic is positive, not {factor!r}")
    if factor == 1.0:
        return scenario
    return changed(scenario, {"traffic": _scaled(scenario, [factor] * len(scenario.traffic))})


def scalable(scenario: Scenario, group: str | None = None) -> tuple[str, ...]:
    """The names of the groups that can have another number of models: all that are hosted, or one that is asked for.

    Raises UserError for an unknown name, for models whose number is not that of a group, and for a group that the
    endpoint does not host, or of which it hosts some models alone.
    """
    names = [one.name for one in scenario.models]
    if group is not None and group not in names:
        hint = did_you_mean(group, names) or f"groups: {', '.join(names[:8])}"
        raise UserError(f"{scenario.name}: there is no group of models {group!r} ({hint})")
    names = _hosted(scenario, [name for name in names if group in (None, name)])
    if not names:
        raise UserError(f"{scenario.name}: the endpoint does not host the models of {group!r}: vary another group")
    for one in scenario.models:
        if one.name in names and (one.file is not None or one.azure_functions is not None):
            source = one.file if one.file is not None else "an Azure data set"
            counted = [other.name for other in scenario.models if other.file is None and other.azure_functions is None]
            other = f", or vary another group: --group {counted[0]}" if counted else ""
            raise UserError(
                f"{scenario.name}: the models of {one.name!r} are those of {source}, each with figures of its own, "
                f"so there are no more of them: {_MORE_CALLS} these can have; for more models describe them as a group "
                f"with `count`{other}"
            )
    return tuple(names)


def _hosted(scenario: Scenario, groups: Sequence[str]) -> list[str]:
    """Those of some groups that the endpoint hosts; UserError for one of which it hosts some models alone."""
    if scenario.endpoint.only is None and scenario.endpoint.without is None:
        return list(groups)
    each, here = (Counter(model.group for model in models) for models in (scenario.model_table(), scenario.hosted))
    partly = [name for name in groups if 0 < here[name] < each[name]]
    if partly:
        key = "only" if scenario.endpoint.only is not None else "without"
        raise UserError(
            f"{scenario.name}: the endpoint hosts {here[partly[0]]:,} of the {each[partly[0]]:,} models of "
            f"{partly[0]!r}, and more of them would not be hosted: name whole groups in endpoint.{key}"
        )
    return [name for name in groups if here[name]]


def count_of(scenario: Scenario, group: str | None = None) -> int:
    """How many models there are in the groups that `scalable` names."""
    chosen = scalable(scenario, group)
    return sum(one.count or 1 for one in scenario.models if one.name in chosen)


def with_models(scenario: Scenario, count: int, group: str | None = None, *, keep_total: bool = False) -> Scenario:
    """The scenario with `count` models in a group, or in all groups together, in their proportions, at least one each.

    Popularity goes on by its rule: after Zipf the 501st model is the next rank, by weights it has its group's. More
    models bring more traffic: each stream is scaled so that a rank, a tenant or, evenly and by weights, a model is
    called as often as before; after `lognormal`, whose rates are drawn, on average. `keep_total`: the same calls spread
    over more models. Raises UserError for models from a file, for recorded traffic, which names its models, and for
    what the scenario would contradict.
    """
    chosen = scalable(scenario, group)
    if not len(chosen) <= count <= MOST_MODELS:
        raise UserError(f"{scenario.name}: {count:,} models cannot be: from {len(chosen)} to {MOST_MODELS:,}")
    groups = _counted(scenario.models, chosen, count)
    if groups == scenario.models:
        return scenario
    bare: Scenario = scenario.model_copy(update={"models": groups})
    before, after = scenario.model_table(), bare.model_table()
    pairs = [(called(one.models, before), called(one.models, after)) for one in scenario.traffic]
    factors = [
        1.0 if keep_total or len(old) == len(new) else _in(scenario, index, _growth, old, new)
        for index, (old, new) in enumerate(pairs)
    ]
    streams = list(_scaled(scenario, factors))
    for index, (old, new) in enumerate(pairs):
        drift = streams[index].drift
        if drift is not None and len(old) != len(new):  # each model moves as often as before
            more = len(new) / len(old)
            moved = {"swaps_per_s": drift.swaps_per_s * more, "births_per_s": drift.births_per_s * more}
            streams[index] = streams[index].model_copy(update={"drift": drift.model_copy(update=moved)})
    return changed(scenario, {"models": groups, "traffic": tuple(streams)})


def _scaled(scenario: Scenario, factors: Sequence[float]) -> tuple[Traffic, ...]:
    """Every stream times its factor; ScenarioError with all that cannot be."""
    streams, problems = list[Traffic](), []
    for index, (stream, factor) in enumerate(zip(scenario.traffic, factors, strict=True)):
        try:
            streams.append(stream if factor == 1.0 else scaled(stream, factor))
        except Refused as refused:
            problems.append(refused.below("traffic", stream.name or index).problem(scenario.name))
    if problems:
        raise ScenarioError(problems)
    return tuple(streams)


def _counted(groups: Sequence[ModelGroup], chosen: Sequence[str], count: int) -> tuple[ModelGroup, ...]:
    """The groups with `count` models in the chosen ones: what rounding down leaves goes to the largest remainders."""
    sizes = [one.count or 1 for one in groups if one.name in chosen]
    wanted = [size * count / sum(sizes) for size in sizes]
    whole = [max(1, math.floor(one)) for one in wanted]
    while sum(whole) != count:
        step = 1 if sum(whole) < count else -1  # too many where a small group keeps its one model
        free = [k for k, size in enumerate(whole) if size + step >= 1]
        place = max(free, key=lambda k: (step * (wanted[k] - whole[k]), -k))
        whole[place] += step
    numbers = iter(whole)
    return tuple(_with_count(one, next(numbers)) if one.name in chosen else one for one in groups)


def _with_count(group: ModelGroup, count: int) -> ModelGroup:
    if (group.count or 1) == count:
        return group
    result: ModelGroup = group.model_copy(update={"count": count})
    return result


def _in(scenario: Scenario, index: int, growth: Any, old: Sequence[Model], new: Sequence[Model]) -> float:
    stream = scenario.traffic[index]
    try:
        return float(growth(stream, old, new))
    except Refused as refused:
        place: Place = ("traffic", stream.name or index)
        raise ScenarioError([refused.below(*place).problem(scenario.name)]) from None


def _growth(stream: Traffic, old: Sequence[Model], new: Sequence[Model]) -> float:
    """How many times the calls of a stream, when its models become others; Refused where its calls name its models."""
    for key in ("trace", "fingerprint"):
        if getattr(stream, key) is not None:
            message = "calls the models that it names: others would not be called"
            hint = f"{_MORE_CALLS} they can have; for more models write arrivals, with a popularity"
            raise Refused(message, (key,), hint)
    if stream.arrivals is not None and stream.arrivals.form == "sweep":
        return 1.0  # a sweep calls every model once
    living = [len(models) if stream.drift is None else stream.drift.living(len(models)) for models in (old, new)]
    before, after = (
        _calls(stream.popularity, models[:alive]) for models, alive in zip((old, new), living, strict=True)
    )
    return after / before


def _calls(popularity: Popularity, models: Sequence[Model]) -> float:
    """The calls of all these models, where those of a rank, a tenant or a model, as the rule has it, are fixed."""
    match popularity:
        case Zipf():
            return math.fsum(rank**-popularity.exponent for rank in range(1, len(models) + 1))
        case Weights():
            return math.fsum(weights_of(models))
        case Tenants(size=None):
            if len({model.group for model in models}) > 1:
                message = "the share of each group is fixed: more models in one would each be called less often"
                raise Refused(message, ("popularity", "tenants"), "a stream for each group, or popularity: weights")
            return _calls(popularity.within, models)
        case Tenants(size=int(size)):
            if isinstance(popularity.between, Weights):
                return math.fsum(weights_of(models))
            return _calls(popularity.between, models[::size])
        case _:
            return float(len(models))


def changed(scenario: Scenario, update: dict[str, Any]) -> Scenario:
    """The scenario with these fields, checked; a belief about traffic is one about the traffic that it had.

    Raises Contradiction.
    """
    kept = tuple(belief for belief in scenario.beliefs if not belief.field.startswith("traffic"))
    found: Scenario = scenario.model_copy(
        update={"beliefs": kept if "traffic" in update else scenario.beliefs, **update}
    )
    problems = [refused.problem(scenario.name) for refused in contradictions(found)]
    if problems:
        raise Contradiction(problems)
    return found
