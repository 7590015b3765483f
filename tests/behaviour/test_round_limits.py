"""A latency that equals a limit is not above it, though the difference of two times is a hair off."""

from __future__ import annotations

import pytest

from mmesim import run
from mmesim.scenario import Scenario

EXPECTED = ["p50 <= 10 ms", "p99 <= 10 ms", "max <= 10 ms", "mean <= 10 ms", "p99 < 9.999 ms", "max < 9.999 ms"]


@pytest.fixture(scope="module")
def result():
    return run(
        Scenario.from_dict(
            {
                "name": "round",
                "endpoint": {"vcpu": 4, "memory": "16 GiB", "warm": True, "router": {"overhead": "0 ms"}},
                "server": {"overhead": "none"},
                "models": [
                    {
                        "name": "m",
                        "artifact_size": "1 MB",
                        "memory": "9 MiB",
                        "workers": 9,
                        "service": {"wait": "10 ms"},
                    }
                ],
                "traffic": [{"arrivals": {"poisson": {"rate": "20 /s"}}}],
                "clients": {"network": "0 ms"},
                "run": {"duration": "200 s", "seed": 1, "replications": 3},
                "expect": EXPECTED,
            }
        )
    )


def test_a_call_that_takes_just_the_limit_meets_it(result):
    found = {line["text"]: line["verdict"] for line in result.summary["expect"]}
    assert found == dict(zip(EXPECTED, ["pass"] * 4 + ["fail"] * 2, strict=True))
    assert result.summary["share_over"]["10 ms"]["value"] == 0.0


def test_such_calls_are_there(result):
    latency = result.runs[0].records.latency_s
    assert 0.05 < (latency > 0.010).mean() < 0.9
    assert (latency < 0.010 * (1 + 1e-9)).all()
