"""Figures as text: significant digits, intervals, shares near 100 %, cells."""

from __future__ import annotations

import pytest

from mmesim.report import formats
from mmesim.report.blocks import Cell
from mmesim.stats.intervals import Estimate


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1427.3, "1,427"), (87.06, "87.1"), (9.996, "10.0"), (0.001388, "0.00139"), (1.0, "1.00")],
)
def test_three_significant_digits(value: float, text: str) -> None:
    assert formats.number(value) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (83.58, 90.54, "[83.6, 90.5]"),
        (1337.5, 1516.6, "[1,338, 1,517]"),
        (0.0, 0.005947, "[0, 0.0059]"),
        (0.4, 1500.0, "[0.4, 1,500]"),
        (0.004, 1500.0, "[0, 1,500]"),
        (-13.0, -0.3, "[-13, -0.3]"),
        (-13.0, -0.003, "[-13, -0.003]"),
        (-0.0004, 0.13, "[-0.0004, 0.13]"),
        (5.0, 5.0, "[5.00, 5.00]"),
    ],
)
def test_interval_shows_no_noise(low: float, high: float, text: str) -> None:
    assert formats.interval(Estimate(low, (low, high)).as_dict()) == text


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [(6.35e-33, 0.0, 8.5e-31, "0 % [0, 0]"), (1.0 - 1e-15, 1.0 - 1e-14, 1.0, "100 % [100, 100]")],
)
def test_rounding_errors_of_a_share_are_not_shown(value: float, low: float, high: float, text: str) -> None:
    assert formats.percent(Estimate(value, (low, high)).as_dict()) == text


def test_a_difference_of_shares_that_is_rounding_is_none() -> None:
    assert (formats.in_percent(-1.1e-16), formats.in_percent(-0.25)) == (0.0, -25.0)


def test_the_smallest_share_that_a_run_can_have_is_shown() -> None:
    assert formats.share(1e-9) == "0.000000100 %"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.93641, "93.6 %"), (0.9998, "99.980 %"), (1.0, "100 %"), (0.0, "0 %"), (0.00001388, "0.00139 %")],
)
def test_shares_near_all_show_what_is_missing(share: float, text: str) -> None:
    assert formats.share(share) == text


def test_errors_of_floating_point_are_not_shown_as_digits() -> None:
    estimated = {"value": 1.0, "ci95": [0.99999999999999929, 1.0]}
    assert formats.percent_interval(estimated) == "[100, 100]"


def test_value_interval_and_reason() -> None:
    assert formats.both(Estimate(17.5, (10.0, 25.0)).as_dict(), " ms") == "17.5 ms [10, 25]"
    assert formats.both(Estimate(17.5).as_dict(), " ms") == "17.5 ms"
    assert formats.both(Estimate(None, reason="no call").as_dict()) == "- (no call)"
    assert formats.percent(Estimate(0.9998, (0.9997, 0.9999)).as_dict()) == "99.980 % [99.970, 99.990]"
    assert formats.percent(Estimate(None, reason="no call").as_dict()) == "- (no call)"
    assert formats.value(Estimate(None, reason="no call").as_dict()) == formats.DASH
    assert formats.percent_value(Estimate(None, reason="no call").as_dict()) == formats.DASH
    assert formats.percent_interval(Estimate(0.5).as_dict()) == ""


def test_cells_hold_value_interval_and_reason() -> None:
    assert formats.value_cell(Estimate(17.5, (10.0, 25.0)).as_dict()) == Cell("17.5", "[10, 25]")
    assert formats.value_cell(Estimate(None, reason="no call").as_dict()) == Cell("-", reason="no call")
    assert formats.share_cell(Estimate(0.9998, (0.9997, 0.9999)).as_dict()) == Cell("99.980 %", "[99.970, 99.990]")
