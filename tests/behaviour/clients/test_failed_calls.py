"""What failed attempts waited for: timelines computed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmesim.engine.simulation import simulate
from mmesim.report import text as rendering
from mmesim.report.content.run import run_report
from mmesim.results.result import Result
from mmesim.scenario.scenario import Scenario

BASE = """\
name: failing
endpoint:
  {vcpu: 4, memory: 32 GiB, base_memory: 1 GiB, usable_memory: 20 GiB, network: 8 Gbit/s, disk_size: 200 GB,
   warm: true, unload: 0 s, router: {overhead: 0 s}, download: {first_byte: 0 s, stream: 100 MB/s, unpack: null}}
server: {overhead: {}, process_start: {}}
clients: {network: 0 s}
models:
  {name: m, artifact_size: 100 MB, memory: 1 GiB, framework: python, process_memory: 0 B,
   load: {wait: 2 s}, service: {wait: 4 s}}
traffic: {trace: {file: calls.csv}}
run: {duration: 10 min, replications: 1}
"""


def run(folder: Path, calls: list[float], *overrides: str) -> Result:
    (folder / "s.yaml").write_text(BASE)
    (folder / "calls.csv").write_text("time,model\n" + "".join(f"{at},m\n" for at in calls))
    scenario = Scenario.from_yaml(folder / "s.yaml", overrides)
    return Result(scenario, (simulate(scenario),))


def failed(result: Result, cause: str) -> dict[str, float]:
    """The parts of the failed attempts of a cause in seconds, those that are not 0."""
    entry: Any = result.summary["failed_ledger_ms"][cause]
    return {name: value / 1000.0 for name, value in entry.items() if name not in ("n", "mean") and value}


def test_a_call_that_times_out_in_the_queue_and_one_in_service(tmp_path: Path) -> None:
    # One worker, 4 s a job, clients give up after 6 s. The call of 0 s is answered at 4 s; that of 1 s is served from 4
    # to 8 s and given up at 7 s; that of 1.5 s is in the queue until it is given up at 7.5 s.
    result = run(tmp_path, [0.0, 1.0, 1.5], "clients.timeout=6 s")
    entry: Any = result.summary["failed_ledger_ms"]["client_timeout"]
    assert (entry["n"], entry["mean"]) == (2, pytest.approx(6000.0))
    assert failed(result, "client_timeout") == pytest.approx({"queue": (3.0 + 6.0) / 2, "service": 3.0 / 2})


def test_a_call_that_gives_up_during_a_load_knows_its_phases(tmp_path: Path) -> None:
    # The download of 100 MB takes 1 s, the load 2 s; the client gives up after 2.5 s.
    result = run(tmp_path, [0.0], "clients.timeout=2.5 s", "endpoint.warm=false")
    assert failed(result, "client_timeout") == pytest.approx({"download": 1.0, "load": 1.5})


def test_a_refused_call_took_no_time_but_the_network(tmp_path: Path) -> None:
    result = run(tmp_path, [0.0, 1.0, 1.5], "server.job_queue_size=1", "clients.network=10 ms")
    entry: Any = result.summary["failed_ledger_ms"]["queue_full"]
    assert (entry["n"], entry["mean"]) == (1, pytest.approx(10.0))
    assert failed(result, "queue_full") == pytest.approx({"network": 0.01})


def test_a_batch_that_is_cut_short_while_it_fills(tmp_path: Path) -> None:
    changes = ("models.m.batch_size=4", "models.m.max_batch_delay=5 s", "clients.timeout=3 s")
    assert failed(run(tmp_path, [0.0], *changes), "client_timeout") == pytest.approx({"batch_wait": 3.0})


def test_what_sharing_adds_to_a_job_that_is_cut_short(tmp_path: Path) -> None:
    # Four jobs of 4 CPU seconds on one vCPU, each alone on a worker; clients give up after 6 s: 4 s count as service.
    changes = ("models.m.workers=4", "endpoint.vcpu=1", "models.m.service={cpu: 4 s, wait: 0 s}", "clients.timeout=6 s")
    assert failed(run(tmp_path, [0.0] * 4, *changes), "client_timeout") == pytest.approx(
        {"service": 4.0, "cpu_wait": 2.0}
    )


def test_without_any_success_it_is_what_the_report_shows(tmp_path: Path) -> None:
    """A 97 GB artefact: 1,078 s of download and 647 s of unpacking against a limit of 360 s."""
    large = (
        "models.m.artifact_size=97 GB",
        "endpoint.warm=false",
        "endpoint.download={stream: 90 MB/s, unpack: 150 MB/s}",
    )
    result = run(tmp_path, [0.0, 10.0, 20.0], *large)
    assert result.summary["requests"]["ok"] == 0
    assert failed(result, "load_timeout") == pytest.approx({"download": 60.0})
    shown = rendering.text(run_report(result))
    assert "What failed attempts waited for, ms and share (mean by cause)" in shown
    assert ["download", "60,000.0", "100", "%"] in [line.split() for line in shown.splitlines()]
    assert "What binds: downloads" in shown
    found: Any = result.summary["binding_constraint"]
    assert (found["id"], found["share_of_tail"], found["share_of_errors"]) == ("download", None, pytest.approx(1.0))
    assert found["used"] == pytest.approx(97e9 / 90e6 + 97e9 / 150e6, rel=1e-3)


@pytest.mark.parametrize("retries", ["none", "{fixed: {delay: 1 s}}"])
def test_the_parts_of_failed_attempts_add_up_to_their_time(tmp_path: Path, retries: str) -> None:
    calls = [0.05 * k for k in range(400)]
    overrides = ["clients.timeout=7 s", "endpoint.warm=false", "models.m.count=1", "server.job_queue_size=5"]
    if retries != "none":
        overrides.append(f"clients.retries={retries}")
    result = run(tmp_path, calls, *overrides)
    data, summary = result.runs[0], result.summary
    timed_out: Any = summary["failed_ledger_ms"]["client_timeout"]
    assert timed_out["mean"] == pytest.approx(7000.0)
    attempts: Any = summary["attempts"]
    assert {cause: of["n"] for cause, of in summary["failed_ledger_ms"].items()} == attempts["causes"]
    assert (data.failed_parts_s >= 0.0).all()
