"""What `mmesim gate` found: the models that its JSON, its schema and every report of it come from.

Shares are 0..1, times in milliseconds, as in summary.json. Every key is always present; what cannot be said is null.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from mmesim.results.answers.json_schema import json_schema
from mmesim.results.answers.sections import Count, Entry, Interval, Verdict

Bound = Literal["sequential test", "clean blocks", "as it is", "worst replication"]
"""What decides a line: looks at a mean; Clopper-Pearson over blocks without, or with nothing but, what is
counted (a few exceptions at most); a figure that is not random; the largest of all replications."""


class Design(Entry):
    """How long a replication is and when it is looked at, fixed before the first look."""

    pilot_replications: Count
    """short replications of the pilot, which decide nothing else"""
    pilot_skewness: float
    """the largest of those of all lines, in absolute value"""
    length: Annotated[int, Field(ge=1)]
    """how many short replications one replication of the gate is worth"""
    joined: bool
    """true: it is one run that many times as long; false: the mean of that many runs"""
    looks: list[Annotated[int, Field(ge=10)]]
    """replications after which lines are decided, at most five"""
    alpha_pass: float
    """chance of a wrong pass, all looks of a line together"""
    alpha_fail: float
    """chance of a wrong fail, all looks of a line together: that of the gate over the number of lines"""


class GatedLine(Entry):
    """One line of `expect`, or one window of a line `in every`: what was found, and how surely."""

    text: str
    """as written: p99 < 500 ms"""
    meaning: str
    """in words: below 1 % of all calls are slower than 500 ms or fail"""
    between_s: Interval
    """the window, in seconds from the start; null when the line is about the whole measured time"""
    joined_windows: Annotated[int, Field(ge=1)]
    """windows that were judged as one: with fewer than 100 calls a replication, one is joined with the next"""
    verdict: Verdict
    """undecided: the replications leave it open"""
    figure: str
    """what decides a pass, such as share_over 500 ms"""
    unit: str
    """of value, interval, limit and fails_beyond: ms, share, USD, /s ..."""
    value: float | None
    """its estimate, or null with the reason"""
    interval: Interval
    """95 % of one look, or null where none is needed"""
    limit: float
    """what value is compared with"""
    fails_on: str
    """what decides a fail: as figure, but of a percentile with its limit moved by the tolerance, share_over 505 ms"""
    fails_value: float | None
    """its estimate"""
    fails_beyond: float
    """what fails_value is compared with, where no limit of time has moved with the tolerance on top: a truth between
    limit and this may stay undecided"""
    margin: float | None
    """(limit - value) / limit, its sign such that inside is positive; null where limit is 0 or value null"""
    decided_by: Bound
    """a group-sequential test of the mean; blocks of time without, or with nothing but, what is counted; the figure
    itself, which is not random; the largest of all replications"""
    replications: Count
    """replications of the gate behind the verdict"""
    needed: Count | None
    """about how many more an undecided line needs; null when decided, or when no number would do"""
    reason: str | None
    """why it is undecided, or what the reader must know of the verdict"""
    shown_value: float | None
    """the figure that the line names, in the unit of shown_unit: the p99 itself; null where there is none"""
    shown_unit: str
    """of shown_value"""


class Delta(Entry):
    """One figure beside its baseline, compared replication by replication on the same random numbers."""

    figure: str
    """its name in summary.json"""
    unit: str
    """of before, after, difference and interval"""
    before: float | None
    """in the baseline; null where it had none"""
    after: float | None
    """now; null where there is none"""
    difference: float | None
    """after - before, replication by replication"""
    interval: Interval
    """of the difference, 95 %"""
    tolerance: float
    """a change up to this share of before is none; of a share that should be high, up to this share of its bad side"""
    changed: bool
    """the whole interval lies beyond the tolerance, or exact figures differ by more than 1e-9, or there is none now"""


class Drift(Entry):
    """The scenario beside its baseline."""

    baseline: str
    """the file"""
    made_with: str
    """version of mmesim that wrote it"""
    same_results: bool
    """the version that wrote it gives the same figures for the same scenario, as far as is known and seen"""
    why_not: list[str]
    """entries of the changelog of semantics since then; else what else may explain other figures"""
    fields: list[tuple[str, str | None, str | None]]
    """fields of the scenario that changed: path, before, after as YAML; null where absent"""
    deltas: list[Delta]
    """the figures of the baseline"""


class GatedScenario(Entry):
    """One scenario of the gate."""

    file: str
    """as it was named, or found in a folder"""
    name: str
    """that of the scenario; of the file where it could not be read"""
    verdict: Verdict
    """that of its lines: fail beats undecided beats pass"""
    design: Design | None
    """null when the scenario could not be read"""
    lines: list[GatedLine]
    """one entry a line of `expect`, of `in every` one a window"""
    replications: Count
    """of the gate"""
    simulated: Count
    """runs simulated now; the others were in the store"""
    drift: Drift | None
    """null without a baseline"""
    binding_constraint: dict[str, Any] | None
    """as in summary.json, of a scenario that fails; null without --explain"""
    one_more_instance: list[GatedLine] | None
    """the failing lines with one more instance; null without --explain"""
    robustness: dict[str, Any] | None
    """as in summary.json; null without --robustness"""
    error: str | None
    """why nothing could be said of it, with file and line; the verdict is then `fail`"""
    believed: dict[str, str]
    """uncertain inputs, by field, with the middle values that it was judged with"""


class Gated(Entry):
    """All of a gate: the document that `--json` writes."""

    mmesim: str
    """version"""
    verdict: Verdict
    """fail beats undecided beats pass"""
    scenarios: list[GatedScenario]
    """in the order in which they were named"""
    seconds: float | None
    """of CPU time; null where the document has to be the same bytes each time"""

    def __repr__(self) -> str:
        return f"Gated({self.verdict}, {len(self.scenarios)} scenarios)"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        from mmesim.report.notebook.gated import of_gate

        return of_gate(self)


def gated_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document."""
    return json_schema(Gated, "mmesim gate")
