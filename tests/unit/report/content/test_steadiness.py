"""What reports on several runs say of their measured times."""

from __future__ import annotations

from mmesim.report.content.steadiness import steadiness
from mmesim.results.answers.sections import State, SteadyState
from mmesim.results.summary.steady import counted


def verdict(state: State | None, run_at_least_s: float | None = None) -> SteadyState:
    return SteadyState(verdict=state, evidence="seen", warmup_s=60.0, run_at_least_s=run_at_least_s)


def test_all_steady_is_said() -> None:
    assert list(steadiness([("draw 0", verdict("steady"))] * 3, "draws")) == ["steady state: 3 of 3 draws"]


def test_what_is_too_short_is_named_with_the_length_it_needs() -> None:
    runs = [("a", verdict("steady")), ("b", verdict("too short", 7200.0)), ("c", verdict(None))]
    assert list(steadiness(runs, "settings")) == [
        "steady state: 1 of 3 settings, 1 not judged",
        "not in steady state (too short): 1 of 3 settings: b (at least 2 h)",
    ]
    assert counted([one for _, one in runs]) == {
        "steady": 1,
        "warming up": 0,
        "saturated": 0,
        "too short": 1,
        "not judged": 1,
        "run_at_least_s": 7200.0,
    }


def test_where_nothing_can_be_judged_the_reason_is_given() -> None:
    assert list(steadiness([("a", verdict(None))] * 2, "draws")) == ["steady state: seen"]
