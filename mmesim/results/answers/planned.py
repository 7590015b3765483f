"""What `mmesim plan` found: the models that plan.json, its schema, the table of fleets and every page of it come from.

Shares are 0..1, times in milliseconds, money in USD a month. Every key is always present; what cannot be said is null.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from mmesim.results.answers.gated import GatedLine
from mmesim.results.answers.json_schema import json_schema
from mmesim.results.answers.sections import WORST_FIRST, Count, Entry, Interval, Verdict
from mmesim.scenario.run.expect import read_expectation
from mmesim.scenario.run.expected import HOURS_PER_MONTH, RECOVERY
from mmesim.scenario.values.fields import Refused

State = Literal["inside", "turned down", "open", "not tried"]
"""Of a fleet: every line passes; a line fails; the replications leave it open; dearer than the answer."""
Stage = Literal["proof", "short runs", "search", "decision", "estimate", "draws"]
"""What a fleet was last tried by: arithmetic alone; ten short replications; the looks that turn a fleet down; the looks
on the seeds that decide the answer; one look on seeds that choose nothing, of a fleet that is shown whatever it costs;
draws of uncertain inputs."""


class FleetLine(Entry):
    """What was found of one line of `expect` for one fleet."""

    text: str
    """as written: p99 < 500 ms"""
    when: str | None = None
    """what the fleet must withstand besides: one instance fewer, the loss of an instance, traffic x 1.3; null for the
    scenario as written"""
    verdict: Verdict
    """undecided: the replications leave it open"""
    figure: str
    """what decides, such as share_over 500 ms"""
    unit: str
    """of value, interval and limit"""
    value: float | None
    """its estimate; null where nothing was simulated, or there is none"""
    interval: Interval
    """95 % of one look; null where none is needed"""
    limit: float
    """what value is compared with"""
    replications: Count
    """behind value"""

    @classmethod
    def of(cls, line: GatedLine, when: str | None = None) -> Self:
        """What a gate has found of a line."""
        return cls(
            text=line.text,
            when=when,
            verdict=line.verdict,
            figure=line.figure,
            unit=line.unit,
            value=line.value,
            interval=line.interval,
            limit=line.limit,
            replications=line.replications,
        )


def missed_by(line: FleetLine) -> float:
    """How far a value lies from its limit, as a share of what the limit allows: of a share that must be high, of its
    bad side, so that 98 % of hits use up 40 % of what `>= 95 %` allows. Infinite without a value.
    """
    if line.value is None:
        return math.inf
    allowed = 1.0 - line.limit if line.unit == "share" and ">" in line.text else abs(line.limit)
    return abs(line.value - line.limit) / (allowed or 1.0)


def too_dear_by(usd_per_month: float | None, expect: Iterable[str]) -> float:
    """By which share a price exceeds the limits of these lines that are about nothing else; infinite where it does not,
    as far as anybody knows.
    """
    beyond = [_beyond(usd_per_month, text) for text in expect]
    return max((share for share in beyond if share is not None), default=math.inf)


def _beyond(usd_per_month: float | None, text: str) -> float | None:
    try:
        e = read_expectation(text)
    except Refused:
        return None
    if e.metric not in PER_MONTH or not e.is_upper or usd_per_month is None or not e.limit > 0.0:
        return None
    share = usd_per_month / PER_MONTH[e.metric] / e.limit - 1.0
    return share if share > 0.0 or (share == 0.0 and e.comparison == "<") else None


PER_MONTH = {"cost.month": 1.0, "cost.hour": HOURS_PER_MONTH}
"""Costs that follow from the price of a fleet -> how many of them are in a month."""


def badness(line: FleetLine) -> tuple[int, float]:
    """The order of lines that decide: those that fail first, the one that is missed by most; then the least room."""
    room = missed_by(line)
    return WORST_FIRST.index(line.verdict), -room if line.verdict == "fail" else room


def is_recovery(line: FleetLine) -> bool:
    """Whether it says how soon the limits are kept again after a loss."""
    return line.figure.startswith(f"{RECOVERY} ")


class Fleet(Entry):
    """One fleet of the grid: a point of `plan.grid`."""

    values: dict[str, str | int | float | bool]
    """field as in `--set` -> value"""
    instance_type: str | None
    """as in AWS's list; null for a host of your own"""
    instance_count: Annotated[int, Field(ge=1)]
    """instances"""
    usd_per_month: float | None
    """of all instances, 730 hours, on demand unless `price_given`; null without a price"""
    price_estimated: bool
    """the price is not AWS's, but estimated from types like it"""
    price_given: bool = False
    """the scenario gives the price: endpoint.prices or endpoint.price_per_hour"""
    state: State
    """what was found"""
    stage: Stage | None
    """what decided it, or was last tried; null when not tried"""
    lines: list[FleetLine]
    """one entry a line of `expect`, for the scenario and for all that the fleet must withstand; empty where nothing was
    simulated"""
    reason: str | None
    """why it was turned down or is open, in words"""
    binds: str | None
    """what limits it, as the id of a binding constraint: memory, cpu, workers, tasks, load_slots ...; service: the
    calls' own work, too slow on an idle instance"""
    predicted_miss_ratio: float | None
    """share of calls that find no copy in memory, by Che's approximation; null for recorded traffic"""
    everything_in_memory: bool
    """all models fit at once, where the router asks for them"""
    replications: Count
    """simulated or found in the store, all stages together"""
    requests: Count
    """calls of these replications"""
    draws: Count = 0
    """draws of uncertain inputs that it was simulated in; 0 without any"""
    share_of_draws: float | None
    """of the draws of uncertain inputs in which it is inside; null without any"""
    share_of_draws_interval: Interval
    """95 %, Clopper-Pearson"""
    mean_extra_usd: float | None
    """a month, beyond the cheapest fleet inside, on average over the draws in which it is inside itself; null where it
    is in none"""


class Estimated(Entry):
    """A fleet on seeds that chose nothing."""

    fleet: Count
    """its row in `fleets`"""
    lines: list[FleetLine]
    """one entry a line of `expect`"""


class Pair(Entry):
    """One line for the answer beside the next cheaper fleet, paired on the same random numbers."""

    text: str
    """the line"""
    when: str | None = None
    """under which the next cheaper fleet was turned down, as in its line; null: as written"""
    unit: str
    """of difference and interval"""
    difference: float | None
    """next cheaper - answer"""
    interval: Interval
    """95 %"""


class Setting(Entry):
    """The answer under one setting of what AWS does not publish."""

    name: str
    """what differs from the scenario: load_slots = 1"""
    verdict: Verdict
    """of all lines"""


class Scaled(Entry):
    """The answer with autoscaling, beside the answer itself, on seeds of their own."""

    derived: bool
    """from the answer, by plan.autoscaling; false: the scenario's own"""
    min: Count
    """fewest instances"""
    max: Count
    """most instances"""
    target: float | None
    """InvocationsPerInstance to keep to: calls a minute on each instance; null where no policy tracks them"""
    peak_per_min: float
    """calls a minute at the busiest minute of the run, of all instances, on average over replications"""
    replications: Count
    """of either"""
    verdict: Verdict
    """of all lines as written"""
    lines: list[FleetLine]
    """one entry a line of `expect`, with autoscaling"""
    usd_per_month: float
    """of the instances that were up on average, 730 hours"""
    interval: Interval
    """95 %, of usd_per_month"""
    fixed_usd_per_month: float
    """of the answer itself"""


class WhyNot(Entry):
    """Why the cheaper fleets of one family, which differ in the number of instances alone, were turned down."""

    family: dict[str, str | int | float | bool]
    """the values that they have in common"""
    fleets: Count
    """that were turned down or are open"""
    binds: dict[str, int]
    """what limits them -> how many of them, or in how many draws of uncertain inputs `nearest`; the most frequent
    first"""
    nearest: Count
    """row in `fleets` of the one that came nearest to its limits; where nothing was simulated, of the largest"""
    text: str
    """in words"""


class Used(Entry):
    """What the answer took."""

    proved: Count
    """fleets that arithmetic alone turned down; with uncertain inputs in each of their draws"""
    simulated_fleets: Count
    """fleets of which something was simulated, without those that arithmetic had turned down"""
    replications: Count
    """simulated or found in the store"""
    simulated: Count
    """of them, simulated now"""
    requests: Count
    """calls of all replications"""


class Planned(Entry):
    """All of a plan: the document plan.json."""

    mmesim: str
    """version"""
    name: str
    """of the scenario"""
    verdict: Verdict
    """pass: there is an answer; fail: no fleet of the grid is inside; undecided: open"""
    finished: bool
    """false when it was broken off: the best answer so far"""
    confidence: float
    """of the answer, over the noise of the simulation: 0.95"""
    tolerance: float
    """a fleet within this share of a limit may stay open: it is a tie"""
    share_of_draws: float | None = None
    """of the draws of uncertain inputs in which a fleet must be inside; null without any"""
    assume_monotone: bool
    """a fleet was also turned down because a larger one of its family was"""
    expect: list[str]
    """the lines, as written"""
    grid: dict[str, list[str | int | float | bool]]
    """field -> its values"""
    working_set: dict[str, Any] | None
    """as in summary.json"""
    fleets: list[Fleet]
    """every fleet of the grid, and the current one, in order of price, then of predicted misses"""
    answer: Count | None
    """row of the cheapest fleet inside; null when there is none"""
    next_cheaper: Count | None
    """row of the dearest fleet below the answer's price; null when there is none, or it cannot be simulated"""
    current: Count | None
    """row of the fleet that the scenario names; null when it names none"""
    all_in_memory: Count | None
    """row of the cheapest fleet in which every model fits; null when none of the grid does"""
    ties: list[Count]
    """rows of cheaper fleets that are open within the tolerance"""
    estimates: list[Estimated]
    """the answer, and the next cheaper fleet under what turned it down, on seeds that chose nothing"""
    paired: list[Pair]
    """the difference between the two"""
    settings: list[Setting]
    """the answer under every setting of what AWS does not publish, the scenario's own first"""
    scaled: Scaled | None = None
    """the answer with autoscaling; null where none is asked for, or it cannot be simulated"""
    why_not: list[WhyNot]
    """by family, the one that came nearest first"""
    used: Used
    """what it took"""
    notes: list[str] = Field(default_factory=list)
    """what does nothing on fleets of the grid: accelerators that no model uses"""

    @model_validator(mode="after")
    def _rows_are_there(self) -> Self:
        beyond = [row for row in self._rows() if row >= len(self.fleets)]
        if beyond:
            raise ValueError(f"there is no row {beyond[0]}: fleets has {len(self.fleets)}")
        return self

    def _rows(self) -> Iterator[int]:
        """Every row of `fleets` that the document names."""
        lone = (self.answer, self.next_cheaper, self.current, self.all_in_memory)
        yield from (row for row in lone if row is not None)
        yield from self.ties
        yield from (one.fleet for one in self.estimates)
        yield from (one.nearest for one in self.why_not)


def planned_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document."""
    return json_schema(Planned, "mmesim plan")
