"""The document of a plan, from what was found."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from mmesim import __version__
from mmesim.experiment.plan.estimate import Estimates
from mmesim.experiment.plan.fleets import Option
from mmesim.experiment.plan.tried import UNKNOWN, Tried
from mmesim.experiment.plan.walk import Walk
from mmesim.preflight.offered import Offered
from mmesim.preflight.working_set import working_sets
from mmesim.results.answers.planned import Estimated, Planned, Scaled, Used, WhyNot, missed_by, too_dear_by
from mmesim.results.answers.sections import Verdict
from mmesim.scenario.file.yaml import write_flow
from mmesim.scenario.scenario import Scenario
from mmesim.stats.means import CONFIDENCE


def document(
    base: Scenario,
    walk: Walk,
    estimates: Estimates,
    own: Option | None,
    finished: bool,
    notes: Sequence[str],
    scaled: Scaled | None = None,
) -> Planned:
    """The document; `own`: the fleet that the scenario names; `scaled`: the answer with autoscaling."""
    assert base.plan is not None
    fleets = walk.fleets
    row = {id(one): number for number, one in enumerate(fleets)}
    answer = walk.answer or (None if finished else walk.best_so_far)
    before = [one for one in (fleets if answer is None else fleets[: row[id(answer)]]) if one.option.in_grid]
    sets = working_sets(Offered(base))
    return Planned(
        mmesim=__version__,
        name=base.name,
        verdict=_verdict(walk, estimates, before, finished),
        finished=finished,
        confidence=CONFIDENCE,
        tolerance=base.plan.tolerance,
        share_of_draws=base.plan.share_of_draws if base.beliefs else None,
        assume_monotone=base.plan.assume_monotone,
        expect=[e.text for e in base.expect],
        grid={
            field: [v if isinstance(v, str | int | float | bool) else write_flow(v) for v in values]
            for field, values in base.plan.grid.items()
        },
        working_set=None if sets is None else {name: one.model_dump() for name, one in sets.items()},
        fleets=[one.document() for one in fleets],
        answer=None if answer is None else row[id(answer)],
        next_cheaper=None if estimates.next_cheaper is None else row[id(estimates.next_cheaper)],
        current=next((number for number, one in enumerate(fleets) if one.option is own), None),
        all_in_memory=None if estimates.in_memory is None else row[id(estimates.in_memory)],
        ties=[row[id(one)] for one in before if one.is_tie],
        estimates=[Estimated(fleet=row[id(one)], lines=lines) for one, lines in estimates.lines],
        paired=estimates.paired,
        settings=estimates.settings,
        scaled=scaled,
        why_not=why_not(before, row),
        used=Used(
            proved=sum(map(_is_proved, fleets)),
            simulated_fleets=sum(one.replications > 0 and not _is_proved(one) for one in fleets),
            replications=sum(one.replications for one in fleets),
            simulated=sum(one.simulated for one in fleets),
            requests=sum(one.requests for one in fleets),
        ),
        notes=list(notes),
    )


def _is_proved(one: Tried) -> bool:
    """Whether arithmetic alone turned a fleet down; with uncertain inputs in each of its draws."""
    by_no_run = one.state == "turned down" and (one.is_shown_alone or not one.replications)
    return one.stage == "proof" or (one.stage == "draws" and by_no_run)


def _verdict(walk: Walk, estimates: Estimates, before: Sequence[Tried], finished: bool) -> Verdict:
    """Pass: an answer whose estimate is inside, and nothing cheaper is open beyond the tolerance."""
    open_ = any(one.state == "open" and not one.is_tie for one in before)
    if walk.answer is not None:
        return "undecided" if not finished or open_ or estimates.crosses else "pass"
    settled = all(one.state == "turned down" for one in before)
    return "fail" if finished and settled else "undecided"


def why_not(before: Sequence[Tried], row: dict[int, int]) -> list[WhyNot]:
    """The families of the fleets that were looked at and are not the answer, the one that came nearest first; each with
    its nearest fleet: of those that nothing was simulated of, the largest.
    """
    families: dict[object, list[Tried]] = {}
    for one in before:
        if one.state in ("turned down", "open"):
            families.setdefault(one.option.family, []).append(one)
    found = []
    for family, members in families.items():
        nearest = min(members, key=lambda one: (_missed_by(one), -one.option.instance_count, -row[id(one)]))
        if nearest.over_draws is not None:
            binds = nearest.over_draws.binds
        else:
            binds = Counter(one.binds or UNKNOWN for one in members if one.state == "turned down")
        found.append(
            WhyNot(
                family=dict(family),  # type: ignore[call-overload]
                fleets=len(members),
                binds=dict(binds.most_common()),
                nearest=row[id(nearest)],
                text=nearest.reason or "",
            )
        )
    fleets = {row[id(one)]: one for one in before}
    return sorted(found, key=lambda one: (_missed_by(fleets[one.nearest]), -one.nearest))


def _missed_by(one: Tried) -> float:
    """How far a fleet is from being inside: by which share of it its worst line misses its limit; of draws, in which
    share it is not inside; of one that costs too much, by which share. Infinite where nothing says it.
    """
    if one.over_draws is not None and one.over_draws.share is not None:
        return 1.0 - one.over_draws.share
    if one.state == "open":
        return 0.0
    failed = [line for line in one.lines if line.verdict == "fail"]
    if not failed and one.option.needs:
        return too_dear_by(one.option.usd_per_month, (e.text for e in one.option.scenario.expect))
    if not failed or any(line.value is None for line in failed):
        return math.inf
    return max(missed_by(line) for line in failed)
