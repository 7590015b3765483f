"""The what-ifs of a scenario: what is changed, in words and as in `--set`, and whether that is yours to choose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite

from mmesim import units
from mmesim.experiment.explained import types
from mmesim.preflight.finding import Finding
from mmesim.preflight.load import SIZED_FOR
from mmesim.results.binding.roots import Roots
from mmesim.results.figures.figures import DEVICE_USE
from mmesim.results.miss_ratio.curve import Curve
from mmesim.scenario.constraints import Resource
from mmesim.scenario.endpoint.router import Placement, RouterPolicy
from mmesim.scenario.faults.kinds import ZoneLoss
from mmesim.scenario.models.groups import Model
from mmesim.scenario.scenario import Scenario

Value = str | int | float | bool

MORE_MEMORY_BYTES = 8 * 2**30
"""What a host is given more in the sensitivity to its memory."""
FEW_MISSES = 0.005
"""Share of calls that miss in a predicted fleet: half of what a p99 allows to be slow."""
AS_MANY_MISSES = 0.001
"""Share of all calls by which the misses of a smaller fleet may exceed those of the present one."""
MOST_INSTANCES = 1_000
"""Predicted fleets are not looked for beyond this."""
SETS = re.compile(r"(?P<field>[a-z_]+(\.[^\s=.]+)+)=(?P<value>[^\s,]+)")
"""An advice that is nothing but a value of a field."""
OF_AWS = (
    "endpoint.router.",
    "endpoint.memory",
    "endpoint.usable_memory",
    "endpoint.vcpu",
    "endpoint.load_slots",
    "endpoint.download.",
    "endpoint.network",
    "endpoint.throttling.",
    "endpoint.invocation_timeout",
    "endpoint.devices.",
)
"""Fields, or what they begin with, that say what AWS decides."""


@dataclass(frozen=True)
class Candidate:
    """One change: `sets` is field as in `--set` -> value."""

    id: str
    text: str
    sets: Mapping[str, Value]
    yours: bool = True


@dataclass(frozen=True)
class Ground:
    """What candidates are made from: the scenario, what its run used, and what slow calls of it wait for."""

    scenario: Scenario
    roots: Roots
    waits: frozenset[Resource]
    curve: Curve
    advice: Sequence[Finding] = ()


def candidates(ground: Ground) -> list[Candidate]:
    """Every what-if, each once; those that can be chosen first."""
    found: dict[tuple[tuple[str, Value], ...], Candidate] = {}
    for one in (*_fleet(ground), *_server(ground), *_clients(ground), *_platform(ground), *_advised(ground)):
        found.setdefault(tuple(sorted(one.sets.items())), one)
    now = {"endpoint.instance_count": ground.scenario.endpoint.instance_count}
    return sorted((one for one in found.values() if one.sets != now), key=lambda one: not one.yours)


def _fleet(ground: Ground) -> Iterator[Candidate]:
    """Other numbers of instances, and other types."""
    endpoint = ground.scenario.endpoint
    n = endpoint.instance_count
    yield Candidate("one_more_instance", "one more instance", {"endpoint.instance_count": n + 1})
    if endpoint.zones > 1 and any(isinstance(fault.what, ZoneLoss) for fault in ground.scenario.faults):
        text = "one more instance in each zone"
        yield Candidate("one_more_in_each_zone", text, {"endpoint.instance_count": n + endpoint.zones})
    if n > 1:
        yield Candidate("one_fewer_instance", "one instance fewer", {"endpoint.instance_count": n - 1})
    if n > 2:
        yield Candidate("two_fewer_instances", "two instances fewer", {"endpoint.instance_count": n - 2})
    fewest, needed = fewest_instances(ground), needed_instances(ground)
    if fewest is not None and fewest < n:
        text = f"{_instances(fewest)}: still enough"
        yield Candidate("fewest_instances", text, {"endpoint.instance_count": fewest})
        text = f"{_instances(fewest + 1)}: one to spare"
        yield Candidate("fewest_and_a_spare", text, {"endpoint.instance_count": fewest + 1})
    if needed is not None and needed > n:
        yield Candidate("needed_instances", f"{_instances(needed)}: enough", {"endpoint.instance_count": needed})
    # The other types have no devices.
    row = None if ground.scenario.uses_devices else types.own_row(endpoint)
    if row is None:
        return
    for id, what, name in (
        ("next_size_up", "size up", types.larger(row)),
        ("next_size_down", "size down", types.smaller(row)),
        ("type_with_more_memory", "more memory", types.with_more_memory(row, endpoint.prices)),
        ("type_with_less_memory", "less memory", types.with_less_memory(row, endpoint.prices)),
    ):
        if name is not None:
            yield Candidate(id, f"{what}: {name}", {"endpoint.instance_type": name})


def _instances(count: int) -> str:
    return f"{count} instance{'' if count == 1 else 's'}"


def _server(ground: Ground) -> Iterator[Candidate]:
    """Workers, queue and batches of the model server."""
    scenario, kind, models = ground.scenario, ground.scenario.server_kind, ground.scenario.model_table()
    busiest = ground.roots.busiest
    if busiest is not None:
        model = models[busiest]
        alone = sum(one.entry == model.entry for one in models) == 1
        text = f"one more worker{'' if alone else ' each'}: {model.name if alone else _entry_of(scenario, model)}"
        if model.device_memory_bytes:
            text += ", one more copy in device memory"
        more, field = kind.model_workers(model).at_most + 1, model.field(kind.workers_key)
        if field is not None:
            yield Candidate("one_more_worker", text, {field: more})
    by_default = [group for group in scenario.models if getattr(group, kind.workers_key) is None]
    if by_default and (busiest is None or len(scenario.models) > 1):
        sets: dict[str, Value] = {f"server.{kind.default_workers_key}": kind.most_default_workers + 1}
        yield Candidate("one_more_default_worker", "one more default worker", sets)
    bound = scenario.server.job_queue_size
    if bound is not None:
        yield Candidate("queue_twice_as_long", f"queue of {2 * bound:,}", {"server.job_queue_size": 2 * bound})
    if "batch_delay" in ground.waits:
        longest = max(models, key=lambda model: model.max_batch_delay_s)
        half, delay = units.exact_seconds(longest.max_batch_delay_s / 2), longest.field("max_batch_delay")
        if delay is not None:
            yield Candidate("half_the_batch_delay", "half the batch delay", {delay: half})
    if "disk" in ground.waits:
        twice = units.exact_bytes(2 * scenario.endpoint.disk_bytes)
        yield Candidate("disk_twice_as_large", "disk twice as large", {"endpoint.disk_size": twice})


def _entry_of(scenario: Scenario, model: Model) -> str:
    """The name of the entry of `models` that a model is of."""
    return scenario.models[int(model.entry)].name if model.entry.isdigit() else model.entry


def _clients(ground: Ground) -> Iterator[Candidate]:
    """Retries and patience of those who call."""
    clients = ground.scenario.clients
    if clients.retries is not None:
        yield Candidate("no_retries", "no retries", {"clients.retries": "none"})
    if "client_timeout" in ground.waits:
        twice = units.exact_seconds(2 * clients.timeout_s)
        yield Candidate("clients_twice_as_patient", "clients twice as patient", {"clients.timeout": twice})


def _advised(ground: Ground) -> Iterator[Candidate]:
    """What findings advise, where that is the value of a field."""
    for finding in ground.advice:
        sets = advised(finding)
        if sets is not None:
            text = ", ".join(f"{field}={value}" for field, value in sets.items())
            yours = not any(field.startswith(OF_AWS) for field in sets)
            yield Candidate(f"advice_{finding.id}", f"{text} (advised)", sets, yours)


def advised(finding: Finding) -> Mapping[str, Value] | None:
    """What a finding advises as field -> value; None where it says it in words."""
    match = None if finding.try_ is None else SETS.fullmatch(finding.try_.strip())
    if match is None:
        return None
    return {match["field"]: int(match["value"]) if match["value"].isdecimal() else match["value"]}


def _platform(ground: Ground) -> Iterator[Candidate]:
    """What AWS decides: it explains, and is not advice."""
    scenario, endpoint = ground.scenario, ground.scenario.endpoint
    host, slots = endpoint.host, endpoint.load_slots
    more: dict[str, Value] = {"endpoint.memory": units.exact_bytes(host.memory_bytes + MORE_MEMORY_BYTES)}
    given = endpoint.usable_memory_given_bytes
    if given is not None:
        more["endpoint.usable_memory"] = units.exact_bytes(given + MORE_MEMORY_BYTES)
    yield Candidate("more_memory", f"{units.show_bytes(MORE_MEMORY_BYTES)} more memory a host", more, yours=False)
    one_more: dict[str, Value] = {"endpoint.vcpu": host.vcpu + 1, "endpoint.load_slots": slots}
    yield Candidate("one_more_vcpu", "one more vCPU a host", one_more, yours=False)
    devices = host.devices
    if devices is not None and scenario.uses_devices:
        text = "one more job at a time on a device"
        yield Candidate("one_more_job_at_once", text, {"endpoint.devices.at_once": devices.at_once + 1}, yours=False)
        twice: dict[str, Value] = {"endpoint.devices.memory": units.exact_bytes(2 * devices.memory_bytes)}
        yield Candidate("twice_the_device_memory", "twice the memory of a device", twice, yours=False)
    yield Candidate("one_more_load_slot", "one more load slot a host", {"endpoint.load_slots": slots + 1}, yours=False)
    if "download" in ground.waits:
        faster: dict[str, Value] = {"endpoint.download.stream": units.exact_bandwidth(2 * endpoint.download.stream_Bps)}
        if isfinite(host.network_Bps):
            faster["endpoint.network"] = units.exact_bandwidth(2 * host.network_Bps)
        yield Candidate("downloads_twice_as_fast", "downloads twice as fast", faster, yours=False)
    if "placement" in ground.waits and endpoint.router.policy is RouterPolicy.sticky:
        sets: dict[str, Value] = {"endpoint.router.placement": Placement.most_free.value}
        yield Candidate("placed_where_most_is_free", "models placed where most is free", sets, yours=False)
    throttling = endpoint.throttling
    if "throttling" in ground.waits and throttling.in_flight is not None:
        sets = {"endpoint.throttling.in_flight": 2 * throttling.in_flight}
        yield Candidate("throttled_at_twice_as_many", "throttling at twice as many calls in flight", sets, yours=False)
    elif "throttling" in ground.waits and throttling.rate_per_s is not None:
        sets = {"endpoint.throttling.rate": units.exact_rate(2 * throttling.rate_per_s)}
        yield Candidate("throttled_at_twice_the_rate", "throttling at twice the rate", sets, yours=False)
    if "invocation_timeout" in ground.waits:
        sets = {"endpoint.invocation_timeout": units.exact_seconds(2 * endpoint.invocation_timeout_s)}
        yield Candidate("invocations_twice_as_long", "twice the invocation time-out", sets, yours=False)


def fewest_instances(ground: Ground) -> int | None:
    """The smallest number of instances that misses as little as now, with CPU to spare; None if that is unknown."""
    now = ground.curve.misses(ground.scenario)
    if now is None:
        return None
    n = ground.scenario.endpoint.instance_count
    least = max(1, ceil(n * _mean_use(ground) / SIZED_FOR))
    for count in range(least, n):
        missed = ground.curve.misses(with_instances(ground.scenario, count))
        if missed is not None and missed <= now + AS_MANY_MISSES:
            return count
    return n


def needed_instances(ground: Ground) -> int | None:
    """The smallest number of instances with few misses and CPU to spare; None if that is unknown, or none would do."""
    n = ground.scenario.endpoint.instance_count
    low = max(n, ceil(n * _mean_use(ground) / SIZED_FOR))
    high = max(low, MOST_INSTANCES)
    if not _few_misses(ground, high):
        return None
    while low < high:  # more memory never misses more
        middle = (low + high) // 2
        low, high = (low, middle) if _few_misses(ground, middle) else (middle + 1, high)
    return low


def _few_misses(ground: Ground, count: int) -> bool:
    missed = ground.curve.misses(with_instances(ground.scenario, count))
    return missed is not None and missed <= FEW_MISSES


def with_instances(scenario: Scenario, count: int) -> Scenario:
    """The scenario with another number of instances, for arithmetic: nothing is checked."""
    endpoint = scenario.endpoint.model_copy(update={"instance_count": count})
    changed: Scenario = scenario.model_copy(update={"endpoint": endpoint})
    return changed


def _mean_use(ground: Ground) -> float:
    """Share of all vCPUs that is busy, or of all devices, whichever is higher."""
    runs = ground.roots.runs
    busy = sum(float(run.hosts.cpu_busy_s.sum()) for run in runs)
    there = sum(float((run.hosts.up_s * run.hosts.vcpu).sum()) for run in runs)
    devices = [DEVICE_USE["devices.utilization"](run.devices) for run in runs if run.devices is not None]
    on_device, of_device = sum(float(part.sum()) for part, _ in devices), sum(float(of.sum()) for _, of in devices)
    return max(busy / there if there else 0.0, on_device / of_device if of_device else 0.0)
