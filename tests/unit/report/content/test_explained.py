"""What an explanation says of money: whether a price is AWS's or estimated, and what saves is not called free."""

from __future__ import annotations

import pytest

from mmesim import explain
from mmesim.report.content.explained import answer_report, explained_report
from mmesim.report.text import text
from mmesim.results.answers.explained import Explained
from tests.helpers.texts import load_text

TIGHT = """
name: tight
endpoint: {{instance_type: {kind}, instance_count: 2, warm: stationary{more}}}
models:
  - name: m
    count: 100
    framework: xgboost
    artifact_size: 10 MB
    memory: 25 MiB
    service: {{cpu: 20 ms}}
traffic: [{{arrivals: {{poisson: {{rate: 30 /s}}}}}}]
run: {{duration: 1 min, warmup: 0 s, seed: 1}}
expect: [p90 < {limit}]
"""
DEAR = ", prices: {ml.m5.large: 0.2 USD, ml.m5.xlarge: 0.5 USD}"


def explained(kind: str = "ml.m5.large", more: str = "", limit: str = "300 ms") -> Explained:
    return explain(load_text(TIGHT.format(kind=kind, more=more, limit=limit)), replications=4)


def said(of: Explained) -> str:
    return " ".join(text(explained_report(of)).split())


@pytest.fixture(scope="module")
def tight() -> Explained:
    return explained(more=DEAR)


def test_an_estimated_price_is_marked_where_it_stands(tight: Explained) -> None:
    roomy = tight.of("type_with_more_memory")
    assert roomy.price_estimated
    assert roomy.usd_per_month == pytest.approx(2 * 730.0 * (0.1512 - 0.2))
    assert "more memory: ml.r5.large ~-71 " in said(tight)
    assert "(~ estimated price)" in said(tight)
    assert "one more instance +146 " in said(tight)
    assert not tight.price_estimated
    assert said(tight).startswith("tight: 2 x ml.m5.large, $292 a month")


def test_what_helps_and_saves_money_is_not_said_to_be_for_nothing(tight: Explained) -> None:
    answer = " ".join(text(answer_report(tight)).split())
    assert "most for a dollar: more memory: ml.r5.large, about $71 a month less (p90 < 300 ms: " in answer


def test_the_cost_of_a_fleet_whose_price_is_estimated_is_about_so_much() -> None:
    roomy = explained(kind="ml.r5.large", limit="10 s")
    assert roomy.price_estimated
    assert said(roomy).startswith("tight: 2 x ml.r5.large, about $221 a month")
    assert "one instance fewer ~-110 " in said(roomy)
    assert "queue of 200 0 " in said(roomy)
    fewer = roomy.of("one_fewer_instance")
    assert fewer.verdict == "pass"
    assert "the cheapest that was tried and passes: one instance fewer, about $110 a month less" in said(roomy)
