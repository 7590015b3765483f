"""One scenario of the study: what was found, and whether the advice helps on random numbers that chose nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmesim.experiment.explained.candidates import SETS, Candidate
from mmesim.experiment.explained.deciding import deciding
from mmesim.experiment.explained.explain import explain
from mmesim.experiment.explained.tried import Tried, tried
from mmesim.experiment.replicate import run_replications
from mmesim.preflight.finding import Finding
from mmesim.results.figures.figures import FORMULAS
from mmesim.results.miss_ratio.curve import Curve
from mmesim.results.result import Result
from mmesim.scenario import Scenario
from mmesim.stats.means import mean_interval
from tests.explain_study.causes import CAUSES, Built, built

OTHER_NUMBERS = range(500, 520)
"""Replications with which the advice is tried."""
CONFIDENCE = 0.95


def judged(cause: str, number: int) -> dict[str, Any]:
    """What is found in a scenario, of what the study is about; whether the advice helps, None without an advice."""
    of = built(cause, number)
    found = explain(of.scenario)
    ids = [finding.id for finding in found.findings]
    fired = next((finding for finding in found.findings if finding.id == cause), None)
    helped = None if fired is None else helps(of, fired)
    return {"found": sorted({one for one in ids if one in CAUSES}), "may": sorted(of.may), "helped": helped}


def helps(of: Built, finding: Finding) -> bool | None:
    """Whether the advice of the built-in cause does what it promises; None where it promises nothing."""
    if finding.try_ is None or finding.id == "right_sized":
        return None
    base = _run(of.scenario)
    changed = _left(of.scenario, of.leaves) if of.leaves else of.scenario.with_(_changes(of, finding))
    other = _run(changed)
    if finding.id == "loads_caused_by":
        return _rises("cache_hit_ratio", base, other)
    if finding.id == "cold_tail":
        return _rises("tenants.often_cold", other, base)
    if finding.id == "over_provisioned":
        return other.verdict == "pass" and changed.endpoint.instance_count < of.scenario.endpoint.instance_count
    if finding.id == "cannot_survive_instance_loss":
        # With one fewer of those that it advises it is as it is now, and does what it should.
        return other.verdict == "pass" and base.verdict == "pass"
    one = _paired(base, other)
    return one.good > 0.0 or one.fewer_errors


def _changes(of: Built, finding: Finding) -> Mapping[str, Any]:
    """The advice as in `--set`."""
    if of.carried is not None:
        return of.carried
    match = SETS.fullmatch(finding.try_ or "")
    assert match is not None, finding.try_
    return {match["field"]: match["value"]}


def _left(scenario: Scenario, group: str) -> Scenario:
    """The scenario without a group of models and its calls."""
    changed: Scenario = scenario.model_copy(
        update={
            "models": tuple(one for one in scenario.models if one.name != group),
            "traffic": tuple(one for one in scenario.traffic if one.name != group),
        }
    )
    return changed


def _run(scenario: Scenario) -> Result:
    return run_replications(scenario, only=OTHER_NUMBERS, records=None)


def _paired(base: Result, other: Result) -> Tried:
    """The advice as a what-if of its own."""
    return tried(Candidate("advice", "", {}), base, other, deciding(base), CONFIDENCE, Curve.of(base.runs))


def _rises(figure: str, base: Result, other: Result) -> bool:
    """Whether a figure is higher in the other result, by the interval of the pairs."""
    of = FORMULAS[figure].of
    differences = [of(y) - of(x) for x, y in zip(base.runs, other.runs, strict=True)]
    interval = mean_interval(differences)
    return interval is not None and interval[0] > 0.0


def shadow(number: int, times: int, causes: Sequence[str] = tuple(CAUSES)) -> dict[str, Any]:
    """The what-ifs of a random scenario beside as many replications more with another seed: [(seen, difference, long)].

    `seen`: better or worse, outside the interval of all together.
    """
    of = built(causes[number % len(causes)], 1000 + number).scenario
    short = explain(of)
    long = explain(of.with_run(seed=of.run.seed + 1), replications=times * short.replications)
    # The line that is nearest to failing can be another one in the long runs: what the short ones show is compared.
    text = short.deciding[0].text
    pairs = []
    for one in short.what_ifs:
        effect = one.effects[0]
        beside = next((other for other in long.what_ifs if other.sets == one.sets), None)
        if beside is None:
            continue
        truth = next(other for other in beside.effects if other.text == text)
        pairs.append([effect.outcome, effect.difference, truth.difference])
    return {"cause": causes[number % len(causes)], "figure": text, "pairs": pairs}
