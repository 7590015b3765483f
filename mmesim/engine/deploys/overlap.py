"""What a deploy costs in hosts: how many are there at most, and for how long more than either configuration needs."""

from __future__ import annotations

from collections.abc import Iterable

from mmesim.engine.control.host import Host


def overlap(hosts: Iterable[Host], needed: int, begin_s: float, end_s: float) -> tuple[int, float]:
    """From begin to end: the most hosts at a time, and the integral of their number above `needed`, host seconds."""
    here = [host for host in hosts if host.born_s <= end_s and host.until(end_s) > begin_s]
    came = [(max(host.born_s, begin_s), 1) for host in here]
    changes = sorted([*came, *((host.until(end_s), -1) for host in here)], key=lambda one: (one[0], -one[1]))
    there = most = 0
    since_s, extra_s = begin_s, 0.0
    for at_s, change in changes:
        extra_s += max(0, there - needed) * (at_s - since_s)
        there, since_s = there + change, at_s
        most = max(most, there)
    return most, extra_s
