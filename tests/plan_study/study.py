"""Plans of random problems beside their truth: `python -m tests.plan_study.study --jobs 2 --page docs/plan.md`.

A row for each problem that is finished is in the folder, and the truth of its fleets beside it; neither is made again.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from mmesim import __version__
from tests.coverage_study.judge import wilson
from tests.perf.tables import splice, table
from tests.plan_study.judge import Row, judged
from tests.plan_study.truth import MOST_CALLS

PROBLEMS = 200
FIRST = 50_000
"""Seed of the first problem; the next ones follow."""
BEGIN = "<!-- problems: written by `make plan-study` -->"
END = "<!-- end of problems -->"


def rows(folder: Path, problems: int, most_calls: int = MOST_CALLS, jobs: int = 1) -> list[Row]:
    """A row for each problem, of the file in the folder or new; `jobs` problems at the same time."""
    folder.mkdir(parents=True, exist_ok=True)
    file, truths = folder / "problems.csv", folder / "truth.csv"
    known = dict[int, Row]()
    if file.exists():
        with file.open(encoding="utf-8", newline="") as lines:
            known = {one.seed: one for one in map(Row.read, csv.DictReader(lines))}
    with file.open("a", encoding="utf-8", newline="") as lines, truths.open("a", encoding="utf-8", newline="") as true:
        writer, of_truth = csv.DictWriter(lines, Row.columns()), csv.writer(true)
        if not known:
            writer.writeheader()
            of_truth.writerow(("seed", "fleet", "side", "calls", "values"))
        with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as processes:
            new = (seed for seed in range(FIRST, FIRST + problems) if seed not in known)
            for judgement in as_completed([processes.submit(judged, seed, most_calls) for seed in new]):
                row, found = judgement.result()
                known[row.seed] = row
                for number, one in sorted(found.items()):
                    values = " ".join(f"{v:.6g}" for v in one.values)
                    of_truth.writerow((row.seed, number, one.side, one.calls, values))
                writer.writerow(row.written())
                true.flush()
                lines.flush()
                sys.stderr.write(f"{time.strftime('%H:%M:%S')} {row}\n")
    return [known[seed] for seed in range(FIRST, FIRST + problems)]


def text(rows: Sequence[Row]) -> str:
    """The whole generated part."""
    answered = [row for row in rows if row.winner]
    share = statistics.median(row.requests / row.gate_requests for row in rows)
    head = (
        f"Version {__version__}; {len(rows):,} problems, {sum(row.fleets for row in rows):,} fleets; of "
        f"{sum(row.known for row in rows):,} it had to be known whether they are inside. Brackets are 99 % "
        f"intervals (Wilson's). A plan takes {100.0 * share:.3g} % of the calls that the gate's test of every fleet "
        "takes (median)."
    )
    counts = table(
        ("what", "count", "share"),
        (
            ("the answer is not inside", *_share(sum(row.winner == "outside" for row in rows), len(answered))),
            ("the cheapest fleet inside was turned down", *_share(sum(row.missed for row in rows), len(rows))),
            ("definite answer", *_share(sum(row.verdict != "undecided" for row in rows), len(rows))),
            ("of these: nothing inside", *_share(sum(row.verdict == "fail" for row in rows), len(rows))),
            ("the answer's truth is too near to tell", *_share(sum(r.winner == "near" for r in rows), len(answered))),
        ),
    )
    return "\n\n".join([head, counts])


def _share(count: int, of: int) -> tuple[str, str]:
    if not of:
        return f"{count:,} of 0", "-"
    low, high = wilson(count, of)
    return f"{count:,} of {of:,}", f"{100.0 * count / of:.1f} % ({100.0 * low:.1f} to {100.0 * high:.1f})"


def main(words: Sequence[str]) -> None:
    """Do what is not done yet, and write the page."""
    parser = argparse.ArgumentParser(prog="plan_study")
    parser.add_argument("--folder", type=Path, default=Path(".plan-study"))
    parser.add_argument("--problems", type=int, default=PROBLEMS)
    parser.add_argument("--calls", type=int, default=MOST_CALLS, help="calls by which the truth of a fleet is known")
    parser.add_argument("--jobs", type=int, default=1, help="problems at the same time")
    parser.add_argument("--page", type=Path, help="document to write the figures into")
    asked = parser.parse_args(words)
    generated = text(rows(asked.folder, asked.problems, asked.calls, asked.jobs))
    sys.stdout.write(f"{generated}\n")
    if asked.page is not None:
        document = asked.page.read_text(encoding="utf-8")
        asked.page.write_text(splice(document, generated, BEGIN, END), encoding="utf-8")
        sys.stdout.write(f"\nwritten to {asked.page}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
