"""The report of a plan for a terminal: the answer first, then the table of fleets, why not others, what it took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmesim import units
from mmesim.report import phrases
from mmesim.report.blocks import Block, Cell, Column, Lines, Report, Table, Title, report
from mmesim.report.content.gated.words import on_one_line, signed
from mmesim.report.content.planned import statement as sentences
from mmesim.report.content.planned import words
from mmesim.report.content.planned.fleets import fleets_table
from mmesim.report.content.planned.why import left_open, took, why_not
from mmesim.results.answers.planned import FleetLine, Pair, Planned, badness, is_recovery


def plan_report(planned: Planned, stated: bool = True) -> Report:
    """Everything that a reader of the terminal gets; the statement stands above what it rests on.

    `stated`: False for a page, which begins with the statement.
    """
    return report(
        _head(planned),
        _answer(planned, stated),
        fleets_table(planned),
        _pairs(planned),
        why_not(planned),
        left_open(planned),
    )


def statement_report(planned: Planned) -> Report:
    """The statement, with what the simulation leaves out of its fleets."""
    return report([Lines((sentences.statement(planned), *map(on_one_line, planned.notes)))])


def _head(planned: Planned) -> Iterator[Block]:
    yield Title(on_one_line(planned.name), ", ".join(map(on_one_line, planned.expect)), level=1)
    fields = phrases.short_paths(list(planned.grid))
    grid = "; ".join(f"{name}: {_range(of)}" for name, of in zip(fields, planned.grid.values(), strict=True))
    lines = [f"grid of {phrases.plural(len(words.in_grid(planned)), 'fleet')}: {on_one_line(grid)}"] if grid else []
    working_set = _working_set(planned)
    lines += [f"working set: {working_set}"] if working_set else []
    if planned.assume_monotone:
        lines.append("assume_monotone: a fleet was also turned down because a larger one of its family was")
    yield Lines((*lines, *map(on_one_line, planned.notes), took(planned)))


def _range(values: Sequence[object]) -> str:
    """The values of a field: `1 to 6`, `a, b, c`."""
    whole = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    if len(whole) == len(values) > 2 and whole == list(range(whole[0], whole[0] + len(whole))):
        return f"{whole[0]:,} to {whole[-1]:,}"
    return ", ".join(map(words.value, values))


def _working_set(planned: Planned) -> str:
    """How many models are called in some time, and what one copy of each takes."""
    found = []
    for name, entry in (planned.working_set or {}).items():
        models, memory = (entry.get(key) if isinstance(entry, dict) else None for key in ("models", "memory_bytes"))
        if isinstance(models, int | float) and isinstance(memory, int | float):
            found.append(f"{models:,.0f} models in {on_one_line(name)} ({units.show_bytes(memory)})")
    return ", ".join(found)


def _answer(planned: Planned, stated: bool) -> Iterator[Block]:
    others = [one for one in (sentences.current(planned), sentences.scaled(planned)) if one is not None]
    said = [*([sentences.statement(planned)] if stated else []), *others]
    if said:
        yield Lines(tuple(said))


def _pairs(planned: Planned) -> Iterator[Block]:
    """The answer and the next cheaper fleet on seeds that chose nothing, line by line."""
    asked = list(dict.fromkeys((line.text, line.when) for one in planned.estimates for line in one.lines))
    if not asked:
        return
    yield Title("On seeds that chose nothing", f"the figures of the statement; {phrases.INTERVALS}")
    titles = {planned.answer: "answer", planned.next_cheaper: "next cheaper"}
    columns = [Column(), *(Column(titles.get(one.fleet, ""), "right") for one in planned.estimates)]
    columns += [Column("difference", "right")] if planned.paired else []
    table = []
    for text, when in asked:
        cells = [_cell(_line(one.lines, text, when)) for one in planned.estimates]
        recovery = any(is_recovery(line) for one in planned.estimates for line in one.lines if line.text == text)
        name = on_one_line(text if when is None or recovery else f"{text} with {when}")
        table.append((Cell(name), *cells, *([_difference(_pair(planned, text, when))] if planned.paired else [])))
    yield Table(tuple(columns), tuple(table))
    if any(pair.unit == "share" for pair in planned.paired):
        yield Lines((phrases.POINTS,), "note")


def _line(lines: Sequence[FleetLine], text: str, when: str | None) -> FleetLine | None:
    """What was found of a line; of several windows the worst."""
    return min(_windows(lines, text, when), key=badness, default=None)


def _windows(lines: Sequence[FleetLine], text: str, when: str | None) -> list[FleetLine]:
    return [line for line in lines if (line.text, line.when) == (text, when)]


def _pair(planned: Planned, text: str, when: str | None) -> Pair | None:
    """The difference of a line; of several windows that of the worst one, if both fleets have the same."""
    pairs = [pair for pair in planned.paired if (pair.text, pair.when) == (text, when)]
    each = [_windows(one.lines, text, when) for one in planned.estimates]
    worst = {lines.index(min(lines, key=badness)) for lines in each if lines}
    same = worst.pop() if len(worst) == 1 else len(pairs)
    return pairs[same] if same < len(pairs) else None


def _cell(line: FleetLine | None) -> Cell:
    return Cell("-" if line is None else words.amount(line))


def _difference(pair: Pair | None) -> Cell:
    return Cell("-") if pair is None else Cell(signed(pair.unit, pair.difference, pair.interval))
