"""A comparison in its folder: diff.json, and the result folders of both runs, from which its page is made later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from mmesim.experiment.diff.diff import Diff
from mmesim.experiment.diff.divergence import Divergence
from mmesim.results.answers.json_schema import json_schema
from mmesim.results.answers.sections import Count, Entry, Value, Verdict
from mmesim.results.comparison.compare import Delta, Direction
from mmesim.results.folder.folder import DIFF, SCENARIO, Writer, write
from mmesim.results.folder.shown import Kept, of_another_version
from mmesim.scenario.figures import Kind
from mmesim.scenario.file.dump import dump
from mmesim.scenario.file.load import load
from mmesim.scenario.scenario import Scenario
from mmesim.stats.intervals import Estimate


class DifferentFigure(Entry):
    """One figure of both runs."""

    kind: Kind
    """a time, a share, a number, a number a second, an amount of US dollars"""
    unit: str
    """of the values; that of a share is 1"""
    a: Value
    """in a"""
    b: Value
    """in b"""
    difference: Value
    """b - a, from the pairs of replications"""
    direction: Direction
    """whether b is higher or lower, by the interval of the difference, or by pairs where one never recovers; same: no
    pair differs"""
    variance_ratio: float | None
    """how many times as many calls independent runs need for an interval as narrow; null where that is not known"""


class ExpectedOfBoth(Entry):
    """One line of `expect`, and the verdict on it in each run; null where that does not expect it."""

    text: str
    """as written"""
    a: Verdict | None
    """in a"""
    b: Verdict | None
    """in b"""


class Different(Entry):
    """What `mmesim diff --json` prints, and diff.json."""

    a: str
    """name of the first scenario"""
    b: str
    """name of the second one"""
    version: str
    """of mmesim"""
    seed: Count
    """of both"""
    replications: Count
    """pairs of them"""
    calls: Count
    """that began in a, in all replications"""
    same_calls: bool
    """whether both saw the same calls"""
    all_recorded: bool
    """whether first_divergence was looked for among all calls; else among a sample"""
    steady_state: dict[Literal["a", "b"], Any]
    """as in summary.json, of each"""
    figures: dict[str, DifferentFigure]
    """by name"""
    expect: list[ExpectedOfBoth]
    """the lines of either"""
    first_divergence: Divergence | None
    """the first call of the first replication whose outcome differs; null when none does"""


def different_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document."""
    return json_schema(Different, "mmesim diff")


@dataclass(frozen=True)
class KeptDiff:
    """A comparison, read back: what its report, its page and its picture need of a `Diff`."""

    asked: Scenario
    a: Kept
    b: Kept
    deltas: tuple[Delta, ...]
    first: Divergence | None
    same_calls: bool
    all_recorded: bool
    replications: int
    calls: int
    expect: tuple[tuple[str, str | None, str | None], ...]


Compared = Diff | KeptDiff


def keep(found: Diff, folder: Path) -> None:
    """Write the folder of a comparison, in the place of an earlier one; raises OutputError."""
    files: dict[str, Writer] = {
        DIFF.document: lambda path: path.write_text(found.to_json(), encoding="utf-8"),
        SCENARIO: lambda path: path.write_text(dump(found.asked), encoding="utf-8"),
        "a": found.a.save,
        "b": found.b.save,
    }
    write(folder, files, DIFF)


def diff_of(folder: Path) -> KeptDiff:
    """The comparison in a folder; UserError for one that another version has written."""
    try:
        found = Different.model_validate_json((folder / DIFF.document).read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise of_another_version(folder, error, "compare again") from error
    return KeptDiff(
        asked=load(folder / SCENARIO),
        a=Kept.read(folder / "a"),
        b=Kept.read(folder / "b"),
        deltas=tuple(_delta(name, one) for name, one in found.figures.items()),
        first=found.first_divergence,
        same_calls=found.same_calls,
        all_recorded=found.all_recorded,
        replications=found.replications,
        calls=found.calls,
        expect=tuple((one.text, one.a, one.b) for one in found.expect),
    )


def _delta(name: str, of: DifferentFigure) -> Delta:
    a, b, difference = (Estimate(one.value, one.ci95, one.reason) for one in (of.a, of.b, of.difference))
    return Delta(name, of.kind, a, b, difference, of.direction, of.variance_ratio)
