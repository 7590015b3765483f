"""Laws of clients: users wait, attempts are counted, patience and quotas are kept, in random scenarios."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mmesim.engine.kernel.record import ROUNDING
from mmesim.engine.simulation import Simulation, simulate
from mmesim.results.measured.run_data import CAUSES, CallRecords, RunData
from mmesim.scenario import RouterPolicy, Scenario
from mmesim.scenario.clients.retries import BotoStandard
from mmesim.scenario.figures import PARTS
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.workload.block import STREAM_KEYS, first_key, join
from mmesim.workload.requests import blocks
from mmesim.workload.users import CALLS, USER_KEYS, Users
from tests.laws.digest import digest
from tests.laws.scenarios import with_clients
from tests.laws.watched import run_watched

laws = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])

ROUNDING_S = 1e-9


@dataclass(frozen=True)
class Seen:
    run: RunData
    calls: CallRecords

    def part(self, name: str) -> NDArray[np.float64]:
        return self.calls.parts_s[:, PARTS.index(name)]


def simulated(scenario: Scenario) -> Seen:
    run = simulate(scenario, records=-1)
    assert {name: text for name, text in run.checks.items() if text != "ok"} == {}
    assert run.records is not None
    return Seen(run, run.records)


def loop_of(scenario: Scenario) -> tuple[int, ClosedLoop]:
    index, traffic = len(scenario.traffic) - 1, scenario.traffic[-1]
    assert isinstance(traffic.arrivals, ClosedLoop)
    return index, traffic.arrivals


@given(with_clients())
@laws
def test_every_call_ends_once_and_every_attempt_belongs_to_a_call(scenario):
    seen = simulated(scenario)
    run, calls = seen.run, seen.calls
    assert run.in_flight_at_end == 0
    assert run.calls_all == run.ok_all + run.errors_all >= len(calls.call) == len(np.unique(calls.key))
    assert np.array_equal(calls.call, np.arange(len(calls.call)))
    assert np.all(calls.arrival_s < run.duration_s)
    measured = calls.arrival_s >= run.warmup_s
    assert run.calls == measured.sum()
    assert run.attempts == calls.attempts[measured].sum()
    assert run.attempts == run.ok + run.attempt_causes.sum()
    last = np.bincount(calls.cause[measured & (calls.cause >= 0)], minlength=len(CAUSES))
    assert np.array_equal(run.errors, last)
    assert np.all(run.attempt_causes >= last)


@given(with_clients())
@laws
def test_open_streams_are_the_same_whatever_becomes_of_them(scenario):
    seen = simulated(scenario)
    asked = join(list(blocks(scenario, 0)))
    index, _ = loop_of(scenario)
    own = first_key(scenario.traffic[index].name)
    open_loop = (seen.calls.key < own) | (seen.calls.key >= own + STREAM_KEYS)
    order = np.argsort(seen.calls.key[open_loop])
    expected = np.argsort(asked.key)
    assert np.array_equal(seen.calls.key[open_loop][order], asked.key[expected])
    assert np.array_equal(seen.calls.arrival_s[open_loop][order], asked.time[expected])
    assert np.array_equal(seen.calls.model[open_loop][order], asked.model[expected])


@given(with_clients())
@laws
def test_a_user_calls_again_when_he_was_answered_has_paused_and_is_there(scenario):
    seen = simulated(scenario)
    calls, duration_s = seen.calls, scenario.run.duration_s
    # An answer that takes just as long as the client waits still comes: who gives up may do so a hair later.
    hair_s = ROUNDING_S + ROUNDING * scenario.clients.timeout_s
    index, _ = loop_of(scenario)
    users = Users(scenario, 0)
    own = first_key(scenario.traffic[index].name)
    mine = (calls.key >= own) & (calls.key < own + STREAM_KEYS)
    user, number = np.divmod(calls.key - own, USER_KEYS)
    for row, one in enumerate(users):
        rows = np.flatnonzero(mine & (user == one.number))
        rows = rows[np.argsort(number[rows])]
        assert np.array_equal(number[rows], np.arange(len(rows)))
        if not one.stays:
            assert not rows.size
            continue
        drafts = [users.drafts(row, block) for block in range(len(rows) // CALLS + 1)]
        assert np.array_equal(calls.model[rows], np.concatenate([d.model for d in drafts])[: len(rows)])
        gap, pace = (np.concatenate([getattr(d, name) for d in drafts]).tolist() for name in ("gap", "pace"))
        stays, begun_s, free_s = list(one.stays), 0.0, one.stays[0][0]
        begins = calls.arrival_s[rows].tolist()
        for k, begin_s in enumerate([*begins, duration_s]):
            wanted_s = max(free_s + gap[k], begun_s + pace[k])
            while stays and wanted_s >= stays[0][1] + hair_s:
                stays.pop(0)
                wanted_s = max(wanted_s, stays[0][0]) if stays else math.inf
            if k < len(begins):
                assert begin_s == pytest.approx(max(wanted_s, stays[0][0]), rel=0, abs=hair_s)
                begun_s, free_s = begin_s, begin_s + float(calls.latency_s[rows[k]])
            else:
                assert wanted_s >= min(begin_s, stays[0][1] if stays else math.inf) - hair_s


@given(with_clients())
@laws
def test_attempts_and_pauses_are_those_of_the_rule(scenario):
    seen = simulated(scenario)
    calls, retries = seen.calls, scenario.clients.retries
    if retries is None:
        assert np.all(calls.attempts == 1)
        assert not seen.part("retry_backoff").any()
        assert not seen.part("failed_attempts").any()
        return
    assert calls.attempts.max(initial=0) <= retries.max_attempts
    retried = np.array([name in retries.causes_retried for name in CAUSES])
    failed = calls.cause >= 0
    if not isinstance(retries, BotoStandard):
        given_up = failed & (calls.attempts < retries.max_attempts)
        assert not retried[calls.cause[given_up]].any()
    elif seen.run.attempts > seen.run.calls:
        assert retried[np.flatnonzero(seen.run.attempt_causes > seen.run.errors)].all()
    first, factor, cap, jitter = retries.pause
    pauses = np.minimum(first * factor ** np.arange(retries.max_attempts), cap)
    most = np.concatenate([[0.0], np.cumsum(pauses)])[calls.attempts - 1]
    backoff = seen.part("retry_backoff")[~failed]
    assert np.all(backoff <= most[~failed] + ROUNDING_S)
    assert np.all(backoff >= (1.0 - jitter) * most[~failed] - ROUNDING_S)
    lost = seen.part("failed_attempts")[~failed]
    assert np.all(lost <= (calls.attempts[~failed] - 1) * scenario.clients.timeout_s + ROUNDING_S)
    assert np.all((calls.attempts[~failed] > 1) | (lost == 0.0))


@given(with_clients())
@laws
def test_the_ledger_of_a_call_with_many_attempts_is_its_latency(scenario):
    seen = simulated(scenario)
    ok = seen.calls.cause < 0
    parts, latency = seen.calls.parts_s[ok], seen.calls.latency_s[ok]
    assert np.all(parts >= 0.0)
    assert np.all(np.abs(parts.sum(axis=1) - latency) <= ROUNDING_S + 1e-12 * (seen.calls.arrival_s[ok] + latency))
    most = scenario.clients.retries.max_attempts if scenario.clients.retries is not None else 1
    least_last = parts[:, : PARTS.index("retry_backoff")].sum(axis=1)
    assert np.all(least_last <= scenario.clients.timeout_s + ROUNDING_S)
    assert most >= seen.calls.attempts.max(initial=1)


@given(with_clients())
@laws
def test_no_host_takes_more_than_its_limit(scenario):
    most = scenario.endpoint.throttling.in_flight

    def look(sim: Simulation) -> None:
        in_flight = sim.plane.tables.views.hosts.in_flight[: len(sim.hosts)]
        assert most is None or in_flight.max() <= most
        tokens = sim.plane.tables.views.tokens
        assert tokens.min() >= 0
        assert tokens.max() <= BotoStandard.quota.tokens

    run_watched(scenario, look)


@given(with_clients())
@laws
def test_one_seed_gives_the_same_bytes(scenario):
    assert digest(simulate(scenario, records=-1)) == digest(simulate(scenario, records=-1))


@given(with_clients(hosts=1), st.integers(1, 3), st.sampled_from(RouterPolicy))
@laws
def test_two_fleets_have_the_same_users(scenario, hosts, policy):
    router = scenario.endpoint.router.model_copy(update={"policy": policy})
    other = scenario.endpoint.model_copy(update={"instance_count": hosts, "router": router, "load_slots": 3})
    one, two = simulated(scenario), simulated(scenario.model_copy(update={"endpoint": other}))
    _, a, b = np.intersect1d(one.calls.key, two.calls.key, assume_unique=True, return_indices=True)
    assert a.size
    assert np.array_equal(one.calls.model[a], two.calls.model[b])
    both = (one.calls.cause[a] < 0) & (two.calls.cause[b] < 0)
    assert np.array_equal(one.part("service")[a][both], two.part("service")[b][both])


@given(with_clients())
@laws
def test_more_users_do_not_change_those_who_are_there(scenario):
    index, loop = loop_of(scenario)
    few = Users(scenario, 0)
    more = loop.model_copy(update={"users": loop.most_users + 5, "stages": None})
    stream = scenario.traffic[index].model_copy(update={"arrivals": more})
    many = Users(scenario.model_copy(update={"traffic": (*scenario.traffic[:index], stream)}), 0)
    assert len(many) == len(few) + 5
    before, after = few.drafts(0, 1), many.drafts(0, 1)
    for column in ("gap", "pace", "model", "cpu", "wait", "route", "key"):
        assert np.array_equal(getattr(before, column), getattr(after, column))
