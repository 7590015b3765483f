"""Laws of what is counted of some of the calls: classes, groups and windows add up to all calls."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmesim.engine.simulation import simulate
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from mmesim.scenario.run.expect import read_expectation
from tests.laws.scenarios import scenarios, with_clients

laws = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

COLUMNS = ("calls", "ok", "over", "hits", "misses", "latency_sum_s")
LIMIT = "0.1 s"


def counted(scenario: Scenario, *selections: str) -> tuple[RunData, dict[str, np.ndarray]]:
    """The cells of each of some selections, [windows, columns], in one run; all of `over` for one limit."""
    kept = [e for e in scenario.expect if e.calls.is_all]
    asked = [read_expectation(f"p99 {calls} < {LIMIT}") for calls in selections]
    changed = scenario.model_copy(update={"expect": (*kept, *asked)})
    run = simulate(changed, records=-1)
    cells = np.stack([getattr(run.cells, column) for column in COLUMNS], axis=1)
    found, first = {}, 0
    for name, e in zip(selections, asked, strict=True):
        assert e.counted is not None
        windows = changed.windows_of(e.counted)
        place = changed.counted.index(e.counted)
        first = sum(changed.windows_of(one).number for one in changed.counted[:place])
        found[name] = cells[first : first + windows.number]
    return run, found


def same(a: np.ndarray, b: np.ndarray) -> None:
    """Counts are equal, sums of latencies but for rounding."""
    assert a[..., :5].tolist() == b[..., :5].tolist()
    np.testing.assert_allclose(a[..., 5], b[..., 5], rtol=1e-9, atol=1e-9)


@given(st.one_of(scenarios(), with_clients()), st.sampled_from(["1 s", "7 s", "13 s", "1 h"]))
@laws
def test_classes_groups_and_windows_add_up_to_all_calls(scenario, length):
    groups = [group.name for group in scenario.models]
    every = f"in every {length}"
    run, cells = counted(
        scenario, every, "warm", "cold", *(f"of {g} {every}" for g in groups), *(f"of {g}" for g in groups)
    )
    whole = cells[every].sum(axis=0)
    attempts = run.hits + run.misses
    limit = run.limits_s.tolist().index(0.1)
    assert whole[:5].tolist() == [run.calls, run.ok, run.tenants.over[:, limit].sum(), *whole[3:5]]
    assert whole[3] + whole[4] == attempts
    assert (whole[3], whole[4]) == (run.hits, run.misses)
    np.testing.assert_allclose(whole[5], run.latency_sum_s, rtol=1e-9)
    # A failed call that never reached a host is warm and cold: it has neither hits, misses, nor an answer.
    warm, cold = cells["warm"].sum(axis=0), cells["cold"].sum(axis=0)
    both = np.zeros_like(whole)
    both[0] = run.unreached
    same(warm + cold, whole + both)
    assert warm[4] == 0
    same(np.sum([cells[f"of {g} {every}"] for g in groups], axis=0), cells[every])
    for group in groups:
        same(cells[f"of {group}"].sum(axis=0), cells[f"of {group} {every}"].sum(axis=0))


@given(st.one_of(scenarios(), with_clients()))
@laws
def test_classes_of_a_run_are_those_that_are_counted(scenario):
    run, cells = counted(scenario, "warm", "cold")
    for state in ("warm", "cold"):
        of, (row,) = run.of(state), cells[state]
        assert (of.calls, of.ok) == (row[0], row[1])
        assert of.latency_max_s <= run.latency_max_s
        np.testing.assert_allclose(of.latency_sum_s, row[5], rtol=1e-9, atol=1e-12)
    assert run.warm.calls + run.cold.calls == run.calls + run.unreached
    assert np.array_equal(run.warm.count + run.cold.count, run.count)
    assert max(run.warm.latency_max_s, run.cold.latency_max_s) == run.latency_max_s
    assert np.all(run.load_episodes <= run.cold.count)


@given(scenarios(), st.integers(0, 3), st.integers(1, 30))
@laws
def test_each_count_is_that_of_its_calls(scenario, first, length):
    """Against the records of a run without retries, where an attempt is a call."""
    model = scenario.model_table()[-1].name
    start = scenario.run.cut_s + first
    span = f"in {start!r} s..{start + length!r} s"
    names = [f"{state}{group} {span}" for state in ("", "warm ", "cold ") for group in ("", f"of {model}")]
    run, cells = counted(scenario, *names)
    calls = run.records
    assert calls is not None
    inside = (calls.arrival_s >= start) & (calls.arrival_s < min(start + length, run.duration_s))
    reached = calls.host >= 0
    states = {"": inside, "warm ": inside & (calls.hit | ~reached), "cold ": inside & ~calls.hit}
    for name in names:
        state = name[:5] if name[:5] in states else ""
        mine = states[state]
        if " of " in f" {name}":
            mine = mine & (calls.model == scenario.model_table()[-1].index)
        good = mine & (calls.cause == -1)
        slow = good & (calls.latency_s > 0.1)
        expected = [mine.sum(), good.sum(), slow.sum(), (mine & calls.hit).sum(), (mine & reached & ~calls.hit).sum()]
        assert cells[name].sum(axis=0)[:5].tolist() == expected


@given(scenarios())
@laws
def test_counting_changes_nothing_else(scenario):
    plain = simulate(scenario, records=-1)
    run, _ = counted(scenario, "warm", "in every 3 s", "cold in every 2 s")
    assert plain.records is not None
    assert run.records is not None
    assert np.array_equal(plain.records.latency_s, run.records.latency_s)
    assert np.array_equal(plain.count, run.count)
    assert np.array_equal(plain.parts_s, run.parts_s)
