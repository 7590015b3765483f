"""What `plan` and `sweep` vary is checked without a simulation, and what is wrong is said at its entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmesim.errors import ScenarioError
from mmesim.experiment.plan.priced import accelerators
from mmesim.experiment.varied import check_varied
from mmesim.scenario.file.template import Template

TEXT = """\
name: a
endpoint:
  instance_type: ml.m5.xlarge
  instance_count: 2
models: [{name: m, count: 30, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 5 ms}}]
traffic: [{arrivals: {poisson: {rate: 10 /s}}, popularity: {zipf: 1.0}}]
run: {duration: 60 s}
expect: [p99 < 1 s]
"""
TYPES = "endpoint.instance_type: [ml.m5.xlarge, ml.m5.4xlarge, ml.c5.2xlarge]"


def template(tmp_path: Path, more: str, **endpoint: str) -> Template:
    file = tmp_path / "a.yaml"
    given = "".join(f"  {key}: {value}\n" for key, value in endpoint.items())
    file.write_text(TEXT.replace("models:", given + "models:") + more)
    return Template.read(file)


def said(tmp_path: Path, more: str, **endpoint: str) -> str:
    with pytest.raises(ScenarioError) as error:
        check_varied(template(tmp_path, more, **endpoint))
    return str(error.value).replace(str(tmp_path / "a.yaml"), "a.yaml")


@pytest.mark.parametrize("section", ["plan", "sweep"])
@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("endpoint.instance_cont: 1..6", "endpoint.instance_cont: unknown key, one of"),
        ("endpoint.instance_count: 1-6", "endpoint.instance_count: '1-6' is not a range (write 1..6)"),
        ("endpoint.instance_count: 1 to 6", "endpoint.instance_count: '1 to 6' is not a range (write 1..6)"),
        ("endpoint.instance_count: [4, 0]", "endpoint.instance_count: 0 is too small: at least 1"),
        (
            "endpoint.instance_type: ml.m5.large, ml.m5.xlarge",
            "endpoint.instance_type: 'ml.m5.large, ml.m5.xlarge' is one value "
            "(write a list: [ml.m5.large, ml.m5.xlarge])",
        ),
        ("models.n.workers: 2", "models.n.workers: there is no 'n' here, only m"),
    ],
)
def test_a_wrong_entry_of_a_grid_is_said_once_with_its_line(tmp_path, section, entry, words):
    more = f"{section}:\n  grid:\n    endpoint.load_slots: [1, 2, 3]\n    {entry}\n"
    lines = said(tmp_path, more).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"a.yaml:12: {section}.grid.{words}")


def test_a_wrong_point_of_a_sweep_is_said_with_its_line(tmp_path):
    more = "sweep:\n  points:\n    - {endpoint.instance_count: 1}\n    - {endpoint.instance_count: none}\n"
    assert said(tmp_path, more).startswith("a.yaml:11: sweep.points.0.endpoint.instance_count: 'none' is not a number")


def test_a_value_in_the_middle_of_a_grid_is_tried_too(tmp_path):
    assert "'two' is not a number" in said(tmp_path, "sweep: {grid: {endpoint.instance_count: [1, two, 3]}}\n")


def test_what_can_be_is_left_alone(tmp_path):
    check_varied(template(tmp_path, f"plan: {{grid: {{{TYPES}, endpoint.instance_count: 1..900}}}}\n"))
    check_varied(template(tmp_path, "sweep: {sample: {n: 4, ranges: {endpoint.load_slots: {low: 1, high: 9}}}}\n"))
    check_varied(template(tmp_path, ""))


def test_a_fleet_that_contradicts_itself_is_no_mistake_of_a_plan(tmp_path):
    check_varied(template(tmp_path, "plan: {grid: {endpoint.memory: [0.5 GiB, 16 GiB]}}\n"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("price_per_hour", "0.20 USD"),
        ("price_per_hour", "0.23 USD"),  # the catalogue's own, of ml.m5.xlarge
        ("vcpu", "4"),
        ("memory", "16 GiB"),
        ("network", "1 Gbit/s"),
        ("threads_per_core", "1"),
        ("usable_memory", "10 GiB"),
    ],
)
def test_a_figure_of_one_type_is_refused_where_a_plan_has_several(tmp_path, key, value):
    text = said(tmp_path, f"plan: {{grid: {{{TYPES}}}}}\n", **{key: value})
    assert text.startswith(f"a.yaml:5: endpoint.{key}: belongs to ml.m5.xlarge, but in plan.grid ml.m5.4xlarge")
    prices = "give the price of each type: endpoint: {prices: {ml.m5.xlarge: 0.23 USD}}"
    assert (prices if key == "price_per_hour" else "leave it out: the catalogue has that of each type") in text


@pytest.mark.parametrize(
    ("grid", "endpoint"),
    [
        ("endpoint.instance_count: 1..3", {"price_per_hour": "0.20 USD"}),
        ("endpoint.instance_type: [ml.m5.xlarge]", {"price_per_hour": "0.20 USD"}),
        (f"{TYPES}, endpoint.price_per_hour: [0.2 USD, 0.3 USD]", {}),
        (TYPES, {"cpu_speed": "0.8", "smt_yield": "1.2"}),
    ],
)
def test_a_figure_that_is_meant_for_all_is_not(tmp_path, grid, endpoint):
    check_varied(template(tmp_path, f"plan: {{grid: {{{grid}}}}}\n", **endpoint))


def test_a_type_without_a_price_is_refused_at_its_entry(tmp_path):
    text = said(tmp_path, "plan: {grid: {endpoint.instance_type: [ml.m5.xlarge]}}\n", region="mx-central-1")
    assert text.startswith(
        "a.yaml:10: plan.grid.endpoint.instance_type: no price is known for ml.m5.xlarge in mx-central-1"
    )


def test_what_is_paid_for_each_type_may_stand_beside_several(tmp_path):
    grid = "plan: {grid: {endpoint.instance_type: [ml.m5.xlarge, ml.c5.2xlarge]}}\n"
    prices = {"prices": "{ml.m5.xlarge: 0.15 USD, ml.c5.2xlarge: 0.2 USD}"}
    check_varied(template(tmp_path, grid, **prices, region="mx-central-1"))


def test_types_with_accelerators_are_named(tmp_path):
    found = accelerators(template(tmp_path, "plan: {grid: {endpoint.instance_type: [ml.c5.large, ml.g4dn.xlarge]}}\n"))
    assert [finding.evidence["instance_type"] for finding in found] == ["ml.g4dn.xlarge"]
    assert accelerators(template(tmp_path, "")) == []
