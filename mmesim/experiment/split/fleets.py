"""The fleets of a split as scenarios: what is left of the endpoint, and each option by its simple model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mmesim.errors import ScenarioError, UserError
from mmesim.experiment.split import containers
from mmesim.experiment.split.candidates import Leaving, Loads
from mmesim.experiment.split.lines import held
from mmesim.preflight.offered import Offered
from mmesim.preflight.room import Host, free_memory_bytes
from mmesim.results.answers.split import Kind
from mmesim.scenario.endpoint import catalogue
from mmesim.scenario.endpoint.host_type import HostType
from mmesim.scenario.file.template import Template, setting
from mmesim.scenario.models.groups import Model
from mmesim.scenario.run.expected import HOURS_PER_MONTH
from mmesim.scenario.run.split import Split
from mmesim.scenario.scenario import Scenario

MOST_CONTAINERS = 15
"""Containers of a multi-container endpoint (developer guide)."""
MOST_DEDICATED = 10
"""Endpoints of their own that a split may make."""
MOST_COMPONENTS = 50
"""Inference components that a split may make."""
BUSY = 0.5
"""Share of the time that the workers of a model outside the multi-model endpoint are busy at most."""
HALF = 0.5
"""Of the memory for each byte of models that the endpoint has: a second one with less is not tried."""
FAMILIES = ("ml.c5", "ml.m5", "ml.r5")
MOST_VCPU = 16
ROUNDING = 1e-9
"""Relative difference of prices that is none."""
Contained = Callable[[Scenario], Mapping[str, object]]
Priced = tuple[float, str | None, int]
"""USD a month, type and number of instances."""
NEVER_SPILLS = 1_000_000


@dataclass(frozen=True)
class Fleet:
    """One endpoint: its scenario with the lines it is held to, and what `--set` needs for it."""

    kind: Kind
    scenario: Scenario
    overrides: tuple[str, ...] = field(repr=False)

    @property
    def usd_per_month(self) -> float:
        """Of all instances."""
        price = self.scenario.endpoint.host.price_usd_per_hour
        assert price is not None
        return price * HOURS_PER_MONTH * self.scenario.endpoint.instance_count

    @property
    def proved_too_small(self) -> str | None:
        """Why it cannot do, whatever is simulated: a model does not fit, or the CPU work is more than there is."""
        offered, endpoint = Offered(self.scenario), self.scenario.endpoint
        room, hosted = Host(offered), self.scenario.hosted
        for what in ("memory", "tasks", "disk", "device_memory"):
            if not all(room.fits(model, what) for model in hosted):
                return f"{what}: {'a model does not' if len(hosted) == 1 else 'not all models'} fit"
        if self.kind not in ("rest", "second_mme"):
            copies = endpoint.instance_count if self.kind != "components" else 1
            need = sum(model.pool_memory_bytes for model in hosted) * copies
            if need > free_memory_bytes(endpoint) * endpoint.instance_count:
                return "memory: not all models fit"
        brought = float((offered.open_per_s @ offered.cpu_s).mean())
        if brought >= endpoint.instance_count * endpoint.host.cores_when_full:
            return "cpu: the calls bring more work than there is"
        return None


class Fleets:
    """Makes the scenarios of one split."""

    def __init__(self, scenario: Scenario, wanted: Split, loads: Loads) -> None:
        self.scenario = scenario
        self.types = _types(scenario, wanted)
        self._least = wanted.least_instances
        self._loads = loads
        self._template = Template.of(scenario)

    def counts(self, budget_usd: float) -> list[Priced]:
        """Every fleet of one type below a price, the cheapest first."""
        found = []
        for name, price in self.types.items():
            count = self._least
            while price * HOURS_PER_MONTH * count < budget_usd * (1.0 - ROUNDING):
                found.append((price * HOURS_PER_MONTH * count, name, count))
                count += 1
        return sorted(found, key=lambda one: (one[0], one[2]))

    def as_roomy(self, fleets: Sequence[Priced], share: float) -> list[Priced]:
        """Of some fleets those that hold all models, or half as much of them as the endpoint does now.

        `share`: what the models have of the memory of all. No proof: with less, nearly every second call of rare models
        finds none, and a simulation is not worth its time.
        """
        endpoint = self.scenario.endpoint
        everything = sum(model.pool_memory_bytes for model in self.scenario.hosted)
        least = share * min(everything, HALF * free_memory_bytes(endpoint) * endpoint.instance_count)
        return [one for one in fleets if self._room(one[1]) * one[2] >= least]

    def _room(self, type_: str | None) -> float:
        """Memory for models on a host of a type, by the rules of the endpoint."""
        endpoint = self.scenario.endpoint
        if type_ is None or type_ == endpoint.instance_type:
            return free_memory_bytes(endpoint)
        memory = (endpoint.listed(type_).memory_gib or 0.0) * 2**30
        usable = min(endpoint.memory_threshold * memory, memory - endpoint.memory_reserve_bytes)
        return usable - endpoint.base_memory_bytes

    @property
    def cheapest_usd(self) -> float:
        """The cheapest fleet that there is, a month."""
        return min(self.types.values()) * HOURS_PER_MONTH * self._least

    def whole(self, count: int) -> Fleet:
        """The endpoint as it is, with another number of instances."""
        return self._fleet("rest", {"endpoint.instance_count": count})

    def elsewhere(self, type_: str | None, count: int) -> Fleet | None:
        """The endpoint on other hosts."""
        return self._possible("rest", self._hosts(type_, count))

    def rest(self, leaving: Leaving, count: int) -> Fleet:
        """What is left of the endpoint."""
        return self._fleet("rest", {**self._here(without=leaving.names), "endpoint.instance_count": count})

    def second(self, leaving: Leaving, type_: str | None, count: int) -> Fleet | None:
        """Another multi-model endpoint."""
        return self._possible("second_mme", {**self._here(only=leaving.names), **self._hosts(type_, count)})

    def alone(self, model: Model, type_: str | None, count: int) -> Fleet | None:
        """An endpoint of its own for a model: loaded on every instance from the start, calls go to any of them."""
        values = {**self._here(only=(model.name,)), **self._hosts(type_, count), **_everywhere(count)}
        return self._possible("dedicated", values | self._workers((model,), type_, count))

    def containers(self, leaving: Leaving, type_: str | None, count: int) -> Fleet | None:
        """A multi-container endpoint: every instance runs a container for each model."""
        values = {**self._here(only=leaving.names), **self._hosts(type_, count), **_everywhere(count)}
        values |= self._workers(leaving.models, type_, count)
        return self._possible("multi_container", values, containers.on_every_host)

    def components(self, leaving: Leaving, type_: str | None, count: int) -> Fleet | None:
        """Inference components: one copy of each model, in a container of its own, on one of the instances."""
        values = {**self._here(only=leaving.names), **self._hosts(type_, count), "endpoint.warm": True}
        router = {"policy": "sticky", "misroute": "0 %", "spill_at": NEVER_SPILLS}
        values |= {f"endpoint.router.{key}": value for key, value in router.items()}
        values |= self._workers(leaving.models, type_, 1)
        return self._possible("components", values, containers.around_each_copy)

    def _here(self, only: Sequence[str] | None = None, without: Sequence[str] | None = None) -> dict[str, object]:
        """Which models are hosted: of those that the endpoint hosts now."""
        endpoint = self.scenario.endpoint
        if without is not None and endpoint.only is not None:
            leaving = {m.name for m in self.scenario.hosted if m.name in without or m.group in without}
            only, without = [m.name for m in self.scenario.hosted if m.name not in leaving], None
        if without is not None:
            return {"endpoint.without": [*(endpoint.without or ()), *without]}
        none_else = {} if endpoint.without is None else {"endpoint.without": None}
        return {"endpoint.only": list(only or ()), **none_else}

    def _hosts(self, type_: str | None, count: int) -> dict[str, object]:
        own = type_ == self.scenario.endpoint.instance_type
        return {**({} if own else {"endpoint.instance_type": type_}), "endpoint.instance_count": count}

    def _workers(self, models: Sequence[Model], type_: str | None, count: int) -> dict[str, object]:
        """As many workers as are busy half of the time at most, at least those there are, and no more than vCPUs.

        A table that says how many workers a model has keeps them.
        """
        vcpu = self.scenario.endpoint.host.vcpu
        if type_ is not None and type_ != self.scenario.endpoint.instance_type:
            vcpu = self.scenario.endpoint.listed(type_).vcpu or vcpu
        found: dict[str, int] = {}
        more: dict[str, None] = {}
        for model in models:
            busy = float(self._loads.rate[model.index] * self._loads.call_s[model.index]) / count
            wanted = max(model.workers, min(vcpu, math.ceil(busy / BUSY)))
            field = model.field("workers")
            if field is not None:
                found[field] = max(found.get(field, 0), wanted)
                more |= {field: None} if wanted > model.workers else {}
        if self.scenario.server_kind.queue.scope == "server":
            return {}  # no model has workers of its own
        return {field: found[field] for field in more}

    def _possible(self, kind: Kind, values: Mapping[str, object], contained: Contained | None = None) -> Fleet | None:
        """The fleet, None where the scenario contradicts such hosts; `contained`: its models in their containers."""
        try:
            fleet = self._fleet(kind, values)
            return fleet if contained is None else self._fleet(kind, {**values, **contained(fleet.scenario)})
        except ScenarioError:
            return None

    def _fleet(self, kind: Kind, values: Mapping[str, object]) -> Fleet:
        made = self._template.at(values)
        made = made.model_copy(update={"run": self.scenario.run})
        return Fleet(kind, held(made), tuple(setting(path, value) for path, value in values.items()))


def _everywhere(count: int) -> dict[str, object]:
    """Every model on every instance, at the start and for good."""
    if count == 1:
        return {"endpoint.warm": True}
    return {"endpoint.warm": "stationary", "endpoint.router.policy": "random", "endpoint.router.misroute": "0 %"}


def _types(scenario: Scenario, wanted: Split) -> dict[str | None, float]:
    """Type -> USD an hour. A host with figures of its own is the only one that there is."""
    endpoint = scenario.endpoint
    own = endpoint.host.price_usd_per_hour
    assert own is not None
    as_listed = None
    if endpoint.instance_type is not None:
        listed = endpoint.listed(endpoint.instance_type)
        as_listed = HostType.model_validate(listed.figures())
    if as_listed != endpoint.host:
        if wanted.instance_types is not None:
            raise UserError(
                f"{scenario.name}: split.instance_types: the endpoint gives figures of its hosts itself, such as vcpu, "
                "memory or price_per_hour, which would hold for other types too: give an instance_type alone, and what "
                "you pay for each type as endpoint.prices"
            )
        return {endpoint.instance_type: own}
    names: Sequence[str | None] = wanted.instance_types or (endpoint.instance_type, *_usual())
    prices: dict[str | None, float] = {}
    for name in names:
        row = None if name is None else endpoint.listed(name)
        price = own if name == endpoint.instance_type else None if row is None else row.price[0]
        if price is not None:
            prices[name] = price
    return prices


def _usual() -> list[str]:
    """The types of the usual families that are not large."""
    rows = (catalogue.look_up(name) for name in catalogue.instance_types())
    return [
        row.instance_type
        for row in rows
        if row.instance_type.rpartition(".")[0] in FAMILIES and row.vcpu is not None and row.vcpu <= MOST_VCPU
    ]
