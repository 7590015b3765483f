"""Findings of a finished run: threads that waste CPU time, and verdicts on an edge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmesim.engine.simulation import simulate
from mmesim.preflight.finding import Finding
from mmesim.results.expect.expect import judge
from mmesim.results.figures.latency import pool
from mmesim.results.findings.of_run import findings
from mmesim.scenario.scenario import Scenario
from tests.unit.results.synthetic import Call, replications, scenario

THREADS = """\
name: threads
endpoint: {vcpu: 12, memory: 64 GiB, warm: true, router: {overhead: 0 s}}
server: {overhead: {}, process_start: {}}
clients: {network: 0 s}
models: {name: m, artifact_size: 10 MB, memory: 1 GiB, workers: 5, framework: pytorch, process_memory: 300 MiB,
         load: {wait: 1 s}, service: {cpu: 12 s, threads: 12}}
traffic: {trace: {file: calls.csv}}
run: {duration: 10 min, replications: 1}
"""


def of_threads(folder: Path, calls: int, oversubscription: float) -> tuple[Scenario, Any]:
    (folder / "s.yaml").write_text(THREADS)
    (folder / "calls.csv").write_text("time,model\n" + "0.0,m\n" * calls)
    of = Scenario.from_yaml(folder / "s.yaml", [f"models.m.oversubscription={oversubscription}"])
    return of, simulate(of)


def by_id(found: list[Finding]) -> dict[str, Finding]:
    return {finding.id: finding for finding in found}


def test_threads_are_named_when_they_waste_time(tmp_path: Path) -> None:
    # Five calls of 12 threads on 12 vCPUs: the capacity is divided by 1 + 0.67 x (60 / 12 - 1) = 3.68.
    of, run = of_threads(tmp_path, 5, 0.67)
    lost = 1.0 - 1.0 / 3.68
    assert run.hosts.spin_lost_s.sum() / run.hosts.cpu_busy_s.sum() == pytest.approx(lost)
    found = by_id(findings(of, [run], [], None))["threads"]
    assert found.severity == "warning"
    assert found.evidence["lost_share"] == pytest.approx(lost)
    assert found.text.startswith("spinning threads wasted 72.8 % of the busy CPU time: threads are the cause")
    assert found.try_ == "models.m.service.threads=1, as OMP_NUM_THREADS=1 does"


@pytest.mark.parametrize(("calls", "oversubscription"), [(1, 0.67), (5, 0.0), (2, 0.1)])
def test_threads_are_not_named_when_they_waste_little(tmp_path: Path, calls: int, oversubscription: float) -> None:
    of, run = of_threads(tmp_path, calls, oversubscription)
    assert run.hosts.spin_lost_s.sum() <= 0.1 * run.hosts.cpu_busy_s.sum()
    assert "threads" not in by_id(findings(of, [run], [], None))


@pytest.mark.parametrize(
    ("expect", "on_edge"),
    [
        ("mean < 104 ms", True),
        ("mean < 106 ms", False),
        ("mean < 98 ms", True),
        ("mean < 50 ms", False),
        ("cache_hit_ratio >= 95 %", False),  # 4 % of misses are far from 5 %
        ("cache_hit_ratio >= 95.9 %", True),
        ("cpu_utilization < 51 %", True),
        ("cpu_utilization < 60 %", False),
        ("error_rate < 0.1 %", False),
        ("cost.hour < 0.37 USD", False),  # that of one host at 0.36 USD, however many calls come
    ],
)
def test_a_verdict_that_little_more_turns_round_is_on_an_edge(expect: str, on_edge: bool) -> None:
    of = scenario([expect])
    calls = [Call(0.1)] * 960 + [Call(0.1, load_wait=1e-6, load=0)] * 40
    runs = replications(of, calls)
    found = by_id(findings(of, runs, judge(of, runs, pool(runs)), None))
    assert ("edge" in found) == on_edge
    if on_edge:
        assert found["edge"].severity == "warning"
        assert found["edge"].text.startswith(f"{expect}: ")
        assert "on an edge: the figure is within" in found["edge"].text


def test_an_edge_says_when_only_the_interval_is_near() -> None:
    of = scenario(["mean < 118 ms"], run={"replications": 2})
    runs = replications(of, [Call(0.1)] * 50, [Call(0.1028)] * 50)
    entry: Any = judge(of, runs, pool(runs))[0] | {"ci95": [90.0, 117.0], "value": 103.0, "verdict": "pass"}
    found = by_id(findings(of, runs, [entry], None))
    assert "on an edge: an end of its 95 % interval is within 5 % of its limit" in found["edge"].text


@pytest.mark.parametrize(("second_s", "end_ms", "near"), [(0.1028, 119.2, False), (0.104, 127.4, True)])
def test_the_end_of_the_interval_decides_what_is_near(second_s: float, end_ms: float, near: bool) -> None:
    of = scenario(["mean < 130 ms"], run={"replications": 2})  # near from 123.5 ms on, and the mean is below that
    runs = replications(of, [Call(0.1)] * 50, [Call(second_s)] * 50)
    entry: Any = judge(of, runs, pool(runs))[0]
    assert entry["verdict"] == "pass"
    assert entry["value"] < 103.0
    assert entry["ci95"][1] == pytest.approx(end_ms, abs=0.1)
    assert ("edge" in by_id(findings(of, runs, [entry], None))) == near


def test_an_undecided_verdict_is_no_edge() -> None:
    of = scenario(["mean < 100 ms"], run={"replications": 2})
    runs = replications(of, [Call(0.08)] * 50, [Call(0.11)] * 50)
    entries = judge(of, runs, pool(runs))
    assert entries[0]["verdict"] == "undecided"
    assert "edge" not in by_id(findings(of, runs, entries, None))
