"""Faults of a scenario file: what is refused, with place and remedy, and what is filled in."""

import pytest

from mmesim.errors import ScenarioError
from mmesim.preflight.check import findings
from mmesim.scenario import Fault, Scenario, SlowS3


def with_faults(base: str, *lines: str) -> str:
    return base.replace("run:", "\n".join(["faults:", *(f"  - {line}" for line in lines), "run:"]), 1)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{at: 3 s}", "faults.0: does not say what goes wrong: one of slow_s3, failing_s3"),
        ("{slow_s3: {factor: 2}}", "faults.slow_s3: does not say when: at, rate or when (add at: 10 min)"),
        ("{slow_s3: {factor: 2}, at: 3 s, rate: 1 /h}", "faults.slow_s3.rate: at and rate exclude each other"),
        (
            "{slow_s3: {factor: 2}, rate: 1 /h}",
            "faults.slow_s3.slow_s3: comes again and again, so it must end (add for: 10",
        ),
        ("{slow_s3: {}, at: 3 s}", "faults.slow_s3.slow_s3: does not say how slow: factor, or first_byte and stream"),
        ("{slow_s3: {factor: 2, stream: 1 MB/s}, at: 3 s}", "faults.slow_s3.slow_s3.factor: excludes stream"),
        (
            "{slow_s3: {factor: 2}, failing_s3: {share: 50 %}, at: 3 s}",
            "faults.slow_s3.failing_s3: slow_s3 and failing_s3 exclude each other: write two faults",
        ),
        ("{slow_s3: {factor: 2}, at: 3}", "faults.slow_s3.at: 3 has no unit: write a time such as 250 ms"),
        ("{slow_s: {factor: 2}, at: 3 s}", "faults.0.slow_s: unknown key"),
        ("{name: a b, slow_s3: {factor: 2}, at: 3 s}", "faults.a b.name: 'a b' is not one word of letters"),
        (
            "{slow_instance: {instance: 1, factor: 2}, at: 3 s}",
            "faults.slow_instance.slow_instance.instance: there is no instance",
        ),
        (
            "{slow_instance: {instance: any, factor: 2}, at: 3 s}",
            "faults.slow_instance.slow_instance.instance: 'any' is not an in",
        ),
        ("{slow_instance: {factor: 0.5}, at: 3 s}", "faults.slow_instance.slow_instance.factor: "),
        (
            "{worker_crash: {models: [tenat]}, at: 3 s}",
            "faults.worker_crash.worker_crash.models.0: there is no model or group",
        ),
        (
            "{worker_crash: {models: [tenant], workers: 0}, at: 3 s}",
            "faults.worker_crash.worker_crash.workers: 0 workers: write",
        ),
        (
            "{worker_crash: {models: [tenant], workers: some}, at: 3 s}",
            "faults.worker_crash.worker_crash.workers: 'some' is not",
        ),
        (
            "{poison_model: {models: [tenant], load_failure: 506}, at: 3 s}",
            "faults.poison_model.poison_model.load_failure: 506",
        ),
        (
            "{zone_loss: {zone: 4}, at: 3 s}",
            "faults.zone_loss.zone_loss.zone: there is no zone 4: they are 1 to",
        ),
        ("{zone_loss: {zone: 0}, at: 3 s}", "faults.zone_loss.zone_loss.zone: "),
        ("{zone_loss: {}, at: 3 s}", "faults.zone_loss.zone_loss.zone: is missing"),
        ("{instance_loss: {instance: 1}, at: 3 s}", "faults.instance_loss.instance_loss.instance: there is no inst"),
        ("{slow_s3: {factor: 2}, when: p98 > 1 s}", "faults.slow_s3.when: unknown figure 'p98'"),
        (
            "{slow_s3: {factor: 2}, when: p99 of tenat > 1 s}",
            "faults.slow_s3.when: there is no model or group 'tenat'",
        ),
    ],
)
def test_a_wrong_fault_is_refused_with_line_field_and_remedy(problems, base, line, expected):
    texts = [str(problem).partition(": ")[2] for problem in problems(with_faults(base, line))]
    assert any(text.startswith(expected) for text in texts), texts
    (lines,) = {problem.line for problem in problems(with_faults(base, line))}
    assert with_faults(base, line).split("\n")[lines - 1].endswith(line)


@pytest.mark.parametrize(
    ("line", "hints"),
    [
        (
            "{type: zone_loss, zone: 4, at: 3 s}",
            ["write zone_loss: {zone: ...}", "it belongs inside: zone_loss: {zone: 4}"],
        ),
        ("{kind: instance-loss, at: 3 s}", ["write instance_loss: {}"]),
        ("{slow_s3: {factor: 2}, at: 3 s, for: 2 min}", ["it belongs inside: slow_s3: {for: 2 min}"]),
        ("{leak: {models: [m], per_call: 1 MB}, at: 3 s, for: 2 min}", ["it belongs inside: leak: {for: 2 min}"]),
        ("{instance_loss: 1, at: 3 s}", ["write {instance: 1}"]),
        ("{zone_loss: 1, at: 3 s}", ["write {zone: 1}"]),
    ],
)
def test_what_stands_one_level_too_high_is_said_with_its_place(problems, base, line, hints):
    assert [problem.hint for problem in problems(with_faults(base, line))] == hints


def test_two_faults_of_one_name_are_refused(problems, base):
    slow = "{name: s3, slow_s3: {factor: 2}, at: 3 s}"
    (problem,) = problems(with_faults(base, slow, slow))
    assert "two faults are called 's3'" in str(problem)


def test_a_fault_without_a_name_is_called_by_its_kind_and_of_several_by_a_number_too(scenario, base):
    lines = (
        "{slow_s3: {factor: 2}, at: 3 s}",
        "{failing_s3: {share: 1 %}, at: 3 s}",
        "{slow_s3: {factor: 3}, at: 4 s}",
    )
    found = scenario(with_faults(base, *lines)).faults
    assert [fault.name for fault in found] == ["slow_s3-1", "failing_s3", "slow_s3-2"]
    assert found[0] == Fault(name="slow_s3-1", slow_s3=SlowS3(factor=2.0), at_s=3.0)
    assert (found[0].kind, found[0].what, found[0].for_s) == ("slow_s3", SlowS3(factor=2.0), None)


def test_one_value_of_one_fault_can_be_set(scenario, base):
    text = with_faults(base, "{slow_s3: {factor: 2}, at: 3 s}", "{name: x, slow_s3: {factor: 3}, at: 4 s}")
    for name in ("slow_s3-1", "0"):
        (first, second) = scenario(
            text, f"faults.{name}.slow_s3.factor=5", "faults.x.rate=1 /s", "faults.x.slow_s3.for=1 s"
        ).faults
        assert (first.slow_s3, first.at_s) == (SlowS3(factor=5.0), 3.0)
        assert (second.slow_s3, second.at_s, second.rate_per_s) == (SlowS3(factor=3.0, for_s=1.0), None, 1.0)
    (first, _) = scenario(text, "faults.0.failing_s3.share=10 %").faults
    assert (first.kind, first.name) == ("failing_s3", "slow_s3-1")
    assert scenario(text, "faults=[]").faults == ()


def test_a_resolved_file_says_the_same_faults(scenario, base):
    lines = (
        "{poison_model: {models: [tenant], load_failure: 507}, at: 3 s}",
        "{slow_s3: {factor: 2}, when: p99 > 1 s}",
    )
    one = scenario(with_faults(base, *lines))
    dumped = one.model_dump(mode="json", by_alias=True)["faults"]
    assert Scenario.from_dict({**one.model_dump(mode="json", by_alias=True), "faults": dumped}).faults == one.faults


def test_a_fault_is_no_steady_state_and_one_after_the_end_is_noted(scenario, base):
    late = scenario(with_faults(base, "{slow_s3: {factor: 2}, at: 60 s}", "{slow_s3: {factor: 2}, at: 59 s}"))
    assert late.changes_over_time == "fault 'slow_s3-1' changes the endpoint"
    texts = [finding.text for finding in findings(late) if finding.id == "fault"]
    assert texts == ["fault 'slow_s3-1' never comes: it is due at 60 s, and the run ends at 60 s"]
    hints = [finding.try_ for finding in findings(late) if finding.id == "fault"]
    assert hints == ["faults.slow_s3-1.at=30 s, or a longer run.duration"]


def test_python_refuses_what_a_file_refuses():
    with pytest.raises(ValueError, match="does not say when"):
        Fault(slow_s3=SlowS3(factor=2.0))
    with pytest.raises(ScenarioError, match="there is no instance 5"):
        Scenario.from_yaml("scenarios/quickstart.yaml", ["faults=[{slow_instance: {instance: 5, factor: 2}, at: 1 s}]"])
