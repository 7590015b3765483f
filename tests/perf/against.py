"""How much faster than an earlier commit: `python -m tests.perf.against FOLDER docs/performance.md`.

The folder is a checkout of that commit (280d432 or later). Each case runs in processes of its own, the commit and this
checkout in turn, so that other work on the machine hits both; the ratio of CPU time for each unit is taken within each
pair. The table replaces what stands between the marker lines of the document.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.helpers.files import ROOT
from tests.perf.figures import Goal, number
from tests.perf.tables import splice, table

BEGIN = "<!-- pairs: written by `make bench-against` -->"
END = "<!-- end of pairs -->"

CASES = {
    "fits-8": ("everything fits, 8 hosts, 400 models", Goal(1.56, aim=2.1)),
    "fits-200": ("everything fits, 200 hosts, 10,000 models", Goal(2.1)),
    "fits-1000": ("everything fits, 1,000 hosts, 50,000 models", Goal(1.9)),
    "queue": ("M/M/4", None),
    "thrashing": ("thrashing, loads", Goal(1.65, aim=2.2)),
    "overfull": ("40,000 models that do not fit on 8 hosts, loads", None),
}
"""Case of tests/perf/timed.py -> what it is, and the goal for its ratio."""


@dataclass(frozen=True)
class Pair:
    """CPU time for each unit before and now, and of the set-up."""

    before_s: float
    now_s: float
    setup_before_s: float
    setup_now_s: float


def row(what: str, goal: Goal | None, pairs: list[Pair]) -> tuple[str, ...]:
    """A line of the table: medians, and the span of the ratios."""
    ratios = [pair.before_s / pair.now_s for pair in pairs]
    middle = median(ratios)
    return (
        what,
        number(1e6 * median(pair.before_s for pair in pairs)),
        number(1e6 * median(pair.now_s for pair in pairs)),
        number(middle),
        f"{number(min(ratios))} to {number(max(ratios))}",
        "" if goal is None else goal.verdict(middle),
        number(median(pair.setup_before_s for pair in pairs)),
        number(median(pair.setup_now_s for pair in pairs)),
    )


HEAD = ("CPU time", "before, µs each", "now, µs each", "ratio", "pairs", "goal", "set-up before, s", "set-up now, s")


def timed(root: Path, case: str, scale: float) -> dict[str, float]:
    """One run of a case with the code of a checkout."""
    words = [sys.executable, str(ROOT / "tests" / "perf" / "timed.py"), case, str(scale)]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(words, cwd=root, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    facts: dict[str, float] = json.loads(done.stdout)
    return facts


def pair(before: Path, case: str, scale: float) -> Pair:
    """One run of each."""
    there, here = timed(before, case, scale), timed(ROOT, case, scale)
    return Pair(there["run_s"] / there["units"], here["run_s"] / here["units"], there["setup_s"], here["setup_s"])


def main() -> None:
    """Time the pairs, print the table and rewrite the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path, help="checkout of the earlier commit")
    parser.add_argument("document", type=Path, nargs="?", help="where the table goes")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--scale", type=float, default=1.0, help="size of each run")
    parser.add_argument("--case", choices=CASES, action="append", help="default: all")
    given = parser.parse_args()
    cases, before = given.case or list(CASES), given.before.resolve()
    for root in (before, ROOT):
        timed(root, "queue", 0.001)  # compiles its kernel
    pairs: dict[str, list[Pair]] = {case: [] for case in cases}
    for _ in range(given.pairs):
        for case in cases:
            pairs[case].append(pair(before, case, given.scale))
    text = table(HEAD, [row(*CASES[case], found) for case, found in pairs.items()])
    sys.stdout.write(text + "\n")
    if given.document is not None:
        told = f"{given.pairs} pairs.\n\n{text}"
        given.document.write_text(splice(given.document.read_text("utf-8"), told, BEGIN, END), "utf-8")


if __name__ == "__main__":
    main()
