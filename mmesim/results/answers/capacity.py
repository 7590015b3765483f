"""What `mmesim capacity` found: the models that its JSON, its schema, its table and its picture come from.

Shares are 0..1, times in milliseconds, money in USD. Amounts are numbers of models, or factors of the traffic. Every
key is always present; what cannot be said is null.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from mmesim.results.answers.json_schema import json_schema
from mmesim.results.answers.planned import FleetLine
from mmesim.results.answers.sections import Count, Entry, Interval, Verdict

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class Tried(Entry):
    """One amount that was simulated."""

    amount: float
    """models, or times the traffic"""
    verdict: Verdict | None
    """of all lines; null of an amount that only short runs looked at"""
    lines: list[FleetLine]
    """one entry a line of `expect`, of `in every` one a window"""
    hit_ratio: float | None
    """share of calls that find a ready copy"""
    hit_ratio_interval: Interval
    """95 %"""
    calls_per_s: float
    """of all streams, on average"""
    usd_per_model: float | None
    """a month, of the whole fleet over the models that it hosts; null without a price"""
    usd_per_million: float | None
    """of the whole fleet, for a million calls; null without a price"""
    replications: Count
    """behind the lines"""


class Knee(Entry):
    """Where the curve of misses over the number of models leaves its flat part."""

    models: float | None
    """from there on 1 percentage point more of the calls miss than with few models"""
    interval: Interval
    """95 %, bootstrap over replications; null where it cannot be said"""
    reason: str | None
    """why there is none"""


class Capacity(Entry):
    """All of a capacity: the document that `--json` prints."""

    mmesim: str
    """version"""
    name: str
    """of the scenario"""
    of: Literal["models", "traffic"]
    """what amounts are"""
    group: str | None
    """whose models are varied; null: those of all groups, in their proportions"""
    fleet: str
    """4 x ml.m5.xlarge"""
    usd_per_month: float | None
    """of the fleet, on demand; null without a price"""
    price_estimated: bool
    """the price is not AWS's, but estimated from types like it"""
    price_source: str | None
    """where the price is from; null without a price"""
    verdict: Verdict | None
    """of the present amount, so far: pass when it is not above `largest`, fail when it is not below `smallest_failing`;
    null when nothing is expected"""
    finished: bool
    """false when it was broken off: what is known so far"""
    confidence: float
    """that no verdict on an amount is wrong, over the noise of the simulation: 0.95"""
    notes: list[str]
    """what the reader must know of the scenario: believed values, recorded traffic"""
    expect: list[str]
    """the lines, as written"""
    now: float
    """the present amount: models that the endpoint hosts, or 1"""
    largest: float | None
    """the largest amount that meets every line; null when none was found"""
    smallest_failing: float | None
    """the smallest amount that misses a line; null when none was found"""
    seems_to_fit: float | None
    """the largest amount at which short runs, which decide nothing, see every line hold, below all where one is missed;
    null when there is none, or nothing is expected"""
    seems_not_to_fit: float | None
    """the smallest amount at which short runs see a line missed"""
    tried_from: Annotated[float, Field(gt=0)]
    """least amount that could be tried"""
    tried_to: Annotated[float, Field(gt=0)]
    """largest amount that could be tried"""
    stopped: str | None
    """why the scenario could not be scaled to an end of this range"""
    monotone: bool
    """false: an amount meets every line, or seems to in short runs, although a smaller one misses one, so that
    `largest` need not be all that fits"""
    knee: Knee | None
    """of the misses; null for traffic, and where it was broken off before"""
    tried: Annotated[list[Tried], Field(min_length=1)]
    """in order of amount"""
    replications: Count
    """simulated or found in the store"""
    simulated: Count
    """of them, simulated now"""
    requests: Count
    """calls of all replications"""
    robustness: dict[str, Any] | None
    """of the largest amount, as in summary.json; null without --robustness"""

    def worst(self, one: Tried, text: str) -> FleetLine | None:
        """A line at an amount; of several windows the one that is farthest beyond its limit, or nearest to it."""
        sign = -1.0 if ">" in text else 1.0
        known = [line for line in one.lines if line.text == text]
        return max(
            known, key=lambda line: -math.inf if line.value is None else sign * (line.value - line.limit), default=None
        )

    @property
    def frame(self) -> pd.DataFrame:
        """One row an amount; of each line its value and the ends of its interval, in its own unit: of several windows
        those of the one that `worst` gives.
        """
        import pandas as pd

        rows = []
        for one in self.tried:
            texts = dict.fromkeys(line.text for line in one.lines)
            rows.append(_flat(one, [line for text in texts if (line := self.worst(one, text)) is not None]))
        return pd.DataFrame(rows).set_index("amount")

    def plot(self) -> Figure:
        """The line that is nearest to its limit, and the hit ratio, over the amount; a notebook shows it."""
        from mmesim.report.plots.capacity import capacity_plot  # a result draws itself

        return capacity_plot(self)

    def __repr__(self) -> str:
        return f"Capacity({self.name!r}, of {self.of}, largest {self.largest}, {len(self.tried)} amounts tried)"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        from mmesim.report.notebook.capacity import of_capacity

        return of_capacity(self)

    def to_json(self) -> str:
        """The document as text, the same bytes each time."""
        return self.model_dump_json(indent=2) + "\n"

    @property
    def binds(self) -> str | None:
        """The line that decides: of the smallest amount that fails, or of the largest there is, the nearest to its
        limit; None when nothing is expected.
        """
        judged = [one for one in self.tried if one.verdict is not None and one.lines]
        if not judged:
            return None
        failing = [one for one in judged if one.amount == self.smallest_failing]
        lines = (failing or judged)[-1].lines
        return min(lines, key=lambda line: (line.verdict != "fail", _margin(line))).text


def _margin(line: FleetLine) -> float:
    """How far it is from its limit, relative to it; what has no value is far."""
    if line.value is None or not line.limit:
        return math.inf
    return abs(line.value - line.limit) / abs(line.limit)


def _flat(one: Tried, lines: Sequence[FleetLine]) -> dict[str, object]:
    low, high = one.hit_ratio_interval or (None, None)
    row: dict[str, object] = {
        "amount": one.amount,
        "verdict": one.verdict,
        "hit_ratio": one.hit_ratio,
        "hit_ratio_low": low,
        "hit_ratio_high": high,
        "calls_per_s": one.calls_per_s,
        "usd_per_model": one.usd_per_model,
        "usd_per_million": one.usd_per_million,
        "replications": one.replications,
    }
    for line in lines:
        low, high = line.interval or (None, None)
        row |= {line.text: line.value, f"{line.text} low": low, f"{line.text} high": high}
    return row


def capacity_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document."""
    return json_schema(Capacity, "mmesim capacity")
