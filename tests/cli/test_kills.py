"""Commands that are ended at random moments: nothing finished is lost, nobody and nothing is left behind."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

SCENARIO = """
name: day
endpoint: {instance_type: ml.m5.xlarge, instance_count: 2}
models: [{name: m, count: 20, memory: 100 MiB, artifact_size: 40 MB, service: {wait: 5 ms}, load: {cpu: 0.5 s}}]
traffic: [{arrivals: {poisson: {rate: 400 /s}}}]
run: {duration: 5 min, warmup: 30 s, replications: 6}
"""
PLAN = """
expect: [p95 < 100 ms]
plan: {grid: {endpoint.instance_count: 1..4}}
"""
GRID = ["--grid", "endpoint.instance_count=1,2,3", "--replications", "2"]
SIMULATIONS = 6
COMMANDS = {
    "run": ["run", "day.yaml", "--json"],
    "run -j 2": ["run", "day.yaml", "--json", "--jobs", "2"],
    "sweep": ["sweep", "day.yaml", "--json", *GRID],
    "plan": ["plan", "plan.yaml", "--json"],
    "plan -j 2": ["plan", "plan.yaml", "--json", "--jobs", "2"],
}
STORES = {"sweep": "day-sweep/sweep.sqlite", "plan": "plan.sqlite"}
"""Command -> what it keeps, in the folder of results."""
LONGEST_S = 60.0
"""Time in which a command that was asked to end has ended, on a busy machine."""
WHOLE_S = 600.0
"""Time in which a command that nobody ends has done all, on a busy machine."""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


def command(folder: Path, words: list[str]) -> subprocess.Popen[str]:
    """A command in a group of processes of its own, whose temporary files lie in a folder of the test."""
    (folder / "tmp").mkdir(exist_ok=True)
    (folder / "day.yaml").write_text(SCENARIO)
    (folder / "plan.yaml").write_text(
        SCENARIO.replace("name: day", "name: planned").replace("5 min", "40 s").replace("400 /s", "100 /s") + PLAN
    )
    return subprocess.Popen(
        [sys.executable, "-m", "mmesim", *words],
        cwd=folder,
        env=os.environ | {"TMPDIR": str(folder / "tmp"), "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str], within_s: float = LONGEST_S) -> Ended:
    out, err = process.communicate(timeout=within_s)
    return Ended(process.returncode, out, err)


def is_gone(group: int) -> bool:
    """Whether no process of the group is left, a moment after its leader has ended."""
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def kept(folder: Path, command: str) -> tuple[int, int]:
    """Replications in the store of a command, and how often one was simulated."""
    with contextlib.closing(sqlite3.connect(folder / "results" / STORES[command])) as database:
        found: tuple[int, int] = database.execute(
            "SELECT count(*), coalesce(sum(times), 0) FROM replications"
        ).fetchone()
    return found


def end_at_a_random_moment(folder: Path, moments: random.Random, names: Sequence[str] = (*COMMANDS,)) -> str:
    """End one command by one signal at one moment, look at what is left, and run it again."""
    name = moments.choice(names)
    number = moments.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    whole_group = number != signal.SIGKILL and moments.random() < 0.5
    after_s = moments.uniform(0.0, 6.0)
    what = f"{name}, {number.name}{' to all' if whole_group else ''} after {after_s:.2f} s"
    process = command(folder, COMMANDS[name])
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after_s)
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if whole_group else os.kill)(process.pid, number)
    end = ended(process)
    assert is_gone(process.pid), f"{what}: somebody is left"
    assert "Traceback" not in end.err, f"{what}: {end.err}"
    # Before the command hears signals, one ends it as it ends any process.
    assert end.code in (0, 130, -number), f"{what}: code {end.code}: {end.err}"
    results = folder / "results"
    kind = name.partition(" ")[0]
    if kind == "run" and end.out:
        summary = json.loads(end.out)
        assert end.code == (130 if summary["interrupted"] else end.code), what
        assert summary["replications"] >= 1
        assert json.loads((results / "day" / "summary.json").read_text()) == summary, what
    if kind == "plan" and end.out:
        document = json.loads(end.out)
        assert document["finished"] or end.code == 130, what  # a signal may come when all is finished, and wait
        assert json.loads((results / "planned-plan" / "plan.json").read_text()) == document, what
    again = ended(command(folder, COMMANDS[name]), WHOLE_S)
    assert again.code == 0, f"{what}: {again.err}"
    if kind == "sweep":
        assert kept(folder, kind) == (SIMULATIONS, SIMULATIONS), what
    if kind == "plan":
        replications, simulated = kept(folder, kind)
        assert replications == simulated > 0, f"{what}: {simulated - replications} were lost"
        assert json.loads(again.out)["finished"], what
    left = [path.name for path in (*results.rglob(".mmesim-*"), *(folder / "tmp").iterdir())]
    assert left == [], f"{what}: {left}"
    return what


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_command_can_be_ended_at_any_moment(tmp_path: Path, seed: int) -> None:
    end_at_a_random_moment(tmp_path, random.Random(seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 200))
def test_a_command_can_be_ended_at_a_hundred_moments(tmp_path: Path, seed: int) -> None:
    end_at_a_random_moment(tmp_path, random.Random(seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(15))
def test_a_plan_can_be_ended_at_fifteen_moments(tmp_path: Path, seed: int) -> None:
    end_at_a_random_moment(tmp_path, random.Random(seed), ["plan", "plan -j 2"])
