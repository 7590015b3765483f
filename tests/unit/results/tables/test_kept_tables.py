"""The tables that pages are drawn from later: latency histograms and the miss-ratio curve."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.results.figures.tenants import pooled_tenants
from mmesim.results.miss_ratio.curve import Curve, memory_of_fleet
from mmesim.results.tables.histograms import histograms_table
from mmesim.scenario.figures import PARTS
from tests.unit.results.synthetic import Call, replications, scenario

OF = scenario(["p99 < 500 ms"])
CALLS = [Call(0.1), Call(0.1), Call(0.2, model=1, load_wait=1.0, load=0), Call(0.05, cause="queue_full")]


def test_histograms_hold_every_successful_call_with_its_ledger() -> None:
    runs = replications(OF, CALLS, CALLS)
    rows = histograms_table(OF, runs, pooled_tenants(runs)).to_pylist()
    counts = {calls: [row["count"] for row in rows if row["calls"] == calls] for calls in ("all", "warm", "cold")}
    assert counts == {"all": [4, 2], "warm": [4], "cold": [2]}
    for row in rows:
        assert row["above_s"] < row["up_to_s"]
        assert (row["group"] is None) == (row["calls"] != "group")
        assert (row["service_s"] is None) == (row["calls"] != "all")
    slow = rows[1]
    assert slow["above_s"] < 1.2 <= slow["up_to_s"]
    assert sum(slow[f"{part}_s"] for part in PARTS) == pytest.approx(2 * 1.2)
    assert (slow["service_s"], slow["load_s"]) == pytest.approx((0.4, 2.0))


def test_histograms_of_groups() -> None:
    models = [
        {"name": name, "artifact_size": 10**6, "memory": 10**7, "service": {"cpu": 0.01}} for name in ("big", "small")
    ]
    of = scenario(models=models)
    runs = replications(of, CALLS)
    rows = histograms_table(of, runs, pooled_tenants(runs)).to_pylist()
    assert [(row["group"], row["count"]) for row in rows if row["calls"] == "group"] == [("big", 2), ("small", 1)]


def test_a_run_without_a_successful_call_has_empty_histograms() -> None:
    runs = replications(OF, [Call(0.05, cause="queue_full")])
    assert histograms_table(OF, runs, pooled_tenants(runs)).num_rows == 0


def test_the_miss_ratio_falls_from_every_call_to_none_and_names_the_fleet_of_the_run() -> None:
    of = scenario(models=2000)
    table = Curve(np.ones(2000)).table(of)
    memory, missed = (table[name].to_numpy() for name in ("memory_bytes", "miss_ratio"))
    assert (memory[0], missed[0], missed[-1]) == (0.0, 1.0, 0.0)
    assert (np.diff(memory) > 0).all()
    assert (np.diff(missed) <= 0).all()
    today = np.flatnonzero(memory == memory_of_fleet(of))
    assert missed[today] == pytest.approx(Curve(np.ones(2000)).misses(of))


def test_there_is_no_miss_ratio_where_models_are_not_kept_or_not_called() -> None:
    assert Curve(np.ones(2)).table(scenario(endpoint={"model_cache": "disabled"})).num_rows == 0
    assert Curve(np.zeros(2)).table(OF).num_rows == 0
