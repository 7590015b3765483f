"""What a container takes, wherever the models are described: in groups, in tables with groups of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmesim.experiment.split import containers
from mmesim.experiment.split.candidates import Leaving, Loads
from mmesim.experiment.split.fleets import Fleet, Fleets
from mmesim.preflight.offered import Offered
from mmesim.scenario.run.split import Split
from mmesim.scenario.scenario import Scenario

MIB = 2**20
HEAD = "name,group,memory,artifact_size"
PLAIN = (HEAD, "a,red ones,2 GiB,10 MB", "b,red ones,100 MiB,10 MB", "c,blue,300 MiB,10 MB")
WITH_PROCESS = (f"{HEAD},process_memory", "a,red,2 GiB,10 MB,1 GiB", "b,red,100 MiB,10 MB,80 MiB")
SHARED = {
    "kind": "custom",
    "server_workers": 4,
    "queue": "server",
    "job_queue_size": 64,
    "event_loops": 0,
    "overhead": "none",
    "base_tasks": 20,
}


def made(tmp_path: Path, rows: tuple[str, ...], **more: Any) -> Scenario:
    table = tmp_path / "models.csv"
    table.write_text("\n".join(rows))
    group = {"name": "m", "file": str(table), "load": {"wait": "0.1 s"}, "service": {"cpu": "10 ms"}}
    return Scenario.from_dict(
        {
            "name": "table",
            "endpoint": {"instance_type": "ml.m5.xlarge"},
            "models": group,
            "traffic": {"arrivals": {"poisson": {"rate": more.pop("rate", "10 /s")}}},
            "run": {"duration": "1 min"},
            **more,
        }
    )


def fleets(scenario: Scenario) -> tuple[Fleets, Leaving]:
    everyone = Leaving(scenario.hosted, tuple(model.name for model in scenario.hosted), "all models")
    return Fleets(scenario, Split(), Loads(Offered(scenario))), everyone


def added(scenario: Scenario, fleet: Fleet | None) -> list[float]:
    """What each copy takes more than in the scenario, in base memories."""
    assert fleet is not None
    base = scenario.endpoint.base_memory_bytes
    pairs = zip(fleet.scenario.hosted, scenario.hosted, strict=True)
    return [(new.pool_memory_bytes - old.pool_memory_bytes) / base for new, old in pairs]


def test_rows_of_a_table_get_containers_whatever_their_groups(tmp_path):
    scenario = made(tmp_path, PLAIN)
    split, everyone = fleets(scenario)
    fleet = split.components(everyone, "ml.m5.xlarge", 1)
    assert added(scenario, fleet) == pytest.approx([1.0, 1.0, 1.0])
    assert fleet is not None
    assert fleet.scenario.endpoint.base_memory_bytes == 0


@pytest.mark.parametrize(
    ("rows", "server", "key"),
    [
        (WITH_PROCESS, {}, "process_memory"),
        (PLAIN, {"kind": "triton", "overhead": "none", "base_tasks": 20}, "memory"),
        (PLAIN, SHARED, "memory"),
    ],
)
def test_what_a_row_says_itself_is_not_lost_in_silence(tmp_path, rows, server, key):
    scenario = made(tmp_path, rows, server=server)
    split, everyone = fleets(scenario)
    said = containers.why_not(scenario, everyone.models)
    assert said is not None
    assert said.startswith(f"a table gives {key} of a itself")
    # On every host there are the same containers: they need no key of a model.
    fleet = split.containers(everyone, "ml.m5.xlarge", 2)
    assert fleet is not None
    base = scenario.endpoint.base_memory_bytes
    assert fleet.scenario.endpoint.base_memory_bytes == pytest.approx(len(scenario.hosted) * base)
    assert added(scenario, fleet) == [0.0] * len(scenario.hosted)


def test_a_container_is_counted_where_workers_are_shared(tmp_path):
    alone = {"name": "m", "count": 3, "artifact_size": "10 MB", "memory": "100 MiB", "service": {"cpu": "10 ms"}}
    scenario = made(tmp_path, PLAIN, server=SHARED, models={**alone, "load": {"wait": "0.1 s"}})
    split, everyone = fleets(scenario)
    assert added(scenario, split.components(everyone, "ml.m5.xlarge", 1)) == pytest.approx([1.0, 1.0, 1.0])


def test_rows_whose_containers_would_need_different_values(tmp_path):
    rows = (f"{HEAD},workers", "a,g,1 GiB,10 MB,1", "b,g,1 GiB,10 MB,2")
    scenario = made(tmp_path, rows)
    said = containers.why_not(scenario, scenario.hosted)
    assert said == "models.m.process_memory with that of a container would differ from row to row of its table"


def test_workers_of_a_dedicated_endpoint_follow_the_load_of_a_row(tmp_path):
    # 60 calls a second of 10 ms keep 0.6 + of a worker busy: two of them are half busy at most.
    scenario = made(tmp_path, PLAIN[:2], rate="60 /s")
    split, everyone = fleets(scenario)
    fleet = split.alone(everyone.models[0], "ml.m5.xlarge", 1)
    assert fleet is not None
    assert fleet.scenario.hosted[0].workers == 2
    fixed = made(tmp_path, (f"{HEAD},workers", "a,g,2 GiB,10 MB,1"), rate="60 /s")
    split, everyone = fleets(fixed)
    fleet = split.alone(everyone.models[0], "ml.m5.xlarge", 1)
    assert fleet is not None
    assert fleet.scenario.hosted[0].workers == 1
