"""Traffic like that of a trace of which only the fingerprint is known.

Each model has a number of calls in a span, an active part of it, and gaps that are independent draws from the
distribution of its group, stretched so that they fill that part. Models live in a time that runs as the
profile says, but those whose calls it has no part in. The next span is drawn anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.scenario.traffic.fingerprint import GAP_SHARES, Fingerprint, ModelsAlike
from mmesim.workload.block import Arrivals, sorted_by_time
from mmesim.workload.draws.generators import generator

SLICE = 1 << 16
"""Calls that are made together, on average."""
BATCH = 1 << 10
"""Gaps of a model that are drawn together at most."""


class Line:
    """A function that is linear between some places; only + - * / from place to value."""

    def __init__(self, places: Floats, values: Floats) -> None:
        self._places, self._values = places, values
        width = np.diff(places)
        rise = np.diff(values)
        self._slope = np.divide(rise, width, out=np.zeros(len(width)), where=width > 0.0)

    def __call__(self, place: Floats) -> Floats:
        """The values at places between the first and the last."""
        left = np.clip(np.searchsorted(self._places, place, side="right") - 1, 0, len(self._slope) - 1)
        found: Floats = self._values[left] + (place - self._places[left]) * self._slope[left]
        return found


class _Kind:
    """The distributions of a group."""

    def __init__(self, group: ModelsAlike, clock: Line) -> None:
        even = np.linspace(0.0, 1.0, len(group.calls))
        place = np.arange(group.models) / max(1, group.models - 1)
        calls = Line(even, np.array(group.calls))(place)
        self.calls: Floats = calls * (group.requests / calls.sum())
        self.active = Line(even, np.array(group.active))
        gaps = group.gaps or (1.0,) * len(GAP_SHARES)
        self.gap = Line(np.array(GAP_SHARES), np.array(gaps))
        self.clock = None if group.by_clock else clock


class _Course:
    """The calls of one model in one span, as shares of the span from its beginning."""

    def __init__(self, kind: _Kind, calls: float, rng: np.random.Generator, again: np.random.Generator) -> None:
        self._kind, self._rng = kind, rng
        extra, part, begin = rng.random(3)
        self._left = int(calls) + int(extra < calls - int(calls))
        active = float(kind.active(np.array([part]))[0]) if self._left > 1 else 0.0
        again.random(3)
        self._stretch = self._stretched(active, again)
        self._last = begin * (1.0 - active)
        self._first = True

    def _stretched(self, active: float, again: np.random.Generator) -> float:
        """What a gap is multiplied with, so that all of them together fill the active part of the span."""
        # The gaps are drawn twice, first to add them up: they need not be kept.
        total, left = 0.0, self._left - 1
        while left > 0:
            n = min(left, BATCH)
            total += float(self._kind.gap(again.random(n)).sum())
            left -= n
        return active / total if total > 0.0 else 0.0

    def more(self) -> Floats:
        """The next calls; empty when there are no more."""
        n = min(self._left, BATCH)
        if n <= 0:
            return np.zeros(0)
        steps = self._kind.gap(self._rng.random(n - 1 if self._first else n)) * self._stretch
        if self._first:
            steps = np.concatenate(([0.0], steps))
        steps[0] += self._last
        np.cumsum(steps, out=steps)
        self._last, self._left, self._first = float(steps[-1]), self._left - n, False
        return np.minimum(steps, 1.0)


class _Caller:
    """All calls of one model, span after span.

    The spans of each model begin at a moment of its own, or no active part would ever reach over the end of a day.
    """

    def __init__(self, kind: _Kind, calls: float, span_s: float, key: tuple[int, int, str, int]) -> None:
        self._kind, self._calls, self._span_s, self._key = kind, calls, span_s, key
        self._offset = float(self._generator("begin").random())
        # What is left over from before time 0 comes from the span before.
        self._span = -1
        self._course = self._begin()
        self._last = 0.0
        self._times: Floats = np.zeros(0)
        """Calls that are known and not yet taken, seconds."""

    def until(self, end_s: float) -> Floats:
        """Take the calls before a time."""
        while not len(self._times) or self._times[-1] < end_s:
            if not self._more(end_s):
                break
        cut = int(np.searchsorted(self._times, end_s, side="left"))
        taken, self._times = self._times[:cut], self._times[cut:]
        return taken

    def _more(self, end_s: float) -> bool:
        """Make more calls known; false when none of them can come before `end_s`."""
        steps = self._course.more()
        if not len(steps):
            if self._span * self._span_s >= end_s:
                return False
            self._span += 1
            self._course = self._begin()
            return True
        times = self._seconds(steps + (self._span + self._offset))
        # Rounding may lift the last call of a span beyond the first of the next.
        times = np.maximum(times[np.searchsorted(times, 0.0) :], self._last)
        if len(times):
            self._last = float(times[-1])
            self._times = np.concatenate((self._times, times))
        return True

    def _seconds(self, spans: Floats) -> Floats:
        if self._kind.clock is None:
            return spans * self._span_s
        whole = np.floor(spans)
        within = np.minimum(self._kind.clock(spans - whole), self._span_s)
        return whole * self._span_s + within

    def _begin(self) -> _Course:
        return _Course(self._kind, self._calls, self._generator(self._span), self._generator(self._span))

    def _generator(self, what: int | str) -> np.random.Generator:
        seed, replication, stream, rank = self._key
        return generator(seed, replication, "fingerprint", stream, rank, what)


def arrivals(fingerprint: Fingerprint, rows: Ints, seed: int, replication: int, stream: str) -> Iterator[Arrivals]:
    """Calls from time 0 on without end, some 65,536 at a time; `rows[k]` is the model with the k-th most calls.

    Memory grows with the models, not with the calls.
    """
    span_s = fingerprint.span_s
    clock = operational(fingerprint)
    kinds = [_Kind(group, clock) for group in fingerprint.groups]
    callers = [
        _Caller(kind, calls, span_s, (seed, replication, stream, rank))
        for rank, (kind, calls) in enumerate((kind, calls) for kind in kinds for calls in kind.calls.tolist())
    ]
    slice_s = span_s / math.ceil(fingerprint.requests / SLICE)
    number = 0
    while True:
        number += 1
        parts = [(row, one.until(number * slice_s)) for row, one in zip(rows.tolist(), callers, strict=False)]
        made = [Arrivals(time, np.full(len(time), row), None) for row, time in parts if len(time)]
        if made:
            yield sorted_by_time(made)


def operational(fingerprint: Fingerprint) -> Line:
    """Seconds since the beginning of a span, by the share of the calls that come until then."""
    share, edges = _shares(fingerprint)
    return Line(share, edges)


def expected_calls(fingerprint: Fingerprint, length_s: float) -> Floats:
    """Calls of each model, the most called first, in this number of seconds; within a span they follow the profile."""
    share, edges = _shares(fingerprint)
    spans, rest_s = divmod(length_s, fingerprint.span_s)
    by_profile = float(Line(edges, share)(np.array([rest_s]))[0])
    parts = [
        kind.calls * (spans + (rest_s / fingerprint.span_s if kind.clock is None else by_profile))
        for kind in (_Kind(group, Line(share, edges)) for group in fingerprint.groups)
    ]
    return np.concatenate(parts)


def _shares(fingerprint: Fingerprint) -> tuple[Floats, Floats]:
    """At each edge of the profile: the share of the calls until then, and the seconds."""
    profile = np.array(fingerprint.profile)
    share = np.concatenate(([0.0], np.cumsum(profile)))
    edges: Floats = fingerprint.span_s * np.arange(len(profile) + 1) / len(profile)
    return share / share[-1], edges
