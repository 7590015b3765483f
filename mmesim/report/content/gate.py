"""The report of a gate for a terminal: each scenario, what was found of its lines, its drift, and the verdict last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mmesim.report import phrases
from mmesim.report.blocks import Block, Cell, Column, Lines, Report, Table, Title, cells, report
from mmesim.report.content.gated import drift, explained, words

if TYPE_CHECKING:
    from mmesim.results.answers.gated import Delta, Drift, Gated, GatedScenario

LONGEST_TEXT = 30
"""Characters of a line of `expect` that leave room for a column beside it."""


def gate_report(gated: Gated) -> Report:
    """A section for each scenario, and the sentence that a terminal still shows when the rest has scrolled away."""
    return report(*map(_scenario, gated.scenarios), _verdict(gated))


def verdict_report(gated: Gated) -> Report:
    """The verdict alone."""
    return report(_verdict(gated))


def _verdict(gated: Gated) -> Iterator[Block]:
    yield Lines((words.answer(gated),))


def _scenario(scenario: GatedScenario) -> Iterator[Block]:
    title = words.title(scenario)
    if scenario.error is not None:
        yield Title(title, "cannot be judged")
        yield Lines(tuple(scenario.error.splitlines()))
        return
    yield Title(title, f"{words.on_one_line(scenario.name)}, {words.judged_on(scenario)}")
    asked = words.grouped(scenario.lines)
    if asked:
        yield lines_table(asked)
    notes = tuple(f"{one.text}: {note}" for one in asked for note in words.notes(one))
    if scenario.believed:
        values = ", ".join(f"{field} = {value}" for field, value in scenario.believed.items())
        notes += (f"what is uncertain is taken for its middle value: {words.on_one_line(values)}",)
    if notes:
        yield Lines(notes, "note")
    yield from _explained(scenario)
    if scenario.robustness is not None:
        yield Lines((str(scenario.robustness.get("answer", "")),))
    if scenario.drift is not None:
        yield from _drift(scenario.drift)


def lines_table(asked: tuple[words.Asked, ...]) -> Table:
    """A row for each line of `expect`: tick, margin, the line, what was found."""
    state = [Cell(words.mark(one.verdict), tone=phrases.VERDICTS[one.verdict][1]) for one in asked]
    margins = [Cell(words.margin(one.worst)) for one in asked]
    if max(len(one.text) for one in asked) <= LONGEST_TEXT:
        said = [cells(one.text, words.of(one)) for one in asked]
    else:  # side by side they would not fit
        said = [cells(f"{one.text}: {words.of(one)}") for one in asked]
    columns = (Column(), Column(align="right"), *(Column() for _ in said[0]))
    return Table(columns, tuple((*row, *rest) for *row, rest in zip(state, margins, said, strict=True)))


def _explained(scenario: GatedScenario) -> Iterator[Block]:
    """What `--explain` adds to a scenario that fails."""
    if scenario.binding_constraint is not None:
        yield Lines((f"what binds: {explained.what_binds(scenario.binding_constraint)}",))
    elif scenario.one_more_instance is not None:
        yield Lines((f"what binds: {explained.NOTHING}",))
    if scenario.one_more_instance:
        yield Lines(("with one more instance:",))
        yield Lines(tuple(explained.with_one_more(scenario.one_more_instance)), "list")


def _drift(found: Drift) -> Iterator[Block]:
    """The scenario against its baseline."""
    since = f"since {drift.compared_with(found)}"
    if not drift.has_drifted(found):
        yield Lines((f"{since}: nothing has changed",))
        return
    changed = drift.figures_changed(found)
    yield Lines((f"{since}: {len(changed):,} of {phrases.plural(len(found.deltas), 'figure')} changed",))
    if changed:
        names = ("", "before", "now", "difference")
        columns = [Column(name, "right" if name else "left") for name in names]
        yield Table((*columns, Column(align="right", optional=True)), tuple(map(_delta, changed)))
    if found.fields:
        yield Lines(("what changed in the scenario:",))
        yield Lines(tuple(drift.fields_changed(found)), "list")
    reasons = drift.why_results_differ(found)
    if reasons:
        yield Lines(tuple(reasons))


def _delta(delta: Delta) -> tuple[Cell, ...]:
    return tuple(Cell(text, tone="changed") for text in (*drift.change(delta), drift.relative(delta)))
