"""What a scaled scenario does when simulated: so many times as many calls, and each model is called as often."""

from __future__ import annotations

import math

import pytest

from mmesim.engine.simulation import simulate
from mmesim.scenario import Scenario
from mmesim.scenario.scaling import with_models, with_traffic
from tests.helpers.texts import load_text

TEXT = """
name: scaled
endpoint: {instance_type: ml.m5.xlarge, warm: true}
models: {name: tenant, count: 20, artifact_size: 40 MB, memory: 40 MiB, framework: xgboost, service: {cpu: 1 ms}}
traffic: {arrivals: ARRIVALS, popularity: {zipf: 0.9}}
run: {duration: 100 s, warmup: 0 s, replications: 1}
"""


def scenario(arrivals: str) -> Scenario:
    return load_text(TEXT.replace("ARRIVALS", arrivals))


@pytest.mark.parametrize(
    "arrivals",
    [
        "{poisson: {rate: 60 /s}}",
        "{constant: {rate: 60 /s}}",
        "{schedule: {rates: {0 s: 20 /s, 50 s: 100 /s}}}",
        "{ramp: {stages: [{duration: 50 s, target: 100 /s}]}}",
    ],
)
@pytest.mark.parametrize("factor", [0.25, 2.0])
def test_calls_are_as_many_times_as_many(arrivals: str, factor: float):
    one = scenario(arrivals)
    before, after = simulate(one), simulate(with_traffic(one, factor))
    # Of two Poisson counts, at four standard errors.
    error = 4.0 * math.sqrt(after.calls + factor**2 * before.calls)
    assert abs(after.calls - factor * before.calls) <= error
    assert before.calls > 2000


def test_calls_of_a_model_stay_when_there_are_more_models():
    one = scenario("{poisson: {rate: 60 /s}}")
    before, after = (simulate(each).tenants.calls[:20] for each in (one, with_models(one, 60)))
    assert abs(after.sum() - before.sum()) <= 4.0 * math.sqrt(after.sum() + before.sum())
