"""The pages of plans, gates, sweeps and comparisons: their figures, their pictures, and names that do no harm."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mmesim.experiment.diff.diff import Diff
from mmesim.experiment.sweep.result import SweepResult, swept_point
from mmesim.report.content.diff import answer as differs
from mmesim.report.content.gated import words
from mmesim.report.content.planned.statement import statement
from mmesim.report.page.diff import diff_page
from mmesim.report.page.gate import gate_page
from mmesim.report.page.plan import plan_page
from mmesim.report.page.rows import Row, rows
from mmesim.report.page.scale import Scale
from mmesim.report.page.scatter import Dot, scatter
from mmesim.report.page.sweep import sweep_page
from mmesim.results.comparison.compare import deltas
from mmesim.results.result import Result
from mmesim.scenario.figures import figure, shown_in
from tests.helpers.gated import gated, line
from tests.helpers.gated import scenario as gated_scenario
from tests.helpers.page import Page, digest
from tests.helpers.planned import planned
from tests.unit.report.page.test_page import HOSTILE
from tests.unit.results.synthetic import Call, replications, scenario

COUNT = "endpoint.instance_count"


def result(service_s: float, name: str = "by-hand", count: int = 1) -> Result:
    of = scenario(["p99 < 50 ms"], run={"replications": 2}, endpoint={"instance_count": count}, name=name)
    calls = [[Call(service_s * (1.0 + 0.01 * (i % 7 + j))) for i in range(600)] for j in range(2)]
    return Result(of, replications(of, *calls))


def sweep(name: str = "by-hand") -> SweepResult:
    points = [
        swept_point(number, {COUNT: count}, result(0.08 / count, name, count)) for number, count in enumerate((1, 2, 4))
    ]
    return SweepResult(result(0.1, name).scenario, (COUNT,), tuple(points), 3, 6, 0)


def compared(name: str = "by-hand") -> Diff:
    a, b = result(0.04, name), result(0.06, f"{name} slower")
    return Diff(a.scenario, a, b, deltas(a, b), None, same_calls=True, all_recorded=True)


FIGURES = [figure(name, shown_in("sweep")) for name in ("p99", "cache_hit_ratio")]


def pages(name: str) -> dict[str, Page]:
    """Every page, with one name everywhere."""
    return {
        "plan": Page(plan_page(planned(name=name))),
        "gate": Page(gate_page(gated(gated_scenario(line(), name=name, file=name)))),
        "sweep": Page(sweep_page(sweep(name), FIGURES)),
        "diff": Page(diff_page(compared(name))),
    }


@pytest.fixture(scope="module")
def plain() -> dict[str, Page]:
    return pages("day")


def test_each_page_begins_with_its_answer(plain: dict[str, Page]) -> None:
    answers = {
        "plan": statement(planned(name="day")),
        "gate": words.answer(gated(gated_scenario(line(), name="day", file="day"))),
        "sweep": "cheapest that passes: 2 hosts, point 1, $0.36 an hour",
        "diff": differs(compared("day")),
    }
    for name, page in plain.items():
        assert answers[name] in page.answer


def test_only_what_is_hashed_runs_and_nothing_is_loaded(plain: dict[str, Page]) -> None:
    for page in plain.values():
        code = [content for kind, content in page.scripts if kind != "application/json"]
        assert page.policy["script-src"] == [digest(content) for content in code]
        assert page.policy["style-src"] == [digest(content) for content in page.styles]
        assert list(page.loads()) == []
        assert not [name for _, name, _ in page.attributes if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_changes_no_element(name: str, plain: dict[str, Page]) -> None:
    for which, page in pages(name).items():
        assert page.tags == plain[which].tags
        assert not {"\u202e", "\u2066"} & set(page.text)


def test_a_picture_of_a_plan_has_every_simulated_fleet_and_the_limit(plain: dict[str, Page]) -> None:
    (said,) = {value for tag, name, value in plain["plan"].attributes if (tag, name) == ("svg", "aria-label")}
    for fleet in ("2 x ml.m5.xlarge", "3 x ml.m5.xlarge", "3 x ml.m5.2xlarge (the answer)"):
        assert fleet in said
    assert "limit 1 %" in plain["plan"].text


def test_a_sweep_shows_its_limit_and_which_points_pass(plain: dict[str, Page]) -> None:
    page = plain["sweep"]
    kinds = [value for tag, name, value in page.attributes if (tag, name) == ("circle", "class")]
    # Each picture is drawn for a screen and for a phone. Nothing is asked of the cache hits: none can fail it.
    assert kinds == [*["fail", "pass", "pass"] * 2, *["none"] * 6]
    assert "limit 50 ms" in page.text


def test_a_comparison_draws_both_over_each_other(plain: dict[str, Page]) -> None:
    labels = [[curve["label"] for curve in chart["curves"]] for chart in plain["diff"].data["charts"]]
    assert labels == [["a", "b"]] * 4
    titles = {value for tag, name, value in plain["diff"].attributes if name == "aria-label"}
    for one in ("Latency over time: p50, ms", "Mean latency over time, ms", "Latency over time: p99, ms"):
        assert any(title.startswith(one) for title in titles if title)
    assert "by-hand" not in plain["diff"].text
    said = "p99 < 50 ms: pass in a, FAIL in b; b is worse in 7 of 14 figures (most: p90 63.6 ms, in a 42.4)"
    assert plain["diff"].answer == f"{said}; $0.36 an hour, as a"


def test_a_gate_says_how_far_each_line_is_inside() -> None:
    page = Page(gate_page(gated(gated_scenario(line(), line("p90 < 1 s", "fail", margin=-0.2)))))
    assert "+88 %" in page.text
    assert page.text.count("<circle") == 2 * 2


@given(some.lists(some.floats(-1e9, 1e9), min_size=1), some.booleans(), some.booleans())
def test_a_scale_keeps_the_order_and_holds_its_marks(values: list[float], from_zero: bool, linear: bool) -> None:
    scale = Scale.of(values, 10.0, 20.0, from_zero, linear)
    places = [scale.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(10.0 <= place <= 20.0 for place in places)
    marks = scale.marks()
    assert len(marks) <= 40
    assert all(scale.low - 1e-6 * abs(scale.low) <= mark <= scale.high + 1e-6 * abs(scale.high) for mark in marks)


def test_whole_numbers_have_whole_marks_and_a_zero_on_a_logarithmic_axis_is_said() -> None:
    dots = [Dot(x, y, math.nan, math.nan, "pass", f"{x:g} hosts") for x, y in ((1.0, 100.0), (2.0, 1.0), (3.0, 0.0))]
    drawn = str(scatter(dots, "instances", "%", "errors"))
    assert ">1.5<" not in drawn
    assert "0 is drawn at 0.5" in drawn


def test_every_point_of_a_crowd_is_named() -> None:
    dots = [Dot(100.0, 1.0 + 0.01 * i, math.nan, math.nan, "fail", f"{i} x ml.m5.large") for i in range(6)]
    drawn = str(scatter(dots, "USD", "%", "errors"))
    assert [name for name in (f"{i} x ml.m5.large \N{BALLOT X}<" for i in range(6)) if name not in drawn] == []


@pytest.mark.parametrize("apart", [0.01, 0.6, 1.0, 3.0])
def test_a_name_stands_nearer_to_its_own_point_than_to_another(apart: float) -> None:
    values = {"lower": 10.0, "upper": 10.0 + apart}
    dots = [Dot(504.0, value, math.nan, math.nan, "fail", name) for name, value in values.items()]
    dots.append(Dot(600.0, 30.0, math.nan, math.nan, "pass"))
    drawn = str(scatter(dots, "USD", "%", "calls")).split("</svg>")[0]
    names = {name: float(re.search(rf'y="([\d.]+)"[^>]*>{name} ', drawn)[1]) for name in values}  # type: ignore[index]
    assert names["upper"] < names["lower"]


def test_the_name_of_the_highest_point_is_beside_it_and_none_is_on_the_line_of_a_limit() -> None:
    points = ((307.0, 7.86, "3 x ml.m5.xlarge"), (337.0, 14.7, "1 x ml.m5.2xlarge"), (613.0, 0.05, "6 x ml.m5.xlarge"))
    dots = [Dot(x, y, math.nan, math.nan, "fail", name) for x, y, name in points]
    drawn = str(scatter(dots, "USD", "%", "calls", [(5.0, "limit 5 %")])).split("</svg>")[0]
    (point,) = {float(found) for found in re.findall(r'cy="([\d.]+)"', drawn)[1:2]}
    limit = float(re.search(r'y="([\d.]+)"[^>]*>limit 5 %', drawn)[1]) + 5.0  # type: ignore[index]
    names = {name: float(re.search(rf'y="([\d.]+)"[^>]*>{name} ', drawn)[1]) for _, _, name in points}  # type: ignore[index]
    assert abs(names["1 x ml.m5.2xlarge"] - point) < 12.0
    assert all(name < limit or name - 10.0 > limit for name in names.values())


def test_a_row_without_a_value_is_named_and_not_drawn() -> None:
    missing = Row("nothing", math.nan, math.nan, math.nan, "-")
    drawn = str(rows([missing, replace(missing, name="one", value=1.0, shown="1")], "ms", "p99"))
    assert drawn.count("<circle") == 2  # on a screen and on a phone
    assert ">nothing<" in drawn
