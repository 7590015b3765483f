"""`mmesim run`: options, exit codes, what goes to stdout, to stderr and to the folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mmesim.cli.common import folder_name
from mmesim.experiment.execute import task
from mmesim.experiment.execute.task import Observer
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from mmesim.scenario.file.load import load
from tests.helpers.command import Command
from tests.unit.experiment.fakes import Simulate
from tests.unit.results.synthetic import Call, run_data

SCENARIO = """\
name: day
endpoint: {vcpu: 2, memory: 8 GiB}
models: [{name: m, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 20 ms}}]
traffic: [{arrivals: {poisson: {rate: 1 /s}}}]
run: {duration: 100 s, replications: 2}
expect: [p99 < 500 ms]
"""


class Engine:
    """Stands in for the simulation: the calls of each replication are given; notes what it was asked for."""

    def __init__(self) -> None:
        self.calls = [Call(0.02)] * 1000
        self.checks = {"conservation": "ok"}
        self.asked: list[tuple[int, int, int | None]] = []
        self.stops_at = -1

    def __call__(self, scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
        if replication == self.stops_at:
            raise KeyboardInterrupt
        self.asked.append((scenario.run.seed, replication, records))
        run = run_data(scenario, self.calls, replication=replication, checks=self.checks)
        return run if records else replace(run, records=None)


@pytest.fixture
def engine(stand_in: Callable[[Simulate], None]) -> Engine:
    engine = Engine()
    stand_in(engine)
    return engine


@pytest.fixture
def run(engine: Engine, mmesim: Command) -> Command:
    """`mmesim run` in a folder that holds day.yaml."""
    Path("day.yaml").write_text(SCENARIO)
    return lambda *words: mmesim("run", *words)


def test_report_on_stdout_talk_on_stderr_and_a_folder(run: Command) -> None:
    done = run("day.yaml")
    assert done.code == 0
    assert done.out.startswith("day: 1 x 2 vCPU, 8 GiB, 1 model\n")
    assert done.out.endswith("Self-check: ok (no call lost)\n\npass: the limit holds\n")
    assert done.err == "2,000 requests in 1 s of simulation, 2,000 requests/s on one core\nresult in results/day\n"
    assert sorted(p.name for p in Path("results/day").iterdir())[-2:] == ["summary.json", "windows.parquet"]


def test_json_on_stdout_is_the_summary(run: Command) -> None:
    done = run("day.yaml", "--json", "--out", "there")
    assert json.loads(done.out)["scenario"] == "day"
    assert done.out == Path("there/summary.json").read_text()


def test_quiet_is_the_verdict_alone(run: Command, engine: Engine) -> None:
    done = run("day.yaml", "--quiet", "--check")
    assert (done.code, done.out, done.err) == (0, "pass\n", "")
    engine.calls = [Call(0.02)] * 900 + [Call(0.02, cause="queue_full")] * 100
    done = run("day.yaml", "--quiet", "--check")
    assert (done.code, done.out, done.err) == (1, "FAIL p99 < 500 ms\n", "")
    done = run("day.yaml", "--quiet", "--set", "expect=[]")
    assert (done.code, done.out, done.err) == (0, "nothing is expected\n", "")
    assert run("day.yaml", "-q", "--json").out == Path("results/day/summary.json").read_text()


def test_options_override_the_scenario(run: Command, engine: Engine) -> None:
    run("day.yaml", "--seed", "9", "--replications", "3", "--set", "run.duration=50 s", "--set", "run.seed=8")
    assert engine.asked == [(9, 0, 200_000), (9, 1, 200_000), (9, 2, 200_000)]
    assert json.loads(Path("results/day/summary.json").read_text())["simulated_s"] == 50.0


@pytest.mark.parametrize(
    ("words", "records"),
    [([], 200_000), (["--requests", "all"], -1), (["--requests", "500"], 500), (["--no-requests"], None)],
)
def test_records(run: Command, engine: Engine, words: list[str], records: int | None) -> None:
    assert run("day.yaml", *words).code == 0
    assert {asked[2] for asked in engine.asked} == {records}
    assert Path("results/day/requests.parquet").exists() == (records is not None)


@pytest.mark.parametrize("words", [["--requests", "some"], ["--requests", "0"], ["--requests", "1", "--no-requests"]])
def test_senseless_records_are_refused(run: Command, engine: Engine, words: list[str]) -> None:
    done = run("day.yaml", *words)
    assert done.code == 64
    assert "--requests" in done.err
    assert engine.asked == []


@pytest.mark.parametrize("words", [["--jobs", "0"], ["--replications", "0"], ["--seed", "-1"], []])
def test_senseless_command_lines_are_refused(run: Command, words: list[str]) -> None:
    done = run(*(["day.yaml", *words] if words else []))
    assert (done.code, done.out) == (64, "")


@pytest.mark.parametrize(
    ("slow", "code"),
    [(0, 0), (200, 1)],
)
def test_check_tells_by_the_exit_code(run: Command, engine: Engine, slow: int, code: int) -> None:
    engine.calls = [*[Call(0.02)] * (1000 - slow), *[Call(0.9)] * slow]
    assert run("day.yaml", "--check").code == code
    assert run("day.yaml").code == 0


def test_until_repeats_ten_times_at_least(run: Command, engine: Engine) -> None:
    done = run("day.yaml", "--until", "mean within 5 %")
    assert done.code == 0
    assert [asked[1] for asked in engine.asked] == list(range(10))
    assert "100 s x 10 replications, seed 1; [interval of at least 95 %]\n" in done.out
    assert "until  mean within 5 %: reached after 10 replications (0 %)\n" in done.out
    summary = json.loads(Path("results/day/summary.json").read_text())
    assert (summary["until"]["looks"], summary["replications"]) == ([10], 10)
    assert "until: mean within 5 %" in Path("results/day/scenario.yaml").read_text()


def test_until_gives_up_at_max_replications_and_check_does_not_mind(run: Command, engine: Engine) -> None:
    words = ("--until", "error_rate within 5 %", "--set", "run.max_replications=12", "--check")
    done = run("day.yaml", *words)
    assert (done.code, len(engine.asked)) == (0, 12)
    assert "not reached: error_rate is 0, which has no share after 12 replications" in " ".join(done.out.split())


def test_a_wrong_until_is_taught(run: Command, engine: Engine) -> None:
    done = run("day.yaml", "--until", "p99 < 5 %")
    assert (done.code, done.out, engine.asked) == (64, "", [])
    assert "p99 within 5 %" in done.err


def test_check_says_undecided(run: Command, engine: Engine) -> None:
    engine.calls = [Call(0.02)] * 20
    done = run("day.yaml", "--check")
    assert done.code == 2
    assert "UNDECIDED   p99 < 500 ms" in done.out


def test_a_folder_that_cannot_be_used_is_refused_before_the_simulation(run: Command, engine: Engine) -> None:
    Path("notes").mkdir()
    Path("notes/mine.txt").write_text("mine")
    done = run("day.yaml", "--out", "notes")
    assert (done.code, done.out, engine.asked) == (64, "", [])
    assert "not part of a result of mmesim" in done.err


def test_a_scenario_that_does_not_exist(run: Command) -> None:
    done = run("night.yaml")
    assert (done.code, done.out) == (64, "")
    assert "night.yaml" in done.err
    assert not Path("results").exists()


def test_a_failed_self_check_is_shown_and_is_our_fault(run: Command, engine: Engine) -> None:
    engine.checks = {"conservation": "1 call is missing"}
    done = run("day.yaml", "--check")
    assert done.code == 70
    assert "Self-check: FAILED: conservation" in done.out
    assert "cannot be trusted" in done.err


def test_interrupt_keeps_what_is_finished(run: Command, engine: Engine) -> None:
    engine.stops_at = 1
    done = run("day.yaml", "--check")
    assert done.code == 130
    assert "INTERRUPTED: 1 of 2 replications were finished" in done.out
    assert json.loads(Path("results/day/summary.json").read_text())["interrupted"] is True


def test_interrupt_before_anything_is_finished_writes_nothing(run: Command, engine: Engine) -> None:
    engine.stops_at = 0
    done = run("day.yaml")
    assert (done.code, done.out, done.err) == (130, "", "interrupted\n")
    assert not Path("results").exists()


def test_compiling_is_announced(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "is_compiled", lambda: False)
    assert run("day.yaml").err.startswith("compiling the simulation kernel, once: about 20 s of CPU time")


@pytest.mark.parametrize(
    ("name", "folder"), [("day-1.b", "day-1.b"), ("a/b c", "a-b-c"), ("../..", "-.."), ("..", "scenario"), ("ü", "ü")]
)
def test_folder_names_stay_in_the_folder(name: str, folder: str) -> None:
    assert folder_name(name) == folder


def test_a_warm_up_that_is_found_is_a_number_in_the_result(run: Command, engine: Engine) -> None:
    done = run("day.yaml", "--set", "run.warmup=auto")
    assert done.err.startswith("finding the warm-up with pilot runs, which are not measured\n")
    summary = json.loads(Path("results/day/summary.json").read_text())
    kept = load("results/day/scenario.yaml")
    assert kept.run.warmup_s == summary["steady_state"]["warmup_s"] == summary["warmup_s"]
    assert kept.run.warmup_found is not None
    # The pilots were simulated, not measured: the engine of the test was asked for the replications alone.
    assert [replication for _, replication, _ in engine.asked] == [0, 1]


def test_the_scenario_of_the_result_gives_the_same_result_without_pilots(mmesim: Command) -> None:
    Path("day.yaml").write_text(SCENARIO)
    mmesim("run", "day.yaml", "--set", "run.warmup=auto", "--set", "run.duration=20 min", "--out", "first")
    again = mmesim("run", "first/scenario.yaml", "--out", "second")
    assert "finding" not in again.err
    first, second = (json.loads(Path(folder, "summary.json").read_text()) for folder in ("first", "second"))
    assert first | {"wall_s": 0} == second | {"wall_s": 0}
    assert first["steady_state"]["verdict"] == "steady"


def test_a_result_of_another_scenario_is_replaced_only_with_a_note(run: Command) -> None:
    assert "holds the result" not in run("day.yaml").err
    assert "holds the result" not in run("day.yaml").err
    changed = run("day.yaml", "--seed", "7", "--set", "clients.timeout=9 s")
    assert changed.err.startswith(
        "note: results/day holds the result of another scenario, which is replaced "
        "(clients.timeout: 70 s there, 9 s here; run.seed: 1 there, 7 here); --out keeps both\n"
    )
    assert "holds the result" not in run("day.yaml", "--out", "other").err
    assert run("day.yaml", "-q").err == ""
