"""The fleets of a grid, in order of price: each is a scenario, or the reason why it cannot be one."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mmesim import units
from mmesim.errors import Contradiction, Problem, ScenarioError, UserError
from mmesim.experiment.plan.needs import Need, NothingLeft, needs
from mmesim.experiment.plan.priced import check_types, unpriced
from mmesim.experiment.varied import MOST_PROBLEMS, at_entry
from mmesim.preflight.proof.fleet import Fleet
from mmesim.preflight.proof.order import everything_in_memory, predicted_miss_ratio
from mmesim.scenario.file.template import Template
from mmesim.scenario.file.yaml import write_flow
from mmesim.scenario.run.expected import HOURS_PER_MONTH
from mmesim.scenario.run.grid import size
from mmesim.scenario.run.plan import Plan
from mmesim.scenario.scenario import Scenario

MOST = 5_000
"""Fleets that a plan may have without being asked for explicitly."""

COUNT = "endpoint.instance_count"

Plain = str | int | float | bool


@dataclass(frozen=True)
class Option:
    """A fleet that may be chosen: its point of the grid, what it costs, and all that has to be inside."""

    values: Mapping[str, Plain]
    needs: tuple[Need, ...]
    """The scenario itself first; empty for a fleet that cannot be."""
    refused: str | None
    """Why it cannot be."""
    instance_type: str | None
    instance_count: int
    usd_per_month: float
    price_estimated: bool
    predicted_miss_ratio: float | None
    everything_in_memory: bool
    price_given: bool = False
    in_grid: bool = True
    """Whether it may be chosen: the fleet that the scenario names is shown in any case."""

    @property
    def scenario(self) -> Scenario:
        """The scenario itself."""
        return self.needs[0].scenario

    @property
    def family(self) -> tuple[tuple[str, Plain], ...]:
        """What it has in common with the fleets that differ from it in the number of instances alone."""
        return tuple((field, value) for field, value in self.values.items() if field != COUNT)


def afford(name: str, plan: Plan, template: Template, most: int | None) -> None:
    """UserError for a grid of more fleets than anybody means who has not said so, with the time that it would take."""
    fleets = size(plan.grid)
    if most is None or fleets <= most:
        return
    begun = time.perf_counter()
    template.at(_first(plan))
    each_s = time.perf_counter() - begun
    raise UserError(
        f"{name}: plan.grid has {fleets:,} fleets, more than {most:,}: reading them alone takes about "
        f"{units.show_seconds(fleets * each_s, 2)}, and each that is simulated some seconds more: take fewer values, "
        "or allow it with --yes (in Python: most=None)"
    )


def options(template: Template, plan: Plan) -> tuple[tuple[Option, ...], Option | None]:
    """Every fleet of the grid and the scenario's own, in order of price, then of predicted misses; and its own.

    A scenario whose number of instances is varied, and that gives none, has no fleet of its own. Fleets that cannot be
    come last. ScenarioError for a field or a value that cannot be, and for a fleet whose price is not known.
    """
    base = template.at()
    found, problems = list[Option](), dict[str, Problem]()
    for values in map(dict, itertools.product(*([(f, v) for v in vs] for f, vs in plan.grid.items()))):
        try:
            found.append(option_of(values, template.at(values), plan))
        except Contradiction as error:
            found.append(_refused(values, error, base))
        except ScenarioError as error:
            for one in (at_entry(one, template, ("plan", "grid")) for one in error.problems):
                problems.setdefault(f"{one.field}: {one.message}", one)
    wrong = [*problems.values()] or check_types(template, plan)
    if wrong:
        raise ScenarioError(wrong[:MOST_PROBLEMS])
    own = None
    if COUNT not in plan.grid or "instance_count" in base.endpoint.model_fields_set:
        own = next((one for one in found if one.needs and _same(one.scenario, base)), None)
        if own is None:
            own = replace(option_of(_values_of(base, plan), base, plan), in_grid=False)
            found.append(own)
    without = list(unpriced(template, (one.scenario for one in found if one.needs)))
    if without:
        raise ScenarioError(without[:MOST_PROBLEMS])
    return tuple(sorted(found, key=lambda one: (one.usd_per_month, _misses(one)))), own


def _first(plan: Plan) -> dict[str, object]:
    return {field: values[0] for field, values in plan.grid.items()}


def option_of(values: Mapping[str, object], scenario: Scenario, plan: Plan) -> Option:
    """The fleet of a scenario, which has these values of the grid."""
    host, count = scenario.endpoint.host, scenario.endpoint.instance_count
    price, fleet = host.price_usd_per_hour, Fleet(scenario)
    asked: Sequence[Need] = (Need(None, scenario),)
    refused = None
    try:
        asked = needs(scenario, plan)
    except NothingLeft as error:
        refused = str(error)
    return Option(
        values={field: _plain(value) for field, value in values.items()},
        # Without its table of models, which a fleet that is tried works out again.
        needs=tuple(replace(one, scenario=one.scenario.model_copy()) for one in asked),
        refused=refused,
        instance_type=scenario.endpoint.instance_type,
        instance_count=count,
        usd_per_month=math.nan if price is None else round(price * count * HOURS_PER_MONTH, 6),
        price_estimated=host.price_estimated,
        price_given=host.price_given,
        predicted_miss_ratio=predicted_miss_ratio(fleet),
        everything_in_memory=everything_in_memory(fleet),
    )


def _refused(values: Mapping[str, object], error: Contradiction, base: Scenario) -> Option:
    """A fleet that cannot be: what it costs is not asked."""
    given = {field: _plain(value) for field, value in values.items()}
    kind, count = given.get("endpoint.instance_type", base.endpoint.instance_type), given.get(COUNT)
    return Option(
        values=given,
        needs=(),
        refused="; ".join(one.message for one in error.problems),
        instance_type=None if kind is None else str(kind),
        instance_count=count if isinstance(count, int) else base.endpoint.instance_count,
        usd_per_month=math.inf,
        price_estimated=False,
        predicted_miss_ratio=None,
        everything_in_memory=False,
    )


def _plain(value: object) -> Plain:
    return value if isinstance(value, str | int | float | bool) else write_flow(value)


def _values_of(base: Scenario, plan: Plan) -> dict[str, object]:
    """The scenario's own values of the fields of the grid, without those that it does not give."""
    data = base.model_dump(mode="json", by_alias=True)
    data["endpoint"] |= data["endpoint"]["host"]
    found = {field: _at(data, field.split(".")) for field in plan.grid}
    return {field: value for field, value in found.items() if value is not None}


def _at(data: Any, steps: Sequence[str]) -> object:
    """What stands there in a scenario's data, None for nothing; an item of a list is called by its name or number."""
    for step in steps:
        if isinstance(data, list):
            data = next((one for number, one in enumerate(data) if step in (one.get("name"), str(number))), None)
        data = data.get(step) if isinstance(data, dict) else None
    return data


def _same(one: Scenario, other: Scenario) -> bool:
    """Whether two scenarios of one template simulate the same."""
    return bool(one.model_copy(update={"plan": None}) == other.model_copy(update={"plan": None}))


def _misses(of: Option) -> float:
    return math.inf if of.predicted_miss_ratio is None else of.predicted_miss_ratio
