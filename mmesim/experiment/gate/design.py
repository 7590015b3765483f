"""How long a replication of the gate is, fixed by a pilot before the first look.

The pilot is 20 short replications, the scenario as written; 100 when one of its lines is skewed or saw nothing. One
pilot serves all lines of a scenario. It has random numbers of its own: what it saw decides how long a replication is,
never what the gate finds. So do the replications of the gate, which share none with those of `mmesim run`: whoever
sets a limit by what a run showed has it tried on other numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mmesim.experiment.gate.blocks import blocks_in
from mmesim.experiment.gate.lines import Line, Row, span_s
from mmesim.results.gated import Design
from mmesim.scenario.scenario import Scenario
from mmesim.stats.looks import LOOKS, clean_blocks, length
from mmesim.stats.means import hall
from mmesim.stats.spending import nominal_levels

PILOT = 2_000_000
"""Number of the first replication of the pilot; those of automatic warm-ups begin at 1,000,000."""
FIRST = 3_000_000
"""Number of the first replication of the gate."""
FEW, MANY = 20, 100
"""Replications of a pilot, and of one whose first ones were skewed or saw nothing."""
SKEWED = 1.0
ALPHA = 0.025
"""Chance of a wrong verdict, on each side."""
LONGEST = length((MANY - 2) / math.sqrt(MANY - 1))
"""Most short replications that one of the gate is worth: for the largest skewness that 100 values can have."""


def is_steady(scenario: Scenario, of: Sequence[Line]) -> bool:
    """Whether a run that goes on is more of the same, and no line asks for a time of it."""
    return scenario.changes_over_time is None and not any(line.is_timed for line in of)


def skewness(of: Sequence[Line], rows: Sequence[Row]) -> float:
    """The largest skewness among the lines that a mean decides, in absolute value."""
    found = [0.0]
    for index, line in enumerate(of):
        if line.bound != "sequential test":
            continue
        for values in zip(*((row.seen[index].value, row.seen[index].beyond) for row in rows), strict=True):
            known = [value for value in values if math.isfinite(value)]
            if len(known) > 1:
                found.append(abs(hall(known, 0.0)[1]))
    return max(found)


def unseen(of: Sequence[Line], rows: Sequence[Row]) -> list[int]:
    """The lines about a share that was 0 in every replication, or 1 in every one."""
    return [
        index
        for index, line in enumerate(of)
        if line.bound == "sequential test"
        and line.is_share
        and ({row.seen[index].value for row in rows} in ({0.0}, {1.0}))
    ]


def wants_more(of: Sequence[Line], rows: Sequence[Row]) -> bool:
    """Whether a pilot of 20 shows too little."""
    return skewness(of, rows) > SKEWED or bool(unseen(of, rows))


def design(scenario: Scenario, of: Sequence[Line], rows: Sequence[Row]) -> Design:
    """The design that a pilot asks for: for the most skewed line, and for what was never seen, for enough blocks."""
    largest = skewness(of, rows)
    lengths = [length(largest), *(_enough_blocks(scenario, of[index], rows) for index in unseen(of, rows))]
    return Design(
        pilot_replications=len(rows),
        pilot_skewness=largest,
        length=min(max(lengths), LONGEST),
        joined=is_steady(scenario, of),
        looks=list(LOOKS),
        alpha_pass=ALPHA,
        alpha_fail=ALPHA / max(1, len(of)),
    )


def _enough_blocks(scenario: Scenario, line: Line, rows: Sequence[Row]) -> int:
    """How many short replications hold the blocks that the look in the middle needs, were all of them clean."""
    limit = line.bad(line.inside.bound)
    middle = len(LOOKS) // 2
    wanted = clean_blocks(limit, nominal_levels(LOOKS, ALPHA)[middle]) if 0.0 < limit < 1.0 else 1
    if line.inside.figure.trials is None:  # of models, such as those that meet their limits: a run is one block
        wanted = 1
    run_s = scenario.run.duration_s - scenario.run.cut_s
    each = blocks_in(span_s(line, run_s), max(row.block_s for row in rows))
    return math.ceil(wanted / (each * LOOKS[middle]))


def lengthened(scenario: Scenario, of: Design) -> Scenario:
    """The scenario of one run of the gate: as many times as long, with one warm-up, where it is steady."""
    if not of.joined:
        return scenario
    cut_s = scenario.run.cut_s
    return scenario.with_run(duration_s=cut_s + of.length * (scenario.run.duration_s - cut_s))


def numbers(of: Design, replication: int) -> range:
    """The numbers of the runs that a replication of the gate consists of, counted from 0."""
    runs = 1 if of.joined else of.length
    return range(FIRST + runs * replication, FIRST + runs * (replication + 1))
