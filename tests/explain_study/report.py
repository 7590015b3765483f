"""The figures of the study of `mmesim explain` as tables, and which of them hold what they have to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import kendalltau

from mmesim import __version__
from tests.coverage_study.judge import wilson
from tests.explain_study.causes import CAUSES
from tests.perf.tables import table

BEGIN = "<!-- study: written by `make explain-study` -->"
END = "<!-- end of study -->"

EACH = 25
"""Scenarios of each cause."""
SHADOWS = 20
"""Scenarios whose shadow prices are checked."""
TIMES = 20
"""How many times as long they are run again."""
FIRES, FALSELY, TAU = 0.9, 0.05, 0.8
"""What has to hold."""
FEWEST_RANKED = 3
"""Effects outside their intervals from which on a rank correlation says something."""


@dataclass(frozen=True)
class Study:
    """What was counted: for each cause the scenarios, and the shadow prices."""

    cells: Mapping[str, Sequence[Mapping[str, Any]]]
    shadows: Sequence[Mapping[str, Any]]


def text(study: Study) -> str:
    """The whole generated part."""
    return "\n\n".join([*_begin(study), *_findings(study), *_shadows(study)])


def _begin(study: Study) -> Iterator[str]:
    fewest = min(len(of) for of in study.cells.values())
    yield f"mmesim {__version__}; {sum(map(len, study.cells.values()))} scenarios, {len(study.shadows)} shadow prices."
    if fewest < EACH or len(study.shadows) < SHADOWS:
        prices = f"{len(study.shadows)} of {SHADOWS} shadow prices"
        yield f"**Not finished: {fewest} of {EACH} scenarios a cause, {prices}.**"


def _findings(study: Study) -> Iterator[str]:
    rows = []
    for cause in CAUSES:
        others = [one for built, of in study.cells.items() if built != cause for one in of if cause not in one["may"]]
        falsely = sum(cause in one["found"] for one in others)
        mine = study.cells[cause]
        if cause == "none":
            continue
        fired = sum(cause in one["found"] for one in mine)
        tried = [one["helped"] for one in mine if one["helped"] is not None]
        holds = fired >= FIRES * len(mine) and falsely <= FALSELY * len(others) and all(tried)
        rows.append(
            (
                f"`{cause}`",
                _share(fired, len(mine)),
                _share(falsely, len(others)),
                f"{sum(tried)} of {len(tried)}" if tried else "-",
                "yes" if holds else "**no**",
            )
        )
    yield table(("finding", "found where built in", "found elsewhere", "advice helps", "holds"), rows)


def _shadows(study: Study) -> Iterator[str]:
    if not study.shadows:
        return
    taus, right, seen = [], 0, 0
    for one in study.shadows:
        pairs = [(short, long) for how, short, long in one["pairs"] if how in ("better", "worse") and long is not None]
        seen += len(pairs)
        right += sum((short > 0.0) == (long > 0.0) and long != 0.0 for short, long in pairs)
        if len({short for short, _ in pairs}) >= FEWEST_RANKED:
            taus.append(float(kendalltau(*zip(*pairs, strict=True)).statistic))
    mean = sum(taus) / len(taus) if taus else float("nan")
    rows = [
        (
            f"{len(study.shadows)}",
            f"{seen}",
            _share(right, seen) if seen else "-",
            f"{mean:.2f} (lowest {min(taus, default=float('nan')):.2f}, of {len(taus)})",
            "yes" if right == seen and mean >= TAU else "**no**",
        )
    ]
    yield table(("scenarios", "effects outside their interval", "sign right", "Kendall tau", "holds"), rows)


def _share(count: int, of: int) -> str:
    if not of:
        return "-"
    low, high = wilson(count, of)
    return f"{count} of {of} ({100 * low:.0f} to {100 * high:.0f} %)"
