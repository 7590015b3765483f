"""The study of capacities: its problems, what counts as wrong, and its table."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmesim.analytic.erlang import mmc_sojourn_exceeds
from tests.capacity_study import study
from tests.capacity_study.study import Problem, Solved, solved, told


@pytest.mark.parametrize("number", range(8))
def test_the_truth_of_a_problem_is_that_of_erlang(number: int):
    one = Problem.drawn(number)
    assert one == Problem.drawn(number)
    rate = one.truth * one.rate_per_s
    beyond = mmc_sojourn_exceeds(rate, one.service_s, one.servers, one.limit_s)
    assert beyond == pytest.approx(1.0 - one.percentile / 100.0, rel=1e-6)
    assert 1 / 1.31 < one.truth < 5.01
    assert one.scenario.expect[0].limit == pytest.approx(one.limit_s)
    assert one.scenario.models[0].workers == one.servers


@pytest.mark.parametrize(
    ("largest", "smallest_failing", "wrong", "width"),
    [
        (0.9, 1.1, False, 0.2),
        (1.05, 1.1, True, 0.05),
        (0.9, 0.95, True, 0.05),
        (None, 1.1, False, None),
        (None, 0.9, True, None),
        (0.9, None, False, None),
    ],
)
def test_an_end_on_the_wrong_side_is_wrong(
    largest: float | None, smallest_failing: float | None, wrong: bool, width: float | None
):
    one = Solved(1.0, largest, smallest_failing, 100, 1000)
    assert one.wrong == wrong
    assert one.width == (None if width is None else pytest.approx(width))


def test_the_table_counts_and_bounds():
    table = told([Solved(1.0, 0.98, 1.01, 100, 1000), Solved(1.0, 1.01, 1.05, 300, 1000)])
    assert "| both ends on their side of the truth | 1 of 2 | 50.0 % (9.5 % to 90.5 %) |" in table
    assert "| both ends found | 2 of 2 | 100.0 % (34.2 % to 100.0 %) |" in table
    assert "4.0 % of the truth in the median" in table


def test_what_is_finished_is_not_solved_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    calls = []

    class Found:
        largest, smallest_failing, replications, requests = 1.0, 1.1, 10, 100

    def capacity(scenario: object, of: str) -> Found:
        calls.append(of)
        return Found()

    monkeypatch.setattr(study, "capacity", capacity)
    first = solved(3, tmp_path)
    assert solved(3, tmp_path) == first
    assert calls == ["traffic"]
