"""The seam: SimPy's clock, with the data plane run in between its events."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop
from math import inf

import simpy
from simpy.core import EmptySchedule

from mmesim.engine.dataplane import DataPlane
from mmesim.engine.kernel.codes import GROW, REACHED


class Environment(simpy.Environment):
    """A SimPy environment whose `step` first lets the data plane run up to SimPy's next event.

    At one instant the control plane (SimPy) goes first. The data plane stops early when it needs a decision; then
    SimPy's clock moves to that moment and the handler of the signal acts, usually by starting a process or by
    triggering an event.
    """

    __slots__ = ("now",)
    now: float
    """The time, seconds: the very place where SimPy keeps it. Its own `now` is a call, of which a load has a dozen."""

    def __init__(self, plane: DataPlane) -> None:
        super().__init__()
        self._plane = plane
        self._handlers: dict[int, Callable[[int], object]] = {}

    def handle(self, signal: int, handler: Callable[[int], object]) -> None:
        """Let `handler(row)` act on a signal of the data plane."""
        self._handlers[signal] = handler

    def step(self) -> None:
        """Run the data plane up to the next event and process that event, or act on the data plane's signal."""
        plane, queue = self._plane, self._queue
        signal, row = plane.advance(plane.rows, queue[0][0] if queue else inf)
        if signal == REACHED:
            if not queue:
                raise EmptySchedule
            self._now, _, _, event = heappop(queue)  # from here on as in simpy.Environment.step
            callbacks = event.callbacks
            event.callbacks = None  # type: ignore[assignment]  # SimPy marks an event as processed so
            for callback in callbacks:
                callback(event)
            if not event._ok and not hasattr(event, "_defused"):
                error = type(event._value)(*event._value.args)
                error.__cause__ = event._value
                raise error
        elif signal == GROW:
            plane.make_room(row)
        else:
            now = plane.now
            if now > self._now:
                self._now = now
            self._handlers[signal](row)


Environment._now = Environment.now  # SimPy reads and writes the slot under this name
