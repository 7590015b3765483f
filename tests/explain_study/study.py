"""Runs the study of `mmesim explain`: `python -m tests.explain_study.study --page docs/explain.md`.

Each scenario that is finished is a row in the folder and is not done again: the study can be broken off at any moment.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import Any

from tests.explain_study.causes import CAUSES
from tests.explain_study.judged import judged, shadow
from tests.explain_study.report import BEGIN, EACH, END, SHADOWS, TIMES, Study, text
from tests.perf.tables import splice

Made = Callable[[], dict[str, Any]]
"""Makes a row."""


def tell(what: str) -> None:
    """Tell on stderr how far it is."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {what}\n")
    sys.stderr.flush()


def done(file: Path) -> dict[str, dict[str, Any]]:
    """The rows of a file, by name; none where there is no file."""
    if not file.exists():
        return {}
    rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return {row.pop("name"): row for row in rows}


def add(file: Path, missing: Mapping[str, Made], jobs: int) -> None:
    """Add rows that are missing, as they are finished, `jobs` at the same time."""
    with (
        file.open("a", encoding="utf-8") as lines,
        ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as processes,
    ):
        names = {processes.submit(made): name for name, made in missing.items()}
        for row in as_completed(names):
            lines.write(json.dumps({"name": names[row]} | row.result()) + "\n")
            lines.flush()
            tell(names[row])


def main(words: Sequence[str]) -> None:
    """Do what is not done yet, and write the page."""
    parser = argparse.ArgumentParser(prog="explain_study")
    parser.add_argument("--folder", type=Path, default=Path(".explain-study"))
    parser.add_argument("--each", type=int, default=EACH, help="scenarios of each cause")
    parser.add_argument("--shadows", type=int, default=SHADOWS, help="scenarios whose shadow prices are checked")
    parser.add_argument("--times", type=int, default=TIMES, help="how many times as long they are run again")
    parser.add_argument("--jobs", type=int, default=1, help="scenarios at the same time")
    parser.add_argument("--page", type=Path, help="document to write the figures into")
    parser.add_argument("--only", action="store_true", help="only what is finished")
    asked = parser.parse_args(words)
    # In turn, so that what is broken off has as many of each.
    cells: dict[str, Made] = {
        f"{cause}-{number}": partial(judged, cause, number) for number in range(asked.each) for cause in CAUSES
    }
    prices: dict[str, Made] = {
        f"shadow-{number}": partial(shadow, number, asked.times) for number in range(asked.shadows)
    }
    file = asked.folder / "rows.jsonl"
    rows = done(file)
    if not asked.only:
        asked.folder.mkdir(parents=True, exist_ok=True)
        add(file, {name: made for name, made in (cells | prices).items() if name not in rows}, asked.jobs)
        rows = done(file)
    of_causes = {cause: [rows[name] for n in range(asked.each) if (name := f"{cause}-{n}") in rows] for cause in CAUSES}
    generated = text(Study(of_causes, [rows[name] for name in prices if name in rows]))
    sys.stdout.write(f"{generated}\n")
    if asked.page is not None:
        document = asked.page.read_text(encoding="utf-8")
        asked.page.write_text(splice(document, generated, BEGIN, END), encoding="utf-8")
        sys.stdout.write(f"\nwritten to {asked.page}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
