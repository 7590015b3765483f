"""`mmesim diff` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from mmesim.experiment.diff.kept import different_schema
from tests.helpers.page import Page
from tests.unit.experiment.test_diff import TEXT


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(TEXT)
    return path


def test_a_change_is_shown_with_its_interval(mmesim, file):
    shown = mmesim("diff", file, "--set", "endpoint.instance_count=1", "--replications", 2, "--report", "diff.html")
    assert shown.code == 0
    assert (
        "usd_per_hour 0.600 0.300 -0.300 -50.0 % lower"
        in Page(Path("diff.html").read_text(encoding="utf-8")).sections["part-2"]
    )
    assert shown.out.startswith(
        "a  base: 2 x 4 vCPU, 16 GiB\nb  endpoint.instance_count=1: 1 x 4 vCPU, 16 GiB\n2 pairs"
    )
    (cost,) = (line for line in shown.out.splitlines() if line.startswith("  usd_per_hour"))
    assert cost.split() == ["usd_per_hour", "0.600", "0.300", "-0.300", "lower"]
    assert "First difference: replication 0, call " in shown.out
    assert "simulat" not in shown.err


def test_its_folder_makes_the_same_report_and_page_later(mmesim, file):
    words = ("diff", file, "--set", "endpoint.instance_count=1", "--replications", 2)
    shown = mmesim(*words, "--out", "both", "--report", "diff.html")
    assert mmesim("report", "both", "--out", "-").out == shown.out
    assert mmesim("report", "both").code == 0
    assert Path("both/report.html").read_text(encoding="utf-8") == Path("diff.html").read_text(encoding="utf-8")
    assert mmesim("plot", "both", "diff", "--out", "diff.svg").code == 0
    assert mmesim("report", "both/b", "--out", "b.txt").code == 0
    document = json.loads(Path("both/diff.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, different_schema())
    Path("both/notes.txt").write_text("mine")
    again = mmesim(*words, "--out", "both")
    assert (again.code, again.out) == (64, "")
    assert "'notes.txt', which is not part of a result" in again.err


def test_the_same_file_twice_differs_in_nothing(mmesim, file):
    shown = mmesim("diff", file, file, "--replications", 2)
    assert "Every call has the same outcome in replication 0." in shown.out
    assert "higher" not in shown.out
    assert "lower" not in shown.out


def test_two_runs_print_the_same_bytes_and_json_has_the_figures(mmesim, file):
    words = ("diff", file, "--set", "endpoint.instance_count=1", "--replications", 2, "--json")
    first, second = mmesim(*words), mmesim(*words, "--jobs", 2)
    assert first.out == second.out
    assert json.loads(first.out)["figures"]["cpu_utilization"]["direction"] == "higher"


def test_changes_of_both_are_not_a_difference(mmesim, file):
    shown = mmesim(
        "diff", file, "--set-both", "run.duration=20 s", "--set", "endpoint.instance_count=1", "--replications", 2
    )
    assert shown.code == 0
    assert "b  endpoint.instance_count=1" in shown.out


def test_what_is_believed_in_both_is_said_once(mmesim, file):
    believed = "models.m.memory={uncertain: {low: 10 MiB, mid: 20 MiB, high: 40 MiB}}"
    words = ("diff", file, "--replications", 2, "--set-both", believed)
    shown = " ".join(mmesim(*words, "--set", "endpoint.instance_count=1").out.split())
    assert shown.count("models.m.memory is believed to lie between 10 and 40 MiB: this run uses 20 MiB") == 1
    assert "a models.m.memory" not in shown
    wider = believed.replace("40 MiB", "80 MiB")
    shown = " ".join(mmesim(*words, "--set", wider).out.split())
    assert "a models.m.memory is believed to lie between 10 and 40 MiB" in shown
    assert "b models.m.memory is believed to lie between 10 and 80 MiB" in shown


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "nothing differs: give a second file, or --set to change b"),
        (("--set", "endpoint.instance_cuont=3"), "did you mean instance_count"),
        (("--set", "run.duration=50 s"), "run.duration is 40 s in 'base' and 50 s in 'run.duration=50 s'"),
    ],
)
def test_what_cannot_be_compared_is_told(mmesim, file, words, told):
    shown = mmesim("diff", file, *words)
    assert shown.code == 64
    assert told in shown.err.replace("\n", " ").replace("│", "")
    assert "Traceback" not in shown.err
