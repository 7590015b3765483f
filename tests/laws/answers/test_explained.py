"""Laws of explanations: any scenario can be explained, and a what-if that changes nothing has no effect."""

from __future__ import annotations

import json
import math

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from mmesim.errors import ScenarioError
from mmesim.experiment.explained.candidates import Candidate
from mmesim.experiment.explained.deciding import deciding
from mmesim.experiment.explained.explain import explain
from mmesim.experiment.explained.tried import tried
from mmesim.experiment.replicate import run_replications
from mmesim.report.content.explained import explained_report
from mmesim.report.text import text
from mmesim.results.answers.explained import explained_schema
from mmesim.results.binding.ranked import ranked
from mmesim.results.figures.latency import pool
from mmesim.results.miss_ratio.curve import Curve
from mmesim.scenario import Scenario
from mmesim.scenario.endpoint.endpoint import STATIONARY
from mmesim.scenario.file.template import Template
from mmesim.scenario.run.expect import read_expectation
from tests.laws.scenarios import scenarios, with_clients

laws = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = (
    "p90 < 100 ms",
    "error_rate < 1 %",
    "p99 cold < 3 s",
    "pids.peak < 1000",
    "p90 in every 5 s < 1 s",
    "max < 3 s",
    "tenants.meet_slo >= 50 %",
    "tenants.cold_share.worst < 50 %",
    "cost.month < 1000 USD",
    "loads < 200 /h",
    "ledger.p99.load < 1 s",
)
EXPECT = tuple(map(read_expectation, WORDS))


def possible(scenario: Scenario) -> Scenario:
    """The same as a file could say it: users have no stationary start."""
    warm = False if scenario.endpoint.warm == STATIONARY else scenario.endpoint.warm
    changed: Scenario = scenario.model_copy(update={"endpoint": scenario.endpoint.model_copy(update={"warm": warm})})
    return changed


def can_be_said(scenario: Scenario) -> bool:
    """Whether a file can say it: the strategies also give keys to models that mean nothing to their server."""
    try:
        Template.of(scenario)
    except ScenarioError:
        return False
    return True


@pytest.mark.slow
@laws
@given(with_clients().map(possible).filter(can_be_said))
def test_any_scenario_can_be_explained(scenario: Scenario) -> None:
    found = explain(scenario, replications=2)
    jsonschema.validate(json.loads(found.to_json()), explained_schema())
    assert text(explained_report(found), width=80)
    # All shares of the tail, and of the errors, with what calls take by themselves make up the whole.
    for shares in ([one.share_of_tail for one in found.limits], [one.share_of_errors for one in found.limits]):
        assert math.fsum(share or 0.0 for share in shares) <= 1.0 + 1e-9
    assert [one.share for one in found.limits] == sorted((one.share for one in found.limits), reverse=True)
    assert len({tuple(one.sets.items()) for one in found.what_ifs}) == len(found.what_ifs)
    for one in found.what_ifs:
        assert [effect.text for effect in one.effects] == [figure.text for figure in found.deciding]
        for effect in one.effects:
            bounds = effect.interval
            if bounds is not None and effect.difference is not None:
                assert bounds[0] <= effect.difference <= bounds[1]
                assert (effect.outcome in ("better", "worse")) == (not bounds[0] <= 0.0 <= bounds[1])


@laws
@given(scenarios())
def test_a_what_if_that_changes_nothing_has_no_effect(scenario: Scenario) -> None:
    for expect in ((), EXPECT):
        asked = scenario.model_copy(update={"expect": expect}).with_run(replications=2, until=None)
        base, again = run_replications(asked, records=None), run_replications(asked, records=None)
        compared = deciding(base)
        one = tried(Candidate("same", "nothing", {}), base, again, compared, 0.99, Curve.of(base.runs))
        assert [effect.outcome for effect in one.entry.effects if effect.outcome != "no value"] == [
            "no effect seen" for effect in one.entry.effects if effect.difference is not None
        ]
        assert {effect.difference for effect in one.entry.effects} <= {0.0, None}
        assert one.good == 0.0
        assert not one.fewer_errors
        assert not one.more_errors


@laws
@given(with_clients())
def test_what_binds_is_the_largest_limit(scenario: Scenario) -> None:
    result = run_replications(scenario.with_run(replications=1, until=None), records=None)
    binds = result.summary["binding_constraint"]
    limits = ranked(result.scenario, result.runs, pool(result.runs))
    if binds is not None and binds["id"] not in ("download", "load"):  # these two are one to what binds
        together = sum(one.share for one in limits if one.id in ("download", "load"))
        others = [one for one in limits if one.id not in ("download", "load")]
        assert others[0].id == binds["id"]
        assert others[0].share >= together - 1e-9
