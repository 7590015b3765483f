"""Candidates, what they do to the figures that decide, and how they are ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from mmesim.experiment.explained.candidates import Candidate, Ground, candidates, fewest_instances, needed_instances
from mmesim.experiment.explained.deciding import Compared, deciding
from mmesim.experiment.explained.explain import possible
from mmesim.experiment.explained.tried import Tried, best_first, tried, with_outcome
from mmesim.preflight.finding import Finding
from mmesim.results.answers.explained import Deciding
from mmesim.results.binding.roots import Roots
from mmesim.results.measured.run_data import RunData
from mmesim.results.miss_ratio.curve import Curve
from mmesim.results.result import Result
from mmesim.scenario import Scenario
from tests.unit.experiment.explained.made import EXPECTED, FAST, LINES, XLARGE, of_memory, result
from tests.unit.results.synthetic import GIB, hosts, run_data, scenario


def ground(of: Scenario, run: RunData, waits: Sequence[Any] = (), advice: Sequence[Finding] = ()) -> Ground:
    return Ground(of, Roots(of, [run]), frozenset(waits), Curve.of([run]), advice)


def what_if(
    base: Result, other: Result, confidence: float = 0.95, sets: Mapping[str, Any] | None = None, yours: bool = True
) -> Tried:
    one = Candidate("some", "some", sets or {}, yours)
    return tried(one, base, other, deciding(base), confidence, Curve.of(base.runs))


# Candidates


def ids(of: Scenario, *waits: str) -> dict[str, Mapping[str, Any]]:
    found = candidates(ground(of, run_data(of, [FAST] * 10), waits))
    return {one.id: one.sets for one in found}


def test_what_is_always_tried() -> None:
    found = ids(scenario(endpoint=XLARGE | {"instance_count": 4}))
    assert found["one_more_instance"] == {"endpoint.instance_count": 5}
    assert found["one_fewer_instance"] == {"endpoint.instance_count": 3}
    assert found["two_fewer_instances"] == {"endpoint.instance_count": 2}
    assert found["next_size_up"] == {"endpoint.instance_type": "ml.m5.2xlarge"}
    assert found["one_more_worker"] == {"models.m.workers": 2}
    assert found["queue_twice_as_long"] == {"server.job_queue_size": 200}
    assert found["more_memory"] == {"endpoint.memory": "24 GiB"}
    assert found["one_more_vcpu"] == {"endpoint.vcpu": 5, "endpoint.load_slots": 2}
    assert found["one_more_load_slot"] == {"endpoint.load_slots": 3}
    assert len({tuple(sets.items()) for sets in found.values()}) == len(found)


@pytest.mark.parametrize(("column", "field"), [("pinned", "models.m.workers"), ("workers", None)])
def test_a_row_of_a_table_is_changed_where_its_entry_is(tmp_path: Path, column: str, field: str | None) -> None:
    table = tmp_path / "models.csv"
    value = 1 if column == "workers" else "false"
    table.write_text(f"name,group,{column}\na,team a,{value}\nb,team b,{value}\n")
    keys = {"artifact_size": 10**6, "memory": 10**7, "service": {"cpu": 0.01}}
    of = scenario(models=[{"name": "m", "file": str(table), **keys}])
    found = ids(of)
    assert found.get("one_more_worker") == (None if field is None else {field: 2})
    told = of.model_table()[0].advice("workers", 3)
    assert told == (f"{field}=3" if field else "workers 3 in the row of a in its table")


def test_one_instance_cannot_be_fewer() -> None:
    found = ids(scenario())
    assert "one_fewer_instance" not in found
    assert "two_fewer_instances" not in found
    assert "next_size_up" not in found


@pytest.mark.parametrize(
    ("wait", "id", "changes"),
    [
        ("disk", "disk_twice_as_large", {}),
        ("download", "downloads_twice_as_fast", {}),
        ("client_timeout", "clients_twice_as_patient", {}),
        ("invocation_timeout", "invocations_twice_as_long", {}),
        ("batch_delay", "half_the_batch_delay", {}),
        ("placement", "placed_where_most_is_free", {}),
        (
            "throttling",
            "throttled_at_twice_as_many",
            {"endpoint": {"vcpu": 2, "memory": 8 * GIB, "throttling": {"in_flight": 5}}},
        ),
        (
            "throttling",
            "throttled_at_twice_the_rate",
            {"endpoint": {"vcpu": 2, "memory": 8 * GIB, "throttling": {"rate": 5.0}}},
        ),
    ],
)
def test_what_is_tried_only_where_it_is_waited_for(wait: str, id: str, changes: dict[str, Any]) -> None:
    assert id in ids(scenario(**changes), wait)
    assert id not in ids(scenario(**changes))


def test_advice_that_is_a_value_is_tried_once() -> None:
    of = scenario()
    advice = [
        Finding(id="a", severity="note", text="", evidence={}, source="", try_="endpoint.instance_count=2"),
        Finding(id="b", severity="note", text="", evidence={}, source="", try_="server.job_queue_size=7"),
        Finding(id="c", severity="note", text="", evidence={}, source="", try_="fewer workers (models.workers)"),
    ]
    found = {one.id: one.sets for one in candidates(ground(of, run_data(of, [FAST]), advice=advice))}
    assert "advice_a" not in found  # one more instance
    assert found["advice_b"] == {"server.job_queue_size": 7}
    assert "advice_c" not in found


def test_advice_is_named_by_what_it_changes_and_what_aws_decides_is_not_yours() -> None:
    of = scenario()
    advice = [
        Finding(id="a", severity="note", text="", evidence={}, source="", try_="server.job_queue_size=7"),
        Finding(id="b", severity="note", text="", evidence={}, source="", try_="endpoint.router.policy=hash"),
    ]
    found = {one.id: one for one in candidates(ground(of, run_data(of, [FAST]), advice=advice))}
    assert (found["advice_a"].text, found["advice_a"].yours) == ("server.job_queue_size=7 (advised)", True)
    assert (found["advice_b"].text, found["advice_b"].yours) == ("endpoint.router.policy=hash (advised)", False)


def test_one_more_worker_on_a_device_says_what_it_takes_there() -> None:
    model = {"name": "m", "count": 2, "artifact_size": 10**6, "memory": 10**7, "device_memory": GIB}
    model["service"] = {"device": 0.01}
    of = scenario(models=[model], endpoint={"vcpu": 2, "memory": 8 * GIB, "devices": {"count": 1, "memory": 16 * GIB}})
    texts = {one.id: one.text for one in candidates(ground(of, run_data(of, [FAST])))}
    assert texts["one_more_worker"] == "one more worker each: m, one more copy in device memory"


def test_one_more_in_each_zone_is_tried_where_a_zone_is_lost() -> None:
    lost = scenario(faults=[{"name": "gone", "at": 20.0, "zone_loss": {"zone": 1}}])
    found = {one.id: one.sets for one in candidates(ground(lost, run_data(lost, [FAST])))}
    assert found["one_more_in_each_zone"] == {"endpoint.instance_count": 4}
    assert "one_more_in_each_zone" not in ids(scenario())


def test_what_aws_decides_comes_last_and_is_not_yours() -> None:
    of = scenario(endpoint=XLARGE)
    found = candidates(ground(of, run_data(of, [FAST])))
    assert [one.yours for one in found] == sorted((one.yours for one in found), reverse=True)
    assert {one.id for one in found if not one.yours} == {"more_memory", "one_more_vcpu", "one_more_load_slot"}


def test_what_is_impossible_is_left_out_and_says_why() -> None:
    of = scenario(endpoint={"vcpu": 2, "memory": 8 * GIB, "instance_count": 10_000})
    changed, left_out = possible(ground(of, run_data(of, [FAST])))
    assert [one.id for one in left_out] == ["one_more_instance"]
    assert "10,000" in left_out[0].reason or "10000" in left_out[0].reason
    assert "one_fewer_instance" in [one.id for one, _ in changed]


# The curve


def test_the_curve_of_models_that_are_called_alike() -> None:
    of, run = of_memory(10, 1, 5.0)
    # Five of ten equal models: half of the calls find their model.
    assert Curve.of([run]).misses(of) == pytest.approx(0.5)
    whole, _ = of_memory(10, 2, 5.0)
    assert Curve.of([run]).misses(whole) == 0.0
    none = of.model_copy(update={"endpoint": of.endpoint.model_copy(update={"model_cache": "disabled"})})
    assert Curve.of([run]).misses(none) is None
    assert Curve.of([run_data(of, [])]).misses(of) is None


def test_how_many_instances_the_curve_asks_for() -> None:
    of, run = of_memory(10, 1, 2.5)
    assert needed_instances(ground(of, run)) == 4
    assert fewest_instances(ground(of, run)) == 1
    large, its = of_memory(10, 7, 2.5)
    assert fewest_instances(ground(large, its)) == 4
    assert needed_instances(ground(large, its)) == 7
    busy = replace(its, hosts=hosts(7, cpu_busy_s=140.0))  # 70 % of 7 instances: none can be spared
    assert fewest_instances(ground(large, busy)) == 7


# Effects


def test_a_difference_is_that_of_the_pairs() -> None:
    of = scenario(LINES)
    base = result(of, [5, 6, 7, 8])
    other = what_if(base, result(of, [2, 3, 5, 4]))
    first = other.entry.effects[0]
    assert first.text == "p90 < 500 ms"
    # -3, -3, -2, -4 of 100: mean -3, standard error 0.408, t(3, 95 %) = 3.182.
    assert first.difference == pytest.approx(-0.03)
    assert first.interval == pytest.approx((-0.03 - 3.182446 * 0.00408248, -0.03 + 3.182446 * 0.00408248))
    assert first.outcome == "better"
    assert other.good == pytest.approx(0.03)
    # More confidence, a wider interval: it is not seen any more.
    unsure = what_if(base, result(of, [2, 3, 5, 4]), confidence=0.9999)
    assert unsure.entry.effects[0].outcome == "no effect seen"
    assert unsure.good == 0.0
    worse = what_if(base, result(of, [8, 9, 9, 12]))
    assert worse.entry.effects[0].outcome == "worse"
    assert worse.good == pytest.approx(-0.03)


@pytest.mark.parametrize(("slow", "failed", "first"), [(12, 20, "p90 < 500 ms"), (0, 8, "error_rate < 5 %")])
def test_the_line_that_fails_most_comes_first(slow: int, failed: int, first: str) -> None:
    # 32 % of 10 % against 20 % of 5 %; 8 % of 10 % against 8 % of 5 %.
    of = scenario(["error_rate < 5 %" if slow == 0 else "error_rate < 10 %", "p90 < 500 ms"])
    assert deciding(result(of, [slow, slow], failed))[0].entry.text == first


def test_without_expect_p99_errors_and_hits_are_compared() -> None:
    of = scenario()
    base, other = result(of, [0, 0, 0]), result(of, [5, 6, 5], failed=1)
    found = what_if(base, other).entry
    assert [effect.text for effect in found.effects] == ["p99", "error_rate", "cache_hit_ratio"]
    assert found.verdict is None
    assert found.effects[0].difference == pytest.approx(900.0, rel=0.01)
    assert found.effects[1].difference == pytest.approx(0.01)
    assert what_if(base, base).entry.effects[0].difference == 0.0


def test_a_figure_that_failures_make_infinite_has_no_difference() -> None:
    of = scenario(["mean < 1 s"])
    base, other = result(of, [0, 0]), result(of, [0, 0], failed=100)
    effect = what_if(base, other).entry.effects[0]
    assert effect.outcome == "no value"
    assert effect.difference is None


def test_many_failures_are_looked_at_first() -> None:
    names = [one.entry.figure for one in deciding(result(scenario(), [0, 0], failed=2))]
    assert names == ["error_rate", "p99", "cache_hit_ratio"]
    assert deciding(result(scenario(), [0, 0], failed=1))[0].entry.figure == "p99"


def test_advice_that_was_tried_says_what_came_of_it() -> None:
    of = scenario(["p90 < 500 ms"])
    base = result(of, [9, 9, 9])
    advice = Finding(id="a", severity="note", text="", evidence={}, source="", try_="endpoint.instance_count=2")
    sets = {"endpoint.instance_count": 2}
    for other, outcome in (([3, 3, 3], "better"), ([9, 9, 9], "no effect seen"), ([20, 20, 20], "worse")):
        one = what_if(base, result(of, other), sets=sets)
        assert with_outcome(advice, [one]).evidence == {"tried": outcome}
    fewer = what_if(result(of, [5, 5, 5], failed=4), result(of, [9, 9, 9]), sets=sets)
    assert with_outcome(advice, [fewer]).evidence == {"tried": "better"}
    assert with_outcome(advice, [what_if(base, base, sets={"endpoint.instance_count": 3})]) == advice
    assert with_outcome(advice.model_copy(update={"try_": "more workers"}), [fewer]).evidence == {}


def test_prices_are_by_the_month() -> None:
    of = scenario(LINES)
    larger = of.with_({"endpoint.instance_count": 2})
    found = what_if(result(of, [5, 6, 7]), result(larger, [2, 3, 4])).entry
    assert found.usd_per_month == pytest.approx(0.36 * 730)
    assert found.effects[0].per_100_usd == pytest.approx(-0.03 / 2.628)
    costs = next(effect for effect in found.effects if effect.text.startswith("cost"))
    assert costs.difference == pytest.approx(0.0)  # the runs are made by hand: one host was up in both
    host = of.endpoint.host.model_copy(update={"price_usd_per_hour": None})
    unpriced = scenario(EXPECTED)
    unpriced = unpriced.model_copy(update={"endpoint": unpriced.endpoint.model_copy(update={"host": host})})
    two = unpriced.model_copy(update={"endpoint": unpriced.endpoint.model_copy(update={"instance_count": 2})})
    assert what_if(result(unpriced, [5]), result(two, [5])).entry.usd_per_month is None
    assert what_if(result(unpriced, [5]), result(unpriced, [5])).entry.usd_per_month == 0.0


def test_a_price_that_is_given_is_not_that_of_another_type() -> None:
    of = scenario(EXPECTED, endpoint=XLARGE | {"price_per_hour": 0.2})
    sets = {"endpoint.instance_type": "ml.m5.2xlarge"}
    entry = what_if(result(of, [5, 6, 7]), result(of.with_(sets), [2, 3, 4]), sets=sets).entry
    assert entry.usd_per_month is None
    assert entry.effects[0].per_100_usd is None
    more = {"endpoint.instance_count": 2}
    entry = what_if(result(of, [5, 6, 7]), result(of.with_(more), [2, 3, 4]), sets=more).entry
    assert entry.usd_per_month == pytest.approx(0.2 * 730)


def test_a_limit_on_the_cost_leaves_out_types_whose_price_is_not_known() -> None:
    def left(*expect: str) -> dict[str, str]:
        of = scenario(expect, endpoint=XLARGE | {"instance_count": 2, "price_per_hour": 0.2})
        _, found = possible(ground(of, run_data(of, [FAST] * 10)))
        return {one.id: one.reason for one in found}

    assert "endpoint.price_per_hour is that of ml.m5.xlarge" in left(*LINES)["next_size_up"]
    assert "one_more_instance" not in left(*LINES)
    assert "next_size_up" not in left(*EXPECTED)


def test_what_is_worth_most_comes_first() -> None:
    of = scenario(["p90 < 500 ms"])
    base = result(of, [9, 9, 9])

    def made(id: str, count: int, slow: int, yours: bool = True) -> Tried:
        other = result(of.with_({"endpoint.instance_count": count}), [slow, slow, slow])
        one = Candidate(id, id, {"endpoint.instance_count": count}, yours)
        return tried(one, base, other, deciding(base), 0.95, Curve.of(base.runs))

    all_of = [
        made("worse", 1, 10),
        made("dear", 4, 1),
        made("sensitivity", 1, 0, yours=False),
        made("nothing", 2, 9),
        made("worth it", 2, 4),
        made("free", 1, 8),
    ]
    assert [one.entry.id for one in best_first(all_of)] == [
        "free",
        "worth it",
        "dear",
        "nothing",
        "worse",
        "sensitivity",
    ]


def test_the_room_of_a_share_that_has_to_be_large_is_that_of_what_may_be_missed() -> None:
    def room(value: float, limit: float, better: Literal["lower", "higher"], unit: str = "share") -> float:
        entry = Deciding(text="", figure="", unit=unit, better=better, value=value, limit=limit, verdict=None)
        return Compared(entry, lambda *_: (None, None)).margin

    assert room(1.0, 0.9, "higher") == pytest.approx(1.0)  # a tenth may be missed, and none is
    assert room(0.99, 0.9, "higher") == pytest.approx(0.9)
    assert room(0.8, 0.9, "higher") == pytest.approx(-1.0)
    assert room(0.0085, 0.01, "lower") == pytest.approx(0.15)
    assert room(12.0, 10.0, "higher", "1/s") == pytest.approx(0.2)
    assert room(1.0, 1.0, "higher") == 0.0
