"""Simulates random fleets beside what is proved of them: `python -m tests.proof_study.study --page docs/plan.md`.

A row for each fleet that is finished is in the folder and is not simulated again.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmesim.engine.simulation import simulate
from mmesim.preflight.proof.proof import proof
from tests.perf.tables import splice
from tests.proof_study.judge import truth
from tests.proof_study.problems import problem
from tests.proof_study.report import BEGIN, END, Row, text

FLEETS = 3_000
FIRST = 10_000
"""Seed of the first fleet; the next ones follow."""


def row(seed: int) -> Row:
    """What is proved of a fleet, and what one replication of it finds."""
    scenario = problem(np.random.default_rng(seed))
    began = time.process_time()
    found = proof(scenario)
    took_s = time.process_time() - began
    run = simulate(scenario, 0)
    really = truth(scenario, [run])
    return Row(
        seed=seed,
        line=scenario.expect[0].metric,
        calls=run.calls,
        allowed=really.allowed,
        share=really.share,
        binds="" if found is None else found.binds,
        least_share=0.0 if found is None else found.least_share,
        proof_s=took_s,
    )


def rows(folder: Path, fleets: int) -> list[Row]:
    """A row for each fleet, of the file in the folder or new."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "fleets.csv"
    known = dict[int, Row]()
    if file.exists():
        with file.open(encoding="utf-8", newline="") as lines:
            known = {one.seed: one for one in (Row.read(values) for values in csv.DictReader(lines))}
    with file.open("a", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, Row.columns())
        if not known:
            writer.writeheader()
        for seed in range(FIRST, FIRST + fleets):
            if seed not in known:
                known[seed] = row(seed)
                writer.writerow(known[seed].written())
                lines.flush()
            if (seed - FIRST) % 100 == 99:
                sys.stderr.write(f"{time.strftime('%H:%M:%S')} {seed - FIRST + 1:,} fleets\n")
    return [known[seed] for seed in range(FIRST, FIRST + fleets)]


def main(words: Sequence[str]) -> None:
    """Do what is not done yet, and write the page."""
    parser = argparse.ArgumentParser(prog="proof_study")
    parser.add_argument("--folder", type=Path, default=Path(".proof-study"))
    parser.add_argument("--fleets", type=int, default=FLEETS)
    parser.add_argument("--page", type=Path, help="document to write the figures into")
    asked = parser.parse_args(words)
    generated = text(rows(asked.folder, asked.fleets))
    sys.stdout.write(f"{generated}\n")
    if asked.page is not None:
        document = asked.page.read_text(encoding="utf-8")
        asked.page.write_text(splice(document, generated, BEGIN, END), encoding="utf-8")
        sys.stdout.write(f"\nwritten to {asked.page}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
