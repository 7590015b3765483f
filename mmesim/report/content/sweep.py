"""What the report of a sweep says: a table with one line a point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mmesim import units
from mmesim.report import formats, phrases
from mmesim.report.blocks import Block, Cell, Column, Lines, Report, Table, Title, report
from mmesim.report.content.steadiness import of_runs
from mmesim.report.plain import harmless_line
from mmesim.scenario.endpoint.overridden import given_to_all
from mmesim.scenario.figures import SHOWN_UNITS, Figure, Kind
from mmesim.scenario.file.template import Template
from mmesim.scenario.run.belief import sentence_of
from mmesim.stats.intervals import Estimate

if TYPE_CHECKING:
    from mmesim.experiment.sweep.result import SweepResult, SweptPoint


def sweep_report(result: SweepResult, figures: Sequence[Figure]) -> Report:
    """The swept values and these figures of each finished point, with the verdict if something is expected."""
    return report(_head(result), [_table(result, figures), *_notes(result, figures)], cheapest(result))


def _head(result: SweepResult) -> Iterator[Block]:
    times = sorted({point.replications for point in result.points})
    repeated = "" if not times else f" x {times[0] if len(times) == 1 else f'{times[0]} to {times[-1]}'} replications"
    seed = "a seed for each point" if SEED in result.fields else f"seed {result.scenario.run.seed}"
    yield Title(result.scenario.name, f"{result.asked} points{repeated}, {seed}; {phrases.INTERVALS}", level=1)
    lines = [*phrases.of_scenario(result.scenario)]
    swept = tuple(f"{field}." for field in result.fields)
    lines += filter(None, [sentence_of([of for of in result.scenario.beliefs if not f"{of.field}.".startswith(swept)])])
    given = _given_for_all(result)
    if given:
        lines.append(
            f"every instance type has the {' and the '.join(given)} that the scenario gives, not that of the catalogue"
        )
    if result.interrupted:
        lines.append(f"INTERRUPTED: {len(result.points)} of {result.asked} points were finished")
    if lines:
        yield Lines(tuple(lines))


def _table(result: SweepResult, figures: Sequence[Figure]) -> Table:
    judged = any(point.verdict is not None for point in result.points)
    names = phrases.short_paths(result.fields)
    columns = [Column("point", "right")]
    columns += [Column(name, "right", field.unit) for name, field in zip(names, result.swept, strict=True)]
    columns += [Column("expected")] if judged else []
    columns += [Column(one.name.replace("_", " "), "right", one.unit) for one in figures]
    columns += [
        Column(name.replace("_", " "), "right", "%" if kind == "share" else SHOWN_UNITS[kind])
        for name, kind in result.shown_of_some.items()
    ]
    rows = []
    for index, point in enumerate(result.points):
        row = [Cell(str(point.number))]
        row += [
            Cell(field.texts[index] if field.numbers is None else f"{field.numbers[index]:.6g}")
            for field in result.swept
        ]
        row += [phrases.verdict(point.verdict, *point.not_passed)] if judged else []
        row += [_cell(one.kind, point.figures[one.column]) for one in figures]
        row += [_cell(kind, point.some(name)) for name, kind in result.shown_of_some.items()]
        rows.append(tuple(row))
    return Table(tuple(columns), tuple(rows))


def answer(result: SweepResult) -> str:
    """The cheapest point that passes, in one sentence; without one how many points there are."""
    found = " ".join(text for block in cheapest(result) for text in block.texts)
    return harmless_line(found or phrases.plural(len(result.points), "point"))


def cheapest(result: SweepResult) -> Iterator[Lines]:
    """Of the points that pass, the one that costs least; the first of several."""
    if not result.points or any(point.verdict is None for point in result.points):
        return
    passing = [point for point in result.points if point.verdict == "pass"]
    if not passing:
        undecided = sum(point.verdict == "undecided" for point in result.points)
        left = f"; {phrases.plural(undecided, 'point')} undecided: more replications may decide" if undecided else ""
        yield Lines((f"none of the {phrases.plural(len(result.points), 'point')} passes{left}",))
        return
    priced = [(point.figures["usd_per_hour"].value, point) for point in passing]
    known = [(price, point) for price, point in priced if price is not None]
    of_one = "endpoint.price_per_hour" in _given_for_all(result)
    if not known or of_one:
        why = "one price is given for all types: endpoint.prices has one for each" if of_one else "no price is known"
        yield Lines((f"passes: {', '.join(f'point {point.number}' for point in passing)} ({why})",))
        return
    price, point = min(known, key=lambda one: one[0])
    yield Lines((f"cheapest that passes: {_point(result, point)}, {units.show_price(price)} an hour",))


def _given_for_all(result: SweepResult) -> list[str]:
    """Figures of one type, such as its price, that a sweep over types gives to all of them."""
    if TYPE not in result.fields:
        return []
    template = Template.of(result.scenario)
    points = {str(point.values[TYPE]): point.values for point in result.points}
    keys = given_to_all(result.scenario.endpoint, (template.at(values).endpoint for values in points.values()))
    return [f"endpoint.{key}" for key in keys if f"endpoint.{key}" not in result.fields]


def _point(result: SweepResult, point: SweptPoint) -> str:
    """The hosts of a point where they are swept, and its other values."""
    values, endpoint = dict(point.values), result.scenario.endpoint
    count = str(values.pop(COUNT, endpoint.sizes))
    host = values.pop(TYPE, endpoint.instance_type)
    hosts = phrases.plural(int(count), "host") if count.isdigit() else f"{count} hosts"
    fleet = hosts if host is None else f"{count} x {host}"
    names = phrases.short_paths(result.fields)
    written = {
        field.path: f"{name} {field.texts[result.points.index(point)]}"
        for name, field in zip(names, result.swept, strict=True)
    }
    return ", ".join([fleet, *(written[path] for path in values), f"point {point.number}"])


COUNT, TYPE, SEED = "endpoint.instance_count", "endpoint.instance_type", "run.seed"


def _cell(kind: Kind, estimate: Estimate) -> Cell:
    shown = estimate.as_dict()
    if estimate.value is None:
        return Cell(formats.DASH)
    if kind == "share":
        return Cell(formats.percent_value(shown).removesuffix(" %"), formats.percent_interval(shown))
    return formats.value_cell(shown)


def _notes(result: SweepResult, figures: Sequence[Figure]) -> Iterator[Block]:
    """What keeps a point's figures from being those of a steady state, and why there is a dash."""
    notes = [*of_runs([(f"point {point.number}", point.steady_state) for point in result.points], "points")]
    shown = [(one.name, [point.figures[one.column].reason for point in result.points]) for one in figures]
    # A point that does not ask for a figure needs no reason.
    shown += [
        (name, [point.of_some[name][1].reason for point in result.points if name in point.of_some])
        for name in result.shown_of_some
    ]
    for name, reasons in shown:
        found = dict.fromkeys(reason for reason in reasons if reason is not None)
        if found:
            more = f" (and {phrases.plural(len(found) - 1, 'more reason')})" if len(found) > 1 else ""
            notes.append(f"{formats.DASH} in {name.replace('_', ' ')}: {next(iter(found))}{more}")
    if notes:
        yield Lines(tuple(notes))
