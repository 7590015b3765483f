"""Runs the study of `mmesim explain`: `python -m tests.explain_study.study --page docs/explain.md`.

Everything that is finished is a file in the folder and is not done again: the study can be broken off at any moment.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mmesim.files import write_text
from tests.explain_study.causes import CAUSES
from tests.explain_study.judged import judged, shadow
from tests.explain_study.report import BEGIN, EACH, END, SHADOWS, TIMES, Study, text
from tests.perf.tables import splice


def tell(what: str) -> None:
    """Tell on stderr how far it is."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {what}\n")
    sys.stderr.flush()


def kept(file: Path, made: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a file holds, made first where it is missing."""
    if not file.exists():
        tell(file.stem)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, json.dumps(made()) + "\n")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def main(words: Sequence[str]) -> None:
    """Do what is not done yet, and write the page."""
    parser = argparse.ArgumentParser(prog="explain_study")
    parser.add_argument("--folder", type=Path, default=Path(".explain-study"))
    parser.add_argument("--each", type=int, default=EACH, help="scenarios of each cause")
    parser.add_argument("--shadows", type=int, default=SHADOWS, help="scenarios whose shadow prices are checked")
    parser.add_argument("--times", type=int, default=TIMES, help="how many times as long they are run again")
    parser.add_argument("--page", type=Path, help="document to write the figures into")
    parser.add_argument("--only", action="store_true", help="only what is finished")
    asked = parser.parse_args(words)
    cells: dict[str, list[dict[str, Any]]] = {cause: [] for cause in CAUSES}
    for number in range(asked.each):  # in turn, so that what is broken off has as many of each
        for cause in CAUSES:
            file = asked.folder / f"{cause}-{number}.json"
            if file.exists() or not asked.only:
                cells[cause].append(kept(file, partial(judged, cause, number)))
    shadows = [
        kept(asked.folder / f"shadow-{number}.json", partial(shadow, number, asked.times))
        for number in range(asked.shadows)
        if not asked.only or (asked.folder / f"shadow-{number}.json").exists()
    ]
    generated = text(Study(cells, shadows))
    sys.stdout.write(f"{generated}\n")
    if asked.page is not None:
        document = asked.page.read_text(encoding="utf-8")
        asked.page.write_text(splice(document, generated, BEGIN, END), encoding="utf-8")
        sys.stdout.write(f"\nwritten to {asked.page}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
