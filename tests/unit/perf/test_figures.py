from __future__ import annotations

from typing import Any

import pytest

from mmesim.errors import UserError
from tests.perf.figures import Goal, Sample, at_least, at_most, growth, ratio, read


def entry(case: str, number: int, wall_s: float, units: int = 100, **facts: float) -> dict[str, Any]:
    return {
        "name": f"test_rate[{number}-{case}]",
        "stats": {"data": [wall_s]},
        "extra_info": {"case": case, "round": number, "units": units, "cpu_s": wall_s / 2, "facts": facts},
    }


def document(*entries: dict[str, Any]) -> dict[str, Any]:
    return {
        "machine_info": {
            "cpu": {"brand_raw": "Abacus 2000", "count": 4},
            "system": "Linux",
            "machine": "x86_64",
            "python_version": "3.11.7",
            "libraries": {"numpy": "2.4.6"},
        },
        "datetime": "2026-11-22T13:26:23+00:00",
        "benchmarks": list(entries),
    }


def sample(number: int, cpu_s: float, units: int = 100, **facts: float) -> Sample:
    return Sample(number, 2 * cpu_s, cpu_s, units, facts)


def test_rates_divide_by_the_time_on_the_clock_and_by_cpu_time():
    one = sample(0, cpu_s=0.5)
    assert one.wall_rate == 100.0
    assert one.cpu_rate == 200.0


def test_samples_are_grouped_by_case_in_order_of_the_rounds():
    bench = read(document(entry("a", 1, 4.0), entry("b", 0, 1.0), entry("a", 0, 2.0)))
    assert [s.wall_s for s in bench.of("a")] == [2.0, 4.0]
    assert [s.wall_s for s in bench.of("b")] == [1.0]
    assert bench.rounds() == 2


def test_the_machine_and_the_day_are_read():
    bench = read(document(entry("a", 0, 1.0)))
    assert (bench.cpu, bench.cores, bench.system, bench.date) == ("Abacus 2000", 4, "Linux x86_64", "2026-11-22")
    assert bench.versions == {"Python": "3.11.7", "numpy": "2.4.6"}


def test_a_figure_of_a_case_is_the_median_over_its_rounds():
    bench = read(document(*(entry("a", k, wall, depth=wall) for k, wall in enumerate((1.0, 2.0, 10.0)))))
    assert bench.middle("a", lambda s: s.wall_rate) == 50.0
    assert bench.fact("a", "depth") == 2.0


def test_the_share_of_a_core_is_all_cpu_time_over_all_time():
    bench = read(document(entry("a", 0, 1.0), entry("b", 0, 3.0)))
    assert bench.core_share() == 0.5


def test_a_case_that_was_not_run_is_named():
    with pytest.raises(UserError, match="'b'"):
        read(document(entry("a", 0, 1.0))).of("b")


def test_a_benchmark_that_failed_is_named():
    failed = {"name": "test_rate[0-a]", "stats": {"data": [1.0]}, "extra_info": {}}
    with pytest.raises(UserError, match=r"test_rate\[0-a\] has failed"):
        read(document(failed))


def test_a_ratio_is_taken_within_each_round():
    # Round 2 is ten times slower for both: it does not show.
    fast, slow = [sample(0, 1.0), sample(1, 1.0), sample(2, 10.0)], [sample(0, 4.0), sample(1, 5.0), sample(2, 60.0)]
    found = ratio(fast, slow, lambda s: s.cpu_rate)
    assert (found.middle, found.low, found.high) == pytest.approx((5.0, 4.0, 6.0))


@pytest.mark.parametrize(
    ("value", "verdict"), [(2e6, "met"), (3e6, "met"), (1.5e6, "**missed by 25.0%**"), (1.99e6, "**missed by 0.5%**")]
)
def test_a_rate_below_its_goal_misses_it_by_so_much(value: float, verdict: str):
    assert at_least(value, 2e6) == verdict


@pytest.mark.parametrize(("value", "verdict"), [(0.3, "met"), (0.1, "met"), (0.45, "**missed by 50.0%**")])
def test_a_time_above_its_goal_misses_it_by_so_much(value: float, verdict: str):
    assert at_most(value, 0.3) == verdict


def test_a_goal_may_have_an_aim_beyond_it():
    assert Goal(1.5, aim=2.0).verdict(1.6) == "1.5: met; aim 2: **missed by 20.0%**"
    assert Goal(100.0, aim=60.0, low=True).verdict(90.0) == "100: met; aim 60: **missed by 50.0%**"


def test_a_process_that_has_timed_itself_is_believed():
    run = entry("a", 0, 4.0)
    run["extra_info"]["facts"]["wall_s"] = 1.0
    (found,) = read(document(run)).of("a")
    assert found.wall_s == 1.0


def test_growth_is_from_the_smallest_to_the_largest_run():
    samples = [sample(0, 1.0, 400, peak=1500.0), sample(1, 1.0, 100, peak=1000.0), sample(2, 1.0, 1100, peak=3000.0)]
    assert growth(samples, "peak") == 2.0


def test_growth_of_one_size_is_refused():
    with pytest.raises(UserError, match="different sizes"):
        growth([sample(0, 1.0, peak=1.0), sample(1, 1.0, peak=2.0)], "peak")
