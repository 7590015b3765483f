"""What scenarios/gallery/spiky-models.yaml shows: the same calls, served by workers by demand and by a fixed number."""

from __future__ import annotations

import pytest

from mmesim.experiment.diff.diff import Diff, diff
from mmesim.scenario.file.load import load
from tests.helpers.files import ROOT

FILE = ROOT / "scenarios" / "gallery" / "spiky-models.yaml"


def against(*overrides: str) -> Diff:
    """One worker each, by MMS, against something else."""
    return diff(load(FILE), load(FILE, overrides))


@pytest.mark.slow
def test_workers_by_demand_beat_one_worker_for_each_model() -> None:
    found = against("server.kind=djl")
    p90, mean = found["p90"], found["mean"]
    assert (p90.direction, mean.direction) == ("lower", "lower")
    assert (p90.relative or 0.0) < -0.6
    assert found["memory_utilization"].direction == "higher"
    assert found["error_rate"].b.value == 0.0


@pytest.mark.slow
def test_four_workers_for_each_model_are_slower_than_one_since_they_do_not_fit() -> None:
    found = against("server.default_workers_per_model=4")
    assert found["mean"].direction == "higher"
    assert (found["cache_hit_ratio"].relative or 0.0) < -0.15
