"""Which unknowns matter: the answer for many draws of the uncertain inputs, each simulated several times.

The draws are points of a scrambled Sobol sequence (A. B. Owen, J. Complexity 14, 1998), turned into values by the
quantiles of each belief; beliefs are independent of each other. All draws see the same random numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.errors import Problem, ScenarioError, UserError
from mmesim.experiment.execute.task import Executor
from mmesim.experiment.replicate import repeated
from mmesim.experiment.stored import Watch, simulate_all
from mmesim.experiment.unknowns.uncertain_result import Answer, Chance, Uncertain
from mmesim.experiment.varied import MOST_PROBLEMS
from mmesim.results.answers.sections import SteadyState
from mmesim.results.expect.asked import asked
from mmesim.results.figures.figures import Formula, formula, measured
from mmesim.results.figures.latency import pool, pooled_quantile
from mmesim.results.result import Result
from mmesim.scenario import figures
from mmesim.scenario.file.template import Template
from mmesim.scenario.run.belief import Belief
from mmesim.scenario.run.expected import EXPECTED
from mmesim.scenario.scenario import Scenario
from mmesim.stats.means import mean
from mmesim.stats.ranking import rank
from mmesim.stats.sampling import sobol
from mmesim.stats.variance import inputs_interval, split

DRAWS = 64
"""Draws unless others are asked for; a Sobol sequence is best with a power of two."""

FEWEST_DRAWS = 8
FEWEST_REPLICATIONS = 2
RESAMPLED = 1000
"""Bootstrap samples of the draws."""


def uncertain(
    scenario: Scenario | Template | str | Path,
    *,
    draws: int = DRAWS,
    replications: int | None = None,
    metrics: Sequence[str] = (),
    jobs: int = 1,
    executor: Executor | None = None,
    store: str | Path | None = None,
    watch: Watch | None = None,
) -> Uncertain:
    """Simulate a scenario, or the file of one, for many draws of what is believed in it; draws from `run.seed`.

    `replications` of each draw, at least 2: default those that the scenario sets, else 10. `metrics` are figures such
    as `p99` or `cache_hit_ratio`: default those that are expected, also of some of the calls. `jobs` run at the same
    time, or `executor` runs them. `store` is a file: simulations that are in it are not run again, and each that
    finishes is added. Raises UserError, before anything is simulated, when nothing is believed, for an unknown metric,
    for too few draws or replications, and for a draw that is not a valid scenario.
    """
    template = Template.given(scenario)
    base = template.at()
    beliefs = base.beliefs
    _refuse_certain(base)
    formulas = {name: _formula(name) for name in metrics or _expected(base)}
    count = repeated(base, replications).run.replications
    _refuse_too_few(len(beliefs), draws, count)
    shares = shares_of(base, draws)
    values = [drawn(beliefs, row) for row in shares]
    scenarios = _scenarios(template, values, count)
    found = _Found(formulas, (draws, count), of_some=not metrics)
    simulate_all(scenarios, found.add, store, jobs, executor, watch)
    rng = _random(base.run.seed, "bootstrap of beliefs")
    resampled = rng.integers(0, draws, (RESAMPLED, draws))
    return Uncertain(
        scenario=base,
        replications=count,
        draws=tuple(values),
        answers=tuple(
            _answer(name, one, found.values[name], found.of_draws[name], beliefs, shares, resampled, rng)
            for name, one in found.formulas.items()
        ),
        expect=tuple(
            _chance(expectation.text, [found.verdicts[index][place] for index in range(draws)])
            for place, expectation in enumerate(base.expect)
        ),
        steady_state=tuple(found.steady[index] for index in range(draws)),
        self_check=next(filter(None, map(found.wrong.get, range(draws))), None),
    )


def _refuse_certain(scenario: Scenario) -> None:
    if not scenario.beliefs:
        raise UserError(
            f"{scenario.name}: nothing is uncertain: write {{uncertain: {{low: , mid: , high: }}}} in place of a value "
            "that you believe but do not know"
        )


def _refuse_too_few(inputs: int, draws: int, replications: int) -> None:
    """Noise takes two replications of each draw, and a ranking more draws than it has unknowns."""
    if replications < FEWEST_REPLICATIONS:
        raise UserError(f"one replication shows no noise: at least {FEWEST_REPLICATIONS} are needed")
    fewest = max(FEWEST_DRAWS, 2 * (inputs + 1))
    if draws < fewest:
        raise UserError(f"{draws} draws are too few to rank {inputs} inputs: at least {fewest} are needed")


class _Found:
    """What the draws gave: `add` takes them by their number, in any order.

    `values` of a figure are [draws, replications], `of_draws` [draws]. `of_some`: figures that are expected of some of
    the calls join the formulas.
    """

    def __init__(self, formulas: Mapping[str, Formula], shape: tuple[int, int], of_some: bool) -> None:
        self._given = formulas
        self._shape = shape
        self._of_some = of_some
        self.formulas = dict(formulas)
        self.values = dict[str, Floats]()
        self.of_draws = dict[str, Floats]()
        self.verdicts = dict[int, list[str]]()
        self.steady = dict[int, SteadyState]()
        self.wrong = dict[int, str | None]()

    def add(self, index: int, result: Result) -> None:
        """Take the result of a draw."""
        for name, one in self._given.items():
            values = [one.of(run) for run in result.runs]
            self._take(index, name, values, _of_draw(name, values, result))
        for some in asked(result.scenario, result.runs) if self._of_some else ():
            self.formulas.setdefault(some.name, some.formula)
            values = [some.formula.of(run) for run in result.runs]
            self._take(index, some.name, values, some.together(result.runs))
        self.verdicts[index], self.steady[index] = _verdicts(result), result.steady_state
        self.wrong[index] = result.self_check

    def _take(self, index: int, name: str, values: list[float], of_draw: float) -> None:
        self.values.setdefault(name, np.full(self._shape, np.nan))[index] = values
        self.of_draws.setdefault(name, np.full(self._shape[0], np.nan))[index] = of_draw


def _random(seed: int, purpose: str) -> np.random.Generator:
    """A generator for each purpose, apart from those of the simulation."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(purpose.encode())))


def _expected(scenario: Scenario) -> Sequence[str]:
    known = figures.names(measured())
    named = dict.fromkeys(expectation.metric for expectation in scenario.expect)
    return tuple(name for name in named if name in known) or figures.names(figures.shown_in("uncertain"))


def _formula(name: str) -> Formula:
    if figures.quantile_shares(name) is None:
        if figures.find(name, measured()) is None and (name in EXPECTED or figures.find(name) is not None):
            raise UserError(
                f"{name} is not a figure of each replication, so its variance has no parts: write it in `expect`, "
                "and the share of the draws in which it holds is reported"
            )
        figures.figure(name, measured())
    return formula(name)


def shares_of(scenario: Scenario, draws: int) -> Floats:
    """The draws of a scenario's beliefs, [draws, beliefs], as shares of their distributions: what its seed gives."""
    return sobol(draws, len(scenario.beliefs), _random(scenario.run.seed, "beliefs"))


def drawn(beliefs: Sequence[Belief], shares: Floats) -> dict[str, object]:
    """Field -> value of one draw."""
    return {belief.field: belief.at(share) for belief, share in zip(beliefs, shares.tolist(), strict=True)}


def _scenarios(template: Template, values: Sequence[Mapping[str, object]], replications: int) -> list[Scenario]:
    """The scenario of each draw; ScenarioError with the first of those that cannot be."""
    found, problems = list[Scenario](), dict[str, Problem]()
    for drawn in values:
        try:
            scenario = template.at(drawn)
        except ScenarioError as error:
            problems |= {str(one): one for one in error.problems}
            continue
        found.append(repeated(scenario, replications))
    if problems:
        raise ScenarioError(list(problems.values())[:MOST_PROBLEMS])
    return found


def _verdicts(result: Result) -> list[str]:
    entries: Any = result.summary["expect"]
    return [entry["verdict"] for entry in entries]


def _chance(text: str, verdicts: Sequence[str]) -> Chance:
    holds, fails, undecided = (verdicts.count(word) / len(verdicts) for word in ("pass", "fail", "undecided"))
    return Chance(text, holds, fails, undecided)


def _answer(
    name: str,
    figure: Formula,
    values: Floats,
    of_draws: Floats,
    beliefs: Sequence[Belief],
    shares: Floats,
    resampled: Ints,
    rng: np.random.Generator,
) -> Answer:
    """The figure over all draws; `values` are those of each replication, `of_draws` those of each draw.

    `shares` stand for the inputs, whose ranks are theirs.
    """
    absent = int(np.isnan(values).any(axis=1).sum())
    if absent:
        return Answer(name, figure.kind, reason=f"{figure.missing} in {absent} of {len(values)} draws")
    values, of_draws = figure.scale * values, figure.scale * of_draws
    low, middle, high = (float(value) for value in np.quantile(of_draws, (0.05, 0.5, 0.95)))
    # Whole numbers tie: what was simulated counts, not where in the sequence it stood.
    inputs = np.column_stack(
        [[_number(b.at(share)) for share in row] for b, row in zip(beliefs, shares.T, strict=True)]
    )
    return Answer(
        name,
        figure.kind,
        of_draws=tuple(of_draws.tolist()),
        p5=low,
        p50=middle,
        p95=high,
        split=split(values),
        interval=inputs_interval(values, resampled, rng),
        ranking=rank([belief.field for belief in beliefs], inputs, of_draws, resampled),
    )


def _of_draw(name: str, values: Sequence[float], result: Result) -> float:
    """The figure of a draw, in the unit of its formula: a percentile of all calls together, else the mean."""
    shares = figures.quantile_shares(name)
    return mean(values) if shares is None else pooled_quantile(pool(result.runs), shares[0])


def _number(value: str | int | float) -> float:
    number = float(value.partition(" ")[0]) if isinstance(value, str) else float(value)
    assert math.isfinite(number)
    return number
