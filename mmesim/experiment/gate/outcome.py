"""What the course of a scenario has come to, as lines of the gate's document."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mmesim.experiment.gate.baseline.unchanged import UNITS
from mmesim.experiment.gate.course import Course
from mmesim.experiment.gate.decide import Decision, Evidence, decide, needed
from mmesim.results.answers.gated import GatedLine
from mmesim.scenario.figures import quantile_shares
from mmesim.stats.looks import share_bound
from mmesim.stats.means import CONFIDENCE, mean, mean_interval


def gated_lines(course: Course) -> list[GatedLine]:
    """Every line of a course that has come to its end."""
    return [_line(course, index) for index in range(len(course.lines))]


def _line(course: Course, index: int) -> GatedLine:
    line, of, levels = course.lines[index], course.evidence(index), course.levels()
    found = course.decisions[index] or decide(of, levels)
    more, why = needed(of, levels) if found.verdict == "undecided" else (None, found.reason)
    e, figure, scale = line.expectation, line.inside.figure, line.inside.figure.scale
    value, beyond = shown_value(of, of.values, found), shown_value(of, of.beyond, found)
    limit = line.inside.bound * scale
    percentile = quantile_shares(e.metric) is not None
    window = line.inside.window
    return GatedLine(
        text=e.text,
        meaning=e.meaning,
        between_s=(window.start_s, window.end_s) if window is not None and line.is_timed else None,
        joined_windows=window.joined if window is not None else 1,
        verdict=found.verdict,
        figure=line.inside.name,
        unit=UNITS[figure.kind],
        value=value,
        interval=shown_interval(of, found),
        limit=limit,
        fails_on=line.beyond.name,
        fails_value=beyond,
        fails_beyond=line.beyond.bound * scale,
        margin=None if value is None or not limit else line.sign * (limit - value) / limit,
        decided_by=found.by,
        replications=found.replications,
        needed=more,
        reason=why,
        shown_value=course.histograms.percentile_ms(e) if percentile else value,
        shown_unit="ms" if percentile else UNITS[figure.kind],
    )


def shown_value(of: Evidence, values: Sequence[float], found: Decision) -> float | None:
    """The estimate from these values, those of the line or of its fail; None where there is none, or no number."""
    if of.nothing is not None or of.endless:
        return None
    scale = of.line.inside.figure.scale
    if found.by == "worst replication":
        return scale * (max(values) if of.line.sign > 0 else min(values))
    return scale * mean(values)


def shown_interval(of: Evidence, found: Decision) -> tuple[float, float] | None:
    """95 % of one look: of the mean, or of what blocks bound; None for what is not a mean."""
    if of.nothing is not None or of.endless or found.by in ("as it is", "worst replication"):
        return None
    figure = of.line.inside.figure
    if of.never:
        return 0.0, -math.log((1.0 - CONFIDENCE) / 2) / of.seconds
    if found.by == "clean blocks" or of.one_sided:
        level = (1.0 - CONFIDENCE) / 2
        most = share_bound(of.dirty, of.blocks, level)
        least = 1.0 - share_bound(of.clean, of.blocks, level)
        return (least, most) if of.line.sign > 0 else (1.0 - most, 1.0 - least)
    ends = mean_interval(of.values, low=0.0, high=figure.high)
    if ends is None or not all(math.isfinite(end) for end in ends):
        return None
    return ends[0] * figure.scale, ends[1] * figure.scale
