"""Laws of the timeline of a window: what it shows is what happened, and the trace obeys the rules of viewers."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mmesim.engine.simulation import simulate
from mmesim.engine.timeline import watched
from mmesim.engine.timeline.watch import watch
from mmesim.results.timeline.lanes import lanes
from mmesim.results.timeline.seen import TIMES, SeenCalls
from mmesim.results.timeline.trace import trace
from mmesim.scenario import Poisson, RunSettings, Scenario, Traffic
from mmesim.scenario.figures import PARTS
from mmesim.scenario.models.groups import Service
from mmesim.scenario.values.times import Constant
from tests.helpers.trace_events import checked, slices
from tests.laws.scenarios import instant_endpoint, instant_model, instant_server, scenarios, with_clients

SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), max_size=60).map(
    lambda found: sorted((begin, begin + length) for begin, length in found)
)

QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
"""To find a smaller scenario that fails takes minutes."""


@given(SPANS)
def test_slices_of_a_lane_lie_side_by_side_on_as_few_lanes_as_there_can_be(spans):
    found = lanes(spans)
    last: dict[int, int] = {}
    for (begin, end), lane in zip(spans, found, strict=True):
        assert last.get(lane, begin) <= begin
        last[lane] = end
    moments = {begin for begin, _ in spans}
    most = max((sum(b <= at < e or b == e == at for b, e in spans) for at in moments), default=0)
    assert len(set(found)) <= most


@settings(max_examples=12, deadline=None, phases=QUICK)
@given(st.one_of(scenarios(), with_clients()), st.sampled_from([(0.0, 20.0), (4.0, 7.0), (17.0, 20.0)]))
def test_a_window_shows_what_happened_in_the_run(scenario, window_s):
    run = simulate(scenario, records=-1)
    seen = watch(scenario, 0, window_s)
    checked(trace(scenario, seen).text)

    # Every call of the window, as it was in the run to the last bit.
    recorded, (start_s, end_s) = run.records, window_s
    assert recorded is not None
    begun, ended = recorded.arrival_s, recorded.arrival_s + recorded.latency_s
    inside = (begun < end_s) & (ended > start_s)
    for name in {field.name for field in fields(SeenCalls)} - {"times_s"}:
        assert np.array_equal(getattr(recorded, name)[inside], getattr(seen.calls, name)), name

    # The times of a call are in order and agree with its ledger.
    ok = seen.calls.cause < 0
    times, parts = seen.calls.times_s[ok], seen.calls.parts_s[ok]
    assert np.isnan(seen.calls.times_s[~ok]).all()
    assert np.all(np.diff(times, axis=1) >= 0.0)
    for part, (first, last) in {"queue": ("queued", "taken"), "batch_wait": ("taken", "closed")}.items():
        took = times[:, TIMES.index(last)] - times[:, TIMES.index(first)]
        assert np.array_equal(took, parts[:, PARTS.index(part)])

    # Who waits for a worker is in its line, at every moment that was looked at.
    queued, taken = (times[:, TIMES.index(name)] for name in ("queued", "taken"))
    for edge_s, in_queue in zip(seen.counters.edges_s.tolist(), seen.counters.in_queue, strict=False):
        line = seen.calls.host[ok][(queued < edge_s) & (edge_s <= taken)]
        counted = np.bincount(line, minlength=len(seen.hosts))
        assert np.all(in_queue >= counted)
        assert np.array_equal(in_queue, counted) or (recorded.cause >= 0).any() or (recorded.attempts > 1).any()

    # Counters are the windows, which are of a second here.
    windows, counters, hosts = simulate(scenario, window_s=1.0).windows, seen.counters, len(seen.hosts)
    lengths = np.diff(counters.edges_s)
    second = (windows["start_s"] >= start_s) & (windows["start_s"] < end_s)
    vcpu = windows["CPUUtilization"][second].sum() / 100.0 * hosts
    np.testing.assert_allclose((counters.cpu * lengths[:, None]).sum(), vcpu, rtol=1e-7, atol=1e-9)
    memory = windows["MemoryUtilization"][second].sum() / 100.0 * hosts
    has = scenario.endpoint.host.memory_bytes
    np.testing.assert_allclose((counters.memory_bytes * lengths[:, None]).sum() / has, memory, rtol=1e-7)
    calls = windows["RequestsInSystem"][second].sum()
    np.testing.assert_allclose((counters.in_system * lengths).sum(), calls, rtol=1e-7, atol=1e-9)


def test_more_calls_than_a_trace_can_show_are_not_kept(monkeypatch):
    crowd = Scenario(
        name="crowd",
        endpoint=instant_endpoint(),
        server=instant_server(),
        models=(instant_model(service=Service(wait=Constant(0.01))),),
        traffic=(Traffic(arrivals=Poisson(rate_per_s=20.0)),),
        run=RunSettings(duration_s=10.0),
    )
    monkeypatch.setattr(watched, "MOST_SLICES", 50)
    seen = watch(crowd, 0, (0.0, crowd.run.duration_s))
    monkeypatch.undo()
    whole = watch(crowd, 0, (0.0, crowd.run.duration_s))
    assert seen.calls.call.size == 51 < whole.calls.call.size
    assert trace(crowd, seen, 50) == trace(crowd, whole, 50)


@settings(max_examples=8, deadline=None, phases=QUICK)
@given(scenarios(), st.sampled_from([1, 10, 100]))
def test_a_trace_that_is_cut_short_is_one_too(scenario, most):
    seen = watch(scenario, 0, (3.0, 8.0))
    whole, short = trace(scenario, seen), trace(scenario, seen, most)
    events = checked(short.text)
    assert short.slices <= most
    assert whole.is_whole
    assert short.is_whole == (short.until_s == whole.until_s) == (whole.slices <= most)
    if whole.slices <= most:
        assert short == whole
    shown = [event for kind in ("loads", "workers", "requests") for event in slices(events, kind)]
    assert all(event["ts"] <= short.until_s * 1e6 for event in shown)
