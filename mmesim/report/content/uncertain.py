"""What the report on uncertain inputs says: the answers over all draws, and what to measure first."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim.experiment.unknowns.uncertain_result import Answer, Uncertain
from mmesim.report import formats, phrases
from mmesim.report.blocks import Block, Cell, Column, Lines, Report, Table, Title, cells, report
from mmesim.report.content.steadiness import steadiness
from mmesim.scenario.figures import SHOWN_UNITS
from mmesim.stats.intervals import Estimate
from mmesim.stats.ranking import Ranking


def uncertain_report(found: Uncertain) -> Report:
    """The answers over all draws, what they are made of, and what to measure first."""
    return report(_head(found), _answers(found), _expected(found), _first(found))


def _head(found: Uncertain) -> Iterator[Block]:
    size = f"{len(found.draws)} draws of {phrases.plural(len(found.beliefs), 'belief')}"
    repeated = f"{size} x {found.replications} replications, seed {found.scenario.run.seed}"
    yield Title(found.scenario.name, f"{repeated}; [95 % interval]", level=1)
    lines = [*phrases.of_scenario(found.scenario)]
    lines += steadiness([(f"draw {k}", one) for k, one in enumerate(found.steady_state)], "draws")
    if lines:
        yield Lines(tuple(lines))
    rows = []
    for belief in found.beliefs:
        numbers = ", ".join(f"{name} {value}" for name, value in _parameters(belief.body()))
        rows.append(cells(belief.field, belief.shape, numbers))
    yield Table((Column(), Column(), Column()), tuple(rows))


def _parameters(body: dict[str, object]) -> list[tuple[str, object]]:
    inner = next(iter(body.values()))
    return list((inner if isinstance(inner, dict) else body).items())


def _answers(found: Uncertain) -> Iterator[Block]:
    yield Title("Over the draws")
    titles = ("p5", "p50", "p95", "inputs", "noise")
    yield Table((Column(), *(Column(title, "right") for title in titles)), tuple(map(_row, found.answers)))
    parts = "inputs, noise: shares of the variance of one replication"
    left = (
        f"p5, p50 and p95 are of {found.replications} replications of each draw together, in which some noise is left"
    )
    yield Lines((f"{parts}; {left}",), "note")
    notes = []
    for answer in found.answers:
        if answer.reason is not None:
            notes.append(f"{answer.name}: {answer.reason}")
        elif answer.split is not None and answer.split.below_zero:
            notes.append(f"{answer.name}: no influence of the inputs beyond noise (their share was estimated below 0)")
    if notes:
        yield Lines(tuple(notes))


def _row(answer: Answer) -> tuple[Cell, ...]:
    name = phrases.with_unit(answer.name, answer.kind)
    points = cells(name, *(formats.figure(answer.kind, value) for value in (answer.p5, answer.p50, answer.p95)))
    share = answer.inputs_share
    if share is None:
        return (*points, *cells(formats.DASH, formats.DASH))
    return (*points, formats.share_cell(Estimate(share, answer.interval).as_dict()), Cell(formats.share(1.0 - share)))


def _expected(found: Uncertain) -> Iterator[Block]:
    if not found.expect:
        return
    yield Title("Expected (share of the draws)")
    rows = [
        cells(one.text, formats.share(one.holds), formats.share(one.fails), formats.share(one.undecided))
        for one in found.expect
    ]
    yield Table((Column(), *(Column(name, "right") for name in ("holds", "fails", "undecided"))), tuple(rows))


def _first(found: Uncertain) -> Iterator[Block]:
    known = [(answer, answer.ranking) for answer in found.answers if answer.ranking is not None]
    if known:
        yield Title("What to measure first (share of the variance of the ranks of each figure)")
    for answer, ranking in known:
        name = answer.name
        if answer.constant:
            unit = "" if answer.kind == "share" else SHOWN_UNITS[answer.kind]
            value = f"{formats.figure(answer.kind, answer.p50)} {unit}".strip()
            yield Lines((f"{name}: never varied, {value} in all {len(answer.of_draws)} draws",))
            continue
        yield Lines((f"{name}: together the inputs explain {formats.share(ranking.explained)}",))
        rows = []
        for place, one in enumerate(ranking.influences, 1):
            effect = {1: "raises", -1: "lowers", 0: ""}[one.direction]
            share = formats.share_cell(Estimate(one.share, one.interval).as_dict())
            rows.append((*cells(f"{place}", one.field), share, Cell(effect)))
        yield Table((Column(), Column(), Column(align="right"), Column(optional=True)), tuple(rows))
        if not ranking.resolved:
            yield Lines((f"the order is not resolved: {_overlap(ranking)}",), "note")


def _overlap(ranking: Ranking) -> str:
    places = [f"{place} and {place + 1}" for place, one in enumerate(ranking.influences, 1) if not one.resolved]
    return f"the intervals of {', '.join(places)} overlap; take more draws"
