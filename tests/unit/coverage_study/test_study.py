"""The coverage study at a small scale: its systems, its truths, its files, and the page that it writes."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mmesim.analytic.erlang import mmc_sojourn_exceeds
from mmesim.errors import UserError
from tests.coverage_study import report, study
from tests.coverage_study.cells import MODELS, ROOM, SEED, TRUTH_LENGTH, TRUTH_SEED, Cell, cells, steady
from tests.coverage_study.judge import Row
from tests.coverage_study.judged import FIGURES, WARM

CELLS = cells()
SHORT = replace(CELLS[0], calls=2_000, warmup=100, within=dict.fromkeys(("mean", "p95", "p99"), "90 %"))
ROWS = [
    Row("mean", None, 0.05, 200, 200, 190, 0.04, 10.0, 200),
    Row("share", "p99 within 5 %", 0.01, 180, 170, 100, 0.1, 17.5, 150),
    Row("p99", None, 0.2, 200, 0, 0, None, 10.0, 200),
]


def test_the_cells_that_were_promised() -> None:
    assert [cell.name for cell in CELLS] == [
        "M/M/1 at 70 %",
        "M/M/1 at 90 %",
        "M/G/1-PS at 70 %",
        "M/G/1-PS at 90 %",
        "MME at 0.5 % misses",
        "MME at 1 % misses",
        "MME at 2 % misses",
    ]
    assert len({study.path_of(cell, Path()) for cell in CELLS}) == 7


@pytest.mark.parametrize("cell", CELLS[:2], ids=lambda cell: cell.name)
def test_the_truths_of_mm1_are_its_distribution(cell: Cell) -> None:
    rate = cell.rate_per_s
    for name, share in (("p95", 0.05), ("p99", 0.01)):
        assert mmc_sojourn_exceeds(rate, 0.01, 1, cell.truth[name]) == pytest.approx(share, rel=1e-9)
    assert mmc_sojourn_exceeds(rate, 0.01, 1, cell.limit_s) == pytest.approx(cell.truth["share"], rel=1e-9)
    assert set(cell.truth) == set(FIGURES)


@pytest.mark.parametrize(("cell", "miss_ratio"), list(zip(CELLS[4:], (0.005, 0.01, 0.02), strict=True)))
def test_the_endpoint_misses_as_often_as_its_name_says(cell: Cell, miss_ratio: float) -> None:
    runs = [study.checked(cell, replication) for replication in range(6)]
    missed = sum(run.misses for run in runs) / sum(run.hits + run.misses for run in runs)
    # a call that comes during a load misses too; 6 x 3,000 calls, of which each load is about one
    assert missed == pytest.approx(miss_ratio, rel=0.25)
    exponent = cell.base.traffic[0].popularity.exponent  # type: ignore[union-attr]
    assert steady(exponent).total_miss_ratio == pytest.approx(miss_ratio, rel=0.01)
    assert all(run.hosts.loaded_s.sum() <= ROOM * (run.duration_s - run.warmup_s) for run in runs)
    assert len(runs[0].model_names) == MODELS


def test_what_is_judged_and_what_gives_the_truth_are_other_runs() -> None:
    judged, truth = SHORT.scenario(), SHORT.scenario(TRUTH_SEED, TRUTH_LENGTH)
    assert (judged.run.seed, truth.run.seed) == (SEED, TRUTH_SEED)
    measured_s = [of.run.duration_s - of.run.cut_s for of in (judged, truth)]
    assert measured_s[1] == pytest.approx(TRUTH_LENGTH * measured_s[0])
    assert judged.run.warmup_s == truth.run.warmup_s


def test_warm_calls_are_judged_where_models_are_loaded() -> None:
    assert [cell.figures == FIGURES + WARM for cell in CELLS] == [False] * 4 + [True] * 3
    cell = replace(CELLS[6], warmup=500, calls=1_500)
    truth, error = study.truths(cell, 3)
    assert set(truth) == set(error) == set(cell.figures)
    assert truth["warm p99"] < truth["p99"]
    assert 0.01 < truth["warm share"] < 0.05
    result = study.study(replace(cell, within=dict.fromkeys(("mean", "p95", "p99"), "90 %")), 1)
    assert [row["figure"] for row in result["rows"] if row["target"] is None] == list(cell.figures)


def test_simulated_truths_are_near_those_of_the_formula() -> None:
    found, error = study.truths(replace(SHORT, truth={}), 20)
    assert set(found) == set(error) == set(FIGURES)
    # 20 runs of 10,000 calls
    for figure, exact in SHORT.truth.items():
        assert found[figure] == pytest.approx(exact, rel=2 * error[figure]), figure
        assert 0.0 < error[figure] < 0.6
    assert study.truths(SHORT, 20) == (SHORT.truth, {})
    partly, _ = study.truths(replace(SHORT, truth={"mean": 123.0}), 2)
    assert partly["mean"] == 123.0


def test_a_small_study_runs_and_repeats() -> None:
    first, second = study.study(SHORT, 3), study.study(SHORT, 3)
    first.pop("cpu_s")
    second.pop("cpu_s")
    assert first == second
    assert first["replications"] <= study.POOL * 3
    assert len(first["rows"]) == 8
    for row in first["rows"]:
        # a fixed number is always done; until may use up the pool first
        assert row["runs"] == 3 if row["target"] is None else 1 <= row["runs"] <= 3
        assert 0 <= row["covered"] <= row["given"] <= 3
        assert row["truth"] == SHORT.truth[row["figure"]]
        assert math.isfinite(row["half_width"])


def test_the_pool_is_bounded() -> None:
    hard = replace(SHORT, within={"mean": "0.1 %", "p95": "90 %", "p99": "90 %"})
    result = study.study(hard, 1)
    assert result["replications"] == study.POOL
    runs = {row["target"]: row["runs"] for row in result["rows"]}
    assert (runs["mean within 0.1 %"], runs["p95 within 90 %"]) == (0, 1)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nothing is simulated; the names of the cells that would have been."""
    asked: list[str] = []

    def quick(cell: Cell, runs: int, tell: object) -> dict[str, Any]:
        asked.append(cell.name)
        return result_of(cell, runs, ROWS)

    monkeypatch.setattr(study, "study", quick)
    return asked


def result_of(cell: Cell, runs: int, rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "cell": cell.name,
        "version": "1.2.3",
        "asked": runs,
        "calls": 8000,
        "warmup": 1000,
        "limit_s": 0.3,
        "replications": 3000,
        "cpu_s": 60.0,
        "exact": ["mean"],
        "truth_error": {"share": 0.03},
        # As a file that was written before Student's interval was counted beside.
        "rows": [{k: v for k, v in row.__dict__.items() if not k.endswith("_before") or v} for row in rows],
    }


def test_a_finished_cell_is_not_studied_again(stand_in: list[str], tmp_path: Path) -> None:
    words = ["--runs", "200", "--folder", str(tmp_path / "study")]
    study.main(words)
    assert stand_in == [cell.name for cell in CELLS]
    study.path_of(CELLS[2], tmp_path / "study").unlink()
    study.main(words)
    assert stand_in[7:] == [CELLS[2].name]
    assert set(study.finished(tmp_path / "study", 200)) == {cell.name for cell in CELLS}
    assert [path.suffix for path in (tmp_path / "study").iterdir()] == [".json"] * 7


def test_results_of_another_scale_do_not_count(stand_in: list[str], tmp_path: Path) -> None:
    study.main(["--runs", "200", "--folder", str(tmp_path)])
    study.main(["--runs", "100", "--folder", str(tmp_path)])
    assert len(stand_in) == 14


def test_the_page_is_written_between_its_markers(stand_in: list[str], tmp_path: Path) -> None:
    study.main(["--runs", "200", "--folder", str(tmp_path)])
    page = tmp_path / "coverage.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.main(["--runs", "200", "--folder", str(tmp_path), "--page", str(page)])
    text = page.read_text()
    assert text.startswith(f"before\n{report.BEGIN}\n\nmmesim 1.2.3, 200 runs a line, 21,000 replications, 7 minutes")
    assert text.endswith(f"{report.END}\nafter\n")
    assert "old" not in text
    assert "7 of 21 lines pass." in text
    assert "7 lines have fewer" in text
    lines = text.splitlines()
    assert "| mean | 50 ms | 10 | 200 | 95.0 % | 89.4 to 97.7 % | 4.0 % | yes |" in lines
    share = "| share | 1 % | p99 within 5 %: 17.5 on average, 30 gave up | 180, 10 without interval | 58.8 %"
    assert any(line.startswith(share) and line.endswith("| **no** |") for line in lines)
    assert "| p99 | 200 ms | 10 | 200, 200 without interval | - | - | - | **no** |" in lines
    assert "Student's" not in text


def test_students_half_width_stands_beside_where_it_was_counted() -> None:
    first = replace(ROWS[0], half_width_before=0.05, covered_before=188)
    warm = replace(ROWS[0], figure="warm share", truth=0.02)
    found = result_of(CELLS[4], 200, [first, warm]) | {"warm_limit_s": 0.1}
    text = report.text({CELLS[4].name: found}, 200, partial=True)
    assert "`warm share` that of warm calls over 100 ms" in text
    lines = text.splitlines()
    assert "| mean | 50 ms | 10 | 200 | 95.0 % | 89.4 to 97.7 % | 4.0 % | yes | 5.0 %, 94.0 % |" in lines
    assert "| warm share | 2 % | 10 | 200 | 95.0 % | 89.4 to 97.7 % | 4.0 % | yes | - |" in lines


def test_an_unfinished_study_is_not_published(tmp_path: Path) -> None:
    study.path_of(CELLS[0], tmp_path).write_text(json.dumps(result_of(CELLS[0], 200, ROWS)))
    with pytest.raises(UserError, match=r"not finished: M/M/1 at 90 %"):
        report.text(study.finished(tmp_path, 200), 200)
