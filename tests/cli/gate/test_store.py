"""A gate of which nothing changed: it simulates nothing, and loads nothing that simulates."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mmesim.experiment.execute.task import Observer
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from mmesim.workload.draws.generators import generator
from tests.helpers.command import Command
from tests.unit.experiment.fakes import Simulate
from tests.unit.results.synthetic import Call, run_data

SCENARIO = """\
name: gated
endpoint: {vcpu: 4, memory: 8 GiB}
models: [{name: m, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 5 ms}}]
traffic: [{arrivals: {poisson: {rate: 1 /s}}}]
run: {duration: 100 s}
expect: [p90 < 500 ms, mean < 1 s]
"""
HEAVY = ("numba", "pandas", "scipy", "simpy", "matplotlib", "mmesim.engine.simulation", "mmesim.engine.kernel.jit")
CODE = f"""\
import sys
from mmesim.cli import main
try:
    main(["gate", "gated.yaml", "--store", "store.sqlite", "--quiet"])
except SystemExit as end:
    code = end.code
print(code, [name for name in {HEAVY!r} if name in sys.modules])
"""


def simulate(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    draws = generator(scenario.run.seed, replication, "fake").random(100)
    calls = [Call(0.1 + 0.2 * x) for x in draws.tolist()]
    return run_data(scenario, calls, replication=replication, records=None)


def test_nothing_that_simulates_is_loaded_when_nothing_changed(
    mmesim: Command, stand_in: Callable[[Simulate], None]
) -> None:
    Path("gated.yaml").write_text(SCENARIO)
    stand_in(simulate)
    first = mmesim("gate", "gated.yaml", "--store", "store.sqlite", "--quiet")
    assert first.code == 0
    again = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    *said, loaded = again.stdout.splitlines()
    assert loaded == "0 []"
    assert said == first.out.splitlines()


@pytest.mark.parametrize("given", ["kept", "kept/gate.sqlite"])
def test_the_store_is_a_file_or_a_folder_for_one(
    mmesim: Command, stand_in: Callable[[Simulate], None], given: str
) -> None:
    Path("gated.yaml").write_text(SCENARIO)
    stand_in(simulate)
    assert mmesim("gate", "gated.yaml", "--store", given, "--json", "first.json").code == 0
    assert Path("kept/gate.sqlite").is_file()
    assert mmesim("gate", "gated.yaml", "--store", given, "--json", "second.json").code == 0
    first, second = (json.loads(Path(name).read_text()) for name in ("first.json", "second.json"))
    assert first["scenarios"][0].pop("simulated") == 120
    assert second["scenarios"][0].pop("simulated") == 0
    assert first == second
