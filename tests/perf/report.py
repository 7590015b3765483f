"""Writes the tables of the benchmarks into a document.

`python -m tests.perf.report benchmark.json docs/performance.md`; the tables replace what stands between
the two marker lines of the document.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from mmesim.errors import UserError
from tests.perf.figures import Bench, at_least, at_most, growth, ratio, read

BEGIN = "<!-- tables: written by `make bench` -->"
END = "<!-- end of tables -->"

MEBIBYTE = 2**20
RATE_GOAL = 2e6
LOAD_GOAL = 15e3
ARRIVALS_GOAL = 10e6
SIMPY_GOAL = 40.0
CLIENTS_GOAL = 1.5
HELP_GOAL_S = 0.3
FLAT_BYTES = 1.0
"""Memory is called flat when it grows by less than this for each further request."""

RATES = (
    ("python-loop", "plain Python loop, iterations", None),
    ("simpy-timeouts", "bare SimPy, events (time-outs of one process)", None),
    ("queue-simpy", "M/M/4, SimPy process per request, customers", None),
    ("queue-ciw", "M/M/4, Ciw, customers", None),
    ("queue-mmesim", "M/M/4, mmesim, customers", None),
    ("fits-8", "everything fits, 8 hosts, 400 models, requests", RATE_GOAL),
    ("fits-200", "everything fits, 200 hosts, 10,000 models, requests", RATE_GOAL),
    ("thrashing", "thrashing, loads", LOAD_GOAL),
    ("arrivals", "traffic alone: Poisson and Zipf over 10,000 models, times and models", ARRIVALS_GOAL),
)
"""Case, what is counted, goal for each second."""


def tables(bench: Bench) -> str:
    """All tables, with the machine that they come from."""
    parts = [_machine(bench), _rates(bench), _ratios(bench), _seam(bench), _memory(bench), _starts(bench)]
    return "\n\n".join(parts)


def splice(document: str, text: str, begin: str = BEGIN, end: str = END) -> str:
    """The document with `text` between its markers; UserError when they are not there."""
    before, found_begin, rest = document.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise UserError(f"the document needs the lines {begin} and {end}")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table: the first column to the left, the others to the right."""
    lines = [head, ("---", *["---:"] * (len(head) - 1)), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float) -> str:
    """Three significant digits, thousands set off."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 1000 else f"{rounded:g}"


def _machine(bench: Bench) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in bench.versions.items())
    return (
        f"{bench.date}, {bench.cpu}, {bench.cores} cores, {bench.system}; {versions}. Medians of {bench.rounds()} "
        f"rounds. Other work on the machine left the benchmarks {bench.core_share():.0%} of a core."
    )


def _rates(bench: Bench) -> str:
    rows = []
    for case, what, goal in RATES:
        samples = bench.of(case)
        cpu_rate = bench.middle(case, lambda sample: sample.cpu_rate)
        rows.append(
            (
                what,
                number(bench.middle(case, lambda sample: float(sample.units))),
                number(cpu_rate),
                number(bench.middle(case, lambda sample: sample.wall_rate)),
                number(max(sample.wall_rate for sample in samples)),
                "" if goal is None else f"{number(goal)}: {at_least(cpu_rate, goal)}",
            )
        )
    return table(("each second", "in a round", "of CPU time", "on the clock", "best round", "goal"), rows)


def _ratios(bench: Bench) -> str:
    def row(what: str, upper: str, lower: str, goal: float | None) -> tuple[str, ...]:
        found = ratio(bench.of(upper), bench.of(lower), lambda sample: sample.cpu_rate)
        verdict = "" if goal is None else f"{number(goal)}: {at_least(found.middle, goal)}"
        return what, number(found.middle), f"{number(found.low)} to {number(found.high)}", verdict

    def slower(what: str, case: str) -> tuple[str, ...]:
        found = ratio(bench.of("fits-8"), bench.of(case), lambda sample: sample.cpu_rate)
        span = f"{found.low:.2f} to {found.high:.2f}"
        return what, f"{found.middle:.2f}", span, f"{CLIENTS_GOAL}: {at_most(found.middle, CLIENTS_GOAL)}"

    def share(hosts: str, full: str, traffic: str) -> tuple[str, ...]:
        found = ratio(bench.of(traffic), bench.of(full), lambda sample: sample.cpu_s)
        span = f"{found.low:.0%} to {found.high:.0%}"
        return f"share of generating the traffic, {hosts} hosts", f"{found.middle:.0%}", span, ""

    rows = [
        row("M/M/4: mmesim / SimPy", "queue-mmesim", "queue-simpy", SIMPY_GOAL),
        row("M/M/4: mmesim / Ciw", "queue-mmesim", "queue-ciw", None),
        row("mmesim with everything fitting, 8 hosts / SimPy M/M/4", "fits-8", "queue-simpy", None),
        slower("users in a closed loop / open loop, time for each attempt", "closed-8"),
        slower("clients who retry / open loop, time for each attempt", "retries-8"),
        share("8", "fits-8", "fits-8-traffic"),
        share("200", "fits-200", "fits-200-traffic"),
    ]
    return table(("ratio within a round, of CPU time", "median", "rounds", "goal"), rows)


def _seam(bench: Bench) -> str:
    rows = []
    for case, what in (
        ("fits-8", "everything fits, 8 hosts"),
        ("fits-200", "everything fits, 200 hosts"),
        ("thrashing", "thrashing"),
    ):
        loads = case == "thrashing"
        rows.append(
            (
                what,
                f"{bench.fact(case, 'hit_ratio'):.3%}",
                f"{bench.fact(case, 'error_rate'):.2%}",
                number(bench.fact(case, "crossings_per_request")),
                number(bench.fact(case, "crossings_per_load")) if loads else "",
                number(bench.fact(case, "events_per_load")) if loads else "",
                number(bench.fact(case, "setup_s")),
            )
        )
    head = (
        "run",
        "hits",
        "errors",
        "seam crossings a request",
        "seam crossings a load",
        "SimPy events a load",
        "set-up, s of CPU time",
    )
    return table(head, rows)


def _memory(bench: Bench) -> str:
    samples = bench.of("memory")
    rows = [(number(sample.units), f"{sample.facts['peak_bytes'] / MEBIBYTE:.0f}") for sample in samples]
    each = growth(samples, "peak_bytes")
    text = f"Each further request takes {each:.2f} bytes. Goal, flat (below {FLAT_BYTES:g} byte): "
    return f"{table(('requests', 'peak memory, MiB'), rows)}\n\n{text}{at_most(each, FLAT_BYTES)}."


def _starts(bench: Bench) -> str:
    def kernel(what: str, case: str) -> tuple[str, ...]:
        return what, number(bench.fact(case, "kernel_cpu_s")), number(bench.fact(case, "kernel_s")), ""

    def process(what: str, case: str, goal: float | None) -> tuple[str, ...]:
        cpu_s = bench.middle(case, lambda sample: sample.cpu_s)
        wall_s = bench.middle(case, lambda sample: sample.wall_s)
        return what, number(cpu_s), number(wall_s), "" if goal is None else f"{number(goal)}: {at_most(cpu_s, goal)}"

    rows = [
        kernel("kernel, first time: compiled", "start-first"),
        kernel("kernel, later: loaded from the cache", "start-later"),
        process("process that imports mmesim and loads the kernel", "start-later", None),
        process("`mmesim --help`", "help", HELP_GOAL_S),
    ]
    return table(("seconds", "of CPU time", "on the clock", "goal"), rows)


def main(words: list[str]) -> None:
    """Read the benchmarks' JSON file and rewrite the document."""
    source, target = (Path(word) for word in words)
    text = tables(read(json.loads(source.read_text(encoding="utf-8"))))
    target.write_text(splice(target.read_text(encoding="utf-8"), text), encoding="utf-8")
    sys.stdout.write(f"{text}\n\nwritten to {target}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
