"""What the scenarios of docs/gallery.md show that scale."""

from __future__ import annotations

from functools import cache

import numpy as np

from mmesim.arrays import Floats
from mmesim.experiment.run import run
from mmesim.results.result import Result
from mmesim.scenario.file.load import load
from tests.helpers.files import ROOT

GALLERY = ROOT / "scenarios" / "gallery"
SECOND = 1e6
"""CloudWatch counts times in microseconds."""


@cache
def played(name: str, *overrides: str) -> Result:
    return run(load(GALLERY / f"{name}.yaml", list(overrides)), replications=2, records=None)


def minutes(name: str, column: str, *overrides: str) -> Floats:
    return np.array([one.windows[column] for one in played(name, *overrides).runs])


def test_the_new_instance_is_cold_when_calls_come_to_it():
    hits, slow = (minutes("scale-out-cold", column) for column in ("ModelCacheHit", "ClientLatency_p99"))
    came = np.array([one.happened[0].at_s + 360.0 for one in played("scale-out-cold").runs]) / 60.0
    assert (np.abs(came - 21.0) <= 1.0).all()
    for k, minute in enumerate(came.astype(int)):
        assert hits[k, :minute].min() == 1.0
        assert hits[k, minute] < 0.95
        assert slow[k, :minute].max() < 0.1 * SECOND
        assert slow[k, minute] > 10 * SECOND
        assert hits[k, minute + 2 :].min() > 0.999


def test_a_router_that_leaves_models_where_they_are_or_a_preload_spares_the_calls():
    for cure in ("endpoint.router.policy=sticky", "endpoint.preload=[model]"):
        assert minutes("scale-out-cold", "ModelCacheHit", cure).min() > 0.99
        assert minutes("scale-out-cold", "ClientLatency_p99", cure).max() < 1.5 * SECOND


def test_a_memory_target_does_not_give_an_instance_back():
    calls = ("endpoint.autoscaling.metric=InvocationsPerInstance", "endpoint.autoscaling.target=200")
    for one in played("memory-target").runs:
        assert [str(what.kind) for what in one.happened if str(what.kind).startswith("scale")][-1] == "scale_out"
        assert [what.figures["desired"] for what in one.happened if what.kind == "scale_out"][-1] == 6
    for one in played("memory-target", *calls).runs:
        assert [what.figures["desired"] for what in one.happened if what.kind == "scale_in"] == [2]
    cost = [played("memory-target", *over).summary["cost"]["usd_per_hour"] for over in ((), calls)]
    assert cost[0] > 1.8 * cost[1]
