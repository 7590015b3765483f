"""`mmesim plot`: pictures from folders, their names, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mmesim.results.folder.folder import PLAN
from mmesim.results.folder.pictures import OF_PLAN, OF_RUN, OF_SWEEP
from tests.cli.test_run import SCENARIO, Engine
from tests.helpers.command import Command
from tests.helpers.planned import planned
from tests.unit.experiment.fakes import Simulate


@pytest.fixture
def folder(stand_in: Callable[[Simulate], None], mmesim: Command) -> Path:
    """The result of a run."""
    stand_in(Engine())
    Path("day.yaml").write_text(SCENARIO)
    assert mmesim("run", "day.yaml", "--out", "result", "--quiet").code == 0
    return Path("result")


def test_a_picture_goes_into_the_folder_which_a_new_run_replaces(folder: Path, mmesim: Command) -> None:
    done = mmesim("plot", folder, "miss-ratio")
    assert (done.code, done.out, done.err) == (0, "", f"written to {folder / 'miss_ratio.png'}\n")
    assert (folder / "miss_ratio.png").read_bytes().startswith(b"\x89PNG")
    assert mmesim("plot", folder, "ledger", "-o", folder / "ledger.pdf").code == 0
    assert (folder / "ledger.pdf").read_bytes().startswith(b"%PDF")
    assert mmesim("run", "day.yaml", "--out", "result", "--quiet").code == 0
    assert not (folder / "miss_ratio.png").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "result has several pictures: name one of latency, ledger, over_time, models, miss_ratio, hosts"),
        (("ledgr",), "one of latency, ledger, over_time, models, miss_ratio, hosts (did you mean ledger?)"),
        (("plan",), "no picture 'plan': one of latency, ledger"),
        (("ledger", "-o", "x.gif"), "x.gif: a plot is written as .png, .svg or .pdf"),
    ],
)
def test_what_cannot_be_drawn_is_refused(words: tuple[str, ...], said: str, folder: Path, mmesim: Command) -> None:
    refused = mmesim("plot", folder, *words)
    assert refused.code == 64
    assert said in refused.err


def test_the_folder_of_a_plan_has_its_own_picture(mmesim: Command) -> None:
    Path("plan").mkdir()
    Path("plan", PLAN.document).write_text(planned().model_dump_json(), encoding="utf-8")
    assert mmesim("plot", "plan", "plan").code == 0
    assert Path("plan", "plan.png").is_file()
    Path("plan", "plan.png").unlink()
    assert mmesim("plot", "plan").err == f"written to {Path('plan', 'plan.png')}\n"
    refused = mmesim("plot", "plan", "latency")
    assert (refused.code, refused.err) == (64, "plan has no picture 'latency': one of plan\n")


def test_the_folder_of_a_sweep_has_a_picture_of_each_figure(
    stand_in: Callable[[Simulate], None], mmesim: Command
) -> None:
    stand_in(Engine())
    Path("day.yaml").write_text(SCENARIO)
    grid = "endpoint.instance_count=1,2"
    assert mmesim("sweep", "day.yaml", "--grid", grid, "--out", "swept", "--plot", "now.svg", "--quiet").code == 0
    assert mmesim("plot", "swept", "p99", "-o", "later.svg").code == 0
    assert Path("later.svg").read_bytes() == Path("now.svg").read_bytes()
    refused = mmesim("plot", "swept", "cache-hit-ration")
    assert refused.code == 64
    assert "(did you mean cache_hit_ratio?)" in refused.err


def test_a_folder_that_is_none_is_refused(mmesim: Command) -> None:
    Path("empty").mkdir()
    for name, said in (("empty", "it has no summary.json of mmesim"), ("nowhere", "there is no such folder")):
        refused = mmesim("plot", name, "latency")
        assert (refused.code, refused.err) == (
            64,
            f"{name} is not the result folder of a run, a sweep, a plan or a diff: {said}\n",
        )


def test_the_help_says_what_each_picture_shows(mmesim: Command) -> None:
    lines = mmesim("plot", "--help").out.splitlines()
    for name, says in (*OF_RUN.items(), *OF_SWEEP.items(), *OF_PLAN.items()):
        assert f"  {name:<11} {says}" in lines
