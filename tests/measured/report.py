"""Writes the comparison with the real server into a document.

`python -m tests.measured.report docs/accuracy.md`; the tables replace what stands between the two marker lines.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise
from math import inf
from pathlib import Path

import numpy as np

from tests.measured.cases import FIGURES, NAMES, TIMES, measured
from tests.measured.replay import BOUNDS, JITTER, REPLAYS, Comparison, Costs, compare, recorded
from tests.measured.wrong import WRONG
from tests.perf.tables import splice, table

BEGIN = "<!-- measured: written by `make accuracy` -->"
END = "<!-- end of measured -->"

CPU_RUN = "c7_cpu"
CPU_EDGES_MS = (0.0, 2.0, 10.0, 30.0, inf)


def text() -> str:
    """The whole generated part."""
    comparisons = [compare(name) for name in NAMES]
    return "\n\n".join([_errors(comparisons), _legend(comparisons), _values(comparisons), _wrong(), _short_jobs()])


def _errors(comparisons: Sequence[Comparison]) -> str:
    rows = [(_label(one), *(_error(one, figure) for figure in FIGURES)) for one in comparisons]
    return table(("simulated against real, error in %", *FIGURES), rows)


def _label(one: Comparison) -> str:
    return f"{one.case.name[:2]}: {one.case.title}"


def _error(one: Comparison, figure: str) -> str:
    if one.real[figure] == 0.0 == one.simulated(figure):
        return "none"
    spread = one.spread(figure)
    error = f"{one.error(figure) * 100:+.1f}"
    if not one.within(figure):
        error = f"**{error}**"
    if len(one.replays) > 1:
        low, high = one.errors(figure)
        error += f" [{low * 100:+.1f} to {high * 100:+.1f}]"
    return error if spread is None else f"{error} ({spread * 100:.1f})"


def _legend(comparisons: Sequence[Comparison]) -> str:
    beyond = [(one, figure) for one in comparisons for figure in FIGURES if not one.within(figure)]
    notes = [_note(one, figure) for one, figure in beyond]
    once = ", ".join(one.case.name[:2] for one in comparisons if not one.repeats)
    mean, others = (f"{BOUNDS[figure] * 100:g} %" for figure in ("mean", "p99"))
    return f"""\
Multi Model Server 1.1.11 ran on a machine of two cores, and every request was recorded. The simulator replays each run:
the same arrivals, the service times that were asked for, and three costs of the server, measured while it was idle
before that very run: `hold`, between two jobs of a worker, and before the queue and after the job half each of what
else an idle request costs. Nothing is fitted. Compared are the requests after the run's warm-up: the latency of those
that were answered, and how many were refused. Above zero: the simulator is higher.

In parentheses: the spread of the real server itself, highest less lowest of five runs of the same requests, in % of
their mean ({once} was run once). A server that refuses is chaotic: 0.01 ms of `hold` can move its p95 by a tenth.
There, the figure is the median of {REPLAYS} replays, whose `hold` is multiplied by numbers drawn uniformly from
{1 - JITTER:g} to {1 + JITTER:g} (fixed seed); the lowest and the highest replay stand in brackets.

Bounds: {mean} for the mean and {others} for the others, or twice the spread where that is larger. Figures that need the
spread: {"; ".join(notes) or "none"}."""


def _note(one: Comparison, figure: str) -> str:
    name = f"{figure} of {one.case.name[:2]} (bold)"
    if not one.repeats:
        return name
    return f"{name}, {one.error_from_repeats(figure) * 100:+.1f} % from the mean of the five runs"


def _values(comparisons: Sequence[Comparison]) -> str:
    def row(one: Comparison) -> tuple[str, ...]:
        times = (f"{one.real[time]:.1f} / {one.simulated(time):.1f}" for time in TIMES)
        refused = f"{one.real['refused']:.0f} / {one.simulated('refused'):.0f}"
        return one.case.name, str(len(measured(one.case.name))), *times, refused

    head = ("real / simulated, ms", "requests", *FIGURES)
    return table(head, [row(one) for one in comparisons])


def _wrong() -> str:
    rows = []
    for wrong in WRONG:
        one = wrong.compare()
        worst = max(FIGURES, key=lambda figure: abs(one.error(figure)))
        rows.append((f"{wrong.run[:2]}: {wrong.rule}", *(f"{one.error(f) * 100:+.1f}" for f in ("mean", worst)), worst))
    return "The same replays with one rule wrong, to show what the agreement is worth:\n\n" + table(
        ("wrong rule", "error of the mean, %", "largest error, %", "of"), rows
    )


def _short_jobs() -> str:
    one = compare(CPU_RUN)
    rows, records = measured(CPU_RUN), recorded(one.case, Costs.of(one.case))
    asked_ms, real_ms = (rows[column].to_numpy() * 1e3 for column in ("service", "latency"))
    lines = []
    for low, high in pairwise(CPU_EDGES_MS):
        k = (asked_ms >= low) & (asked_ms < high)
        span = f"{low:g} ms and more" if high == inf else f"{low:g} to {high:g} ms"
        means = (float(np.mean(times[k])) for times in (real_ms, records.latency_s * 1e3))
        lines.append((span, str(int(k.sum())), *(f"{mean:.1f}" for mean in means)))
    needs = ", ".join(f"{figure} {one.error(figure) * 100:+.1f} %" for figure in TIMES)
    return f"""\
In {CPU_RUN[:2]} handlers compute, and the input is the CPU time that each request asks for. How long that takes comes
from the threads that share the cores, the front end's own among them. The shortest requests do better than equal
shares predict, as if a thread that has just woken ran at full speed for its first milliseconds:

{table(("CPU time asked for", "requests", "mean latency, real, ms", "simulated, ms"), lines)}

That has no parameter, since no figure of {CPU_RUN[:2]} needs one:
{needs}.
So do not rely on the latency of requests of a few milliseconds on busy cores beyond what this table shows."""


def main(words: list[str]) -> None:
    """Replay all runs and rewrite the document."""
    (target,) = (Path(word) for word in words)
    generated = text()
    document = target.read_text(encoding="utf-8")
    target.write_text(splice(document, generated, BEGIN, END), encoding="utf-8")
    sys.stdout.write(f"{generated}\n\nwritten to {target}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
