"""Your own processes from the command line and from Python: where they are found, and what their failures leave."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmesim import Scenario, run
from mmesim.errors import UserCodeError
from mmesim.scenario import Function
from mmesim.scenario.file.dump import dump
from tests.helpers.texts import load_text

SCENARIO = """\
name: day
endpoint: {vcpu: 2, memory: 8 GiB}
models: [{name: m, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 20 ms}}]
traffic: [{arrivals: {poisson: {rate: 2 /s}}}]
run: {duration: 50 s, replications: 2}
processes: ['watch:watch']
"""
GROWS = "def watch(env, endpoint):\n    yield env.timeout(25)\n    endpoint.add_instance()\n"
FAILS = "def watch(env, endpoint):\n    yield env.timeout(25)\n    raise OSError('sensor lost')\n"


@pytest.fixture
def day(tmp_path):
    """Writes the scenario and its process into a folder that is not the working one."""

    def day(process):
        folder = tmp_path / "team"
        folder.mkdir(exist_ok=True)
        (folder / "watch.py").write_text(process)
        (folder / "day.yaml").write_text(SCENARIO)
        return folder / "day.yaml"

    return day


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_process_beside_the_scenario_runs_in_every_replication(mmesim, day, jobs):
    done = mmesim("run", day(GROWS), "--jobs", jobs, "--out", "there")
    assert done.code == 0, done.err
    assert json.loads(Path("there/summary.json").read_text())["checks"]["conservation"] == "ok"
    provenance = json.loads(Path("there/provenance.json").read_text())
    assert provenance["command_line"] == ["mmesim", "run", *map(str, (day(GROWS), "--jobs", jobs, "--out", "there"))]
    assert [one["function"] for one in provenance["user_code"]] == ["watch:watch"]
    again = Scenario.from_yaml("there/scenario.yaml")
    assert again.processes == (Function(function="watch:watch", folder=day(GROWS).parent.resolve()),)
    assert [one.hosts.up_s.tolist() for one in run(again).runs] == [[50.0, 25.0]] * 2


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_process_that_raises_is_named_and_leaves_nothing_behind(mmesim, day, jobs):
    path = day(FAILS)
    done = mmesim("run", path, "--jobs", jobs, "--out", "there")
    assert done.code == 70
    assert done.out == ""
    assert done.err.splitlines()[-1] == (
        f"process watch:watch raised OSError: sensor lost ({path.with_name('watch.py')}, line 3)"
    )
    assert "internal error" not in done.err
    assert sorted(entry.name for entry in Path().iterdir()) == ["team"]


def test_python_adds_processes_to_those_of_the_scenario(day):
    seen = []

    def count(env, endpoint):
        while True:
            yield env.timeout(10.0)
            seen.append((env.now, len(endpoint.hosts)))

    result = run(day(GROWS), processes=[count], replication=1, records=None)
    assert [one.replication for one in result.runs] == [1]
    assert seen[:5] == [(10.0, 1), (20.0, 1), (30.0, 2), (40.0, 2), (50.0, 2)]
    assert len(seen) == 5
    with pytest.raises(UserCodeError, match="sensor lost"):
        run(day(FAILS), processes=[count])


def test_processes_survive_the_round_trip_and_a_bad_name_is_refused(mmesim, day):
    loaded = load_text(SCENARIO)
    assert load_text(dump(loaded)) == loaded
    path = day(GROWS)
    path.write_text(SCENARIO.replace("watch:watch", "watch.watch"))
    done = mmesim("validate", path)
    assert done.code == 64
    assert "day.yaml:6: processes.0" in done.err
    assert "'watch.watch' does not name a function: write module:function" in done.err
