"""Whatever a plan found and whatever a scenario is called: every report can be made, and is well formed."""

import json

import jsonschema
import pytest
from hypothesis import given

from mmesim.report.content.planned.report import plan_report, statement_report
from mmesim.report.markdown import markdown
from mmesim.report.text import WIDTH, text
from mmesim.results.planned import Planned, planned_schema
from tests.helpers.planned import FIXED, any_planned, plain_planned

SCHEMA = planned_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
FORMATTERS = {
    "text": lambda found: text(plan_report(found)),
    "coloured": lambda found: text(plan_report(found), colour=True, width=40),
    "markdown": lambda found: markdown(plan_report(found)),
    "statement": lambda found: text(statement_report(found)),
}


@pytest.mark.parametrize("name", FORMATTERS)
@given(any_planned)
def test_every_report_of_every_plan_can_be_made_and_is_a_function_of_it(name: str, found: Planned) -> None:
    assert FORMATTERS[name](found) == FORMATTERS[name](Planned.model_validate_json(found.model_dump_json()))


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
