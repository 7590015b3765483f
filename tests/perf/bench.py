"""Benchmarks, run by `make bench`; not named test_*, so that no other run collects them.

Each round runs every case once, so that whatever else the machine does hits all of them alike. Nothing here judges a
time: `report` does, in the table it writes.
"""

from __future__ import annotations

import gc
import json
import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from mmesim.engine.simulation import simulate
from tests.perf import cases, workloads
from tests.perf.cases import Done
from tests.perf.child import probe, python
from tests.perf.day import DAY_S

ROUNDS = 5
CASES = tuple(case.name for case in cases.cases(1.0))
MEMORY_REQUESTS = (1_000_000, 4_000_000, 16_000_000)
REPLICATION_S = 5.0
"""Length of a replication where several run at the same time."""


@pytest.fixture(scope="module")
def all_cases(request: pytest.FixtureRequest) -> dict[str, cases.Case]:
    simulate(workloads.queue(1000))  # the kernel is compiled or loaded before anything is timed
    return {case.name: case for case in cases.cases(request.config.getoption("scale"))}


def note(benchmark: BenchmarkFixture, case: str, number: int, done: Done, cpu_s: float) -> None:
    benchmark.extra_info.update(case=case, round=number, units=done.units, cpu_s=cpu_s, facts=done.facts)


@pytest.mark.parametrize("case", CASES)  # varies fastest
@pytest.mark.parametrize("number", range(ROUNDS))
def test_rate(benchmark: BenchmarkFixture, all_cases: dict[str, cases.Case], number: int, case: str) -> None:
    prepared = all_cases[case].prepare(number)
    gc.collect()  # nobody pays for the rubbish of the case before

    def run() -> tuple[object, float]:
        begun = time.process_time()
        result = prepared.run()
        return result, time.process_time() - begun

    result, cpu_s = benchmark.pedantic(run)
    done = prepared.done(result)
    note(benchmark, case, number, done, done.facts.get("cpu_s", cpu_s))


@pytest.mark.parametrize("requests", MEMORY_REQUESTS)
def test_memory(benchmark: BenchmarkFixture, request: pytest.FixtureRequest, requests: int) -> None:
    scaled = round(requests * request.config.getoption("scale"))
    facts, cpu_s = benchmark.pedantic(probe, args=(["memory", str(scaled)], None))
    note(benchmark, "memory", MEMORY_REQUESTS.index(requests), Done(int(facts["requests"]), facts), cpu_s)


@pytest.fixture(scope="module")
def trace(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trace of the day, which takes as long to write as to replay: outside of what is timed."""
    file = tmp_path_factory.mktemp("day") / "day.parquet"
    probe(["write-trace", str(day_s(request)), str(file)])
    return file


def test_day(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> None:
    once(benchmark, "day", ["day", str(day_s(request))])


def test_day_from_a_trace(benchmark: BenchmarkFixture, request: pytest.FixtureRequest, trace: Path) -> None:
    once(benchmark, "day-trace", ["day-trace", str(day_s(request)), str(trace)])


def test_two_cores(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> None:
    once(benchmark, "two-cores", ["jobs", str(REPLICATION_S * request.config.getoption("scale"))])


def test_dask(benchmark: BenchmarkFixture, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    once(benchmark, "dask", ["dask", str(REPLICATION_S * request.config.getoption("scale")), str(tmp_path)])


def test_first_start(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    facts, cpu_s = benchmark.pedantic(probe, args=(["start"], tmp_path))
    note(benchmark, "start-first", 0, Done(1, facts), cpu_s)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_later_start(benchmark: BenchmarkFixture, number: int) -> None:
    facts, cpu_s = benchmark.pedantic(probe, args=(["start"], None))
    note(benchmark, "start-later", number, Done(1, facts), cpu_s)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_help(benchmark: BenchmarkFixture, number: int) -> None:
    _, cpu_s = benchmark.pedantic(python, args=(["-m", "mmesim", "--help"], None))
    note(benchmark, "help", number, Done(1), cpu_s)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_quickstart(benchmark: BenchmarkFixture, tmp_path: Path, number: int) -> None:
    words = ["-m", "tests.perf.phases", "--json", "run", "scenarios/quickstart.yaml", "--out", str(tmp_path / "out")]
    output, cpu_s = benchmark.pedantic(python, args=(words,))
    parts = json.loads(output.splitlines()[-1])
    facts = {f"{part} {what}": value for part, figures in parts.items() for what, value in figures.items()}
    note(benchmark, "quickstart", number, Done(1, facts), cpu_s)


def once(benchmark: BenchmarkFixture, case: str, words: list[str]) -> None:
    """What takes too long for several rounds."""
    facts, cpu_s = benchmark.pedantic(probe, args=(words,))
    note(benchmark, case, 0, Done(int(facts.get("requests", 1)), facts), cpu_s)


def day_s(request: pytest.FixtureRequest) -> float:
    """Simulated seconds of the day."""
    return DAY_S * float(request.config.getoption("scale"))
