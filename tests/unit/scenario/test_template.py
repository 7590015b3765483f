"""A scenario with some values changed: by the names of a file, with every default that follows from them."""

from __future__ import annotations

import pytest

from mmesim.errors import ScenarioError
from mmesim.scenario import Service
from mmesim.scenario.file.dump import dump
from mmesim.scenario.file.load import load
from mmesim.scenario.file.template import Template
from mmesim.scenario.values.times import Lognormal
from tests.helpers.files import QUICKSTART, SCENARIOS
from tests.helpers.texts import load_text


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_what_was_given_gives_the_scenario_again(path):
    scenario = load(path)
    assert Template.of(scenario).at() == scenario
    assert Template.read(path).at() == scenario


def test_defaults_follow_the_changed_value():
    scenario = load(QUICKSTART)
    larger = scenario.with_({"endpoint.instance_type": "ml.m5.4xlarge"})
    assert (scenario.endpoint.load_slots, larger.endpoint.load_slots) == (2, 8)
    assert larger.endpoint.host.vcpu == 16
    assert larger == load(QUICKSTART, ["endpoint.instance_type=ml.m5.4xlarge"])


def test_a_default_that_was_given_stays():
    scenario = load(QUICKSTART, ["endpoint.load_slots=3"]).with_({"endpoint.instance_type": "ml.m5.4xlarge"})
    assert scenario.endpoint.load_slots == 3


def test_a_host_by_hand_changes_by_its_figures():
    by_hand = load_text(dump(load(QUICKSTART))).with_({"endpoint.vcpu": 8})
    assert (by_hand.endpoint.host.vcpu, by_hand.endpoint.host.memory_bytes) == (8, 16 * 2**30)
    overridden = load(QUICKSTART, ["endpoint.cpu_speed=0.8"]).with_({"endpoint.instance_type": "ml.c5.2xlarge"})
    assert (overridden.endpoint.host.vcpu, overridden.endpoint.host.cpu_speed) == (8, 0.8)


def test_a_host_that_no_file_gives_is_kept():
    scenario = load(QUICKSTART)
    host = scenario.endpoint.host.model_copy(update={"price_source": "a contract"})
    own = scenario.model_copy(update={"endpoint": scenario.endpoint.model_copy(update={"host": host})})
    assert own.with_({"run.seed": 3}).endpoint.host == host


def test_values_are_written_as_in_a_file_or_as_plain_data():
    scenario = load(QUICKSTART)
    changed = scenario.with_(
        {
            "endpoint.instance_count": 6,
            "models.tenant.memory": "60 MiB",
            "models.tenant.service": {"cpu": {"lognormal": {"mean": "20 ms", "cv": 1.5}}},
            "endpoint.pid_limit": None,
            "endpoint.warm": True,
            "endpoint.memory_threshold": 1e-1,
        }
    )
    assert changed.endpoint.instance_count == 6
    assert changed.models[0].memory_bytes == 60 * 2**20
    assert changed.models[0].service == Service(cpu=Lognormal(0.02, 1.5))
    assert changed.endpoint.pid_limit is None
    assert changed.endpoint.warm is True
    assert changed.endpoint.memory_threshold == 0.1
    assert changed.with_() == changed
    assert changed.with_(name="other").name == "other"


def test_changes_one_after_the_other_add_up():
    scenario = load(QUICKSTART)
    both = scenario.with_({"endpoint.instance_count": 6}).with_({"run.seed": 5})
    assert both == scenario.with_({"run.seed": 5, "endpoint.instance_count": 6})
    copied = scenario.model_copy(update={"name": "copy"}).with_({"run.seed": 5})
    assert (copied.name, copied.run.seed) == ("copy", 5)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"endpoint.instance_cuont": 6}, "did you mean instance_count"),
        ({"models.tenants.memory": "1 MiB"}, "did you mean tenant"),
        ({"models.tenant.memory": 60}, "60"),
        ({"endpoint.instance_count": 0}, "endpoint.instance_count"),
    ],
)
def test_a_wrong_change_is_told(changes, told):
    with pytest.raises(ScenarioError, match=told):
        load(QUICKSTART).with_(changes)


COUNT, TYPE = "endpoint.instance_count", "endpoint.instance_type"


def test_a_grid_is_replaced_as_a_whole_and_one_of_its_fields_by_its_name():
    template = Template.of(load(QUICKSTART, [f"plan={{grid: {{{COUNT}: 1..3, {TYPE}: [ml.m5.large, ml.c5.large]}}}}"]))
    whole = template.over([f"plan.grid={{{COUNT}: [4, 5]}}"]).at().plan
    field = template.over([f"plan.grid.{COUNT}=4..5"]).at().plan
    new = template.over(["plan.grid.server.default_workers_per_model=[1, 2]"]).at().plan
    grids = [dict(plan.grid) for plan in (whole, field, new) if plan is not None]
    assert grids[:2] == [{COUNT: (4, 5)}, {COUNT: (4, 5), TYPE: ("ml.m5.large", "ml.c5.large")}]
    assert {*grids[2]} == {COUNT, TYPE, "server.default_workers_per_model"}


def test_a_file_that_extends_another_has_its_own_grid(tmp_path):
    (tmp_path / "over.yaml").write_text(f"extends: base.yaml\nsweep: {{grid: {{{COUNT}: [4]}}}}\n")
    base = Template.of(load(QUICKSTART, [f"sweep={{grid: {{{TYPE}: [ml.m5.large]}}}}"])).at()
    (tmp_path / "base.yaml").write_text(dump(base))
    sweep = load(tmp_path / "over.yaml").sweep
    assert sweep is not None
    assert sweep.grid == {COUNT: (4,)}
