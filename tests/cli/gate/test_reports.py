"""`mmesim gate`: what it prints and writes, where, and what GitHub gets."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from mmesim.cli.common import as_shown
from mmesim.experiment.execute.task import Observer
from mmesim.experiment.gate.gate import gate as make_gate
from mmesim.results.answers.gated import Gated, gated_schema
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from tests.helpers.command import Command, Outcome
from tests.helpers.page import Page
from tests.unit.experiment.fakes import Fake, Simulate
from tests.unit.results.synthetic import Call, run_data

SCENARIO = """\
name: day
endpoint: {vcpu: 2, memory: 8 GiB}
models: [{name: m, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 20 ms}}]
traffic: [{arrivals: {poisson: {rate: 1 /s}}}]
run: {duration: 100 s}
expect:
  - p99 < 500 ms
  - error_rate < 5 %
"""
SLOW = {2: 0, 3: 100, 4: 10}
"""vCPUs, which tell the scenarios apart, -> calls of a thousand that take 900 ms, but for one more or less; with two
instances none does."""
NAMES = {"day": 2, "slow": 3, "edge": 4}


def simulate(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    slow = SLOW[int(scenario.endpoint.host.vcpu)] if scenario.endpoint.instance_count == 1 else 0
    slow += (replication % 3 - 1) if slow else 0
    return run_data(
        scenario, [Call(0.02, queue=0.88)] * slow + [Call(0.02)] * (1000 - slow), replication=replication, records=None
    )


def write(folder: Path) -> list[Path]:
    """A scenario that passes, one that fails and one on the edge."""
    files = [folder / f"{name}.yaml" for name in NAMES]
    for file, vcpu in zip(files, NAMES.values(), strict=True):
        written = SCENARIO.replace("name: day", f"name: {file.stem}").replace("vcpu: 2", f"vcpu: {vcpu}")
        file.write_text(written, encoding="utf-8")
    return files


@pytest.fixture
def first_gate(stand_in: Callable[[Simulate], None], mmesim: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`mmesim gate` in a folder with a scenario that passes, one that fails, one on the edge and one that is wrong."""
    stand_in(simulate)
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    write(Path())
    Path("wrong.yaml").write_text(SCENARIO.replace("p99 <", "p98x <"), encoding="utf-8")
    return lambda *words: mmesim("gate", *words)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the runs of the scenarios."""
    folder = tmp_path_factory.mktemp("simulated")
    make_gate(write(folder), executor=Fake(simulate), store=folder / "gate.sqlite")
    return folder / "gate.sqlite"


@pytest.fixture
def gate(first_gate: Command, simulated: Path) -> Command:
    """`mmesim gate` where the runs are there, so that none is simulated."""
    Path("results").mkdir()
    shutil.copy(simulated, "results/gate.sqlite")
    return first_gate


def last_line(outcome: Outcome) -> str:
    return outcome.out.splitlines()[-1]


def test_exit_codes_and_the_verdict_as_the_last_line(first_gate: Command):
    passes, fails, is_open = first_gate("day.yaml"), first_gate("slow.yaml"), first_gate("edge.yaml")
    assert (passes.code, last_line(passes)) == (0, "pass: both limits hold")
    assert (fails.code, last_line(fails)) == (1, "FAIL: 1 of 2 limits, p99 < 500 ms")
    assert is_open.code == 2
    assert "UNDECIDED: 1 of 2 limits, p99 < 500 ms: " in is_open.out
    assert first_gate("day.yaml", "slow.yaml", "edge.yaml").code == 1


def test_the_same_gate_prints_the_same_and_says_on_stderr_that_nothing_was_run(first_gate: Command):
    first, second = first_gate("day.yaml", "slow.yaml"), first_gate("day.yaml", "slow.yaml")
    assert first.out == second.out
    assert "runs were simulated" in first.err
    assert second.err == "nothing had to be simulated for the verdicts: all is in results/gate.sqlite\n"


def test_quiet_prints_the_verdict_alone(gate: Command):
    assert gate("slow.yaml", "--quiet") == Outcome(1, "FAIL: 1 of 2 limits, p99 < 500 ms\n", "")
    wrong = gate("wrong.yaml", "--quiet")
    assert wrong.out == "FAIL: wrong.yaml cannot be judged\n"
    assert "wrong.yaml:7: expect.0: unknown figure" in wrong.err


def test_a_scenario_that_is_wrong_does_not_keep_the_others_from_being_judged(gate: Command):
    both = gate("wrong.yaml", "day.yaml", "--junit", "j.xml")
    assert both.code == 64
    assert "✗ wrong.yaml: cannot be judged\n  wrong.yaml:7: expect.0: unknown figure" in both.out
    assert "✓ day.yaml: day, " in both.out
    assert both.err.endswith("1 of 2 scenarios could not be judged\n")
    root = ElementTree.parse("j.xml").getroot()
    assert [suite.attrib["failures"] for suite in root] == ["1", "0"]


def test_every_file_that_is_asked_for_is_written(gate: Command):
    done = gate(
        "day.yaml",
        "slow.yaml",
        "--json",
        "out/g.json",
        "--junit",
        "out/j.xml",
        "--markdown",
        "out/c.md",
        "--report",
        "out/p.html",
    )
    assert done.code == 1
    document = json.loads(Path("out/g.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, gated_schema(), cls=jsonschema.Draft202012Validator)
    assert [one["verdict"] for one in document["scenarios"]] == ["pass", "fail"]
    assert ElementTree.parse("out/j.xml").getroot().attrib["failures"] == "1"
    assert Path("out/c.md").read_text(encoding="utf-8").startswith("<!-- mmesim gate -->\n### ✗ mmesim gate: 1 of 4")
    assert sorted(path.name for path in Path("out").iterdir()) == ["c.md", "g.json", "j.xml", "p.html"]
    page = Page(Path("out/p.html").read_text(encoding="utf-8"))
    assert [words[:12] for words in page.sections.values()] == ["✓ day.yaml d", "✗ slow.yaml "]


def test_a_page_is_made_later_of_its_folder(gate: Command, mmesim: Command):
    shown = gate("day.yaml", "slow.yaml", "--report", "g.html", "--out", "kept")
    assert mmesim("report", "kept").code == 0
    assert Path("kept/report.html").read_text(encoding="utf-8") == Path("g.html").read_text(encoding="utf-8")
    assert mmesim("report", "kept", "--out", "-").out == shown.out
    Path("kept/gate.json").write_text('{"mmesim": "9", "verdict": "pass", "scenarios": 1, "seconds": null}')
    refused = mmesim("report", "kept")
    assert (refused.code, "kept cannot be read by mmesim" in refused.err) == (64, True)


def test_a_folder_in_the_place_of_a_file_is_refused_before_anything_is_simulated(first_gate: Command):
    Path("out").mkdir()
    refused = first_gate("day.yaml", "--junit", "out")
    assert refused.code == 64
    assert "--junit needs the name of a file, and out is a folder" in refused.err
    assert not Path("results").exists()


def test_a_dash_is_no_file_of_the_gate(first_gate: Command):
    refused = first_gate("day.yaml", "--json", "-")
    assert (refused.code, Path("results").exists(), Path("-").exists()) == (64, False, False)
    assert "--json needs the name of a file" in refused.err


def test_what_cannot_be_written_is_said_and_the_rest_is_written_all_the_same(gate: Command):
    Path("file").write_text("")
    done = gate("day.yaml", "--junit", "file/j.xml", "--json", "g.json")
    assert done.code == 64
    assert last_line(done) == "pass: both limits hold"
    assert "cannot write to file/j.xml" in done.err
    assert Path("g.json").exists()


def test_github_gets_annotations_before_the_report_and_a_summary_behind_what_is_there(
    gate: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    page = tmp_path / "page.md"
    page.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path.parent))
    done = gate("slow.yaml", "edge.yaml", "wrong.yaml", "--github")
    marks = [line.partition(",title")[0] for line in done.out.splitlines() if line.startswith("::")]
    folder = tmp_path.name
    assert marks == [
        f"::error file={folder}/slow.yaml,line=7",
        f"::error file={folder}/wrong.yaml,line=7",
        f"::warning file={folder}/edge.yaml,line=7",
    ]
    assert done.out.startswith("::error")
    written = page.read_text(encoding="utf-8")
    assert written.startswith("before\n### ✗ mmesim gate: 1 of 4 limits fails, 1 is undecided, 1 scenario cannot be")
    gate("day.yaml", "--github")
    assert page.read_text(encoding="utf-8").startswith(written)
    assert "### ✓ mmesim gate: both limits hold" in page.read_text(encoding="utf-8")


def test_outside_of_a_workflow_github_gets_no_summary_and_that_is_said(gate: Command):
    assert "there is no summary: GITHUB_STEP_SUMMARY is not set" in gate("day.yaml", "--github").err
    assert gate("day.yaml", "--github", "--quiet").err == ""


def test_explain_finds_what_binds_and_what_one_more_instance_would_do(gate: Command):
    done = gate("day.yaml", "slow.yaml", "--explain", "--json", "g.json")
    passes, fails = Gated.model_validate_json(Path("g.json").read_text(encoding="utf-8")).scenarios
    assert passes.one_more_instance is None
    assert fails.one_more_instance is not None
    assert [(line.text, line.verdict) for line in fails.one_more_instance] == [("p99 < 500 ms", "pass")]
    assert "  with one more instance:\n  - p99 < 500 ms: ✓ pass, " in done.out
    assert fails.binding_constraint is not None
    assert "what binds: CPU: " in done.out
    again = gate("day.yaml", "slow.yaml", "--explain")
    assert again.out == done.out
    without = gate("slow.yaml", "--json", "g.json")
    assert "one more instance" not in without.out
    assert json.loads(Path("g.json").read_text(encoding="utf-8"))["scenarios"][0]["binding_constraint"] is None


def test_robustness_says_in_how_many_settings_it_holds(gate: Command):
    done = gate("day.yaml", "--robustness", "--json", "g.json")
    assert done.code == 0
    (scenario,) = Gated.model_validate_json(Path("g.json").read_text(encoding="utf-8")).scenarios
    assert scenario.robustness is not None
    assert scenario.robustness["holds"] == len(scenario.robustness["settings"]) > 1
    assert scenario.robustness["answer"] in " ".join(done.out.split())


@pytest.mark.parametrize(("encoding", "shown"), [("utf-8", "✓ ✗ ?"), ("ascii", "+ x ?"), ("cp1252", "+ x ?")])
def test_ticks_are_those_that_a_terminal_can_show(monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert as_shown("✓ ✗ ?") == shown
