"""What `mmesim explain` found: the models that its JSON, its schema, its frame and its report come from.

Shares are 0..1, times in milliseconds, money in USD a month. Every key is always present; what cannot be said is null.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from mmesim.preflight.finding import Finding
from mmesim.results.answers.digits import plain
from mmesim.results.answers.json_schema import json_schema
from mmesim.results.answers.sections import Count, Entry, Interval, SteadyState, Verdict
from mmesim.scenario.constraints import Resource

if TYPE_CHECKING:
    import pandas as pd

Outcome = Literal["better", "worse", "no effect seen", "no value"]
"""Of an effect: outside its interval, and which way; inside it, or exactly none; there is no figure to compare."""


class Limit(Entry):
    """A resource or setting that slow or failed calls wait for."""

    id: Resource
    """what they wait for"""
    used: float
    """what is used of it: a share for cpu, workers, calls, bytes, seconds, slots, attempts a second"""
    limit: float | None
    """what there is of it, in the same unit; null where it has none"""
    model: str | None
    """of workers and time-outs, the model that is meant; null for others"""
    share_of_tail: float | None
    """share of the time of the slowest 1 % of successful calls that they wait for it; null without any"""
    share_of_errors: float | None
    """share of the failed calls that are due to it; null without any"""
    share: float
    """of both together: the slowest 1 % of all calls, of which those that failed are slower than every other"""
    text: str
    """the use in words"""


class Deciding(Entry):
    """A figure that decides: of a line of `expect`, or without any p99, error_rate and cache_hit_ratio."""

    text: str
    """the line as written: p99 < 500 ms; without `expect` the name of the figure"""
    figure: str
    """what decides, such as share_over 500 ms; of a line `in every`, in the window where it is worst"""
    unit: str
    """of value, limit and of the differences"""
    better: Literal["lower", "higher"]
    """which way is good"""
    value: float | None
    """mean of the replications as the scenario is; null where there is none"""
    limit: float | None
    """what value is compared with; null without `expect`"""
    verdict: Verdict | None
    """of the line, in these replications; null without `expect`"""


class Effect(Entry):
    """What a what-if does to one deciding figure, replication by replication on the same random numbers."""

    text: str
    """as in `deciding`"""
    difference: float | None
    """with it less without it; null where there is no value"""
    interval: Interval
    """95 % for all differences of the document together; null with one replication"""
    outcome: Outcome
    """whether it is outside the interval, and which way"""
    per_100_usd: float | None
    """difference for each 100 USD a month more; null unless it is better and costs more"""
    verdict: Verdict | None
    """of the line with it; null without `expect`"""


class WhatIf(Entry):
    """One change of the scenario, and what it does."""

    id: str
    """which, such as one_more_instance"""
    text: str
    """in words"""
    sets: dict[str, str | int | float | bool]
    """field as in `--set` -> value"""
    yours: bool
    """true: you can choose it on SageMaker; false: a sensitivity, which explains and is not advice"""
    usd_per_month: float | None
    """more than now, on demand, 730 hours; null where a price is not known"""
    price_estimated: bool
    """a price in it is not AWS's, but estimated from types like it"""
    effects: list[Effect]
    """one entry a deciding figure"""
    verdict: Verdict | None
    """of all lines with it: fail beats undecided beats pass; null without `expect`"""
    cpu_utilization: float | None
    """of all hosts with it"""
    cache_hit_ratio: float | None
    """with it"""
    predicted_cache_hit_ratio: float | None
    """by Che's approximation, from the calls of each model that the run saw; null where that says nothing"""
    steady_state: SteadyState
    """whether its measured time was in steady state"""


class LeftOut(Entry):
    """A what-if that is impossible for the scenario."""

    id: str
    """which"""
    text: str
    """in words"""
    reason: str
    """why it is impossible"""


class Explained(Entry):
    """All of an explanation: the document that `--json` prints."""

    mmesim: str
    """version"""
    scenario: str
    """its name"""
    fleet: str
    """its hosts, such as 4 x ml.m5.xlarge"""
    seed: Count
    """of the random numbers"""
    replications: Annotated[int, Field(ge=1)]
    """of the scenario and of each what-if, on the same random numbers"""
    verdict: Verdict | None
    """of all lines of `expect` as the scenario is; null without any"""
    usd_per_month: float | None
    """of all instances, on demand, 730 hours; null without a price"""
    price_estimated: bool
    """it is not AWS's, but estimated from types like it"""
    binding_constraint: dict[str, Any] | None
    """as in summary.json"""
    nothing_binds: str | None
    """why nothing does, in words; null where something does, and where every call failed"""
    limits: list[Limit]
    """all that slow and failed calls wait for, the largest share first"""
    deciding: list[Deciding]
    """the figures whose differences are shown, the one that is nearest to failing, or fails most, first"""
    what_ifs: list[WhatIf]
    """ranked: what helps for nothing, then what helps most for a dollar, then what saves money unseen, then the rest;
    sensitivities after those that you can choose"""
    left_out: list[LeftOut]
    """what-ifs that are impossible for the scenario"""
    findings: list[Finding]
    """what is wrong or worth knowing, the worst first"""
    steady_state: SteadyState
    """whether the measured time was in steady state"""

    def __repr__(self) -> str:
        return f"Explained({self.scenario!r}, {self.verdict or 'nothing expected'}, {len(self.what_ifs)} what-ifs)"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        from mmesim.report.notebook.explained import of_explanation

        return of_explanation(self)

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each what-if and deciding figure: difference, ends of its interval, price, verdict."""
        import pandas as pd

        rows = [
            {
                "what_if": one.id,
                "yours": one.yours,
                "usd_per_month": one.usd_per_month,
                "figure": effect.text,
                "difference": effect.difference,
                "low": None if effect.interval is None else effect.interval[0],
                "high": None if effect.interval is None else effect.interval[1],
                "outcome": effect.outcome,
                "per_100_usd": effect.per_100_usd,
                "verdict": effect.verdict,
            }
            for one in self.what_ifs
            for effect in one.effects
        ]
        return pd.DataFrame(rows).set_index(["what_if", "figure"])

    def of(self, what_if: str) -> WhatIf:
        """A what-if by its id; KeyError with the ids that there are."""
        for one in self.what_ifs:
            if one.id == what_if:
                return one
        raise KeyError(f"{what_if}: one of {', '.join(one.id for one in self.what_ifs)}")

    def to_json(self) -> str:
        """What `mmesim explain --json` prints."""
        data = plain(self.model_dump(mode="json", by_alias=True), "explain")
        return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def explained_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document."""
    return json_schema(Explained, "mmesim explain")
