"""What is to be known of a trace that a run replays stands among its findings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmesim
from mmesim.experiment.store.pack import pack, unpack
from tests.helpers.texts import load_text

TEXT = """\
name: traced
endpoint: {{vcpu: 4, memory: 16 GiB, warm: true}}
models: {{name: m, artifact_size: 5 MB, memory: 10 MiB, framework: xgboost, service: {{cpu: 5 ms}}}}
traffic: [{{trace: {{file: {file}, {keys}}}}}]
run: {{duration: {duration}, replications: 2}}
"""

pytestmark = pytest.mark.filterwarnings("ignore::mmesim.errors.TraceWarning")


def found(tmp_path: Path, cells: list[str], duration: str = "100 s", keys: str = "") -> dict[str, dict[str, Any]]:
    file = tmp_path / "calls.csv"
    file.write_text("time,model\n" + "".join(f"{cell},m\n" for cell in cells))
    result = mmesim.run(load_text(TEXT.format(file=file, keys=keys or "service: false", duration=duration)))
    listed = [finding for finding in result.summary["findings"] if finding["id"].startswith("trace")]
    assert len({finding["id"] for finding in listed}) == len(listed)  # once, not for each replication
    assert all(str(tmp_path) not in finding["text"] for finding in listed)
    for run in result.runs:
        assert unpack(pack(run), result.scenario).trace_notes == run.trace_notes
    return {finding["id"]: finding for finding in listed}


def test_coarse_times_are_a_finding(tmp_path: Path) -> None:
    time = np.cumsum(np.random.default_rng(1).exponential(0.1, 1000))
    findings = found(tmp_path, [str(int(each)) for each in time], "2 min")
    assert set(findings) == {"trace_grid"}
    grid = findings["trace_grid"]
    assert grid["severity"] == "note"
    assert grid["text"].startswith("calls.csv: all times are multiples of 1 s")
    assert grid["evidence"]["resolution_s"] == 1.0
    assert grid["evidence"]["dispersion"] == pytest.approx(1.0, abs=0.3)
    assert found(tmp_path, [f"{each:.6f}" for each in time], "2 min") == {}


def test_bursts_and_minutes_that_cannot_be_recovered_are_a_finding(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    seconds = np.repeat(np.arange(600), rng.poisson(20.0, 600) * (rng.random(600) < 0.1))
    bursty = found(tmp_path, [str(each) for each in seconds], "10 min")["trace_grid"]
    assert bursty["severity"] == "warning"
    assert "bursts shorter than 1 s cannot be recovered" in bursty["text"]
    minutes = np.floor(np.cumsum(rng.exponential(0.5, 2400)) / 60.0) * 60.0
    coarse = found(tmp_path, [str(each) for each in minutes], "20 min")["trace_grid"]
    assert "bursts shorter than 60 s cannot be recovered" in coarse["text"]


@pytest.mark.parametrize(
    ("cells", "severity", "text"),
    [
        ([], "problem", "NO CALL is replayed: there is none"),
        (["200"], "problem", "NO CALL is replayed: the first is at 3.33 min, the run has 100 s"),
        (["1", "2"], "note", "the last call is at 2 s, the run has 100 s for the trace"),
        (["1", "101"], "note", "cut by the run: calls after its first 100 s are not replayed"),
    ],
)
def test_a_trace_that_does_not_fill_the_run_is_a_finding(
    tmp_path: Path, cells: list[str], severity: str, text: str
) -> None:
    coverage = found(tmp_path, cells)["trace_coverage"]
    assert coverage["severity"] == severity
    assert coverage["text"].startswith(f"calls.csv: {text}")


@pytest.mark.parametrize("kind", ["lines", "model"])
def test_what_a_run_that_ends_first_has_skipped_is_a_finding(tmp_path: Path, kind: str) -> None:
    """A run stops when its last measured call is answered, long before the end of a long trace."""
    calls = 80_000  # more than are read at a time
    times = np.cumsum(np.random.default_rng(3).exponential(0.002, calls)).tolist()
    # A warm start counts the calls of the whole run first, and so reads the trace twice.
    text = TEXT.replace("warm: true", "warm: false").replace("name: m,", "name: m, workers: 4,")
    if kind == "lines":
        file, keys = (
            tmp_path / "calls.log",
            "format: access-log, time_unit: s, pattern: '(?P<time>[0-9.]+) (?P<model>m)$', service: false",
        )
        file.write_text("broken\n" + "".join(f"{time:.6f} m\n" for time in times))
    else:
        file, keys = tmp_path / "calls.csv", "service: false, pattern: '(?P<model>.+)'"
        file.write_text("time,model\n0.0,-\n" + "".join(f"{time:.6f},m\n" for time in times))
    text = text.replace("run:", "clients: {{timeout: 1000 s}}\nrun:")
    result = mmesim.run(load_text(text.format(file=file, keys=keys, duration="2 s")))
    found = {one["id"]: one["text"] for one in result.summary["findings"]}
    said = {"lines": ("trace_lines", "skipped; the first is line 1"), "model": ("trace_without_model", "left out: 1;")}
    name, words = said[kind]
    assert words in found[name]
