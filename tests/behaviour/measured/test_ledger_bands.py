"""What latency is made of agrees with its percentiles, also where half of the calls wait for a load."""

from __future__ import annotations

import dataclasses

import pytest

from mmesim import Scenario, run, units
from mmesim.report.content.run import run_report
from mmesim.report.text import text
from mmesim.results.figures.ledger import calls_of_band

BIMODAL = {
    "name": "bimodal",
    "endpoint": {"vcpu": 4, "memory": "16 GiB", "base_memory": "1 GiB", "usable_memory": "12.3 GiB"},
    "models": {
        "name": "m",
        "count": 20,
        "artifact_size": "10 MB",
        "memory": "0.9 GiB",
        "framework": "python",
        "process_memory": "100 MiB",
        "load": {"wait": "2 s"},
        "service": {"cpu": "10 ms"},
    },
    "traffic": {"arrivals": {"poisson": {"rate": "1 /s"}}},
    "run": {"duration": "2 h", "warmup": "10 min"},
}


@pytest.fixture(scope="module")
def result():
    return run(Scenario.from_dict(BIMODAL))


def test_half_of_the_calls_are_cold_and_the_median_is_warm(result):
    summary = result.summary
    assert summary["cache_hit_ratio"]["value"] == pytest.approx(0.51, abs=0.02)
    assert summary["latency_ms"]["p50"]["value"] == pytest.approx(17.8, abs=0.1)
    band = summary["ledger_ms"]["p50"]
    assert band["mean"] == pytest.approx(17.8, rel=0.10)
    assert band["load"] < 0.10 * band["mean"]
    low, high = band["between"]
    assert 0.4 < low < 0.5 < high < 0.6


def test_every_column_agrees_with_its_percentile(result):
    for name, band in result.summary["ledger_ms"].items():
        percentile = result.summary["latency_ms"].get(name, {"value": None})["value"]
        if percentile is not None:
            assert band["mean"] == pytest.approx(percentile, rel=0.10)


def test_labels_say_which_calls_a_column_is_about(result):
    bands = result.summary["ledger_ms"]
    shown = text(run_report(result))
    assert all(calls_of_band(bands[name]) in shown for name in ("p50", "p99", "p99.9"))
    lengths = result.plot.ledger().axes[0]
    assert [label.get_text() for label in lengths.get_yticklabels()][1] == "around p90\n85-95 %"
    assert units.show_seconds(bands["p90"]["mean"] / 1000.0) in [text.get_text() for text in lengths.texts]


def test_what_is_left_out_is_said(result):
    band = result.summary["ledger_ms"]["p99"]
    gone = {"n": 0, "between": None, "reason": "why"} | {key: None for key in band if key not in ("n", "between")}
    shown = text(run_report(_with_ledger(result, result.summary["ledger_ms"] | {"p99": gone})))
    assert "p99 is left out: why" in shown


def _with_ledger(result, ledger):
    copy = dataclasses.replace(result)
    copy.__dict__["summary"] = result.summary | {"ledger_ms": ledger}
    return copy
