"""Times on a coarse grid: how the grid is found, and how calls are spread inside it.

A log that keeps whole seconds puts all calls of a second at one instant, which no server ever saw. Inside a cell the
true times are unknown; uniform ones are right for traffic without structure below the grid, as Poisson arrivals are
uniform given their number (S. Ross, Stochastic Processes, 1996, theorem 2.3.1).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from mmesim import units
from mmesim.arrays import Floats
from mmesim.errors import TraceError
from mmesim.scenario.traffic.trace.note import TraceNote
from mmesim.workload.trace.formats.rows import RawCalls
from mmesim.workload.trace.notes import say
from mmesim.workload.trace.replay.order import check

COARSE_S = 0.01
"""Grids finer than this are left alone."""
LOOKED_AT = 20_000
"""Calls at the beginning of a file in which a grid is looked for."""
FEWEST_CALLS, FEWEST_INSTANTS, SHARED = 30, 10, 0.01
"""A grid needs this many calls, instants, and this share of calls at an instant that another call has."""
BURSTY = 2.0
"""Above this dispersion of the counts in a cell, calls come in bursts that go on below the grid."""
_MICROS = 1e6


@dataclass(frozen=True)
class Grid:
    """All times are multiples of `unit_s`."""

    unit_s: float
    shared: float
    """Share of the calls that have the time of an earlier one."""
    dispersion: float
    """Variance over mean of the calls in a cell; 1 for Poisson arrivals."""
    counted: bool = False
    """The file has no times of calls, but counts of them."""

    @property
    def hides_bursts(self) -> bool:
        """Whether calls come in bursts that go on below the grid."""
        return not self.counted and self.dispersion > BURSTY

    @property
    def text(self) -> str:
        """What was found, what is done, and what is lost."""
        unit = units.show_seconds(self.unit_s)
        if self.counted:
            return (
                f"counts of calls in {unit}: calls are spread at random inside it; bursts shorter than {unit} cannot "
                "be recovered, so the true tail may be longer"
            )
        said = (
            f"all times are multiples of {unit}, and {units.show_fraction(self.shared, 2)} of the calls have the time "
            f"of an earlier one: calls are spread at random inside {unit}, or they would come as bursts "
            f"(resolution: none replays the times as they are; a log with milliseconds is better)"
        )
        if self.hides_bursts:
            said += (
                f"; counts in {unit} vary {self.dispersion:.2g} times as much as Poisson ones: bursts shorter than "
                f"{unit} cannot be recovered, so the true tail may be longer"
            )
        elif self.unit_s >= 60.0:
            said += f"; bursts shorter than {unit} cannot be recovered, so the true tail may be longer"
        return said


def tell(file: Path, grid: Grid) -> None:
    """Say that a grid was found; a warning where it hides bursts that are there."""
    evidence: dict[str, float | str] = {
        "resolution_s": grid.unit_s,
        "share_of_shared_times": grid.shared,
        "dispersion": grid.dispersion,
    }
    severity: Literal["warning", "note"] = "warning" if grid.hides_bursts else "note"
    say(TraceNote("trace_grid", file, grid.text, severity, {} if grid.counted else evidence))


def looked_at(pieces: Iterator[RawCalls]) -> tuple[Grid | None, Iterator[RawCalls]]:
    """The grid on which the times of a file lie, None for fine ones, and the same calls from the beginning.

    The first `LOOKED_AT` calls decide, fewer when they show that there is no grid; they are held in memory. What is
    wrong with one of them is said when the replay gets there, which it may never do.
    """
    head: list[RawCalls] = []
    unit = held = 0
    broken: list[TraceError] = []
    while held < LOOKED_AT and not 0 < unit < COARSE_S * _MICROS:
        try:
            piece = next(pieces, None)
        except TraceError as error:
            broken.append(error)
            break
        if piece is None:
            break
        if not len(piece.time):
            continue
        head.append(piece)
        held += len(piece.time)
        micros = _micros(piece.time[: len(piece.time) - max(0, held - LOOKED_AT)], head[0].time[0])
        unit = math.gcd(unit, int(np.gcd.reduce(micros))) if len(micros) else unit
    grid = _grid(head, unit) if unit >= COARSE_S * _MICROS else None
    return grid, itertools.chain(head, _raised(broken), pieces)


def _raised(errors: list[TraceError]) -> Iterator[RawCalls]:
    yield from ()
    for error in errors:
        raise error


def _micros(time: Floats, first: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.rint((time - first) * _MICROS).astype(np.int64)


def _grid(head: list[RawCalls], unit: int) -> Grid | None:
    time = np.concatenate([piece.time for piece in head])[:LOOKED_AT]
    cell = _micros(time, float(time[0])) // unit
    cell -= cell.min()
    instants = len(np.unique(cell))
    shared = 1.0 - instants / len(cell)
    if len(cell) < FEWEST_CALLS or instants < FEWEST_INSTANTS or shared < SHARED:
        return None
    cells = int(cell.max()) + 1
    # Empty cells count, but are not held: a grid may be fine and its file long.
    counts = np.unique(cell, return_counts=True)[1].astype(np.float64)
    squares = float((counts * counts).sum())
    mean = len(cell) / cells
    return Grid(unit / _MICROS, shared, (squares / cells - mean * mean) / mean)


def counted(pieces: Iterator[RawCalls]) -> tuple[Grid | None, Iterator[RawCalls]]:
    """The widest stretch of the first calls of a file of counts, None without calls, and the same calls."""
    first = next(pieces, None)
    if first is None or first.width is None:
        return None, iter(())
    grid = Grid(float(first.width.max()), 1.0, 1.0, counted=True)
    return grid, itertools.chain([first], pieces)


def spread(
    pieces: Iterable[RawCalls], unit_s: float, disorder_s: float, generator: np.random.Generator
) -> Iterator[RawCalls]:
    """Each call at a uniform time in [t, t + unit), or in its own stretch; call k of the file has draw k.

    Order is checked here, on the times of the file: spread ones are out of order by up to one unit more.
    """
    latest = -np.inf
    for piece in pieces:
        if piece.duration is None:
            check(piece, latest, disorder_s)
            latest = max(latest, float(piece.time.max())) if len(piece.time) else latest
        width = unit_s if piece.width is None else piece.width
        yield replace(piece, time=piece.time + width * generator.random(len(piece.time)), width=None)


def begun(pieces: Iterable[RawCalls], from_zero: bool) -> Iterator[RawCalls]:
    """Calls stamped at their end, moved to their beginning; TraceError for one before 0 where times count from 0."""
    for piece in pieces:
        if piece.duration is None:
            yield piece
            continue
        time = piece.time - piece.duration
        if from_zero and len(time) and (time < 0.0).any():
            at = int(np.argmax(time < 0.0))
            piece.fail(
                at,
                f"a call of {units.show_seconds(float(piece.duration[at]))} that ends at {float(piece.time[at])!r} s "
                f"begins before 0: count_from: first counts from the first call",
            )
        yield replace(piece, time=time, duration=None)
