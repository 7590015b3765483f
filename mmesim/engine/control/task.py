"""Processes, slots and lines of the control plane without the turns of SimPy in which nothing else can happen.

SimPy starts a process, ends it and grants a resource by an event each, at the present time. Where nobody could act in
between, the event changes nothing but the time that a run takes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from typing import Any

import simpy


class Task(simpy.Process):
    """A process that begins at once, and whose end is an event only if somebody waits for it.

    The generator runs up to its first event that has not happened yet while the task is made. A failure is raised by
    the run, as with any process of SimPy, unless somebody waits for the task and handles it.
    """

    callbacks: Any  # SimPy sets both to None, too, which its own types do not say
    _target: Any

    def __init__(self, env: simpy.Environment, generator: Generator[simpy.Event, Any, Any]) -> None:
        self.env = env
        self.callbacks = []
        self._generator = generator
        self._target = None
        self._resume(_BEGIN)

    def _resume(self, event: Any) -> None:
        """Run the generator, with the value of an event or its failure, up to the next event that is to come."""
        env = self.env
        before, env._active_proc = env._active_proc, self  # a task may begin within the turn of another
        while True:
            try:
                if event._ok:
                    event = self._generator.send(event._value)
                else:
                    event._defused = True
                    error = type(event._value)(*event._value.args)  # a copy for this task, as SimPy does
                    error.__cause__ = event._value
                    event = self._generator.throw(error)
            except StopIteration as end:
                event = None
                self._ok, self._value = True, end.value
                if self.callbacks:
                    env.schedule(self)
                else:
                    self.callbacks = None
                break
            except BaseException as error:
                event = None
                self._ok, self._value = False, error
                env.schedule(self)
                break
            if event.callbacks is not None:
                event.callbacks.append(self._resume)
                break
        self._target = event
        env._active_proc = before


def happen(event: simpy.Event) -> None:
    """Let an event happen now: whoever waits for it goes on within this call, before it returns."""
    callbacks = event.callbacks
    _happened(event)
    for callback in callbacks:
        callback(event)


def _happened(event: Any) -> simpy.Event:
    """The event as one that has happened, with the value None: yielding it does not pause a process."""
    event._ok = True
    event._value = None
    event.callbacks = None
    done: simpy.Event = event
    return done


_BEGIN = _happened(simpy.Event(None))  # type: ignore[arg-type]  # of no environment: what every task begins with


def together(
    env: simpy.Environment, parts: Iterable[Generator[simpy.Event, Any, None]]
) -> Generator[simpy.Event, Any, None]:
    """Run all parts at the same time, until the last has ended; an interrupt ends them, and goes on."""
    running = [env.process(part) for part in parts]
    try:
        yield env.all_of(running)
    except simpy.Interrupt:
        for one in running:
            if one.is_alive:
                one.interrupt()
        raise


class Slots:
    """A limited number of slots, first come first served. A free slot is granted at once, without an event."""

    __slots__ = ("_env", "_free", "_granted", "_queue", "capacity")

    def __init__(self, env: simpy.Environment, capacity: int) -> None:
        self._env = env
        self._free = capacity
        self._granted = _happened(simpy.Event(env))
        self._queue: deque[simpy.Event] = deque()
        self.capacity = capacity

    @property
    def count(self) -> int:
        """Slots in use."""
        return self.capacity - self._free

    @property
    def waiting(self) -> int:
        """Requests that wait for a slot."""
        return len(self._queue)

    def request(self) -> simpy.Event:
        """A request for a slot: an event that has happened already when a slot is free, else happens in its turn."""
        if self._free > 0:
            self._free -= 1
            return self._granted
        event = simpy.Event(self._env)
        self._queue.append(event)
        return event

    def release(self, request: simpy.Event) -> None:
        """Give back the slot of a request, or its place in the queue if it has no slot yet."""
        if not request.triggered:
            self._queue.remove(request)
        elif self._queue:
            self._queue.popleft().succeed()
        else:
            self._free += 1


class Line:
    """Loads that wait for room on a host, in the order in which they first asked for it.

    When room may have been made, all look, in that order. Whoever would look before they have done so, joins them.
    """

    __slots__ = ("_env", "_tickets", "_waiting", "turn_due")

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._waiting: dict[int, simpy.Event] = {}
        self._tickets = 0
        self.turn_due = False
        """Room may have been made at this very moment, and those in the line have not looked yet."""

    def ticket(self) -> int:
        """A place behind all that were given out."""
        self._tickets += 1
        return self._tickets

    def wait(self, ticket: int) -> simpy.Event:
        """The event at which the holder of this ticket may look."""
        event = self._waiting[ticket] = simpy.Event(self._env)
        return event

    def wake(self) -> None:
        """All that wait, or begin to wait at this moment, look before time goes on."""
        if not self.turn_due:
            self.turn_due = True
            turn = simpy.Event(self._env)
            turn.callbacks.append(self._look)
            turn.succeed()

    def _look(self, _: simpy.Event) -> None:
        self.turn_due = False
        waiting, self._waiting = self._waiting, {}
        for ticket in sorted(waiting):
            happen(waiting[ticket])
