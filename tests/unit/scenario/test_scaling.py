"""The same scenario with other traffic, other numbers of models, and fewer instances."""

from __future__ import annotations

import math

import pytest

from mmesim.errors import ScenarioError, UserError
from mmesim.scenario import Scenario
from mmesim.scenario.losses import with_fewer_instances
from mmesim.scenario.scaling import count_of, with_models, with_traffic
from tests.helpers.texts import load_text

BASE = """
name: scaled
endpoint: {{instance_type: ml.m5.xlarge, instance_count: 4}}
models: {models}
traffic:
  - name: calls
{traffic}
run: {{duration: 2 min, warmup: 0 s, replications: 1}}
"""
TENANTS = "[{name: tenant, count: 20, artifact_size: 40 MB, memory: 40 MiB, framework: xgboost, service: {cpu: 12 ms}}]"
TWO = (
    "[{name: small, count: 20, artifact_size: 4 MB, memory: 4 MiB, framework: xgboost, service: {cpu: 2 ms}}, "
    "{name: large, count: 5, artifact_size: 40 MB, memory: 40 MiB, framework: xgboost, service: {cpu: 12 ms}}]"
)
WEIGHTED = TENANTS.replace("count: 20,", "count: 20, weight: 3,")
POISSON = ("arrivals: {poisson: {rate: 120 /s}}",)


def scenario(*traffic: str, models: str = TENANTS) -> Scenario:
    return load_text(BASE.format(models=models, traffic="\n".join(f"    {line}" for line in traffic)))


PROCESSES = [
    ("{poisson: {rate: 3 /s}}", "{poisson: {rate: 6 /s}}"),
    ("{constant: {rate: 3 /s}}", "{constant: {rate: 6 /s}}"),
    ("{gamma: {rate: 3 /s, cv: 2}}", "{gamma: {rate: 6 /s, cv: 2}}"),
    ("{hyperexponential: {rate: 3 /s, cv: 2}}", "{hyperexponential: {rate: 6 /s, cv: 2}}"),
    ("{on_off: {rate: 3 /s, on: 1 min, off: 1 h}}", "{on_off: {rate: 6 /s, on: 1 min, off: 1 h}}"),
    (
        "{mmpp: {states: {calm: {rate: 2 /s, stay: 5 min}, busy: {rate: 20 /s, stay: 30 s}}}}",
        "{mmpp: {states: {calm: {rate: 4 /s, stay: 5 min}, busy: {rate: 40 /s, stay: 30 s}}}}",
    ),
    ("{schedule: {rates: {0 s: 2 /s, 1 min: 10 /s}}}", "{schedule: {rates: {0 s: 4 /s, 1 min: 20 /s}}}"),
    (
        "{ramp: {start_rate: 1 /s, stages: [{duration: 1 min, target: 5 /s}]}}",
        "{ramp: {start_rate: 2 /s, stages: [{duration: 1 min, target: 10 /s}]}}",
    ),
    ("{diurnal: {mean: 3 /s}}", "{diurnal: {mean: 6 /s}}"),
    (
        "{flash_crowd: {base: 3 /s, peak: 9 /s, at: 10 s, hold: 20 s}}",
        "{flash_crowd: {base: 6 /s, peak: 18 /s, at: 10 s, hold: 20 s}}",
    ),
    ("{sweep: {rate: 3 /s, every: 1 min}}", "{sweep: {rate: 6 /s, every: 30 s}}"),
    (
        "{closed_loop: {users: 7, spawn_rate: 1 /s, think_time: 1 s}}",
        "{closed_loop: {users: 14, spawn_rate: 2 /s, think_time: 1 s}}",
    ),
    (
        "{closed_loop: {users: 2, stages: [{duration: 1 min, target: 10}]}}",
        "{closed_loop: {users: 4, stages: [{duration: 1 min, target: 20}]}}",
    ),
]
NAMES = [text.split(":")[0][1:] for text, _ in PROCESSES]


@pytest.mark.parametrize(("text", "doubled"), PROCESSES, ids=NAMES)
def test_every_process_has_twice_its_rates(text: str, doubled: str):
    assert with_traffic(scenario(f"arrivals: {text}"), 2.0) == scenario(f"arrivals: {doubled}")


@pytest.mark.parametrize("text", [text for text, _ in PROCESSES], ids=NAMES)
def test_twice_by_two_is_by_four_and_by_one_is_nothing(text: str):
    one = scenario(f"arrivals: {text}")
    assert with_traffic(with_traffic(one, 2.0), 2.0) == with_traffic(one, 4.0)
    assert with_traffic(one, 1.0) is one


def test_a_limit_to_the_calls_grows_so_that_the_stream_lasts_as_long():
    assert with_traffic(scenario(*POISSON, "calls: 50"), 3.0).traffic[0].calls == 150


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{sweep: {rate: 3 /s}}", "a single sweep calls every model once"),
        ("{closed_loop: {users: 1}}", "1 users x 1.3 are 1.3 users: too few"),
        ("{closed_loop: {users: 2}}", "2 users x 1.3 are 2.6 users: too few"),
        ("{closed_loop: {users: 90000}}", "117,000 users are too many"),
    ],
)
def test_what_has_no_multiple_is_refused_with_its_place(text: str, message: str):
    with pytest.raises(ScenarioError, match=message) as error:
        with_traffic(scenario(f"arrivals: {text}"), 1.3)
    assert "traffic.calls.arrivals" in str(error.value)


@pytest.mark.parametrize("factor", [0.0, -1.0, math.inf, math.nan])
def test_a_factor_is_positive(factor: float):
    with pytest.raises(ValueError, match="positive"):
        with_traffic(scenario(*POISSON), factor)


def rates(one: Scenario) -> dict[str, float]:
    from mmesim.preflight.offered import Offered

    offered = Offered(one)
    return dict(zip([model.name for model in offered.models], offered.mean_per_s.tolist(), strict=True))


@pytest.mark.parametrize(
    ("popularity", "models"),
    [
        ("uniform", TENANTS),
        ("{zipf: 0.9}", TENANTS),
        ("{zipf: 2}", TENANTS),
        ("weights", WEIGHTED),
        ("{tenants: {size: 5, between: {zipf: 1}, within: {zipf: 0.5}}}", TENANTS),
        ("{tenants: {by: group, within: {zipf: 1}}}", TENANTS),
    ],
)
@pytest.mark.parametrize("count", [10, 35, 1200])
def test_each_model_that_stays_is_called_as_often(popularity: str, models: str, count: int):
    before = scenario(*POISSON, f"popularity: {popularity}", models=models)
    after = with_models(before, count)
    assert count_of(after) == len(after.model_table()) == count
    old, new = list(rates(before).values()), list(rates(after).values())
    for x, y in zip(old, new, strict=False):
        assert y == pytest.approx(x, rel=1e-9)
    assert sum(new) == pytest.approx(sum(old) if count == 20 else sum(new))
    assert (sum(new) > sum(old)) == (count > 20)


def test_drawn_rates_stay_on_average():
    before = scenario(*POISSON, "popularity: {lognormal: {cv: 2}}")
    after = with_models(before, 40)
    assert sum(rates(after).values()) == pytest.approx(240.0)


def test_the_same_calls_over_more_models():
    after = with_models(scenario(*POISSON, "popularity: {zipf: 0.9}"), 40, keep_total=True)
    assert sum(rates(after).values()) == pytest.approx(120.0)
    assert len(after.model_table()) == 40


def test_the_same_count_changes_nothing():
    one = scenario(*POISSON)
    assert with_models(one, 20) is one


def test_one_group_of_two_leaves_the_other_and_its_calls():
    large = ("", "- name: big", "  models: [large]", *(f"  {line}" for line in POISSON))
    text = BASE.format(models=TWO, traffic="    models: [small]\n    arrivals: {poisson: {rate: 120 /s}}")
    one = load_text(text.replace("run:", "  " + "\n  ".join(large[1:]) + "\nrun:"))
    more = with_models(one, 10, "large")
    old, new = rates(one), rates(more)
    assert {name: new[name] for name in old} == pytest.approx(old)
    assert len(new) == 30
    assert count_of(more, "large") == 10


@pytest.mark.parametrize(("count", "sizes"), [(50, [40, 10]), (25, [20, 5]), (2, [1, 1]), (3, [2, 1]), (26, [21, 5])])
def test_all_groups_keep_their_proportions(count: int, sizes: list[int]):
    more = with_models(scenario(*POISSON, models=TWO), count)
    assert [one.count for one in more.models] == sizes


@pytest.mark.parametrize("which", [{"endpoint.only": ["large"]}, {"endpoint.without": ["small"]}])
def test_models_that_are_hosted_elsewhere_do_not_count(which: dict[str, list[str]]):
    part = scenario(*POISSON, models=TWO).with_(which)
    assert count_of(part) == 5
    more = with_models(part, 50)
    assert [one.count for one in more.models] == [20, 50]
    assert len(more.hosted) == 50
    with pytest.raises(UserError, match="does not host the models of 'small'"):
        count_of(part, "small")


def test_a_group_that_is_hosted_in_part_has_no_other_number():
    part = scenario(*POISSON, models=TWO).with_({"endpoint.without": ["large-000"]})
    with pytest.raises(UserError, match=r"hosts 4 of the 5 models of 'large', .* whole groups in endpoint\.without"):
        count_of(part)
    assert count_of(part, "small") == 20


def test_every_group_keeps_a_model():
    three = TWO.replace("count: 5", "count: 1").replace("count: 20", "count: 100")
    more = with_models(scenario(*POISSON, models=three), 2)
    assert [one.count or 1 for one in more.models] == [1, 1]


def test_drift_moves_each_model_as_often():
    one = scenario(*POISSON, "popularity: {zipf: 1}", "drift: {swaps: 10 /h}")
    drift = with_models(one, 40).traffic[0].drift
    assert drift is not None
    assert drift.swaps_per_s == pytest.approx(20 / 3600)


@pytest.mark.parametrize(
    ("count", "group", "message"),
    [
        (40, "tennant", "no group of models 'tennant' .did you mean tenant"),
        (0, None, "0 models cannot be: from 1 to 2,000,000"),
        (3_000_000, None, "3,000,000 models cannot be"),
    ],
)
def test_mistakes_are_named(count: int, group: str | None, message: str):
    with pytest.raises(UserError, match=message):
        with_models(scenario(*POISSON), count, group)


def test_fewer_models_than_the_scenario_names_are_refused():
    with pytest.raises(ScenarioError, match="no model or group 'tenant-015'"):
        with_models(scenario("models: [tenant-015]", *POISSON), 10)


def test_the_share_of_a_group_that_is_a_tenant_is_fixed():
    one = scenario(*POISSON, "popularity: {tenants: {by: group}}", models=TWO)
    with pytest.raises(ScenarioError, match="the share of each group is fixed"):
        with_models(one, 30)


def test_models_of_a_table_are_their_own(tmp_path):
    table = tmp_path / "models.csv"
    table.write_text("name,memory\na,40 MiB\nb,50 MiB\n")
    models = f"[{{name: rows, file: {table}, artifact_size: 1 MB, framework: xgboost, service: {{cpu: 1 ms}}}}]"
    with pytest.raises(UserError, match=r"are those of .*models\.csv, each .* `mmesim capacity --of traffic` finds"):
        with_models(scenario(*POISSON, models=models), 3)


def test_recorded_traffic_scales_by_its_own_rate_and_names_its_models(tmp_path):
    trace = tmp_path / "calls.csv"
    trace.write_text("time,model\n0.5,tenant-000\n1.5,tenant-001\n")
    one = scenario(f"trace: {{file: {trace}, rate: 2}}")
    source = with_traffic(one, 1.5).traffic[0].trace
    assert source is not None
    assert source.rate == 3.0
    with pytest.raises(ScenarioError, match=r"calls the models that it names.*`mmesim capacity --of traffic` finds"):
        with_models(one, 40)


@pytest.mark.parametrize(
    ("count", "without_one", "without_a_zone"), [(1, None, None), (2, 1, 1), (3, 2, 2), (4, 3, 2), (7, 6, 4), (9, 8, 6)]
)
def test_the_largest_zone_is_lost(count: int, without_one: int | None, without_a_zone: int | None):
    one = scenario(*POISSON).with_({"endpoint.instance_count": count})
    left = with_fewer_instances(one, "instance"), with_fewer_instances(one, "zone")
    assert [None if x is None else x.endpoint.instance_count for x in left] == [without_one, without_a_zone]
    assert one.endpoint.zones == 3


def test_an_endpoint_of_one_zone_is_lost_as_a_whole():
    one = scenario(*POISSON).with_({"endpoint.instance_count": 4, "endpoint.zones": 1})
    assert with_fewer_instances(one, "zone") is None
