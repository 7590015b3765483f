"""Replications in one process or several: the same result, in order, and what Ctrl-C and failures leave."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmesim import replicate, run
from mmesim.errors import (
    OutputError,
    ScenarioError,
    StoppedWarning,
    TooLarge,
    TraceError,
    UserError,
    WorkerKilled,
)
from mmesim.experiment.execute.executors import local
from mmesim.experiment.execute.task import Task
from mmesim.experiment.replicate import run_replications
from mmesim.results.measured.run_data import RunData
from mmesim.results.result import Result
from tests.unit.experiment import fakes
from tests.unit.results.synthetic import scenario

FOUR = scenario(run={"replications": 4})


def test_replications_come_in_order_with_their_own_numbers() -> None:
    result = run_replications(FOUR, executor=fakes.Fake(fakes.random_service))
    assert [r.replication for r in result.runs] == [0, 1, 2, 3]
    assert len({r.latency_sum_s for r in result.runs}) == 4
    assert result.summary["interrupted"] is False


def test_number_of_processes_does_not_matter() -> None:
    alone = run_replications(FOUR, executor=fakes.Fake(fakes.random_service))
    with fakes.Fake(fakes.random_service, local(3)) as executor:
        together = run_replications(FOUR, executor=executor)
    assert together.to_json() == alone.to_json()
    assert together.requests.equals(alone.requests)


@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_is_told_on_the_way_and_at_the_end(jobs: int) -> None:
    told: list[tuple[int, float, int, int, int]] = []
    of = scenario(run={"replications": 2})
    with fakes.Fake(fakes.slow_to_end, local(jobs)) as executor:
        run_replications(of, executor=executor, watch=lambda *report: told.append(report))
    for replication in (0, 1):
        assert (replication, 50.0, 10, 9, 1) in told
        assert [t for t in told if t[0] == replication][-1][:3] == (replication, 100.0, 20)


def test_the_result_is_saved(tmp_path: Path) -> None:
    result = run_replications(FOUR, executor=fakes.Fake(fakes.random_service), save=tmp_path / "day")
    assert (tmp_path / "day" / "summary.json").read_text() == result.to_json()


def test_a_place_that_cannot_be_written_is_refused_before_the_simulation(tmp_path: Path) -> None:
    def never(*_: object) -> RunData:
        raise AssertionError("simulated")

    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        run_replications(FOUR, executor=fakes.Fake(never), save=tmp_path / "file")


def test_records_reach_the_simulation() -> None:
    assert run_replications(FOUR, executor=fakes.Fake(fakes.random_service), records=None).runs[0].records is None
    assert run_replications(FOUR, executor=fakes.Fake(fakes.random_service), records=-1).runs[0].records is not None


def test_interrupt_keeps_the_finished_replications() -> None:
    result = run_replications(FOUR, executor=fakes.Fake(fakes.interrupted_in_third))
    assert [r.replication for r in result.runs] == [0, 1]
    assert (result.summary["replications"], result.summary["interrupted"]) == (2, True)


def test_interrupt_before_anything_is_finished_goes_on() -> None:
    def at_once(*_: object) -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_replications(FOUR, executor=fakes.Fake(at_once))  # type: ignore[arg-type]


def test_interrupt_stops_the_other_processes() -> None:
    begun = time.monotonic()

    def interrupt_when_the_first_has_ended(replication: int, seconds: float, *counts: int) -> None:
        if replication == 0 and seconds == 100.0:
            signal.raise_signal(signal.SIGINT)

    of = scenario(run={"replications": 2})
    with fakes.Fake(fakes.second_hangs, local(2)) as executor:
        result = run_replications(of, executor=executor, watch=interrupt_when_the_first_has_ended)
    assert [r.replication for r in result.runs] == [0]
    assert time.monotonic() - begun < 30.0
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_of_the_input_is_the_users(jobs: int) -> None:
    executor = fakes.Fake(fakes.bad_trace, local(jobs))
    with pytest.raises(TraceError, match=r"day.csv:3: time goes back"), executor:
        run_replications(FOUR, executor=executor)


def test_a_killed_process_is_reported() -> None:
    executor = fakes.Fake(fakes.killed, local(2))
    with pytest.raises(WorkerKilled, match=r"was killed by SIGKILL, as .* when memory runs out"), executor:
        run_replications(FOUR, executor=executor)


def test_a_killed_process_leaves_what_is_finished() -> None:
    executor = fakes.Fake(fakes.third_is_killed, local(2))
    with pytest.warns(StoppedWarning, match="was killed by SIGKILL"), executor:
        result = run_replications(FOUR, executor=executor)
    assert {run.replication for run in result.runs} >= {0}
    assert result.interrupted
    assert multiprocessing.active_children() == []


def test_processes_end_with_the_one_that_asked(tmp_path: Path) -> None:
    program = """
from mmesim.experiment.execute.executors import local
from mmesim.experiment.execute.task import Task
from mmesim.experiment.replicate import run_replications
from tests.unit.experiment import fakes
from tests.unit.results.synthetic import scenario

def tell(replication, seconds, *counts):
    if replication == 0 and seconds == 100.0:
        print("first", flush=True)

with fakes.Fake(fakes.second_hangs, local(2)) as executor:
    run_replications(scenario(run={"replications": 2}), executor=executor, watch=tell)
"""
    command, here = [sys.executable, "-c", program], os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=here) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "first\n"
        parent.kill()
        # The pipe is closed when nobody holds it any more: the second replication would hold it for a minute.
        parent.communicate(timeout=30.0)


def test_a_result_needs_a_replication() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Result(FOUR, ())


def test_a_simulation_that_does_not_fit_into_memory_is_an_error_of_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 25.0 GiB")

    monkeypatch.setattr("mmesim.engine.simulation.simulate", full)
    with pytest.raises(TooLarge, match=r"25\.0 GiB.*mmesim validate") as caught:
        Task(FOUR, 0).run()
    assert caught.value.exit_code == 64


def test_run_takes_the_number_of_replications() -> None:
    base = scenario(run={"replications": 2})
    assert len(run(base, replications=3).runs) == 3
    assert len(replicate(base, 3).runs) == 3
    assert len(run(base.with_({"run.until": "mean within 5 %"}), replications=3).runs) == 3
    with pytest.raises(UserError, match="replications and until exclude each other: replications is how many are run"):
        run(base, replications=3, until="mean within 5 %")
    with pytest.raises(ScenarioError, match=r"run\.replications: 0 is too small"):
        run(base, replications=0)
