"""How far limits move before a line fails."""

from __future__ import annotations

import pytest

from mmesim.experiment.gate.tolerance import moved, watched
from mmesim.scenario.run.expect import read_expectation
from tests.unit.results.synthetic import scenario


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("p99 < 500 ms", 0.505),
        ("p99 warm < 500 ms", 0.505),
        ("mean < 100 ms", 0.101),
        ("p50 > 100 ms", 0.099),
        ("error_rate < 5 %", 0.0505),
        ("cache_hit_ratio >= 95 %", 0.9495),
        ("cpu_utilization < 60 %", 0.606),
        ("throughput >= 100 /s", 99.0),
        ("loads < 3600 /h", 1.01),
        ("cost.million_requests < 1 USD", 1.01),
        ("cost.month < 1000 USD", 1000.0),
        ("error_rate <= 0 %", 0.0),
        ("cache_hit_ratio >= 100 %", 1.0),
        ("pids.peak < 80 % of limit", 0.808),
        ("cpu_utilization < 99.5 %", 0.995),
        ("cache_hit_ratio >= 0.5 %", 0.005),
    ],
)
def test_a_limit_moves_by_one_per_cent_of_its_bad_side(text, limit):
    assert moved(read_expectation(text)).limit == pytest.approx(limit, rel=1e-12)


def test_what_is_simulated_counts_calls_over_the_moved_limits_too():
    of = scenario(["p99 < 500 ms", "p99 warm < 200 ms", "mean < 100 ms", "error_rate < 1 %"])
    watching = watched(of)
    assert watching.latency_limits_s == (0.1, 0.101, 0.5, 0.505)
    assert [counted.limit_s for counted in watching.counted] == [0.2, 0.202]
    assert [counted.limit_s for counted in of.counted] == [0.2]
