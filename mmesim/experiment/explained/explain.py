"""`mmesim.explain`: a scenario's run, its what-ifs on the same random numbers, and what both show."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from mmesim import __version__
from mmesim.errors import SimulationError, UserError
from mmesim.experiment import numbers
from mmesim.experiment.execute.executors import given_or_local
from mmesim.experiment.execute.task import Executor
from mmesim.experiment.explained import sizing
from mmesim.experiment.explained.candidates import Candidate, Ground, candidates
from mmesim.experiment.explained.deciding import deciding
from mmesim.experiment.explained.sizing import SIZING
from mmesim.experiment.explained.tried import Tried, best_first, price, tried, with_outcome
from mmesim.experiment.fixed_fleet import refuse_scaling
from mmesim.experiment.replicate import EXPERIMENT_REPLICATIONS, repeated, with_warmup
from mmesim.experiment.stored import Watch, simulate_all
from mmesim.preflight.check import worst_first
from mmesim.preflight.finding import Finding
from mmesim.results.answers.explained import Explained, LeftOut
from mmesim.results.binding.nothing import why_nothing
from mmesim.results.binding.ranked import ranked
from mmesim.results.figures.latency import pool
from mmesim.results.findings.causes import causes
from mmesim.results.findings.seen import Seen
from mmesim.results.miss_ratio.curve import Curve
from mmesim.results.result import Result
from mmesim.scenario.endpoint.host_type import GIVEN
from mmesim.scenario.file.load import as_scenario
from mmesim.scenario.file.template import Template
from mmesim.scenario.run.expected import COSTS
from mmesim.scenario.scenario import Scenario

ALL_TOGETHER = 0.05
"""Chance that any interval of the document misses its difference."""


def explain(
    scenario: Scenario | str | Path,
    *,
    replications: int | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    store: str | Path | None = None,
    watch: Watch | None = None,
) -> Explained:
    """Say why a scenario, or that of a file, is as it is, and what would change it.

    The scenario and each what-if have the same `replications`, by default those that the scenario sets but at least
    10, on the same random numbers; a warm-up that is `auto` is found once, for the scenario as it is, and used by all.
    `jobs` run at the same time, or `executor` runs them. `store` is a file: simulations that are in it are not run
    again. Raises UserError for a wrong input, and for fewer than 2 replications.
    """
    if replications is not None and replications < 2:
        raise UserError(f"noise shows between replications: at least 2 are needed, not {replications}")
    asked = as_scenario(scenario)
    refuse_scaling(asked, "explain")
    asked = repeated(asked, count_of(asked, replications))
    with given_or_local(executor, jobs) as running:
        base = _as_it_is(with_warmup(asked, running), store, running, watch)
        limits = ranked(base.scenario, base.runs, pool(base.runs))
        seen = Seen(base.scenario, base.runs, limits)
        curve, compared = Curve.of(base.runs), deciding(base)
        found = [*causes(seen), *map(Finding.model_validate, base.summary["findings"])]
        ground = Ground(base.scenario, seen.roots, frozenset(limit.id for limit in limits), curve, found)
        changed, left_out = possible(ground)
        confidence = 1.0 - ALL_TOGETHER / max(1, len(changed) * len(compared))
        tries: dict[int, Tried] = {}

        def finished(index: int, result: Result) -> None:
            _trust(result)
            tries[index] = tried(changed[index][0], base, result, compared, confidence, curve)

        simulate_all([one for _, one in changed], finished, store, 1, running, watch, numbers.WHAT_IF)
    what_ifs = best_first([tries[index] for index in range(len(changed))])
    verdict = base.verdict if base.scenario.expect else None
    shown = sizing.Ground(seen, verdict, what_ifs, curve)
    sizes = chain.from_iterable(rule(shown) for rule in SIZING) if seen.calls else ()
    return Explained(
        mmesim=__version__,
        scenario=base.scenario.name,
        fleet=base.scenario.endpoint.fleet,
        seed=base.scenario.run.seed,
        replications=len(base.runs),
        verdict=verdict,
        usd_per_month=price(base.scenario.endpoint),
        price_estimated=base.scenario.endpoint.host.price_estimated,
        binding_constraint=base.summary["binding_constraint"],
        nothing_binds=_nothing_binds(base),
        limits=limits,
        deciding=[one.entry for one in compared],
        what_ifs=[one.entry for one in what_ifs],
        left_out=left_out,
        findings=worst_first([*sizes, *(with_outcome(one, what_ifs) for one in found)]),
        steady_state=base.steady_state,
    )


def _as_it_is(scenario: Scenario, store: str | Path | None, executor: Executor, watch: Watch | None) -> Result:
    """The run of the scenario itself."""
    found: dict[int, Result] = {}
    simulate_all([scenario], found.__setitem__, store, 1, executor, watch, numbers.WHAT_IF)
    base = found[0]
    _trust(base)
    if not any(run.calls for run in base.runs):
        raise UserError(
            f"{scenario.name}: no call came in {len(base.runs)} replications, so there is nothing to explain: "
            "run.duration is too short for this traffic"
        )
    return base


def _nothing_binds(base: Result) -> str | None:
    nothing = base.summary["binding_constraint"] is None and base.summary["requests"]["ok"]
    return why_nothing(base.summary["ledger_ms"]) if nothing else None


def count_of(scenario: Scenario, replications: int | None = None) -> int:
    """Replications of the scenario and of each what-if: those asked for, else its own, but at least 10."""
    return replications or max(EXPERIMENT_REPLICATIONS, repeated(scenario).run.replications)


def _trust(result: Result) -> None:
    if result.self_check is not None:
        raise SimulationError(f"the self-check failed: the figures cannot be trusted: {result.self_check}")


def possible(ground: Ground) -> tuple[list[tuple[Candidate, Scenario]], list[LeftOut]]:
    """The what-ifs that are scenarios, and why the others are not."""
    template = Template.of(ground.scenario)
    changed, left_out = list[tuple[Candidate, Scenario]](), list[LeftOut]()
    for one in candidates(ground):
        reason = _price_of_another(one, ground.scenario)
        if reason is not None:
            left_out.append(LeftOut(id=one.id, text=one.text, reason=reason))
            continue
        try:
            changed.append((one, template.at(one.sets)))
        except UserError as error:
            left_out.append(LeftOut(id=one.id, text=one.text, reason=" ".join(str(error).split())))
    return changed, left_out


def _price_of_another(candidate: Candidate, scenario: Scenario) -> str | None:
    """Why a limit on the cost says nothing of another type, where the scenario gives the price of its own."""
    endpoint = scenario.endpoint
    line = next((e.text for e in scenario.expect if e.metric in COSTS), None)
    if "endpoint.instance_type" not in candidate.sets or endpoint.host.price_source != GIVEN or line is None:
        return None
    return f"`{line}` needs its price, and endpoint.price_per_hour is that of {endpoint.instance_type}"
