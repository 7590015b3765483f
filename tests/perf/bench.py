"""Benchmarks, run by `make bench`; not named test_*, so that no other run collects them.

Each round runs every case once, so that whatever else the machine does hits all of them alike. Nothing here judges a
time: `report` does, in the table it writes.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from mmesim.engine.simulation import simulate
from tests.perf import cases, workloads
from tests.perf.cases import Done

ROOT = Path(__file__).parents[2]
ROUNDS = 5
CASES = tuple(case.name for case in cases.cases(1.0))
MEMORY_REQUESTS = (1_000_000, 4_000_000, 16_000_000)


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
    note(benchmark, case, number, prepared.done(result), cpu_s)


@pytest.mark.parametrize("requests", MEMORY_REQUESTS)
def test_memory(benchmark: BenchmarkFixture, request: pytest.FixtureRequest, requests: int) -> None:
    scaled = round(requests * request.config.getoption("scale"))
    facts, cpu_s = benchmark.pedantic(probe, args=(["memory", str(scaled)], None))
    note(benchmark, "memory", MEMORY_REQUESTS.index(requests), Done(int(facts["requests"]), facts), cpu_s)


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


def probe(words: list[str], cache: Path | None) -> tuple[dict[str, float], float]:
    output, cpu_s = python(["-m", "tests.perf.probe", *words], cache)
    return json.loads(output), cpu_s


def python(words: list[str], cache: Path | None) -> tuple[str, float]:
    """What a Python process prints, and its CPU time; `cache`: an own folder for the compiled kernel."""
    environment = dict(os.environ)
    if cache is not None:
        environment.pop("NUMBA_CACHE_DIR", None)
        environment["XDG_CACHE_HOME"] = str(cache)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
