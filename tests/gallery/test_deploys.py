"""scenarios/gallery/blue-green-or-rolling.yaml: which deploy hurts less depends on what the router splits."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.engine.simulation import simulate
from mmesim.preflight.check import findings
from mmesim.results.measured.happened import Kind
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario

FILE = "scenarios/gallery/blue-green-or-rolling.yaml"
ROLLING = "deploys.new-image.strategy={rolling: {batch: 34 %, wait: 2 min}}"
MODELS = "endpoint.router.split_by=models"


def run(*overrides: str) -> RunData:
    found = simulate(Scenario.from_yaml(FILE, ["run.duration=45 min", *overrides]))
    assert set(found.checks.values()) == {"ok"}
    return found


def cold(found: RunData) -> np.ndarray:
    """Calls of each minute that waited for a load."""
    calls, hits = found.windows["Invocations"], found.windows["ModelCacheHit"]
    return calls * (1.0 - hits)


def most_hosts(found: RunData) -> float:
    """The most instances that were there at a time."""
    (done,) = [one for one in found.happened if one.kind is Kind.deployed]
    return done.figures["most_hosts"]


@pytest.fixture(scope="module")
def all_at_once() -> RunData:
    return run()


def test_all_at_once_loads_every_model_at_one_moment(all_at_once):
    minutes = cold(all_at_once)
    shift = next(one.at_s for one in all_at_once.happened if one.kind is Kind.shifted)
    worst = int(minutes.argmax())
    assert worst in (int(shift // 60), int(shift // 60) + 1)
    assert minutes[worst] > 0.1 * all_at_once.windows["Invocations"][worst]
    assert minutes[worst + 3 :].sum() < 0.01 * minutes.sum()  # and then it is over
    assert int(all_at_once.hosts.loads.sum()) >= 300


def test_rolling_call_by_call_thrashes_for_as_long_as_it_lasts(all_at_once):
    rolling = run(ROLLING)
    shifts = [one.at_s for one in rolling.happened if one.kind is Kind.shifted]
    during = slice(int(shifts[0] // 60) + 1, int(shifts[-1] // 60))
    assert len(shifts) == 3
    assert cold(rolling)[during].min() > 10.0
    assert cold(rolling).sum() > 3.0 * cold(all_at_once).sum()
    assert (most_hosts(rolling), most_hosts(all_at_once)) == (8, 12)
    ids = [one.id for one in findings(Scenario.from_yaml(FILE, [ROLLING]))]
    assert "deploy_room" in ids


def test_rolling_model_by_model_hurts_fewer_calls_at_a_time(all_at_once):
    rolling = run(ROLLING, MODELS)
    assert cold(rolling).max() < 0.7 * cold(all_at_once).max()
    assert cold(rolling).sum() < 1.5 * cold(all_at_once).sum()
    assert "deploy_room" not in [one.id for one in findings(Scenario.from_yaml(FILE, [ROLLING, MODELS]))]
