"""The answer of a plan in one sentence, with all that it depends on; and the fleet that runs now beside it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mmesim import units
from mmesim.report import formats, phrases
from mmesim.report.content.gated.words import on_one_line
from mmesim.report.content.planned import words
from mmesim.results.answers.planned import Fleet, Planned, Setting, is_recovery, missed_by, too_dear_by


def statement(planned: Planned) -> str:
    """What `--quiet` prints: the answer, or why there is none."""
    return f"{_opening(planned)}{'; '.join(_parts(planned))}."


def _opening(planned: Planned) -> str:
    sure = f"With {units.show_fraction(planned.confidence)} over simulation noise"
    given = "given this scenario and these assumptions"
    if not planned.finished:
        return f"Stopped before the end. {sure}, {given}, so far: "
    if planned.verdict == "undecided":
        return f"Open, {given}: "
    return f"{sure}, {given}: "


def _parts(planned: Planned) -> Iterator[str]:
    if planned.answer is None:
        yield from _no_answer(planned)
        return
    yield from _answer(planned, planned.answer)
    yield from _cheaper(planned, planned.answer)
    yield from _settings(planned)
    yield from _memory(planned, planned.answer)


def _answer(planned: Planned, row: int) -> Iterator[str]:
    """The fleet, its price, and the figure that comes nearest to its limit."""
    one, line = planned.fleets[row], words.nearest(words.judged(planned, row))
    parts = [words.fleet(planned, row), words.price(one), *([] if line is None else [words.found(line)])]
    yield ", ".join(parts)
    lines = words.judged(planned, row)
    is_open = planned.finished and planned.verdict == "undecided"
    if is_open and line is not None and any(of.verdict != "pass" for of in lines):
        yield f"that is too near to {_limit(line.text)} to tell"
    besides = dict.fromkeys(of.when for of in lines if of.when is not None and not is_recovery(of))
    if besides:
        yield f"it has to hold with {' and with '.join(map(on_one_line, besides))}, too"
    yield from (words.recovers(of) for of in lines if is_recovery(of))
    yield from _of_draws(planned, one)


def _priced(planned: Planned, row: int) -> str:
    return f"{words.fleet(planned, row)} ({words.price(planned.fleets[row])})"


def _limit(text: str) -> str:
    return f"the limit of {on_one_line(text)}"


def _of_draws(planned: Planned, one: Fleet) -> Iterator[str]:
    """In which share of the draws of uncertain inputs a fleet is inside, and what it costs beyond the best."""
    if one.share_of_draws is not None:
        least = planned.share_of_draws
        asked = "" if least is None else f", {units.show_fraction(least)} asked for"
        share = formats.in_sentence(draws(one))
        yield f"inside in {share} of {phrases.plural(one.draws, 'draw')} of uncertain inputs{asked}"
    if one.mean_extra_usd is not None:
        extra = units.show_dollars(one.mean_extra_usd)
        best = "the cheapest fleet of each draw"
        is_best = extra == units.show_dollars(0.0)
        yield f"no dearer than {best}" if is_best else f"{extra} a month beyond {best}, on average"


def draws(one: Fleet) -> str:
    """The share of the draws in which a fleet is inside: `93 % [88, 96]`."""
    ends = one.share_of_draws_interval
    return formats.percent({"value": one.share_of_draws, "ci95": None if ends is None else list(ends)})


def _cheaper(planned: Planned, row: int) -> Iterator[str]:
    """Whether anything cheaper would do, as far as that is known."""
    undecided = [place for place in cheaper(planned, row) if planned.fleets[place].state in ("open", "not tried")]
    left = [place for place in undecided if place not in planned.ties]
    if left and not planned.finished:
        yield f"{phrases.plural(len(left), 'cheaper fleet')} of the grid still to be decided"
    elif not cheaper(planned, row):
        yield "it is the cheapest fleet of the grid"
        return
    else:
        yield f"no {'other ' if undecided else ''}cheaper fleet of the grid is inside"
        if left:
            yield f"not decided: {words.listed(map(partial(_priced, planned), left), ', ')}"
    yield f"too near to tell: {words.listed(map(partial(_priced, planned), planned.ties), ', ') or 'none'}"
    if planned.next_cheaper is not None:
        yield f"next cheaper, {words.fleet(planned, planned.next_cheaper)}, {_has(planned, planned.next_cheaper)}"


def cheaper(planned: Planned, row: int) -> list[int]:
    """The fleets of the grid that cost less than this one."""
    most = planned.fleets[row].usd_per_month
    prices = {place: planned.fleets[place].usd_per_month for place in words.in_grid(planned)}
    return [place for place, price in prices.items() if most is not None and price is not None and price < most - 1e-9]


def _has(planned: Planned, row: int) -> str:
    """What a fleet has that is not the answer; where nothing was simulated of it, why it was turned down."""
    line = words.decides(planned, row)
    if line is not None:
        return f"{'needs' if is_recovery(line) else 'has'} {words.roughly(line)}"
    reason = words.sentence(planned.fleets[row].reason)
    return f"was turned down: {reason}" if reason else "was turned down"


def _settings(planned: Planned) -> Iterator[str]:
    """In how many settings of what AWS does not publish the answer holds, and where it does not."""
    if not planned.settings:
        yield "not tried under other settings of what AWS does not publish"
        return
    holds = [one for one in planned.settings if one.verdict == "pass"]
    flips = [one for one in planned.settings if one.verdict == "fail"]
    unknown = [one for one in planned.settings if one.verdict == "undecided"]
    parts = [
        f"holds in {len(holds)} of {phrases.plural(len(planned.settings), 'setting')} of what AWS does not publish"
    ]
    parts += [f"{verb} {_if(of)}" for verb, of in (("flips", flips), ("undecided", unknown)) if of]
    yield ", ".join(parts)


def _if(settings: list[Setting]) -> str:
    return f"if {words.listed((on_one_line(one.name) for one in settings), ' or ')}"


def _memory(planned: Planned, row: int) -> Iterator[str]:
    """The cheapest fleet in which every model fits, with what it costs beyond the answer."""
    if planned.fleets[row].everything_in_memory:
        yield "all models fit into its memory at once"
    elif planned.all_in_memory is None:
        # A plan that was stopped has not looked for it yet.
        if not any(fleet.everything_in_memory for fleet in planned.fleets):
            yield "no fleet of the grid holds all models in memory at once"
    else:
        extra = words.dearer(planned, planned.all_in_memory, row)
        yield ", ".join(
            filter(None, (f"everything in memory would need {words.fleet(planned, planned.all_in_memory)}", extra))
        )


def _no_answer(planned: Planned) -> Iterator[str]:
    """That no fleet is known to be inside, and which one comes nearest."""
    rows = words.in_grid(planned)
    states = [planned.fleets[row].state for row in rows]
    open_ones = [row for row in rows if planned.fleets[row].state == "open" and planned.fleets[row].stage != "estimate"]
    if planned.verdict == "fail":
        yield f"none of the {phrases.plural(len(rows), 'fleet')} of the grid is inside"
    else:
        yield f"no fleet of the grid is known to be inside, {states.count('turned down'):,} of {len(states):,} are not"
        yield f"too near to tell: {words.listed(map(partial(_priced, planned), open_ones), ', ') or 'none'}"
    near = nearest_miss(planned)
    if near is not None:
        one = planned.fleets[near]
        yield f"the nearest miss, {words.fleet(planned, near)}, {words.price(one)}, {_has(planned, near)}"
    yield from unmet(planned)


def nearest_miss(planned: Planned) -> int | None:
    """Of the fleets that were turned down the one that came nearest; None without any."""
    rows = [row for row in words.in_grid(planned) if planned.fleets[row].state == "turned down"]
    return min(rows, key=lambda row: (_missed(planned, planned.fleets[row]), -row), default=None)


def _missed(planned: Planned, one: Fleet) -> float:
    """How far a fleet is from being inside, as in `why_not`; infinite where nothing says it."""
    if one.share_of_draws is not None:
        return 1.0 - one.share_of_draws
    failed = [missed_by(line) for line in one.lines if line.verdict == "fail"]
    return max(failed) if failed else too_dear_by(one.usd_per_month, planned.expect)


def unmet(planned: Planned) -> Iterator[str]:
    """The limits that no fleet of the grid meets; where each is met by one, that none meets all."""
    met = {line.text for one in planned.fleets for line in one.lines if line.verdict == "pass"}
    failed = {line.text for one in planned.fleets for line in one.lines if line.verdict == "fail"}
    never = [on_one_line(text) for text in planned.expect if text in failed and text not in met]
    if never:
        yield f"no fleet that was simulated meets {words.listed(never, ' or ')}"
    elif len(planned.expect) > 1 and set(planned.expect) <= met and planned.verdict == "fail":
        yield "each limit is met by some fleet, and no fleet meets all of them"


def current(planned: Planned) -> str | None:
    """The fleet that the scenario names beside the answer: `You run 6 x ml.m5.xlarge: 2 too many.`"""
    if planned.current is None:
        return None
    one, run = planned.fleets[planned.current], f"You run {words.fleet(planned, planned.current)}"
    if planned.answer is None:
        return f"{run}: {_states(one)}."
    if planned.answer == planned.current:
        return f"{run}: that is the answer."
    best = planned.fleets[planned.answer]
    alike = {**one.values, words.COUNT: 0} == {**best.values, words.COUNT: 0}
    difference = one.instance_count - best.instance_count
    if alike and difference and one.instance_type == best.instance_type:
        return f"{run}: {abs(difference):,} too {'many' if difference > 0 else 'few'}."
    extra = words.dearer(planned, planned.current, planned.answer)
    return f"{run}: {', and '.join(part for part in (f'it costs {extra}' if extra else '', _states(one)) if part)}."


def scaled(planned: Planned) -> str | None:
    """The answer with autoscaling beside itself: whether it keeps the limits, and what it costs."""
    found = planned.scaled
    if found is None:
        return None
    whose = "With autoscaling" if found.derived else "With the autoscaling of the scenario"
    target = "" if found.target is None else f", {units.show_number(found.target)} calls a minute on each"
    # What it costs is said for itself.
    others = [of for of in found.lines if of.unit != "USD" or of.verdict != "pass"]
    line = words.nearest(others)
    figure = "" if line is None else f", {words.found(line)}"
    ends = list(map(units.show_dollars, found.interval or ()))
    sure = f" ({ends[0]} to {ends[1]})" if len(set(ends)) > 1 else ""
    extra = found.usd_per_month - found.fixed_usd_per_month
    more = "more" if extra > 0 else "less"
    beside = "as much as" if abs(extra) < 0.5 else f"{units.show_dollars(abs(extra))} {more} than"
    return (
        f"{whose}, {found.min:,} to {found.max:,} instances{target}: {VERDICTS[found.verdict]}{figure}; "
        f"{units.show_dollars(found.usd_per_month)}{sure} a month on average over the run, {beside} the answer."
    )


VERDICTS = {"pass": "inside", "fail": "not inside", "undecided": "too near to tell"}
"""Of the answer with autoscaling."""


def _states(one: Fleet) -> str:
    """What is known of a fleet that is not the answer."""
    known = {
        "inside": "it is inside, too",
        "turned down": "it is not inside",
        "open": "it is open whether it is inside",
    }
    reason = words.sentence(one.reason)
    return known.get(one.state, "it was not tried") + (f": {reason}" if reason and one.state != "inside" else "")
