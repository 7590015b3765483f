"""`mmesim metrics`: which files it writes, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.test_run import SCENARIO, Engine
from tests.helpers.command import Command
from tests.unit.experiment.fakes import Simulate


@pytest.fixture
def folder(stand_in: Callable[[Simulate], None], mmesim: Command) -> Path:
    stand_in(Engine())
    Path("day.yaml").write_text(SCENARIO)
    assert mmesim("run", "day.yaml", "--out", "result", "--quiet").code == 0
    return Path("result")


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).strftime("%Y-%m-%dT%H:%MZ")


def test_all_formats_go_to_a_folder_beside_the_result(folder: Path, mmesim: Command) -> None:
    stale = Path("result-metrics/put-metric-data-0009.json")
    stale.parent.mkdir()
    stale.write_text("{}")
    done = mmesim("metrics", folder, "--start", ago(hours=3), "--endpoint", "prod", "--namespace", "what-if")
    files = ["put-metric-data-0001.json", "dashboard.json", "metrics.csv", "metrics.openmetrics"]
    assert (done.code, done.out) == (0, "")
    assert done.err == f"written to result-metrics: {', '.join(files)}\n"
    assert {file.name for file in stale.parent.iterdir()} == set(files)
    request = json.loads((stale.parent / files[0]).read_text())
    assert request["Namespace"] == "what-if"
    assert request["MetricData"][0]["Dimensions"][0] == {"Name": "EndpointName", "Value": "prod"}
    assert mmesim("run", "day.yaml", "--out", "result", "--quiet").code == 0  # its folder is still one of a result


def test_the_folder_may_be_the_current_one(folder: Path, mmesim: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert mmesim("metrics", ".", "--start", ago(), "--format", "csv").code == 0
    assert Path("../result-metrics/metrics.csv").is_file()


def test_old_times_are_said_and_too_old_ones_refused(folder: Path, mmesim: Command) -> None:
    slow = mmesim("metrics", folder, "--start", ago(days=2))
    assert (slow.code, slow.err.split("\n")[1]) == (
        0,
        "note: CloudWatch may take two days to show data that are older than a day",
    )
    old = mmesim("metrics", folder, "--start", "2020-01-01T00:00Z", "--out", "other")
    assert old.code == 64
    assert old.err.startswith("--start 2020-01-01T00:00:00Z cannot be put: CloudWatch takes data from two weeks ago")
    assert not Path("other").exists()


def test_one_document_is_printed(folder: Path, mmesim: Command) -> None:
    start = "--start", "2020-01-01T00:00Z"
    shown = mmesim("metrics", folder, *start, "--format", "csv", "--out", "-")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("Timestamp,Namespace,MetricName,")
    assert mmesim("metrics", folder, *start, "--format", "openmetrics", "-o", "-").out.endswith("# EOF\n")
    for words in ((), ("--format", "put-metric-data")):
        refused = mmesim("metrics", folder, *start, *words, "--out", "-")
        assert refused.code == 64
        assert "prints one document" in refused.err


def test_mistakes_are_told(folder: Path, mmesim: Command) -> None:
    def told(*words: object) -> str:
        done = mmesim("metrics", *words)
        assert done.code == 64
        return done.err

    assert "--start" in told(folder)
    assert "nowhere is not the result folder of a run" in told("nowhere", "--start", ago())
    assert "'cvs' is not one of 'put-metric-data', " in told(folder, "--start", ago(), "--format", "cvs")
    assert "is reserved for AWS" in told(folder, "--start", ago(), "--namespace", "AWS/SageMaker")
    assert "has no replication 7" in told(folder, "--start", ago(), "--replication", 7)
    Path("file").touch()
    assert "it is not a folder" in told(folder, "--start", ago(), "--out", "file")
