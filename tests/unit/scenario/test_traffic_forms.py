"""Arrival processes, popularity, drift and sessions as files write them: read, changed, believed, refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mmesim.scenario import (
    ConstantRate,
    Diurnal,
    Drift,
    FlashCrowd,
    GammaArrivals,
    Geometric,
    HyperexponentialArrivals,
    LognormalArrivals,
    LognormalPopularity,
    Mmpp,
    ModelSweep,
    OnOff,
    Poisson,
    Schedule,
    Tenants,
    UniformPopularity,
    WeibullArrivals,
    Zipf,
)
from mmesim.scenario.file.dump import dump
from mmesim.scenario.file.template import Template
from mmesim.scenario.file.yaml import read_text
from tests.helpers import schemas
from tests.helpers.texts import load_text

ARRIVALS = "{poisson: {rate: 10 /s}}"
MMPP = "{mmpp: {states: {calm: {rate: 20 /s, stay: 5 min}, busy: {rate: 200 /s, stay: 30 s}}}}"
SCHEDULE = "{schedule: {rates: {0 h: 20 /s, 8 h: 100 /s, 20 h: 30 /s}, shape: linear, repeat: 24 h}}"
FORMS: list[tuple[str, type[Any], dict[str, Any]]] = [
    ("{constant: {rate: 3 /s}}", ConstantRate, {"rate_per_s": 3.0}),
    ("{gamma: {rate: 3 /s, cv: 2}}", GammaArrivals, {"cv": 2.0}),
    ("{weibull: {rate: 3 /s, cv: 2}}", WeibullArrivals, {"cv": 2.0}),
    ("{lognormal: {rate: 3 /s, cv: 2}}", LognormalArrivals, {"cv": 2.0}),
    ("{hyperexponential: {rate: 3 /s, cv: 2}}", HyperexponentialArrivals, {"cv": 2.0}),
    (MMPP, Mmpp, {"next": "cycle", "mean_rate_per_s": (20 * 300 + 200 * 30) / 330}),
    ("{on_off: {rate: 3 /s, on: 1 min, off: {gamma: {mean: 1 h, cv: 2}}, each: group}}", OnOff, {"each": "group"}),
    (SCHEDULE, Schedule, {"points": ((0.0, 20.0), (28800.0, 100.0), (72000.0, 30.0)), "repeat_s": 86400.0}),
    ("{diurnal: {mean: 3 /s, weekend: 40 %, start_day: friday}}", Diurnal, {"weekend": 0.4, "peak_at_s": 50400.0}),
    ("{flash_crowd: {base: 3 /s, peak: 9 /s, at: 1 min, hold: 2 min}}", FlashCrowd, {"ramp_s": 0.0}),
    ("{sweep: {rate: 3 /s, order: random, every: 24 h}}", ModelSweep, {"every_s": 86400.0}),
]
IDS = [kind.__name__ for _, kind, _ in FORMS]


def with_stream(base: str, arrivals: str, *keys: str) -> str:
    lines = "".join(f"\n    {key}" for key in keys)
    return base.replace(f"- arrivals: {ARRIVALS}", f"- arrivals: {arrivals}{lines}")


@pytest.mark.parametrize(("text", "kind", "values"), FORMS, ids=IDS)
def test_a_process_is_read_written_and_read_again(base: str, text: str, kind: type[Any], values: dict[str, Any]):
    loaded = load_text(with_stream(base, text))
    process = loaded.traffic[0].arrivals
    assert type(process) is kind
    assert {key: getattr(process, key) for key in values} == values
    assert load_text(dump(loaded)) == loaded
    assert Template.of(loaded).at() == loaded


@pytest.mark.parametrize(("text", "kind", "values"), FORMS, ids=IDS)
def test_the_json_schema_knows_it(base: str, text: str, kind: type[Any], values: dict[str, Any]):
    schema = schemas.of_scenarios()
    tree = read_text(with_stream(base, text), "a", Path()).plain()
    schema.validate(json.loads(json.dumps(tree)))
    (name,) = tree["traffic"][0]["arrivals"]
    tree["traffic"][0]["arrivals"][name]["nonsense"] = 1
    assert not schema.is_valid(tree)


def test_the_first_phase_of_on_off_takes_distributions(base: str):
    text = "{on_off: {rate: 3 /s, on: {exponential: {mean: 5 min}}, off: {percentiles: {50: 1 min, 99: 1 h}}}}"
    loaded = load_text(with_stream(base, text))
    assert load_text(dump(loaded)) == loaded


POPULARITIES = [
    ("{lognormal: {cv: 2}}", LognormalPopularity(2.0)),
    ("{tenants: {by: group}}", Tenants(None, UniformPopularity(), UniformPopularity())),
    (
        "{tenants: {size: 4, between: {zipf: 0.9}, within: {lognormal: {cv: 1}}}}",
        Tenants(4, Zipf(0.9), LognormalPopularity(1.0)),
    ),
]


@pytest.mark.parametrize(("text", "expected"), POPULARITIES)
def test_popularity(base: str, text: str, expected: object):
    source = with_stream(base, ARRIVALS, f"popularity: {text}")
    loaded = load_text(source)
    assert loaded.traffic[0].popularity == expected
    assert load_text(dump(loaded)) == loaded
    schemas.of_scenarios().validate(read_text(source, "a", Path()).plain())


def test_drift_and_sessions(base: str):
    keys = (
        "drift: {swaps: 10 /h, births: 5 /h, alive: 80 %}",
        "sessions: {calls: {geometric: {mean: 3}}, gap: {exponential: {mean: 2 s}}, models: each}",
    )
    source = with_stream(base, ARRIVALS, *keys)
    loaded = load_text(source)
    (stream,) = loaded.traffic
    assert stream.drift == Drift(swaps_per_s=10 / 3600, births_per_s=5 / 3600, alive=0.8)
    assert stream.sessions is not None
    assert stream.sessions.calls == Geometric(mean=3.0)
    assert load_text(dump(loaded)) == loaded
    schema = schemas.of_scenarios()
    schema.validate(read_text(source, "a", Path()).plain())
    schema.validate(read_text(source.replace("{geometric: {mean: 3}}", "3"), "a", Path()).plain())


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("traffic.0.arrivals.gamma.cv=3", GammaArrivals(rate_per_s=10.0, cv=3.0)),
        ("traffic.0.arrivals={constant: {rate: 1 /s}}", ConstantRate(rate_per_s=1.0)),
        ("traffic.0.arrivals.poisson.rate=7 /s", Poisson(rate_per_s=7.0)),
    ],
)
def test_set_changes_a_key_or_puts_another_process_in_its_place(base: str, override: str, expected: object):
    loaded = load_text(with_stream(base, "{gamma: {rate: 10 /s, cv: 2}}"), overrides=[override])
    assert loaded.traffic[0].arrivals == expected


def test_a_point_of_a_schedule_and_a_state_can_be_set(base: str):
    at_eight = load_text(with_stream(base, SCHEDULE), overrides=["traffic.0.arrivals.schedule.rates.8 h=50 /s"])
    assert at_eight.traffic[0].arrivals.points[1] == (28800.0, 50.0)  # type: ignore[union-attr]
    busy = load_text(with_stream(base, MMPP), overrides=["traffic.0.arrivals.mmpp.states.busy.rate=1 /s"])
    assert busy.traffic[0].arrivals.states["busy"].rate_per_s == 1.0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (SCHEDULE.replace("100 /s", "{uncertain: {low: 80 /s, mid: 100 /s, high: 150 /s}}"), "schedule.rates.8 h"),
        (MMPP.replace("30 s", "{uncertain: {low: 20 s, mid: 30 s, high: 90 s}}"), "mmpp.states.busy.stay"),
        ("{gamma: {rate: 3 /s, cv: {uncertain: {low: 1, mid: 2, high: 4}}}}", "gamma.cv"),
    ],
)
def test_what_is_believed_of_traffic(base: str, text: str, field: str):
    loaded = load_text(with_stream(base, text))
    assert [belief.field for belief in loaded.beliefs] == [f"traffic.traffic-0.arrivals.{field}"]
    assert load_text(dump(loaded)) == loaded


@pytest.mark.parametrize(
    ("text", "keys", "expected"),
    [
        ("{hyperexponential: {rate: 1 /s, cv: 1}}", (), "hyperexponential.cv: 1 is too small: two phases have a cv"),
        ("{gamma: {rate: 1 /s, cv: 0}}", (), "gamma.cv: 0 is too small"),
        ("{gama: {rate: 1 /s, cv: 2}}", (), "arrivals.gama: unknown arrival process 'gama'"),
        ("{mmpp: {states: {a: {rate: 1 /s, stay: 1 s}}}}", (), "mmpp.states: needs at least two states"),
        (MMPP.replace("stay: 30 s", "stey: 30 s"), (), "states.busy.stey: unknown key, one of rate, stay"),
        (MMPP.replace("20 /s", "0").replace("200 /s", "0"), (), "mmpp.states: no state has a rate above 0"),
        (ARRIVALS, ("sessions: {calls: 0, gap: 1 s}",), "sessions.calls: 0 is too small"),
        (ARRIVALS, ("sessions: {calls: some, gap: 1 s}",), "sessions.calls: 'some' is not a number"),
        (ARRIVALS, ("sessions: {calls: {geo: 3}, gap: 1 s}",), "sessions.calls.geo: unknown number of calls 'geo'"),
        ("{on_off: {rate: 1 /s, on: 0, off: 1 s}}", (), "on_off.on: must be a time above 0"),
        ("{schedule: {rates: {1 h: 1 /s}}}", (), "schedule.rates: must begin at 0"),
        ("{schedule: {rates: {0 h: 1 /s, 60 min: 2 /s, 1 h: 3 /s}}}", (), "schedule.rates: has two rates at 60 min"),
        ("{schedule: {rates: {0 h: 1 /s, 8: 2 /s}}}", (), "schedule.rates.8: '8' has no unit"),
        ("{schedule: {rates: {0 h: 1 /s, 2 h: 2 /s}, repeat: 1 h}}", (), "schedule.repeat: must come after the last"),
        ("{schedule: {rates: {0 h: 0, 2 h: 0}}}", (), "schedule.rates: has no rate above 0"),
        ("{diurnal: {mean: 1 /s, peak_to_mean: 3}}", (), "diurnal.peak_to_mean: 3 is too large"),
        ("{flash_crowd: {base: 1 /s, peak: 2 /s, at: 0, hold: 0}}", (), "flash_crowd.hold: the crowd lasts no time"),
        ("{sweep: {rate: 1 /s}}", ("popularity: uniform",), "popularity: is meaningless for a sweep"),
        ("{sweep: {rate: 1 /s, every: 2 s}}", (), "arrivals.sweep.every: one sweep over 3 models takes 3 s"),
        (ARRIVALS, ("popularity: {lognormal: {cv: 0}}",), "popularity.lognormal.cv: must be above 0"),
        (ARRIVALS, ("popularity: {tenants: {between: uniform}}",), "popularity.tenants: needs one of by and size"),
        (
            ARRIVALS,
            ("popularity: {tenants: {size: 2, within: {tenants: {size: 2}}}}",),
            "popularity.tenants.within: there are two levels",
        ),
        (ARRIVALS, ("drift: {alive: 80 %}",), "drift: nothing moves"),
        (ARRIVALS, ("drift: {births: 1 /h}",), "drift.births: births need models that are not alive"),
        (ARRIVALS, ("sessions: {calls: 3, gap: 1 s, models: tenant}",), "sessions.models: a session within one tenant"),
        (
            "{on_off: {rate: 1 /s, on: 1 s, off: 1 s}}",
            ("sessions: {calls: 3, gap: 1 s, models: each}",),
            "sessions.models: with on_off per model, a session would call models that are off",
        ),
    ],
)
def test_what_means_nothing_is_refused_with_its_place(
    base: str, problems: Any, text: str, keys: tuple[str, ...], expected: str
):
    texts = [str(problem) for problem in problems(with_stream(base, text, *keys))]
    assert any(expected in problem for problem in texts), texts


def test_drift_and_sessions_are_not_for_recorded_traffic(base: str, problems: Any):
    for key in ("drift: {swaps: 1 /h}", "sessions: {calls: 2, gap: 1 s}"):
        text = base.replace(f"arrivals: {ARRIVALS}", f"trace: {{file: a.yaml}}\n    {key}")
        assert any("does not apply to trace" in str(problem) for problem in problems(text))


CHANGING = [
    (SCHEDULE, (), "follows a schedule"),
    ("{diurnal: {mean: 3 /s}}", (), "follows the time of day"),
    ("{flash_crowd: {base: 3 /s, peak: 9 /s, at: 1 s, hold: 2 s}}", (), "follows a flash crowd"),
    ("{sweep: {rate: 3 /s}}", (), "follows a sweep over the models"),
    (ARRIVALS, ("drift: {swaps: 1 /h}",), "has models whose popularity drifts"),
]


@pytest.mark.parametrize(("text", "keys", "reason"), CHANGING)
def test_what_changes_by_plan_has_no_steady_state_and_no_stationary_start(
    base: str, problems: Any, text: str, keys: tuple[str, ...], reason: str
):
    source = with_stream(base, text, *keys)
    assert load_text(source).changes_over_time == f"stream 'traffic-0' {reason}"
    (problem,) = problems(source.replace("ml.m5.xlarge", "ml.m5.xlarge\n  warm: stationary"))
    assert problem.field == "endpoint.warm"
    assert reason in problem.message


@pytest.mark.parametrize(
    ("text", "keys", "allowed"),
    [
        ("{gamma: {rate: 3 /s, cv: 2}}", (), True),
        (MMPP, (), True),
        ("{on_off: {rate: 3 /s, on: 1 s, off: 1 s, each: stream}}", (), True),
        ("{on_off: {rate: 3 /s, on: 1 s, off: 1 s}}", (), False),
        (ARRIVALS, ("sessions: {calls: 2, gap: 1 s, models: each}",), True),
        (ARRIVALS, ("sessions: {calls: 2, gap: 1 s}",), False),
    ],
)
def test_a_stationary_start_is_for_calls_that_choose_their_models_independently(
    base: str, problems: Any, text: str, keys: tuple[str, ...], allowed: bool
):
    source = with_stream(base, text, *keys)
    assert load_text(source).changes_over_time is None
    warm = source.replace("ml.m5.xlarge", "ml.m5.xlarge\n  warm: stationary")
    if allowed:
        assert load_text(warm).endpoint.warm == "stationary"
    else:
        assert [problem.field for problem in problems(warm)] == ["endpoint.warm"]
