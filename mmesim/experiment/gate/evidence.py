"""What runs show of a line, put together: the values of the replications, and counts of all blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mmesim.experiment.gate.blocks import blocks_in
from mmesim.experiment.gate.decide import Evidence
from mmesim.experiment.gate.lines import Line, Row, longest_block_s, span_s


def each(line: Line, index: int, replications: Sequence[Sequence[Row]]) -> list[tuple[float, float]]:
    """The two values of each replication of a line, where there are any.

    Of the runs that it consists of these are the means, or the worst where the worst replication decides.
    """
    found = []
    for seen in ([one.seen[index] for one in runs] for runs in replications):
        having = [one for one in seen if not (line.inside.skips and math.isnan(one.value))]
        if having:
            found.append((line.together([o.value for o in having]), line.together([o.beyond for o in having])))
    return found


def evidence(
    line: Line, index: int, rows: Sequence[Row], run_s: float, found: Sequence[tuple[float, float]]
) -> Evidence:
    """What these runs show of a line, of which `run_s` each are measured; `found` are the values of `each`."""
    long_s = longest_block_s(line, rows)
    length_s = span_s(line, run_s)
    # A figure of a run as a whole, such as the share of models that meet their limits, has no blocks inside.
    counted = line.inside.figure.trials is not None
    seen = [one.seen[index] for one in rows if not math.isnan(one.seen[index].value)]
    most = blocks_in(length_s, long_s) if counted else 1
    blocks = most * len(seen)
    if counted:  # a block without a call says nothing
        blocks = min(blocks, sum(one.dirty + one.clean for one in seen))
    # Each that is bad makes another block dirty at most, and no run has more dirty blocks than it has blocks.
    return Evidence(
        line,
        [value for value, _ in found],
        [beyond for _, beyond in found],
        sum(min(one.dirty, most) for one in seen),
        sum(min(one.clean, most) for one in seen),
        blocks,
        length_s * len(seen),
    )
