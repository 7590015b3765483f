"""Writes the tables of the benchmarks into a document.

`python -m tests.perf.report benchmark.json docs/performance.md`; the tables replace what stands between
the two marker lines of the document.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.perf import processes
from tests.perf.figures import Bench, Goal, number, ratio, read
from tests.perf.tables import splice, table

RATES = (
    ("python-loop", "plain Python loop, iterations", None),
    ("simpy-timeouts", "bare SimPy, events (time-outs of one process)", None),
    ("queue-simpy", "M/M/4, SimPy process per request, customers", None),
    ("queue-ciw", "M/M/4, Ciw, customers", None),
    ("queue-cimba", "M/M/4, Cimba's Python package, customers", None),
    ("queue-mmesim", "M/M/4, mmesim, customers", None),
    ("fits-8", "everything fits, 8 hosts, 400 models, requests", Goal(3e6)),
    ("fits-8-4000", "the same with 4,000 models, requests", None),
    ("fits-200", "everything fits, 200 hosts, 10,000 models, requests", Goal(2e6)),
    ("fits-1000", "everything fits, 1,000 hosts, 50,000 models, requests", None),
    ("thrashing", "thrashing, loads", Goal(30e3, aim=40e3)),
    ("overfull", "40,000 models that do not fit on 8 hosts, loads", Goal(10e3, aim=1e6 / 60)),
    ("arrivals", "traffic alone: Poisson and Zipf over 10,000 models, times and models", Goal(10e6)),
)
"""Case, what is counted, goal for each second."""

RIVALS = {
    "M/M/4: mmesim / Cimba's Python package": ("queue-cimba", Goal(1.5, aim=1.7)),
    "M/M/4: mmesim / SimPy": ("queue-simpy", Goal(40.0)),
    "M/M/4: mmesim / Ciw": ("queue-ciw", None),
}
CLIENTS = Goal(1.5, low=True)
SETUP_S = Goal(2.0, low=True)


def tables(bench: Bench) -> str:
    """All tables, with the machine that they come from."""
    parts = [_machine(bench), _rates(bench), _ratios(bench), _seam(bench), *processes.tables(bench)]
    return "\n\n".join(parts)


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
                "" if goal is None else goal.verdict(cpu_rate),
            )
        )
    return table(("each second", "in a round", "of CPU time", "on the clock", "best round", "goal"), rows)


def _ratios(bench: Bench) -> str:
    def row(what: str, upper: str, lower: str, goal: Goal | None = None) -> tuple[str, ...]:
        found = ratio(bench.of(upper), bench.of(lower), lambda sample: sample.cpu_rate)
        verdict = "" if goal is None else goal.verdict(found.middle)
        return what, number(found.middle), f"{number(found.low)} to {number(found.high)}", verdict

    def share(hosts: str, full: str, traffic: str) -> tuple[str, ...]:
        found = ratio(bench.of(traffic), bench.of(full), lambda sample: sample.cpu_s)
        span = f"{found.low:.0%} to {found.high:.0%}"
        return f"share of generating the traffic, {hosts} hosts", f"{found.middle:.0%}", span, ""

    rows = [
        *(row(what, "queue-mmesim", rival, goal) for what, (rival, goal) in RIVALS.items()),
        row("mmesim with everything fitting, 8 hosts / SimPy M/M/4", "fits-8", "queue-simpy"),
        row("users in a closed loop / open loop, time for each attempt", "fits-8", "closed-8", CLIENTS),
        row("clients who retry / open loop, time for each attempt", "fits-8", "retries-8", CLIENTS),
        row("10 times the models on 8 hosts, time for each request", "fits-8", "fits-8-4000"),
        row("25 times the hosts and models, time for each request", "fits-8", "fits-200"),
        row("125 times the hosts and models, time for each request", "fits-8", "fits-1000"),
        share("8", "fits-8", "fits-8-traffic"),
        share("200", "fits-200", "fits-200-traffic"),
    ]
    return table(("ratio within a round, of CPU time", "median", "rounds", "goal"), rows)


def _seam(bench: Bench) -> str:
    rows = []
    for case, what in (
        ("fits-8", "everything fits, 8 hosts"),
        ("fits-200", "everything fits, 200 hosts"),
        ("fits-1000", "everything fits, 1,000 hosts"),
        ("thrashing", "thrashing"),
        ("overfull", "40,000 models that do not fit on 8 hosts"),
    ):
        loads = "crossings_per_load" in bench.of(case)[0].facts
        setup_s = bench.fact(case, "setup_s")
        rows.append(
            (
                what,
                f"{bench.fact(case, 'hit_ratio'):.3%}",
                f"{bench.fact(case, 'error_rate'):.2%}",
                number(bench.fact(case, "crossings_per_request")),
                number(bench.fact(case, "crossings_per_load")) if loads else "",
                number(bench.fact(case, "events_per_load")) if loads else "",
                number(setup_s),
                SETUP_S.verdict(setup_s) if case == "fits-1000" else "",
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
        "goal",
    )
    return table(head, rows)


def main(words: list[str]) -> None:
    """Read the benchmarks' JSON file and rewrite the document."""
    source, target = (Path(word) for word in words)
    text = tables(read(json.loads(source.read_text(encoding="utf-8"))))
    target.write_text(splice(target.read_text(encoding="utf-8"), text), encoding="utf-8")
    sys.stdout.write(f"{text}\n\nwritten to {target}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
