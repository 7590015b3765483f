"""A gate as Markdown for GitHub: a comment on a pull request, and the summary of a step.

Texts of scenarios stand in it as code, so that no name is a mention, a link or the end of a block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mmesim.report import markdown, phrases
from mmesim.report.blocks import Column, Table, cells
from mmesim.report.content.gate import gate_report
from mmesim.report.content.gated import drift, words
from mmesim.report.text import text
from mmesim.results.answers.gated import Gated
from mmesim.results.answers.sections import WORST_FIRST

TAG = "<!-- mmesim gate -->"
"""The first line of a comment, which nobody sees: by it, the comment is found again and updated."""
MOST_ROWS = 20
"""Rows of a table: limits that do not pass come first, and all are in the details."""
LARGEST_BYTES = 60_000
"""Of a comment: GitHub refuses those of more than 65,536 characters."""
LARGEST_SUMMARY_BYTES = 1_000_000
"""Of the summary of a step: GitHub refuses those of more than 1 MiB."""


def comment(gated: Gated) -> str:
    """The comment; nothing when all limits hold and nothing has changed since the baselines."""
    return f"{TAG}\n{_within(LARGEST_BYTES, gated)}" if drift.has_news(gated) else ""


def step_summary(gated: Gated) -> str:
    """The same for the page of a workflow, also when there is no news."""
    return _within(LARGEST_SUMMARY_BYTES, gated)


def _within(most_bytes: int, gated: Gated) -> str:
    """Headline, tables and details; the details are cut where there is no room for them."""
    head = "\n\n".join((f"### {words.TICKS[gated.verdict]} mmesim gate: {headline(gated)}", *_tables(gated)))
    report = text(gate_report(gated))
    room = most_bytes - len(head.encode()) - ROOM_FOR_FOLD
    if len(report.encode()) > room:
        report = report.encode()[: max(room, 0)].decode(errors="ignore") + "\n... cut: the whole is in the log"
    return f"{head}\n\n<details>\n<summary>Report</summary>\n\n{markdown.code_block(report)}\n\n</details>\n"


ROOM_FOR_FOLD = 500


def headline(gated: Gated) -> str:
    """The verdict in numbers."""
    asked = [one.verdict for _, one in words.counted(gated)]
    bad = [(verdict, count) for verdict in ("fail", "undecided") if (count := asked.count(verdict))]
    limits = f" of {phrases.plural(len(asked), 'limit')}"
    said = [
        f"{count:,}{'' if number else limits} {words.STATES[verdict][count > 1]}"
        for number, (verdict, count) in enumerate(bad)
    ]
    if broken := sum(one.error is not None for one in gated.scenarios):
        said.append(f"{phrases.plural(broken, 'scenario')} cannot be judged")
    if not said:
        said.append(words.all_hold(gated))
    if changed := words.changed(gated):
        said.append(f"{phrases.plural(changed, 'figure')} changed since the baseline")
    return ", ".join(said)


def _tables(gated: Gated) -> Iterator[str]:
    """What does not pass, or all where it is little; then what has changed since the baselines."""
    label = words.labels(gated)
    limits = sorted(words.counted(gated), key=lambda item: WORST_FIRST.index(item[1].verdict))
    rows = [
        (
            words.mark(one.verdict),
            markdown.code(label[scenario.file]),
            markdown.code(one.text),
            _escaped("; ".join((words.of(one), *words.notes(one)))),
            words.margin(one.worst),
        )
        for scenario, one in limits
    ]
    yield from _table(("", "Scenario", "Expected", "Found"), ("Margin",), rows)
    changes = [
        (
            markdown.code(label[scenario.file]),
            markdown.code(figure),
            *map(_escaped, (before, after, difference, drift.relative(delta))),
        )
        for scenario in gated.scenarios
        if scenario.drift is not None
        for delta in drift.figures_changed(scenario.drift)
        for figure, before, after, difference in [drift.change(delta)]
    ]
    yield from _table(("Scenario", "Figure"), ("Before", "Now", "Difference", ""), changes)
    for scenario in gated.scenarios:
        if scenario.error is not None:
            error = markdown.code_block(scenario.error)
            yield f"{markdown.code(label[scenario.file])} cannot be judged:\n\n{error}"
        if scenario.drift is not None:
            fields = [markdown.code(field) for field in drift.fields_changed(scenario.drift)]
            said = [*fields, *map(_escaped, drift.why_results_differ(scenario.drift))]
            if said:
                listed = "\n".join(f"- {one}" for one in said)
                yield f"Changed in {markdown.code(label[scenario.file])}:\n\n{listed}"


def _table(names: Sequence[str], figures: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table, cut to its first rows; nothing without rows."""
    if not rows:
        return
    columns = (*map(Column, names), *(Column(figure, "right") for figure in figures))
    yield markdown.table(Table(columns, tuple(cells(*row) for row in rows[:MOST_ROWS])))
    if len(rows) > MOST_ROWS:
        yield f"and {len(rows) - MOST_ROWS:,} more below"


def _escaped(sentence: str) -> str:
    """A sentence of ours in which words of the user may stand: nothing in it is markup or a mention."""
    return re.sub(r"[\\`*_{}<>#!~&@]|\](?=[(\[:])", lambda found: f"&#{ord(found[0])};", sentence)
