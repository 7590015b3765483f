"""The fingerprint of a trace: how often, how evenly and how long its models are called, and how the day runs.

Only what goes into the generator is measured. Whether the generated traffic misses a cache as often as the trace does
is an outcome, and is tested as one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmesim import units
from mmesim.arrays import Flags, Floats, Ints
from mmesim.errors import TraceError
from mmesim.scenario.traffic.fingerprint import GAP_SHARES, POINTS, Fingerprint, ModelsAlike
from mmesim.workload.block import Arrivals
from mmesim.workload.trace.fingerprint import Line

Open = Callable[[], Iterator[Arrivals]]
"""Reads the trace from its beginning, models numbered from 0."""

MOST_BYTES = 10_000
"""Size of a fingerprint's file that is aimed at."""
PARTS = 24
"""Parts of the span for which the profile is given."""
EVENNESS = (0.3, 1.3, 4.0)
"""Groups part where the coefficient of variation of a model's gaps passes these."""
_RATIOS = tuple(1.5 * math.pow(1.25, k) for k in range(12))
_EDGES = np.concatenate(([0.0], np.array([1e-6 * math.pow(1.02, k) for k in range(1400)])))


@dataclass(frozen=True)
class _Models:
    """What one pass finds out about each model."""

    calls: Ints
    first: Floats
    last: Floats
    cv: Floats
    """Of the gaps; 1 where there are fewer than four."""


def fingerprint(file: Path, open_: Open, span_s: float | None) -> Fingerprint:
    """The fingerprint of a trace of that length, None: up to its last call; TraceError if it has no two calls.

    The trace is read three times or more; memory grows with its models, not with its calls.
    """
    models, last_s = _models(open_())
    span_s = last_s if span_s is None else span_s
    if not span_s > 0.0 or models.calls.sum() < 2:
        raise TraceError(f"{file}: a fingerprint needs calls at two or more different times")
    by_clock = _by_clock(models)
    profile = _profile(open_(), span_s, ~by_clock)
    for ratio in _RATIOS:
        found = _fitted(open_(), models, span_s, profile, ratio)
        if len(text(found)) <= MOST_BYTES:
            return found
    return found


def text(found: Fingerprint) -> str:
    """A fingerprint as YAML, one group a line."""
    lines = [
        "# What a trace is like, made by `mmesim trace fingerprint`. In a scenario: `traffic: [{fingerprint: FILE}]`.",
        f"# {units.show_count(found.requests)} calls of {units.show_count(found.models)} models.",
        f"version: {found.version}",
        f"span: {units.exact_seconds(found.span_s)}",
        f"profile: {_list(found.profile)}",
        "groups:",
    ]
    for group in found.groups:
        by_clock = "by_clock: true, " if group.by_clock else ""
        gaps = f", gaps: {_list(group.gaps)}" if group.gaps else ""
        lines.append(
            f"  - {{models: {group.models}, requests: {group.requests}, {by_clock}calls: {_list(group.calls)}, "
            f"active: {_list(group.active)}{gaps}}}"
        )
    return "\n".join(lines) + "\n"


def _list(values: Sequence[float]) -> str:
    return f"[{', '.join(_short(value) for value in values)}]"


def _short(value: float) -> str:
    """Three digits, without an exponent that YAML would read as text."""
    shown = f"{_rounded(value):.12f}".rstrip("0").rstrip(".")
    return shown or "0"


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _models(calls: Iterator[Arrivals]) -> tuple[_Models, float]:
    count = np.zeros(0, dtype=np.int64)
    first = last = squares = np.zeros(0)
    latest = 0.0
    for part in calls:
        missing = int(part.model.max()) + 1 - len(count)
        if missing > 0:
            count = np.concatenate((count, np.zeros(missing, dtype=np.int64)))
            first, last = (np.concatenate((known, np.full(missing, np.nan))) for known in (first, last))
            squares = np.concatenate((squares, np.zeros(missing)))
        model, gap = gaps(part, last)
        np.add.at(squares, model, gap * gap)
        new = np.unique(part.model[::-1], return_index=True)
        earliest = np.unique(part.model, return_index=True)
        first[earliest[0]] = np.where(np.isnan(first[earliest[0]]), part.time[earliest[1]], first[earliest[0]])
        last[new[0]] = part.time[::-1][new[1]]
        count += np.bincount(part.model, minlength=len(count))
        latest = float(part.time[-1])
    between = np.maximum(count - 1, 1)
    mean = (last - first) / between
    spread = np.maximum(squares / between - mean * mean, 0.0)
    known = (count >= 5) & (mean > 0.0)
    cv = np.array([math.sqrt(s) / m if k else 1.0 for s, m, k in zip(spread, mean, known, strict=True)])
    return _Models(count, first, last, cv), latest


def _by_clock(models: _Models) -> Flags:
    """Models that are so regular that they keep time by the clock, whatever the hour."""
    found: Flags = models.cv < EVENNESS[0]
    return found


def gaps(part: Arrivals, last: Floats) -> tuple[Ints, Floats]:
    """Model and length of each gap that ends in these calls; `last` is the time of each model's call before, or nan."""
    order = np.argsort(part.model, kind="stable")
    model, time = part.model[order], part.time[order]
    before = np.empty(len(time))
    before[1:] = time[:-1]
    begins = np.concatenate(([True], model[1:] != model[:-1])) if len(model) else np.zeros(0, dtype=np.bool_)
    before[begins] = last[model[begins]]
    known = ~np.isnan(before)
    return model[known], (time - before)[known]


def _profile(calls: Iterator[Arrivals], span_s: float, counted: Flags) -> tuple[float, ...]:
    """How the calls of some models spread over the parts of the span, mean 1; even where they have none."""
    found = np.zeros(PARTS)
    for part in calls:
        time = part.time[counted[part.model]]
        place = np.minimum((time / span_s * PARTS).astype(np.int64), PARTS - 1)
        found += np.bincount(place, minlength=PARTS)
    if not found.sum():
        return (1.0,) * PARTS
    return tuple(_rounded(value) for value in found / found.mean())


def _fitted(
    calls: Iterator[Arrivals], models: _Models, span_s: float, profile: tuple[float, ...], ratio: float
) -> Fingerprint:
    label, order = _labels(models, ratio)
    share = np.concatenate(([0.0], np.cumsum(profile)))
    clock = Line(span_s * np.arange(len(profile) + 1) / len(profile), share / share[-1])
    by_clock = _by_clock(models)

    def place(time: Floats, model: Ints) -> Floats:
        """Time as a share of the span, as the model lives in it."""
        return np.where(by_clock[model], time / span_s, clock(time))

    everyone = np.arange(len(models.calls))
    active = place(models.last, everyone) - place(models.first, everyone)
    gap_shares = _gap_shares(calls, models, place, active, label, len(order))
    groups = []
    for number in order:
        own = np.flatnonzero(label == number)
        counts = np.sort(models.calls[own])[::-1]
        if not counts.any():
            continue  # names of the trace without a call in its window
        places = np.linspace(0.0, 1.0, POINTS)
        groups.append(
            ModelsAlike(
                models=len(own),
                requests=int(counts.sum()),
                calls=tuple(_rounded(v) for v in np.quantile(-counts, places) * -1.0),
                by_clock=bool(by_clock[own[0]]),
                active=tuple(min(1.0, _rounded(v)) for v in np.quantile(active[own], places)),
                gaps=gap_shares[number],
            )
        )
    return Fingerprint(version=1, span_s=span_s, profile=profile, groups=tuple(groups))


def _labels(models: _Models, ratio: float) -> tuple[Ints, list[int]]:
    """The group of each model, and the groups in order of the calls of a model."""
    falling = np.argsort(-models.calls, kind="stable")
    rank_class = np.empty(len(falling), dtype=np.int64)
    current, begun = 0, int(models.calls[falling[0]])
    for model in falling.tolist():
        if models.calls[model] * ratio < begun:
            current, begun = current + 1, int(models.calls[model])
        rank_class[model] = current
    kind = np.digitize(models.cv, EVENNESS)
    _, label = np.unique(rank_class * (len(EVENNESS) + 1) + kind, return_inverse=True)
    sizes = np.bincount(label)
    mean = np.bincount(label, models.calls) / sizes
    return label, np.argsort(-mean, kind="stable").tolist()


def _gap_shares(
    calls: Iterator[Arrivals],
    models: _Models,
    place: Callable[[Floats, Ints], Floats],
    active: Floats,
    label: Ints,
    groups: int,
) -> list[tuple[float, ...]]:
    """Quantiles of the gaps of each group in mean gaps of their model; each model counts as much as any other."""
    bins = len(_EDGES)
    weight = np.zeros(groups * bins)
    last = np.full(len(models.calls), np.nan)
    between = np.maximum(models.calls - 1, 1)
    mean = active / between
    for part in calls:
        lived = Arrivals(place(part.time, part.model), part.model, None)
        model, gap = gaps(lived, last)
        ends, index = np.unique(part.model[::-1], return_index=True)
        last[ends] = lived.time[::-1][index]
        usable = (models.calls[model] > 2) & (mean[model] > 0.0)
        model, relative = model[usable], gap[usable] / mean[model[usable]]
        cell = np.clip(np.searchsorted(_EDGES, relative, side="right") - 1, 0, bins - 1)
        weight += np.bincount(label[model] * bins + cell, 1.0 / between[model], groups * bins)
    return [_quantiles(weight[number * bins : (number + 1) * bins]) for number in range(groups)]


def _quantiles(weight: Floats) -> tuple[float, ...]:
    """The values at `GAP_SHARES`; the largest is what makes the mean 1. Empty where there is no gap."""
    if not weight.sum():
        return ()
    below = np.concatenate(([0.0], np.cumsum(weight))) / weight.sum()
    upper = np.append(_EDGES[1:], _EDGES[-1] * 1.02)
    edges = np.concatenate(([0.0], upper))
    values = np.interp(GAP_SHARES, below, edges)
    mass = np.diff(GAP_SHARES)
    others = float((mass[:-1] * (values[1:-1] + values[:-2]) / 2.0).sum())
    values[-1] = max(float(values[-2]), 2.0 * (1.0 - others) / float(mass[-1]) - float(values[-2]))
    return tuple(_rounded(value) for value in values)
