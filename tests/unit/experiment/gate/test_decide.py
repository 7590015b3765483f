"""What a line shows at a look, and what it still needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from mmesim.experiment.gate.decide import Evidence, Levels, decide, needed
from mmesim.experiment.gate.lines import Line, lines
from mmesim.experiment.gate.tolerance import watched
from mmesim.stats.looks import LOOKS
from mmesim.stats.spending import nominal_levels
from tests.unit.results.synthetic import Call, replications, scenario

ONE_LOOK = Levels(0.025, 0.025)


def line(text: str) -> Line:
    of = scenario([text])
    (found,) = lines(of, watched(of), replications(watched(of), [Call(0.1)] * 10))
    return found


def evidence(
    text: str, values: Sequence[float], *, beyond: Sequence[float] | None = None, dirty: int = 0, blocks: int = 1000
) -> Evidence:
    return Evidence(line(text), values, values if beyond is None else beyond, dirty, blocks - dirty, blocks)


def spread(middle: float, n: int = 20, deviation: float = 0.001) -> list[float]:
    """Values around a middle, without skewness."""
    return [middle + deviation * (-1.0) ** i for i in range(n)]


def test_a_share_inside_its_limit_passes_and_one_beyond_the_tolerance_fails():
    assert decide(evidence("p99 < 500 ms", spread(0.005)), ONE_LOOK).verdict == "pass"
    assert decide(evidence("p99 < 500 ms", spread(0.02)), ONE_LOOK).verdict == "fail"
    assert decide(evidence("p99 < 500 ms", spread(0.01)), ONE_LOOK).verdict == "undecided"


def test_a_percentile_fails_only_when_too_many_calls_are_over_the_moved_limit():
    # 2 % are over 500 ms, but 0.9 % over 505 ms
    found = decide(evidence("p99 < 500 ms", spread(0.02), beyond=spread(0.009)), ONE_LOOK)
    assert found.verdict == "undecided"


def test_a_figure_that_has_to_stay_above_is_the_mirror_image():
    assert decide(evidence("cache_hit_ratio >= 95 %", spread(0.97)), ONE_LOOK).verdict == "pass"
    assert decide(evidence("cache_hit_ratio >= 95 %", spread(0.93)), ONE_LOOK).verdict == "fail"
    between = evidence("cache_hit_ratio >= 95 %", spread(0.9497, deviation=1e-5))
    assert decide(between, ONE_LOOK).verdict == "undecided"
    assert needed(between, ONE_LOOK) == (
        None,
        "it lies between the limit and its tolerance, where no number of replications decides",
    )


def test_fewer_than_ten_replications_decide_nothing():
    assert decide(evidence("mean < 100 ms", spread(0.01, n=9)), ONE_LOOK).verdict == "undecided"


def test_clean_blocks_decide_what_is_never_seen():
    found = decide(evidence("error_rate < 1 %", [0.0] * 20, blocks=368), ONE_LOOK)
    assert (found.verdict, found.by) == ("pass", "clean blocks")
    assert found.reason == "368 of 368 independent blocks are clean"
    few = evidence("error_rate < 1 %", [0.0] * 20, blocks=300)
    assert (decide(few, ONE_LOOK).verdict, decide(few, ONE_LOOK).by) == ("undecided", "clean blocks")
    # 15 blocks a replication: 68 more blocks are 5 replications
    assert needed(few, ONE_LOOK) == (
        5,
        "none was seen, but 300 independent blocks are too few to bound it (368 would do)",
    )


def test_only_hits_are_clean_blocks_too():
    assert decide(evidence("cache_hit_ratio >= 99 %", [1.0] * 20, blocks=368), ONE_LOOK).verdict == "pass"
    assert decide(evidence("cache_hit_ratio >= 99 %", [1.0] * 20, blocks=367), ONE_LOOK).verdict == "undecided"


def test_nothing_but_failures_fails():
    all_bad = evidence("error_rate < 5 %", [1.0] * 10, dirty=10)
    found = decide(Evidence(all_bad.line, all_bad.values, all_bad.beyond, 5000, 0, 10), ONE_LOOK)
    assert (found.verdict, found.by) == ("fail", "clean blocks")


def test_one_bad_replication_among_many_is_bounded_by_blocks():
    # its skewness forbids a verdict by the mean; 3 of 5,000 blocks are dirty at most
    values = [0.0] * 39 + [0.002]
    found = decide(evidence("error_rate < 1 %", values, dirty=3, blocks=5000), ONE_LOOK)
    assert (found.verdict, found.by) == ("pass", "clean blocks")
    assert found.reason == "4,997 of 5,000 independent blocks are clean"
    many = evidence("error_rate < 1 %", values, dirty=60, blocks=5000)
    assert decide(many, ONE_LOOK).verdict == "undecided"
    more, why = needed(many, ONE_LOOK)
    assert more is not None
    assert why.startswith("a few of 40 replications hold nearly all of it")


def test_nearly_the_same_share_in_every_replication_of_a_replayed_log_is_decided():
    # What is slow in a log that is replayed hardly differs between replications, so its shares are skewed; and in one
    # log the slow calls are all over it, so blocks bound them by far too much.
    values = [count / 29_000 for count in [235] * 74 + [236] * 5 + [237]]
    each = line("p99 < 1 s")
    of = Evidence(each, values, values, 18_800, 665_360, 665_360)
    found = decide(of, Levels(0.001, 0.001))
    assert (found.verdict, found.by) == ("pass", "sequential test")
    assert found.reason == "nearly the same in every replication"
    early = Evidence(each, values[-20:], values[-20:], 4_700, 166_340, 166_340)
    assert decide(early, ONE_LOOK).verdict == "undecided"
    assert needed(early, ONE_LOOK) == (
        16,
        "nearly the same in 20 replications, a tenth of which may be others as far as they tell",
    )
    twice = [2.0 * one for one in values]
    assert decide(Evidence(each, twice, twice, 37_600, 665_360, 665_360), Levels(0.001, 0.001)).verdict == "fail"


def test_a_limit_at_the_end_of_the_range_is_decided_by_the_worst_replication():
    assert decide(evidence("error_rate <= 0 %", [0.0] * 10), ONE_LOOK).by == "worst replication"
    assert decide(evidence("error_rate <= 0 %", [0.0] * 10), ONE_LOOK).verdict == "pass"
    assert decide(evidence("error_rate <= 0 %", [0.0] * 9 + [1e-6]), ONE_LOOK).verdict == "fail"
    assert decide(evidence("cache_hit_ratio >= 100 %", [1.0] * 9 + [0.999]), ONE_LOOK).verdict == "fail"


def test_a_peak_is_that_of_the_worst_replication():
    assert decide(evidence("pids.peak < 300", [100.0] * 9 + [299.0]), ONE_LOOK).verdict == "pass"
    assert decide(evidence("pids.peak < 300", [100.0] * 9 + [304.0]), ONE_LOOK).verdict == "fail"
    between = evidence("pids.peak < 300", [100.0] * 9 + [301.0])
    assert decide(between, ONE_LOOK).verdict == "undecided"
    assert needed(between, ONE_LOOK)[0] is None


def test_cost_is_compared_as_it_is():
    assert decide(evidence("cost.month < 300 USD", [262.8] * 10), ONE_LOOK).by == "as it is"
    assert decide(evidence("cost.month < 300 USD", [262.8] * 10), ONE_LOOK).verdict == "pass"
    assert decide(evidence("cost.month < 262.8 USD", [262.8] * 10), ONE_LOOK).verdict == "fail"


def test_what_is_the_same_in_every_replication_is_said_to_be():
    found = decide(evidence("loaded_models < 60", [50.0] * 40), ONE_LOOK)
    assert (found.verdict, found.reason) == ("pass", "the same in every replication")


def test_ten_that_are_the_same_may_be_so_by_chance():
    # of which a tenth are others: all ten alike with 35 %
    ten = evidence("loaded_models < 60", [50.0] * 10)
    assert decide(ten, ONE_LOOK).verdict == "undecided"
    more, why = needed(ten, ONE_LOOK)
    assert why == "the same in 10 replications, a tenth of which may be others as far as they tell"
    assert more is not None
    assert decide(evidence("loaded_models < 60", [50.0] * (10 + more)), ONE_LOOK).verdict == "pass"
    assert decide(evidence("loaded_models < 60", [50.0] * (9 + more)), ONE_LOOK).verdict == "undecided"


def test_what_never_happened_is_bounded_by_the_time_in_which_it_did_not():
    # Of events that come at 1 /h by chance none is seen in ln(40) = 3.7 h with 2.5 %
    hours = 3600.0 * math.log(40.0)
    enough = replace(evidence("requests.errors.queue_full < 1 /h", [0.0] * 10), seconds=1.001 * hours)
    found = decide(enough, ONE_LOOK)
    assert (found.verdict, found.by, found.reason) == ("pass", "clean blocks", "none in 3.69 h of simulated time")
    short = replace(enough, seconds=0.8 * hours)
    assert decide(short, ONE_LOOK).verdict == "undecided"
    # 0.295 h a replication: 3.689 h are 12.5 of them
    assert needed(short, ONE_LOOK) == (
        3,
        "none was seen, but 2.95 h of simulated time are too short to bound its rate (3.69 h would do)",
    )


def test_a_mean_without_a_successful_call_is_beyond_every_limit():
    found = decide(evidence("mean < 100 ms", [0.01] * 9 + [math.inf]), ONE_LOOK)
    assert found.verdict == "fail"
    assert found.reason == "in 1 of 10 replications no call succeeded: beyond every limit"


def test_a_fault_without_a_recovery_is_beyond_every_limit_and_one_that_never_happens_says_nothing():
    of = scenario(
        ["recovery after slow < 2 min", "p99 < 1 s"], faults=[{"name": "slow", "slow_s3": {"factor": 2}, "at": 1.0}]
    )
    asked, _ = lines(of, watched(of), replications(watched(of), [Call(0.1)] * 10))
    values = [60.0] * 9 + [math.inf]
    found = decide(Evidence(asked, values, values, 0, 1000, 1000), ONE_LOOK)
    assert (found.verdict, found.by) == ("fail", "as it is")
    assert found.reason == "in 1 of 10 replications it was not recovered from: beyond every limit"
    found = decide(Evidence(asked, [], [], 0, 1000, 1000), ONE_LOOK)
    assert found.verdict == "undecided"
    assert found.reason == "no value: slow did not happen within the measured time, or was over before it"


def test_a_line_without_a_value_stays_open_and_needs_no_number():
    found = decide(evidence("cost.month < 300 USD", [math.nan] * 10), ONE_LOOK)
    assert found.verdict == "undecided"
    assert found.reason == "no value: no time was measured"
    assert needed(evidence("cost.month < 300 USD", [math.nan] * 10), ONE_LOOK)[0] is None


def test_the_number_that_is_needed_would_do():
    rng = np.random.default_rng(2)
    values = (0.0095 + 0.002 * rng.standard_normal(80)).tolist()
    more, why = needed(evidence("p99 < 500 ms", values), ONE_LOOK)
    assert more is not None
    assert why == "it is inside the limit, but too near for 80 replications"
    # the same sample, so many times over that there are as many as it says
    times = math.ceil((80 + more) / 80)
    assert decide(evidence("p99 < 500 ms", values * times), ONE_LOOK).verdict == "pass"
    assert decide(evidence("p99 < 500 ms", values * max(1, (80 + more) // 160)), ONE_LOOK).verdict == "undecided"


def gated(values: Sequence[float], dirty: Sequence[int], of: Line, each: int) -> str:
    """What looks after looks find, with so many blocks in a replication."""
    levels = zip(*(nominal_levels(LOOKS, 0.025) for _ in range(2)), strict=True)
    for look, (inside, beyond) in zip(LOOKS, levels, strict=True):
        bad = sum(dirty[:look])
        so_far = Evidence(of, values[:look], values[:look], bad, 10**9, each * look)
        found = decide(so_far, Levels(inside, beyond)).verdict
        if found != "undecided":
            return found
    return "undecided"


@pytest.mark.slow
@pytest.mark.parametrize("clustered", [1, 20])
def test_blocks_and_the_mean_together_are_wrong_as_seldom_as_designed(clustered):
    # Bad calls come in clusters of this size in blocks of 100 calls, 30 blocks a replication; their share is the limit.
    rng, gates, limit, each, calls = np.random.default_rng(4), 1_000, 0.001, 30, 100
    of = line("error_rate < 0.1 %")
    found = []
    for _ in range(gates):
        bad = clustered * rng.binomial(each, limit * calls / clustered, LOOKS[-1])
        found.append(gated((bad / (each * calls)).tolist(), bad.tolist(), of, each))
    most = 0.025 + 4 * math.sqrt(0.025 / gates)
    assert found.count("pass") / gates <= most
    assert found.count("fail") / gates <= most
