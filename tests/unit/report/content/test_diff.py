"""A comparison in words and pictures: times of recovery, the part that differs, and figures that are 0 on one side."""

from __future__ import annotations

import re

import pytest

from mmesim.experiment.diff.diff import Diff
from mmesim.experiment.diff.divergence import Divergence, Fate
from mmesim.report.content.diff import answer, diff_report
from mmesim.report.page.differences import differences as on_page
from mmesim.report.plots.diff import differences
from mmesim.report.text import text
from mmesim.results.comparison.compare import Delta
from mmesim.results.result import Result
from mmesim.stats.intervals import Estimate
from tests.unit.results.synthetic import Call, run_data, scenario

OWN = {"service": 0.00738, "network": 0.005, "router": 0.002, "overhead": 0.0008}


def compared(*deltas: Delta, first: Divergence | None = None) -> Diff:
    of = scenario()
    result = Result(of, (run_data(of, [Call(0.1)] * 10),))
    return Diff(of, result, result, deltas, first, same_calls=True, all_recorded=True)


def fate(arrival_s: float, parts_s: dict[str, float] = OWN, model: str = "m-000") -> Fate:
    return Fate(arrival_s, model, 0, hit=True, cause="ok", latency_s=0.0157, parts_s=parts_s)


def delta(name: str, kind: str, a: float, b: float, low: float, high: float) -> Delta:
    direction = "lower" if high < 0.0 else "higher" if low > 0.0 else "undecided"
    return Delta(name, kind, Estimate(a), Estimate(b), Estimate(b - a, (low, high)), direction, None)  # type: ignore[arg-type]


def test_the_part_that_differs_is_named_however_small() -> None:
    fates = [fate(2.0, OWN | {"queue": queue}) for queue in (5e-4, 3e-4)]
    shown = text(diff_report(compared(first=Divergence(0, 1, 2.0, "m-000", *fates))))
    assert "queue 500 us" in " ".join(shown.split())
    assert "queue 300 us" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (fate(2.003), "in b: 3 ms later, host 0, hit"),
        (fate(0.5), "in b: 1.5 s earlier, host 0, hit"),
        (fate(2.0, model="m-001"), "in b: to m-001, host 0, hit"),
        (fate(2.003, model="m-001"), "in b: 3 ms later, to m-001, host 0, hit"),
        (fate(2.0, OWN | {"queue": 1.0}), "in b: host 0, hit"),
        (None, "in b: there is no such call"),
    ],
)
def test_a_call_that_comes_at_another_time_or_to_another_model_says_so(other: Fate | None, said: str) -> None:
    shown = " ".join(text(diff_report(compared(first=Divergence(0, 1, 2.0, "m-000", fate(2.0), other)))).split())
    assert "call 1 at 2 s, to m-000 in a: host 0, hit" in shown
    assert said in shown


def test_the_cost_is_said_once() -> None:
    found = compared(delta("usd_per_hour", "usd", 0.46, 0.69, 0.23, 0.23))
    assert answer(found) == "b is worse in 1 of 1 figure; $0.69 an hour, in a $0.46"


def test_a_recovery_is_written_as_a_time() -> None:
    found = compared(delta("recovery after zone-1", "ms", 340e3, 60e3, -300e3, -200e3))
    row = next(line for line in text(diff_report(found)).splitlines() if "recovery after zone-1" in line)
    assert "5.67 min" in row
    assert "60 s" in row
    assert "340,000" not in row


def test_a_figure_that_is_0_on_one_side_says_why_it_has_no_mark() -> None:
    picture = differences(
        compared(delta("mean", "ms", 10.0, 20.0, 5.0, 15.0), delta("error_rate", "share", 0, 0.1, 0, 1))
    )
    assert "0 in a" in {one.get_text() for one in picture.axes[0].texts}


def test_no_multiple_on_the_page_is_below_nothing() -> None:
    shown = on_page(compared(delta("error_rate", "share", 0.1, 0.2, -0.3, 0.5)))
    assert re.search(r">\d+</text>", shown)
    assert not re.search(r">[-\N{MINUS SIGN}]\d", shown)
