"""`deploys:` of a scenario file: what it means, what is refused, and what a resolved file keeps of it."""

import pytest

from mmesim.errors import ScenarioError
from mmesim.preflight.check import findings
from mmesim.scenario.deploys.strategy import AllAtOnce, Canary, Rolling
from mmesim.scenario.file.dump import dump, source
from mmesim.scenario.scenario import Scenario

TO = "{endpoint.instance_type: ml.c5.4xlarge, endpoint.instance_count: 3}"


def with_deploys(base: str, *deploys: str) -> str:
    items = "".join(f"  - {{{one}}}\n" for one in deploys)
    return f"{base}deploys:\n{items}"


def test_a_deploy_by_default_is_the_same_configuration_again_all_at_once(base, scenario):
    (deploy,) = scenario(with_deploys(base, "at: 30 s")).deploys
    assert (deploy.name, deploy.at_s, deploy.strategy, deploy.to) == ("deploy-0", 30.0, AllAtOnce(), {})
    assert (deploy.termination_wait_s, deploy.rollback_when, deploy.retain_count) == (0.0, None, False)
    assert deploy.endpoint == scenario().endpoint


def test_the_new_configuration_is_the_file_with_the_changes_put_over_it(base, scenario):
    loaded = scenario(with_deploys(base, f"at: 30 s, to: {TO}, strategy: {{canary: {{share: 10 %, wait: 5 s}}}}"))
    endpoint, strategy = loaded.deploys[0].endpoint, loaded.deploys[0].strategy
    assert endpoint is not None
    assert (endpoint.host.vcpu, endpoint.instance_count, endpoint.load_slots) == (16, 3, 8)
    assert isinstance(strategy, Canary)
    assert (strategy.share, strategy.wait_s) == (0.1, 5.0)
    assert loaded.endpoint == scenario().endpoint
    assert loaded.changes_over_time == "deploy 'deploy-0' replaces the hosts"


def test_defaults_follow_again_for_each_deploy_and_a_resolved_file_keeps_them(base, scenario, write):
    loaded = scenario(with_deploys(base, f"at: 30 s, to: {TO}"))
    assert "vcpu" not in source(loaded)
    assert Scenario.from_yaml(write(dump(loaded), "resolved.yaml")) == loaded
    changed = loaded.with_({"endpoint.memory_threshold": "70 %", "deploys.deploy-0.at": "20 s"})
    assert changed.deploys[0].endpoint is not None
    assert (changed.deploys[0].endpoint.memory_threshold, changed.deploys[0].at_s) == (0.7, 20.0)
    bare = loaded.deploys[0].model_copy(update={"endpoint": None})
    assert loaded.endpoint_of(bare) == loaded.endpoint_of(loaded.deploys[0])


def test_an_override_replaces_a_strategy_and_the_changes_as_a_whole(base, scenario):
    text = with_deploys(base, f"name: up, at: 30 s, to: {TO}, strategy: {{linear: {{step: 20 %, wait: 5 s}}}}")
    rolling = "deploys.up.strategy={rolling: {batch: 50 %, wait: 0 s}}"
    deploy = scenario(text, rolling, "deploys.up.to={endpoint.instance_count: 5}").deploys[0]
    assert deploy.to == {"endpoint.instance_count": 5}
    assert isinstance(deploy.strategy, Rolling)


@pytest.mark.parametrize(
    ("text", "field", "message", "hint"),
    [
        (
            "at: 1 s, strategy: {canary: {share: 60 %, wait: 1 s}}",
            "strategy.canary.share",
            "60 % is refused by SageMaker: a canary is above 0 % and at most 50 % of the hosts",
            None,
        ),
        (
            "at: 1 s, strategy: {linear: {step: 5 %, wait: 1 s}}",
            "strategy.linear.step",
            "5 % is refused by SageMaker: a step is 10 % to 50 % of the hosts",
            None,
        ),
        (
            "at: 1 s, strategy: {rolling: {batch: 60 %, wait: 1 s}}",
            "strategy.rolling.batch",
            "60 % is refused by SageMaker: a batch is 5 % to 50 % of the hosts",
            None,
        ),
        (
            "at: 1 s, strategy: {rolling: {batch: 50 %, wait: 2 h}}",
            "strategy.rolling.wait",
            "2 h is too long: SageMaker waits at most 1 h",
            None,
        ),
        (
            "at: 1 s, termination_wait: 61 min",
            "termination_wait",
            "61 min is too long: SageMaker waits at most 1 h",
            None,
        ),
        (
            "at: 1 s, strategy: {rolling: {batch: 50 %, wait: 1 s}}, termination_wait: 1 s",
            "termination_wait",
            "a rolling deploy has no termination wait: each batch of old hosts goes after the wait of the batch",
            "strategy: {rolling: {batch: ..., wait: ...}}",
        ),
        (
            "at: 1 s, retain_count: true, to: {endpoint.instance_count: 3}",
            "to.endpoint.instance_count",
            "retain_count: true keeps the count that the endpoint has, whatever this says",
            "remove one of the two",
        ),
        (
            "at: 1 s, rollback_when: p99 > 1 s",
            "rollback_when",
            "is never checked: alarms are watched during the waits, the longest of which is 0 s, in windows of 60 s",
            "write termination_wait: 10 min",
        ),
        (
            "at: 1 s, strategy: {canary: {share: 10 %, wait: 2 min}}, rollback_when: p99 in every 5 min > 1 s",
            "rollback_when",
            "is never checked: alarms are watched during the waits, the longest of which is 2 min, in windows of 5 min",
            "write termination_wait: 10 min",
        ),
        (
            "at: 1 s, termination_wait: 5 min, rollback_when: p99 of nobody > 1 s",
            "rollback_when",
            "there is no model or group 'nobody' (column 8)",
            "the only group is tenant",
        ),
        (
            "at: 1 s, to: {endpoint.instance_type: ml.c5.9xlrge}",
            "to.endpoint.instance_type",
            "unknown instance type 'ml.c5.9xlrge'",
            "did you mean ml.c5.9xlarge?",
        ),
        (
            "at: 1 s, to: {endpoint.base_memory: 20 GiB}",
            "to",
            "no memory is left for models: 12.8 GiB usable, 20 GiB for the container itself",
            None,
        ),
        (
            "at: 1 s, to: {endpoint: {load_slots: 3}}",
            "to.endpoint",
            "names a whole section: name its keys, as --set does",
            "write endpoint.load_slots: 3",
        ),
        (
            "at: 1 s, termination_wait: 10 min, rollback_when: p99 < 500 ms",
            "rollback_when",
            "is true while all is well: a deploy is undone when its alarm becomes true",
            "write p99 > 500 ms",
        ),
        (
            "at: 1 s, termination_wait: 10 min, rollback_when: cache_hit_ratio >= 90 %",
            "rollback_when",
            "is true while all is well: a deploy is undone when its alarm becomes true",
            "write cache_hit_ratio <= 90 %",
        ),
        ("at: 1 s, to: {endpoint.load_slots: [3]}", "to.endpoint.load_slots", "a list is not a value", None),
    ],
)
def test_what_is_refused_is_said_with_its_place(base, problems, text, field, message, hint):
    (problem,) = problems(with_deploys(base, text))
    assert (problem.field, problem.message, problem.hint) == (f"deploys.deploy-0.{field}", message, hint)
    assert problem.line == len(base.splitlines()) + 2


@pytest.mark.parametrize(
    ("key", "reason", "hint"),
    [
        ("endpoint.eviction", "is one rule for all hosts of the endpoint, old and new", None),
        ("server.job_queue_size", "is the same on old and new hosts", None),
        ("models.tenant.memory", "is the same on old and new hosts; a new image", None),
        ("instance_type", "is not a key of an endpoint's configuration", "write endpoint.instance_type"),
        ("endpoint.load_slot", "is not a key of an endpoint's configuration", "did you mean endpoint.load_slots?"),
        ("run.seed", "is not a key of an endpoint's configuration", None),
    ],
)
def test_only_what_each_host_has_for_itself_can_change(base, problems, key, reason, hint):
    (problem,) = problems(with_deploys(base, f"at: 1 s, to: {{{key}: 1}}"))
    assert problem.field == f"deploys.deploy-0.to.{key}"
    assert problem.message.startswith(reason)
    assert "of `endpoint` a deploy can change instance_type, instance_count" in problem.message
    assert problem.hint == hint


def test_figures_of_one_type_are_not_given_to_another(base, problems):
    text = with_deploys(base, "at: 1 s, to: {endpoint.instance_type: ml.c5.4xlarge}")
    (problem,) = problems(text, "endpoint.price_per_hour=0.3 USD")
    assert problem.message == "gives ml.c5.4xlarge the scenario's price_per_hour, figures of its own type"
    assert problem.hint == "say what is meant: to: {endpoint.price_per_hour: ...}, or remove endpoint.price_per_hour"


def test_keys_of_a_strategy_belong_inside_it(base, problems):
    (problem,) = problems(with_deploys(base, "at: 1 s, share: 10 %"))
    assert problem.hint == "it belongs inside: strategy: {canary: {share: 10 %}}"


def test_a_deploy_after_the_end_is_noted_and_never_comes(base, scenario):
    late = scenario(with_deploys(base, "name: up, at: 2 min"))
    (found,) = [one for one in findings(late) if one.id == "deploy"]
    assert found.severity == "note"
    assert found.text == "deploy 'up' never comes: it is due at 2 min, and the run ends at 60 s"
    assert found.try_ == "deploys.up.at=30 s, or a longer run.duration"


def test_a_deploy_that_is_due_while_another_is_under_way_is_noted(base, scenario):
    text = with_deploys(base, "name: a, at: 1 s, termination_wait: 10 s", "name: b, at: 5 s")
    (found,) = [one for one in findings(scenario(text)) if one.id == "deploys_overlap"]
    assert found.severity == "warning"
    assert "deploy b is due at 5 s, when deploy a is under way" in found.text
    assert "SageMaker refuses UpdateEndpoint while the endpoint is Updating" in found.text
    # Without a wait only the time that hosts take to come, which varies, says so.
    soon = scenario(with_deploys(base, "name: a, at: 1 s", "name: b, at: 50 s"))
    (found,) = [one for one in findings(soon) if one.id == "deploys_overlap"]
    assert (found.severity, "deploy a may be under way" in found.text) == ("note", True)
    apart = scenario(with_deploys(base, "name: a, at: 1 s", "name: b, at: 50 s"), "endpoint.provisioning=10 s")
    assert [one.id for one in findings(apart) if one.id == "deploys_overlap"] == []


def test_two_deploys_of_one_name_are_refused(base, problems):
    (problem,) = problems(with_deploys(base, "name: a, at: 1 s", "name: a, at: 2 s"))
    assert problem.message == "two deploys are called 'a'"


def test_a_deploy_made_in_python_is_checked_too(scenario):
    with pytest.raises(ScenarioError, match="two deploys are called 'a'"):
        scenario().with_({"deploys": [{"name": "a", "at": "3 s"}, {"name": "a", "at": "4 s"}]})


SCALED = "endpoint.autoscaling={policy: target_tracking, metric: InvocationsPerInstance, target: 1000, min: 1, max: 4}"


def test_the_type_of_a_variant_with_autoscaling_cannot_change(base, problems):
    text = with_deploys(base, "at: 1 s, to: {endpoint.instance_type: ml.c5.4xlarge}")
    (problem,) = problems(text, SCALED)
    assert problem.field == "deploys.deploy-0.to.endpoint.instance_type"
    assert problem.message == (
        "SageMaker refuses an update that changes the instance type of a variant with autoscaling"
    )


def on_devices(to: str) -> str:
    return f"""
        name: g
        endpoint: {{instance_type: ml.g4dn.xlarge}}
        models: {{name: m, artifact_size: 1 MB, memory: 1 MB, device_memory: 1 MB, service: {{device: 5 ms}}}}
        traffic: {{arrivals: {{poisson: {{rate: 1 /s}}}}}}
        run: {{duration: 1 min}}
        deploys: [{{at: 10 s, to: {{endpoint.instance_type: {to}}}}}]
    """


def test_models_on_devices_are_not_deployed_to_hosts_without_any_or_with_more(problems):
    (without,) = problems(on_devices("ml.m5.xlarge"))
    assert (without.field, without.line) == ("deploys.deploy-0.to", 7)
    assert "ml.m5.xlarge has none" in without.message
    (more,) = problems(on_devices("ml.g4dn.12xlarge"))
    assert (more.field, more.line) == ("deploys.deploy-0.to.endpoint.instance_type", 7)
    assert more.message == "brings hosts with 4 devices in place of 1: a deploy cannot give hosts more devices"


def test_autoscaling_waits_for_a_deploy(base, problems, scenario):
    text = with_deploys(base, "at: 1 s")
    assert scenario(text, SCALED).deploys
    (problem,) = problems(text, SCALED, "endpoint.serial_scaling=false")
    assert problem.field == "endpoint.serial_scaling"
    assert problem.message.startswith("autoscaling waits while a deploy updates the endpoint")
