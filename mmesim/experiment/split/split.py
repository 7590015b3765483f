"""`mmesim split`: which models should leave the multi-model endpoint, where to, and what that saves.

What is saved has two sides. The others must do with fewer instances, still keeping every line of `expect`; and what is
freed must be more than the new endpoints cost, whose calls must keep the lines, too. Both sides are simulated on the
calls that they get of the whole. What is found is tried again on random numbers that chose nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mmesim import __version__
from mmesim.errors import UserError
from mmesim.experiment import numbers
from mmesim.experiment.assumed import assumed
from mmesim.experiment.execute.executors import given_or_local
from mmesim.experiment.execute.task import Executor
from mmesim.experiment.fixed_fleet import refuse_scaling
from mmesim.experiment.replicate import repeated
from mmesim.experiment.runs import Runs, Watch
from mmesim.experiment.split import lines, serverless
from mmesim.experiment.split.candidates import Leaving, Loads, candidates
from mmesim.experiment.split.fleets import Fleets
from mmesim.experiment.split.lines import Counted
from mmesim.experiment.split.options import does_not_apply, wanted_options
from mmesim.experiment.split.parts import ASSUMED, part_of, serverless_part
from mmesim.experiment.split.runs import Simulations
from mmesim.experiment.split.search import Judged, cheapest, fewest, judge, left_for
from mmesim.experiment.split.serverless import OnServerless
from mmesim.experiment.split.whole import Whole, whole
from mmesim.experiment.store.store import Store
from mmesim.preflight.offered import Offered
from mmesim.results.answers.sections import Verdict
from mmesim.results.answers.split import Alternative, Candidate, Part, SplitAnswer, SplitLine, Tried, UsedBySplit
from mmesim.scenario.file.load import as_scenario
from mmesim.scenario.file.template import Template
from mmesim.scenario.run.settings import AUTO
from mmesim.scenario.run.split import Option, Split
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.closed_loop import ClosedLoop

MOST_CONFIRMED = 5
"""Ways to split that are simulated again, those that save most first."""


def split(
    scenario: Scenario | str | Path,
    *,
    replications: int | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    store: str | Path | None = None,
    watch: Watch | None = None,
) -> SplitAnswer:
    """Which models of a scenario, or the file of one, should leave its endpoint, and what that saves a month.

    `replications` of each fleet: default those that the scenario sets, else 10. `jobs` run at the same time, or
    `executor` runs them. `store` is a file: simulations that are in it are not run again. `watch` gets the numbers of
    replications simulated, found and wanted so far. UserError when nothing is expected, no price is known, or users
    wait for answers in a closed loop.
    """
    base = repeated(as_scenario(scenario), replications)
    if base.run.replications < 2:
        raise UserError(f"{base.name}: one replication gives no interval: at least 2 are needed")
    _require(base)
    with Store(store) as kept, given_or_local(executor, jobs) as running:
        return _Split(base, Simulations(Runs(kept, running, watch))).answer()


def _require(scenario: Scenario) -> None:
    refuse_scaling(scenario, "split")
    if not scenario.expect:
        raise UserError(f"{scenario.name}: nothing is expected: add `expect`, such as [p99 < 500 ms]")
    if scenario.endpoint.host.price_usd_per_hour is None:
        raise UserError(f"{scenario.name}: no price is known for this host: endpoint: {{price_per_hour: 0.23 USD}}")
    for stream in scenario.traffic:
        if isinstance(stream.arrivals, ClosedLoop):
            raise UserError(
                f"{scenario.name}: traffic {stream.name!r} is a closed loop, whose users wait for answers from all "
                "endpoints: split needs calls that come whatever is answered, such as arrivals: {poisson: ...}"
            )


@dataclass(frozen=True)
class _Found:
    """A way to split that keeps every line in the search."""

    option: Option
    candidate: int
    rest: Judged | None
    moved: tuple[Judged, ...]
    on_serverless: OnServerless | None
    usd: float
    """A month, of the new endpoints."""


@dataclass
class _Row:
    """A candidate and what was found of it."""

    leaving: Leaving
    rest: Judged | None
    lacks: str | None
    frees_usd: float
    budget_usd: float
    """What the new endpoints must cost less than; 0 where nothing is to be gained."""
    tried: list[Tried] = field(default_factory=list)


class _Split:
    """One split under way."""

    def __init__(self, scenario: Scenario, runs: Simulations) -> None:
        self.scenario = scenario
        self.runs = runs
        self.wanted = scenario.split or Split()
        self.loads = Loads(Offered(scenario))
        self.fleets = Fleets(scenario, self.wanted, self.loads)
        self.limit_usd = lines.month_limits(scenario.expect)
        self.found: list[_Found] = []
        self.tried: list[Leaving] = []

    def answer(self) -> SplitAnswer:
        """All of it."""
        scenario = self.scenario
        one = whole(self.fleets, self.runs, self.limit_usd)
        if one.given.result is not None and not any(run.calls for run in one.given.result.runs):
            raise UserError(
                f"{scenario.name}: no call came in {scenario.run.replications} replications, so nothing can be judged: "
                "run.duration is too short for this traffic"
            )
        options, left_out = wanted_options(self.wanted, scenario.endpoint.region)
        rows = []
        self.tried = candidates(self.loads, self.wanted)
        for leaving in self.tried:
            row = self._row(leaving, one)
            rows.append(row)
            for option in options if row.budget_usd > 0.0 else ():
                row.tried.append(self._try(option, len(rows) - 1, row))
        self.found.sort(key=lambda found: found.usd + (found.rest.fleet.usd_per_month if found.rest else 0.0))
        alternatives = [self._alternative(found, n, one.reference_usd) for n, found in enumerate(self.found)]
        alternatives.sort(key=lambda found: (not found.confirmed, found.verdict != "pass", -found.saving_usd))
        return SplitAnswer(
            mmesim=__version__,
            name=scenario.name,
            verdict=_verdict(alternatives, any(tried.state == "open" for row in rows for tried in row.tried)),
            expect=[e.text for e in scenario.expect],
            not_judged=lines.not_judged(scenario.expect),
            notes=list(assumed(scenario)),
            replications=scenario.run.replications,
            given=self._part(one.given),
            one_endpoint=None if one.own is None else self._part(one.own),
            other_hosts=None if one.other is None else self._part(one.other),
            reference_usd=one.reference_usd,
            candidates=[self._candidate(row) for row in rows],
            alternatives=alternatives,
            left_out=left_out,
            assumed={option: ASSUMED[option] for option in options},
            used=UsedBySplit(
                fleets=self.runs.fleets,
                replications=self.runs.runs.all,
                simulated=self.runs.runs.simulated,
                requests=self.runs.requests,
            ),
        )

    def _row(self, leaving: Leaving, one: Whole) -> _Row:
        """What is left without some models: with fewer instances than before, or where one endpoint does not do."""
        if len(leaving.models) == len(self.scenario.hosted):
            return _Row(leaving, None, None, one.reference_usd, one.reference_usd)
        most = one.instances - 1 if one.own is not None else one.instances
        rest, fewer = fewest(partial(self.fleets.rest, leaving), most, self.runs) if most else (None, None)
        lacks = None if fewer is None else fewer.said
        if rest is None:
            return _Row(leaving, None, lacks, 0.0, 0.0)
        frees = (one.own or one.given).fleet.usd_per_month - rest.fleet.usd_per_month
        budget = one.reference_usd - rest.fleet.usd_per_month
        # Where no endpoint keeps every line, a split that does may cost more.
        return _Row(leaving, rest, lacks, frees, budget + one.reference_usd * one.none_does)

    def _try(self, option: Option, number: int, row: _Row) -> Tried:
        """One option for some models: the cheapest that keeps the lines, and costs less than what is left for it."""
        leaving = row.leaving
        why_not = does_not_apply(option, leaving, self.scenario)
        if why_not is not None:
            return Tried(option=option, state="does not apply", usd_per_month=None, reason=why_not)
        kept = 0.0 if row.rest is None else row.rest.fleet.usd_per_month
        budget = min(row.budget_usd, self.limit_usd - kept)
        if option == "serverless":
            return self._serverless(number, row, budget)
        if option == "dedicated":
            return self._dedicated(number, row, budget)
        makers = {
            "second_mme": self.fleets.second,
            "components": self.fleets.components,
            "multi_container": self.fleets.containers,
        }
        make = makers[option]
        fleets = self.fleets.counts(budget)
        if option == "second_mme":
            fleets = self.fleets.as_roomy(fleets, self._share(leaving))
        judged, why = cheapest(fleets, lambda type_, count: make(leaving, type_, count), self.runs, budget_usd=budget)
        return self._outcome(option, number, row, () if judged is None else (judged,), why)

    def _dedicated(self, number: int, row: _Row, budget: float) -> Tried:
        """An endpoint for each model, the one with the most work first."""
        ordered = sorted(row.leaving.models, key=lambda model: -float(self.loads.cpu[model.index]))
        found: list[Judged] = []
        for model in ordered:
            others = self.fleets.cheapest_usd * (len(ordered) - len(found) - 1)
            left = budget - sum(one.fleet.usd_per_month for one in found) - others
            affordable = self.fleets.counts(left)
            judged, why = cheapest(affordable, partial(self.fleets.alone, model), self.runs, budget_usd=left)
            if judged is None:
                why = f"{model.name}: {why}" if len(ordered) > 1 else why
                return self._outcome("dedicated", number, row, (), why)
            found.append(judged)
        return self._outcome("dedicated", number, row, tuple(found), "")

    def _share(self, leaving: Leaving) -> float:
        """Of the memory of all models."""
        return Loads.share(self.loads.memory, leaving.models, self.loads.hosted)

    def _outcome(self, option: Option, number: int, row: _Row, moved: tuple[Judged, ...], why: str) -> Tried:
        if not moved:
            return Tried(option=option, state="turned down", usd_per_month=None, reason=why)
        return self._kept(_Found(option, number, row.rest, moved, None, sum(one.fleet.usd_per_month for one in moved)))

    def _kept(self, found: _Found) -> Tried:
        """What is left and the new endpoints together: whether all calls keep every line."""
        judged = lines.together(self.scenario.expect, self._sides(found))
        missed = [line for line in judged if line.verdict != "pass"]
        tried = Tried(option=found.option, state="saves", usd_per_month=found.usd, reason=None)
        if missed:
            state = "open" if lines.worst([line.verdict for line in missed]) == "undecided" else "turned down"
            what = "leaves open" if state == "open" else "misses"
            said = f"{what} {', '.join(line.text for line in missed if state == 'open' or line.verdict == 'fail')}"
            return tried.model_copy(update={"state": state, "reason": said})
        self.found.append(found)
        return tried

    def _sides(self, found: _Found) -> list[tuple[Sequence[SplitLine], Mapping[str, Counted]]]:
        """Of each endpoint its lines, and the shares behind them."""
        fleets = ([] if found.rest is None else [found.rest]) + list(found.moved)
        sides: list[tuple[Sequence[SplitLine], Mapping[str, Counted]]] = [
            (one.lines, {} if one.result is None else lines.counted(one.result)) for one in fleets
        ]
        if found.on_serverless is not None:
            sides.append((found.on_serverless.lines, found.on_serverless.counted))
        return sides

    def _serverless(self, number: int, row: _Row, budget: float) -> Tried:
        part = self._moved(row.leaving)
        why = serverless.too_large(part, self.wanted.serverless)
        if why is not None:
            return Tried(option="serverless", state="does not apply", usd_per_month=None, reason=why)
        made = self._on_serverless(row.leaving, numbers.SPLIT)
        if made.usd_per_month >= budget:
            reason = f"more than {left_for(budget)}"
            return Tried(option="serverless", state="dearer", usd_per_month=made.usd_per_month, reason=reason)
        return self._kept(_Found("serverless", number, row.rest, (), made, made.usd_per_month))

    def _moved(self, leaving: Leaving) -> Scenario:
        """The calls of the models that leave."""
        changed: dict[str, object] = {"endpoint.only": list(leaving.names)}
        if self.scenario.endpoint.without is not None:
            changed["endpoint.without"] = None
        made = Template.of(self.scenario).at(changed)
        run = self.scenario.run
        if run.warmup_s == AUTO:  # nothing settles: the calls before the run have set up what they need
            run = self.scenario.with_run(warmup_s=0.0).run
        settled: Scenario = made.model_copy(update={"run": run})
        return lines.held(settled)

    def _on_serverless(self, leaving: Leaving, first: int) -> OnServerless:
        found = serverless.on_serverless(self._moved(leaving), self.wanted.serverless, first)
        self.runs.requests += found.requests
        return found

    def _alternative(self, found: _Found, rank: int, reference_usd: float) -> Alternative:
        """A way to split, simulated again unless there are many better ones."""
        again = rank < MOST_CONFIRMED
        leaving = self.tried[found.candidate]
        if again:
            rest = None if found.rest is None else judge(found.rest.fleet, self.runs, numbers.SPLIT_CONFIRM)
            moved = tuple(judge(one.fleet, self.runs, numbers.SPLIT_CONFIRM) for one in found.moved)
            made = None if found.on_serverless is None else self._on_serverless(leaving, numbers.SPLIT_CONFIRM)
            found = _Found(found.option, found.candidate, rest, moved, made, found.usd)
        fleets = ([] if found.rest is None else [found.rest]) + list(found.moved)
        parts = [self._part(one) for one in fleets]
        saving_interval = None
        if found.on_serverless is not None:
            share = Loads.share(self.loads.rate, leaving.models, self.loads.hosted)
            parts.append(serverless_part(leaving, found.on_serverless, share))
            left = reference_usd - sum(part.usd_per_month for part in parts[:-1])
            ends = found.on_serverless.usd_interval
            saving_interval = None if ends is None else (left - ends[1], left - ends[0])
        judged = lines.together(self.scenario.expect, self._sides(found))
        usd = sum(part.usd_per_month for part in parts)
        return Alternative(
            option=found.option,
            candidate=found.candidate,
            parts=parts,
            lines=judged,
            usd_per_month=usd,
            saving_usd=reference_usd - usd,
            saving_interval=saving_interval,
            confirmed=again,
            verdict=lines.worst([line.verdict for line in judged]),
        )

    def _part(self, judged: Judged) -> Part:
        hosted = judged.fleet.scenario.hosted
        return part_of(judged, Loads.share(self.loads.rate, hosted, self.loads.hosted))

    def _candidate(self, row: _Row) -> Candidate:
        leaving, loads = row.leaving, self.loads
        everyone = len(leaving.models) == len(loads.hosted)
        needs = 0 if everyone else None if row.rest is None else row.rest.fleet.scenario.endpoint.instance_count
        return Candidate(
            names=list(leaving.names),
            why=leaving.why,
            models=len(leaving.models),
            share_of_calls=loads.share(loads.rate, leaving.models, loads.hosted),
            share_of_cpu=loads.share(loads.cpu, leaving.models, loads.hosted),
            share_of_memory=loads.share(loads.memory, leaving.models, loads.hosted),
            rest_needs=needs,
            rest_lacks=row.lacks,
            frees_usd=row.frees_usd,
            tried=row.tried,
        )


def _verdict(alternatives: list[Alternative], some_open: bool) -> Verdict:
    """Of those that were simulated again; what costs as much, or fails now, is none.

    `some_open`: another way would save, but the search leaves open whether it keeps every line.
    """
    confirmed = [one.verdict for one in alternatives if one.confirmed]
    return "pass" if "pass" in confirmed else "undecided" if some_open or "undecided" in confirmed else "fail"
