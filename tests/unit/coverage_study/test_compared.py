"""The study of differences and of the inputs' share at a small scale: its cases, its folder, its table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmesim.analytic.erlang import mmc_mean_wait
from tests.coverage_study import compared, pairs
from tests.coverage_study.compared import Case, Count

QUICK = Case("quick", "none", "ms", 1000.0, 10**9, lambda: 0.5, lambda number: ((0.0, 1.0), (0.6, 0.7)))


def test_the_cases_have_names_of_their_own() -> None:
    names = [case.name for case in compared.cases()]
    assert len(set(names)) == len(names)
    assert sum(name.startswith("inputs_share") for name in names) == 3
    assert len({compared.path_of(case, Path()) for case in compared.cases()}) == len(names)


def test_lindley_is_the_queue() -> None:
    rng = np.random.default_rng(1)
    gaps, services = rng.exponential(0.02, 400_000), rng.exponential(0.01, 400_000)
    assert pairs.sojourns(gaps, services).mean() == pytest.approx(0.01 + mmc_mean_wait(50.0, 0.01, 1), rel=0.02)
    assert pairs.sojourns(np.array([1.0, 1.0, 9.0]), np.array([3.0, 1.0, 1.0])).tolist() == [3.0, 3.0, 1.0]


@pytest.mark.parametrize("index", [0, 1, 7])
def test_a_run_of_a_case_is_always_the_same(index: int) -> None:
    pair = pairs.pairs()[index]
    assert pair.run(3) == pair.run(3) != pair.run(4)


def test_a_study_goes_on_where_it_was_and_counts(tmp_path: Path) -> None:
    seen: list[int] = []

    def run(number: int) -> tuple[tuple[float, float], tuple[float, float]]:
        seen.append(number)
        return QUICK.run(number)

    case = replace(QUICK, run=run)
    assert compared.study(case, 100, tmp_path).runs == 100
    count = compared.study(case, 250, tmp_path)
    assert seen == list(range(250))
    assert (count.runs, count.covered, count.covered_before) == (250, 250, 0)
    assert (count.half_width, count.half_width_before) == pytest.approx((125.0, 12.5))
    assert compared.study(replace(case, most=50), 250, tmp_path) == count


def test_what_is_missing_is_named_and_what_is_done_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compared, "cases", lambda: (QUICK, replace(QUICK, name="other")))
    count = Count("quick", "1", 0.5, 200, 180, 100.0, 100, 20.0, 60.0)
    text = compared.text({"quick": count}, 200)
    assert "nothing is claimed of it: other" in text
    assert "| quick | none | 500 ms | 200 | 90.0 % | " in text
    assert text.rstrip().endswith("| 500 ms | 100 ms, 50 % | **no** |")
