"""The points of a sweep: combinations, a list, or a sample spread evenly over ranges."""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmesim.errors import UserError
from mmesim.scenario.run.grid import MOST_POINTS, size
from mmesim.scenario.run.sweep import Range, Sample, Sweep
from mmesim.stats.sampling import latin_hypercube, sobol

Point = dict[str, object]
"""Field as in `--set` -> value as a file would have it."""

DIGITS = 6
"""Significant digits of a drawn value: what is simulated is what is shown, on every machine."""


def count(sweep: Sweep) -> int:
    """How many points a sweep has, without making them."""
    if sweep.points is not None:
        return len(sweep.points)
    if sweep.sample is not None:
        return sweep.sample.n
    return size(sweep.grid or {})


def fields_of(sweep: Sweep) -> set[str]:
    """The fields that a sweep varies."""
    if sweep.points is not None:
        return {field for point in sweep.points for field in point}
    return set(sweep.sample.ranges if sweep.sample is not None else sweep.grid or ())


def points(sweep: Sweep, seed: int) -> tuple[Point, ...]:
    """The points of a sweep in order: of a grid the last field changes fastest, a sample is drawn from seed.

    UserError when there are more than can be kept in memory.
    """
    if count(sweep) > MOST_POINTS:
        raise UserError(f"{count(sweep):,} points are more than the {MOST_POINTS:,} that a sweep may have")
    if sweep.points is not None:
        return tuple(dict(point) for point in sweep.points)
    if sweep.sample is not None:
        return _drawn(sweep.sample, seed)
    grid = sweep.grid or {}
    return tuple(dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values()))


def read_points(path: Path) -> tuple[Point, ...]:
    """The points of a CSV file: a header of fields, then one point a row. UserError with the line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = [name.strip() for name in next(rows, [])]
            found: list[Point] = []
            for row in rows:
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) != len(header):
                    raise UserError(f"{path}:{rows.line_num}: {len(row)} values for {len(header)} fields")
                found.append({name: cell.strip() for name, cell in zip(header, row, strict=True)})
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    twice = [name for name in header if header.count(name) > 1]
    if "" in header or twice or not found:
        reason = "a column has no name" if "" in header else f"duplicate column {twice[0]!r}" if twice else "no points"
        raise UserError(f"{path}: {reason}: write a header such as endpoint.instance_count, then one point a line")
    return tuple(found)


def _drawn(sample: Sample, seed: int) -> tuple[Point, ...]:
    spread = latin_hypercube if sample.method == "lhs" else sobol
    shares = spread(sample.n, len(sample.ranges), np.random.default_rng(seed))
    columns = [_values(span, shares[:, i].tolist()) for i, span in enumerate(sample.ranges.values())]
    return tuple(dict(zip(sample.ranges, values, strict=True)) for values in zip(*columns, strict=True))


def _values(span: Range, shares: Sequence[float]) -> list[object]:
    """The values of one field, from shares between 0 and 1."""
    first, last, unit = span.ends
    whole = not unit and isinstance(first, int) and isinstance(last, int)
    found: list[object] = []
    for share in shares:
        if whole and span.scale == "linear":
            found.append(int(first) + min(math.floor(share * (last - first + 1)), int(last - first)))
            continue
        plain = first + share * (last - first) if span.scale == "linear" else first * math.pow(last / first, share)
        text = np.format_float_positional(plain, DIGITS, unique=False, fractional=False, trim="-")
        found.append(round(plain) if whole else f"{text} {unit}" if unit else float(text))
    return found
