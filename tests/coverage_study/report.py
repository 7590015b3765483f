"""Writes the coverage study into a document.

`python -m tests.coverage_study.report --runs 2000 --page docs/coverage.md`; the tables replace what stands between the
two marker lines.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmesim.errors import UserError
from tests.coverage_study.cells import cells
from tests.coverage_study.judge import FIXED, Row, wilson
from tests.coverage_study.judged import is_share
from tests.coverage_study.study import finished
from tests.perf.tables import splice, table

BEGIN = "<!-- study: written by `make coverage-study` -->"
END = "<!-- end of study -->"

HEAD = ("figure", "truth", "replications", "runs", "coverage", "99 % interval", "half-width", "passes")
STUDENTS = "Student's"
"""Last column where it was counted: half-width and coverage without the correction for skewness."""


def text(results: Mapping[str, Mapping[str, Any]], runs: int, partial: bool = False) -> str:
    """The whole generated part; UserError when a cell is missing, unless the missing ones shall only be named."""
    missing = [cell.name for cell in cells() if cell.name not in results]
    names = [cell.name for cell in cells() if cell.name in results]
    if not names or (missing and not partial):
        raise UserError(f"the study with --runs {runs} is not finished: {', '.join(missing)}")
    told = [f"**Not finished yet, so nothing is claimed of it: {', '.join(missing)}.**"] if missing else []
    parts = (_cell(results[name]) for name in names)
    return "\n\n".join([_legend([results[name] for name in names], runs), *told, *parts])


def _legend(results: Sequence[Mapping[str, Any]], runs: int) -> str:
    of = [Row(**row) for result in results for row in result["rows"]]
    short = sum(row.runs < runs for row in of)
    cpu_min = sum(result["cpu_s"] for result in results) / 60.0
    total = sum(result["replications"] for result in results)
    cut = f" {short} lines have fewer: the pool was used up before `until` had ended so often." if short else ""
    version = results[0]["version"]
    return (
        f"mmesim {version}, {runs:,} runs a line, {total:,} replications, {cpu_min:.0f} minutes of CPU.{cut}\n"
        f"{sum(row.passes for row in of)} of {len(of)} lines pass."
    )


def _cell(result: Mapping[str, Any]) -> str:
    of = [Row(**row) for row in result["rows"]]
    compared = any(row.half_width_before is not None for row in of)
    rows = [_row(row, result) + ((_students(row),) if compared else ()) for row in of]
    error = ", ".join(f"{figure} {100 * width:.2g} %" for figure, width in result["truth_error"].items())
    if not error:
        source = "The truth is exact."
    elif result["exact"]:
        source = f"Exact: {', '.join(result['exact'])}. 99 % half-width of the other truths: {error}."
    else:
        source = f"99 % half-width of the truths: {error}."
    limit = f"`share` is that of calls over {1000.0 * result['limit_s']:g} ms"
    warm_limit_s = result.get("warm_limit_s")
    if warm_limit_s is not None:
        limit += f", `warm share` that of warm calls over {1000.0 * warm_limit_s:g} ms"
    length = f"{result['calls']:,} calls in each replication, after {result['warmup']:,} that are not measured"
    head = (*HEAD, STUDENTS) if compared else HEAD
    return f"### {result['cell']}\n\n{length}; {limit}. {source}\n\n{table(head, rows)}"


def _students(row: Row) -> str:
    if row.half_width_before is None:
        return "-"
    return f"{100.0 * row.half_width_before:.1f} %, {100.0 * row.covered_before / row.given:.1f} %"


def _row(row: Row, result: Mapping[str, Any]) -> tuple[str, ...]:
    truth = f"{100.0 * row.truth:.3g} %" if is_share(row.figure) else f"{1000.0 * row.truth:.4g} ms"
    if row.target is None:
        replications = str(FIXED)
    else:
        given_up = f", {row.runs - row.reached} gave up" if row.reached < row.runs else ""
        replications = f"{row.target}: {row.replications:.1f} on average{given_up}"
    runs = str(row.runs) if row.given == row.runs else f"{row.runs}, {row.runs - row.given} without interval"
    if row.given == 0:
        return row.figure, truth, replications, runs, "-", "-", "-", "**no**"
    low, high = wilson(row.covered, row.given)
    assert row.half_width is not None
    uncertain = result["truth_error"].get(row.figure, 0.0) > row.half_width / 4
    return (
        row.figure,
        truth,
        replications,
        runs,
        f"{100.0 * row.coverage:.1f} %" + (" (truth uncertain)" if uncertain else ""),
        f"{100.0 * low:.1f} to {100.0 * high:.1f} %",
        f"{100.0 * row.half_width:.1f} %",
        "yes" if row.passes else "**no**",
    )


def main(words: Sequence[str]) -> None:
    """Rewrite the document from the results in the folder."""
    parser = argparse.ArgumentParser(prog="coverage_study.report")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=1, help="of the study; without meaning here")
    parser.add_argument("--folder", type=Path, default=Path(".coverage-study"))
    parser.add_argument("--partial", action="store_true", help="write what is finished, and name the rest")
    parser.add_argument("--page", type=Path, required=True)
    asked = parser.parse_args(words)
    generated = text(finished(asked.folder, asked.runs), asked.runs, asked.partial)
    document = asked.page.read_text(encoding="utf-8")
    asked.page.write_text(splice(document, generated, BEGIN, END), encoding="utf-8")
    sys.stdout.write(f"{generated}\n\nwritten to {asked.page}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
