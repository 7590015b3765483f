"""`mmesim gate --update-baseline`, and what a gate says beside a baseline."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mmesim.errors import OutputError
from mmesim.experiment.execute.task import Observer
from mmesim.results.comparison.baseline import Baseline
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from mmesim.workload.draws.generators import generator
from tests.helpers.command import Command
from tests.unit.experiment.fakes import Simulate
from tests.unit.results.synthetic import Call, run_data

SCENARIO = """\
name: day
endpoint: {vcpu: 2, memory: 8 GiB}
models: [{name: m, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 20 ms}}]
traffic: [{arrivals: {poisson: {rate: 1 /s}}}]
run: {duration: 100 s}
expect: [mean < 500 ms]
"""
FILE = Path("day.baseline.json")


def simulate(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    """Calls that take the service time of the scenario, and a noise that it does not change."""
    draws = generator(scenario.run.seed, replication, "fake").random(20)
    service = scenario.models[0].service
    assert service is not None
    calls = [Call(service.cpu.mean, queue=0.01 * float(x)) for x in draws]
    return run_data(scenario, calls, replication=replication, records=None)


@pytest.fixture
def gate(stand_in: Callable[[Simulate], None], mmesim: Command) -> Command:
    """`mmesim gate day.yaml`, with these options."""
    stand_in(simulate)
    Path("day.yaml").write_text(SCENARIO, encoding="utf-8")
    return lambda *words: mmesim("gate", "day.yaml", *words)


def test_a_baseline_is_written_when_that_is_asked_for_and_said_on_stderr(gate: Command):
    assert (gate().code, FILE.exists()) == (0, False)
    written = gate("--update-baseline")
    assert written.code == 0
    assert "wrote day.baseline.json" in written.err
    assert "beside" not in written.out
    first = FILE.read_bytes()
    assert "since day.baseline.json (mmesim 0.1.0): nothing has changed" in gate().out
    assert gate("--update-baseline", "--quiet").err == ""
    assert FILE.read_bytes() == first


def test_a_change_is_said_with_its_field_and_does_not_touch_the_verdict(gate: Command):
    gate("--update-baseline")
    changed = gate("--set", "models.m.service.cpu=22 ms", "--json", "found.json")
    assert changed.code == 0
    assert "3 of 7 figures changed" in changed.out
    assert "- models.m.service.cpu: 0.02 s -> 0.022 s" in changed.out
    assert changed.out.endswith("pass: the limit holds; 3 figures changed since the baseline\n")
    (found,) = json.loads(Path("found.json").read_text(encoding="utf-8"))["scenarios"]
    mean = found["drift"]["deltas"][0]
    assert (mean["figure"], mean["unit"], mean["changed"]) == ("mean", "ms", True)
    assert mean["difference"] == pytest.approx(2.0, abs=1e-9)
    assert mean["interval"] == pytest.approx([2.0, 2.0], abs=1e-9)


def test_a_baseline_of_what_fails_is_written_too_and_replaces_another(gate: Command):
    gate("--update-baseline")
    failed = gate("--set", "models.m.service.cpu=2 s", "--update-baseline")
    assert failed.code == 1
    assert "wrote day.baseline.json" in failed.err
    assert json.loads(FILE.read_text(encoding="utf-8"))["fields"]["models.m.service.cpu"] == "2 s"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("baseline_of", "night", "is the baseline of the scenario 'night', and this one is 'day'"),
        ("made_with", {"mmesim": "2.0.0"}, "was written by mmesim 2.0.0, which is newer than this one"),
        ("length", -1, "is damaged: length: "),
    ],
)
def test_a_baseline_that_cannot_be_used_is_bad_input_and_replaced_on_demand(gate: Command, key, value, said):
    gate("--update-baseline")
    data = json.loads(FILE.read_text(encoding="utf-8"))
    FILE.write_text(json.dumps(data | {key: value}), encoding="utf-8")
    refused = gate()
    assert refused.code == 64
    assert said in " ".join(refused.out.split())
    assert "the scenario could not be judged" in refused.err
    assert gate("--update-baseline").code == 0
    assert "nothing has changed" in gate().out


def test_a_file_of_somebody_else_is_not_overwritten(gate: Command):
    FILE.write_text('{"lines": 100}', encoding="utf-8")
    refused = gate("--update-baseline")
    assert refused.code == 64
    assert "move it away" in " ".join(refused.out.split())
    assert FILE.read_text(encoding="utf-8") == '{"lines": 100}'


def test_the_result_is_printed_also_where_the_baseline_cannot_be_written(gate: Command, monkeypatch):
    def full(self: Baseline, file: Path) -> None:
        raise OutputError(f"cannot write to {file}: no space left on device")

    monkeypatch.setattr(Baseline, "save", full)
    result = gate("--update-baseline")
    assert result.code == 64
    assert result.out.endswith("pass: the limit holds\n")
    assert "cannot write to day.baseline.json: no space left on device" in result.err
    assert "wrote" not in result.err
