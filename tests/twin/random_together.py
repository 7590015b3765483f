"""The random endpoints of this package, amid faults while hosts come and go: by deploys, by scaling, or by both."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmesim.scenario import EvictionPolicy, Scenario
from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.clients.retries import FixedRetries
from mmesim.scenario.endpoint.endpoint import Throttling
from mmesim.scenario.endpoint.eviction import Ttl
from mmesim.scenario.faults.fault import Fault, named
from mmesim.scenario.file.checks import contradictions
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.values.times import Exponential, Uniform, always
from tests.twin.changing import with_deploys, with_schedule, with_target
from tests.twin.random_deploys import with_deploys_amid_scaling, with_steps
from tests.twin.random_faults import any_kinds
from tests.twin.random_scenarios import MIB, RETRIED

CHANGING = (with_deploys, with_steps, with_schedule, with_target, with_deploys_amid_scaling)
RETRIED_AMID_FAULTS = (*RETRIED, Cause.load_failed, Cause.worker_died, Cause.host_lost, Cause.client_timeout)


def together(seed: int) -> Scenario:
    """One to six faults about the time of the changes, with several zones, other evictions and more throttling."""
    rng = np.random.default_rng([seed, 13])
    of = _elsewise(CHANGING[seed % len(CHANGING)](seed), rng)
    faults = [_fault(of, rng) for _ in range(int(rng.integers(1, 7)))]
    found: Scenario = of.model_copy(update={"faults": named(faults)})
    if rng.uniform() < 0.3 and not any(one.failing_s3 for one in faults):  # its draws belong to calls
        some = tuple(model.name for model in of.models if rng.uniform() < 0.4) or None
        found = found.model_copy(update={"endpoint": of.endpoint.model_copy(update={"preload": some})})
    wrong = [refused.message for refused in contradictions(found)]
    assert not wrong, wrong
    return found


def _elsewise(of: Scenario, rng: np.random.Generator) -> Scenario:
    """The scenario with rules that its siblings do not have."""
    policies: list[Any] = [EvictionPolicy.lfu, EvictionPolicy.gdsf, Ttl(ttl_s=float(rng.choice([0.7, 4.3, 30.1])))]
    update: dict[str, Any] = {"zones": int(rng.integers(1, 4))}
    if rng.uniform() < 0.7:
        update["eviction"] = policies[int(rng.integers(3))]
    if rng.uniform() < 0.2:
        limits = ({"in_flight": int(rng.integers(3, 30))}, {"rate": 1.37}, {"in_flight": 9, "rate": 2.31, "burst": 4})
        update["throttling"] = Throttling.model_validate(limits[int(rng.integers(3))])
    if rng.uniform() < 0.4:
        more = int(rng.uniform(10, 200)) * MIB
        assert of.endpoint.usable_memory_given_bytes is not None
        memory = of.endpoint.usable_memory_given_bytes + more
        update["host"] = of.endpoint.host.model_copy(update={"memory_bytes": memory})
    # No two ranks of gdsf are alike.
    models = tuple(
        one.model_copy(update={"memory_bytes": (one.memory_bytes or 0) + int(rng.integers(MIB))}) for one in of.models
    )
    traffic = of.traffic
    if rng.uniform() < 0.4:
        pause = ({"think_time": Exponential(float(rng.choice([0.1, 1.0])))}, {"pacing": Uniform(1.1, 2.7)})
        given = {"users": int(rng.integers(1, 8)), "spawn_rate": float(rng.choice([0.3, 3.1]))}
        users = ClosedLoop.model_validate({**given, **pause[int(rng.integers(2))]})
        start_s = max(0.0, _about_a_change(of, rng) - 3.0)
        there = {"start_s": start_s, "end_s": min(start_s + 20.0, of.run.duration_s)}  # later, roundings would add up
        traffic = (*traffic, traffic[0].model_copy(update={"name": "users", "arrivals": users, **there}))
    clients = of.clients
    if isinstance(clients.retries, FixedRetries):
        # Calls that fail at one moment do not come again at one moment.
        retries = clients.retries.model_copy(update={"causes": RETRIED_AMID_FAULTS, "jitter": 0.5})
        clients = clients.model_copy(update={"retries": retries})
    deploys = tuple(
        one.model_copy(update={"endpoint": one.endpoint.model_copy(update=_theirs(one.endpoint, update))})
        for one in of.deploys
        if one.endpoint is not None
    )
    endpoint = of.endpoint.model_copy(update=update)
    found: Scenario = of.model_copy(
        update={"endpoint": endpoint, "models": models, "clients": clients, "traffic": traffic, "deploys": deploys}
    )
    return found


def _theirs(endpoint: Any, update: dict[str, Any]) -> dict[str, Any]:
    """What the hosts of a deploy have of these rules."""
    if "host" not in update:
        return update
    room = max(endpoint.usable_memory_given_bytes + 10 * MIB, update["host"].memory_bytes)
    return {**update, "host": update["host"].model_copy(update={"memory_bytes": room})}


def _fault(of: Scenario, rng: np.random.Generator) -> Fault:
    kinds = [*any_kinds(rng, of), *_losses(rng, of), *_losses(rng, of)]
    kind = kinds[int(rng.integers(len(kinds)))]
    what = next(iter(kind.values()))
    if "instance" in what and rng.uniform() < 0.6:
        what["instance"] = "random"
    return Fault.model_validate({**kind, "at": _about_a_change(of, rng)})


def _losses(rng: np.random.Generator, of: Scenario) -> list[dict[str, Any]]:
    replace = bool(rng.uniform() < 0.7)
    return [
        {"instance_loss": {"instance": int(rng.integers(of.endpoint.instance_count)), "replace": replace}},
        {"zone_loss": {"zone": int(rng.integers(1, of.endpoint.zones + 1)), "replace": replace}},
    ]


def _about_a_change(of: Scenario, rng: np.random.Generator) -> float:
    """A moment shortly before a change, within it or after it."""
    begins = [one.at_s for one in of.deploys]
    if of.endpoint.autoscaling is not None:
        begins += [one.at_s for one in of.endpoint.autoscaling.scheduled]
        if of.endpoint.autoscaling.policies:
            begins += rng.uniform(60.0, 380.0, 2).tolist()
    lasts = 2.0 * (always(of.endpoint.provisioning) or 0.0) + float(rng.choice([1.0, 5.0, 100.0]))
    at = begins[int(rng.integers(len(begins)))] + float(rng.uniform(-2.0, lasts))
    return min(max(0.5, at), of.run.duration_s - 0.7)
