"""`mmesim.split`: who should leave and who should not, and what that costs, by hand."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from markupsafe import escape

import mmesim
from mmesim.errors import ScenarioError, UserError
from mmesim.experiment.replicate import run_replications
from mmesim.experiment.split.candidates import Loads, candidates
from mmesim.experiment.split.fleets import Fleet, Fleets
from mmesim.experiment.split.parts import part_of
from mmesim.experiment.split.search import Judged
from mmesim.experiment.split.split import split
from mmesim.preflight.offered import Offered
from mmesim.preflight.room import free_memory_bytes
from mmesim.report.blocks import Lines
from mmesim.report.content.split import answer_report, split_report
from mmesim.report.text import text
from mmesim.results.answers.split import SplitAnswer, split_schema
from mmesim.scenario.run.split import Split
from mmesim.scenario.scenario import Scenario

MONTH = 730.0
M5_XLARGE, C5_LARGE = 0.23, 0.102

TENANT = {
    "name": "tenant",
    "count": 30,
    "artifact_size": "20 MB",
    "memory": "25 MiB",
    "framework": "xgboost",
    "service": {"cpu": "10 ms"},
}
HOT = {**TENANT, "name": "hot", "count": 1, "service": {"cpu": "15 ms"}, "workers": 4}


def data(*models: dict[str, Any], hot: Any = "90 /s", **more: Any) -> dict[str, Any]:
    return {
        "name": "two-kinds",
        "endpoint": {"instance_type": "ml.m5.xlarge", "instance_count": 2, "warm": True},
        "models": list(models) or [TENANT, HOT],
        "traffic": [
            {"name": "tenants", "models": ["tenant"], "arrivals": {"poisson": {"rate": "100 /s"}}},
            {"name": "hot", "models": ["hot"], "arrivals": {"poisson": {"rate": hot}}},
        ],
        "run": {"duration": "60 s", "warmup": "10 s", "replications": 3, "seed": 2},
        "expect": ["p99 of tenant < 150 ms", "p99 of hot < 150 ms"],
        "split": {"options": ["dedicated"], "instance_types": ["ml.m5.xlarge", "ml.c5.large"]},
        **more,
    }


def answer(**more: Any) -> SplitAnswer:
    return split(Scenario.from_dict(data(**more)))


@pytest.fixture(scope="module")
def hot_leaves() -> SplitAnswer:
    # 190 calls bring 2.4 of the 2.6 cores of an ml.m5.xlarge: too much for one. The hot model brings 1.4, more than the
    # 1.3 of an ml.c5.large, so that it takes two of these; the tenants' 1.1 are left. Some ml.c5.large would cost less
    # than two ml.m5.xlarge, but have no memory for 31 models.
    return answer()


def test_a_hot_model_leaves_for_an_endpoint_of_its_own(hot_leaves: SplitAnswer):
    assert hot_leaves.verdict == "pass"
    assert hot_leaves.reference_usd == pytest.approx(2 * M5_XLARGE * MONTH)
    best = hot_leaves.alternatives[0]
    assert hot_leaves.candidates[best.candidate].names == ["hot"]
    rest, moved = best.parts
    assert (rest.kind, rest.instance_count, rest.overrides) == (
        "rest",
        1,
        ["endpoint.without=[hot]", "endpoint.instance_count=1"],
    )
    assert moved.kind == "dedicated"
    assert moved.name == "hot"
    assert (moved.instance_type, moved.instance_count) == ("ml.c5.large", 2)
    assert moved.usd_per_month == pytest.approx(2 * C5_LARGE * MONTH)
    assert best.saving_usd == pytest.approx(M5_XLARGE * MONTH - moved.usd_per_month)
    assert best.confirmed
    assert {line.text: line.verdict for line in best.lines} == dict.fromkeys(hot_leaves.expect, "pass")


def words(found: SplitAnswer) -> str:
    """The report as one line."""
    return " ".join(text(split_report(found)).split())


def test_what_a_split_saves_of_an_estimated_price_is_estimated(hot_leaves: SplitAnswer):
    best, whole = hot_leaves.alternatives[0], hot_leaves.reference_usd
    assert [part.price_estimated for part in best.parts] == [False, True]
    saves = f"it saves about ${best.saving_usd:,.0f} of"
    assert f"{saves} ${whole:,.0f} a month, and keeps every line" in words(hot_leaves)
    assert f" ~{best.saving_usd:,.2f} dedicated " in words(hot_leaves)
    assert f"1: dedicated: about ${best.usd_per_month:,.0f} a month in all" in words(hot_leaves)
    assert "- ~ estimated price: EC2's times 1.20" in words(hot_leaves)
    assert hot_leaves.one_endpoint is not None
    other = hot_leaves.one_endpoint.model_copy(update={"price_estimated": True})
    assert f"{saves} about ${whole:,.0f} a month" in words(hot_leaves.model_copy(update={"other_hosts": other}))


def test_a_p99_that_cannot_be_said_has_its_own_reason(hot_leaves: SplitAnswer):
    rare = data(
        {**TENANT, "memory": "1 GiB", "count": 12},
        endpoint={"instance_type": "ml.m5.large", "warm": "stationary"},
        traffic=[{"arrivals": {"poisson": {"rate": "0.2 /s"}}}],
        expect=["p90 of tenant < 60 s"],
    )
    part = Scenario.from_dict(rare)
    result = run_replications(part)
    assert result.summary["requests"]["ok"] > 0
    found = part_of(Judged(Fleet("rest", part, ()), "pass", result=result), 1.0)
    assert found.p99_ms is None
    assert found.p99_reason is not None
    assert found.p99_reason.startswith("too few loads beyond it (")
    best = hot_leaves.alternatives[0]
    shown = best.model_copy(update={"parts": [found, best.parts[1]]})
    whole = words(hot_leaves.model_copy(update={"alternatives": [shown]}))
    assert "100 % - (too few loads beyond it)" in whole
    assert "none answered" not in whole


def test_a_notebook_shows_its_answer(hot_leaves: SplitAnswer):
    said = " ".join(line for block in answer_report(hot_leaves)[0] if isinstance(block, Lines) for line in block.texts)
    assert str(escape(said)) in hot_leaves._repr_html_()
    assert len(repr(hot_leaves)) < 100


def test_its_parts_can_be_simulated_by_hand(hot_leaves: SplitAnswer):
    for part in hot_leaves.alternatives[0].parts:
        found = mmesim.run(Scenario.from_dict(data(), part.overrides), replications=3)
        expected: Any = found.summary["latency_ms"]["p99"]
        assert part.p99_ms == pytest.approx(expected["value"], rel=0.2)  # on other random numbers


def test_the_document_has_a_schema_and_a_frame(hot_leaves: SplitAnswer):
    document = json.loads(hot_leaves.to_json())
    jsonschema.validate(document, split_schema(), cls=jsonschema.Draft202012Validator)
    row = hot_leaves.frame.iloc[0]
    assert (row["option"], row["who"]) == ("dedicated", "the model with the most CPU work")
    assert (row["models"], row["rest_instances"]) == (1, 1)
    assert row["saving_usd"] == hot_leaves.alternatives[0].saving_usd


def test_nobody_leaves_where_one_instance_does():
    found = answer(hot="9 /s", endpoint={"instance_type": "ml.m5.xlarge", "instance_count": 1, "warm": True})
    assert found.verdict == "fail"
    assert found.alternatives == []
    assert found.one_endpoint is not None
    assert {one.rest_needs for one in found.candidates} == {None}
    assert "without these models, the rest still needs 1 instance:" in text(split_report(found))


def test_a_cheaper_type_for_all_is_no_merit_of_a_split():
    # With one more type to choose from, an ml.c5.2xlarge does for all models, and costs less than any split.
    types = ["ml.m5.xlarge", "ml.c5.large", "ml.c5.2xlarge"]
    found = answer(split={"options": ["dedicated"], "instance_types": types})
    assert found.other_hosts is not None
    assert (found.other_hosts.instance_type, found.other_hosts.instance_count) == ("ml.c5.2xlarge", 1)
    assert found.reference_usd == pytest.approx(found.other_hosts.usd_per_month)
    assert found.alternatives == []
    assert found.verdict == "fail"


def test_what_is_left_for_the_new_endpoints_is_said_where_all_do_on_other_hosts():
    types = ["ml.m5.xlarge", "ml.c5.large", "ml.c5.2xlarge"]
    found = answer(split={"options": ["dedicated"], "instance_types": types})
    (hot,) = [one for one in found.candidates if one.names == ["hot"]]
    left = found.reference_usd - M5_XLARGE * MONTH
    assert hot.rest_needs == 1
    assert hot.frees_usd == pytest.approx(M5_XLARGE * MONTH)
    assert left < hot.frees_usd, "the other hosts cost less than the instances that were there"
    assert hot.tried[0].reason == (
        f"no fleet that costs less than the ${left:,.0f} a month left for it is large enough (cpu: the calls bring "
        "more work than there is)"
    )


def test_a_fleet_that_is_too_large_is_compared_with_one_that_is_not():
    found = answer(hot="9 /s", endpoint={"instance_type": "ml.m5.xlarge", "instance_count": 3, "warm": True})
    assert found.given.instance_count == 3
    assert found.one_endpoint is not None
    assert found.reference_usd == pytest.approx(M5_XLARGE * MONTH)


def test_a_split_that_is_needed_may_cost_more():
    # One worker of 15 ms cannot answer 90 calls a second on any host; spread over more hosts the tenants would do.
    slow = {**HOT, "workers": 1}
    endpoint = {"instance_type": "ml.m5.xlarge", "instance_count": 1, "warm": True, "router": {"policy": "hash"}}
    found = split(Scenario.from_dict(data(TENANT, slow, endpoint=endpoint)))
    assert found.one_endpoint is None
    assert found.verdict == "pass"
    best = found.alternatives[0]
    assert best.saving_usd < 0
    assert found.candidates[best.candidate].names == ["hot"]
    assert any(value.startswith("models.hot.workers=") for value in best.parts[1].overrides)


def test_a_limit_of_the_bill_holds_for_all_parts_together():
    limit = M5_XLARGE * MONTH + 40
    found = answer(expect=["p99 of tenant < 150 ms", "p99 of hot < 150 ms", f"cost.month < {limit} USD"])
    assert found.alternatives == []
    assert found.candidates[0].tried[0].reason == "no fleet costs less than the $40 a month left for it"


def test_what_is_believed_is_said():
    rate = {"uncertain": {"uniform": {"low": "80 /s", "high": "100 /s"}}}
    found = split(Scenario.from_dict(data(hot=rate)))
    note = "traffic.hot.arrivals.poisson.rate is believed, not known: 90 /s is used"
    assert found.notes == [note]
    assert note in words(found)


def test_what_no_part_can_be_held_to_is_said():
    found = answer(expect=["p99 of hot < 150 ms", "loads < 100 /h"])
    assert found.not_judged == ["loads < 100 /h"]


def test_a_warm_up_that_is_found_does_for_every_side():
    serverless = {"setup": "1 s", "idle": "10 min", "cpu_speed": 1}
    run = {"duration": "60 s", "warmup": "auto", "replications": 2, "seed": 2}
    found = answer(
        run=run, split={"options": ["serverless"], "instance_types": ["ml.m5.xlarge"], "serverless": serverless}
    )
    tried = [one for candidate in found.candidates for one in candidate.tried]
    assert any(one.usd_per_month is not None for one in tried)


def fleets(scenario: Scenario) -> tuple[Fleets, dict[tuple[str, ...], Any]]:
    loads = Loads(Offered(scenario))
    wanted = scenario.split or Split()
    return Fleets(scenario, wanted, loads), {one.names: one for one in candidates(loads, wanted)}


def test_recorded_calls_are_counted(tmp_path):
    trace = tmp_path / "calls.csv"
    rows = [f"{k},{'hot' if k % 4 else 'tenant-007'}" for k in range(40)]
    trace.write_text("\n".join(["time,model", *rows]))
    scenario = Scenario.from_dict(data(traffic=[{"trace": {"file": str(trace)}}]))
    loads = Loads(Offered(scenario))
    assert loads.rate[scenario.hosted[7].index] * 60 == pytest.approx(10)
    assert next(one.names for one in candidates(loads, Split())) == ("hot",)


def test_a_smaller_type_that_holds_all_models_is_roomy_enough():
    few = {**TENANT, "count": 3}
    made, _ = fleets(Scenario.from_dict(data(few, HOT)))
    assert {one[1] for one in made.as_roomy(made.counts(1000.0), share=1.0)} == {"ml.m5.xlarge", "ml.c5.large"}
    made, _ = fleets(Scenario.from_dict(data()))
    assert min(one[2] for one in made.as_roomy(made.counts(1000.0), share=1.0) if one[1] == "ml.c5.large") > 5


def test_candidates_are_those_that_a_reason_speaks_for():
    _, found = fleets(Scenario.from_dict(data()))
    why = {names: one.why for names, one in found.items()}
    assert why["hot",] == "the model with the most CPU work"
    assert why["tenant",] == "the group tenant"
    assert len(found) < 12
    assert all(0 < len(one.models) < 31 for one in found.values())


def test_a_component_takes_a_container_of_its_own():
    scenario = Scenario.from_dict(data(split={"candidates": [["tenant-000", "tenant-001"]]}))
    made, found = fleets(scenario)
    leaving = found["tenant-000", "tenant-001"]
    fleet = made.components(leaving, "ml.m5.large", 1)
    assert fleet is not None
    inside = fleet.scenario
    assert inside.endpoint.base_memory_bytes == 0
    alone = scenario.hosted[0].pool_memory_bytes + scenario.endpoint.base_memory_bytes
    assert [model.pool_memory_bytes for model in inside.hosted] == [alone, alone]
    # Each instance of a multi-container endpoint has all of them, one of components its share.
    assert free_memory_bytes(inside.endpoint) // alone < 30
    assert fleet.proved_too_small is None
    everyone = made.containers(found["tenant",], "ml.m5.large", 2)
    assert everyone is not None
    assert everyone.proved_too_small == "memory: not all models fit"


def test_a_small_container_is_of_128_mb_at_least():
    endpoint = {"instance_type": "ml.m5.xlarge", "base_memory": "1 MiB"}
    tiny = {**TENANT, "memory": "1 MiB", "process_memory": "1 MiB"}
    made, found = fleets(Scenario.from_dict(data(tiny, HOT, endpoint=endpoint)))
    fleet = made.components(found["tenant",], "ml.m5.large", 1)
    assert fleet is not None
    assert {model.pool_memory_bytes for model in fleet.scenario.hosted} == {128_000_000}


def test_a_host_of_your_own_is_the_only_one_to_move_to():
    endpoint = {"vcpu": 4, "memory": "16 GiB", "price_per_hour": "1 USD"}
    made, _ = fleets(Scenario.from_dict(data(endpoint=endpoint, split={})))
    assert made.types == {None: 1.0}
    assert made.counts(1500.0) == [(730.0, None, 1), (1460.0, None, 2)]


def test_other_types_cost_what_is_paid_for_them():
    endpoint = {"instance_type": "ml.m5.xlarge", "prices": {"ml.m5.xlarge": "0.2 USD", "ml.c5.large": "0.07 USD"}}
    made, _ = fleets(Scenario.from_dict(data(endpoint=endpoint, split={})))
    assert made.types["ml.m5.xlarge"] == 0.2
    assert made.types["ml.c5.large"] == 0.07
    assert made.types["ml.m5.large"] == 0.115


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"expect": []}, "nothing is expected: add `expect`"),
        ({"endpoint": {"vcpu": 4, "memory": "16 GiB"}}, "no price is known for this host"),
        (
            {"endpoint": {"instance_type": "ml.m5.xlarge", "price_per_hour": "1 USD"}},
            "split.instance_types: the endpoint gives figures of its hosts itself",
        ),
        (
            {"traffic": [{"arrivals": {"closed_loop": {"users": 2, "think_time": "1 s"}}}], "expect": ["p99 < 1 s"]},
            "is a closed loop, whose users wait",
        ),
    ],
)
def test_what_it_cannot_work_with(more, said):
    with pytest.raises(UserError, match=said):
        split(Scenario.from_dict(data(**more)))


def test_one_replication_has_no_interval():
    with pytest.raises(UserError, match="at least 2 are needed"):
        split(Scenario.from_dict(data()), replications=1)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"candidates": [["hat"]]}, "split.candidates.0.0: there is no model or group 'hat' (did you mean hot?)"),
        ({"candidates": [[]]}, "split.candidates.0: names no model"),
        ({"options": ["serverles"]}, "split.options"),
        ({"options": []}, "split.options"),
        ({"instance_types": ["ml.c5.larg"]}, "unknown instance type 'ml.c5.larg' (did you mean ml.c5.large?)"),
        ({"serverless": {"memory": "3000 MB"}}, "is not a size of a serverless endpoint: 1, 2, 3, 4, 5 or 6 GiB"),
        ({"serverless": {"max_concurrency": 500}}, "split.serverless.max_concurrency"),
    ],
)
def test_what_is_wrong_is_said(keys, said):
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_dict(data(split=keys))
    assert said in str(caught.value)


def test_calls_too_few_to_judge_leave_a_split_open():
    # 3 x 60 calls of 10 ms: none is slow, but a hundredth of them is too few to say so.
    few = {"models": [{**TENANT, "count": 1}], "traffic": {"arrivals": {"poisson": {"rate": "1 /s"}}}}
    found = answer(**few, expect=["p99 < 500 ms"], run={"duration": "60 s", "replications": 2})
    assert found.given.verdict == "undecided"
    assert found.verdict == "undecided"
    said = " ".join(text(split_report(found)).split())
    assert "which leaves open p99 < 500 ms after 2 replications" in said
    assert "open: 2 replications leave open whether 1 way to split would keep every line and save" in said
    assert "misses" not in said.split("Assumed")[0]


def test_without_a_call_nothing_is_judged():
    with pytest.raises(UserError, match="two-kinds: no call came in 3 replications, so nothing can be judged"):
        answer(traffic={"arrivals": {"poisson": {"rate": "1 /d"}}})
