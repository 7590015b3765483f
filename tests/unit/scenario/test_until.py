"""`run.until` and `run.max_replications`: what is read, and what is said about a wrong one."""

from __future__ import annotations

import re

import pytest

from mmesim.errors import ScenarioError
from mmesim.scenario import Scenario
from mmesim.scenario.file.dump import dump
from mmesim.scenario.run.until import Precision
from tests.helpers.texts import load_text

TEXT = """\
name: day
endpoint: {vcpu: 2, memory: 8 GiB}
models: [{name: m, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 20 ms}}]
traffic: [{arrivals: {poisson: {rate: 1 /s}}}]
run: {duration: 100 s, until: UNTIL}
"""


def read(until: str, *overrides: str) -> Scenario:
    return load_text(TEXT.replace("UNTIL", until), "day.yaml", overrides)


@pytest.mark.parametrize(
    ("text", "metric", "within"),
    [
        ("p99 within 5 %", "p99", 0.05),
        ("p99.9  within  2.5 %", "p99.9", 0.025),
        ("mean within 2 %", "mean", 0.02),
        ("cache_hit_ratio within 1 %", "cache_hit_ratio", 0.01),
    ],
)
def test_figure_and_precision(text: str, metric: str, within: float) -> None:
    until = read(text).run.until
    assert until is not None
    assert until.metric == metric
    assert until.within == pytest.approx(within)


def test_the_default_is_none_and_a_hundred() -> None:
    run = read("null").run
    assert (run.until, run.max_replications) == (None, 100)


def test_what_is_written_is_read_again() -> None:
    of = read("p99 within 5 %", "run.max_replications=40")
    again = load_text(dump(of), "again.yaml")
    assert again.run == of.run
    assert again.run.until == Precision("p99", 0.05, "p99 within 5 %")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p99 < 5 %", "day.yaml:5: run.until: 'p99 < 5 %' is not a precision: write one such as `p99 within 5 %`"),
        ("5 %", "is not a precision"),
        ("p99 within 0.5", "0.5 is not a share without `%`: write `p99 within 0.5 %` or `p99 within 50 %`"),
        ("mean within 5", "5 is not a share without `%`: write `mean within 5 %`"),
        ("{p99: 5 %}", "is not a precision"),
        ("p99 within 5 ms", "precision of p99: "),
        ("p99 within 0 %", "precision of p99: 0 % is not between 0 % and 100 %"),
        ("p99 within 100 %", "is not between"),
        ("meen within 5 %", "unknown metric 'meen': a percentile such as p99, or mean, .*did you mean mean?"),
        ("p00 within 5 %", "unknown metric 'p00'"),
        ("max within 5 %", "the maximum grows with every call"),
        ("hosts within 5 %", "unknown metric 'hosts'"),
    ],
)
def test_a_wrong_one_is_taught(text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        read(text)
    assert re.search(message.replace("?", r"\?").replace("(", r"\("), str(error.value))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["run.max_replications=9"], "run.max_replications: .*10"),
        (
            ["run.max_replications=20", "run.replications=21"],
            r"run.max_replications: must be at least replications \(21",
        ),
    ],
)
def test_there_is_room_for_a_look(overrides: list[str], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        read("mean within 5 %", *overrides)
