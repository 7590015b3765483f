"""What changes the figures of an unchanged scenario is in the changelog of semantics, which baselines refer to."""

from __future__ import annotations

import json

from mmesim.experiment.gate.baseline.unchanged import EXACT
from mmesim.experiment.gate.gate import gate
from mmesim.results.comparison import semantics
from mmesim.results.comparison.baseline import Origin, file_of, read
from tests.helpers.files import ROOT

FILE = ROOT / "tests" / "data" / "semantics" / "broad.yaml"
MEANT = (
    "figures have changed. If that is meant, add an entry to mmesim/results/comparison/semantics.toml that says what "
    "and why, then `mmesim gate tests/data/semantics --update-baseline`"
)


def test_figures_are_those_of_the_last_entry():
    baseline = read(file_of(FILE), "broad")
    assert baseline is not None
    assert baseline.made_with.semantics == semantics.current(), MEANT
    (found,) = gate([FILE]).scenarios
    assert found.drift is not None
    assert found.drift.fields == [], MEANT
    if baseline.made_with.other_than(Origin.here()):
        assert not any(one.changed for one in found.drift.deltas), MEANT
        return
    assert found.drift.same_results, MEANT
    for one in found.drift.deltas:
        assert one.difference is not None
        assert one.before is not None
        assert abs(one.difference) <= EXACT * abs(one.before), MEANT


def test_the_baseline_has_something_to_see():
    figures = json.loads(file_of(FILE).read_text(encoding="utf-8"))["figures"]
    assert set(figures) >= {"mean", "p50", "p99", "cache_hit_ratio", "error_rate", "loads", "cpu_utilization"}
    assert all(len(set(one["values"])) > 1 for name, one in figures.items() if name != "cost.hour")
