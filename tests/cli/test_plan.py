"""`mmesim plan`: exit codes, what goes to stdout, to stderr and to the folder, and the best answer so far on Ctrl-C."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from mmesim.experiment.execute.task import Observer, Task
from mmesim.experiment.plan.plan import plan as make_plan
from mmesim.results.answers.planned import Planned
from mmesim.results.folder.folder import PLAN
from mmesim.results.measured.run_data import RunData
from tests.helpers.command import Command, Outcome
from tests.helpers.page import Page

COUNT = "endpoint.instance_count"
SCENARIO = """\
name: small
endpoint: {instance_type: ml.m5.large, instance_count: 3, warm: stationary}
models: [{name: m, count: 60, artifact_size: 20 MB, memory: 60 MiB, framework: sklearn, service: {cpu: 10 ms}}]
traffic: [{arrivals: {poisson: {rate: 20 /s}}, popularity: {zipf: 0.8}}]
run: {duration: 60 s, seed: 7}
expect: [p90 < 300 ms]
plan: {grid: {endpoint.instance_count: 1..4}}
"""
FILES = {"plan.json", "plan.png", "report.html", "provenance.json", "scenario.yaml", "fleets.parquet"} | {
    "model.json",
    "endpoint-config.json",
    "config.properties",
}


@pytest.fixture
def plan(mmesim: Command) -> Callable[..., Outcome]:
    """Runs `mmesim plan small.yaml` with more words."""
    Path("small.yaml").write_text(SCENARIO)
    return lambda *words: mmesim("plan", "small.yaml", *words)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with all the runs of the plan."""
    folder = tmp_path_factory.mktemp("simulated")
    (folder / "small.yaml").write_text(SCENARIO)
    make_plan(folder / "small.yaml", store=folder / "plan.sqlite")
    return folder / "plan.sqlite"


@pytest.fixture
def again(plan: Callable[..., Outcome], simulated: Path) -> Callable[..., Outcome]:
    """`plan` in a folder where the runs of the plan are there, so that none is simulated."""
    Path("results").mkdir()
    shutil.copy(simulated, "results/plan.sqlite")
    return plan


def found(folder: str = "results/small-plan") -> Planned:
    """What plan.json says."""
    return Planned.model_validate_json(Path(folder, "plan.json").read_text())


@pytest.fixture
def stops_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], None]:
    """Ctrl-C when so many simulations are finished; None: never."""
    real = Task.run
    left: list[int | None] = [None]

    def run(of: Task, observer: Observer | None = None) -> RunData:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] = None if left[0] is None else left[0] - 1
        return real(of, observer)

    monkeypatch.setattr(Task, "run", run)

    def after(count: int | None) -> None:
        left[0] = count

    return after


def test_an_answer_is_printed_and_written_with_all_that_deploys_it(again: Callable[..., Outcome]) -> None:
    done = again("--report")
    assert done.code == 0, done.err
    document = found()
    assert document.verdict == "pass"
    assert document.answer is not None
    answer = document.fleets[document.answer]
    said = " ".join(done.out.split())
    assert said.startswith("small: p90 < 300 ms grid of 4 fleets: instance_count: 1 to 4 working set: ")
    assert f"these assumptions: {answer.instance_count} x ml.m5.large, ${answer.usd_per_month:,.0f} a month, " in said
    assert f"You run 3 x ml.m5.large: {3 - answer.instance_count} too many." in said
    assert done.err.endswith("written to results/small-plan\n")
    assert {file.name for file in Path("results/small-plan").iterdir()} == FILES
    assert PLAN.files | {PLAN.document} >= FILES  # so that the next plan may replace the folder
    page = Page(Path("results/small-plan/report.html").read_text(encoding="utf-8"))
    assert list(page.sections) == ["part-0", "part-1", "part-2", "assumptions", "scenario"]
    assert "endpoint.router.policy" in page.sections["assumptions"]
    assert "command mmesim plan small.yaml --report" in page.sections["scenario"]
    assert f"instance_count: {answer.instance_count}" in page.sections["scenario"]
    assert page.text.count("With 95 % over simulation noise") == 1
    variant = json.loads(Path("results/small-plan/endpoint-config.json").read_text())["ProductionVariants"][0]
    assert variant["InitialInstanceCount"] == answer.instance_count
    frame = pd.read_parquet("results/small-plan/fleets.parquet")
    assert list(frame[COUNT]) == [1, 2, 3, 4]
    assert list(frame.index[frame.answer]) == [document.answer]


def test_the_scenario_of_the_answer_can_be_run(again: Callable[..., Outcome], mmesim: Command) -> None:
    again("--quiet")
    assert mmesim("run", "results/small-plan/scenario.yaml", "--check", "--quiet", "--replications", 12).code == 0


def test_quiet_prints_the_answer_alone(again: Callable[..., Outcome]) -> None:
    done = again("--quiet")
    assert done.err == ""
    assert done.out.startswith("With 95 % over simulation noise, given this scenario and these assumptions:\n")
    assert done.out.rstrip().endswith(".")
    assert "\n\n" not in done.out


def test_json_is_the_document_that_is_written(again: Callable[..., Outcome]) -> None:
    done = again("--json", "--quiet")
    assert Planned.model_validate_json(done.out) == found()
    assert done.out == Path("results/small-plan/plan.json").read_text()


def test_what_is_in_the_store_is_not_simulated_again(
    plan: Callable[..., Outcome], stops_after: Callable[[int | None], None]
) -> None:
    first = plan().out
    stops_after(0)
    done = plan()
    assert done.out == first
    assert found().used.simulated == 0
    assert done.err.startswith(f"0 simulations, {found().used.replications} more were already in results/plan.sqlite")


def test_deploy_prints_the_files(again: Callable[..., Outcome]) -> None:
    out = again("--deploy").out
    for name in ("model.json", "endpoint-config.json", "config.properties"):
        assert f"\n\n{name}: " in out
        for line in Path("results/small-plan", name).read_text().splitlines():
            assert f"\n  {line}\n" in out
    for verb in ("create", "update"):
        command = f"aws sagemaker {verb}-endpoint --endpoint-name small --endpoint-config-name small"
        assert command in " ".join(out.replace("\\\n", "").split())
    assert out.index("\nendpoint-config.json: ") < out.index("\nendpoint: ") < out.index("\nconfig.properties: ")


def test_a_grid_without_a_fleet_inside_ends_with_1_and_says_what_none_meets(plan: Callable[..., Outcome]) -> None:
    done = plan("--set", "expect=[p90 < 12 ms]")
    assert done.code == 1, done.err
    said = " ".join(done.out.split())
    assert "none of the 4 fleets of the grid is inside; the nearest miss, " in said
    assert not (Path("results/small-plan/endpoint-config.json")).exists()
    assert not (Path("results/small-plan/scenario.yaml")).exists()


def test_ctrl_c_gives_the_best_so_far_and_the_same_command_goes_on(
    plan: Callable[..., Outcome], stops_after: Callable[[int | None], None], simulated: Path, tmp_path: Path
) -> None:
    whole = plan("--quiet", "--store", shutil.copy(simulated, tmp_path / "other.sqlite")).out
    stops_after(25)
    done = plan()
    assert done.code == 130
    assert "Stopped before the end." in done.out
    assert "what is finished is in results/plan.sqlite: run the same command to continue" in done.err
    assert not found().finished
    stops_after(None)
    done = plan("--quiet")
    assert done.code == 0
    assert done.out == whole
    assert found().used.simulated < found().used.replications


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "plan=null"], "small: nothing to choose from: write a section `plan`"),
        (["--set", "expect=[]"], "small: nothing is expected, so every fleet would do"),
        (["--set", "plan.grid={endpoint.instance_cont: 1..3}"], "did you mean instance_count?"),
        (["--set", "plan.grid={endpoint.instance_count: []}"], "plan.grid"),
        (["--set", f"plan.grid={{{COUNT}: 1..1000, endpoint.load_slots: 1..1000}}"], "1,000,000 fleets"),
        (["--out", "."], "is the current folder"),
        (["--out", "new", "--store", "new/p.sqlite"], "choose a folder inside it with --out, such as new/plan"),
        (["--out", "results"], "results is replaced as a whole, and results/plan.sqlite, which keeps what was"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_simulated(
    plan: Callable[..., Outcome], stops_after: Callable[[int | None], None], words: list[str], message: str
) -> None:
    stops_after(0)
    done = plan(*words)
    assert done.code == 64
    assert message in " ".join(done.err.split())
    assert done.out == ""
    assert not Path("new").exists()
    assert not Path("results").exists()


def test_an_empty_grid_is_refused_with_its_line(plan: Callable[..., Outcome]) -> None:
    Path("small.yaml").write_text(SCENARIO.replace("{endpoint.instance_count: 1..4}", "{}"))
    done = plan()
    assert done.code == 64
    assert "small.yaml:7: plan.grid" in done.err


def test_types_with_accelerators_are_named_in_the_document_and_in_the_answer(plan: Callable[..., Outcome]) -> None:
    grid = "plan.grid={endpoint.instance_type: [ml.m5.large, ml.g4dn.xlarge], endpoint.instance_count: 3}"
    done = plan("--set", grid, "--quiet")
    assert done.code == 0, done.err
    (note,) = found().notes
    assert note.startswith("ml.g4dn.xlarge has an accelerator (1 x GPU), which no model uses")
    assert note in " ".join(done.out.split())


def test_a_folder_of_something_else_is_left_alone(plan: Callable[..., Outcome]) -> None:
    Path("mine").mkdir()
    Path("mine/letter.txt").write_text("dear")
    done = plan("--out", "mine")
    assert done.code == 64
    assert "'letter.txt', which is not part of a result of mmesim" in done.err
    assert Path("mine/letter.txt").read_text() == "dear"


def test_a_plan_does_not_take_the_place_of_a_run(plan: Callable[..., Outcome], mmesim: Command) -> None:
    mmesim("run", "small.yaml", "--quiet", "--replications", 1)
    done = plan("--out", "results/small")
    assert done.code == 64
    assert Path("results/small/summary.json").exists()


def test_a_gate_of_a_folder_leaves_out_the_scenario_that_a_plan_keeps(
    again: Callable[..., Outcome], mmesim: Command
) -> None:
    again("--quiet")
    assert mmesim("gate", "results", "--quiet").code == 64
