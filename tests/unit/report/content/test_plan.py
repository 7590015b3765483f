"""What a plan says: the statement word by word, the fleet that runs now, the table, why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mmesim.report.content.planned.report import plan_report, statement_report
from mmesim.report.content.planned.statement import current, scaled, statement
from mmesim.report.content.planned.words import found, nearest, roughly
from mmesim.report.text import text
from mmesim.results.answers.planned import Estimated, FleetLine, Pair, Planned, Scaled, Setting, Used
from tests.helpers.planned import (
    COST,
    FLEETS,
    NOTHING,
    broken_off,
    fleet,
    left_open,
    line,
    nothing_fits,
    on_an_edge,
    planned,
    why,
    with_workers,
)


def said(of: Planned) -> str:
    """The report as one line."""
    return " ".join(text(plan_report(of)).split())


def test_what_the_simulation_leaves_out_is_said_above_the_answer_and_beside_it_alone():
    note = "ml.g4dn.xlarge has an accelerator (1 x GPU), which no model uses"
    assert note in said(planned(notes=[note]))
    assert note in " ".join(text(statement_report(planned(notes=[note]))).split())


def test_the_statement_has_all_that_the_answer_depends_on():
    assert statement(planned()) == (
        "With 95 % over simulation noise, given this scenario and these assumptions: 3 x ml.m5.2xlarge, "
        "$1,009 a month, 0.4 % (0.3 to 0.5) of calls over 500 ms; no other cheaper fleet of the grid is inside; "
        "too near to tell: "
        "4 x ml.m5.xlarge ($673 a month); next cheaper, 2 x ml.m5.2xlarge, has 2.1 % +- 0.3 of calls over 500 ms; "
        "holds in 7 of 8 settings of what AWS does not publish, flips if load_slots = 1; "
        "everything in memory would need 5 x ml.r5.xlarge, $96 more."
    )


def test_without_ties_it_says_so():
    settled = [one if one.state != "open" else one.model_copy(update={"state": "turned down"}) for one in FLEETS]
    of = planned(ties=[], fleets=settled)
    assert "; no cheaper fleet of the grid is inside; too near to tell: none;" in statement(of)


def test_a_cheaper_fleet_that_is_open_is_not_said_to_be_outside_and_the_answer_not_to_be_near_its_limit():
    answer = statement(planned(ties=[], verdict="undecided"))
    assert answer.startswith("Open, given")
    assert "no other cheaper fleet of the grid is inside; not decided: 4 x ml.m5.xlarge ($673 a month); " in answer
    assert "that is too near" not in answer


RECOVERY: dict[str, Any] = {
    "text": "recovery after zone_loss < 5 min",
    "when": "the loss of the largest zone",
    "figure": "recovery after zone_loss",
    "unit": "ms",
    "limit": 300_000.0,
}


def recovering(value: float | None, interval: tuple[float, float] | None, verdict: str = "pass") -> Planned:
    """A plan whose answer must recover, too; the next cheaper fleet is turned down by that alone."""
    its = line(**RECOVERY | {"value": value, "interval": interval, "verdict": verdict})
    late = line(**RECOVERY | {"value": 534_000.0, "interval": (480_000.0, 588_000.0), "verdict": "fail"})
    fleets = [*FLEETS[:4], fleet("ml.m5.2xlarge", 2, line(0.004), late, binds=None), *FLEETS[5:]]
    estimates = [
        Estimated(fleet=6, lines=[line(0.004, interval=(0.003, 0.005)), its]),
        Estimated(fleet=4, lines=[line()]),
    ]
    return planned(fleets=fleets, estimates=estimates, paired=[])


def test_how_soon_a_loss_is_over_has_a_part_of_its_own():
    words = statement(recovering(190_000.0, (120_000.0, 260_000.0)))
    assert (
        "0.4 % (0.3 to 0.5) of calls over 500 ms; after the loss of the largest zone inside again in 3 min (2 to 4);"
        in words
    )
    assert "needs 8.9 min +- 0.9 to be inside again after the loss of the largest zone; holds in" in words
    assert "after the loss of the largest zone inside again in 1.5 min;" in statement(recovering(90_000.0, None))
    assert "; the loss of the largest zone breaks no limit;" in statement(recovering(0.0, (0.0, 0.0)))


def test_a_recovery_stands_in_the_tables_in_minutes():
    words = said(recovering(190_000.0, (120_000.0, 260_000.0)))
    assert "8.90 min [8.0, 9.8] to be inside again after the loss of the largest zone, limit 5 min" in words
    assert "recovery after zone_loss < 5 min 3.17 min [2.0, 4.3]" in words


def test_a_setting_that_is_undecided_is_named_beside_those_that_flip():
    settings = [Setting(name="as", verdict="pass"), Setting(name="router = hash", verdict="undecided")]
    assert "holds in 1 of 2 settings of what AWS does not publish, undecided if router = hash" in statement(
        planned(settings=settings)
    )


def test_the_cheapest_fleet_of_a_grid_is_called_so():
    only = planned(
        fleets=FLEETS[6:],
        answer=0,
        next_cheaper=None,
        current=1,
        all_in_memory=2,
        ties=[],
        why_not=[],
        estimates=[Estimated(fleet=0, lines=[line()])],
    )
    assert "it is the cheapest fleet of the grid; holds in" in statement(only)


def test_an_answer_that_holds_everything_needs_no_larger_fleet():
    fleets = [*FLEETS[:6], FLEETS[6].model_copy(update={"everything_in_memory": True}), *FLEETS[7:]]
    assert statement(planned(fleets=fleets, all_in_memory=6)).endswith("all models fit into its memory at once.")
    none = [one.model_copy(update={"everything_in_memory": False}) for one in FLEETS]
    assert "no fleet of the grid holds all models" in statement(planned(fleets=none, all_in_memory=None))
    # A plan that was stopped has not looked for the cheapest of those that do.
    assert "holds all models" not in statement(planned(finished=False, all_in_memory=None))


def test_what_a_fleet_must_withstand_besides_is_said():
    lines = [line(), line(0.0085, when="one instance fewer")]
    answer = statement(planned(estimates=[Estimated(fleet=6, lines=lines)]))
    assert "of calls over 500 ms with one instance fewer" in answer
    assert "it has to hold with one instance fewer, too" in answer


def test_a_fleet_that_is_inside_as_written_and_turned_down_by_arithmetic_is_not_shown_by_what_passes():
    reason = "with one instance fewer: memory: at least 8 % are slower than the limit"
    down = FLEETS[4].model_copy(update={"lines": [], "reason": reason})
    estimates = [*planned().estimates[:1], Estimated(fleet=4, lines=[line(0.0012)])]
    plan = planned(fleets=[*FLEETS[:4], down, *FLEETS[5:]], estimates=estimates, why_not=[])
    assert f"next cheaper, 2 x ml.m5.2xlarge, was turned down: {reason};" in statement(plan)
    assert f"next cheaper; {reason}; limited by memory" in said(plan)


def test_nothing_that_fits_names_the_nearest_miss_and_what_none_meets():
    assert statement(nothing_fits()) == (
        "With 95 % over simulation noise, given this scenario and these assumptions: none of the 5 fleets of the grid "
        "is inside; the nearest miss, 4 x ml.r5.xlarge, $884 a month, has 1.3 % +- 0.3 of calls over 500 ms; no fleet "
        "that was simulated meets p99 < 500 ms."
    )


def test_a_fleet_that_is_open_is_no_miss():
    plan = left_open()
    row = next(row for row, one in enumerate(plan.fleets) if one.state == "open")
    first = why("ml.m5.xlarge", 3, row, "about 600 more replications would decide it")
    assert "nearest miss, 2 x ml.m5.2xlarge, $673 a month, has 2.1 %" in statement(
        plan.model_copy(update={"why_not": [first]})
    )


def test_every_fleet_is_counted_once_in_what_the_answer_took():
    assumed = FLEETS[1].model_copy(update={"replications": 0, "lines": []})
    failed = FLEETS[3].model_copy(update={"replications": 0, "lines": [], "reason": "cannot be simulated"})
    fleets = [*FLEETS[:1], assumed, FLEETS[2], failed, *FLEETS[4:]]
    used = Used(proved=1, simulated_fleets=4, replications=120, simulated=120, requests=1)
    head = said(planned(fleets=fleets, used=used))
    assert (
        "1 turned down by arithmetic alone, 4 simulated, 1 turned down with a larger one, 1 that cannot be simulated, "
        "2 not tried;" in head
    )
    assert len(fleets) == 1 + 4 + 1 + 1 + 2


def test_limits_that_exclude_each_other_are_said_to():
    slow, dear = line(0.02, "fail"), line(3000.0, "fail", text=COST.text, figure="cost.month", unit="USD", limit=2000.0)
    fleets = [fleet("ml.m5.xlarge", 2, slow, COST), fleet("ml.m5.xlarge", 6, line(), dear)]
    none = nothing_fits().model_copy(update={"fleets": fleets, "why_not": []})
    assert "each limit is met by some fleet, and no fleet meets all of them" in statement(none)


def test_an_open_plan_is_no_answer_and_says_what_is_too_near():
    answer = statement(left_open())
    assert answer.startswith(
        "Open, given this scenario and these assumptions: no fleet of the grid is known to be inside"
    )
    assert "4 of 5 are not; too near to tell: 4 x ml.m5.xlarge ($673 a month)" in answer
    assert "about 600 more replications would decide it" in said(left_open())


def test_an_answer_on_an_edge_is_not_stated_with_95_percent():
    answer = statement(on_an_edge())
    assert answer.startswith("Open, given")
    assert "0.98 % (0.92 to 1.05) of calls over 500 ms; that is too near to the limit of p99 < 500 ms to tell" in answer


def test_a_plan_that_was_stopped_says_what_is_left():
    answer = statement(broken_off())
    assert answer.startswith("Stopped before the end. With 95 % over simulation noise")
    assert "1 cheaper fleet of the grid still to be decided" in answer
    assert "not tried under other settings of what AWS does not publish" in answer


def test_what_else_the_grid_varies_belongs_to_the_name_of_a_fleet():
    answer = statement(with_workers())
    assert "3 x ml.m5.2xlarge, default_workers_per_model = 1, $1,009 a month" in answer
    assert "inside in 93.0 % (88.0 to 96.0) of 512 draws of uncertain inputs, 90 % asked for; $12 a month" in answer
    assert "(4 fleets: of 512 draws memory in 412)" in said(with_workers())


def test_a_fleet_that_is_the_cheapest_of_every_draw_is_said_to_be_no_dearer():
    found = with_workers()
    best = found.model_copy(update={"fleets": [one.model_copy(update={"mean_extra_usd": 0.0}) for one in found.fleets]})
    assert "90 % asked for; no dearer than the cheapest fleet of each draw; " in statement(best)


@pytest.mark.parametrize(("count", "words"), [(5, "2 too many."), (2, "1 too few."), (3, "that is the answer.")])
def test_the_fleet_that_runs_is_counted_against_an_answer_of_its_family(count: int, words: str) -> None:
    if count == 3:
        assert current(planned(current=6)) == f"You run 3 x ml.m5.2xlarge: {words}"
        return
    fleets = [*FLEETS[:7], fleet("ml.m5.2xlarge", count), FLEETS[8]]
    assert current(planned(fleets=fleets)) == f"You run {count} x ml.m5.2xlarge: {words}"


def test_the_fleet_that_runs_of_another_family_is_compared_by_price():
    fleets = [*FLEETS[:7], fleet("ml.r5.xlarge", 6, line()), FLEETS[8]]
    assert current(planned(fleets=fleets)) == "You run 6 x ml.r5.xlarge: it costs $317 more, and it is inside, too."
    assert current(planned(current=None)) is None


def windows(*values: float) -> list[FleetLine]:
    """A line that is judged in windows."""
    return [line(value, "fail" if value > 0.01 else "pass", text="p99 in every 1 min < 500 ms") for value in values]


def in_windows(answer: Sequence[float], cheaper: Sequence[float]) -> Planned:
    pairs = [
        Pair(text="p99 in every 1 min < 500 ms", unit="share", difference=b - a, interval=(b - a - 1e-3, b - a + 1e-3))
        for a, b in zip(answer, cheaper, strict=True)
    ]
    estimates = [Estimated(fleet=6, lines=windows(*answer)), Estimated(fleet=4, lines=windows(*cheaper))]
    return planned(expect=["p99 in every 1 min < 500 ms"], estimates=estimates, paired=pairs)


def test_of_a_line_in_windows_the_worst_one_is_shown_side_by_side():
    words = said(in_windows((0.001, 0.003, 0.002), (0.009, 0.12, 0.008)))
    assert "p99 in every 1 min < 500 ms 0.300 % [0.24, 0.36] 12.0 % [9.6, 14.4] difference" in words
    assert "p99 in every 1 min < 500 ms +11.7 pt [11.6, 11.8]" in words
    apart = said(in_windows((0.004, 0.003, 0.002), (0.009, 0.12, 0.008)))
    # The name is folded; the difference is a dash, since they are not worst in the same window.
    assert "p99 in every 0.400 % [0.32, 0.48] 12.0 % [9.6, 14.4] - 1 min < 500 ms (pt: percentage points)" in apart


def autoscaled(low: float, high: float, *lines: FleetLine) -> Planned:
    return planned(
        scaled=Scaled(
            derived=True,
            min=1,
            max=4,
            target=300.0,
            peak_per_min=1000.0,
            replications=10,
            verdict="pass",
            lines=list(lines),
            usd_per_month=600.0,
            interval=(low, high),
            fixed_usd_per_month=1009.0,
        )
    )


def test_what_autoscaling_costs_is_said_once_and_with_an_interval_that_can_be_seen():
    cost = COST.model_copy(update={"value": 600.0, "interval": (599.9, 600.2)})
    of_calls = line(0.001, interval=(0.0, 0.002))
    words = scaled(autoscaled(599.9, 600.2, of_calls, cost))
    assert words is not None
    assert "inside, 0.1 % (0 to 0.2) of calls over 500 ms; $600 a month on average over the run, $409 less" in words
    wide = scaled(autoscaled(550.0, 650.0, cost))
    assert wide is not None
    assert "on each: inside; $600 ($550 to $650) a month" in wide
    dear = scaled(autoscaled(550.0, 650.0, of_calls, cost.model_copy(update={"verdict": "fail", "limit": 100.0})))
    assert dear is not None
    assert "cost.month" in dear


def test_the_table_has_the_fleets_that_matter_in_order_of_price_and_marks_estimates():
    report = text(plan_report(planned()))
    marks = ("✓", "✗", "?", "   6 x", "   5 x")
    rows = [row for row in report.splitlines() if row.startswith(marks)]
    assert [row[3:].split("  ")[0] for row in rows] == [
        "2 x ml.m5.large",
        "4 x ml.m5.xlarge",
        "2 x ml.m5.2xlarge",
        "4 x ml.r5.xlarge",
        "3 x ml.m5.2xlarge",
        "6 x ml.m5.xlarge",
        "5 x ml.r5.xlarge",
    ]
    assert "~1,105" in report
    assert "~ estimated price" in report


def test_whose_prices_they_are_is_said():
    yours = [of.model_copy(update={"price_given": True}) for of in FLEETS]
    assert "a month: on demand, 730 hours" in said(planned())
    assert "3 x ml.m5.2xlarge, $1,009 a month at your price, 0.4 %" in statement(planned(fleets=yours))
    assert "a month: at your prices, 730 hours" in said(planned(fleets=yours))
    mixed = [of if of.instance_type == "ml.m5.large" else one for of, one in zip(FLEETS, yours, strict=True)]
    assert "a month: at your prices, ml.m5.large on demand, 730 hours" in said(planned(fleets=mixed))


def test_why_not_counts_what_the_fleets_of_a_family_lack():
    assert "- ml.r5.xlarge (4 fleets: CPU in 3, memory in 1): its vCPUs are 96 % busy" in said(planned())
    unknown = planned().why_not[0].model_copy(update={"binds": {"unknown": 4}})
    assert "- ml.m5.xlarge (4 fleets): too few hits" in said(planned(why_not=[unknown]))


def test_a_figure_is_as_coarse_as_its_interval_is_wide_and_stays_on_its_side_of_the_limit():
    assert found(line(0.00214, interval=(0.0018, 0.0024))) == "0.21 % (0.18 to 0.24) of calls over 500 ms"
    assert found(line(0.0097, interval=(0.0094, 0.00996))) == ("0.970 % (0.940 to 0.996) of calls over 500 ms")
    assert found(line(0.0, interval=(0.0, 0.0015))) == "0 % (0 to 0.15) of calls over 500 ms"
    assert found(line(1e-6, interval=(0.0, 0.0015))) == "<0.01 % (0 to 0.15) of calls over 500 ms"
    assert roughly(line(0.021, "fail", interval=(0.018, 0.025))) == "2.1 % +- 0.4 of calls over 500 ms"
    assert found(COST) == "cost.month 1,009 USD"


def test_the_line_that_decides_is_the_one_that_is_missed_by_most_or_has_the_least_room():
    hits = line(0.98, text="cache_hit_ratio >= 95 %", figure="cache_hit_ratio", limit=0.95)
    assert nearest([line(0.009), hits]) == line(0.009)
    assert nearest([line(0.001), hits]) == hits
    missed = line(0.5, "fail", text="cache_hit_ratio >= 95 %", figure="cache_hit_ratio", limit=0.95)
    assert nearest([line(0.011, "fail"), missed]) == missed
    assert nearest([COST]) == COST
    assert nearest([COST, line()]) == line()
    assert nearest([line(None)]) is None


def test_fleets_that_were_simulated_and_have_no_row_are_counted_below_the_table():
    assert "2 other fleets were simulated: all are in fleets.parquet" in said(planned())
    assert "all are in fleets.parquet" not in said(nothing_fits_in_two())


def nothing_fits_in_two() -> Planned:
    """Two fleets of a plan, a row for each."""
    return planned(fleets=FLEETS[3:5], **{**NOTHING, "answer": 1, "ties": [0]}, current=None, why_not=[])
