"""Runs the gate study and writes its figures: `python -m tests.gate_study.study --page docs/gate.md`.

Everything that is finished is a file in the folder and is not done again: the study can be broken off at any moment.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.gate_study.cells import CELLS, GAPS, Population
from tests.gate_study.commanded import SEEDS, all_questions
from tests.gate_study.drifts import in_the_gap, moved
from tests.gate_study.pools import simulate_missing
from tests.gate_study.questions import GATES, all_cells
from tests.gate_study.report import BEGIN, END, Study, text
from tests.perf.tables import splice


def populations() -> list[Population]:
    """Every population once."""
    return [*dict.fromkeys(cell.population for cell in CELLS), *GAPS]


def tell(what: str) -> None:
    """Tell on stderr how far it is."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {what}\n")
    sys.stderr.flush()


def main(words: Sequence[str]) -> None:
    """Do what is not done yet, and write the page."""
    parser = argparse.ArgumentParser(prog="gate_study")
    parser.add_argument("--folder", type=Path, default=Path(".gate-study"))
    parser.add_argument("--jobs", type=int, default=1, help="processes that simulate the populations")
    parser.add_argument("--gates", type=int, default=GATES, help="gates of each question")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="gates through the command")
    parser.add_argument("--page", type=Path, help="document to write the figures into")
    parser.add_argument("--no-simulation", action="store_true", help="use the populations as far as they are simulated")
    asked = parser.parse_args(words)
    if not asked.no_simulation:
        simulate_missing(populations(), asked.folder, asked.jobs, tell)
    study = Study(
        all_cells(asked.folder, asked.gates, tell),
        all_questions(asked.folder, asked.seeds, tell) if asked.seeds else [],
        moved(asked.folder, asked.jobs, tell),
        in_the_gap(asked.folder, tell),
    )
    generated = text(study)
    sys.stdout.write(f"{generated}\n")
    if asked.page is not None:
        document = asked.page.read_text(encoding="utf-8")
        asked.page.write_text(splice(document, generated, BEGIN, END), encoding="utf-8")
        sys.stdout.write(f"\nwritten to {asked.page}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
