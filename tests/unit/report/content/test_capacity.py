"""What the report of a capacity says, on documents made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from mmesim.report.content.capacity import answer, capacity_report
from mmesim.report.plots.capacity import capacity_plot
from mmesim.report.text import text
from mmesim.results.answers.capacity import Capacity, Knee, Tried
from mmesim.results.answers.planned import FleetLine


def line(share: float | None, verdict: Any = "undecided") -> FleetLine:
    ends = None if share is None else (0.9 * share, 1.1 * share)
    return FleetLine(
        text="p99 < 500 ms", when=None, verdict=verdict, figure="share_over 500 ms", unit="share",
        value=share, interval=ends, limit=0.01, replications=10,
    )  # fmt: skip


def tried(amount: float, share: float | None = 0.005, verdict: Any = None) -> Tried:
    return Tried(
        amount=amount, verdict=verdict, lines=[line(share, verdict or "undecided")], hit_ratio=0.98,
        hit_ratio_interval=(0.97, 0.99), calls_per_s=amount / 10.0, usd_per_model=100.0 / amount, usd_per_million=3.0,
        replications=10,
    )  # fmt: skip


def document(**given: Any) -> Capacity:
    plain: dict[str, Any] = {
        "mmesim": "0.1.0", "name": "tenants", "of": "models", "group": None, "fleet": "4 x ml.m5.xlarge",
        "price_estimated": False, "price_source": "AWS's list", "finished": True, "seems_to_fit": 540.0,
        "seems_not_to_fit": 545.0,
        "usd_per_month": 671.6, "verdict": "pass", "confidence": 0.95, "notes": [], "expect": ["p99 < 500 ms"],
        "now": 500.0, "largest": 538.0, "smallest_failing": 561.0, "tried_from": 1.0, "tried_to": 8000.0,
        "stopped": None, "monotone": True, "knee": Knee(models=481.0, interval=(475.0, 490.0), reason=None),
        "tried": [tried(500.0), tried(538.0, 0.008, "pass"), tried(550.0, 0.0101, "undecided"),
                  tried(561.0, 0.02, "fail")],
        "replications": 100, "simulated": 100, "requests": 1000, "robustness": None,
    }  # fmt: skip
    return Capacity(**{**plain, **given})


TRAFFIC = {"of": "traffic", "now": 1.0, "knee": None, "tried": [tried(1.0)]}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "38 more models fit: 538 models meet every line, 561 do not"),
        ({"now": 537.0}, "1 more model fits: 538 models meet every line, 561 do not"),
        ({"now": 538.0}, "no more models fit: 538 models meet every line, 561 do not"),
        (
            {"now": 550.0, "verdict": "undecided"},
            "too near to tell whether 550 models fit: 538 models meet every line, 561 do not",
        ),
        (
            {"now": 576.0, "verdict": "fail"},
            "the scenario has 38 models too many: 538 models meet every line, 561 do not",
        ),
        (
            {"largest": 8000.0, "smallest_failing": None},
            "7,500 more models fit: at least 8,000 models (the most that was tried)",
        ),
        (
            {"largest": 100.0, "smallest_failing": None, "tried_to": 100.0, "verdict": "undecided"},
            "100 models fit (the most that was tried); 500 models were not tried",
        ),
        ({"largest": 7000.0, "smallest_failing": None}, "6,500 more models fit: at least 7,000 models"),
        (
            {"largest": None, "smallest_failing": 1.0, "verdict": "fail"},
            "1 model is already too many, the least that was tried; the scenario has 500",
        ),
        (
            {"largest": None, "smallest_failing": 20.0, "verdict": "fail"},
            "20 models are already too many; the scenario has 500",
        ),
        (
            {"largest": None, "smallest_failing": None, "verdict": "undecided"},
            "too near to tell: no amount around 500 models was decided; more replications may",
        ),
        ({**TRAFFIC, "largest": 1.99, "smallest_failing": 2.06},
         "99 % more traffic fits: 1.99 x the traffic meets every line, 2.06 x does not"),
        ({**TRAFFIC, "largest": 0.8, "smallest_failing": 0.83, "verdict": "fail"},
         "the traffic is 20 % too much: 0.8 x the traffic meets every line, 0.83 x does not"),
        ({**TRAFFIC, "largest": 0.99, "smallest_failing": 1.01, "verdict": "undecided"},
         "too near to tell: 0.99 x the traffic meets every line, 1.01 x does not"),
        ({**TRAFFIC, "largest": None, "smallest_failing": 0.25, "tried_from": 0.0156, "verdict": "fail"},
         "0.25 x the traffic is already too much"),
        ({**TRAFFIC, "largest": 0.5, "smallest_failing": None, "tried_to": 0.5, "verdict": "undecided"},
         "0.5 x the traffic fits (the most that was tried); 1 x the traffic was not tried"),
        ({"finished": False},
         "stopped before the end, so far: 38 more models fit: 538 models meet every line, 561 do not"),
        ({"finished": False, "largest": None, "smallest_failing": None},
         "stopped before the end: nothing is decided; short runs see the limit between 540 and 545 models"),
        ({"finished": False, "largest": None, "smallest_failing": None, "seems_not_to_fit": None},
         "stopped before the end: nothing is decided; in short runs 540 models meet every line"),
        ({**TRAFFIC, "finished": False, "largest": None, "smallest_failing": None, "seems_to_fit": None,
          "seems_not_to_fit": 0.5},
         "stopped before the end: nothing is decided; in short runs 0.5 x the traffic misses a line"),
        ({**TRAFFIC, "finished": False, "largest": None, "smallest_failing": None, "seems_to_fit": 1.0,
          "seems_not_to_fit": 2.0},
         "stopped before the end: nothing is decided; short runs see the limit between 1 x and 2 x the traffic"),
        ({"finished": False, "expect": [], "verdict": None, "largest": None, "smallest_failing": None},
         "stopped before the end, so far: 500 models on 4 x ml.m5.xlarge: nothing is expected, so there is no limit; "
         "the curve and the knee are below"),
        (
            {"expect": [], "verdict": None, "largest": None, "smallest_failing": None},
            "500 models on 4 x ml.m5.xlarge: nothing is expected, so there is no limit; "
            "the curve and the knee are below",
        ),
    ],
)  # fmt: skip
def test_the_answer(given: dict[str, Any], sentence: str):
    assert answer(document(**given)) == sentence


def test_the_line_that_decides_is_the_one_that_fails():
    other = line(0.5, "pass").model_copy(update={"text": "p50 < 1 s"})
    failing = tried(561.0, 0.02, "fail")
    failing = failing.model_copy(update={"lines": [other, *failing.lines]})
    assert document(tried=[failing]).binds == "p99 < 500 ms"


def test_of_several_windows_the_worst_is_shown():
    windows = [line(0.004), line(0.02), line(None)]
    one = tried(538.0, 0.02, "fail").model_copy(update={"lines": windows})
    assert document().worst(one, "p99 < 500 ms") == windows[1]
    hits = [line(share).model_copy(update={"text": "cache_hit_ratio >= 95 %", "limit": 0.95}) for share in (0.9, 0.99)]
    at_least = one.model_copy(update={"lines": hits})
    assert document().worst(at_least, "cache_hit_ratio >= 95 %") == hits[0]


def test_a_long_curve_is_thinned_but_keeps_what_was_decided():
    many = [tried(float(k)) for k in range(100, 500)]
    decided = [tried(538.0, 0.008, "pass"), tried(561.0, 0.02, "fail")]
    shown = text(capacity_report(document(tried=[*many, *decided])))
    rows = [row.split() for row in shown.splitlines()]
    assert any(row[:2] == ["538", "✓"] for row in rows)
    assert any(row[:2] == ["561", "✗"] for row in rows)
    assert sum(row[-1:] == ["USD/model"] or row[:1] in (["100"], ["499"]) for row in rows) == 3
    assert len(rows) < 40
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"monotone": False}, "an amount meets every line, or seems to, although a smaller one misses one"),
        ({"notes": ["stream 'a' is the same trace"]}, "stream 'a' is the same trace"),
        ({"stopped": "too many users"}, "not tried any further: too many users"),
        ({"robustness": {"answer": "holds in 6 of 8 settings"}}, "538 models: holds in 6 of 8 settings"),
        ({"knee": Knee(models=None, interval=None, reason="none seen")}, "thrash knee: none (none seen)"),
        ({"group": "small"}, "models of small that 4 x ml.m5.xlarge can carry"),
        ({}, "4 x ml.m5.xlarge can carry, $672 a month;"),
        ({}, "481 (475 to 490) models; beyond it 1 percentage point more of the calls find no copy in memory"),
        ({"requests": 1_234_567}, "all of it rests on 100 runs with 1,234,567 calls"),
        ({"price_estimated": True}, "4 x ml.m5.xlarge can carry, about $672 a month;"),
        (
            {"price_estimated": True, "price_source": "estimate: EC2 price of 2026-07-20 x 1.20"},
            "(~ estimated price: EC2 price of 2026-07-20 x 1.20)",
        ),
        ({"price_estimated": True}, "~0.20"),
    ],
)
def test_what_the_reader_must_know(given: dict[str, Any], words: str):
    shown = " ".join(text(capacity_report(document(**given))).split())
    assert words in shown


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"knee": None, "usd_per_month": None},
        {"expect": [], "verdict": None, "tried": [tried(10.0).model_copy(update={"lines": []})]},
        {"tried": [tried(1.0, None, "undecided"), tried(2000.0, None, "fail")]},
        {"tried": [tried(500.0).model_copy(update={"hit_ratio": None, "hit_ratio_interval": None})]},
    ],
)
def test_every_document_can_be_drawn_and_told(given: dict[str, Any], tmp_path):
    found = document(**given)
    capacity_plot(found).savefig(tmp_path / "curve.png")
    assert text(capacity_report(found))


@pytest.mark.parametrize("ratio", [1.0, 0.99, 0.5])
def test_no_mark_of_the_axis_is_a_hit_ratio_above_100_percent(ratio: float):
    of = tried(500.0).model_copy(update={"hit_ratio": ratio, "hit_ratio_interval": None})
    last = capacity_plot(document(tried=[of])).axes[-1]
    assert last.get_ylabel() == "hit ratio [%]"
    assert max(last.get_yticks()) <= 100.0
    assert len(last.get_yticks()) > 1
