"""What the report on robustness says: the answer under every setting of what AWS does not publish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmesim import units
from mmesim.experiment.robustness_result import AS_GIVEN, Outcome, Robustness
from mmesim.report import formats, phrases
from mmesim.report.blocks import Block, Cell, Column, Lines, Report, Table, Title, Tone, cells, report
from mmesim.report.content.steadiness import steadiness
from mmesim.scenario.figures import Figure, shown_in
from mmesim.stats.intervals import Estimate


def robustness_report(found: Robustness) -> Report:
    """The sentence that answers, what each change does in combinations, and a table with a line for each setting."""
    return report(_head(found), [Lines((found.answer,))], _by_change(found), _table(found))


def _head(found: Robustness) -> Iterator[Block]:
    which = "all combinations" if found.full else "one change each"
    count = f"{len(found.outcomes)} settings ({which}) x {units.show_count(found.replications)} replications"
    intervals = f"; {phrases.INTERVALS}" if found.replications > 1 else ""
    yield Title(found.scenario.name, f"{count}, seed {found.scenario.run.seed}{intervals}", level=1)
    lines = [*phrases.of_scenario(found.scenario), *(belief.sentence for belief in found.scenario.beliefs)]
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
    yield Table(
        (Column("settings with"), *(Column(name, "right") for name in ("hold", "fail", "undecided"))), tuple(rows)
    )


def _table(found: Robustness) -> Iterator[Block]:
    judged = found.verdict is not None
    figures = shown_in("robustness")
    titles, names = _names(found)
    columns = [Column(title, "right" if title == NUMBER else "left") for title in titles]
    columns += [Column("expected")] if judged else []
    columns += [Column(one.key.replace("_", " "), "right", "ms" if one.kind == "ms" else "") for one in figures]
    rows = []
    for name, outcome in zip(names, found.outcomes, strict=True):
        row = [*cells(*name), *([phrases.verdict(outcome.verdict, *_missed(outcome))] if judged else [])]
        rows.append((*row, *(_cell(one, outcome.figures[one.key]) for one in figures)))
    yield Table(tuple(columns), tuple(rows))
    notes = [*steadiness([(one.name, one.steady_state) for one in found.outcomes], "settings")]
    notes += [f"left out: {one.name}: {one.reason}" for one in found.left_out]
    if notes:
        yield Lines(tuple(notes))


def _names(found: Robustness) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Titles and cells that name the settings: one change each, or a number and what each field is set to."""
    changes = [dict(change.split(" = ") for change in outcome.changes) for outcome in found.outcomes]
    paths = list(dict.fromkeys(path for change in changes for path in change))
    short = dict(zip(paths, phrases.short_paths(paths), strict=True))
    if all(len(change) <= 1 for change in changes):
        lone = ["".join(f"{short[path]} = {value}" for path, value in change.items()) for change in changes]
        return [""], [[name or AS_GIVEN] for name in lone]
    rows = [[str(number), *(change.get(path, "") for path in paths)] for number, change in enumerate(changes)]
    return [NUMBER, *short.values()], rows


NUMBER = "no."


def _cell(figure: Figure, estimate: Estimate) -> Cell:
    shown = estimate.as_dict()
    if estimate.value is None:
        return Cell(formats.DASH)
    return formats.share_cell(shown) if figure.kind == "share" else formats.value_cell(shown)


def _missed(outcome: Outcome) -> Iterator[str]:
    return (str(entry["text"]) for entry in outcome.expect if entry["verdict"] != "pass")
