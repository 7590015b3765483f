"""Whatever a plan found and whatever a scenario is called: every report can be made, and is well formed."""

import json
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from mmesim.errors import UserError
from mmesim.report.content.planned.report import plan_report, statement_report
from mmesim.report.content.planned.words import judged
from mmesim.report.markdown import markdown
from mmesim.report.page.fleets import fleets
from mmesim.report.plots.plan import pareto
from mmesim.report.text import WIDTH, text
from mmesim.results.answers.planned import Planned, planned_schema
from mmesim.results.tables.fleets import fleets_table
from tests.helpers.planned import FIXED, any_planned, fleet, line, plain_planned, planned

SCHEMA = planned_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
FORMATTERS = {
    "text": lambda found: text(plan_report(found)),
    "coloured": lambda found: text(plan_report(found), colour=True, width=40),
    "markdown": lambda found: markdown(plan_report(found)),
    "statement": lambda found: text(statement_report(found)),
}


@given(any_planned)
def test_every_report_of_every_plan_can_be_made_and_is_a_function_of_it(found: Planned) -> None:
    again = Planned.model_validate_json(found.model_dump_json())
    for name, made in FORMATTERS.items():
        assert made(found) == made(again), name


@given(plain_planned)
def test_no_line_is_wider_than_a_terminal(found: Planned) -> None:
    for report in (plan_report(found), statement_report(found)):
        assert [line for line in text(report).splitlines() if len(line) > WIDTH] == []


@pytest.mark.parametrize("name", FIXED)
def test_no_line_of_a_plan_in_earnest_is_wider_than_a_terminal(name: str) -> None:
    assert [line for line in text(plan_report(FIXED[name]())).splitlines() if len(line) > WIDTH] == []


@given(any_planned)
def test_every_document_fits_its_schema_and_is_read_back(found: Planned) -> None:
    written = found.model_dump_json()
    VALIDATOR.validate(json.loads(written))
    assert Planned.model_validate_json(written) == found


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@given(any_planned)
def test_every_table_has_a_row_for_each_fleet(found: Planned) -> None:
    table = fleets_table(found)
    assert table.num_rows == len(found.fleets)
    assert table["state"].to_pylist() == [one.state for one in found.fleets]
    assert table["answer"].to_pylist() == [row == found.answer for row in range(len(found.fleets))]


def test_a_document_that_names_a_row_that_is_not_there_is_none():
    with pytest.raises(ValidationError, match="there is no row 99"):
        Planned.model_validate(planned().model_dump() | {"answer": 99})


@pytest.mark.parametrize("name", FIXED)
def test_every_plan_in_earnest_is_drawn_with_a_mark_for_each_fleet_that_was_simulated(name: str) -> None:
    found = FIXED[name]()
    drawn = [one for one in found.fleets if any(line.text == "p99 < 500 ms" for line in one.lines)]
    marks = [line for line in pareto(found).axes[0].lines if line.get_marker() in ("o", "X", "D")]
    rings = 0 if found.answer is None else 1
    assert len(marks) == len(drawn) + rings


def test_a_fleet_stands_where_it_is_worst_with_all_that_it_must_withstand() -> None:
    gone = "the largest zone gone"
    kept, lost = line(0.0, interval=(0.0, 0.0)), line(0.235, "fail", when=gone, interval=(0.21, 0.26))
    small, large = fleet("ml.m5.large", 6, kept, lost), fleet("ml.m5.xlarge", 3, kept, line(0.004, when=gone))
    other = fleet("ml.m5.2xlarge", 2, kept, state="turned down", binds="cpu")
    rows: dict[str, Any] = {
        "answer": 1,
        "next_cheaper": 0,
        "current": None,
        "all_in_memory": None,
        "ties": [],
        "estimates": [],
    }
    near = [one.model_copy(update={"nearest": 0}) for one in planned().why_not[:1]]
    found = planned(fleets=[small, large, other], **rows, why_not=near)
    axes = pareto(found).axes[0]
    assert f"p99 < 500 ms at its worst, as written or with {gone}" in axes.get_title(loc="left").replace("\n", " ")
    marks = {float(np.asarray(mark.get_ydata())[0]) for mark in axes.lines if mark.get_marker() == "X"}
    assert 23.5 in marks
    assert "(1 turned down for another reason)" in axes.get_xlabel()
    assert "23.5" in fleets(found)[0]


def test_a_mark_that_does_not_stand_at_its_figure_is_said_to() -> None:
    found = FIXED["answer"]()
    assert "drawn there" not in pareto(found).axes[0].get_xlabel()
    shown = {one.fleet for one in found.estimates}
    row = next(row for row, one in enumerate(found.fleets) if one.lines and row not in shown)
    lines = [line.model_copy(update={"value": 1e-6, "interval": (0.0, 1e-5)}) for line in found.fleets[row].lines]
    fleets = [*found.fleets]
    fleets[row] = fleets[row].model_copy(update={"lines": lines})
    rare = found.model_copy(update={"fleets": fleets})
    assert "(less than 0.01 is drawn at 0.01)" in pareto(rare).axes[0].get_xlabel()


@settings(max_examples=20)
@given(plain_planned)
def test_every_plan_can_be_drawn_or_has_nothing_to_draw(found: Planned) -> None:
    priced = [row for row, one in enumerate(found.fleets) if one.usd_per_month is not None]
    if any(line.value is not None for row in priced for line in judged(found, row)):
        pareto(found).draw_without_rendering()
    else:
        with pytest.raises(UserError, match="nothing to draw"):
            pareto(found)
