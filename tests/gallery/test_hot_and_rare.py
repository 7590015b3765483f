"""One hot model on many instances, and rare models that push hot ones out: what docs/gallery.md says of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmesim.engine.simulation import simulate
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.file.load import load
from tests.helpers.files import ROOT


def run(name: str, *overrides: str) -> RunData:
    return simulate(load(ROOT / "scenarios" / "gallery" / f"{name}.yaml", list(overrides)))


def answered_by(of: RunData, model: str) -> list[int]:
    """Instances that answered calls of a model."""
    records: Any = of.records
    return sorted(set(records.host[records.model == of.model_names.index(model)].tolist()))


def mean_ms(of: RunData, model: str) -> float:
    row = of.model_names.index(model)
    return float(1e3 * of.tenants.latency_sum_s[row] / of.tenants.ok[row])


@pytest.mark.parametrize("spill_at", [100, 4])
def test_thirty_six_replicas_help_a_hot_model_only_once_it_spills(spill_at):
    name, short = "thirty-six-replicas", "run.duration=5 min"
    spill, two = f"endpoint.router.spill_at={spill_at}", "endpoint.instance_count=2"
    many = simulate(load(ROOT / "scenarios" / "gallery" / f"{name}.yaml", [spill, short]), records=-1)
    few = simulate(load(ROOT / "scenarios" / "gallery" / f"{name}.yaml", [spill, short, two]), records=-1)
    if spill_at == 100:
        assert len(answered_by(many, "hot")) == len(answered_by(few, "hot")) == 1
        assert mean_ms(many, "hot") == pytest.approx(mean_ms(few, "hot"), rel=0.1)
    else:
        assert len(answered_by(many, "hot")) > 1
        assert mean_ms(many, "hot") < 100.0
        assert mean_ms(run(name, "endpoint.router.spill_at=100", short), "hot") > 2.0 * mean_ms(many, "hot")


def test_one_percent_of_the_requests_cause_nearly_all_loads():
    name, short = "five-on-three", "run.duration=7 h"
    mixed, alone = run(name, short), run(name, short, "endpoint.without=[rare]")
    rare = np.array([name.startswith("rare") for name in mixed.model_names])
    called, cold = mixed.tenants.calls, mixed.tenants.misses
    assert 0.01 < called[rare].sum() / called.sum() < 0.0125
    assert cold[rare].sum() == called[rare].sum()
    assert 0.3 < cold[rare].sum() / cold.sum() < 0.5
    assert mixed.hosts.loads.sum() > 120
    assert alone.hosts.loads.sum() == 0  # they were loaded in the warm-up
    four = run(name, short, "endpoint.usable_memory=17 GiB")
    assert 0.5 * mixed.hosts.loads.sum() < four.hosts.loads.sum() < 0.8 * mixed.hosts.loads.sum()
    assert run(name, short, "endpoint.usable_memory=21 GiB").hosts.loads.sum() == 0
