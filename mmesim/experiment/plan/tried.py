"""What a plan has found of a fleet so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from mmesim import units
from mmesim.experiment.gate.baseline.unchanged import UNITS
from mmesim.experiment.gate.course import Course
from mmesim.experiment.gate.decide import Decision, Evidence
from mmesim.experiment.gate.outcome import gated_lines, shown_interval, shown_value
from mmesim.experiment.plan.fleets import Option
from mmesim.results.answers.planned import Fleet, FleetLine, Stage, State, is_recovery
from mmesim.results.expect.questions import OVER
from mmesim.results.measured.run_data import RunData
from mmesim.stats.looks import share_bound
from mmesim.stats.means import CONFIDENCE

UNKNOWN = "unknown"
"""What a fleet lacks where nothing that was simulated says it."""


@dataclass
class OverDraws:
    """A fleet over draws of uncertain inputs."""

    draws: int = 0
    inside: int = 0
    binds: Counter[str] = field(default_factory=Counter)
    """What it lacks -> in how many draws."""
    extra_usd: float | None = None
    """A month, beyond the cheapest fleet inside, on average over the draws in which it is inside itself."""

    @property
    def share(self) -> float | None:
        """Of the draws in which it is inside."""
        return self.inside / self.draws if self.draws else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its 95 % interval by Clopper and Pearson."""
        if not self.draws:
            return None
        level, outside = (1.0 - CONFIDENCE) / 2.0, self.draws - self.inside
        return 1.0 - share_bound(outside, self.draws, level), share_bound(self.inside, self.draws, level)


@dataclass(eq=False)
class Tried:
    """A fleet, and what was found of it."""

    option: Option
    state: State = "not tried"
    stage: Stage | None = None
    lines: Sequence[FleetLine] = ()
    reason: str | None = None
    binds: str | None = None
    needs_pilot: bool = True
    """Whether short runs are too skewed, or saw too little, to know that a replication as written is long enough."""
    is_tie: bool = False
    """Open, with every line that is open within the tolerance of its limit."""
    replications: int = 0
    requests: int = 0
    simulated: int = 0
    is_shown_alone: bool = False
    """All its replications are those that show it beside the answer: none of them turned it down."""
    courses: list[Course] = field(default_factory=list)
    """On which it is or was decided: one for each need."""
    over_draws: OverDraws | None = None
    """What draws of uncertain inputs have shown; None without any."""

    def __post_init__(self) -> None:
        if self.option.refused is not None:
            self.turn_down("proof", f"cannot be: {self.option.refused}")

    def count(self, run: RunData, simulated: bool) -> None:
        """A run of it."""
        self.replications += 1
        self.requests += run.calls_all
        self.simulated += simulated

    def turn_down(self, stage: Stage, reason: str, binds: str | None = None) -> None:
        """It is not inside."""
        self.state, self.stage, self.reason, self.binds = "turned down", stage, reason, binds or self.binds

    def leave_open(self, stage: Stage, reason: str, is_tie: bool = False) -> None:
        """The replications do not say."""
        self.state, self.stage, self.reason, self.is_tie = "open", stage, reason, is_tie

    @property
    def is_settled(self) -> bool:
        """Whether nothing more has to be known of it."""
        return self.state != "not tried"

    def document(self) -> Fleet:
        """Its row."""
        of, over = self.option, self.over_draws
        return Fleet(
            values=dict(of.values),
            instance_type=of.instance_type,
            instance_count=of.instance_count,
            usd_per_month=of.usd_per_month if of.needs else None,
            price_estimated=of.price_estimated,
            price_given=of.price_given,
            state=self.state,
            stage=self.stage,
            lines=list(self.lines),
            reason=self.reason,
            binds=self.binds if self.state in ("turned down", "open") else None,
            predicted_miss_ratio=of.predicted_miss_ratio,
            everything_in_memory=of.everything_in_memory,
            replications=self.replications,
            requests=self.requests,
            draws=0 if over is None else over.draws,
            share_of_draws=None if over is None else over.share,
            share_of_draws_interval=None if over is None else over.interval,
            mean_extra_usd=None if over is None else over.extra_usd,
        )


def lines_of(course: Course, when: str | None) -> list[FleetLine]:
    """What a course has found, at its end."""
    return [FleetLine.of(one, when) for one in gated_lines(course)]


def line_of(of: Evidence, found: Decision, when: str | None, exact: bool = True) -> FleetLine:
    """What short runs have found of a line; of a figure that is not known exactly the interval alone."""
    figure = of.line.inside.figure
    return FleetLine(
        text=of.line.expectation.text,
        when=when,
        verdict=found.verdict,
        figure=of.line.inside.name,
        unit=UNITS[figure.kind],
        value=shown_value(of, of.values, found) if exact else None,
        interval=shown_interval(of, found),
        limit=of.line.inside.bound * figure.scale,
        replications=found.replications,
    )


def words(failed: Sequence[FleetLine]) -> str:
    """What lines that fail have shown."""
    return "; ".join(_said(one) for one in failed)


def _said(line: FleetLine) -> str:
    if is_recovery(line):
        late = "after some losses a limit is still missed when the run ends"
        took = late if line.value is None else f"it takes {units.show_seconds(line.value / 1000.0)}"
        return f"{line.text} fails: {took}"
    when = "" if line.when is None else f" with {line.when}"
    if line.value is None:
        return f"{line.text}{when} fails"
    shown = units.show_fraction(line.value) if line.unit == "share" else f"{units.show_number(line.value)} {line.unit}"
    if line.figure.startswith(OVER):
        said = f"{shown} of its calls are slower or fail, and {units.show_fraction(line.limit)} may"
    else:
        said = f"it is {shown}"
    return f"{line.text}{when} fails: {said}"
