"""Request i keeps its draws when popularity or the models change, in open loops and for the users of closed ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from mmesim.arrays import Floats, Ints
from mmesim.scenario import Scenario
from mmesim.workload.requests import blocks
from mmesim.workload.users import Users

SERVICES: dict[str, object] = {
    "c": "20 ms",
    "e": {"exponential": {"mean": "20 ms"}},
    "l": {"lognormal": {"mean": "20 ms", "cv": 1.5}},
    "g": {"gamma": {"mean": "20 ms", "cv": 0.5}},
    "h": {"gamma": {"mean": "20 ms", "cv": 1.5}},
    "w": {"weibull": {"mean": "20 ms", "cv": 0.5}},
    "u": {"uniform": {"low": "10 ms", "high": "30 ms"}},
    "p": {"percentiles": {0: "10 ms", 50: "20 ms", 100: "90 ms"}},
    "v": {"empirical": ["10 ms", "20 ms", "30 ms"]},
}
COUNT = 20
CHANGES: dict[str, dict[str, Any]] = {
    "popularity": {"zipf": 1.1},
    "one more model of the last kind": {"counts": {"v": COUNT + 1}},
    "one more model of the first kind": {"counts": {"c": COUNT + 1}},
    "one kind less": {"counts": {"l": 0}},
}


@dataclass(frozen=True)
class Drawn:
    """The models, by kind, and the CPU times of all calls, in order."""

    kind: Ints
    cpu: Floats


def _scenario(zipf: float = 1.0, counts: dict[str, int] | None = None, users: int = 0) -> Scenario:
    of_kind = dict.fromkeys(SERVICES, COUNT) | (counts or {})
    model = {"artifact_size": "20 MB", "memory": "20 MiB"}
    arrivals = {"closed_loop": {"users": users, "cycle": "1 ms"}} if users else {"poisson": {"rate": "400 /s"}}
    return Scenario.from_dict(
        {
            "name": "draws",
            "endpoint": {"vcpu": 4, "memory": "64 GiB", "network": "1 GB/s"},
            "models": [
                {"name": kind, "count": of_kind[kind], "service": {"cpu": time}, **model}
                for kind, time in SERVICES.items()
                if of_kind[kind]
            ],
            "traffic": [{"arrivals": arrivals, "popularity": {"zipf": zipf}}],
            "run": {"duration": "100 s", "seed": 3},
        }
    )


def _drawn(scenario: Scenario, replication: int = 0) -> Drawn:
    names = [model.group for model in scenario.model_table()]
    kinds = np.array([list(SERVICES).index(name) for name in names])
    users = Users(scenario, replication)
    if len(users):
        calls = [users.of_group(0, group, block) for group in range(3) for block in range(40)]
        return Drawn(
            kinds[np.concatenate([call.model for call in calls])], np.concatenate([call.cpu for call in calls])
        )
    requests = list(blocks(scenario, replication))
    return Drawn(
        kinds[np.concatenate([block.model for block in requests])], np.concatenate([block.cpu for block in requests])
    )


@pytest.mark.parametrize("users", [0, 48], ids=["open", "closed"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_request_keeps_its_draws_when_other_models_are_called(change: str, users: int) -> None:
    before, after = _drawn(_scenario(users=users)), _drawn(_scenario(**CHANGES[change], users=users))
    assert len(before.cpu) == len(after.cpu) > 30_000
    for kind in range(len(SERVICES)):
        both = (before.kind == kind) & (after.kind == kind)
        # The same kind of model has the same distribution: what differs is another draw.
        np.testing.assert_array_equal(before.cpu[both], after.cpu[both])


@pytest.mark.parametrize(
    ("change", "most"),
    [("popularity", 0.5), ("one more model of the last kind", 0.1), ("one more model of the first kind", 0.45)],
)
def test_the_difference_of_two_popularities_varies_much_less_than_what_is_compared(change: str, most: float) -> None:
    before = [_drawn(_scenario(), r).cpu.mean() for r in range(20)]
    after = [_drawn(_scenario(**CHANGES[change]), r).cpu.mean() for r in range(20)]
    assert np.std(np.subtract(after, before)) < most * np.std(before)


def test_one_more_model_leaves_most_calls_to_the_models_that_they_were_for() -> None:
    counts = dict.fromkeys(SERVICES, COUNT + 10)  # 270 models
    before, after = (next(blocks(_scenario(counts=counts | {"v": COUNT + 10 + more}), 0)).model for more in range(2))
    assert np.mean(before == after) > 0.9
