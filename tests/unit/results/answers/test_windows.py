"""Of a line of `expect` that is judged in windows, tables and frames have the worst one."""

from __future__ import annotations

from typing import Any

import pytest

from mmesim.results.answers.capacity import Capacity, Tried
from mmesim.results.answers.planned import FleetLine
from mmesim.results.answers.sections import Verdict
from mmesim.results.tables.fleets import fleets_table
from tests.helpers.planned import fleet, line, planned

NO_ANSWER: dict[str, Any] = {"next_cheaper": None, "all_in_memory": None, "ties": [], "estimates": [], "paired": []}
TEXT = "p90 in every 1 min < 100 ms"


def window(value: float | None, verdict: Verdict) -> FleetLine:
    return line(value, verdict, text=TEXT)


@pytest.mark.parametrize(
    ("lines", "value", "verdict"),
    [
        ([window(0.001, "pass"), window(0.004, "pass"), window(0.002, "pass")], 0.004, "pass"),
        ([window(0.02, "fail"), window(0.004, "pass"), window(0.05, "fail")], 0.05, "fail"),
        ([window(0.004, "pass"), window(0.0099, "undecided"), window(None, "undecided")], 0.0099, "undecided"),
    ],
)
def test_the_table_of_fleets_has_the_worst_window(lines: list[FleetLine], value: float, verdict: str):
    one = fleet("ml.m5.xlarge", 2, *lines)
    none = planned(fleets=[one], answer=None, current=None, why_not=[], **NO_ANSWER)
    row = fleets_table(none).to_pylist()[0]
    assert (row[TEXT], row[f"{TEXT} verdict"]) == (value, verdict)


def test_the_frame_of_a_capacity_has_the_worst_window():
    lines = [window(0.001, "pass"), window(0.004, "pass"), window(0.002, "pass")]
    one = Tried(
        amount=1.0,
        verdict="pass",
        lines=lines,
        hit_ratio=1.0,
        hit_ratio_interval=None,
        calls_per_s=20.0,
        usd_per_model=None,
        usd_per_million=None,
        replications=10,
    )
    known: dict[str, Any] = {"tried": [one]}
    frame = Capacity.model_construct(**known).frame
    assert frame[TEXT].tolist() == [0.004]
    assert frame[f"{TEXT} high"].tolist() == [pytest.approx(0.0048)]
