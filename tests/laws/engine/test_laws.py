"""Laws of a whole run, over random scenarios: nothing is lost, counted twice, too early or out of order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mmesim.engine.kernel.codes import REFILL
from mmesim.engine.kernel.record import ROUNDING
from mmesim.engine.open_loop import OpenLoop
from mmesim.engine.simulation import Simulation, simulate
from mmesim.results.measured.run_data import CAUSES, CallRecords, RunData
from mmesim.scenario import EvictionPolicy, RouterPolicy, Scenario
from mmesim.scenario.figures import PARTS
from mmesim.stats.histogram import coarse_grid, grid
from mmesim.workload.block import Block, join
from mmesim.workload.requests import blocks
from tests.helpers.buckets import bucket_of
from tests.laws.digest import EFFORT, digest
from tests.laws.scenarios import scenarios

laws = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

ROUNDING_S = 1e-9
BEFORE_QUEUE = [PARTS.index(name) for name in ("load_slot_wait", "download", "memory_wait", "load")]


@dataclass(frozen=True)
class Recorded:
    run: RunData
    calls: CallRecords
    ok: NDArray[np.bool_]
    measured: NDArray[np.bool_]

    def part(self, name: str) -> NDArray[np.float64]:
        return self.calls.parts_s[:, PARTS.index(name)]


def recorded(scenario: Scenario) -> Recorded:
    run = simulate(scenario, records=-1)
    calls = run.records
    assert calls is not None
    return Recorded(run, calls, calls.cause == -1, calls.arrival_s >= run.warmup_s)


def requests(scenario: Scenario) -> Block:
    return join(list(blocks(scenario, 0)))


def asked_s(scenario: Scenario, asked: Block) -> NDArray[np.float64]:
    """Service time of each request alone on a host at full speed."""
    models = scenario.model_table()
    threads = np.array([model.service.threads for model in models])[asked.model]
    serial = np.array([model.service.serial for model in models])[asked.model]
    alone = np.where(threads > 1, serial + (1.0 - serial) / threads, 1.0)
    on_device = 0.0 if asked.device is None else asked.device
    total: NDArray[np.float64] = asked.wait + on_device + asked.cpu * alone / scenario.endpoint.host.cpu_speed
    return total


@given(scenarios())
@laws
def test_the_self_check_of_a_run_finds_nothing(scenario):
    checks = simulate(scenario).checks
    assert set(checks) >= {"conservation", "ledger", "little", "memory", "tasks", "disk"}
    assert {name: text for name, text in checks.items() if text != "ok"} == {}


@given(scenarios())
@laws
def test_every_request_is_answered_once(scenario):
    seen = recorded(scenario)
    run, calls = seen.run, seen.calls
    asked = requests(scenario)
    assert run.calls_all == run.ok_all + run.errors_all >= len(asked)
    assert run.in_flight_at_end == 0
    assert np.array_equal(calls.call, np.arange(len(asked)))
    assert np.array_equal(calls.arrival_s, asked.time)
    assert np.array_equal(calls.model, asked.model)
    assert np.all(calls.attempts == 1)


@given(scenarios())
@laws
def test_totals_are_the_sums_of_their_calls(scenario):
    seen = recorded(scenario)
    run, calls, measured = seen.run, seen.calls, seen.measured
    good = measured & seen.ok
    latency = calls.latency_s[good]
    models = len(run.model_names)
    causes = np.bincount(calls.cause[measured & ~seen.ok], minlength=len(CAUSES))
    assert run.calls == measured.sum() == run.ok + run.errors.sum() == run.attempts
    assert run.ok == good.sum() == run.count.sum() == run.tenants.histogram.sum()
    assert np.array_equal(run.errors, causes)
    assert np.array_equal(run.attempt_causes, causes)
    assert run.errors_all >= (~seen.ok).sum()
    hits, reached = calls.hit & measured, measured & (calls.host >= 0)
    assert (run.hits, run.misses) == (hits.sum(), (reached & ~hits).sum())
    hosts = scenario.endpoint.instance_count
    assert np.array_equal(run.hosts.hits, np.bincount(calls.host[hits], minlength=hosts))
    assert np.array_equal(run.hosts.misses, np.bincount(calls.host[reached & ~hits], minlength=hosts))
    assert np.array_equal(run.tenants.calls, np.bincount(calls.model[measured], minlength=models))
    assert np.array_equal(run.tenants.ok, np.bincount(calls.model[good], minlength=models))
    assert np.array_equal(run.tenants.misses, np.bincount(calls.model[reached & ~hits], minlength=models))
    np.testing.assert_allclose(run.latency_sum_s, latency.sum(), rtol=1e-9)
    assert run.latency_max_s == latency.max(initial=0.0)


@given(scenarios())
@laws
def test_histograms_hold_each_call_in_its_bucket(scenario):
    seen = recorded(scenario)
    run, good = seen.run, seen.measured & seen.ok
    fine, coarse = grid(scenario.latency_limits_s), coarse_grid()
    latency, model = seen.calls.latency_s[good], seen.calls.model[good]
    compared = latency * (1.0 - ROUNDING)  # one that is a limit but for the rounding of times is not above it
    place = bucket_of(fine, compared)
    assert np.array_equal(run.edges_s, fine.edges)
    assert np.array_equal(run.count, np.bincount(place, minlength=fine.buckets))
    parts = np.zeros_like(run.parts_s)
    np.add.at(parts, place, seen.calls.parts_s[good])
    np.testing.assert_allclose(run.parts_s, parts, rtol=1e-9, atol=1e-9)
    each = np.zeros_like(run.tenants.histogram)
    np.add.at(each, (model, bucket_of(coarse, latency)), 1)
    assert np.array_equal(run.tenants.histogram, each)
    over = [np.bincount(model[compared > limit], minlength=len(run.model_names)) for limit in run.limits_s]
    assert run.limits_s.tolist() == [0.1, 1.0]
    assert np.array_equal(run.tenants.over, np.stack(over, axis=1))
    assert run.load_episodes.sum() <= run.misses
    assert np.all(run.load_episodes <= run.count)


@given(scenarios())
@laws
def test_the_ledger_of_each_call_is_its_latency(scenario):
    seen = recorded(scenario)
    parts, latency = seen.calls.parts_s[seen.ok], seen.calls.latency_s[seen.ok]
    answered = seen.calls.arrival_s[seen.ok] + latency
    assert np.all(parts >= 0.0)
    assert np.all(np.abs(parts.sum(axis=1) - latency) <= ROUNDING_S + 1e-12 * answered)
    assert not np.any(seen.calls.parts_s[~seen.ok])
    waited = parts[:, BEFORE_QUEUE].sum(axis=1)
    assert np.all(waited[seen.calls.hit[seen.ok]] == 0.0)


@given(scenarios())
@laws
def test_service_is_what_the_request_asked_for(scenario):
    seen = recorded(scenario)
    asked = asked_s(scenario, requests(scenario))
    np.testing.assert_allclose(seen.part("service")[seen.ok], asked[seen.ok], rtol=1e-12, atol=1e-15)


@given(scenarios())
@laws
def test_no_answer_comes_before_its_cause(scenario):
    seen = recorded(scenario)
    calls, endpoint = seen.calls, scenario.endpoint
    delay_s = scenario.fixed_delay_s
    least = delay_s + asked_s(scenario, requests(scenario))
    assert np.all(calls.latency_s[seen.ok] >= least[seen.ok] - ROUNDING_S)
    assert np.all(calls.latency_s <= scenario.clients.timeout_s + ROUNDING_S)
    of = {name: calls.latency_s[calls.cause == k] for k, name in enumerate(CAUSES)}
    possible = {"load_failed"} if scenario.uses_devices else set()  # a device without memory
    possible |= {"queue_full", "never_fits", "invocation_timeout", "load_timeout", "client_timeout"}
    assert {name for name, latency in of.items() if latency.size} <= possible
    np.testing.assert_allclose(of["never_fits"], delay_s, atol=ROUNDING_S)
    np.testing.assert_allclose(of["client_timeout"], scenario.clients.timeout_s, rtol=1e-12)
    assert np.all(of["queue_full"] >= delay_s - ROUNDING_S)
    assert np.all(of["invocation_timeout"] >= delay_s + endpoint.invocation_timeout_s - ROUNDING_S)
    # One that asked for the load waits until the time-out, one that came later at least until the load is broken off.
    assert np.all(of["load_timeout"] <= delay_s + endpoint.load_timeout_s + ROUNDING_S)


@given(scenarios(hosts=1))
@laws
def test_each_model_is_served_in_the_order_of_its_queue(scenario):
    # A front end without work: a call enters its queue when it reaches the host, when its load ends, or when its event
    # loop is free again.
    plain = scenario.model_copy(update={"server": scenario.server.model_validate({"overhead": "none"})})
    seen = recorded(plain)
    calls = seen.calls
    entered = calls.arrival_s + plain.clients.network_s / 2 + plain.endpoint.router.overhead_s
    stalled = calls.parts_s[:, PARTS.index("frontend_stall")]
    entered = entered + calls.parts_s[:, BEFORE_QUEUE].sum(axis=1) + stalled
    taken = entered + seen.part("queue")
    for model in range(len(seen.run.model_names)):
        mine = np.flatnonzero(seen.ok & (calls.model == model))
        mine = mine[np.argsort(entered[mine], kind="stable")]
        # Waiters of one load enter together, in the order of their arrival. Event loops that become free at one moment
        # let in those who wait for each of them one loop after the other.
        together = np.cumsum(np.diff(entered[mine], prepend=0.0) > ROUNDING_S)
        by_loops = np.isin(together, together[stalled[mine] > 0.0])
        mine = mine[np.lexsort((np.where(by_loops, taken[mine], calls.call[mine]), together))]
        assert np.all(np.diff(taken[mine]) >= -ROUNDING_S)


@given(scenarios())
@laws
def test_one_seed_gives_the_same_bytes(scenario):
    assert digest(simulate(scenario, records=-1)) == digest(simulate(scenario, records=-1))


@given(scenarios(), st.sampled_from([1, 2, 17, 300]))
@laws
def test_the_size_of_a_block_of_arrivals_changes_nothing(scenario, block_size):
    sim = Simulation(scenario, records=-1)
    source = OpenLoop(scenario, 0, sim.plane, None, block_size)
    sim.env.handle(REFILL, source.refill)
    assert digest(sim.run(), EFFORT) == digest(simulate(scenario, records=-1), EFFORT)


@given(scenarios(), st.sampled_from([0, 1, 10, 100]))
@laws
def test_recording_fewer_calls_keeps_the_run_and_samples_it(scenario, limit):
    everything, some, none = (simulate(scenario, records=n) for n in (-1, limit, None))
    without = EFFORT | {"records"}
    assert digest(everything, without) == digest(some, without) == digest(none, without)
    assert none.records is None
    assert some.records is not None
    assert everything.records is not None
    assert len(some.records.call) <= limit
    chosen = np.searchsorted(everything.records.call, some.records.call)
    assert np.array_equal(some.records.call, everything.records.call[chosen])
    assert np.array_equal(some.records.latency_s, everything.records.latency_s[chosen])
    assert np.array_equal(some.records.parts_s, everything.records.parts_s[chosen])
    # Whoever knows that no more than a sample will be kept gets that sample.
    thinned, below = (
        everything.records.below(some.records.threshold),
        simulate(scenario, records=-1, below=some.records.threshold).records,
    )
    assert below is not None
    assert np.array_equal(below.call, thinned.call)
    assert np.array_equal(below.parts_s, thinned.parts_s)


@given(scenarios(hosts=1), st.integers(1, 4), st.sampled_from(RouterPolicy), st.sampled_from(EvictionPolicy))
@laws
def test_two_fleets_get_the_same_requests(scenario, hosts, policy, eviction):
    endpoint = scenario.endpoint
    router = endpoint.router.model_copy(update={"policy": policy})
    other = endpoint.model_copy(
        update={"instance_count": hosts, "router": router, "eviction": eviction, "load_slots": 1, "pid_limit": None}
    )
    one, two = recorded(scenario), recorded(scenario.model_copy(update={"endpoint": other}))
    for column in ("call", "arrival_s", "model"):
        assert np.array_equal(getattr(one.calls, column), getattr(two.calls, column))
    both = one.ok & two.ok
    assert np.array_equal(one.part("service")[both], two.part("service")[both])
