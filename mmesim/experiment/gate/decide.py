"""What a line of the gate has shown at a look: inside its limit, beyond limit and tolerance, or neither yet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy.special import ndtri

from mmesim import units
from mmesim.experiment.gate.lines import Line
from mmesim.results.answers.gated import Bound
from mmesim.results.answers.sections import Verdict
from mmesim.results.expect.expect import compare
from mmesim.stats.looks import (
    FEWEST,
    GUARD,
    OTHERS,
    alike,
    clean_blocks,
    guarded,
    nearly_alike,
    p_above,
    p_below,
    p_rate_below,
    p_share_below,
)
from mmesim.stats.means import hall, mean

MOST_NEEDED = 100_000
"""Replications above which no number is given."""


@dataclass(frozen=True)
class Evidence:
    """What the replications of the gate have shown of a line: one value each, and counts of all their blocks.

    `values` and `beyond` are without those of replications that say nothing; infinite where beyond every limit. At most
    `dirty` of the `blocks` have any of what must be rare, and at most `clean` any of the rest.
    """

    line: Line
    values: Sequence[float]
    beyond: Sequence[float]
    dirty: int
    clean: int
    blocks: int
    seconds: float = 0.0
    """Simulated and measured, in all of them."""

    @property
    def nothing(self) -> str | None:
        """Why there is no value, None when there is one."""
        lacking = not self.values or any(math.isnan(value) for value in self.values)
        return self.line.inside.figure.missing if lacking else None

    @property
    def endless(self) -> bool:
        """Whether a replication is beyond every limit."""
        return any(math.isinf(value) for value in (*self.values, *self.beyond))

    @property
    def one_sided(self) -> bool:
        """Whether a share was 0 in every replication, or 1 in every one: its spread says nothing."""
        return self.line.is_share and len(set(self.values)) == 1 and self.values[0] in (0.0, 1.0)

    @property
    def never(self) -> bool:
        """Whether what is counted never happened."""
        return self.line.is_count and set(self.values) == {0.0}


@dataclass(frozen=True)
class Levels:
    """The levels of a look: of the p-value of a pass, and of a fail."""

    inside: float
    beyond: float


@dataclass(frozen=True)
class Decision:
    """A verdict, what decided it, and what the reader must know of it."""

    verdict: Verdict
    by: Bound
    reason: str | None = None
    replications: int = 0
    """that were looked at, without those that say nothing of the line"""


def decide(of: Evidence, levels: Levels) -> Decision:
    """The verdict at a look."""
    return replace(_decide(of, levels), replications=len(of.values))


def _decide(of: Evidence, levels: Levels) -> Decision:
    """Nothing is decided of a line that lacks its value in some replication, unless such a one says nothing of it."""
    line = of.line
    if of.nothing is not None:
        # More replications give a value only where the others without one are left out.
        return Decision("undecided", line.bound if not of.values else "as it is", f"no value: {of.nothing}")
    if line.bound != "sequential test":
        return _as_it_is(of)
    if of.endless:
        number = sum(math.isinf(value) for value in of.values)
        ends = "it was not recovered from" if line.expectation.event is not None else "no call succeeded"
        words = f"in {number} of {len(of.values)} replications {ends}: beyond every limit"
        return Decision("fail" if line.sign > 0 else "pass", "as it is", words)
    inside, beyond, by = _p_values(of)
    if inside <= levels.inside:
        return Decision("pass", by, _said(of, by))
    if beyond <= levels.beyond:
        return Decision("fail", by, _said(of, by))
    return Decision("undecided", by)


def _as_it_is(of: Evidence) -> Decision:
    """A figure that is not random, or whose worst replication decides."""
    line = of.line
    worst = max(of.values) if line.sign > 0 else min(of.values)
    worst_beyond = max(of.beyond) if line.sign > 0 else min(of.beyond)
    inside = compare(line.inside.comparison, worst, worst, line.inside.bound)
    beyond = compare(line.beyond.comparison, worst_beyond, worst_beyond, line.beyond.bound)
    verdict: Verdict = "pass" if inside == "pass" else "fail" if beyond == "fail" else "undecided"
    if line.bound == "as it is":
        return Decision(verdict, "as it is", "not random, so compared as it is")
    words = f"the worst of {len(of.values)} replications decides"
    if verdict == "undecided":
        words += ", and lies between the limit and its tolerance"
    return Decision(verdict, "worst replication", words)


def _p_values(of: Evidence) -> tuple[float, float, Bound]:
    """Of a pass and of a fail, and by which test.

    Where the values are too skewed for a mean, or are all 0 or all 1, a share is bounded by blocks; also by how alike
    they are, where that says more.
    """
    line = of.line
    n, sign = len(of.values), line.sign
    enough = n >= FEWEST
    if of.never and enough:
        return p_rate_below(of.seconds, line.inside.bound), 1.0, "clean blocks"
    skewed = max(abs(hall(values, 0.0)[1]) for values in (of.values, of.beyond)) if n > 1 else 0.0
    means = (
        p_below([sign * value for value in of.values], sign * line.inside.bound),
        p_above([sign * value for value in of.beyond], sign * line.beyond.bound),
    )
    if line.is_share and enough and (of.one_sided or guarded(n, skewed)):
        limit, beyond = line.bad(line.inside.bound), line.bad(line.beyond.bound)
        blocks = p_share_below(of.dirty, of.blocks, limit), p_share_below(of.clean, of.blocks, 1.0 - beyond)
        if of.one_sided or min(blocks) <= min(means):
            return *blocks, "clean blocks"
    return *means, "sequential test"


def _said(of: Evidence, by: Bound) -> str | None:
    if of.never:
        return f"none in {units.show_seconds(of.seconds)} of simulated time"
    if by == "clean blocks":
        return f"{of.blocks - min(of.dirty, of.blocks):,} of {of.blocks:,} independent blocks are clean"
    if alike(of.values):
        return "the same in every replication"
    if by == "sequential test" and _nearly_alike(of):
        return "nearly the same in every replication"
    return None


def _nearly_alike(of: Evidence) -> bool:
    """Whether its values are too skewed for a mean, and differ by far less than they do from the limit."""
    skewed = guarded(len(of.values), hall(of.values, 0.0)[1])
    return skewed and nearly_alike(of.values, of.line.inside.bound)


def needed(of: Evidence, levels: Levels) -> tuple[int | None, str]:
    """About how many more replications an undecided line needs, None when no number would do; and why it is undecided.

    As if the replications to come were like those that there are, and looked at once with the level of the last look.
    """
    line, n = of.line, len(of.values)
    if of.nothing is not None:
        return None, f"no value: {of.nothing}"
    if line.bound != "sequential test":
        return None, _as_it_is(of).reason or ""
    if n < FEWEST:
        return FEWEST - n, f"only {n} replications say anything about it"
    if of.one_sided:
        return _blocks_needed(of, levels)
    if of.never:
        return _time_needed(of, levels)
    inside = [-line.sign * value for value in of.values], -line.sign * line.inside.bound
    beyond = [line.sign * value for value in of.beyond], line.sign * line.beyond.bound
    for side, (values, limit), level in (("inside", inside, levels.inside), ("beyond", beyond, levels.beyond)):
        if mean(values) <= limit:
            continue
        skewed = guarded(n, hall(values, limit)[1])
        if alike(values) or (skewed and nearly_alike(values, limit)):
            wanted = math.ceil(math.log(level) / math.log1p(-OTHERS))
            same = "the same" if alike(values) else "nearly the same"
            why = f"{same} in {n} replications, a tenth of which may be others as far as they tell"
            return max(1, wanted - n), why
        why = f"it is {side} the limit, but too near for {n} replications"
        skewness = hall(values, limit)[1]
        if skewed:
            why = f"a few of {n} replications hold nearly all of it (skewness {abs(skewness):.1f})"
        more = _replications(values, limit, level)
        return (None if more is None else max(1, more - n)), why
    return None, "it lies between the limit and its tolerance, where no number of replications decides"


def _replications(values: Sequence[float], limit: float, level: float) -> int | None:
    """How many values like these show a mean above the limit at this level; None when more than anybody would run."""
    statistic, skewness = hall(values, limit)
    if statistic <= 0.0:
        return None
    # The statistic grows with the root of the number, and its correction for skewness is small by then.
    wanted = len(values) * (float(ndtri(level)) / statistic) ** 2
    found = math.ceil(max(wanted, (skewness / GUARD) ** 2))
    return found if found <= MOST_NEEDED else None


def _blocks_needed(of: Evidence, levels: Levels) -> tuple[int | None, str]:
    """A share that was never seen, or nothing but: how many more clean blocks."""
    line = of.line
    none_seen = line.bad(of.values[0]) == 0.0
    limit = line.bad(line.inside.bound) if none_seen else 1.0 - line.bad(line.beyond.bound)
    what = "none was seen" if none_seen else "nothing else was seen"
    words = f"{what}, but {of.blocks:,} independent blocks are too few to bound it"
    wanted = clean_blocks(limit, levels.inside if none_seen else levels.beyond)
    each = of.blocks / len(of.values)
    more = math.ceil((wanted - of.blocks) / each)
    return (max(1, more) if more <= MOST_NEEDED else None), f"{words} ({wanted:,} would do)"


def _time_needed(of: Evidence, levels: Levels) -> tuple[int | None, str]:
    """What never happened: how many more replications without it."""
    wanted_s = -math.log(levels.inside) / of.line.inside.bound
    more = math.ceil((wanted_s - of.seconds) / (of.seconds / len(of.values)))
    words = f"none was seen, but {units.show_seconds(of.seconds)} of simulated time are too short to bound its rate"
    return (max(1, more) if more <= MOST_NEEDED else None), f"{words} ({units.show_seconds(wanted_s)} would do)"
