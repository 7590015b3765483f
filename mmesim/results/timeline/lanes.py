"""Lays slices on lanes, so that those of one lane never overlap: viewers cannot draw them otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush


def lanes(slices: Sequence[tuple[int, int]]) -> list[int]:
    """For each slice (begin, end) the number of its lane: the lowest that is free then, from 0.

    Slices come in order of their begins; one may begin where another ends. No more lanes are used than slices overlap.
    """
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    found = []
    for begin, end in slices:
        while busy and busy[0][0] <= begin:
            heappush(free, heappop(busy)[1])
        lane = heappop(free) if free else len(busy)
        found.append(lane)
        heappush(busy, (end, lane))
    return found
