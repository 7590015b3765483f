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


OPEN = {"poisson": {"rate": "20 /s"}}
USERS = {"closed_loop": {"users": 5, "think_time": "0 s"}}


def given_up(network: str, timeout: str, service: str = "10 ms", arrivals=OPEN, **more):
    """Replications of calls that wait for nothing, whose clients give up after a time."""
    return run(
        Scenario.from_dict(
            {
                "name": "patience",
                "endpoint": {"vcpu": 4, "memory": "16 GiB", "warm": True, "router": {"overhead": "0 ms"}},
                "server": {"overhead": "none"},
                "models": [
                    {
                        "name": "m",
                        "artifact_size": "1 MB",
                        "memory": "9 MiB",
                        "workers": 9,
                        "service": {"wait": service},
                    }
                ],
                "traffic": [{"arrivals": arrivals}],
                "clients": {"network": network, "timeout": timeout, **more},
                "run": {"duration": "100 s", "seed": 1, "replications": 2},
            }
        )
    )


@pytest.mark.parametrize(("network", "timeout"), [("0 ms", "10 ms"), ("5 ms", "15 ms"), ("0.1 ms", "10.1 ms")])
def test_an_answer_that_takes_just_the_clients_time_out_is_in_time(network, timeout):
    result = given_up(network, timeout)
    assert result.summary["requests"]["errors"]["client_timeout"] == 0
    assert result.summary["requests"]["ok"] == result.summary["requests"]["total"] > 3000


@pytest.mark.parametrize("network", ["0 ms", "5 ms"])
def test_one_that_takes_longer_is_not(network):
    retries = {"retries": {"fixed": {"max_attempts": 2, "delay": "0 s", "causes": ["client_timeout"]}}}
    result = given_up(network, "10 ms", "10.001 ms", **retries)
    requests, latency = result.summary["requests"], result.runs[0].records.latency_s
    assert requests["errors"]["client_timeout"] == requests["total"]
    # Both attempts are given up at the time-out itself, whatever rounding was allowed for.
    assert latency == pytest.approx(0.02, rel=1e-8)
    assert all(value == "ok" for run in result.runs for value in run.checks.values())


@pytest.mark.parametrize("network", ["0.01 ms", "5 ms"])
def test_users_who_give_up_call_again_at_once(network):
    result = given_up(network, "10 ms", "10.001 ms", USERS)
    assert result.summary["requests"]["errors"]["client_timeout"] == result.summary["requests"]["total"]
    assert result.summary["requests"]["total"] == pytest.approx(2 * 5 * 100 / 0.01, rel=1e-3)
    assert all(value == "ok" for run in result.runs for value in run.checks.values())
