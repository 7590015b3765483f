"""How the coverage study counts: runs cut from a row of replications, the intervals of the tool itself, Wilson."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.stats

from mmesim.experiment.execute.task import Observer
from mmesim.experiment.until import replicate_until
from mmesim.results.figures.latency import pool
from mmesim.results.measured.run_data import RunData
from mmesim.results.result import Result
from mmesim.scenario import Scenario
from tests.coverage_study.judge import MOST, Design, Row, designs, rows, wilson
from tests.coverage_study.judged import FIGURES, WARM, interval, students
from tests.unit.experiment import fakes
from tests.unit.results.synthetic import Call, run_data, scenario

LIMIT_S = 0.3
OF = scenario([f"p95 < {LIMIT_S} s"])


def replication(number: int) -> RunData:
    """A hundred calls of exponential latency, 100 ms on average."""
    draws = np.random.default_rng([7, number]).exponential(0.1, 100)
    return run_data(OF, [Call(float(x)) for x in draws], replication=number)


RUNS = tuple(replication(number) for number in range(45))


def filled(design: Design, runs: Sequence[RunData] = RUNS) -> Design:
    for run in runs:
        design.add(run)
    return design


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (10, 10), (190, 200), (1900, 2000), (1, 3)])
@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_wilson_agrees_with_scipy(successes: int, trials: int, confidence: float) -> None:
    exact = scipy.stats.binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    assert wilson(successes, trials, confidence) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_a_fixed_number_cuts_the_row_into_tens() -> None:
    design = filled(Design(("mean",), None, OF, LIMIT_S))
    assert (design.runs_done, design.used, design.reached) == (4, 40, 4)
    for i, found in enumerate(design.intervals["mean"]):
        group = RUNS[10 * i : 10 * i + 10]
        assert found == interval("mean", OF, group, pool(group), LIMIT_S, 0.95)


@pytest.mark.parametrize("figure", ["mean", "p95", "p99"])
def test_the_intervals_are_those_of_the_summary(figure: str) -> None:
    summary: Any = Result(OF, RUNS[:10]).summary
    (found, *_) = filled(Design((figure,), None, OF, LIMIT_S)).intervals[figure]
    assert [1000 * end for end in found] == pytest.approx(summary["latency_ms"][figure]["ci95"], rel=1e-11)


def test_the_share_is_the_one_that_decides() -> None:
    summary: Any = Result(OF, RUNS[:10]).summary
    (found, *_) = filled(Design(("share",), None, OF, LIMIT_S)).intervals["share"]
    assert list(found) == pytest.approx(summary["expect"][0]["decided_on"]["ci95"], rel=1e-11)


def test_warm_figures_are_those_of_the_summary() -> None:
    of = scenario([f"p95 < {LIMIT_S} s", "p95 warm < 200 ms"])

    def mixed(number: int) -> RunData:
        draws = np.random.default_rng([8, number]).exponential(0.1, 200)
        calls = [Call(float(x), load=n if n % 4 == 0 else None) for n, x in enumerate(draws)]
        calls = [replace(call, load_wait=0.5) if call.load is not None else call for call in calls]
        return run_data(of, calls, replication=number)

    runs = tuple(mixed(number) for number in range(10))
    summary: Any = Result(of, runs).summary
    (design, *_) = designs(dict.fromkeys(("mean", "p95", "p99"), "5 %"), of, LIMIT_S, warm=True)
    assert design.figures == (*FIGURES, *WARM)
    found = {figure: [1000 * end for end in given[0]] for figure, given in filled(design, runs).intervals.items()}
    for name in ("p95", "p99"):
        assert found[f"warm {name}"] == pytest.approx(summary["warm"]["latency_ms"][name]["ci95"], rel=1e-11)
        assert found[f"warm {name}"] != found[name]
    decided = summary["expect"][1]["decided_on"]
    assert [end / 1000 for end in found["warm share"]] == pytest.approx(decided["ci95"], rel=1e-11)


def test_students_interval_stands_beside_that_of_a_mean_and_of_a_share() -> None:
    design = filled(Design(("mean", "p99", "share"), None, OF, LIMIT_S), RUNS[:10])
    means = [run.latency_sum_s / run.ok for run in RUNS[:10]]
    t = scipy.stats.t.interval(0.95, 9, np.mean(means), scipy.stats.sem(means))
    assert design.before["mean"] == [pytest.approx(t)]
    assert design.before["mean"] != design.intervals["mean"]
    assert "p99" not in design.before
    row, p99, _ = rows([design], {"mean": 0.1, "p99": 0.46, "share": 0.05})
    assert row.half_width_before == pytest.approx((t[1] - t[0]) / 2 / 0.1)
    assert (row.covered_before, p99.half_width_before) == (int(t[0] <= 0.1 <= t[1]), None)


def test_students_share_is_as_wide_as_the_binomial_one() -> None:
    none = [run_data(OF, [Call(0.1)] * 100, replication=number) for number in range(10)]
    found = students("share", OF, none, LIMIT_S, 0.95)
    assert found == pytest.approx((0.0, scipy.stats.binomtest(0, 1000).proportion_ci(0.95, "exact").high))


@pytest.mark.parametrize("target", ["mean within 6 %", "p95 within 9 %"])
def test_until_stops_where_the_tool_stops(target: str) -> None:
    def simulate(of: Scenario, number: int, observer: Observer | None, records: int | None) -> RunData:
        return replication(number)

    figure = target.split()[0]
    design = Design((figure,), target, OF, LIMIT_S)
    number = 0
    while design.runs_done == 0:
        design.add(replication(number))
        number += 1
    result = replicate_until(scenario(run={"until": target, "max_replications": MOST}), executor=fakes.Fake(simulate))
    summary: Any = result.summary
    assert number == len(result.runs) > 10
    assert design.reached == 1
    (found,) = design.intervals[figure]
    assert [1000 * end for end in found] == pytest.approx(summary["latency_ms"][figure]["ci95"], rel=1e-11)


def test_no_replication_is_in_two_runs() -> None:
    design = Design(("mean",), "mean within 90 %", OF, LIMIT_S)
    filled(design)
    assert (design.runs_done, design.used) == (4, 40)
    assert len(set(design.intervals["mean"])) == 4


def test_until_gives_up_in_the_end() -> None:
    design = Design(("mean",), "mean within 0.01 %", OF, LIMIT_S)
    filled(design, RUNS[:MOST])
    assert (design.runs_done, design.used, design.reached, len(design.intervals["mean"])) == (1, MOST, 0, 1)


def test_the_ledger_is_not_kept_for_every_replication() -> None:
    design = filled(Design(("p99",), None, OF, LIMIT_S), RUNS[:5])
    assert all(run.parts_s.size == 0 for run in design._runs)
    assert design._pooled is not None
    assert design._pooled.parts_s.sum() == pytest.approx(sum(run.parts_s.sum() for run in RUNS[:5]))
    assert RUNS[0].parts_s.sum() > 0.0


def test_a_run_without_an_interval_is_not_counted_as_a_failure_nor_as_a_success() -> None:
    lost = replace(run_data(OF, [Call(0.1, cause="queue_full")]), replication=0)
    design = filled(Design(("p99", "share"), None, OF, LIMIT_S), [lost] * 10)
    (p99, _) = rows([design], {"p99": 1.0, "share": 0.5})
    assert (p99.runs, p99.given, p99.covered, p99.half_width, p99.passes) == (1, 0, 0, None, False)


def test_every_figure_is_judged_under_both_ways_of_stopping() -> None:
    of = designs({"mean": "4 %", "p95": "5 %", "p99": "6 %"}, OF, LIMIT_S)
    found = rows([filled(d) for d in of], {"mean": 0.1, "p95": 0.3, "p99": 0.46, "share": 0.05})
    assert [(row.figure, row.target) for row in found] == [
        ("mean", None),
        ("p95", None),
        ("p99", None),
        ("share", None),
        ("mean", "mean within 4 %"),
        ("p95", "p95 within 5 %"),
        ("p99", "p99 within 6 %"),
        ("share", "p99 within 6 %"),
    ]


def test_coverage_by_hand() -> None:
    design = Design(("mean",), None, OF, LIMIT_S, runs_done=4, used=40, reached=4)
    design.intervals["mean"] = [(0.9, 1.1), (1.0, 1.2), (1.01, 1.3), (0.0, 0.99)]
    (row,) = rows([design], {"mean": 1.0})
    assert (row.runs, row.given, row.covered, row.coverage, row.replications) == (4, 4, 2, 0.5, 10.0)
    assert row.half_width == pytest.approx((0.1 + 0.1 + 0.145 + 0.495) / 4)


@pytest.mark.parametrize(
    ("covered", "given", "passes"),
    [
        (1900, 2000, True),  # 95 %
        (1870, 2000, True),  # 93.5 % itself is enough
        (1869, 2000, False),  # its interval ends at 94.7 %
        (18, 20, True),  # 90 %, but twenty runs cannot tell
        (10, 20, False),
    ],
)
def test_what_passes(covered: int, given: int, passes: bool) -> None:
    row = Row("mean", None, 1.0, given, given, covered, 0.1, 10.0, given)
    assert row.passes == passes
