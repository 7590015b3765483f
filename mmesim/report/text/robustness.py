"""The answer under every setting of what AWS does not publish, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim import units
from mmesim.experiment.robustness_result import Outcome, Robustness
from mmesim.report import caveats, layout
from mmesim.report.text.run import MARKS, WIDTH
from mmesim.scenario.figures import Figure, shown_in
from mmesim.stats.intervals import Estimate


def text(found: Robustness) -> str:
    """Return the sentence that answers, and a table with a line for each setting."""
    sections = (_head(found), iter(layout.wrapped(found.answer, WIDTH)), _table(found))
    return "\n".join("\n".join([*section, ""]) for section in map(list, sections) if section).rstrip("\n") + "\n"


def _head(found: Robustness) -> Iterator[str]:
    which = "all combinations" if found.full else "one change each"
    count = f"{len(found.outcomes)} settings ({which}) x {units.show_count(found.replications)} replications"
    intervals = "; [ ] are 95 % intervals" if found.replications > 1 else ""
    yield f"{found.scenario.name}: {count}, seed {found.scenario.run.seed}{intervals}"
    yield from caveats.of_scenario(found.scenario)
    for belief in found.scenario.beliefs:
        yield from layout.wrapped(belief.sentence, WIDTH)


def _table(found: Robustness) -> Iterator[str]:
    judged = found.verdict is not None
    titles = [""]
    for one in shown_in("robustness"):
        titles += [f"{one.key}, ms" if one.kind == "ms" else one.key, ""]
    rows = [[*titles, *(["expected"] if judged else [])]]
    for outcome in found.outcomes:
        row = [outcome.name]
        for one in shown_in("robustness"):
            row += _cells(one, outcome.figures[one.key])
        rows.append([*row, *([_mark(outcome)] if judged else [])])
    kept = [i for i in range(len(rows[0])) if any(row[i] for row in rows)]
    rows = [[row[i] for i in kept] for row in rows]
    if judged:
        width = max(len(row[-1]) for row in rows)
        rows = [[*row[:-1], row[-1].ljust(width)] for row in rows]
    yield from layout.columns(rows, gap=2, indent=0)
    yield from caveats.of_runs([(one.name, one.steady_state) for one in found.outcomes], "settings")
    for left in found.left_out:
        yield f"left out: {left.name}: {left.reason}"


def _cells(figure: Figure, estimate: Estimate) -> tuple[str, str]:
    shown = estimate.as_dict()
    if estimate.value is None:
        return layout.DASH, ""
    if figure.kind == "share":
        return layout.percent_value(shown), layout.percent_interval(shown)
    return layout.value(shown), layout.interval(shown)


def _mark(outcome: Outcome) -> str:
    missed = ", ".join(str(entry["text"]) for entry in outcome.expect if entry["verdict"] != "pass")
    return f"{MARKS[outcome.verdict or 'pass']} {missed}".rstrip()
