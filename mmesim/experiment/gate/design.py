"""How long a replication of the gate is, fixed by a pilot before the first look.

The pilot is 20 short replications, the scenario as written; 100 when one of its lines is skewed or saw nothing. One
pilot serves all lines of a scenario. It has random numbers of its own: what it saw decides how long a replication is,
never what the gate finds. So do the replications of the gate, which share none with those of `mmesim run`: whoever
sets a limit by what a run showed has it tried on other numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mmesim.experiment.gate.blocks import block_s, blocks_in
from mmesim.experiment.gate.lines import Line, Row, Seen, longest_block_s, span_s
from mmesim.experiment.gate.tolerance import TOLERANCE
from mmesim.experiment.numbers import GATE, GATE_PILOT
from mmesim.results.answers.gated import Design
from mmesim.results.answers.sections import SteadyState
from mmesim.results.measured.run_data import RunData
from mmesim.results.summary.steady import steady_state
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.scenario import Scenario
from mmesim.stats.looks import LOOKS, length, p_share_below
from mmesim.stats.means import hall
from mmesim.stats.spending import nominal_levels

FEW, MANY = 20, 100
"""Replications of a pilot, and of one whose first ones were skewed or saw nothing."""
SKEWED = 1.0
ALPHA = 0.025
"""Chance of a wrong verdict, on each side."""


@dataclass(frozen=True)
class Terms:
    """What a course may err, how far beyond a limit a fail is, and which random numbers it has; default: a gate's."""

    pilot: int = GATE_PILOT
    """Number of the first replication of the pilot."""
    first: int = GATE
    """Number of the first replication that is looked at."""
    alpha_pass: float = ALPHA
    """Chance of a wrong pass, all looks of a line together."""
    alpha_fail: float = ALPHA
    """Chance of a wrong fail, all looks of all lines together."""
    tolerance: float = TOLERANCE
    """A fail is proved beyond the limit moved by this share of it."""
    power_pass: float | None = None
    """How the looks share the chance of a wrong pass (`mmesim.stats.spending.spent`)."""
    power_fail: float | None = None
    """How they share that of a wrong fail."""
    pilots: bool = True
    """Whether a pilot comes first; without one a replication is the scenario as written."""
    most: int = MANY
    """Replications of the pilot when its first ones were skewed or saw nothing; as many as those when not to be asked.
    """
    lines: tuple[Expectation, ...] | None = None
    """The lines that are decided; None: all of the scenario."""


OF_A_GATE = Terms()
LONGEST = length((MANY - 2) / math.sqrt(MANY - 1))
"""Most short replications that one of the gate is worth: for the largest skewness that 100 values can have."""


def settled(scenario: Scenario, pilot: Sequence[RunData], state: SteadyState | None = None) -> bool:
    """Whether a pilot is seen to be in steady state: queues that grow, or misses that still fall, would be others in a
    longer run. Of runs that are too short to be judged nobody knows: a cold start may be all that they are about.

    `state`: the verdict on the pilot, where it is known already.
    """
    state = steady_state(scenario, pilot) if state is None else state
    full = sum(math.isinf(block_s(scenario, run)) for run in pilot)
    return state.verdict == "steady" and 2 * full <= len(pilot)


def can_be_joined(scenario: Scenario, of: Sequence[Line], settled: bool) -> bool:
    """Whether a run that goes on is more of the same: it is settled, and no line asks for a time or a length of it.

    Traffic that is recorded, ends, or has a course over the day is not; nor is it known of your own processes.
    """
    asked = any(line.is_timed or line.is_of_a_run for line in of)
    return settled and scenario.changes_over_time is None and not asked


def skewness(line: Line, seen: Sequence[Seen]) -> float:
    """The skewness of what a pilot saw of a line that a mean decides, in absolute value; 0 for others."""
    if line.bound != "sequential test":
        return 0.0
    both = [one.value for one in seen], [one.beyond for one in seen]
    known = [[value for value in values if math.isfinite(value)] for values in both]
    return max(abs(hall(values, 0.0)[1]) if len(values) > 1 else 0.0 for values in known)


def is_unseen(line: Line, seen: Sequence[Seen]) -> bool:
    """Whether a share was 0 in every replication that has one, or 1 in every one; or what is counted never happened."""
    found = {one.value for one in seen if not math.isnan(one.value)}
    unseen = found == {0.0} if line.is_count else line.is_share and found in ({0.0}, {1.0})
    return line.bound == "sequential test" and unseen


def wants_more(of: Sequence[Line], rows: Sequence[Row]) -> bool:
    """Whether a pilot of 20 shows too little."""
    each = [(line, [row.seen[index] for row in rows]) for index, line in enumerate(of)]
    return any(skewness(line, seen) > SKEWED or is_unseen(line, seen) for line, seen in each)


def as_written(lines: int, terms: Terms) -> Design:
    """The design without a pilot: a replication is the scenario as written."""
    return Design(
        pilot_replications=0,
        pilot_skewness=0.0,
        length=1,
        joined=False,
        looks=list(LOOKS),
        alpha_pass=terms.alpha_pass,
        alpha_fail=terms.alpha_fail / max(1, lines),
    )


def design(
    scenario: Scenario, of: Sequence[Line], rows: Sequence[Row], settled: bool = True, terms: Terms = OF_A_GATE
) -> Design:
    """The design that a pilot asks for: as long as the line needs that needs the longest replications.

    `settled`: whether the pilot was in steady state.
    """
    run_s = scenario.run.duration_s - scenario.run.cut_s
    largest, longest = 0.0, 1
    alpha_fail = terms.alpha_fail / max(1, len(of))
    for index, line in enumerate(of):
        seen = [row.seen[index] for row in rows]
        skewed = skewness(line, seen)
        wanted = LONGEST if is_unseen(line, seen) else length(skewed)
        if line.is_count and is_unseen(line, seen):
            wanted = _enough_time(line, run_s, terms)
        if line.bound == "sequential test" and line.is_share and wanted > 1:
            # What is not a count, such as the share of models that meet their limits, has no blocks inside a run.
            counted = line.inside.figure.trials is not None
            calls = sum(one.dirty + one.clean for one in seen) // len(seen)
            each = max(1, min(blocks_in(span_s(line, run_s), longest_block_s(line, rows)), calls)) if counted else 1
            wanted = _enough_blocks(line, seen, each, wanted, terms, alpha_fail)
        largest, longest = max(largest, skewed), max(longest, min(wanted, LONGEST))
    return Design(
        pilot_replications=len(rows),
        pilot_skewness=largest,
        length=longest,
        joined=can_be_joined(scenario, of, settled),
        looks=list(LOOKS),
        alpha_pass=terms.alpha_pass,
        alpha_fail=alpha_fail,
    )


def _enough_blocks(line: Line, seen: Sequence[Seen], each: int, most: int, terms: Terms, alpha_fail: float) -> int:
    """With how many short replications in one the look in the middle decides the line by blocks, `most` if by none.

    `each` is the number of blocks in a short one. What was seen may be more next time, by two standard errors. Where
    much is seen of both sides no number of blocks decides the line, and its skewness says how long a replication is.
    """
    middle = len(LOOKS) // 2
    spends = ((terms.alpha_pass, terms.power_pass), (alpha_fail, terms.power_fail))
    of_pass, of_fail = (nominal_levels(LOOKS, alpha, power)[middle] for alpha, power in spends)
    sides = (
        ([one.dirty for one in seen], line.bad(line.inside.bound), of_pass),
        ([one.clean for one in seen], 1.0 - line.bad(line.beyond.bound), of_fail),
    )
    for worth in range(1, most):
        runs = LOOKS[middle] * worth
        for counts, limit, level in sides:
            expected = sum(min(count, each) for count in counts) / len(seen) * runs
            if p_share_below(math.ceil(expected + 2.0 * math.sqrt(expected)), each * runs, limit) <= level:
                return worth
    return most


def _enough_time(line: Line, run_s: float, terms: Terms) -> int:
    """How many short replications in one bound a rate at the look in the middle, if nothing happens."""
    middle = len(LOOKS) // 2
    wanted_s = -math.log(nominal_levels(LOOKS, terms.alpha_pass, terms.power_pass)[middle]) / line.inside.bound
    return math.ceil(wanted_s / (LOOKS[middle] * run_s))


def lengthened(scenario: Scenario, of: Design) -> Scenario:
    """The scenario of one run of the gate: as many times as long, with one warm-up, where it is steady."""
    if not of.joined:
        return scenario
    cut_s = scenario.run.cut_s
    return scenario.with_run(duration_s=cut_s + of.length * (scenario.run.duration_s - cut_s))


def numbers(of: Design, replication: int, first: int = GATE) -> range:
    """The numbers of the runs that a replication of the gate consists of, counted from 0."""
    runs = 1 if of.joined else of.length
    return range(first + runs * replication, first + runs * (replication + 1))
