"""Processes and slots of the control plane without the turns that SimPy takes where nothing can happen in between."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any

import simpy


class Task(simpy.Process):
    """A process that begins at once, and whose end is an event only for those who wait for it."""

    def __init__(self, env: simpy.Environment, generator: Generator[simpy.Event, Any, Any]) -> None:
        self.env = env
        self.callbacks = []
        self._generator = generator
        self._target = None
        self._resume(_now(simpy.Event(env)))

    def _resume(self, event: Any) -> None:
        env = self.env
        before, env._active_proc = env._active_proc, self
        while True:
            try:
                if event._ok:
                    event = self._generator.send(event._value)
                else:
                    event._defused = True
                    error = type(event._value)(*event._value.args)
                    error.__cause__ = event._value
                    event = self._generator.throw(error)
            except StopIteration as end:
                event = None
                self._ok = True
                self._value = end.value
                if self.callbacks:
                    env.schedule(self)
                else:
                    self.callbacks = None
                break
            except BaseException as error:
                event = None
                self._ok = False
                self._value = error
                env.schedule(self)
                break
            if event.callbacks is not None:
                event.callbacks.append(self._resume)
                break
        self._target = event
        env._active_proc = before


def _now(event: Any) -> Any:
    event._ok = True
    event._value = None
    event.callbacks = None
    return event


def happen(event: Any) -> None:
    """The event happens now: who waits for it goes on within this very turn."""
    callbacks = event.callbacks
    _now(event)
    for callback in callbacks:
        callback(event)


class Slots:
    """So many at a time, first come first served. A free slot is had at once, without an event."""

    __slots__ = ("_env", "_free", "capacity", "queue")

    def __init__(self, env: simpy.Environment, capacity: int) -> None:
        self._env = env
        self.capacity = capacity
        self._free = capacity
        self.queue: deque[Any] = deque()
        """Who waits for a slot, first come first."""

    @property
    def count(self) -> int:
        """Slots in use."""
        return self.capacity - self._free

    def request(self) -> Any:
        """An event that has happened when a slot is free, else happens when one is given back."""
        event = simpy.Event(self._env)
        if self._free > 0:
            self._free -= 1
            return _now(event)
        self.queue.append(event)
        return event

    def release(self, event: Any) -> None:
        """Give a slot back, or the place in the line for one."""
        if not event.triggered:
            self.queue.remove(event)
        elif self.queue:
            self.queue.popleft().succeed()
        else:
            self._free += 1
