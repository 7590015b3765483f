"""Replications on a Dask cluster: the same bytes as locally, also when a worker is killed, and clear refusals."""

from __future__ import annotations

import builtins
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmesim.errors import TraceError, UserError
from mmesim.experiment.execute.executors import cluster
from mmesim.experiment.execute.versions import difference, versions
from mmesim.experiment.plan.plan import plan
from mmesim.experiment.replicate import run_replications
from mmesim.scenario import Scenario
from tests.unit.experiment import dask, fakes
from tests.unit.experiment.plan.faked import Engine, planned, write
from tests.unit.results.synthetic import scenario

pytestmark = pytest.mark.slow
FOUR = scenario(run={"replications": 4})


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler with two workers."""
    with dask.scheduler(tmp_path_factory.mktemp("dask")) as address, dask.worker(address), dask.worker(address):
        dask.wait_for_workers(address, 2)
        yield address


def test_a_cluster_gives_the_same_bytes_as_one_process(address: str) -> None:
    real = scenario(endpoint={"warm": True}, run={"replications": 3})
    alone = run_replications(real)
    with cluster(address) as executor:
        together = run_replications(real, executor=executor)
        made_up = run_replications(FOUR, executor=fakes.Fake(fakes.random_service, executor))
    assert together.requests.equals(alone.requests)
    assert together.hosts.equals(alone.hosts)
    assert {**together.summary, "wall_s": 0} == {**alone.summary, "wall_s": 0}
    assert made_up.to_json() == run_replications(FOUR, executor=fakes.Fake(fakes.random_service)).to_json()


def three_do(of: Scenario) -> float:
    """The share of slow calls: too many with two instances, few with three."""
    return {1: 0.9, 2: 0.15}.get(of.endpoint.instance_count, 0.02)


def test_a_plan_on_a_cluster_is_that_of_one_process(address: str, tmp_path: Path) -> None:
    file = write(tmp_path)
    with cluster(address) as executor:
        together = plan(file, executor=fakes.Fake(Engine(three_do), executor))
    assert together.answer is not None
    assert together.answer.instance_count == 3
    assert together.to_json() == planned(Engine(three_do), file).to_json()


def test_the_loss_of_a_worker_changes_nothing(tmp_path: Path) -> None:
    six = scenario(run={"replications": 6})
    expected = run_replications(six, executor=fakes.Fake(fakes.random_service)).to_json()
    finished: list[int] = []
    with dask.scheduler(tmp_path) as address, dask.worker(address), dask.worker(address) as victim:
        dask.wait_for_workers(address, 2)

        def kill_when_the_first_is_finished(replication: int, seconds: float, *counts: int) -> None:
            finished.append(replication)
            if len(finished) == 1:
                # Each of the two workers has its second task by now, and works at it for a second.
                time.sleep(0.3)
                victim.kill()

        with cluster(address) as executor:
            watch = kill_when_the_first_is_finished
            result = run_replications(six, executor=fakes.Fake(fakes.slow_to_end, executor), watch=watch)
        assert victim.wait() == -9
    assert result.to_json() == expected
    assert sorted(finished) == [0, 1, 2, 3, 4, 5]


def test_an_error_of_the_input_is_the_users(address: str) -> None:
    with cluster(address) as executor:
        with pytest.raises(TraceError, match=r"day.csv:3: time goes back"):
            run_replications(FOUR, executor=fakes.Fake(fakes.bad_trace, executor))
        assert len(run_replications(FOUR, executor=fakes.Fake(fakes.random_service, executor)).runs) == 4


def test_a_worker_of_another_version_is_refused(tmp_path: Path) -> None:
    with dask.scheduler(tmp_path) as address, dask.worker(address, _with_another_version(tmp_path)):
        dask.wait_for_workers(address, 1)
        with pytest.raises(UserError, match=r"the worker tcp://.* mmesim 9\.9\.9 .* there, .* here"), cluster(address):
            raise AssertionError("let in")


def test_a_scheduler_of_another_version_is_refused(tmp_path: Path) -> None:
    with dask.scheduler(tmp_path, _with_another_version(tmp_path)) as address, dask.worker(address):
        dask.wait_for_workers(address, 1)
        with pytest.raises(UserError, match=r"the scheduler tcp://.* mmesim 9\.9\.9"), cluster(address):
            raise AssertionError("let in")


def test_a_scheduler_without_workers_is_refused(tmp_path: Path) -> None:
    with (
        dask.scheduler(tmp_path) as address,
        pytest.raises(UserError, match=f"has no worker: start some with `dask worker {address}`"),
        cluster(address),
    ):
        raise AssertionError("let in")


def test_a_scheduler_that_does_not_answer_is_refused_within_ten_seconds() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        begun = time.monotonic()
        with pytest.raises(UserError, match=rf"no scheduler answers at {address} within 10 s"), cluster(address):
            raise AssertionError("let in")
    assert time.monotonic() - begun < 20.0


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(UserError, match="no scheduler answers at nowhere://else"), cluster("nowhere://else"):
        raise AssertionError("let in")


def test_a_scheduler_that_dies_is_told(tmp_path: Path) -> None:
    def kill(replication: int, seconds: float, *counts: int) -> None:
        scheduler.close()

    scheduler = dask.scheduler(tmp_path).gen
    address = next(scheduler)
    with dask.worker(address):
        dask.wait_for_workers(address, 1)
        with cluster(address) as executor, pytest.raises(UserError, match="was lost"):
            run_replications(FOUR, executor=fakes.Fake(fakes.slow_to_end, executor), watch=kill)


def test_without_dask_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, *rest: object, **named: object) -> object:
        if name == "distributed":
            raise ModuleNotFoundError("No module named 'distributed'", name="distributed")
        return original(name, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"pip install mmesim\[cluster\]"), cluster("tcp://127.0.0.1:1"):
        raise AssertionError("let in")


def test_every_difference_of_the_versions_is_named() -> None:
    assert difference(versions()) is None
    assert difference(versions() | {"numba": "0.1"}) == f"numba 0.1 there, {versions()['numba']} here"
    assert difference({}) is not None


def _with_another_version(folder: Path) -> dict[str, str]:
    """Variables of a process in which mmesim says that it is version 9.9.9."""
    (folder / "sitecustomize.py").write_text("import mmesim\nmmesim.__version__ = '9.9.9'\n")
    return {"PYTHONPATH": str(folder)}
