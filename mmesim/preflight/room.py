"""Whether models fit: each on a host, and all of them on the fleet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import ceil, inf
from typing import Literal, get_args

from mmesim import units
from mmesim.arrays import Flags
from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered
from mmesim.scenario.constraints import NAMES
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.models.groups import Model
from mmesim.scenario.scenario import Scenario

RULE = "docs/assumptions.md, memory, process ids, unloads"
DISK_RULE = "docs/assumptions.md, disk and network"
DEVICE_RULE = "docs/assumptions.md#devices"
Held = Literal["memory", "tasks", "disk", "device_memory"]
HELD: tuple[Held, ...] = get_args(Held)
"""What a copy holds of a host, of which an empty one may have too little."""


def never_fits(offered: Offered) -> Iterator[Finding]:
    """Models that an empty host cannot hold: of which resource they need how much, of how much."""
    hosts = Host(offered)
    for resource in HELD:
        held = hosts.holds(resource)
        failing = [model for model in offered.scenario.hosted if not held[model.index]]
        if failing:
            yield hosts.refusal(max(failing, key=lambda model: hosts.needs(model, resource)), resource, failing)


def fleet_memory(offered: Offered) -> Iterator[Finding]:
    """All models against the memory of all hosts; what does not fit is loaded when it is called."""
    scenario = offered.scenario
    have = free_memory_bytes(scenario.endpoint)
    copies = [model.pool_memory_bytes for model in Host(offered).fitting()]
    need = sum(copies) * copies_of_each(scenario)
    hosts = scenario.endpoint.most_instances
    if not copies or need <= have * hosts:
        return
    inside = int(have // (sum(copies) / len(copies)))
    yield Finding(
        id="memory",
        severity="note",
        text=f"not all models fit at once: {_what(scenario, len(copies))} need {units.show_bytes(need)}, the memory "
        f"for models is {units.show_bytes(have * hosts)} ({_limit(scenario)}): about {min(inside, len(copies)):,} of "
        f"{len(copies):,} fit on one instance, {units.show_bytes(sum(copies) / len(copies))} each on average; the "
        "others are loaded when they are called",
        evidence={"needed_bytes": need, "fleet_bytes": have * hosts, "fit_on_one_instance": min(inside, len(copies))},
        source=RULE,
        try_=f"{scenario.endpoint.count_key}={ceil(need / have)} to hold all of them",
    )


def memory_at_start(offered: Offered) -> Iterator[Finding]:
    """All models against the memory of the fewest hosts of a fleet that scales, where the most would hold them."""
    endpoint = offered.scenario.endpoint
    if endpoint.autoscaling is None:
        return
    fewest, key = min((endpoint.instance_count, "the start"), (endpoint.autoscaling.fewest, "endpoint.autoscaling.min"))
    have = free_memory_bytes(endpoint)
    need = sum(model.pool_memory_bytes for model in Host(offered).fitting())
    # A router that spreads wants a copy on each host, so that more of them hold no more models.
    if endpoint.router.policy.spreads or not have * fewest < need <= have * endpoint.most_instances:
        return
    yield Finding(
        id="memory_at_start",
        severity="warning",
        text=f"the models need {units.show_bytes(need)}: {endpoint.most_instances} instances "
        f"(endpoint.autoscaling.max) hold them, the {fewest} of {key} {'hold' if fewest > 1 else 'holds'} "
        f"{units.show_bytes(have * fewest)}, and others are unloaded and loaded again until it has scaled out",
        evidence={"needed_bytes": need, "fewest_bytes": have * fewest, "instances": fewest},
        source=RULE,
        try_=f"endpoint.autoscaling.min={ceil(need / have)} to hold all of them all the time",
    )


def at_most(endpoint: Endpoint) -> str:
    """Of which size of a fleet that scales a figure is; nothing for one of a fixed size."""
    return (
        ""
        if endpoint.autoscaling is None
        else f", with the most instances, {endpoint.most_instances} (endpoint.autoscaling.max)"
    )


def fleet_disk(offered: Offered) -> Iterator[Finding]:
    """All artefacts against the disks; what does not fit is downloaded again."""
    scenario = offered.scenario
    have = scenario.endpoint.disk_bytes * scenario.endpoint.most_instances
    need = sum(model.artifact_bytes for model in scenario.hosted) * copies_of_each(scenario)
    if need <= have or scenario.endpoint.model_cache == "disabled":
        return
    yield Finding(
        id="disk",
        severity="note",
        text=f"not all artefacts fit on disk: they take {units.show_bytes(need)}, the disks have "
        f"{units.show_bytes(have)}: some are downloaded more than once",
        evidence={"needed_bytes": need, "fleet_bytes": have},
        source=DISK_RULE,
        try_="endpoint.disk_size, if your volumes are larger",
    )


def fleet_models(offered: Offered) -> Iterator[Finding]:
    """All models against the number that the servers take at a time."""
    scenario = offered.scenario
    most, hosts = scenario.server_kind.most_models, scenario.endpoint.most_instances
    need = len(scenario.hosted) * copies_of_each(scenario)
    if most is None or need <= most * hosts or scenario.endpoint.model_cache == "disabled":
        return
    copies = "" if copies_of_each(scenario) == 1 else f", {copies_of_each(scenario)} copies of each"
    yield Finding(
        id="max_models",
        severity="note",
        text=f"not all models can be loaded at a time: there are {len(scenario.hosted):,}{copies}, there is room for "
        f"{most * hosts:,} ({most:,} an instance); another load gets 507, and an idle model is unloaded first",
        evidence={"models": need, "limit": most * hosts},
        source=RULE,
        try_="more instances, or server.max_models, if your server takes more",
    )


def fleet_tasks(offered: Offered) -> Iterator[Finding]:
    """Whether processes and threads run out before the memory does."""
    scenario = offered.scenario
    limit, hosts = scenario.endpoint.pid_limit, scenario.endpoint.most_instances
    models = Host(offered).fitting()
    if limit is None or not models:
        return
    free = limit - scenario.server.base_tasks
    tasks, memory = sum(model.pool_tasks for model in models), sum(model.pool_memory_bytes for model in models)
    share = min(1.0, free_memory_bytes(scenario.endpoint) * hosts / max(memory * copies_of_each(scenario), 1))
    if tasks * share * copies_of_each(scenario) <= free * hosts:
        return
    yield Finding(
        id="tasks",
        severity="warning",
        text=f"processes and threads run out before memory does: the models that fit into memory have "
        f"{tasks * share * copies_of_each(scenario):,.0f}, the limit is {free * hosts:,} ({limit:,} an instance)",
        evidence={"tasks": tasks * share * copies_of_each(scenario), "limit": free * hosts},
        source=RULE,
        try_="fewer workers (models.workers) or threads (models.framework_threads, models.service.threads)",
    )


def free_memory_bytes(endpoint: Endpoint) -> int:
    """Memory for models on one host."""
    return endpoint.usable_memory_bytes - endpoint.base_memory_bytes


def copies_of_each(scenario: Scenario) -> int:
    """Copies of each model that the router spreads its calls over."""
    return scenario.endpoint.most_instances if scenario.endpoint.router.policy.spreads else 1


@dataclass(frozen=True)
class Host:
    """One empty host."""

    offered: Offered

    def holds(self, resource: Held) -> Flags:
        """[models] whether one resource suffices for a copy of each."""
        return self.offered.each(lambda model: self.fits(model, resource)) > 0.0

    def fitting(self) -> list[Model]:
        """The models that are hosted here and whose memory an empty host has."""
        held = self.holds("memory")
        return [model for model in self.offered.scenario.hosted if held[model.index]]

    def fits(self, model: Model, resource: Held) -> bool:
        """Whether one resource suffices for a copy, by the rule of the kind of server."""
        endpoint, server = self.offered.scenario.endpoint, self.offered.scenario.server
        admits = self.offered.kind.admits
        if resource == "memory":
            memory = endpoint.base_memory_bytes + self.needs(model, resource)
            return admits(memory, endpoint.usable_memory_bytes, 0, inf)
        if resource == "tasks":
            limit = inf if endpoint.pid_limit is None else endpoint.pid_limit
            return admits(0, endpoint.usable_memory_bytes, server.base_tasks + model.pool_tasks, limit)
        return self.needs(model, resource) <= self.has(resource)

    def needs(self, model: Model, resource: Held) -> int:
        """What must be there for a copy while it is loaded."""
        if resource == "memory":
            peak_bytes = ceil(model.pool_memory_bytes * self.offered.scenario.endpoint.load_peak)
            return self.offered.kind.asks_bytes(model, peak_bytes)
        if resource == "device_memory":
            return model.device_memory_bytes
        return model.pool_tasks if resource == "tasks" else model.artifact_bytes

    def has(self, resource: Held) -> int:
        """What an empty host has of it."""
        endpoint = self.offered.scenario.endpoint
        if resource == "memory":
            return free_memory_bytes(endpoint)
        if resource == "tasks":
            return (endpoint.pid_limit or 0) - self.offered.scenario.server.base_tasks
        if resource == "device_memory":
            return 0 if endpoint.host.devices is None else endpoint.host.devices.free_bytes
        return endpoint.disk_bytes

    def refusal(self, model: Model, resource: Held, failing: list[Model]) -> Finding:
        """The model that needs most, and what would fit."""
        needs, has = self.needs(model, resource), self.has(resource)
        show: Callable[[float], str] = (lambda n: f"{n:,.0f}") if resource == "tasks" else units.show_bytes
        what = f"{'' if resource == 'tasks' else 'of '}{NAMES[resource]}"
        fitting = self._workers(model, resource) if resource in ("memory", "tasks") else None
        cure = "" if fitting is None else f"; {fitting} worker{'s do' if fitting > 1 else ' does'}"
        others = f" (and {len(failing) - 1:,} more model{'s' if len(failing) > 2 else ''})" if len(failing) > 1 else ""
        if fitting is not None:
            advice = model.advice("workers", fitting)
        elif resource == "tasks":
            advice = "fewer threads (models.framework_threads, models.service.threads)"
        else:
            larger = f"an instance type with more {NAMES[resource]}"
            advice = "a larger endpoint.disk_size" if resource == "disk" else larger
        return Finding(
            id="never_fits",
            severity="problem",
            text=f"{model.name} needs {show(needs)} {what} {self._made_of(model, resource)}, "
            f"a {'device' if resource == 'device_memory' else 'host'} has {show(has)}: never fits{cure}{others}",
            evidence={"resource": resource, "needed": needs, "available": has, "models": len(failing)}
            | ({} if fitting is None else {"workers_that_fit": fitting}),
            source={"disk": DISK_RULE, "device_memory": DEVICE_RULE}.get(resource, RULE),
            try_=advice,
        )

    def _made_of(self, model: Model, resource: Held) -> str:
        if resource == "disk":
            return "for its artefact"
        if resource == "device_memory":
            return "for each worker"
        if resource == "tasks":
            rule = self.offered.kind.model_workers(model)
            return f"({rule.at_start} worker{'' if rule.at_start == 1 else 's'} and what serves them)"
        peak = self.offered.scenario.endpoint.load_peak
        loading = "" if peak == 1.0 else f", {peak:g} times that while it loads"
        return f"({self.offered.kind.copy_in_words(model)}{loading})"

    def _workers(self, model: Model, resource: Held) -> int | None:
        """The most workers with which a copy fits, None if not even one does."""
        kind = self.offered.kind
        for workers in range(model.workers - 1, 0, -1):
            fewer = replace(model, workers=workers)
            fewer = replace(fewer, pool_memory_bytes=kind.pool_memory_bytes(fewer), pool_tasks=kind.pool_tasks(fewer))
            if self.fits(fewer, resource):
                return workers
        return None


def _what(scenario: Scenario, models: int) -> str:
    each = copies_of_each(scenario)
    return f"{models:,} models" if each == 1 else f"{models:,} models on each of {each} instances"


def _limit(scenario: Scenario) -> str:
    endpoint = scenario.endpoint
    return (
        f"{endpoint.most_instances} x {units.show_bytes(endpoint.usable_memory_bytes)} usable of "
        f"{units.show_bytes(endpoint.host.memory_bytes)}, less {units.show_bytes(endpoint.base_memory_bytes)} for the "
        f"container{at_most(endpoint)}"
    )
