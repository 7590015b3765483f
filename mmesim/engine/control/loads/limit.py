"""The loads under way, and the end of those that take too long."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from typing import Any

import simpy

from mmesim.engine.environment import Environment

TOO_LONG = "load_limit"
"""Cause of the interrupt of a load that is broken off."""


class LoadLimit:
    """Breaks off loads that were asked for longer than `limit_s` ago."""

    def __init__(self, env: Environment, limit_s: float) -> None:
        self._env = env
        self._limit_s = limit_s
        self._begun: deque[tuple[float, simpy.Process, int]] = deque()
        """Deadline, process and pool of the loads under way, and of some that have ended."""
        self._idle: simpy.Event | None = None
        """What is waited for while no load is under way."""
        env.process(self._enforce())

    def begin(self, process: simpy.Process, pool: int) -> None:
        """A load begins."""
        self._begun.append((self._env.now + self._limit_s, process, pool))
        if self._idle is not None:
            self._idle.succeed()
            self._idle = None

    def under_way(self) -> Iterator[tuple[simpy.Process, int]]:
        """The process and the pool of each load that has not ended, the first to begin first."""
        return ((process, pool) for _, process, pool in self._begun if process.is_alive)

    def _enforce(self) -> Generator[simpy.Event, Any, None]:
        env, begun = self._env, self._begun
        while True:
            while begun and not begun[0][1].is_alive:
                begun.popleft()
            if not begun:
                self._idle = env.event()
                yield self._idle
                continue
            deadline, process, _ = begun[0]
            if deadline > env.now:
                yield env.timeout(deadline - env.now)
                continue
            begun.popleft()
            process.interrupt(TOO_LONG)
