from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmesim.scenario.values.fields import FROM_FILE, Refused
from mmesim.scenario.values.time_field import TIMES
from mmesim.scenario.values.times import (
    Constant,
    Empirical,
    Exponential,
    Gamma,
    Lognormal,
    Percentiles,
    Uniform,
    Weibull,
)

FILE = SimpleNamespace(context={FROM_FILE: True})
"""Where a value comes from, as pydantic tells its readers."""

positive = st.floats(min_value=1e-9, max_value=1e9)
sorted_times = st.lists(positive, min_size=2, max_size=6).map(sorted)
times = st.one_of(
    st.builds(Constant, positive | st.just(0.0)),
    st.builds(Exponential, positive),
    *(st.builds(kind, positive, positive) for kind in (Lognormal, Gamma, Weibull)),
    sorted_times.map(lambda values: Uniform(values[0], values[-1])),
    sorted_times.map(lambda values: Empirical(tuple(values))),
    sorted_times.map(lambda values: Percentiles(tuple((float(i), value) for i, value in enumerate(values)))),
)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("20 ms", Constant(0.02)),
        (0, Constant(0.0)),
        ({"exponential": {"mean": "20 ms"}}, Exponential(0.02)),
        ({"lognormal": {"mean": "12 ms", "cv": 0.8}}, Lognormal(0.012, 0.8)),
        ({"gamma": {"mean": "1 s", "cv": 2}}, Gamma(1.0, 2.0)),
        ({"weibull": {"mean": "1 s", "cv": 1.5}}, Weibull(1.0, 1.5)),
        ({"uniform": {"low": "1 s", "high": "3 s"}}, Uniform(1.0, 3.0)),
        ({"empirical": ["1 s", "2 s"]}, Empirical((1.0, 2.0))),
        ({"percentiles": {99: "2 s", 50: "1 s", 99.9: "4 s"}}, Percentiles(((50.0, 1.0), (99.0, 2.0), (99.9, 4.0)))),
    ],
)
def test_every_form_of_a_time_is_read(text, time):
    assert TIMES.read(text, FILE) == time
    assert time.is_constant == isinstance(time, Constant)


@given(times)
def test_a_written_time_reads_back_equal(time):
    assert TIMES.read(TIMES.write(time, FILE), FILE) == time


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("20", (), "has no unit"),
        ({}, (), "expected one time, such as 20 ms or {lognormal"),
        ({"gamma": {}, "uniform": {}}, (), "expected one time"),
        ("gamma", (), "gamma needs a value"),
        ({"lognorml": {}}, ("lognorml",), "unknown distribution"),
        ({"lognormal": {"mean": "1 s"}}, ("lognormal",), "cv is missing"),
        ({"lognormal": {"mean": "1 s", "cv": 0}}, ("lognormal",), "cv must be"),
        ({"lognormal": {"mean": "1 s", "cv": -1}}, ("lognormal", "cv"), "negative"),
        ({"lognormal": {"mean": "1 s", "sd": 1}}, ("lognormal", "sd"), "unknown key"),
        ({"lognormal": "1 s"}, ("lognormal",), "write a map with mean and cv"),
        ({"exponential": {"mean": "0 s"}}, ("exponential",), "mean must be"),
        ({"gamma": {"mean": "1 s", "cv": float("nan")}}, ("gamma", "cv"), "not a finite number"),
        ({"uniform": {"low": "3 s", "high": "1 s"}}, ("uniform",), "low must not be above high"),
        ({"empirical": []}, ("empirical",), "at least one value"),
        ({"empirical": ["1 s", "x"]}, ("empirical", 1), "not a time"),
        ({"empirical": "1 s"}, ("empirical",), "write the list"),
        ({"percentiles": {50: "1 s"}}, ("percentiles",), "at least two points"),
        ({"percentiles": {50: "1 s", 99: "0.5 s"}}, ("percentiles",), "must not fall"),
        ({"percentiles": {50: "1 s", 101: "2 s"}}, ("percentiles",), "not a percent"),
        ({"percentiles": {"p50": "1 s", 99: "2 s"}}, ("percentiles", "p50"), "not a percent"),
    ],
)
def test_a_wrong_time_is_refused_at_its_place(text, path, message):
    with pytest.raises(Refused, match=message) as refused:
        TIMES.read(text, FILE)
    assert refused.value.path == path
