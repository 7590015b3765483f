"""The section `endpoint.autoscaling`: its short form, other spellings, and what is refused with what to write."""

from __future__ import annotations

import pytest

from mmesim.engine.simulation import Simulation
from mmesim.preflight.check import findings
from mmesim.scenario import Scenario
from mmesim.scenario.endpoint.autoscaling.autoscaling import Autoscaling
from mmesim.scenario.endpoint.autoscaling.metrics import METRICS
from mmesim.scenario.endpoint.autoscaling.policies import AdjustmentType, Step, TargetTracking
from mmesim.scenario.file.dump import dump, source
from mmesim.scenario.values.function import Function

TRACKING = "policy: target_tracking, metric: InvocationsPerInstance, target: 4000, min: 2, max: 8"


STEPS = "policy: step, metric: QueueFull, threshold: 1, min: 1, max: 3, steps"


def tracking(metric: str, target: str) -> str:
    return f"policy: target_tracking, metric: {metric}, target: {target}, min: 2, max: 8"


@pytest.fixture
def scaled(base, scenario):
    """The autoscaling of a text in braces, with overrides."""

    def scaled(text: str, *overrides: str) -> Autoscaling:
        found: Scenario = scenario(with_scaling(base, text), *overrides)
        assert found.endpoint.autoscaling is not None
        return found.endpoint.autoscaling

    return scaled


@pytest.fixture
def refused(base, problems):
    """The only problem of a text in braces: field, message and hint; keys of the endpoint may follow."""

    def refused(text: str, endpoint: str = "", *overrides: str) -> tuple[str, str, str | None]:
        (problem,) = problems(with_scaling(base, text, endpoint), *overrides)
        return problem.field, problem.message, problem.hint

    return refused


def with_scaling(base: str, text: str, endpoint: str = "") -> str:
    return base.replace("models:\n", f"  autoscaling: {{{text}}}\n{endpoint}models:\n", 1)


def test_the_short_form_is_a_list_of_one_policy(scaled):
    long = "min: 2, max: 8, policies: [{target_tracking: {metric: InvocationsPerInstance, target: 4000}}]"
    assert scaled(TRACKING) == scaled(long)
    step = scaled(
        "policy: step, metric: QueueFull, threshold: 1, steps: [{lower_bound: 0, adjustment: 1}], min: 1, max: 3"
    )
    assert isinstance(step.policies[0], Step)
    own = scaled("policy: mine:scale, min: 1, max: 3")
    assert isinstance(own.policies[0], Function)
    assert own.policies[0].folder is not None


def test_defaults_are_those_of_application_auto_scaling(scaled):
    (policy,) = scaled(TRACKING).policies
    assert isinstance(policy, TargetTracking)
    assert (policy.scale_out_cooldown_s, policy.scale_in_cooldown_s) == (300.0, 300.0)
    assert (policy.out_points, policy.in_points, policy.in_threshold) == (3, 15, 0.9)


@pytest.mark.parametrize(
    ("written", "metric", "period_s", "in_points"),
    [
        ("invocations_per_instance", "InvocationsPerInstance", 60.0, 15),
        ("cpu_utilization", "CPUUtilization", 60.0, 15),
        ("invocation_5xx_errors", "Invocation5XXErrors", 60.0, 15),
        ("SageMakerVariantInvocationsPerInstance", "InvocationsPerInstance", 60.0, 15),
        ("SageMakerVariantConcurrentRequestsPerModelHighResolution", "ConcurrentRequestsPerModel", 10.0, 90),
    ],
)
def test_metrics_have_several_spellings(scaled, written, metric, period_s, in_points):
    (policy,) = scaled(f"policy: target_tracking, metric: {written}, target: 4, min: 1, max: 2").policies
    assert isinstance(policy, TargetTracking)
    assert (policy.metric, policy.period_s, policy.in_points) == (metric, period_s, in_points)


def test_every_figure_of_a_window_can_be_watched(base, scenario):
    simulation = Simulation(scenario(base, "run.duration=1 s"))
    simulation.run()
    without_devices = {name for name, metric in METRICS.items() if not metric.of_devices}
    assert set(simulation.windows.table().names) == {*without_devices, "Instances"}  # which a policy sets


def test_adjustment_types_are_accepted_as_aws_spells_them(scaled):
    for text in ("PercentChangeInCapacity", "percent_change_in_capacity"):
        steps = f"adjustment_type: {text}, steps: [{{lower_bound: 0, adjustment: 10}}]"
        (policy,) = scaled(f"policy: step, metric: QueueFull, threshold: 1, {steps}, min: 1, max: 2").policies
        assert isinstance(policy, Step)
        assert policy.adjustment_type is AdjustmentType.percent_change_in_capacity


def test_the_number_of_hosts_at_the_start_is_the_minimum_unless_it_is_given(base, scenario):
    assert scenario(with_scaling(base, TRACKING)).endpoint.instance_count == 2
    found = scenario(with_scaling(base, TRACKING), "endpoint.instance_count=5").endpoint
    assert (found.instance_count, found.most_instances) == (5, 8)
    found = scenario(with_scaling(base, TRACKING), "endpoint.autoscaling.scheduled=[{at: 30 s, max: 12}]").endpoint
    assert found.most_instances == 12


def test_fields_of_policies_can_be_set_one_by_one(base, scenario, scaled, tmp_path):
    assert scaled(TRACKING, "endpoint.autoscaling.target=3000").policies[0].target == 3000.0
    text = source(scenario(with_scaling(base, TRACKING)))
    place = "endpoint.autoscaling.policies.0.target_tracking"
    changed = scenario(text, f"{place}.target=3000", f"{place}.out_points=2").endpoint.autoscaling.policies[0]
    assert (changed.target, changed.out_points, changed.metric) == (3000.0, 2, "InvocationsPerInstance")


def test_null_takes_a_key_of_the_short_form_away(scaled):
    gone = ["policy", "metric", "target"]
    found = scaled(
        TRACKING, "endpoint.autoscaling.policies=[mine:scale]", *(f"endpoint.autoscaling.{k}=null" for k in gone)
    )
    assert [type(one) for one in found.policies] == [Function]


def test_a_resolved_file_gives_the_same(base, scenario):
    text = (
        "min: 2, max: 8, metric_delay: 30 s, scale_in: oldest, scheduled: [{at: 10 s, every: 20 s, min: 3}], policies: "
        "[mine:scale, {target_tracking: {metric: CPUUtilization, target: 9, period: 10 s}}, {step: {metric: QueueFull, "
        "threshold: 5, comparison: '<', steps: [{upper_bound: -3, adjustment: -2}, {lower_bound: -3, upper_bound: 0, "
        "adjustment: -1}]}}]"
    )
    first = scenario(with_scaling(base, text))
    assert scenario(dump(first)) == first
    assert scenario(source(first)) == first


@pytest.mark.parametrize(
    ("text", "field", "message", "hint"),
    [
        ("min: 3, max: 2, policies: [a:b]", "min", "is above max (2)", None),
        ("min: 0, max: 2, policies: [a:b]", "min", "0 is too small: at least 1", None),
        ("min: 1, max: 2", "", "nothing scales: give policies or scheduled", "{policy: target_tracking"),
        (
            "metric: CPUUtilization, target: 70, min: 1, max: 2",
            "metric",
            "without policy it is not known",
            "add policy",
        ),
        ("threshold: 3, min: 1, max: 2", "threshold", "without policy it is not known", "add policy: step"),
        (
            "policy: target_trackng, min: 1, max: 2",
            "policy",
            "unknown scaling policy 'target_trackng'",
            "did you mean",
        ),
        (
            TRACKING.replace("InvocationsPerInstance", "InvocationPerInstance"),
            "metric",
            "unknown metric",
            "did you mean",
        ),
        (TRACKING.replace("target: 4000", "target: 0"), "target", "0 is too small: it must be above 0", None),
        (TRACKING.replace("target: 4000", "target: -1"), "target", "-1 is negative", None),
        (TRACKING.replace("target: 4000", "target: 70 %"), "target", "is not a share", "such as 4000, calls a minute"),
        (TRACKING.replace("target: 4000", "target: 20 /s"), "target", "counts calls of a minute", "write 1200"),
        (TRACKING.replace("target: 4000", "target: 200 ms"), "target", "is not a time", "such as 4000"),
        (tracking("CPUUtilization", "70 %"), "target", "where a busy vCPU is 100", "write 70"),
        (tracking("MemoryUtilization", "70 %"), "target", "where 100 is all of it", "write 70"),
        (tracking("GPUUtilization", "70 %"), "target", "where a busy GPU is 100", "write 70"),
        (tracking("gpu_utilization", "70"), "metric", "no model uses a device: GPUUtilization is never published", ""),
        (tracking("ModelCacheHit", "70 %"), "target", "a share from 0 to 1", "write 0.7"),
        (tracking("ModelLatency", "200 ms"), "target", "in microseconds", "write 200000"),
        (f"{STEPS}: [{{lower_bound: 0, adjustment: 50 %}}]", "adjustment", "number stands alone", "write 50, with"),
        (f"{STEPS}: [{{lower_bound: 5 %, adjustment: 1}}]", "lower_bound", "in the unit of the metric", "write 5"),
        (
            'min: 1, max: 2, scheduled: [{cron: "30 8 * * ? *", max: 2}]',
            "scheduled.0.cron",
            "times count from the start of the run",
            "write at: 510 min, every: 1 d",
        ),
        (
            "min: 1, max: 2, scheduled: [{at: 'cron(0 * * * ? *)', max: 2}]",
            "scheduled.0.at",
            "times count from the start of the run",
            "write at: 0 min, every: 1 h",
        ),
        (TRACKING.replace("target: 4000", "targt: 4000"), "targt", "unknown key", "did you mean target?"),
        (TRACKING + ", targt: 1", "targt", "unknown key", "did you mean target?"),
        ("policy: a:b, target: 3, min: 1, max: 2", "target", "a:b is your own function: it takes no keys", None),
        (TRACKING + ", policies: [a:b]", "metric", "stands beside policies", "write it in policies"),
        (TRACKING + ", period: 5 min", "period", "AWS has periods of 1 min and", "period: 1 min"),
        (TRACKING + ", period: 10 s", "period", "is published every minute", "period: 1 min"),
        (TRACKING + ", scale_in: biggest", "scale_in", "'biggest' is not one of newest, oldest, least_loaded", None),
        (
            "policy: target_tracking, metric: CPUUtilization, target: 401, min: 1, max: 2",
            "target",
            "CPUUtilization is never above 400 here",
            None,
        ),
        (
            "policy: target_tracking, metric: MemoryUtilization, target: 101, min: 1, max: 2",
            "target",
            "MemoryUtilization is never above 100 here",
            None,
        ),
        (
            "min: 1, max: 2, policies: [{target_tracking: {metric: CPUUtilization, target: 9}}, {target_tracking: "
            "{metric: cpu_utilization, target: 8}}]",
            "metric",
            "policy 0 tracks CPUUtilization already",
            None,
        ),
        ("min: 1, max: 2, scheduled: [{at: 10 s}]", "scheduled.0", "changes nothing", "min: 4"),
        ("min: 1, max: 2, scheduled: [{at: 10 s, min: 3, max: 2}]", "min", "is above max (2)", None),
        (
            "min: 1, max: 2, scheduled: [{at: 10 s, min: 3}]",
            "min",
            "from 10 s on the fewest hosts are 3 and the most 2",
            None,
        ),
        (
            "min: 1, max: 4, scheduled: [{at: 10 s, every: 20 s, min: 3}, {at: 50 s, min: 2}]",
            "at",
            "happens at 50 s, as number 0 does: which is first is not known",
            None,
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_to_write(refused, text, field, message, hint):
    found = refused(text)
    assert found[0].endswith(field)
    assert found[0].startswith("endpoint.autoscaling")
    assert message in found[1]
    assert (found[2] is None) if hint is None else (hint in (found[2] or "")), found


@pytest.mark.parametrize(
    ("steps", "place", "message"),
    [
        ("[]", "steps", "is empty"),
        ("[{adjustment: 1}]", "steps.0", "give the step at least one bound"),
        ("[{lower_bound: 5, upper_bound: 5, adjustment: 1}]", "upper_bound", "the range ends before it begins"),
        ("[{lower_bound: 0, upper_bound: 10, adjustment: 1}]", "upper_bound", "values further above have no step"),
        ("[{lower_bound: -10, upper_bound: 0, adjustment: 1}]", "lower_bound", "values further below have no step"),
        (
            "[{lower_bound: 0, upper_bound: 10, adjustment: 1}, {lower_bound: 5, adjustment: 2}]",
            "lower_bound",
            "overlaps the one that ends at 10",
        ),
        (
            "[{lower_bound: 0, upper_bound: 10, adjustment: 1}, {lower_bound: 15, adjustment: 2}]",
            "lower_bound",
            "leaves a gap after the one that ends at 10",
        ),
    ],
)
def test_steps_cover_each_distance_once(refused, steps, place, message):
    found = refused(f"policy: step, metric: QueueFull, threshold: 1, min: 1, max: 2, steps: {steps}")
    assert found[0].endswith(place)
    assert message in found[1]


@pytest.mark.parametrize("count", [1, 9])
def test_the_number_at_the_start_is_within_the_limits(refused, count):
    field, message, hint = refused(TRACKING, f"  instance_count: {count}\n")
    assert (field, message) == ("endpoint.instance_count", "autoscaling keeps 2 to 8 hosts")
    assert hint == "instance_count: 2"


def test_percent_have_a_least_number_of_hosts_and_exact_numbers_a_first(refused):
    step = "policy: step, metric: QueueFull, threshold: 1, min: 1, max: 2, steps: [{lower_bound: 0, adjustment: 0}]"
    assert refused(f"{step}, min_adjustment_magnitude: 2")[1] == "applies to percent, not to change_in_capacity"
    assert refused(f"{step}, adjustment_type: exact_capacity")[1] == "a multi-model endpoint has at least one host"


def test_null_takes_the_number_of_hosts_of_an_extended_file_away(base, scenario, write):
    write(
        base.replace("  instance_type: ml.m5.xlarge\n", "  instance_type: ml.m5.xlarge\n  instance_count: 9\n"),
        "b.yaml",
    )
    over = f"extends: b.yaml\nname: over\nendpoint: {{instance_count: null, autoscaling: {{{TRACKING}}}}}\n"
    assert Scenario.from_yaml(write(over)).endpoint.instance_count == 2


def test_a_scheduled_action_after_the_end_is_noted(base, scenario):
    late = scenario(with_scaling(base, "min: 1, max: 2, scheduled: [{at: 60 s, min: 2}]"))
    (found,) = [one for one in findings(late) if one.id == "scheduled"]
    assert found.text == "scheduled action 0 never comes: it is due at 60 s, and the run ends at 60 s"
    assert found.try_ == "endpoint.autoscaling.scheduled.0.at=30 s, or a longer run.duration"
