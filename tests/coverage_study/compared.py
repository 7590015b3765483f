"""Studies the intervals of differences and of the inputs' share, and writes their table into the page.

`python -m tests.coverage_study.compared --runs 2000 --folder .coverage-study --page docs/coverage.md`. Every hundred
runs are kept in the folder: it can be broken off and started again, also with more runs. `--only pin` takes the cases
whose names hold a word.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mmesim import __version__
from tests.coverage_study import inputs, pairs
from tests.coverage_study.judge import PASSES_AT, wilson
from tests.coverage_study.study import print_line
from tests.perf.tables import splice, table

BEGIN = "<!-- differences: written by `make coverage-study` -->"
END = "<!-- end of differences -->"
BLOCK = 100
"""Runs after which what is done is kept."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Case:
    """One line: its name, where its calls come from, the truth, and the intervals now and before of a run."""

    name: str
    source: str
    unit: str
    scale: float
    most: int
    truth: Callable[[], float]
    run: Callable[[int], tuple[Interval, Interval]]


@dataclass
class Count:
    """What the runs of a case came to so far; half-widths are sums."""

    name: str
    version: str
    truth: float
    runs: int = 0
    covered: int = 0
    half_width: float = 0.0
    covered_before: int = 0
    half_width_before: float = 0.0
    cpu_s: float = 0.0

    def add(self, now: Interval, before: Interval) -> None:
        """Count one run."""
        self.runs += 1
        self.covered += now[0] <= self.truth <= now[1]
        self.covered_before += before[0] <= self.truth <= before[1]
        self.half_width += (now[1] - now[0]) / 2
        self.half_width_before += (before[1] - before[0]) / 2

    @property
    def passes(self) -> bool:
        """Whether the intervals hold often enough, as far as so many runs can tell."""
        return wilson(self.covered, self.runs)[1] >= 0.95 or self.covered / self.runs >= PASSES_AT


def _intervals(pair: pairs.Pair, number: int) -> tuple[Interval, Interval]:
    found = pair.run(number)
    # What is exact in seconds is so to a rounding: an interval without width around a constant.
    off = 1e-9 * abs(pair.truth_s)
    return (found.now[0] - off, found.now[1] + off), (found.before[0] - off, found.before[1] + off)


def cases() -> tuple[Case, ...]:
    """All lines."""
    differences = [
        Case(
            name=f"{pair.figure}: {pair.name}",
            source=pair.source,
            unit="ms",
            scale=1000.0,
            most=10**9,
            truth=partial(float, pair.truth_s),
            run=partial(_intervals, pair),
        )
        for pair in pairs.pairs()
    ]
    of_inputs = [
        Case(
            name=of.name,
            source="Lindley; 8 to 12 ms, 32 draws",
            unit="%",
            scale=100.0,
            most=inputs.MOST_RUNS,
            truth=inputs.truth,
            run=partial(inputs.intervals, of),
        )
        for of in inputs.shares()
    ]
    return (*differences, *of_inputs)


def path_of(case: Case, folder: Path) -> Path:
    """Return where the count of a case lies."""
    return folder / f"compared-{''.join(c if c.isalnum() else '-' for c in case.name)}.json"


def study(case: Case, runs: int, folder: Path) -> Count:
    """The count of a case after this many runs: what is in the folder, and what is missing."""
    file = path_of(case, folder)
    begun = time.process_time()
    count = Count(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None
    if count is None or count.version != __version__:
        count = Count(case.name, __version__, case.truth())
    wanted = min(runs, case.most)
    while count.runs < wanted:
        for number in range(count.runs, min(count.runs + BLOCK, wanted)):
            count.add(*case.run(number))
        now = time.process_time()
        count.cpu_s, begun = count.cpu_s + now - begun, now
        part = file.with_suffix(".part")
        part.write_text(json.dumps(asdict(count), indent=1) + "\n", encoding="utf-8")
        part.replace(file)
        print_line(f"{case.name}: {count.runs} of {wanted} runs, {count.covered} hold")
    return count


def finished(folder: Path) -> Mapping[str, Count]:
    """What is in the folder, by name."""
    found: dict[str, Count] = {}
    for case in cases():
        file = path_of(case, folder)
        if file.exists():
            data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            found[case.name] = Count(**data)
    return found


HEAD = ("figure and system", "calls", "truth", "runs", "coverage", "99 % interval", "half-width", "before", "passes")


def text(found: Mapping[str, Count], runs: int) -> str:
    """The whole generated part; cases without enough runs are named."""
    rows, missing = [], []
    for case in cases():
        count = found.get(case.name)
        if count is None or count.runs < min(runs, case.most):
            missing.append(case.name)
        else:
            rows.append(_row(case, count))
    done = [found[case.name] for case in cases() if case.name not in missing]
    cpu_min = math.fsum(one.cpu_s for one in done) / 60.0
    passing = f"{sum(one.passes for one in done)} of {len(done)} lines pass"
    told = [f"mmesim {__version__}, {cpu_min:.0f} minutes of CPU. {passing}."]
    told += [f"**Not finished yet, so nothing is claimed of it: {', '.join(missing)}.**"] if missing else []
    return "\n\n".join([*told, table(HEAD, rows)] if rows else told)


def _row(case: Case, count: Count) -> tuple[str, ...]:
    low, high = wilson(count.covered, count.runs)
    widths = [case.scale * one / count.runs for one in (count.half_width, count.half_width_before)]
    before = f"{widths[1]:.3g} {case.unit}, {100.0 * count.covered_before / count.runs:.0f} %"
    return (
        case.name,
        case.source,
        f"{case.scale * count.truth:.4g} {case.unit}",
        str(count.runs),
        f"{100.0 * count.covered / count.runs:.1f} %",
        f"{100.0 * low:.1f} to {100.0 * high:.1f} %",
        f"{widths[0]:.3g} {case.unit}",
        before,
        "yes" if count.passes else "**no**",
    )


def main(words: Sequence[str]) -> None:
    """Study what is not finished yet, and write the page."""
    parser = argparse.ArgumentParser(prog="coverage_study.compared")
    parser.add_argument("--runs", type=int, default=2000, help="runs of each case; of the inputs' share at most 400")
    parser.add_argument("--jobs", type=int, default=1, help="of the study of runs; without meaning here")
    parser.add_argument("--folder", type=Path, default=Path(".coverage-study"))
    parser.add_argument("--only", default="", help="a word in the names of the cases")
    parser.add_argument("--page", type=Path, help="document to write the table into")
    asked = parser.parse_args(words)
    asked.folder.mkdir(parents=True, exist_ok=True)
    for case in cases():
        if asked.only in case.name:
            study(case, asked.runs, asked.folder)
    if asked.page is not None:
        generated = text(finished(asked.folder), asked.runs)
        document = asked.page.read_text(encoding="utf-8")
        asked.page.write_text(splice(document, generated, BEGIN, END), encoding="utf-8")
        sys.stdout.write(f"{generated}\n\nwritten to {asked.page}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
