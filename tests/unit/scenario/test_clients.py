"""What a file may say of clients: retries, and users who wait for their answers."""

from pathlib import Path

import pytest

from mmesim.scenario.clients.causes import FAILURES, LEGACY, MODEL_ERROR, STANDARD, Cause
from mmesim.scenario.clients.retries import BotoLegacy, BotoStandard, ExponentialRetries, FixedRetries
from mmesim.scenario.endpoint.endpoint import Throttling
from mmesim.scenario.file.dump import dump
from mmesim.scenario.file.yaml import read_text
from tests.helpers import schemas
from tests.helpers.texts import load_text

QUEUE = (Cause.queue_full,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("boto3-legacy", BotoLegacy()),
        ("{boto3-standard: {processes: 4}}", BotoStandard(processes=4)),
        (
            "{fixed: {delay: 1 s, jitter: 50 %, causes: [queue_full]}}",
            FixedRetries(delay_s=1.0, jitter=0.5, causes=QUEUE),
        ),
        ("{exponential: {base: 100 ms, max_attempts: 7}}", ExponentialRetries(base_s=0.1, max_attempts=7)),
    ],
)
def test_retries_are_read_and_dumped(scenario, base, text, expected):
    read = scenario(f"{base}clients: {{retries: {text}}}\n")
    assert read.clients.retries == expected
    assert load_text(dump(read)) == read
    assert schemas.of_scenarios().is_valid(read_text(dump(read), "a", Path()).plain())


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "run:",
            "clients: {retries: boto3}\nrun:",
            "clients.retries: unknown retry rule 'boto3': one of none, boto3-legacy",
        ),
        ("run:", "clients: {retries: {fixd: {delay: 1 s}}}\nrun:", "clients.retries.fixd: unknown retry rule 'fixd'"),
        ("run:", "clients: {retries: {fixed: {dely: 1 s}}}\nrun:", "unknown key, one of max_attempts, delay, jitter"),
        ("run:", "clients: {retries: {fixed: {delay: 1 s, causes: [ok]}}}\nrun:", "'ok' is not one of queue_full"),
        ("poisson: {rate: 10 /s}", "closed_loop: {users: 0, cycle: 1 s}", "closed_loop.users: 0 is too small"),
        ("poisson: {rate: 10 /s}", "closed_loop: {}", "closed_loop.users: needs users (users: 10, or stages"),
        ("poisson: {rate: 10 /s}", "closed_loop: {users: 3, pacing: 1 s, think_time: 1 s}", "there is one pause"),
        ("poisson: {rate: 10 /s}", "closed_loop: {stages: []}", "closed_loop.stages: needs at least one stage"),
        (
            "poisson: {rate: 10 /s}",
            "closed_loop: {stages: [{duration: 1 min, target: 0}]}",
            "closed_loop.stages: every target is 0",
        ),
        (
            "poisson: {rate: 10 /s}",
            "closed_loop: {stages: [{duration: 1 min, target: 9}], spawn_rate: 1 /s}",
            "spawn_rate: stages say when users come",
        ),
        (
            "poisson: {rate: 10 /s}",
            "ramp: {stages: [{duration: 0 s, target: 9 /s}]}",
            "ramp.stages: the stages last no time",
        ),
        (
            "arrivals: {poisson: {rate: 10 /s}}",
            "calls: 9\n    arrivals: {closed_loop: {users: 3, calls_each: 2}}",
            "calls: the users stop after calls_each calls",
        ),
    ],
)
def test_wrong_clients_are_refused_with_what_is_allowed(problems, base, old, new, expected):
    texts = [str(problem) for problem in problems(base.replace(old, new, 1))]
    assert any(expected in text for text in texts), texts


@pytest.mark.parametrize(
    "loop", ["{users: 3}", "{users: 3, cycle: 1e-10 ns}", "{users: 3, think_time: {uniform: {low: 0 s, high: 0 s}}}"]
)
def test_users_without_a_pause_are_refused_only_where_nothing_takes_any_time(problems, base, scenario, loop):
    text = base.replace("poisson: {rate: 10 /s}", f"closed_loop: {loop}", 1)
    assert scenario(text).traffic[0].arrivals.most_users == 3
    near = text.replace("instance_type: ml.m5.xlarge", "instance_type: ml.m5.xlarge\n  router: {overhead: 0 s}", 1)
    near = near.replace("run:", "clients: {network: 0 s}\nrun:", 1)
    (problem,) = problems(near)
    assert "arrivals.closed_loop: a refused user would call again at the same instant" in str(problem)
    assert "network: 5 ms" in str(problem)


def test_the_table_of_failures_has_every_cause_in_the_order_of_the_arrays():
    assert tuple(FAILURES) == tuple(Cause)
    assert {cause for cause, failure in FAILURES.items() if failure.is_5xx} == {
        Cause.queue_full,
        Cause.worker_died,
        Cause.never_fits,
        Cause.load_failed,
        Cause.model_error,
    }
    # Whatever the container answers or fails to answer reaches the client as a ModelError, which boto3 does not retry.
    for failure in FAILURES.values():
        assert not (failure.container and failure.legacy)
        assert not (failure.client == MODEL_ERROR and (failure.legacy or failure.standard))


def test_the_standard_mode_retries_all_that_the_legacy_mode_does_but_one():
    assert set(LEGACY) - set(STANDARD) == {Cause.load_timeout}
    assert set(STANDARD) < set(LEGACY)


def test_throttling_is_off_and_its_burst_is_that_of_a_second(scenario, base):
    assert scenario(base).endpoint.throttling == Throttling()
    limited = scenario(base, "endpoint.throttling={rate: 40 /s}").endpoint.throttling
    assert (limited.in_flight, limited.rate_per_s, limited.tokens) == (None, 40.0, 40.0)
    assert Throttling(rate_per_s=0.1).tokens == 1.0


def test_a_burst_needs_a_rate(problems, base):
    (problem,) = problems(base, "endpoint.throttling={burst: 3}")
    assert "a burst needs a rate" in problem.message
