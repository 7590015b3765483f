"""The summary as a whole: counts by hand, every key, its schema, its digits."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pytest
from scipy.stats import binomtest

from mmesim.errors import SimulationError
from mmesim.results.answers.sections import Tenants
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.results.result import Result
from mmesim.results.summary.checks import combine, line, passed
from mmesim.results.summary.cost import cost
from mmesim.results.summary.summary import LEFT_OUT, Summary, summarise, summary_schema
from mmesim.scenario import Scenario
from mmesim.scenario.figures import DEVICE_PARTS, PARTS
from mmesim.scenario.server.server import ConfigRead, Server
from mmesim.scenario.values.meanings import meanings
from tests.helpers import schemas
from tests.unit.results.synthetic import Call, hosts, replications, run_data, scenario

CALLS = [
    *[Call(0.1)] * 90,
    *[Call(0.1, model=1, load_wait=1.0, load=0)] * 6,
    *[Call(0.1, cause="queue_full")] * 3,
    Call(0.1, cause="load_timeout"),
]


def two(*expect: str, **changes: Any) -> tuple[Scenario, tuple[RunData, ...]]:
    of = scenario(expect, run={"replications": 2})
    return of, replications(of, CALLS, CALLS, **changes)


def figures(of: Scenario, runs: tuple[RunData, ...]) -> Any:
    """The summary without a type for each of its levels."""
    return summarise(of, runs, "1.2.3")


def test_counts_are_sums_over_replications() -> None:
    of, runs = two("p99 < 500 ms", in_flight_at_end=1, attempts=105)
    summary = figures(of, runs)
    assert summary["requests"] == {
        "total": 200,
        "ok": 192,
        "errors": dict.fromkeys(CAUSES, 0) | {"queue_full": 6, "load_timeout": 2},
        "in_flight_at_end": 2,
    }
    assert (summary["attempts"]["total"], summary["attempts"]["retries"]) == (210, 10)
    assert (summary["loads"], summary["unloads"]) == (6, 2)
    assert summary["pids"] == {"peak": 77, "limit": 1000}
    assert (summary["replications"], summary["simulated_s"], summary["warmup_s"], summary["wall_s"]) == (2, 100, 0, 1)
    assert (summary["scenario"], summary["version"], summary["seed"]) == ("by-hand", "1.2.3", 7)


def test_ratios_are_means_with_an_interval() -> None:
    summary = figures(*two("p99 < 500 ms"))
    # Both replications are alike: what is open is what so few calls leave open.
    for found, share, seen, of in (
        (summary["cache_hit_ratio"], 0.94, 188, 200),
        (summary["error_rate"], 0.04, 8, 200),
        (summary["share_over"]["500 ms"], 0.1, 20, 200),  # 12 slow, 8 failed
        (summary["share_over"]["500 ms"]["successful"], 0.0625, 12, 192),
    ):
        assert found["value"] == share
        assert found["ci95"] == pytest.approx(list(binomtest(seen, of).proportion_ci()), rel=1e-9)
    assert summary["throughput_rps"]["value"] == 0.96
    assert summary["model_loading_wait_ms"]["value"] == 1000.0
    assert summary["loaded_models"]["value"] == 1.5
    assert (summary["cpu_utilization"]["value"], summary["memory_utilization"]["value"]) == (0.5, 0.25)
    assert summary["ledger_ms"]["all"]["n"] == 192
    assert summary["expect"][0]["verdict"] == "fail"


def test_loading_wait_is_that_of_the_replications_that_waited() -> None:
    of = scenario()
    runs = replications(of, CALLS, [Call(0.1)])
    assert figures(of, runs)["model_loading_wait_ms"] == {"value": 1000.0, "ci95": None}


@pytest.mark.parametrize("calls", [CALLS, [], [Call(0.1, cause="queue_full")], [Call(0.1)]])
@pytest.mark.parametrize("expect", [[], ["p99 < 500 ms", "max < 1 s", "cache_hit_ratio > 90 %"]])
@pytest.mark.parametrize("count", [1, 3])
def test_every_summary_fits_its_schema(calls: list[Call], expect: list[str], count: int) -> None:
    of = scenario(expect)
    text = Result(of, replications(of, *[calls] * count)).to_json()
    schemas.of_summaries().validate(json.loads(text))


def test_the_schema_is_one_and_refuses_what_does_not_belong() -> None:
    schema = summary_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    good = json.loads(Result(*two("p99 < 500 ms")).to_json())
    missing = {key: value for key, value in good.items() if key != "robustness"}
    without_reason = good | {"error_rate": {"value": None, "ci95": None}}
    for bad in (missing, good | {"extra": 1}, without_reason, good | {"loads": -1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema, cls=jsonschema.Draft202012Validator)


FREE = {"share_over", "checks"}
"""Maps whose keys are up to the scenario."""


def changed(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Everything that is like a summary but for one key: left out, added, negative or text for a number."""
    if isinstance(value, dict):
        for key, inner in value.items():
            here = f"{path}.{key}"
            if path.removeprefix(".") not in FREE:
                yield f"{here} is missing", {k: v for k, v in value.items() if k != key}
            yield from ((what, value | {key: other}) for what, other in changed(inner, here))
        if path.removeprefix(".") not in FREE:
            yield f"{path} has one more", value | {"extra": 1}
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from ((what, [*value[:i], other, *value[i + 1 :]]) for what, other in changed(inner, f"{path}[{i}]"))
    elif isinstance(value, bool) or value is None:
        yield f"{path} is text", "text"
    elif isinstance(value, int | float):
        yield f"{path} is text", "text"
        if isinstance(value, int) and path not in (".seed", ".pids.limit"):
            yield f"{path} is negative", -1
            yield f"{path} is not whole", value + 0.5
    elif isinstance(value, str):
        yield f"{path} is a number", 1


@pytest.mark.slow
def test_a_summary_that_differs_in_one_key_does_not_fit_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(summary_schema())
    of = scenario(["p99 < 500 ms", "cpu_utilization < 10 %"], run={"replications": 2})
    for calls in (CALLS, [Call(0.1, cause="queue_full")]):
        good = json.loads(Result(of, replications(of, calls, calls)).to_json())
        assert validator.is_valid(good)
        # The evidence of a finding is free: any figures or texts.
        others = [one for one in changed(good) if ".evidence" not in one[0]]
        assert len(others) > 400
        assert [what for what, other in others if validator.is_valid(other)] == []


def test_the_keys_of_a_summary_stand_in_the_order_of_its_models() -> None:
    found = figures(*two())
    assert list(found) == [name for name in Summary.model_fields if name not in LEFT_OUT]
    assert list(found["tenants"]) == list(Tenants.model_fields)
    assert meanings(Summary).keys() == Summary.model_fields.keys()


def test_later_fields_are_null_and_not_absent() -> None:
    summary = figures(*two())
    assert [summary[key] for key in ("robustness", "until")] == [None] * 2
    assert isinstance(summary["findings"], list)
    assert set(summary["ledger_ms"]["p99"]) == {"n", "between", "mean", *PARTS} - {*DEVICE_PARTS}


@pytest.mark.parametrize(
    ("traffic", "conditional"),
    [
        ({"arrivals": {"poisson": {"rate": 1.0}}}, None),
        ({"trace": {"file": "day.csv"}}, "trace"),
        ({"trace": {"file": "day.csv"}, "bootstrap": 3600.0}, None),
        ({"trace": {"file": "day.csv", "format": "azure-functions-2019"}}, "trace"),
    ],
)
def test_intervals_over_one_trace_say_so(traffic: dict[str, object], conditional: str | None) -> None:
    of = scenario(traffic=[{"arrivals": {"poisson": {"rate": 1.0}}}, traffic])
    found = json.loads(Result(of, replications(of, CALLS)).to_json())
    assert found["conditional"] == conditional
    schemas.of_summaries().validate(found)


def test_what_became_of_a_configuration_is_a_finding() -> None:
    base, runs = two()
    config = ConfigRead(file="c.properties", notes=("one", "two"))
    of = base.model_copy(update={"server": Server(config=config)})
    found = figures(of, runs)
    notes = [entry for entry in found["findings"] if entry["id"] == "config"]
    assert [(entry["severity"], entry["text"]) for entry in notes] == [("note", "one"), ("note", "two")]
    assert set(notes[0]) == {"id", "severity", "text", "evidence", "source", "try"}
    schemas.of_summaries().validate(found)
    without = figures(base.model_copy(update={"server": Server(config=ConfigRead())}), runs)["findings"]
    assert [entry for entry in without if entry["id"] == "config"] == []


def test_twelve_significant_digits() -> None:
    of = scenario()
    third = figures(of, replications(of, [Call(0.1)] * 2 + [Call(0.1, cause="queue_full")]))
    assert third["error_rate"]["value"] == 0.333333333333


def test_a_figure_that_is_not_finite_is_our_fault() -> None:
    of, runs = two(wall_s=math.inf)
    with pytest.raises(SimulationError, match="wall_s is inf"):
        summarise(of, runs, "1")


def test_only_the_wall_clock_may_differ() -> None:
    of, runs = two("p99 < 500 ms")
    other = tuple(replace(r, wall_s=9.0) for r in runs)
    first, second = figures(of, runs), figures(of, other)
    assert first.pop("wall_s") != second.pop("wall_s")
    assert first == second


def test_cost_of_the_instances_that_were_up() -> None:
    of = scenario()
    runs = replications(of, CALLS, CALLS, hosts=hosts(2, up_s=np.array([100.0, 50.0])))
    # 1.5 instances at 0.36 USD an hour; 100 calls in 100 s are 3,600 an hour
    assert cost(of, runs) == {
        "usd_per_hour": pytest.approx(0.54),
        "usd_per_month": pytest.approx(0.54 * 730),
        "usd_per_million_requests": pytest.approx(0.54 / 3600 * 1e6),
        "estimated": False,
        "source": "given in the scenario",
    }


@pytest.mark.parametrize("came", [True, False])
def test_an_estimated_price_that_a_deploy_brings_is_said(came: bool) -> None:
    to = {"endpoint.instance_type": "ml.r5.large"}
    of = Scenario.from_dict(
        {
            "name": "new-type",
            "endpoint": {"instance_type": "ml.m5.large"},
            "models": [
                {"name": "m", "count": 2, "artifact_size": "1 MB", "memory": "10 MB", "service": {"cpu": "10 ms"}}
            ],
            "traffic": [{"arrivals": {"poisson": {"rate": "1 /s"}}}],
            "deploys": [{"at": "30 s", "to": to}],
            "run": {"duration": "100 s", "warmup": "0 s"},
        }
    )
    prices = np.array([0.115, 0.1512 if came else 0.115])
    run = run_data(of, CALLS, hosts=hosts(2, up_s=np.array([50.0, 50.0]), usd_per_hour=prices))
    found = cost(of, [run])
    assert found["usd_per_hour"] == pytest.approx(prices.mean())
    assert found["estimated"] == came
    own = "SageMaker's price for hosting, us-east-1, date unknown"
    both = f"ml.m5.large: {own}; ml.r5.large: estimate: EC2 price of 2026-07-20 x 1.20"
    assert found["source"] == (both if came else own)


def test_without_a_price_there_is_no_cost() -> None:
    of = scenario(endpoint={"price_per_hour": None})
    assert set(cost(of, [run_data(of, CALLS)]).values()) == {None, False}


def test_without_calls_a_million_of_them_has_no_cost() -> None:
    of = scenario()
    assert cost(of, [run_data(of, [])])["usd_per_million_requests"] is None


def test_self_check_names_the_replication_that_failed() -> None:
    of = scenario()
    good, bad = {"conservation": "ok", "ledger": "ok"}, {"conservation": "1 call is missing"}
    runs = (run_data(of, CALLS, checks=good), run_data(of, CALLS, replication=1, checks=bad))
    combined = combine(runs)
    assert combined == {
        "conservation": "replication 1: 1 call is missing",
        "ledger": "replication 1: not checked",
    }
    assert line(combined).startswith("FAILED: conservation (replication 1: 1 call is missing)")
    assert not passed(combined)


def test_self_check_in_one_line() -> None:
    combined = combine(two()[1])
    assert line(combined) == "ok: conservation, ledger"
    assert passed(combined)
    assert not passed({})
    assert line({}) == "FAILED: nothing was checked"
