"""The table of a sweep as text: one line a point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmesim.experiment.sweep.result import SweepResult
from mmesim.report import caveats, layout
from mmesim.report.text.run import MARKS, WIDTH
from mmesim.scenario.figures import Figure
from mmesim.stats.intervals import Estimate


def sweep_text(result: SweepResult, figures: Sequence[Figure]) -> str:
    """Return the swept values and these figures of each finished point, with the verdict if something is expected.

    The text depends on the result alone: two sweeps of one seed give the same bytes.
    """
    return "\n".join([*_head(result), "", *_table(result, figures), *_notes(result, figures)]) + "\n"


def _head(result: SweepResult) -> Iterator[str]:
    times = sorted({point.replications for point in result.points})
    repeated = "" if not times else f" x {times[0] if len(times) == 1 else f'{times[0]} to {times[-1]}'} replications"
    seed = f"seed {result.scenario.run.seed}"
    yield f"{result.scenario.name}: {result.asked} points{repeated}, {seed}; [ ] are 95 % intervals"
    yield from caveats.of_scenario(result.scenario)
    for belief in result.scenario.beliefs:
        if not any(f"{belief.field}.".startswith(f"{field}.") for field in result.fields):
            yield from layout.wrapped(belief.sentence, WIDTH)
    if result.interrupted:
        yield f"INTERRUPTED: {len(result.points)} of {result.asked} points were finished"


def _table(result: SweepResult, figures: Sequence[Figure]) -> list[str]:
    judged = any(point.verdict is not None for point in result.points)
    titles = [*_short(result.fields)]
    units = [field.unit for field in result.swept]
    for one in figures:
        titles += [one.name.replace("_", " "), ""]
        units += [one.unit, ""]
    rows = [[*titles, *(["expected"] if judged else [])], [*units, *([""] if judged else [])]]
    for index, point in enumerate(result.points):
        row = [field.texts[index] if field.numbers is None else f"{field.numbers[index]:.6g}" for field in result.swept]
        for one in figures:
            row += _cells(one, point.figures[one.column])
        if judged:
            failed = ", ".join(point.not_passed)
            row.append(f"{MARKS[point.verdict or 'pass']} {failed}".rstrip())
        rows.append(row)
    # A column of nothing, such as the intervals of a price, takes no room.
    kept = [i for i in range(len(rows[0])) if any(row[i] for row in rows)]
    rows = [[row[i] for i in kept] for row in rows]
    if judged:
        width = max(len(row[-1]) for row in rows)
        rows = [[*row[:-1], row[-1].ljust(width)] for row in rows]
    return layout.columns(rows, left=0, gap=2, indent=0)


def _cells(figure: Figure, estimate: Estimate) -> tuple[str, str]:
    shown = estimate.as_dict()
    if estimate.value is None:
        return layout.DASH, ""
    if figure.unit == "%":
        return layout.percent_value(shown).removesuffix(" %"), layout.percent_interval(shown)
    return layout.value(shown), layout.interval(shown)


def _notes(result: SweepResult, figures: Sequence[Figure]) -> Iterator[str]:
    """What keeps a point's figures from being those of a steady state, and why there is a dash."""
    yield from caveats.of_runs([(f"point {point.number}", point.steady_state) for point in result.points], "points")
    for one in figures:
        reasons = [point.figures[one.column].reason for point in result.points]
        found = dict.fromkeys(reason for reason in reasons if reason is not None)
        if found:
            more = f" (and {len(found) - 1} more reasons)" if len(found) > 1 else ""
            yield f"- of {one.name.replace('_', ' ')}: {next(iter(found))}{more}"


def _short(paths: Sequence[str]) -> list[str]:
    """The shortest ends of the paths that tell them apart."""
    steps = [path.split(".") for path in paths]
    for length in range(1, 1 + max(map(len, steps), default=1)):
        names = [".".join(path[-length:]) for path in steps]
        if len(set(names)) == len(names):
            return names
    return list(paths)
