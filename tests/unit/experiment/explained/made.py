"""Results made by hand for what-ifs: so many slow and failed calls of a hundred, models that are called alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mmesim.results.measured.run_data import RunData
from mmesim.results.result import Result
from mmesim.scenario import Scenario
from tests.unit.results.synthetic import GIB, Call, hosts, run_data, scenario

FAST, SLOW, FAILED = Call(0.1), Call(1.0), Call(cause="client_timeout")
XLARGE = {"instance_type": "ml.m5.xlarge", "vcpu": 4, "memory": 16 * GIB}
LINES = ("p90 < 500 ms", "error_rate < 1 %", "cost.month < 1000 USD")


def result(of: Scenario, slow: Sequence[int], failed: int = 0, **changes: Any) -> Result:
    """A replication of 100 calls for each number of slow ones."""
    runs = [
        run_data(of, [SLOW] * n + [FAILED] * failed + [FAST] * (100 - n - failed), replication=i, **changes)
        for i, n in enumerate(slow)
    ]
    return Result(of, tuple(runs))


EXPECTED = ("p90 < 500 ms",)


def of_memory(copies: int, instances: int, free_copies: float) -> tuple[Scenario, RunData]:
    """Models of 100 MiB and 3 MiB, each called alike; a host has room for some of them; CPU used 10 %."""
    each = 103 * 2**20
    endpoint = {
        "vcpu": 2,
        "memory": 8 * GIB,
        "instance_count": instances,
        "usable_memory": f"{int(free_copies * each) + 10 * 2**20} B",
        "base_memory": "10 MiB",
    }
    group = {
        "name": "m",
        "count": copies,
        "artifact_size": 10**6,
        "memory": "100 MiB",
        "process_memory": "0 MiB",
        "service": {"cpu": 0.01},
    }
    of = scenario(models=[group], endpoint=endpoint)
    run = run_data(of, [replace(FAST, model=model) for model in range(copies)])
    return of, replace(run, hosts=hosts(instances, cpu_busy_s=20.0))
