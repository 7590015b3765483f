"""Whether the fleets of a grid can be compared by price: each instance type with figures of its own, and a price."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mmesim.errors import Problem, ScenarioError
from mmesim.preflight.advice import accelerator
from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered
from mmesim.scenario.endpoint.overridden import given_to_all
from mmesim.scenario.file.template import Template
from mmesim.scenario.run.plan import Plan
from mmesim.scenario.scenario import Scenario

TYPE = "endpoint.instance_type"
MOST_TYPES = 3
"""Types that a message names."""


def check_types(template: Template, plan: Plan) -> list[Problem]:
    """A problem for each figure of a host that the scenario gives, and that would be that of several types.

    What the grid itself varies is meant.
    """
    base, fleets = template.at(), _of_each_type(template, plan)
    others = [kind for kind in fleets if kind != base.endpoint.instance_type]
    keys = given_to_all(base.endpoint, (fleet.endpoint for fleet in fleets.values()))
    return [_for_all(template, base, key, others) for key in keys if f"endpoint.{key}" not in plan.grid]


def _for_all(template: Template, base: Scenario, key: str, others: list[str]) -> Problem:
    field = f"endpoint.{key}"
    file, line = template.where(("endpoint", key)) or template.where(("endpoint",)) or (base.name, None)
    named = ", ".join(others[:MOST_TYPES]) + (
        f" and {len(others) - MOST_TYPES} more" if len(others) > MOST_TYPES else ""
    )
    own = base.endpoint.instance_type
    message = f"belongs to {own or 'one host'}, but in plan.grid {named} would have it as well"
    if key == "price_per_hour":
        hint = f"give the price of each type: endpoint: {{prices: {{{own or others[0]}: 0.23 USD}}}}; or leave it out"
    else:
        hint = "leave it out: the catalogue has that of each type; or plan for one type at a time"
    return Problem(file, line, field, None, message, hint)


def unpriced(template: Template, fleets: Iterable[Scenario]) -> Iterator[Problem]:
    """A problem for each type, or host, of which no price is known."""
    place = template.where(("plan", "grid", TYPE))
    without = {one.endpoint.instance_type: one for one in fleets if one.endpoint.host.price_usd_per_hour is None}
    for fleet in without.values():
        endpoint = fleet.endpoint
        file, line = place or template.where(("plan", "grid")) or (fleet.name, None)
        what = endpoint.instance_type or "this host"
        where = "" if endpoint.instance_type is None else f" in {endpoint.region}"
        hint = "write endpoint: {price_per_hour: 0.23 USD}"
        if place is not None:
            hint = f"leave it out, or give what you pay: endpoint: {{prices: {{{endpoint.instance_type}: 0.23 USD}}}}"
        field = "plan.grid" if place is None else f"plan.grid.{TYPE}"
        message = f"no price is known for {what}{where}, and fleets are compared by price"
        yield Problem(file, line, field, endpoint.instance_type, message, hint)


def accelerators(template: Template) -> list[Finding]:
    """What is said of each type of `plan.grid` that has an accelerator which no model uses."""
    plan = template.at().plan
    found = () if plan is None else _of_each_type(template, plan).values()
    return [finding for fleet in found for finding in accelerator(Offered(fleet))]


def _of_each_type(template: Template, plan: Plan) -> Mapping[str, Scenario]:
    """A fleet of each type of the grid, as far as it can be."""
    found = dict[str, Scenario]()
    first = {field: values[0] for field, values in plan.grid.items()}
    for kind in plan.grid.get(TYPE, ()):
        try:
            found[str(kind)] = template.at(first | {TYPE: kind})
        except ScenarioError:
            continue  # said where the fleets are made
    return found
