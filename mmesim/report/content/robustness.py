"""What the report on robustness says: the answer under every setting of what AWS does not publish."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mmesim import units
from mmesim.experiment.robustness_result import Outcome, Robustness
from mmesim.report import formats, phrases
from mmesim.report.blocks import Block, Cell, Column, Lines, Report, Table, Title, report
from mmesim.report.content.steadiness import steadiness
from mmesim.scenario.figures import Figure, shown_in
from mmesim.stats.intervals import Estimate


def robustness_report(found: Robustness) -> Report:
    """The sentence that answers, and a table with a line for each setting."""
    return report(_head(found), [Lines((found.answer,))], _table(found))


def _head(found: Robustness) -> Iterator[Block]:
    which = "all combinations" if found.full else "one change each"
    count = f"{len(found.outcomes)} settings ({which}) x {units.show_count(found.replications)} replications"
    intervals = f"; {phrases.INTERVALS}" if found.replications > 1 else ""
    yield Title(found.scenario.name, f"{count}, seed {found.scenario.run.seed}{intervals}", level=1)
    lines = [*phrases.of_scenario(found.scenario), *(belief.sentence for belief in found.scenario.beliefs)]
    if lines:
        yield Lines(tuple(lines))


def _table(found: Robustness) -> Iterator[Block]:
    judged = found.verdict is not None
    figures = shown_in("robustness")
    columns = [Column()]
    columns += [Column("expected")] if judged else []
    columns += [Column(one.key.replace("_", " "), "right", "ms" if one.kind == "ms" else "") for one in figures]
    names = _names(found)
    rows = []
    for name, outcome in zip(names, found.outcomes, strict=True):
        row = [Cell(name), *([phrases.verdict(outcome.verdict, *_missed(outcome))] if judged else [])]
        rows.append((*row, *(_cell(one, outcome.figures[one.key]) for one in figures)))
    yield Table(tuple(columns), tuple(rows))
    if names[-1].isdecimal():
        yield Lines(tuple(f"{name}: {one.name}" for name, one in zip(names, found.outcomes, strict=True)), "list")
    notes = [*steadiness([(one.name, one.steady_state) for one in found.outcomes], "settings")]
    notes += [f"left out: {one.name}: {one.reason}" for one in found.left_out]
    if notes:
        yield Lines(tuple(notes))


def _names(found: Robustness) -> list[str]:
    """The settings by the ends of their fields that tell them apart; by numbers where that is too long."""
    changes = [outcome.name.split(", ") for outcome in found.outcomes]
    paths = list(dict.fromkeys(one.split(" = ")[0] for change in changes for one in change))
    short = dict(zip(paths, phrases.short_paths(paths), strict=True))
    names = [", ".join(_shortened(one, short) for one in change) for change in changes]
    return names if max(map(len, names)) <= LONGEST else [str(number) for number in range(len(names))]


LONGEST = 32
"""Characters for the name of a setting in a table."""


def _shortened(change: str, short: Mapping[str, str]) -> str:
    path, equals, value = change.partition(" = ")
    return f"{short[path]}{equals}{value}"


def _cell(figure: Figure, estimate: Estimate) -> Cell:
    shown = estimate.as_dict()
    if estimate.value is None:
        return Cell(formats.DASH)
    return formats.share_cell(shown) if figure.kind == "share" else formats.value_cell(shown)


def _missed(outcome: Outcome) -> Iterator[str]:
    return (str(entry["text"]) for entry in outcome.expect if entry["verdict"] != "pass")
