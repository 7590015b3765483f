"""A fault, a deploy or a scale-in binds when most failed or slow calls are due to it; no advice that cannot help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from mmesim.preflight.finding import Finding
from mmesim.report.blocks import Lines, Title
from mmesim.report.content.causes import binds
from mmesim.report.content.gated.explained import what_binds
from mmesim.results.binding.binding import BindingConstraint, binding
from mmesim.results.figures.latency import pool
from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from tests.unit.results.synthetic import GIB, Call, hosts, run_data, scenario

OK = [Call(0.1)] * 90


def bind(of: Scenario, run: RunData) -> tuple[BindingConstraint | None, Finding | None]:
    return binding(of, [run], pool([run]))


def ran(of: Scenario, calls: Sequence[Call], *happened: tuple[Kind, str], **columns: Any) -> RunData:
    run = run_data(of, calls, happened=tuple(Happened(20.0, kind, name, {}) for kind, name in happened))
    return replace(run, hosts=hosts(**columns))


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ({"instance_loss": {"instance": 0}}, "host_lost"),
        ({"worker_crash": {"models": ["m"]}}, "worker_died"),
        ({"container_restart": {"instance": 0}}, "worker_died"),
        ({"failing_s3": {"share": 0.9}}, "load_failed"),
    ],
)
def test_the_fault_binds_that_most_calls_fail_of(fault: dict[str, Any], cause: str) -> None:
    of = scenario(faults=[{"name": "bang", "at": 20.0} | fault])
    calls = [*OK, *[Call(cause=cause)] * 6, *[Call(cause="client_timeout")] * 4]
    found, finding = bind(of, ran(of, calls, (Kind.fault, "bang")))
    assert found is not None
    assert finding is not None
    assert (found.id, found.share_of_errors) == ("event", 0.6)
    assert finding.text.startswith("fault bang: from 20 s on ")
    assert "60 % of the errors are due to it" in finding.text
    assert finding.try_ is None


def test_no_fault_binds_that_has_not_come_or_made_few_calls_fail() -> None:
    of = scenario(faults=[{"name": "bang", "at": 20.0, "instance_loss": {"instance": 0}}])
    lost, others = [Call(cause="host_lost")] * 4, [Call(cause="throttled")] * 6
    for run in (ran(of, [*OK, *lost]), ran(of, [*OK, *lost, *others], (Kind.fault, "bang"))):
        found, _ = bind(of, run)
        assert found is None or found.id != "event"


@pytest.mark.parametrize(("kind", "words"), [(Kind.deploy, "deploy new"), (Kind.scale_in, "scale-in new")])
def test_hosts_that_are_removed_too_early_bind(kind: Kind, words: str) -> None:
    of = scenario()
    found, finding = bind(of, ran(of, [*OK, *[Call(cause="host_lost")] * 10], (kind, "new")))
    assert found is not None
    assert finding is not None
    assert found.id == "event"
    assert finding.text.startswith(f"{words}: ")
    assert finding.try_ == "a longer endpoint.drain"


def test_a_bad_model_binds_whatever_its_calls_fail_with() -> None:
    """Those that wait for the loads of each other are refused: more workers would load as often."""
    of = scenario(faults=[{"name": "bad", "at": 0.0, "poison_model": {"models": ["m-001"]}}])
    causes = ["model_error", "queue_full", "client_timeout", "model_error"]
    run = ran(of, [*OK, *(Call(model=1, cause=cause) for cause in causes)], (Kind.fault, "bad"))
    found, finding = bind(of, run)
    assert found is not None
    assert finding is not None
    assert (found.id, found.share_of_errors) == ("event", 1.0)
    assert finding.text.startswith("fault bad: ")
    assert "the calls of 1 bad model fail" in finding.text
    assert finding.try_ is None


@pytest.mark.parametrize(("per_call", "id_"), [("300 MiB", "event"), ("1 KiB", "memory")])
def test_a_leak_binds_when_it_takes_more_than_models_leave_free(per_call: str, id_: str) -> None:
    of = scenario(faults=[{"name": "drip", "at": 0.0, "leak": {"models": ["m"], "per_call": per_call}}])
    slow = [Call(0.1, load_wait=30.0, load=number) for number in range(40)]
    run = ran(of, [*OK, *slow], (Kind.fault, "drip"), loads=40, unloads=40, lacked_memory=40, memory_bytes=8 * GIB)
    found, finding = bind(of, run)
    assert found is not None
    assert finding is not None
    assert found.id == id_
    assert finding.text.startswith("fault drip: ") == (id_ == "event")
    assert (finding.try_ is None) == (id_ == "event")


def test_the_report_names_the_event_and_tries_nothing() -> None:
    of = scenario(faults=[{"name": "bang", "at": 20.0, "instance_loss": {"instance": 0}}])
    _, finding = bind(of, ran(of, [*OK, *[Call(cause="host_lost")] * 10], (Kind.fault, "bang")))
    assert finding is not None
    title, lines = binds({"findings": [finding.model_dump(by_alias=True)]})
    assert isinstance(title, Title)
    assert isinstance(lines, Lines)
    assert (title.text, title.detail) == ("What binds", "fault bang")
    assert lines.texts[-1] == "100 % of the errors are due to it"


def test_a_gate_says_that_it_is_no_resource() -> None:
    constraint = {"id": "event", "used": 1.0, "limit": None, "share_of_tail": None, "share_of_errors": 1.0}
    said = "a fault, a deploy or a scale-in: 1 a run on average; 100 % of the errors"
    assert what_binds(constraint) == said
