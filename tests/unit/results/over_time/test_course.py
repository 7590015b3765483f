"""What followed an event, computed by hand: detection, recovery, and the calls that it hurt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.measured.run_data import CAUSES, CellData, RunData
from mmesim.results.over_time.course import courses, recovery_s
from mmesim.results.result import Result
from mmesim.scenario import Scenario
from tests.unit.results.synthetic import Call, run_data, scenario

CALLS = 200
"""A minute: 9 of them over the limit of a p99 come by chance in less than one of a thousand minutes, 8 do not."""
LOSS, CRASH = "loss", "crash"


def of(*expect: str, minutes: float = 10.0, warmup_s: float = 0.0) -> Scenario:
    faults = [
        {"name": LOSS, "instance_loss": {"instance": 0}, "at": 150.0},
        {"name": CRASH, "worker_crash": {"models": ["m"]}, "rate": 0.1},
    ]
    return scenario(expect, faults=faults, run={"duration": 60.0 * minutes, "warmup": warmup_s})


def run(
    of: Scenario,
    slow: Sequence[int],
    lost: Sequence[int] | None = None,
    happened: Sequence[Happened] = (Happened(150.0, Kind.fault, LOSS),),
    each: int = CALLS,
) -> RunData:
    """Calls in each minute, of which so many are slow and so many lost, in all selections of calls alike; a selection
    that is not counted minute by minute has only the first.
    """
    over, failed = np.array(slow), np.zeros(len(slow), dtype=np.int64) if lost is None else np.array(lost)
    calls = np.full(len(slow), each)
    causes = np.zeros((len(slow), len(CAUSES)), dtype=np.int64)
    causes[:, CAUSES.index("host_lost")] = failed
    rows = np.concatenate([np.arange(len(slow))[: of.windows_of(one).number] for one in of.counted])
    calls_, ok, over, latency_s = (one[rows] for one in (calls, calls - failed, over, 0.1 * calls))
    cells = CellData(calls_, ok, over, calls_, 0 * calls_, latency_s, causes[rows])
    plain = run_data(of, [Call(0.1)], happened=tuple(happened))
    return replace(plain, cells=cells)


def test_a_fault_that_breaks_a_limit_is_detected_and_recovered_from_at_ends_of_minutes() -> None:
    case = of("p99 < 1 s")
    (found,) = courses(case, run(case, [0, 0, 20, 150, 9, 8, 0, 0, 0, 0]))
    # At 150 s, in the third minute, which is over at 180 s; the last minute that is broken for sure ends at 300 s.
    assert (found.detected_s, found.recovered_s, found.slow, found.failed.sum()) == (30.0, 150.0, 179, 0)


def test_a_fault_that_breaks_nothing_is_recovered_from_at_once() -> None:
    case = of("p99 < 1 s")
    (found,) = courses(case, run(case, [0, 0, 1, 8, 1, 0, 0, 0, 0, 0]))
    assert (math.isnan(found.detected_s), found.recovered_s, found.slow) == (True, 0.0, 0)


def test_a_fault_that_breaks_a_limit_to_the_end_is_not_recovered_from() -> None:
    case = of("p99 < 1 s")
    (found,) = courses(case, run(case, [0, 0, 20, 0, 0, 0, 0, 0, 0, 20]))
    assert (found.detected_s, found.recovered_s, found.slow) == (30.0, math.inf, 40)


def test_many_minutes_that_break_a_limit_only_together_are_not_recovered_from() -> None:
    case = of("p99 < 1 s")
    (found,) = courses(case, run(case, [0, 0, 20, *[6] * 7]))
    assert math.isinf(found.recovered_s)
    # From the seventh minute on there are 8 of 800 left, which is 1 %.
    (found,) = courses(case, run(case, [0, 0, 20, *[4] * 5, 0, 0]))
    assert found.recovered_s == 60.0 * 6 - 150.0


def test_calls_hurt_have_their_causes() -> None:
    case = of("error_rate < 1 %", "p99 < 1 s")
    (found,) = courses(case, run(case, [0, 0, 3, 4, 5, 0, 0, 0, 0, 0], [5, 0, 30, 20, 0, 0, 1, 0, 0, 0]))
    assert (found.recovered_s, found.slow) == (90.0, 7)
    assert found.failed.tolist() == [51 if cause == "host_lost" else 0 for cause in CAUSES]  # until replaced


def test_what_follows_an_event_ends_with_the_next_fault() -> None:
    case = of("p99 < 1 s")
    happened = [
        Happened(150.0, Kind.fault, LOSS),
        Happened(200.0, Kind.scale_out, "cpu"),
        Happened(300.0, Kind.fault, CRASH),
        Happened(420.0, Kind.scale_out, "cpu"),
        Happened(10_000.0, Kind.fault, CRASH),
    ]
    found = courses(case, run(case, [0, 0, 20, 20, 0, 20, 20, 20, 0, 0], happened=happened))
    assert [(one.name, one.detected_s, one.recovered_s) for one in found] == [
        (LOSS, 30.0, 90.0),
        ("cpu", 40.0, 40.0),
        (CRASH, 60.0, 180.0),
        ("cpu", 60.0, 60.0),
    ]


def test_an_event_before_the_recovery_does_not_make_it_unknown() -> None:
    """The second fault comes in the minute of the first, the third just when the limits are kept again."""
    case = of("p99 < 1 s")
    times = [150.0, 170.0, 240.0]
    happened = [Happened(at_s, Kind.fault, LOSS) for at_s in times]
    found = courses(case, run(case, [0, 0, 20, 20, *[0] * 6], happened=happened))
    assert [one.recovered_s for one in found] == [90.0, 70.0, 0.0]
    alone = courses(case, run(case, [0, 0, 20, 20, *[0] * 6]))
    assert (alone[0].detected_s, alone[0].recovered_s) == (found[0].detected_s, found[0].recovered_s) == (30.0, 90.0)


def test_what_was_over_in_the_warm_up_has_no_recovery_and_what_was_not_has() -> None:
    case = of("p99 < 1 s", warmup_s=300.0)
    (over,) = courses(case, run(case, [0] * 5))
    (still,) = courses(case, run(case, [20, 0, 0, 0, 0]))
    assert np.isnan(over.recovered_s)
    assert (still.detected_s, still.recovered_s) == (210.0, 210.0)


def test_what_was_not_recovered_from_was_seen() -> None:
    """8 % of the calls of a minute are no proof by themselves; those of all minutes together break the limit."""
    case = of("error_rate < 5 %")
    (one,) = courses(case, run(case, [0] * 10, [0, 0, *[CALLS * 8 // 100] * 8]))
    assert (one.detected_s, one.recovered_s) == (450.0, np.inf)


def test_a_share_over_its_limit_by_chance_to_the_end_is_no_proof() -> None:
    case = of("p99 < 1 s")
    (found,) = courses(case, run(case, [0, 0, *[3] * 8]))  # 24 of 1,600: 2.6 % by chance
    assert (math.isnan(found.detected_s), found.recovered_s) == (True, 0.0)
    (found,) = courses(case, run(case, [0, 0, 9, *[3] * 7]))  # after a minute broken for sure, not beyond doubt
    assert (found.detected_s, found.recovered_s) == (30.0, 30.0)


def test_few_calls_show_a_recovery_where_they_are_better_for_sure_than_those_before_them() -> None:
    case = of("p99 < 1 s")
    (found,) = courses(
        case, run(case, [0, 0, *[20] * 6, 3, 3])
    )  # 6 of 400 after 40 of 400: one in 10 million by chance
    assert (found.detected_s, found.recovered_s) == (30.0, 330.0)
    (found,) = courses(case, run(case, [0, 0, *[20] * 7, 5]))  # 5 of 200 after 20 of 200: one in 490
    assert math.isinf(found.recovered_s)


def test_a_stretch_that_breaks_the_limit_as_a_whole_is_no_recovery_from_a_worse_one() -> None:
    """3 % of 4,000 calls after 10 % of 1,000: no minute of them is broken for sure, and the last keeps the limit."""
    case = of("p99 < 1 s", minutes=27.0)
    (found,) = courses(case, run(case, [0, 0, *[20] * 5, *[6] * 19, 2]))
    assert math.isinf(found.recovered_s)
    # Of as many that began to keep it after a while, the recovery is when they did.
    (found,) = courses(case, run(case, [0, 0, *[20] * 5, *[6] * 6, *[2] * 14]))
    assert found.recovered_s == 60.0 * 13 - 150.0


@pytest.mark.parametrize(("first", "share", "never"), [(6, 0.0085, [0]), (20, 0.03, range(198, 201))])
def test_never_is_not_said_by_chance(first: int, share: float, never: Sequence[int]) -> None:
    """60 minutes of 60 calls after a mild disturbance and an outage; 1 % may be slow.

    A share of 3 % in 1,800 calls, half of them, is not put down to chance in 99.8 % of runs: 35 slow ones are not, and
    54 are slow on average.
    """
    case, rng = of("p99 < 1 s", minutes=62.0), np.random.default_rng(12)
    found = 0
    for _ in range(200):
        slow = rng.binomial(60, share, 62)
        slow[2] = first
        found += math.isinf(courses(case, run(case, [int(one) for one in slow], each=60))[0].recovered_s)
    assert found in never


def test_the_slowest_recovery_of_a_replication_counts() -> None:
    case = of("p99 < 1 s")
    happened = [Happened(60.0, Kind.fault, CRASH), Happened(300.0, Kind.fault, CRASH)]
    data = run(case, [0, 20, 20, 0, 0, 20, 0, 0, 0, 0], happened=happened)
    assert recovery_s(case, data, CRASH) == 120.0
    assert math.isnan(recovery_s(case, data, LOSS))


def test_a_limit_of_a_part_of_the_run_counts_in_its_whole_minutes() -> None:
    case = of("p99 in 200 s..420 s < 1 s")
    (found,) = courses(case, run(case, [0, 0, 20, 20, 20, 20, 20, 20, 20, 20]))
    assert (found.detected_s, found.recovered_s, found.slow) == (150.0, 270.0, 100)
    (found,) = courses(case, run(case, [0, 0, 20, 20, 0, 0, 0, 20, 20, 20]))
    assert (math.isnan(found.detected_s), found.recovered_s, found.slow) == (True, 0.0, 0)


def test_a_limit_after_an_event_counts_in_the_whole_minutes_after_it_and_for_no_other_event() -> None:
    case = of("error_rate < 20 %", "error_rate after loss < 1 %")
    happened = [Happened(150.0, Kind.fault, LOSS), Happened(390.0, Kind.fault, CRASH)]
    none, lost = [0] * 10, [0, 0, 20, 20, 20, 0, 0, 20, 20, 20]
    data = run(case, none, lost, happened)
    loss, crash = courses(case, data)
    # The loss is in the third minute, so the fourth is the first that lies wholly after it; it ends at 240 s.
    assert (loss.detected_s, loss.recovered_s) == (90.0, 150.0)
    # A tenth of the calls fails after the crash, which is less than the limit of all calls.
    assert (math.isnan(crash.detected_s), crash.recovered_s) == (True, 0.0)
    alone = of("error_rate after loss < 1 %")
    loss, crash = courses(alone, run(alone, none, lost, happened))
    assert (loss.detected_s, loss.recovered_s) == (90.0, 150.0)
    assert (math.isnan(crash.detected_s), math.isnan(crash.recovered_s)) == (True, True)
    assert recovery_s(case, data, LOSS) == 150.0


def test_a_limit_of_less_than_a_whole_minute_says_nothing() -> None:
    case = of("p99 in 0 s..80 s after loss < 1 s")
    (found,) = courses(case, run(case, [20] * 10))
    assert (math.isnan(found.detected_s), math.isnan(found.recovered_s)) == (True, True)


def test_without_a_limit_or_a_measured_minute_nobody_can_tell() -> None:
    for case in (of("cache_hit_ratio > 1 %"), of("p99 < 1 s", warmup_s=300.0)):
        late = [Happened(150.0, Kind.fault, LOSS), Happened(200.0, Kind.fault, CRASH)]
        found = courses(case, run(case, [0] * (10 if case.run.cut_s == 0.0 else 5), happened=late))
        assert math.isnan(found[0].recovered_s)
        assert math.isnan(found[0].detected_s)
        assert (found[0].slow, found[0].failed.sum()) == (0, 0)


FAULTS = {
    LOSS: {"instance_loss": {"instance": 0}, "at": 150.0},
    CRASH: {"worker_crash": {"models": ["m"]}, "rate": 0.1},
    "s3": {"slow_s3": {"factor": 2, "for": 120.0}, "at": 150.0},
    "bad": {"poison_model": {"models": ["m"]}, "at": 0.0},
}


def failing(happened: Sequence[Happened], **failed: list[int]) -> dict[str, dict[str, int]]:
    """Event -> failed calls that are put on it, by cause; no limit is broken."""
    case = scenario(["p99 < 1 s"], faults=[{"name": name} | FAULTS[name] for name in FAULTS], run={"duration": 600.0})
    data = run(case, [0] * 10, happened=happened)
    causes = np.zeros((10, len(CAUSES)), dtype=np.int64)
    for cause, each in failed.items():
        causes[:, CAUSES.index(cause)] = each
    data = replace(data, cells=replace(data.cells, causes=np.tile(causes, (len(case.counted), 1))))
    return {
        one.name: {cause: int(n) for cause, n in zip(CAUSES, one.failed, strict=True) if n}
        for one in courses(case, data)
    }


def test_no_event_has_failures_that_it_cannot_make() -> None:
    """Calls of a lost host are not those of slow S3, nor of the scale-out that follows; a poison model has its own."""
    happened = [
        Happened(0.0, Kind.fault, "bad"),
        Happened(150.0, Kind.fault, "s3"),
        Happened(200.0, Kind.fault, LOSS, {"hosts": 1.0}),
        Happened(200.0, Kind.scale_out, "cpu"),
        Happened(215.0, Kind.in_service, "", {"host": 1.0, "after_s": 15.0}),
        Happened(230.0, Kind.fault_over, LOSS),
        Happened(270.0, Kind.fault_over, "s3"),
        Happened(400.0, Kind.fault, CRASH),
    ]
    found = failing(
        happened,
        host_lost=[0, 0, 1, 9, 0, 0, 0, 0, 0, 0],
        load_timeout=[0, 0, 0, 0, 6, 0, 0, 0, 0, 4],
        model_error=[1] * 10,
        worker_died=[0, 0, 0, 0, 0, 0, 3, 0, 0, 0],
    )
    assert found == {
        "bad": {"model_error": 10},
        "s3": {"load_timeout": 6},
        LOSS: {"host_lost": 10},
        "cpu": {},
        CRASH: {"worker_died": 3},
    }


def test_slow_calls_are_those_of_the_event_that_took_effect_last() -> None:
    case = of("p99 < 1 s")
    happened = [
        Happened(150.0, Kind.fault, LOSS),
        Happened(200.0, Kind.scale_out, "cpu"),
        Happened(300.0, Kind.fault_over, LOSS),
        Happened(310.0, Kind.in_service, "", {"host": 1.0, "after_s": 110.0}),
    ]
    loss, out = courses(case, run(case, [0, 0, 20, 20, 20, 30, 0, 0, 0, 0], happened=happened))
    assert (loss.slow, out.slow, loss.recovered_s, out.recovered_s) == (60, 30, 210.0, 160.0)


def test_a_deploy_acts_from_its_first_shift_and_not_at_all_without_one() -> None:
    case = of("p99 < 1 s")
    deploy, shift = Happened(200.0, Kind.deploy, "up"), Happened(370.0, Kind.shifted, "up")
    slow = [0, 0, 20, 20, 0, 0, 20, 0, 0, 0]
    loss, up = courses(case, run(case, slow, happened=[Happened(150.0, Kind.fault, LOSS), deploy, shift]))
    assert (loss.recovered_s, up.detected_s, up.recovered_s, up.slow, up.cut_off) == (90.0, 220.0, 220.0, 20, False)
    (up,) = courses(case, run(case, slow, happened=[deploy, replace(shift, at_s=700.0)]))
    assert (up.slow, up.failed.sum(), up.cut_off, math.isnan(up.recovered_s)) == (0, 0, True, True)


def test_a_run_that_ends_before_lost_instances_are_replaced_is_too_short() -> None:
    case = of("p99 < 1 s")
    lost, back = Happened(150.0, Kind.fault, LOSS), Happened(400.0, Kind.fault_over, LOSS)
    assert [courses(case, run(case, [0] * 10, happened=one))[0].cut_off for one in ([lost], [lost, back])] == [
        True,
        False,
    ]


@given(
    slow=st.lists(st.integers(0, 30), min_size=10, max_size=10),
    lost=st.lists(st.integers(0, 30), min_size=10, max_size=10),
    at_s=st.floats(0.0, 599.0),
)
def test_a_recovery_comes_after_its_event_and_calls_hurt_are_those_of_the_time(
    slow: list[int], lost: list[int], at_s: float
) -> None:
    case = of("p99 < 1 s", "error_rate < 1 %")
    data = run(case, slow, lost, [Happened(at_s, Kind.fault, LOSS)])
    (found,) = courses(case, data)
    assert found.recovered_s >= 0.0
    if not math.isnan(found.detected_s):
        assert 0.0 < found.detected_s <= found.recovered_s
        assert found.detected_s <= 600.0 - at_s
    first = int(at_s // 60.0)
    last = first if found.recovered_s == 0.0 else round(min(at_s + found.recovered_s, 600.0) / 60.0)
    assert found.slow == sum(slow[first:last])
    # Lost calls begin from the minute before the loss on until the instance is replaced, here never.
    assert found.failed.sum() == sum(lost[max(0, first - 1) :])


@pytest.mark.parametrize(
    ("minutes", "verdict", "value"),
    [
        ([[0, 0, 20, 20, 0, 0, 0, 0, 0, 0]] * 2, "pass", 90_000.0),
        ([[0, 0, 20, 20, 0, 0, 0, 0, 0, 0], [0, 0, 20, 20, 20, 0, 0, 0, 0, 0]], "undecided", 120_000.0),
        ([[0, 0, 20, 20, 20, 20, 0, 0, 0, 0]] * 2, "fail", 210_000.0),
        ([[0, 0, 20, 0, 0, 0, 0, 0, 0, 0], [0, 0, *[20] * 8]], "fail", None),
    ],
)
def test_a_recovery_is_judged_as_a_time_of_each_replication(
    minutes: list[list[int]], verdict: str, value: float | None
) -> None:
    case = of("p99 < 1 s", f"recovery after {LOSS} < 3 min", f"recovery after {CRASH} < 3 min")
    runs = tuple(replace(run(case, slow), replication=i) for i, slow in enumerate(minutes))
    entry, other = Result(case, runs).summary["expect"][1:]
    assert (entry["verdict"], entry["value"], entry["limit"]) == (verdict, value, 180_000.0)
    assert entry["decided_on"]["metric"] == f"recovery after {LOSS}"
    if value is None:
        assert entry["reason"] == entry["decided_on"]["by"] == "not recovered in 1 of 2 replications"
    assert (other["verdict"], other["reason"]) == (
        "undecided",
        "crash did not happen within the measured time, or was over before it",
    )
