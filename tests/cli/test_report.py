"""`mmesim report` and `mmesim run --report`: the page in the folder, Markdown and text, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_run import SCENARIO, Engine
from tests.helpers.command import Command
from tests.helpers.page import Page
from tests.unit.experiment.fakes import Simulate


@pytest.fixture
def engine(stand_in: Callable[[Simulate], None]) -> Engine:
    engine = Engine()
    stand_in(engine)
    return engine


@pytest.fixture
def folder(engine: Engine, mmesim: Command) -> Path:
    """The result of a run without a page."""
    Path("day.yaml").write_text(SCENARIO)
    assert mmesim("run", "day.yaml", "--out", "result", "--quiet").code == 0
    assert engine.asked
    return Path("result")


def test_a_run_makes_the_page_that_its_folder_makes_later(folder: Path, mmesim: Command) -> None:
    assert not (folder / "report.html").exists()
    done = mmesim("report", folder)
    assert (done.code, done.out, done.err) == (0, "", f"written to {folder / 'report.html'}\n")
    later = Page((folder / "report.html").read_text(encoding="utf-8"))
    assert mmesim("run", "day.yaml", "--out", "result", "--quiet", "--report").code == 0
    at_once = Page((folder / "report.html").read_text(encoding="utf-8"))
    at_once.sections.pop("scenario")  # the command line differs
    later.sections.pop("scenario")
    assert at_once.sections == later.sections
    assert at_once.data == later.data


def test_a_new_run_replaces_the_folder_with_its_page(folder: Path, mmesim: Command) -> None:
    mmesim("report", folder)
    assert mmesim("run", "day.yaml", "--out", "result", "--quiet").code == 0
    assert not (folder / "report.html").exists()


def test_text_and_markdown(folder: Path, mmesim: Command) -> None:
    shown = mmesim("report", folder, "--out", "-")
    assert shown.code == 0
    assert "Cost: " in shown.out
    assert mmesim("report", folder, "--out", "page.md").code == 0
    assert "## Cost\n\n" in Path("page.md").read_text()
    assert mmesim("report", folder, "--out", "page.txt").code == 0
    assert Path("page.txt").read_text() == shown.out


def test_what_cannot_be_made_is_refused(folder: Path, mmesim: Command) -> None:
    other = mmesim("report", folder, "--out", "page.pdf")
    assert (other.code, other.err) == (64, "page.pdf: a report is written as .html, .md or .txt\n")
    wrong = mmesim("report", "nowhere")
    assert wrong.code == 64
    assert "nowhere is not the result folder of a run" in wrong.err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("windows.parquet", b"", "result/windows.parquet is damaged: Parquet file size is 0 bytes"),
        ("windows.parquet", b"PAR1 and no more", "result/windows.parquet is damaged: "),
        ("models.parquet", b"x" * 20, "result/models.parquet is damaged: "),
        (
            "histograms.parquet",
            "models.parquet",
            "result/histograms.parquet has no column 'above_s': it is another file",
        ),
        (
            "summary.json",
            b'{"scenario": "d", "version": "1", "ledger_ms": 0, "checks": 0, "seed": NaN}',
            "result cannot be read by mmesim 0.1.0: summary.json holds NaN",
        ),
        ("summary.json", b'{"scenario": "d", "version": "1", "ledger_ms": 0, "checks": 0, "seed": 1}', "keys differ"),
    ],
)
def test_a_damaged_folder_is_named(folder: Path, mmesim: Command, name: str, content: bytes | str, said: str) -> None:
    there = content if isinstance(content, bytes) else (folder / content).read_bytes()
    (folder / name).write_bytes(there)
    refused = mmesim("report", folder)
    assert (refused.code, refused.out) == (64, "")
    assert said in refused.err
    assert refused.err.endswith(": run the scenario again\n")


def test_a_sweep_of_another_version_is_refused(mmesim: Command) -> None:
    Path("swept").mkdir()
    Path("swept/sweep.parquet").touch()
    refused = mmesim("report", "swept")
    assert refused.code == 64
    said = "swept is the folder of a sweep without sweep.json: sweep again, which simulates nothing twice\n"
    assert refused.err == said
    Path("swept/sweep.json").write_text('{"mmesim": "9", "fields": [], "metrics": [], "points": 1}')
    assert "swept cannot be read by mmesim" in mmesim("report", "swept").err
    Path("empty").mkdir()
    assert "a page is made of folders that mmesim run, plan, sweep, gate or diff wrote" in mmesim("report", "empty").err


def test_a_file_for_the_page_is_asked_for_where_there_is_no_folder_and_refused_where_there_is(mmesim: Command) -> None:
    Path("day.yaml").write_text(SCENARIO)
    assert "name the page, such as --report diff.html" in mmesim("diff", "day.yaml", "--report").err
    assert (
        "--report needs the name of an .html file, not 'day.yaml'"
        in mmesim("diff", "--report", "day.yaml", "day.yaml").err
    )
    refused = mmesim("run", "day.yaml", "--report", "page.html")
    assert refused.code == 64
    assert "--report of run takes no file: the page is report.html in the folder" in refused.err
