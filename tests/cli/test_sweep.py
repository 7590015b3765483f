"""`mmesim sweep`: options, exit codes, what goes to stdout, to stderr and to files, and going on after a kill."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mmesim.experiment.execute.task import Observer
from mmesim.experiment.store.store import Store
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from tests.helpers.command import Command
from tests.helpers.files import ROOT
from tests.helpers.page import Page
from tests.unit.experiment.fakes import Simulate
from tests.unit.results.synthetic import Call, run_data

COUNT = "endpoint.instance_count"
SCENARIO = """\
name: day
endpoint: {vcpu: 2, memory: 8 GiB, price_per_hour: 0.5 USD}
models: [{name: m, count: 20, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 20 ms}}]
traffic: [{arrivals: {poisson: {rate: 10 /s}}}]
run: {duration: 100 s, replications: 2}
expect: [p99 < 15 ms]
"""


@dataclass
class Engine:
    """Stands in for the simulation: a call takes 10 ms for each instance; stops at a point when asked to."""

    asked: int = 0
    stops_at: int = -1

    def __call__(self, scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
        if scenario.endpoint.instance_count == self.stops_at:
            raise KeyboardInterrupt
        self.asked += 1
        call = Call(0.01 * scenario.endpoint.instance_count + 1e-5 * replication)
        return run_data(scenario, [call] * 1000, replication=replication)


@pytest.fixture
def engine(stand_in: Callable[[Simulate], None]) -> Engine:
    engine = Engine()
    stand_in(engine)
    return engine


@pytest.fixture
def sweep(engine: Engine, mmesim: Command) -> Command:
    """`mmesim sweep` in a folder that holds day.yaml."""
    Path("day.yaml").write_text(SCENARIO)
    return lambda *words: mmesim("sweep", *words)


def test_a_table_on_stdout_talk_on_stderr_and_files(sweep: Command) -> None:
    done = sweep("day.yaml", "--grid", f"{COUNT}=1,2", "--metrics", "p50,cost")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "day: 2 points x 2 replications, seed 1; [95 % interval]"
    assert lines[4].split()[:2] == ["0", "1"]
    assert lines[5].split()[:4] == ["1", "2", "FAIL", "p99"]
    assert done.err == "4 simulations\ntables in results/day-sweep\n"
    found = {path.name for path in Path("results/day-sweep").iterdir()}
    tables = {"sweep.csv", "sweep.parquet", "sweep.sqlite"}
    assert found == {"provenance.json", "scenario.yaml", "sweep.json", *tables}
    assert pd.read_csv("results/day-sweep/sweep.csv")[COUNT].tolist() == [1, 2]


def test_json_has_the_rows_of_the_table(sweep: Command) -> None:
    done = sweep("day.yaml", "--grid", f"{COUNT}=1,2", "--json")
    found = json.loads(done.out)
    assert (found["scenario"], found["asked"]) == ("day", 2)
    table = pd.read_csv("results/day-sweep/sweep.csv")
    assert [[*point] for point in found["points"]] == [[*table.columns]] * 2
    assert [point["p50_ms"] for point in found["points"]] == table["p50_ms"].tolist()


def test_the_same_command_simulates_nothing_twice(sweep: Command, engine: Engine) -> None:
    first = sweep("day.yaml", "--grid", f"{COUNT}=1,2")
    again = sweep("day.yaml", "--grid", f"{COUNT}=1,2")
    assert engine.asked == 4
    assert again.out == first.out
    assert again.err.startswith("0 simulations, 4 more were already in results/day-sweep/sweep.sqlite")


def rows(printed: str, columns: int) -> list[list[str]]:
    """The first words of each line."""
    return [line.split()[:columns] for line in printed.splitlines()]


def test_points_of_a_file_samples_and_the_scenario_itself(sweep: Command) -> None:
    Path("points.csv").write_text(f"{COUNT},endpoint.eviction\n1,lru\n3,lfu\n")
    assert ["1", "3", "lfu"] in rows(sweep("day.yaml", "--points", "points.csv").out, 3)
    drawn = sweep("day.yaml", "--sample", "lhs:5", "--range", "models.m.memory=40 MiB..80 MiB", "--seed", "3")
    assert drawn.out.startswith("day: 5 points x 2 replications, seed 3")
    Path("day.yaml").write_text(SCENARIO + f"sweep: {{grid: {{{COUNT}: [4]}}}}\n")
    assert ["0", "4"] in rows(sweep("day.yaml").out, 2)


def test_a_plot_is_written(sweep: Command) -> None:
    assert sweep("day.yaml", "--grid", f"{COUNT}=1,2", "--plot", "plots/p99.svg").code == 0
    assert "p99 latency" in Path("plots/p99.svg").read_text()
    assert sweep("day.yaml", "--grid", f"{COUNT}=1,2", "--metrics", "cost,p99", "--plot", "cost.svg").code == 0
    assert "cost per hour" in Path("cost.svg").read_text()


def test_a_page_is_written_beside_the_tables(sweep: Command) -> None:
    assert sweep("day.yaml", "--grid", f"{COUNT}=1,2", "--report", "--out", "made").code == 0
    page = Page(Path("made/report.html").read_text(encoding="utf-8"))
    assert "1 pass" in page.sections["part-0"]
    assert not list(page.loads())


def test_its_folder_makes_the_same_page_later(sweep: Command, mmesim: Command) -> None:
    words = ("day.yaml", "--grid", f"{COUNT}=1,2", "--metrics", "p50,cost", "--out", "made")
    said = sweep(*words, "--report").out
    at_once = Path("made/report.html").read_text(encoding="utf-8")
    assert {"assumptions", "scenario"} < Page(at_once).sections.keys()
    assert mmesim("report", "made").code == 0
    assert Path("made/report.html").read_text(encoding="utf-8") == at_once
    assert mmesim("report", "made", "--out", "-").out == said


def test_store_and_folder_are_where_they_are_asked_for(sweep: Command) -> None:
    assert sweep("day.yaml", "--grid", f"{COUNT}=1", "--out", "tables", "--store", "kept/all.sqlite").code == 0
    found = {path.name for path in Path("tables").iterdir()}
    assert found == {"provenance.json", "scenario.yaml", "sweep.csv", "sweep.json", "sweep.parquet"}
    assert Path("kept/all.sqlite").exists()


def test_two_names_that_make_one_folder_do_not_share_it(sweep: Command) -> None:
    """`a b` and `a-b` have the same folder by default: the second would replace the tables of the first."""
    for name, code in (("a b", 0), ("a b", 0), ("a-b", 64)):
        outcome = sweep("day.yaml", "--grid", f"{COUNT}=1,2", "--set", f"name={name}")
        assert outcome.code == code, outcome.err
    assert "results/a-b-sweep holds the sweep of another scenario, 'a b': choose another" in " ".join(
        outcome.err.split()
    )
    assert (
        sweep("day.yaml", "--grid", f"{COUNT}=1", "--set", "name=a-b", "--out", "results/a-b-sweep").code == 0
    )  # it was asked for
    Path("results/a-b-sweep/provenance.json").write_text("[")
    assert sweep("day.yaml", "--grid", f"{COUNT}=1", "--set", "name=a b").code == 0


def test_ctrl_c_shows_what_is_finished_and_says_how_to_go_on(sweep: Command, engine: Engine) -> None:
    engine.stops_at = 3
    done = sweep("day.yaml", "--grid", f"{COUNT}=1,2,3")
    assert done.code == 130
    assert "INTERRUPTED: 2 of 3 points were finished" in done.out
    assert "stopped after 4 simulations: what is finished is in results/day-sweep/sweep.sqlite" in done.err
    assert "run the same command to continue" in done.err
    engine.stops_at = -1
    assert sweep("day.yaml", "--grid", f"{COUNT}=1,2,3").err.startswith("2 simulations, 4 more")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "day: nothing to sweep: write a section `sweep`"),
        (["--grid", "endpoint.instance_cont=1"], "did you mean instance_count?"),
        (["--grid", f"{COUNT}=0"], f"{COUNT}: 0 is too small: at least 1"),
        (["--grid", f"{COUNT}="], "is empty: give at least one value"),
        (["--grid", f"{COUNT}=1,2,1"], f"{COUNT}: 1 is given twice: give each value once"),
        (["--grid", f"{COUNT}=1", "--replications", "2001"], "2,001 simulations, more than 2,000"),
        (["--grid", f"{COUNT}=1", "--metrics", "p98"], "unknown metric 'p98'"),
        (["--grid", f"{COUNT}=1", "--metrics", "recovery"], "day has no fault or deploy to recover from"),
        (["--grid", f"{COUNT}=1", "--metrics", ""], "--metrics needs names such as"),
        (["--grid", f"{COUNT}=1", "--plot", "plot.gif"], "a plot is written as .png, .svg or .pdf"),
        (["--grid", f"{COUNT}=1", "--out", "day.yaml"], "cannot write to day.yaml"),
        (["--grid", f"{COUNT}=1", "--store", "day.yaml"], "day.yaml: file is not a database"),
        (["--grid", f"{COUNT}=1", "--jobs", "2", "--cluster", "tcp://x:1"], "--jobs and --cluster exclude each other"),
        (["--sample", "sobol:4"], "needs ranges"),
        (["--points", "none.csv"], "none.csv: cannot be read"),
    ],
)
def test_mistakes_are_told_before_anything_is_simulated(
    sweep: Command, engine: Engine, words: list[str], message: str
) -> None:
    done = sweep("day.yaml", *words)
    assert done.code == 64
    assert message in " ".join(done.err.split())
    assert (done.out, engine.asked) == ("", 0)
    assert not Path("results").exists()


def test_yes_allows_many_simulations(sweep: Command, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmesim.experiment.sweep.sweep.MOST", 3)
    assert sweep("day.yaml", "--grid", f"{COUNT}=1,2").code == 64
    assert sweep("day.yaml", "--grid", f"{COUNT}=1,2", "--yes").code == 0
    assert engine.asked == 4


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "sweep"])
def test_a_scheduler_that_does_not_answer_is_the_users(mmesim: Command, command: str) -> None:
    Path("day.yaml").write_text(SCENARIO + f"sweep: {{grid: {{{COUNT}: [1]}}}}\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        done = mmesim(command, "day.yaml", "--cluster", address)
    assert (done.code, done.out) == (64, "")
    assert f"no scheduler answers at {address} within 10 s: start one with `dask scheduler`" in done.err


def command(folder: Path, jobs: int = 1, **options: Any) -> subprocess.Popen[bytes]:
    """A sweep of 24 points in a process of its own, as a user starts it."""
    words = ["sweep", "day.yaml", "--jobs", str(jobs), "--grid", f"{COUNT}=1,2,3,4"]
    words += ["--grid", "models.m.memory=10 MB,20 MB,30 MB", "--grid", "endpoint.eviction=lru,lfu"]
    here = os.environ | {"PYTHONPATH": str(ROOT)}
    with (folder / "out.txt").open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "mmesim", *words], cwd=folder, env=here, stdout=out, stderr=out, **options
        )


def results(folder: Path) -> list[bytes]:
    """Every byte that a sweep gave: its files, and its table without the talk."""
    files = [(folder / "results" / "day-sweep" / name).read_bytes() for name in ("sweep.csv", "sweep.parquet")]
    text = (folder / "out.txt").read_bytes()
    return [*files, text[text.index(b"day: 24 points") :].partition(b"simulations")[0].rpartition(b"\n")[0]]


def kept(folder: Path) -> tuple[int, int]:
    """Replications in the store, and how often one was put there."""
    with Store(folder / "results" / "day-sweep" / "sweep.sqlite") as store:
        return len(store), store.simulated


def finish(folder: Path) -> None:
    """Command the sweep to its end."""
    assert command(folder).wait(timeout=300) == 0, (folder / "out.txt").read_text()


def kill(folder: Path, after: int, moments: random.Random, jobs: int = 1) -> None:
    """Start the sweep, and kill it at a random moment after that many replications are in its store."""
    with command(folder, jobs) as process:
        wait_for(folder, after, process)
        time.sleep(moments.uniform(0.0, 0.1 if after else 3.0))
        process.send_signal(signal.SIGKILL)


def wait_for(folder: Path, replications: int, process: subprocess.Popen[bytes]) -> None:
    """Until that many replications are in the store, or the sweep has ended."""
    store = folder / "results" / "day-sweep" / "sweep.sqlite"
    while process.poll() is None and not (replications == 0 or (store.exists() and kept(folder)[0] >= replications)):
        time.sleep(0.01)


def prepared(folder: Path) -> Path:
    folder.mkdir()
    (folder / "day.yaml").write_text(SCENARIO)
    return folder


@pytest.mark.slow
def test_ctrl_c_stops_a_sweep_of_a_script_in_the_background(tmp_path: Path) -> None:
    folder = prepared(tmp_path / "sweep")
    # A shell without a terminal starts what runs in the background with SIGINT ignored; a terminal sends it to a group.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = command(folder, jobs=2, start_new_session=True)
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        wait_for(folder, 4, process)
        os.killpg(process.pid, signal.SIGINT)
        try:
            assert process.wait(timeout=60) == 130
        finally:
            process.kill()
    told = (folder / "out.txt").read_text()
    found = re.search(r"INTERRUPTED: (\d+) of 24 points were finished", told)
    assert found, told
    assert 1 <= int(found[1]) < 24
    assert "Traceback" not in told


@pytest.mark.slow
def test_a_sweep_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, killed = prepared(tmp_path / "whole"), prepared(tmp_path / "killed")
    finish(whole)
    assert kept(whole) == (48, 48)
    moments = random.Random(7)
    found = [0]
    for _ in range(3):
        kill(killed, found[-1] + moments.randint(1, 10), moments, jobs=2)
        assert len(set(kept(killed))) == 1
        found.append(kept(killed)[0])
    assert found == sorted(set(found))
    finish(killed)
    assert kept(killed) == (48, 48)
    assert results(killed) == results(whole)


@pytest.mark.long
def test_twenty_kills_at_random_moments_change_nothing(tmp_path: Path) -> None:
    whole = prepared(tmp_path / "whole")
    finish(whole)
    moments = random.Random(20)
    found: list[int] = []
    for number in range(20):
        killed = prepared(tmp_path / str(number))
        kill(killed, moments.randint(0, 45), moments, jobs=1 + number % 2)
        store = killed / "results" / "day-sweep" / "sweep.sqlite"
        found.append(kept(killed)[0] if store.exists() else 0)
        finish(killed)
        assert kept(killed) == (48, 48)
        assert results(killed) == results(whole)
    assert len({number for number in found if 0 < number < 48}) > 5, f"the kills did not fall into the sweep: {found}"
