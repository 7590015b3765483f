"""Random scenarios with one cause built in each, all of them departures from one healthy endpoint.

The healthy endpoint has three hosts, of which two would do and one would not: CPU for 1.2 to 1.4 hosts, models for 1.25
to 1.7. So it is neither over-provisioned nor lost with an instance, and its utilizations are below those of the rule of
thumb. `may` are findings that can be true besides the built-in one because of it; they count neither way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from mmesim.scenario import Scenario

BUDGET_MIB = 12.8 * 1024 - 666
"""Memory for models on a host of 16 GiB."""
PROCESS_MIB = 33
"""Of a worker besides its model, and of the parent of its pool."""
VCPU = 4
OVERHEAD_S = 0.0008
"""CPU work of the model server for a call."""


@dataclass(frozen=True)
class Built:
    """A scenario, the cause that was built in, what may be found besides, and how its advice is carried out.

    `carried`: changes as in `--set` where the advice of the finding is in words; None where it is such a change, or
    where models leave.
    """

    cause: str
    scenario: Scenario
    may: frozenset[str] = frozenset()
    carried: Mapping[str, Any] | None = None
    leaves: str | None = None
    """The group of models that leaves the endpoint, where that is the advice."""


@dataclass
class Endpoint:
    """The healthy endpoint, in numbers that a cause changes."""

    rng: np.random.Generator
    hosts: int = 3
    cpu_hosts: float = 0.0
    """CPU work, in hosts."""
    memory_hosts: float = 0.0
    """Memory of all models, in hosts."""
    models: int = 0
    service_s: float = 0.0
    zipf: float = 0.0
    extra_models: list[dict[str, Any]] = field(default_factory=list)
    extra_traffic: list[dict[str, Any]] = field(default_factory=list)
    base: dict[str, Any] = field(default_factory=dict)
    """Keys of the group of all models."""
    endpoint: dict[str, Any] = field(default_factory=dict)
    server: dict[str, Any] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)
    run: dict[str, Any] = field(default_factory=dict)
    expect: tuple[str, ...] = ("p99 < 3 s", "error_rate < 1 %", "cache_hit_ratio >= 90 %")

    def __post_init__(self) -> None:
        self.cpu_hosts = self.between(1.2, 1.4)
        self.memory_hosts = self.between(1.25, 1.7)
        self.models = int(self.rng.integers(60, 200))
        self.service_s = self.between(0.05, 0.12)
        self.zipf = self.between(0.3, 0.7)

    def between(self, low: float, high: float) -> float:
        """A random number."""
        return float(self.rng.uniform(low, high))

    @property
    def model_mib(self) -> int:
        """Memory of a model without its process, such that all fill `memory_hosts`."""
        return max(5, round(self.memory_hosts * BUDGET_MIB / self.models - PROCESS_MIB))

    @property
    def rate_per_s(self) -> float:
        """Calls a second of the group."""
        return self.cpu_hosts * VCPU / (self.service_s + OVERHEAD_S)

    def built(
        self, cause: str, *may: str, carried: Mapping[str, Any] | None = None, leaves: str | None = None
    ) -> Built:
        """The scenario."""
        group = {
            "name": "tenant",
            "count": self.models,
            "artifact_size": "10 MB",
            "memory": f"{self.model_mib} MiB",
            "process_memory": "30 MiB",
            "load": {"wait": f"{self.between(0.3, 0.8):.3f} s"},
            "service": {"cpu": {"gamma": {"mean": f"{self.service_s:.5f} s", "cv": 0.6}}},
        }
        traffic = {
            "name": "calls",
            "models": ["tenant"],
            "arrivals": {"poisson": {"rate": f"{self.rate_per_s:.4f} /s"}},
            "popularity": {"zipf": round(self.zipf, 3)},
        }
        data = {
            "name": cause,
            "endpoint": {
                "vcpu": VCPU,
                "threads_per_core": 1,
                "memory": "16 GiB",
                "network": "1.25 Gbit/s",
                "price_per_hour": "0.23 USD",
                "instance_count": self.hosts,
                "warm": True,
            }
            | self.endpoint,
            "server": self.server,
            "clients": self.clients,
            "models": [group | self.base, *self.extra_models],
            "traffic": [traffic, *self.extra_traffic],
            "run": {"duration": "3 min", "warmup": "30 s", "seed": int(self.rng.integers(10**6))} | self.run,
            "expect": list(self.expect),
        }
        return Built(cause, Scenario.from_dict(data), frozenset(may), carried, leaves)


def healthy(of: Endpoint) -> Built:
    """Nothing is built in."""
    return of.built("none")


def right_sized(of: Endpoint) -> Built:
    """CPU and memory used between 55 and 75 %; of the physical memory at most 80 % can be."""
    of.cpu_hosts, of.memory_hosts = of.hosts * of.between(0.57, 0.72), of.hosts * of.between(0.72, 0.9)
    of.models = int(of.rng.integers(100, 250))
    return of.built("right_sized", "cannot_survive_instance_loss", "cold_tail", "loads_caused_by")


def over_provisioned(of: Endpoint) -> Built:
    """Five to eight hosts for the work of two."""
    of.hosts = int(of.rng.integers(5, 9))
    return of.built("over_provisioned")


def under_provisioned(of: Endpoint) -> Built:
    """Too few hosts: for the CPU work, or for the models, which are called alike."""
    if of.rng.random() < 0.5:
        of.cpu_hosts = of.hosts * of.between(1.0, 1.25)
        return of.built("under_provisioned", "right_sized", "loads_caused_by")
    of.memory_hosts, of.zipf, of.models = of.hosts * of.between(1.3, 1.8), 0.2, int(of.rng.integers(150, 300))
    of.service_s = of.between(0.1, 0.2)
    return of.built("under_provisioned", "thrashing", "right_sized", "cold_tail", "loads_caused_by")


def thrashing(of: Endpoint) -> Built:
    """Two to four times as many models as fit, all called alike."""
    of.memory_hosts, of.zipf, of.models = of.hosts * of.between(2.0, 4.0), 0.1, int(of.rng.integers(200, 500))
    of.cpu_hosts = of.between(0.1, 0.4)
    of.service_s = of.between(0.1, 0.2)
    return of.built("thrashing", "under_provisioned", "right_sized")


def hot_model(of: Endpoint) -> Built:
    """One model whose worker is busy 80 to 97 % of the time."""
    service_s = of.between(0.03, 0.1)
    busy = of.between(0.8, 0.97)
    of.extra_models = [
        {
            "name": "hot",
            "artifact_size": "10 MB",
            "memory": "100 MiB",
            "process_memory": "30 MiB",
            "load": {"wait": "0.5 s"},
            "service": {"wait": {"gamma": {"mean": f"{service_s:.5f} s", "cv": 0.6}}},
        }
    ]
    rate = busy / (service_s + OVERHEAD_S)
    of.extra_traffic = [
        {"name": "hot", "models": ["hot"], "arrivals": {"poisson": {"rate": f"{rate:.4f} /s"}}},
    ]
    of.endpoint = {"router": {"spill_at": 100_000}}
    of.expect = ("p99 < 400 ms", "error_rate < 1 %", "cache_hit_ratio >= 90 %")
    return of.built("hot_model", "queue_too_short")


def threads(of: Endpoint) -> Built:
    """Eight spinning threads a call on four vCPUs."""
    of.base = {
        "framework": "pytorch",
        "service": {"cpu": {"gamma": {"mean": f"{of.service_s:.5f} s", "cv": 0.6}}, "threads": 8},
        "oversubscription": 0.67,
        "process_memory": "30 MiB",
        "load": {"wait": "0.5 s"},
        "framework_threads": 1,
    }
    of.cpu_hosts = of.between(0.5, 0.9)
    may = ("under_provisioned", "over_provisioned", "cannot_survive_instance_loss", "right_sized")
    return of.built("threads", *may, carried={"models.tenant.service.threads": 1})


def task_pressure(of: Endpoint) -> Built:
    """Copies with so many threads that they run out before the memory does."""
    workers, threads = int(of.rng.integers(2, 5)), int(of.rng.integers(20, 60))
    each = threads + workers * (threads + 3) + 3
    of.memory_hosts = of.between(1.25, 1.5) / workers
    of.models = int(of.rng.integers(60, 120))
    # Room for 85 % of the copies of a fair share of the models.
    limit = round(of.between(0.5, 0.85) * each * of.models / of.hosts) + 50
    of.base = {"workers": workers, "framework_threads": threads, "memory": f"{max(5, of.model_mib)} MiB"}
    of.endpoint = {"pid_limit": limit}
    may = ("thrashing", "under_provisioned", "cold_tail", "loads_caused_by", "over_provisioned")
    few = {"models.tenant.workers": 1, "models.tenant.framework_threads": 4}
    return of.built("task_pressure", *may, "cannot_survive_instance_loss", carried=few)


def queue_too_short(of: Endpoint) -> Built:
    """Bursts of calls for one model, and two to six places."""
    service_s, bound = of.between(0.02, 0.05), int(of.rng.integers(2, 7))
    rate = of.between(0.25, 0.45) / service_s
    of.extra_models = [
        {
            "name": "bursty",
            "artifact_size": "10 MB",
            "memory": "100 MiB",
            "process_memory": "30 MiB",
            "load": {"wait": "0.5 s"},
            "service": {"wait": f"{service_s:.5f} s"},
        }
    ]
    of.extra_traffic = [
        {
            "name": "bursts",
            "models": ["bursty"],
            "arrivals": {"gamma": {"rate": f"{rate:.4f} /s", "cv": round(of.between(4.0, 6.0), 2)}},
        }
    ]
    of.server = {"job_queue_size": bound}
    of.endpoint = {"router": {"spill_at": 100_000}}
    return of.built("queue_too_short", "hot_model")


def queue_too_long(of: Endpoint) -> Built:
    """Twice as many places as are served before callers leave, for a model with a little too much to do."""
    service_s, patience_s = of.between(0.03, 0.08), of.between(1.5, 3.0)
    of.server = {"job_queue_size": round(of.between(2.0, 5.0) * patience_s / service_s)}
    of.extra_models = [
        {
            "name": "late",
            "artifact_size": "10 MB",
            "memory": "100 MiB",
            "process_memory": "30 MiB",
            "load": {"wait": "0.5 s"},
            "service": {"wait": {"gamma": {"mean": f"{service_s:.5f} s", "cv": 0.6}}},
        }
    ]
    rate = of.between(1.02, 1.2) / (service_s + OVERHEAD_S)
    of.extra_traffic = [{"name": "late", "models": ["late"], "arrivals": {"poisson": {"rate": f"{rate:.4f} /s"}}}]
    of.clients = {"timeout": f"{patience_s:.3f} s"}
    of.endpoint = {"router": {"spill_at": 100_000}}
    return of.built("queue_too_long", "hot_model")


def cannot_survive_instance_loss(of: Endpoint) -> Built:
    """CPU work for more than the two hosts that are left."""
    of.cpu_hosts = of.between(2.1, 2.4)
    return of.built("cannot_survive_instance_loss", "right_sized")


def retry_storm(of: Endpoint) -> Built:
    """A crowd of half a minute for one model, after which retries keep its queue full of calls whose clients left."""
    service_s, patience_s = of.between(0.04, 0.06), 2.0
    of.extra_models = [
        {
            "name": "stormy",
            "artifact_size": "10 MB",
            "memory": "100 MiB",
            "process_memory": "30 MiB",
            "load": {"wait": "0.5 s"},
            "service": {"wait": {"gamma": {"mean": f"{service_s:.5f} s", "cv": 0.5}}},
        }
    ]
    base = of.between(0.75, 0.85) / (service_s + OVERHEAD_S)
    crowd = {"base": f"{base:.4f} /s", "peak": f"{2.5 * base:.4f} /s", "at": "40 s", "ramp": "1 s", "hold": "20 s"}
    crowd["decay"] = "1 s"
    of.extra_traffic = [{"name": "storm", "models": ["stormy"], "arrivals": {"flash_crowd": crowd}}]
    of.server = {"job_queue_size": 100}
    causes = ["client_timeout", "queue_full"]
    of.clients = {
        "timeout": f"{patience_s} s",
        "retries": {"fixed": {"delay": "100 ms", "max_attempts": int(of.rng.integers(4, 7)), "causes": causes}},
    }
    of.endpoint = {"router": {"spill_at": 100_000}}
    return of.built("retry_storm", "queue_too_long", "hot_model", carried={"clients.retries": "none"})


def cold_tail(of: Endpoint) -> Built:
    """Many models that are called now and then, a few that are called most, and memory for four fifths of them or more.

    One cache of this size would hit 94 to 97 % (Che); the copies of popular models take some of it.
    """
    of.memory_hosts, of.models, of.zipf = of.hosts * of.between(1.12, 1.27), int(of.rng.integers(100, 160)), 1.0
    of.service_s = of.between(0.02, 0.03)
    of.run = {"duration": "8 min"}
    of.expect = ("p99 < 3 s", "error_rate < 1 %")
    return of.built("cold_tail", "loads_caused_by", "cannot_survive_instance_loss", "right_sized")


def loads_caused_by(of: Endpoint) -> Built:
    """One to three percent of the calls go to three times as many models as fit."""
    share = of.between(0.01, 0.03)
    rare = int(of.rng.integers(150, 300))
    of.extra_models = [
        {
            "name": "rare",
            "count": rare,
            "artifact_size": "10 MB",
            "memory": f"{round(of.hosts * of.between(1.5, 2.5) * BUDGET_MIB / rare - PROCESS_MIB)} MiB",
            "process_memory": "30 MiB",
            "load": {"wait": "0.5 s"},
            "service": {"cpu": "20 ms"},
        }
    ]
    of.zipf = 0.2
    of.extra_traffic = [
        {"name": "rare", "models": ["rare"], "arrivals": {"poisson": {"rate": f"{share * of.rate_per_s:.4f} /s"}}}
    ]
    of.expect = ("p99 < 5 s", "error_rate < 1 %")
    return of.built("loads_caused_by", "cold_tail", "cannot_survive_instance_loss", "right_sized", leaves="rare")


CAUSES: Mapping[str, Callable[[Endpoint], Built]] = MappingProxyType(
    {
        "none": healthy,
        "right_sized": right_sized,
        "over_provisioned": over_provisioned,
        "under_provisioned": under_provisioned,
        "thrashing": thrashing,
        "hot_model": hot_model,
        "threads": threads,
        "task_pressure": task_pressure,
        "queue_too_short": queue_too_short,
        "queue_too_long": queue_too_long,
        "cannot_survive_instance_loss": cannot_survive_instance_loss,
        "retry_storm": retry_storm,
        "cold_tail": cold_tail,
        "loads_caused_by": loads_caused_by,
    }
)
"""Finding -> what builds its cause in; `none`: nothing."""


def built(cause: str, number: int) -> Built:
    """One scenario of a cause, always the same for a number."""
    return CAUSES[cause](Endpoint(np.random.default_rng([list(CAUSES).index(cause), number])))
