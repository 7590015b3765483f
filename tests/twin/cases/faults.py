"""The random endpoints of this package, amid faults that are no losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmesim.scenario import Scenario
from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.clients.retries import FixedRetries
from mmesim.scenario.faults.fault import Fault, named
from tests.twin.cases.scenarios import MIB, RETRIED, scenario

Kinds = Callable[[np.random.Generator, Scenario], list[dict[str, Any]]]
"""Faults, of which any may come."""


def amid(kinds: Kinds, stream: int, most: int) -> Callable[[int], Scenario]:
    """The random endpoints of this package amid faults of these kinds."""

    def drawn(seed: int) -> Scenario:
        rng = np.random.default_rng([seed, stream])
        of = scenario(seed)
        faults = []
        for _ in range(int(rng.integers(2, most + 1))):
            any_of = kinds(rng, of)
            kind = any_of[int(rng.integers(len(any_of)))]
            faults.append(Fault.model_validate({**kind, "at": float(rng.uniform(0.5, 15.0))}))
        clients = of.clients
        if isinstance(clients.retries, FixedRetries):
            causes = (*RETRIED, Cause.load_failed, Cause.worker_died)
            # Calls that fail at one moment do not come again at one moment.
            retries = clients.retries.model_copy(update={"causes": causes, "jitter": 0.5})
            clients = clients.model_copy(update={"retries": retries})
        found: Scenario = of.model_copy(update={"faults": named(faults), "clients": clients})
        return found

    return drawn


def _lasts(rng: np.random.Generator) -> dict[str, Any]:
    return {"for": float(rng.uniform(0.5, 10.0))} if rng.uniform() < 0.8 else {}


def _models(rng: np.random.Generator, of: Scenario) -> list[str]:
    return [of.models[int(rng.integers(len(of.models)))].name for _ in range(2)]


def _common(rng: np.random.Generator, of: Scenario) -> list[dict[str, Any]]:
    lasts, models = _lasts(rng), _models(rng, of)
    return [
        {"slow_s3": {"factor": float(rng.choice([2.3, 9.1])), **lasts}},
        {"slow_s3": {"first_byte": 0.5033, "stream": 11e6, **lasts}},
        {"failing_s3": {"share": 1.0, "tries": 1, **lasts}},
        {
            "slow_instance": {
                "instance": int(rng.integers(of.endpoint.instance_count)),
                "factor": float(rng.choice([1.7, 5.3])),
                **lasts,
            }
        },
        {"poison_model": {"models": models, "load_failure": "swallowed", **lasts}},
        {"poison_model": {"models": models, "load_failure": "500", **lasts}},
        {"worker_crash": {"models": models, "workers": "all"}},
        {"worker_crash": {"models": [one.name for one in of.models], "workers": int(rng.integers(1, 3))}},
    ]


def _outages(rng: np.random.Generator, of: Scenario) -> list[dict[str, Any]]:
    outage = {"share": float(rng.choice([0.3, 0.7, 1.0])), "tries": int(rng.integers(1, 6)), **_lasts(rng)}
    return [{"failing_s3": outage}]


def _bad(rng: np.random.Generator, of: Scenario) -> list[dict[str, Any]]:
    lasts = _lasts(rng)
    some = [one.name for one in of.models if rng.uniform() < 0.5] or _models(rng, of)
    kept = {"poison_model": {"models": some, "load_failure": "507", **lasts}}
    return [kept, kept, {"poison_model": {"models": some, "load_failure": "500", **lasts}}]


def _restarts(rng: np.random.Generator, of: Scenario) -> list[dict[str, Any]]:
    number, takes = int(rng.integers(of.endpoint.instance_count)), float(rng.choice([0.0513, 0.713, 5.019]))
    return [{"container_restart": {"instance": number, "takes": takes}}]


def _leaks(rng: np.random.Generator, of: Scenario) -> list[dict[str, Any]]:
    some = [one.name for one in of.models if rng.uniform() < 0.7] or _models(rng, of)
    call, unload = int(rng.uniform(5, 80) * MIB), int(rng.uniform(20, 400) * MIB)
    lasts = _lasts(rng)
    return [
        {"leak": {"models": some, "per_call": call, **lasts}},
        {"leak": {"models": some, "per_unload": unload, **lasts}},
        {"leak": {"models": some, "per_call": call, "per_unload": unload, **lasts}},
    ]


def any_kinds(rng: np.random.Generator, of: Scenario) -> list[dict[str, Any]]:
    """Faults of all kinds that leave the hosts there."""
    return [one for kinds in (_common, _outages, _bad, _restarts, _leaks) for one in kinds(rng, of)]


with_faults = amid(_common, 7, 5)
with_outages = amid(_outages, 8, 3)
with_bad_models = amid(_bad, 9, 4)
with_restarts = amid(_restarts, 10, 6)
_with_leaks = amid(_leaks, 11, 3)


def with_leaks(seed: int) -> Scenario:
    """Leaks on hosts with little more memory than models may fill."""
    of = _with_leaks(seed)
    more = int(np.random.default_rng([seed, 12]).uniform(10, 200)) * MIB
    assert of.endpoint.usable_memory_given_bytes is not None
    host = of.endpoint.host.model_copy(update={"memory_bytes": of.endpoint.usable_memory_given_bytes + more})
    found: Scenario = of.model_copy(update={"endpoint": of.endpoint.model_copy(update={"host": host})})
    return found
