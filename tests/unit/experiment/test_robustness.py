"""The settings of what AWS does not publish, and what the answer is over them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from mmesim.experiment.execute.task import Observer
from mmesim.experiment.unknowns.robustness import robustness, under_each
from mmesim.experiment.unknowns.robustness_result import AS_GIVEN, Robustness
from mmesim.experiment.unknowns.unknowns import AXES, Unknowns, settings
from mmesim.report.content.robustness import robustness_report
from mmesim.report.text import text
from mmesim.results.measured.run_data import RunData
from mmesim.results.result import Result
from mmesim.scenario import Placement, RouterPolicy, Scenario, TargetTracking
from tests.helpers import schemas
from tests.helpers.files import ROOT
from tests.helpers.texts import load_text
from tests.unit.experiment import fakes
from tests.unit.results.synthetic import Call, run_data

TEXT = """\
name: slots
endpoint: {vcpu: 4, memory: 16 GiB, instance_count: 2}
models: [{name: m, count: 2, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 5 ms}}]
traffic: [{arrivals: {poisson: {rate: 1 /s}}}]
run: {duration: 100 s}
expect: [p90 < 500 ms, error_rate < 1 %]
"""
GIB = 2**30


def scenario(*overrides: str, text: str = TEXT) -> Scenario:
    return load_text(text, "slots.yaml", overrides)


def measured(scenario: Scenario, replication: int, slow: float) -> RunData:
    """100 calls, of which this share is slow; the number of slow ones is the same in each replication."""
    late, fast = Call(1.0), Call(0.1)
    calls = [late if index < 100 * slow else fast for index in range(100)]
    return run_data(scenario, calls, replication=replication, records=None)


def slow_with_one_slot(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    return measured(scenario, replication, 0.31 if scenario.endpoint.load_slots == 1 else 0.0)


def never_slow(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    return measured(scenario, replication, 0.0)


def fast_with_four_slots(
    scenario: Scenario, replication: int, observer: Observer | None, records: int | None
) -> RunData:
    return measured(scenario, replication, 0.0 if scenario.endpoint.load_slots == 4 else 0.5)


def unclear_with_hash(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    unclear = scenario.endpoint.router.policy == RouterPolicy.hash
    return measured(scenario, replication, (replication % 2) * 0.2 if unclear else 0.0)


def test_the_settings_are_those_of_the_design_each_once():
    endpoint = scenario().endpoint
    base = Unknowns.of(endpoint)
    # 80 % of 16 GiB is the stricter rule, and vcpu / 2 the default.
    assert settings(scenario()) == (
        base,
        replace(base, policy=RouterPolicy.hash),
        replace(base, misroute=0.02),
        replace(base, placement=Placement.most_free),
        replace(base, load_slots=1),
        replace(base, load_slots=4),
        replace(base, usable_memory_bytes=16 * GIB - round(2.9 * GIB)),
        replace(base, cpu_speed=0.85),
        replace(base, cpu_speed=1.15),
    )
    assert set(AXES) == {"router", "load_slots", "usable_memory", "cpu_speed", "fleet", "split_by"}


def test_what_is_not_known_of_autoscaling():
    scaling = "{policy: target_tracking, metric: InvocationsPerInstance, target: 100, min: 1, max: 4}"
    base = scenario("endpoint.instance_count=1", f"endpoint.autoscaling={scaling}")
    as_given = Unknowns.of(base.endpoint)
    found = [dict(row[:2] for row in one.overrides(as_given)) for one in settings(base)]
    assert found[9:] == [
        {"endpoint.autoscaling.scale_in": "oldest"},
        {"endpoint.autoscaling.scale_in": "least_loaded"},
        {"endpoint.autoscaling.metric_delay": "0 s"},
        {"endpoint.autoscaling.metric_delay": "120 s"},
        {"endpoint.serial_scaling": "false"},
        {"endpoint.router.at_scale": "rehash"},
        {"endpoint.provisioning": "180 s"},
        {"endpoint.provisioning": "600 s"},
    ]


FAST = "SageMakerVariantConcurrentRequestsPerModelHighResolution"


@pytest.mark.parametrize(
    "given",
    [
        f"{{policy: target_tracking, metric: {FAST}, target: 5, min: 1, max: 4}}",
        f"{{policies: [{{target_tracking: {{metric: {FAST}, target: 5}}}}], min: 1, max: 4}}",
        f"{{policies: [a:b, {{target_tracking: {{metric: {FAST}, target: 5}}}}], min: 1, max: 4}}",
    ],
)
def test_an_alarm_of_ten_seconds_may_go_off_sooner_or_later_and_the_file_says_so(given):
    base = scenario("endpoint.instance_count=1", f"endpoint.autoscaling={given}")
    found = [one.overrides(Unknowns.of(base.endpoint)) for one in settings(base)]
    points = [one for one in found if any("out_points" in field for field, _, _ in one)]
    assert [one[0][1] for one in points] == ["1", "6"]
    ((field, exact, _),) = points[0]
    changed = scenario("endpoint.instance_count=1", f"endpoint.autoscaling={given}", f"{field}={exact}")
    assert changed.endpoint.autoscaling is not None
    policy = changed.endpoint.autoscaling.policies[-1]
    assert isinstance(policy, TargetTracking)
    assert policy.out_points == 1


def test_what_is_not_known_of_losses_is_tried_only_where_something_is_lost():
    fields = {"endpoint.router.at_scale", "endpoint.loss_noticed_after", "endpoint.provisioning"}

    def tried(faults: str) -> set[str]:
        base = scenario(f"faults={faults}")
        as_given = Unknowns.of(base.endpoint)
        return fields & {field for one in settings(base) for field, _, _ in one.overrides(as_given)}

    assert tried("[]") == tried("[{slow_s3: {factor: 2}, at: 1 s}]") == set()
    assert tried("[{zone_loss: {zone: 1}, at: 1 s}]") == fields
    assert tried("[{instance_loss: {replace: false}, at: 1 s}]") == fields - {"endpoint.provisioning"}


def test_the_table_of_platform_unknowns_says_what_is_tried():
    table = (ROOT / "docs/assumptions.md").read_text().partition("## Platform unknowns")[2].partition("\n## ")[0]
    named = {field for row in table.splitlines() if row.startswith("| ") for field in row.split("|")[5].split()}
    named -= {"`mmesim", "robustness`", "sets"}
    scaling = f"{{policy: target_tracking, metric: {FAST}, target: 5, min: 2, max: 4}}"
    more = ["faults=[{zone_loss: {zone: 1}, at: 1 s}]", "deploys=[{at: 1 s}]", f"endpoint.autoscaling={scaling}"]
    base = scenario("endpoint.instance_count=2", *more)
    as_given = Unknowns.of(base.endpoint)
    tried = {field for one in settings(base) for field, _, _ in one.overrides(as_given)}
    assert {field.strip("`") for field in named} == tried


def test_an_own_value_is_one_more_setting():
    given = settings(scenario("endpoint.load_slots=3", "endpoint.usable_memory=10 GiB"))
    assert len(given) == 1 + 3 + 3 + 2 + 2
    assert given[0].load_slots == 3


def test_one_host_alone_has_no_router_to_choose():
    alone = scenario("endpoint.instance_count=1")
    assert {setting.policy for setting in settings(alone)} == {RouterPolicy.sticky}
    assert len(settings(alone)) == 6
    assert len(settings(alone, full=True)) == 3 * 2 * 3


def test_a_placement_by_room_is_compared_with_one_by_hash():
    given = settings(scenario("endpoint.router.placement=most_free"))
    assert [one.placement for one in given[:3]] == [
        Placement.most_free,
        Placement.rendezvous,  # of hash, which places nothing
        Placement.most_free,  # with misrouted calls
    ]
    assert given[3] == replace(given[0], placement=Placement.rendezvous)


def test_all_combinations():
    base = scenario()
    combined = settings(base, full=True)
    assert len(combined) == len(set(combined)) == 4 * 3 * 2 * 3
    assert combined[0] == Unknowns.of(base.endpoint)
    assert set(settings(base)) <= set(combined)


def test_a_setting_is_what_its_overrides_give():
    base = scenario()
    as_given = Unknowns.of(base.endpoint)
    for setting in settings(base, full=True):
        overrides = [f"{field}={exact}" for field, exact, _ in setting.overrides(as_given)]
        assert setting.put(base.endpoint) == scenario(*overrides).endpoint


@pytest.fixture(scope="module")
def flipped() -> Robustness:
    """What several tests look at: it flips with one slot for loads."""
    return robustness(scenario(), executor=fakes.Fake(slow_with_one_slot))


def test_it_flips_with_one_load_slot(flipped: Robustness):
    found = flipped
    assert found.answer == (
        "holds in 8 of 9 settings of what AWS does not publish; "
        "flips if endpoint.load_slots = 1 (p90 < 500 ms: 31 % slower, limit 10 %)"
    )
    assert (found.verdict, found.replications) == ("fail", 10)
    assert found.outcomes[0].name == AS_GIVEN


@pytest.mark.slow
def test_of_many_settings_the_answer_names_two_and_a_table_says_what_each_change_does():
    found = robustness(scenario(), full=True, executor=fakes.Fake(slow_with_one_slot))
    assert found.answer == (
        "holds in 48 of 72 settings of what AWS does not publish; flips if endpoint.load_slots = 1 (p90 < 500 ms: "
        "31 % slower, limit 10 %), or endpoint.load_slots = 1, endpoint.cpu_speed = 0.85 (p90 < 500 ms: 31 % slower, "
        "limit 10 %), or with 22 more settings"
    )
    assert found.by_change["endpoint.load_slots = 1"] == {"pass": 0, "fail": 24, "undecided": 0}
    assert found.by_change["endpoint.cpu_speed = 1.15"] == {"pass": 16, "fail": 8, "undecided": 0}
    lines = [line.split() for line in text(robustness_report(found)).splitlines()]
    assert ["endpoint.load_slots", "=", "1", "0", "24", "0"] in lines
    # The value of each field in a column of its own: combinations are too long to be names.
    head = next(line for line in lines if line[:1] == ["no."])
    assert {"policy", "misroute", "expected"} <= set(head)
    assert any(line[:3] == ["3", "1", "1.15"] and line[3:5] == ["FAIL", "p90"] for line in lines)


def test_the_table_has_the_figure_that_decides_and_names_fields_in_full(flipped: Robustness):
    shown = text(robustness_report(flipped))
    assert "p90 < 500 ms" in shown.partition("\n\n")[2].partition("expected")[2].splitlines()[0]
    row = next(line for line in shown.splitlines() if line.startswith("endpoint.load_slots = 1  "))
    assert row.split()[3:7] == ["FAIL", "p90", "31.0", "%"]
    assert any(line.startswith("endpoint.router.policy = hash  ") for line in shown.splitlines())


def test_it_holds_everywhere():
    found = robustness(scenario(), executor=fakes.Fake(never_slow))
    assert found.answer == "holds in 9 of 9 settings of what AWS does not publish"
    assert found.verdict == "pass"


def test_what_fails_as_it_is_flips_where_it_holds():
    found = robustness(scenario(), executor=fakes.Fake(fast_with_four_slots))
    assert found.answer == (
        "holds in 1 of 9 settings of what AWS does not publish; "
        "fails as in the scenario (p90 < 500 ms: 50 % slower, limit 10 %); flips if endpoint.load_slots = 4"
    )


def test_undecided_is_named_and_never_counts_as_holding():
    found = robustness(scenario(), executor=fakes.Fake(unclear_with_hash))
    assert found.verdict == "undecided"
    assert found.answer == (
        "holds in 8 of 9 settings of what AWS does not publish; "
        "undecided if endpoint.router.policy = hash (p90 < 500 ms: 10 % [2.46 %, 17.5 %] slower, limit 10 %)"
    )
    given = robustness(scenario("endpoint.router.policy=hash"), executor=fakes.Fake(unclear_with_hash))
    assert given.data["holds"] == 3  # sticky: as it is, misrouted, by room
    assert "; undecided as in the scenario and if endpoint.router.misroute" not in given.answer
    assert "; undecided as in the scenario and if endpoint.load_slots = 1" in given.answer


def test_nothing_is_expected():
    found = robustness(scenario(text=TEXT.partition("expect")[0]), executor=fakes.Fake(slow_with_one_slot))
    assert found.verdict is None
    first, low, _, high, _ = re.split(r"([\d,.]+) ms", found.answer)
    assert first == "nothing is expected; over 9 settings of what AWS does not publish p99 lies between "
    assert (float(low), float(high.replace(",", ""))) == pytest.approx((100.0, 1000.0), rel=0.02)
    assert found.data["holds"] == 0


def test_a_setting_that_is_impossible_is_left_out_and_named():
    found = robustness(
        scenario("endpoint.memory=3 GiB", "endpoint.usable_memory=2 GiB"), executor=fakes.Fake(never_slow)
    )
    (left_out,) = found.left_out
    assert left_out.name == "endpoint.usable_memory = 102 MiB"
    assert left_out.reason.startswith("no memory is left for models")
    assert len(found.outcomes) == 9


def test_replications_of_the_file_count():
    assert robustness(scenario("run.replications=3"), executor=fakes.Fake(never_slow)).replications == 3
    assert robustness(scenario("run.replications=3"), replications=2, executor=fakes.Fake(never_slow)).replications == 2


def test_it_fits_the_schema_of_the_summary(flipped: Robustness):
    found = flipped
    run = slow_with_one_slot(scenario(), 0, None, None)
    result = replace(Result(scenario(), (run,)), robustness=found.data)
    schemas.of_summaries().validate(json.loads(result.to_json()))
    assert json.loads(found.to_json())["robustness"] == result.summary["robustness"]
    assert Result(scenario(), (run,)).summary["robustness"] is None


def test_tables_for_a_notebook(flipped: Robustness):
    found = flipped
    assert list(found.frame.index) == [outcome.name for outcome in found.outcomes]
    assert found.frame.loc["endpoint.load_slots = 1", "p90 < 500 ms"] == "fail"
    assert "holds in 8 of 9" in found._repr_html_()
    assert repr(found).startswith("Robustness('slots': holds in 8 of 9")


THRASHING = """\
name: thrashing
endpoint: {vcpu: 4, memory: 4 GiB, usable_memory: 1.1 GiB}
models:
  - name: m
    count: 40
    artifact_size: 1 MB
    memory: 1 MB
    process_memory: 40 MB
    load: {cpu: 0 s, wait: 1.2 s}
    service: {cpu: 5 ms}
traffic: [{arrivals: {poisson: {rate: 0.9 /s}}}]
run: {duration: 10 min, warmup: 1 min, replications: 3}
expect: [p90 < 5 s]
"""


@pytest.mark.parametrize(
    ("rate", "answer"),
    [("0.9 /s", "holds in 5 of 6 settings"), ("0.1 /s", "holds in 6 of 6 settings")],
)
def test_the_engine_itself(rate: str, answer: str):
    """Loads of 1.2 s, most calls miss: two slots serve 1.6 loads a second, one slot serves 0.8."""
    found = robustness(scenario("traffic.traffic-0.arrivals.poisson.rate=" + rate, text=THRASHING))
    assert found.answer.startswith(answer)
    assert found.self_check is None
    if "5 of" in answer:
        assert "flips if endpoint.load_slots = 1 (p90 < 5 s: " in found.answer


def test_what_is_in_the_store_is_not_simulated_again(tmp_path: Path) -> None:
    def fail(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
        raise AssertionError("simulated again")

    file = tmp_path / "settings.sqlite"
    first = robustness(scenario(), replications=2, executor=fakes.Fake(slow_with_one_slot), store=file)
    again = robustness(scenario(), replications=2, executor=fakes.Fake(fail), store=file)
    assert again.to_json() == first.to_json()


def test_with_deploys_what_they_shift_is_a_setting_and_new_hosts_are_under_each():
    text = "deploys=[{at: 1 s}, {at: 2 s, to: {endpoint.load_slots: 3}}, {at: 3 s, to: {endpoint.vcpu: 16}}]"
    base = scenario(text)
    possible, _ = under_each(base)
    assert [one.split_by for one, _ in possible].count("models") == 1
    slots = {
        setting.load_slots: [deploy.endpoint.load_slots for deploy in changed.deploys if deploy.endpoint is not None]
        for setting, changed in possible
        if setting == replace(Unknowns.of(base.endpoint), load_slots=setting.load_slots)
    }
    assert slots == {2: [2, 3, 8], 1: [1, 1, 8], 4: [4, 4, 8]}
    assert {one.split_by for one, _ in under_each(scenario())[0]} == {"calls"}
