"""What the report of a capacity says: the answer, the amounts around it, the knee, and what all of it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mmesim import units
from mmesim.report import formats, phrases
from mmesim.report.blocks import Block, Cell, Column, Lines, Report, Table, Title, report
from mmesim.report.content.gated.words import TICKS, on_one_line, with_interval

if TYPE_CHECKING:
    from mmesim.results.answers.capacity import Capacity, Tried

MOST_ROWS = 14
"""Of the table; with more amounts, those that were decided, and the others as evenly as they come."""


def capacity_report(found: Capacity) -> Report:
    """The answer first, then the table."""
    return report(_head(found), _table(found), _notes(found))


def answer_report(found: Capacity) -> Report:
    """The answer alone."""
    return report([Lines((answer(found),))])


def amount(found: Capacity, of: float) -> str:
    """An amount in words: `538 models`, `1.27 x the traffic`."""
    return phrases.plural(round(of), "model") if found.of == "models" else f"{of:.4g} x the traffic"


def answer(found: Capacity) -> str:
    """What fits, what does not, and how far the present amount is from it; as far as it is known."""
    if found.finished:
        return _answer(found)
    if not found.expect or found.largest is not None or found.smallest_failing is not None:
        return f"stopped before the end, so far: {_answer(found)}"
    return f"stopped before the end: nothing is decided; {_seen(found)}"


def _seen(found: Capacity) -> str:
    """Where short runs see the limit."""
    low, high = found.seems_to_fit, found.seems_not_to_fit
    if low is not None and high is not None:
        return f"short runs see the limit between {_count(found, low)} and {amount(found, high)}"
    if low is not None:
        one = found.of == "traffic" or low == 1
        return f"in short runs {amount(found, low)} {'meets' if one else 'meet'} every line"
    assert high is not None  # an amount was tried
    one = found.of == "traffic" or high == 1
    return f"in short runs {amount(found, high)} {'misses' if one else 'miss'} a line"


def _answer(found: Capacity) -> str:
    if not found.expect:
        curve = "the curve is" if found.of == "traffic" else "the curve and the knee are"
        return f"{_whole(found)}: nothing is expected, so there is no limit; {curve} below"
    inside, beyond = found.largest, found.smallest_failing
    now = f"the scenario has {_count(found, found.now)}" if found.of == "models" else ""
    if inside is None and beyond is None:
        return f"too near to tell: no amount around {amount(found, found.now)} was decided; more replications may"
    if inside is None:
        assert beyond is not None
        least = "" if beyond > found.tried_from else ", the least that was tried"
        much = "too much" if found.of == "traffic" else "too many"
        verb = "are" if found.of == "models" and beyond > 1 else "is"
        words = f"{amount(found, beyond)} {verb} already {much}{least}"
        return "; ".join(filter(None, (words, now)))
    if beyond is None:
        end = " (the most that was tried)" if inside >= found.tried_to else ""
        if inside < found.now:
            fit, were = ("fit", "were") if found.of == "models" else ("fits", "was")
            return f"{amount(found, inside)} {fit}{end}; {amount(found, found.now)} {were} not tried"
        return f"{_room(found, inside)}: at least {amount(found, inside)}{end}"
    between = f"{amount(found, inside)} {'meet' if found.of == 'models' else 'meets'} every line"
    fails = f"{_count(found, beyond)} {'do' if found.of == 'models' else 'does'} not"
    return f"{_room(found, inside)}: {between}, {fails}"


def _room(found: Capacity, inside: float) -> str:
    """`38 more models fit`, or `you are 38 too many`; in percent for traffic."""
    if found.of == "traffic":
        percent = 100.0 * (inside - 1.0)
        if found.verdict == "fail":
            return f"the traffic is {formats.number(100.0 * (1.0 - inside), 2)} % too much"
        if found.verdict == "undecided":
            return "too near to tell"
        return f"{formats.number(percent, 2)} % more traffic fits" if percent > 0.0 else "no more traffic fits"
    more = round(inside - found.now)
    if found.verdict == "fail":
        return f"the scenario has {phrases.plural(-more, 'model')} too many"
    if found.verdict == "undecided":
        return f"too near to tell whether {amount(found, found.now)} fit"
    return (
        f"{phrases.plural(more, 'more model')} {'fits' if more == 1 else 'fit'}" if more > 0 else "no more models fit"
    )


def _count(found: Capacity, of: float) -> str:
    return units.show_count(round(of)) if found.of == "models" else f"{of:.4g} x"


def _whole(found: Capacity) -> str:
    return f"{amount(found, found.now)} on {found.fleet}"


def _head(found: Capacity) -> Iterator[Block]:
    about = "about " if found.price_estimated else ""
    cost = "" if found.usd_per_month is None else f", {about}{units.show_dollars(found.usd_per_month)} a month"
    whose = "" if found.group is None else f" of {found.group}"
    yield Title(found.name, f"{found.of}{whose} that {found.fleet} can carry{cost}; {phrases.INTERVALS}", level=1)
    lines = [answer(found)]
    if found.knee is not None:
        lines.append(_knee(found))
    if found.robustness is not None and found.largest is not None:
        lines.append(f"{amount(found, found.largest)}: {found.robustness['answer']}")
    yield Lines(tuple(lines))


def _knee(found: Capacity) -> str:
    assert found.knee is not None
    if found.knee.models is None:
        return f"thrash knee: none ({found.knee.reason})"
    ends = found.knee.interval
    place = formats.in_sentence(
        formats.both({"value": found.knee.models, "ci95": None if ends is None else list(ends)})
    )
    more = "1 percentage point more of the calls find no copy in memory than with few models"
    return f"thrash knee: {place} models; beyond it {more}"


def _table(found: Capacity) -> Iterator[Block]:
    text = found.binds
    title = "Amounts" if text is None else f"Amounts, and the line that decides: {on_one_line(text)}"
    yield Title(title)
    figure = next((line.figure for one in found.tried for line in one.lines if line.text == text), "")
    cost = ("USD/model", "a month") if found.of == "models" else ("USD", "per million")
    columns = [
        Column("models" if found.of == "models" else "x traffic", "right"),
        Column(),
        *([Column(figure.replace("share_over", "over"), "right")] if text is not None else []),
        Column("hit ratio", "right"),
        *([] if found.usd_per_month is None else [Column(cost[0], "right", cost[1], optional=True)]),
    ]
    yield Table(tuple(columns), tuple(_row(found, one, text) for one in _shown(found)))


def _row(found: Capacity, one: Tried, text: str | None) -> tuple[Cell, ...]:
    size = f"{one.amount:,.0f}" if found.of == "models" else f"{one.amount:.4g}"
    state = Cell() if one.verdict is None else Cell(TICKS[one.verdict], tone=phrases.VERDICTS[one.verdict][1])
    cells = [Cell(size), state]
    if text is not None:
        line = found.worst(one, text)
        assert line is not None  # every amount has every line
        value, _, ends = with_interval(line.unit, line.value, line.interval).partition(" [")
        cells.append(Cell(value, f"[{ends}" if ends else ""))
    hits = {"value": one.hit_ratio, "ci95": None if one.hit_ratio_interval is None else list(one.hit_ratio_interval)}
    cells.append(formats.share_cell(hits))
    if found.usd_per_month is not None:
        cost = one.usd_per_model if found.of == "models" else one.usd_per_million
        cells.append(Cell(formats.DASH if cost is None else f"{'~' if found.price_estimated else ''}{cost:,.2f}"))
    return tuple(cells)


def _shown(found: Capacity) -> Sequence[Tried]:
    """Amounts for a table: all that were decided, and others."""
    tried = found.tried
    if len(tried) <= MOST_ROWS:
        return tried
    chosen = {k for k, one in enumerate(tried) if one.verdict is not None or one.amount == found.now}
    others = [k for k in range(len(tried)) if k not in chosen]
    room = max(2, MOST_ROWS - len(chosen))
    chosen |= {others[round(k * (len(others) - 1) / (room - 1))] for k in range(room)} if others else set()
    return [tried[k] for k in sorted(chosen)]


def _notes(found: Capacity) -> Iterator[Block]:
    notes = []
    if found.expect:
        notes.append(
            f"{TICKS['pass']} meets every line, {TICKS['fail']} misses one, {TICKS['undecided']} open: with "
            f"{100.0 * found.confidence:.3g} % none of these is wrong; rows without a mark are "
            "short runs, which decide nothing"
        )
        if found.monotone:
            notes.append(
                "assumed: a fleet that carries an amount carries less, too; no amount that was decided contradicts it"
            )
        else:
            notes.append(
                "an amount meets every line, or seems to, although a smaller one misses one: more than this may fit"
            )
    if found.price_estimated:
        notes.append(f"~ estimated price: {(found.price_source or '').removeprefix('estimate: ')}")
    if found.of == "models":
        notes.append("more models bring more traffic: popularity goes on by its rule, and nobody calls less often")
    notes += found.notes
    if found.stopped is not None:
        notes.append(f"not tried any further: {found.stopped}")
    runs = phrases.plural(found.replications, "run")
    notes.append(f"all of it rests on {runs} with {phrases.plural(found.requests, 'call')}")
    yield Lines(tuple(notes), "note")
