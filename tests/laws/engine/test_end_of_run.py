"""The end of a run leaves no trace: its measured calls are those of a longer run that begin in its time."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mmesim.engine.simulation import simulate
from mmesim.results.measured.run_data import CallRecords
from mmesim.scenario import Scenario
from tests.laws.scenarios import with_clients

laws = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def records(scenario: Scenario) -> CallRecords:
    run = simulate(scenario, records=-1)
    assert set(run.checks.values()) == {"ok"}
    assert run.in_flight_at_end == 0
    assert run.calls == run.ok + run.errors.sum()
    assert run.records is not None
    return run.records


@given(with_clients(), st.sampled_from([0.3, 0.5, 0.9]))
@laws
def test_the_calls_of_a_run_are_those_of_a_longer_one(scenario: Scenario, share: float) -> None:
    # Models that are warm are placed by the calls to be expected, which with drift depend on the length of the run.
    assume(scenario.endpoint.warm is not True or all(stream.drift is None for stream in scenario.traffic))
    short_s = scenario.run.duration_s * share
    # When measuring begins and ends, the work of each host is added up to then, which rounds and may decide which of
    # two things that happen at one moment comes first. So the longer run begins to measure where the shorter one ends,
    # and only calls that are over before it ends are compared.
    short = records(scenario.with_run(duration_s=short_s, warmup_s=0.0))
    long = records(scenario.with_run(warmup_s=short_s))
    among = long.where(long.arrival_s < short_s)
    assert np.array_equal(short.call, among.call)
    over = among.arrival_s + among.latency_s < scenario.run.duration_s
    short, among = short.where(over), among.where(over)
    for name in ("key", "arrival_s", "model", "host", "hit", "cause", "attempts"):
        assert np.array_equal(getattr(short, name), getattr(among, name)), name
    for name in ("latency_s", "parts_s"):
        np.testing.assert_allclose(getattr(short, name), getattr(among, name), rtol=0, atol=1e-9, err_msg=name)
