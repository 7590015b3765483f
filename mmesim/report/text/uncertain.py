"""What hangs on what is only believed, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim.experiment.uncertain_result import Answer, Uncertain
from mmesim.report import caveats, layout
from mmesim.stats.intervals import Estimate


def text(found: Uncertain) -> str:
    """Return the answers over all draws, what they are made of, and what to measure first."""
    sections = (_head(found), _answers(found), _expected(found), _first(found))
    return "\n".join("\n".join([*section, ""]) for section in map(list, sections) if section).rstrip("\n") + "\n"


def _head(found: Uncertain) -> Iterator[str]:
    beliefs = f"{len(found.beliefs)} {'belief' if len(found.beliefs) == 1 else 'beliefs'}"
    size = f"{len(found.draws)} draws of {beliefs} x {found.replications} replications"
    yield f"{found.scenario.name}: {size}, seed {found.scenario.run.seed}; [ ] are 95 % bootstrap intervals over draws"
    yield from caveats.of_scenario(found.scenario)
    yield from caveats.of_runs([(f"draw {k}", one) for k, one in enumerate(found.steady_state)], "draws")
    rows = []
    for belief in found.beliefs:
        numbers = ", ".join(f"{name} {value}" for name, value in _parameters(belief.body()))
        rows.append((belief.field, belief.shape, numbers))
    yield from layout.columns(rows, left=3)


def _parameters(body: dict[str, object]) -> list[tuple[str, object]]:
    inner = next(iter(body.values()))
    return list((inner if isinstance(inner, dict) else body).items())


def _answers(found: Uncertain) -> Iterator[str]:
    titles = ("over the draws", "p5", "p50", "p95", "not knowing", "", "luck")
    rows = [titles, *(_row(answer) for answer in found.answers)]
    yield from layout.columns(rows, indent=0)
    yield "  not knowing, luck: parts of the variance of one replication; percentiles are of the means of"
    yield f"  {found.replications} replications, in which some luck is left"
    for answer in found.answers:
        if answer.reason is not None:
            yield f"  {answer.name}: {answer.reason}"
        elif answer.split is not None and answer.split.below_zero:
            yield f"  {answer.name}: no influence of the inputs beyond luck (their part was estimated below 0)"


def _row(answer: Answer) -> tuple[str, ...]:
    name = f"  {answer.name}" if answer.unit == "1" else f"  {answer.name}, {answer.unit.replace('1/s', '/s')}"
    points = [_value(answer, value) for value in (answer.p5, answer.p50, answer.p95)]
    share = answer.inputs_share
    if share is None:
        return (name, *points, layout.DASH, "", layout.DASH)
    interval = layout.percent_interval(Estimate(share, answer.interval).as_dict())
    return (name, *points, layout.share(share), interval, layout.share(1.0 - share))


def _value(answer: Answer, value: float | None) -> str:
    if value is None:
        return layout.DASH
    return layout.share(value) if answer.kind == "share" else layout.number(value)


def _expected(found: Uncertain) -> Iterator[str]:
    if not found.expect:
        return
    yield "Expected, in so many of the draws"
    rows = [("", "holds", "fails", "undecided")]
    rows += [
        (one.text, layout.share(one.holds), layout.share(one.fails), layout.share(one.undecided))
        for one in found.expect
    ]
    yield from layout.columns(rows)


def _first(found: Uncertain) -> Iterator[str]:
    known = [answer for answer in found.answers if answer.ranking is not None]
    if not known:
        return
    yield "What to measure first: parts of the variance of the ranks of each figure"
    for answer in known:
        ranking = answer.ranking
        assert ranking is not None
        yield f"  {answer.name}: together they explain {layout.share(ranking.explained)}"
        rows = []
        for place, one in enumerate(ranking.influences, 1):
            interval = layout.percent_interval(Estimate(one.share, one.interval).as_dict())
            effect = {1: "more of it: higher", -1: "more of it: lower", 0: ""}[one.direction]
            rows.append((f"{place}", one.field, layout.share(one.share), interval, effect))
        yield from layout.columns(rows, left=2, indent=4)
        if not ranking.resolved:
            yield f"    the order is not resolved: {_overlap(answer)}"


def _overlap(answer: Answer) -> str:
    assert answer.ranking is not None
    places = [f"{place} and {place + 1}" for place, one in enumerate(answer.ranking.influences, 1) if not one.resolved]
    return f"the intervals of {', '.join(places)} overlap; take more draws"
