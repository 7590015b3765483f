"""What `mmesim split` found: the models that its JSON, its schema, its frame and its report come from.

Shares are 0..1, times in milliseconds, money in USD a month. Every key is always present; what cannot be said is null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from mmesim.results.answers.json_schema import json_schema
from mmesim.results.answers.sections import Count, Entry, Interval, Verdict
from mmesim.scenario.run.split import Option

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["rest", "dedicated", "components", "second_mme", "multi_container", "serverless"]
"""What an endpoint of a split is: what is left of the multi-model endpoint, or one of the options."""
State = Literal["saves", "dearer", "turned down", "open", "does not apply"]
"""Of an option for some models: it keeps every line and costs less; every fleet below the price of what it would
replace was turned down, or there is none; replications leave it open; it is nothing for these models."""


class SplitLine(Entry):
    """What was found of one line of `expect` for the calls of one endpoint."""

    text: str
    """as written: p99 < 500 ms"""
    verdict: Verdict
    """on the calls of this endpoint alone; undecided: the replications leave it open"""
    figure: str
    """what decides, such as share_over 500 ms"""
    unit: str
    """of value, interval and limit"""
    value: float | None
    """its estimate; null where there is none"""
    interval: Interval
    """95 %, one look; null where none is needed"""
    limit: float
    """what value is compared with"""


class Part(Entry):
    """One endpoint of a split, or the serverless endpoints of one: what it costs and how it fares."""

    kind: Kind
    """what it is"""
    name: str
    """of the one model that it hosts, else the number of models, or `the rest`"""
    models: Count
    """that it hosts"""
    instance_type: str | None
    """as in AWS's list; null for a host of your own, and for serverless endpoints"""
    instance_count: Count
    """instances; 0 for serverless endpoints"""
    usd_per_month: float
    """on demand, 730 hours"""
    usd_interval: Interval
    """95 %, where the cost depends on the calls; else null"""
    price_estimated: bool
    """the price is not AWS's, but estimated from types like it"""
    share_of_calls: float
    """of all calls"""
    p99_ms: float | None
    """of its calls that were answered; null where none was, or they do not say it"""
    p99_interval: Interval
    """95 %"""
    p99_reason: str | None
    """why there is no p99: none answered, or too few loads are beyond it; null where there is one"""
    verdict: Verdict
    """of its lines"""
    lines: list[SplitLine]
    """the lines of `expect` that are about calls that come here"""
    overrides: list[str]
    """what `mmesim run FILE --set` needs to simulate it; empty for serverless endpoints, which it cannot"""


class Alternative(Entry):
    """One way to split: what is left, and where the others go."""

    option: Option
    """where the models go"""
    candidate: Count
    """row in `candidates`: which models leave"""
    parts: list[Part]
    """what is left, then the new endpoints; on seeds that chose nothing where `confirmed`"""
    lines: list[SplitLine]
    """the lines of `expect` on the calls of all parts together; of what cannot be put together the worst part"""
    usd_per_month: float
    """of all parts"""
    saving_usd: float
    """what one endpoint costs, less this"""
    saving_interval: Interval
    """95 %, where the cost depends on the calls; else null"""
    confirmed: bool
    """it was simulated again on seeds that chose nothing"""
    verdict: Verdict
    """of its lines"""


class Tried(Entry):
    """One option for some models."""

    option: Option
    """where they would go"""
    state: State
    """what came of it"""
    usd_per_month: float | None
    """of the new endpoints; null where none was found"""
    reason: str | None
    """why it does not save, in words"""


class Candidate(Entry):
    """Some models that could leave."""

    names: list[str]
    """models and groups, as `endpoint.only` takes them"""
    why: str
    """what they have in common: the 2 models with the most CPU work"""
    models: Count
    """how many"""
    share_of_calls: float
    """of all calls"""
    share_of_cpu: float
    """of the CPU work of all calls"""
    share_of_memory: float
    """of the memory of all models, one copy each"""
    rest_needs: Count | None
    """instances that the others need; null where the fleet as it is does not do for them, 0 when nobody is left"""
    rest_lacks: str | None
    """what the others do not keep on one instance fewer, in words; null where nothing stands against it"""
    frees_usd: float
    """a month: what the instances cost that the others do not need"""
    tried: list[Tried]
    """each option; empty where the others need as many instances as before"""


class NotTried(Entry):
    """An option that was left out."""

    option: Option
    """which"""
    reason: str
    """why, and what would add it"""


class UsedBySplit(Entry):
    """What the answer took."""

    fleets: Count
    """that were simulated"""
    replications: Count
    """simulated or found in the store"""
    simulated: Count
    """of them, simulated now"""
    requests: Count
    """calls of all replications"""


class SplitAnswer(Entry):
    """All of a split: the document that `mmesim split --json` prints."""

    mmesim: str
    """version"""
    name: str
    """of the scenario"""
    verdict: Verdict
    """pass: a split keeps every line and costs less; fail: none does; undecided: one would, but the replications leave
    open whether it keeps every line"""
    expect: list[str]
    """the lines, as written"""
    not_judged: list[str]
    """lines about the whole, such as a rate of loads, which no part can be held to"""
    notes: list[str]
    """what the reader must know of the scenario: believed values, recorded traffic"""
    replications: Annotated[int, Field(ge=1)]
    """of each fleet"""
    given: Part
    """the endpoint as the scenario has it"""
    one_endpoint: Part | None
    """the fewest instances of its type that keep every line, with all models; null when none was found"""
    other_hosts: Part | None
    """all models on another instance type, where that keeps every line and costs less; null when none was found"""
    reference_usd: float
    """a month: what a split is compared with: `other_hosts`, else `one_endpoint`, else the endpoint as it is"""
    candidates: list[Candidate]
    """all that were tried"""
    alternatives: list[Alternative]
    """ways to split that keep every line, the one that saves most first"""
    left_out: list[NotTried]
    """options that were not tried"""
    assumed: dict[Option, str]
    """option -> the simple model behind its figures"""
    used: UsedBySplit
    """what it took"""

    def __repr__(self) -> str:
        return f"SplitAnswer({self.name!r}, {self.verdict}, {len(self.alternatives)} ways to split)"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        from mmesim.report.notebook.split import of_split

        return of_split(self)

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each way to split: option, who leaves, how many, saving and cost a month, verdict, and p99."""
        import pandas as pd

        rows = []
        for one in self.alternatives:
            rest = [part for part in one.parts if part.kind == "rest"]
            moved = [part.p99_ms for part in one.parts if part.kind != "rest" and part.p99_ms is not None]
            rows.append(
                {
                    "option": one.option,
                    "who": self.candidates[one.candidate].why,
                    "models": self.candidates[one.candidate].models,
                    "saving_usd": one.saving_usd,
                    "usd_per_month": one.usd_per_month,
                    "verdict": one.verdict,
                    "rest_instances": rest[0].instance_count if rest else 0,
                    "rest_p99_ms": rest[0].p99_ms if rest else None,
                    "moved_p99_ms": max(moved, default=None),
                }
            )
        columns = ["option", "who", "models", "saving_usd", "usd_per_month", "verdict"]
        columns += ["rest_instances", "rest_p99_ms", "moved_p99_ms"]
        return pd.DataFrame(rows, columns=columns)

    def to_json(self) -> str:
        """What `mmesim split --json` prints."""
        return self.model_dump_json(indent=2) + "\n"


def split_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document."""
    return json_schema(SplitAnswer, "mmesim split")
