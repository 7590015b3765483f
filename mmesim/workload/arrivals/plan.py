"""Calls that follow a plan: rates in straight lines, once or again and again, and sweeps over the models."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.scenario.traffic.planned import DAY_S, DAYS, Diurnal, FlashCrowd, ModelSweep, Schedule
from mmesim.scenario.traffic.stages import Ramp
from mmesim.workload.arrivals import poisson
from mmesim.workload.block import Arrivals
from mmesim.workload.draws.generators import Generators

STEPS_A_DAY = 96
"""Straight lines that a day's cosine is drawn with. Between two values it is at most (2 pi / 96)^2 / 8 = 0.054 % of its
height off."""
DIGITS = 12
"""Of a cosine; its last bits differ between C libraries."""


@dataclass(frozen=True)
class Piece:
    """A straight line from `begin_s` to `end_s`, with the rate at both ends."""

    begin_s: float
    end_s: float
    first_per_s: float
    last_per_s: float

    @property
    def calls(self) -> float:
        """The integral of the rate."""
        return (self.end_s - self.begin_s) * (self.first_per_s + self.last_per_s) / 2.0

    def rate(self, at_s: float) -> float:
        """The rate at a time within the piece."""
        if self.first_per_s == self.last_per_s:
            return self.first_per_s
        share = (at_s - self.begin_s) / (self.end_s - self.begin_s)
        return self.first_per_s + share * (self.last_per_s - self.first_per_s)


@dataclass(frozen=True)
class Plan:
    """Pieces one after the other from 0 on; after the last the plan begins anew, or the rate `after_per_s` stays."""

    pieces: tuple[Piece, ...]
    repeats: bool
    after_per_s: float = 0.0

    @property
    def length_s(self) -> float:
        """Where the last piece ends."""
        return self.pieces[-1].end_s if self.pieces else 0.0

    @property
    def first_per_s(self) -> float:
        """The rate at time 0."""
        return self.pieces[0].first_per_s if self.pieces else self.after_per_s

    def calls(self, until_s: float) -> float:
        """Average calls from 0 to some time: the integral of the rate."""
        rounds, rest_s = 0.0, until_s
        if self.repeats:
            rounds = math.floor(until_s / self.length_s)
            rest_s = until_s - rounds * self.length_s
        every = math.fsum(piece.calls for piece in self.pieces)
        begun = [piece for piece in self.pieces if piece.begin_s < rest_s]
        rest = [
            Piece(piece.begin_s, end_s, piece.first_per_s, piece.rate(end_s)).calls
            for piece in begun
            for end_s in [min(piece.end_s, rest_s)]
        ]
        after = 0.0 if self.repeats else self.after_per_s * max(0.0, rest_s - self.length_s)
        return rounds * every + math.fsum(rest) + after


def schedule(process: Schedule) -> Plan:
    """The plan of given points."""
    points = list(process.points)
    last = points[-1][1]
    if process.repeat_s is not None:
        points.append((process.repeat_s, points[0][1]))
    linear = process.shape == "linear"
    pieces = [
        Piece(begin, end, rate, following if linear else rate)
        for (begin, rate), (end, following) in itertools.pairwise(points)
    ]
    return Plan(tuple(pieces), process.repeat_s is not None, last)


def flash_crowd(process: FlashCrowd) -> Plan:
    """The plan of a crowd that comes and goes."""
    base, peak = process.base_per_s, process.peak_per_s
    lines = ((process.at_s, base, base), (process.ramp_s, base, peak), (process.hold_s, peak, peak))
    return _in_a_row((*lines, (process.decay_s, peak, base)), after_per_s=base)


def ramp(process: Ramp) -> Plan:
    """The plan of stages; after the last of them no calls come."""
    return _in_a_row(process.lines, after_per_s=0.0)


def ramp_first(process: Ramp) -> float:
    """The rate that a ramp begins with; of one that climbs from 0 the highest."""
    return process.start_rate_per_s or max(stage.target_per_s for stage in process.stages)


def ramp_times(process: Ramp, generators: Generators, chunk: int) -> Iterator[Floats]:
    """Times of the calls of a ramp, random or evenly spaced."""
    plan = ramp(process)
    return times(plan, generators, chunk) if process.gaps == "random" else even_times(plan, generators, chunk)


def even_times(plan: Plan, generators: Generators, chunk: int) -> Iterator[Floats]:
    """A call whenever the integral of the rate, from a random part of a call on, reaches another whole number.

    So any stretch of time has its integral of calls on average, as with equal gaps. Only for a plan that ends.
    """
    phase = float(generators("phase").random())
    pieces = [piece for piece in plan.pieces if piece.calls > 0.0]
    begin, first, calls = (
        np.array([getattr(piece, name) for piece in pieces]) for name in ("begin_s", "first_per_s", "calls")
    )
    slope = np.array([(piece.last_per_s - piece.first_per_s) / (piece.end_s - piece.begin_s) for piece in pieces])
    up_to = np.cumsum(calls)
    before = np.concatenate([[0.0], up_to[:-1]])
    number = max(0, math.ceil(up_to[-1] - phase))
    for at in range(0, number, chunk):
        wanted = np.arange(at, min(at + chunk, number), dtype=np.float64) + phase
        k = np.minimum(np.searchsorted(up_to, wanted, side="right"), len(pieces) - 1)
        left = wanted - before[k]
        # The time at which a line from `first` has the integral `left`, in the form that also holds for slope 0.
        squares = np.maximum(first[k] * first[k] + 2.0 * slope[k] * left, 0.0)
        root = np.array([math.sqrt(square) for square in squares.tolist()])
        time = begin[k] + np.divide(2.0 * left, first[k] + root, out=np.zeros(len(left)), where=left > 0.0)
        np.maximum.accumulate(time, out=time)
        yield time


def _in_a_row(lines: Sequence[tuple[float, float, float]], after_per_s: float) -> Plan:
    """A plan of (length in seconds, rate at the begin, rate at the end); lines too short for the clock are left out."""
    pieces, begin = list[Piece](), 0.0
    for length, first, last in lines:
        if begin + length > begin:
            pieces.append(Piece(begin, begin + length, first, last))
            begin += length
    return Plan(tuple(pieces), False, after_per_s)


def diurnal(process: Diurnal) -> Plan:
    """A day or, if weekends differ, a week, turned so that it begins where the stream does."""
    step = DAY_S / STEPS_A_DAY
    days = len(DAYS) if process.weekend != 1.0 else 1
    swing = process.peak_to_mean - 1.0
    # The values lie at equal distances from the peak, so that it is one of them.
    offset = math.fmod(process.peak_at_s, step)
    grid = sorted({0.0, DAY_S, *(offset + k * step for k in range(STEPS_A_DAY))})

    def rate(at_s: float) -> float:
        angle = 2.0 * math.pi * (at_s - process.peak_at_s) / DAY_S
        return process.mean_per_s * (1.0 + swing * round(math.cos(angle), DIGITS))

    level = [process.weekend if day >= 5 else 1.0 for day in range(days)]
    pieces = [
        Piece(day * DAY_S + begin, day * DAY_S + end, level[day] * rate(begin), level[day] * rate(end))
        for day in range(days)
        for begin, end in itertools.pairwise(grid)
    ]
    start_s = process.start_time_s + (DAYS.index(process.start_day) * DAY_S if days > 1 else 0.0)
    return Plan(_turned(pieces, start_s), True)


def _turned(pieces: Sequence[Piece], start_s: float) -> tuple[Piece, ...]:
    """The pieces of a plan that repeats, seen from another start."""
    length_s = pieces[-1].end_s
    cut = [
        part
        for piece in pieces
        for part in (
            (piece,)
            if not piece.begin_s < start_s < piece.end_s
            else (
                Piece(piece.begin_s, start_s, piece.first_per_s, piece.rate(start_s)),
                Piece(start_s, piece.end_s, piece.rate(start_s), piece.last_per_s),
            )
        )
    ]
    later = [(piece, -start_s) for piece in cut if piece.begin_s >= start_s]
    earlier = [(piece, length_s - start_s) for piece in cut if piece.begin_s < start_s]
    return tuple(
        Piece(piece.begin_s + by, piece.end_s + by, piece.first_per_s, piece.last_per_s)
        for piece, by in later + earlier
    )


def times(plan: Plan, generators: Generators, chunk: int) -> Iterator[Floats]:
    """Times of the calls of a Poisson process that follows a plan; ends where the rate is 0 for good.

    Thinning (P. A. W. Lewis and G. S. Shedler, Naval Research Logistics 26, 1979) under a bound that is the greatest
    rate of each piece: where the rate is constant, no candidate is refused. Candidate k takes draw k.
    """
    chances = generators("thinning")
    pieces = [piece for piece in plan.pieces if max(piece.first_per_s, piece.last_per_s) > 0.0]
    if not plan.repeats and plan.after_per_s > 0.0:
        pieces.append(Piece(plan.length_s, math.inf, plan.after_per_s, plan.after_per_s))
    begin, end, first, last = (
        np.array([getattr(piece, name) for piece in pieces])
        for name in ("begin_s", "end_s", "first_per_s", "last_per_s")
    )
    bound = np.maximum(first, last)
    finite = np.where(np.isfinite(end), end, begin)
    slope = np.divide(last - first, finite - begin, out=np.zeros(len(pieces)), where=finite > begin)
    # Average candidates up to the end and up to the start of each piece.
    up_to = np.cumsum((end - begin) * bound)
    before = np.concatenate([[0.0], up_to[:-1]])
    before_now = 0.0
    for moments in poisson.moments(generators("arrivals"), chunk):
        over = False
        if plan.repeats:
            rounds = np.floor(moments / up_to[-1])
            moments = moments - rounds * up_to[-1]
        elif moments[-1] >= up_to[-1]:
            moments, over = moments[moments < up_to[-1]], True
        k = np.minimum(np.searchsorted(up_to, moments, side="right"), len(pieces) - 1)
        time = begin[k] + np.maximum(moments - before[k], 0.0) / bound[k]
        np.minimum(time, end[k], out=time)
        kept = chances.random(len(time)) * bound[k] < first[k] + slope[k] * (time - begin[k])
        if plan.repeats:
            time += rounds * plan.length_s
        time = time[kept]
        if len(time):
            # Rounding could make a call come a hair before the one that it follows.
            time[0] = max(time[0], before_now)
            np.maximum.accumulate(time, out=time)
            before_now = float(time[-1])
            yield time
        if over:
            return


def swept(process: ModelSweep, rows: Ints, generators: Generators, chunk: int) -> Iterator[Arrivals]:
    """The calls of all sweeps; `rows` are the models in the order of the file. One sweep is over when its calls are."""
    order = generators("order")
    for number in itertools.count():
        models = rows if process.order == "file" else rows[order.permutation(len(rows))]
        begun_s = number * (process.every_s or 0.0)
        for first in range(0, len(rows), chunk):
            part = models[first : first + chunk]
            time = begun_s + np.arange(first, first + len(part)) / process.rate_per_s
            yield Arrivals(time=time, model=part, service=None)
        if process.every_s is None:
            return
