"""What the report on robustness says: the answer under every setting of what AWS does not publish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mmesim import units
from mmesim.experiment.unknowns.robustness_result import Outcome, Robustness
from mmesim.report import formats, phrases
from mmesim.report.blocks import Block, Cell, Column, Lines, Report, Table, Title, Tone, cells, report
from mmesim.report.content.expected import compared
from mmesim.report.content.steadiness import steadiness
from mmesim.scenario.figures import Figure, shown_in
from mmesim.scenario.run.belief import sentence_of
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.selection import Selection
from mmesim.stats.intervals import Estimate


def robustness_report(found: Robustness) -> Report:
    """The sentence that answers, what each change does in combinations, and a table with a line for each setting."""
    return report(_head(found), [Lines((found.answer,))], _by_change(found), _table(found))


def _head(found: Robustness) -> Iterator[Block]:
    which = "all combinations" if found.full else "one change each"
    count = f"{len(found.outcomes)} settings ({which}) x {units.show_count(found.replications)} replications"
    intervals = f"; {phrases.INTERVALS}" if found.replications > 1 else ""
    yield Title(found.scenario.name, f"{count}, seed {found.scenario.run.seed}{intervals}", level=1)
    lines = [*phrases.of_scenario(found.scenario), *filter(None, [sentence_of(found.scenario.beliefs)])]
    if lines:
        yield Lines(tuple(lines))


def _by_change(found: Robustness) -> Iterator[Block]:
    """Of all combinations: in how many settings with each change it holds."""
    if not found.full or found.verdict is None:
        return
    rows = []
    for change, counts in found.by_change.items():
        all_hold = counts["pass"] == sum(counts.values())
        tone: Tone = "good" if all_hold else "bad" if counts["fail"] else "open"
        rows.append((Cell(change), *(Cell(str(number), tone=tone) for number in counts.values())))
    yield Table((Column("change"), *(Column(name, "right") for name in ("hold", "fail", "undecided"))), tuple(rows))


def _table(found: Robustness) -> Iterator[Block]:
    judged = found.verdict is not None
    decide = [e.metric for e in found.scenario.expect if e.calls == Selection()]
    figures = [one for one in shown_in("robustness") if one.key not in decide or one.kind == "ms"]
    titles, names = _names(found)
    columns = [Column(title, "right" if title == NUMBER else "left") for title in titles]
    columns += [Column("expected"), *map(_decider, found.scenario.expect)] if judged else []
    columns += [Column(one.key.replace("_", " "), "right", "ms" if one.kind == "ms" else "") for one in figures]
    rows = []
    for name, outcome in zip(names, found.outcomes, strict=True):
        row = list(cells(*name))
        if judged:
            row += [phrases.verdict(outcome.verdict, *_missed(outcome)), *_decided(found.scenario.expect, outcome)]
        rows.append((*row, *(_cell(one, outcome.figures[one.key]) for one in figures)))
    yield Table(tuple(columns), tuple(rows))
    notes = [*steadiness([(one.name, one.steady_state) for one in found.outcomes], "settings")]
    notes += [f"left out: {one.name}: {one.reason}" for one in found.left_out]
    if notes:
        yield Lines(tuple(notes))


def _names(found: Robustness) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Titles and cells that name the settings: what each changes, or a number and what each field is set to."""
    changes = [dict(change.split(" = ") for change in outcome.changes) for outcome in found.outcomes]
    if not found.full:
        return [""], [[outcome.name] for outcome in found.outcomes]
    paths = list(dict.fromkeys(path for change in changes for path in change))
    rows = [[str(number), *(change.get(path, "") for path in paths)] for number, change in enumerate(changes)]
    return [NUMBER, *phrases.short_paths(paths)], rows


NUMBER = "no."


def _cell(figure: Figure, estimate: Estimate) -> Cell:
    shown = estimate.as_dict()
    if estimate.value is None:
        return Cell(formats.DASH)
    return formats.share_cell(shown) if figure.kind == "share" else formats.value_cell(shown)


def _decider(e: Expectation) -> Column:
    """A line of `expect`, whose column has the figure that decides it: of a quantile the share of slower calls."""
    return Column(e.text, "right", "slower" if e.is_latency and e.metric != "mean" else "")


def _decided(expect: Sequence[Expectation], outcome: Outcome) -> Iterator[Cell]:
    """What was compared with the limit of each line, coloured by its verdict."""
    for e, entry in zip(expect, outcome.expect, strict=True):
        decided = entry["decided_on"]
        if decided["value"] is not None and (decided["metric"].startswith("share_over") or e.kind == "share"):
            cell = formats.share_cell(decided)
        else:
            cell = Cell(formats.DASH if decided["value"] is None else compared(e, decided))
        yield replace(cell, tone=phrases.VERDICTS[entry["verdict"]][1])


def _missed(outcome: Outcome) -> Iterator[str]:
    return (str(entry["text"]) for entry in outcome.expect if entry["verdict"] != "pass")
