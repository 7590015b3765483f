"""A shared pipe (a host's network, its disk): all transfers get the same rate, none more than its own cap."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import count
from math import inf

import simpy


class Link:
    """Bytes per second shared equally by the transfers under way; one transfer gets at most `each_Bps`.

    Like the CPU it keeps a virtual volume that every transfer has moved; a transfer ends when its own bytes have.
    """

    def __init__(self, env: simpy.Environment, total_Bps: float, each_Bps: float = inf) -> None:
        self._env = env
        self._total_Bps = total_Bps
        self._each_Bps = each_Bps
        self._flows: list[tuple[float, int, simpy.Event]] = []
        self._number = count()
        self._volume = 0.0
        self._at = env.now
        self._plan = 0

    def transfer(self, size_bytes: float) -> simpy.Event:
        """An event that succeeds when `size_bytes` have moved."""
        done = self._env.event()
        self._settle()
        heappush(self._flows, (self._volume + size_bytes, next(self._number), done))
        self._schedule()
        return done

    def limit(self, each_Bps: float) -> None:
        """What one transfer gets at most from now on, those under way too."""
        if each_Bps != self._each_Bps:
            self._settle()
            self._each_Bps = each_Bps
            self._schedule()

    def cancel(self, done: simpy.Event) -> None:
        """Give up a transfer; without effect when it has ended."""
        self._settle()
        self._flows = [flow for flow in self._flows if flow[2] is not done]
        heapify(self._flows)
        self._schedule()

    def clear(self) -> None:
        """Give up all transfers: none of them ends."""
        self._flows.clear()
        self._schedule()

    @property
    def transfers(self) -> int:
        """Transfers under way."""
        return len(self._flows)

    def _rate(self) -> float:
        return min(self._each_Bps, self._total_Bps / len(self._flows))

    def _settle(self) -> None:
        if self._flows:
            self._volume += (self._env.now - self._at) * self._rate()
        self._at = self._env.now

    def _schedule(self) -> None:
        self._plan += 1
        if not self._flows:
            return
        plan = self._plan
        left = max(0.0, self._flows[0][0] - self._volume)
        wake = self._env.timeout(left / self._rate())
        wake.callbacks.append(lambda _: self._wake(plan))

    def _wake(self, plan: int) -> None:
        if plan != self._plan:
            return
        self._settle()
        self._volume = max(self._volume, self._flows[0][0])
        while self._flows and self._flows[0][0] <= self._volume:
            heappop(self._flows)[2].succeed()
        self._schedule()
