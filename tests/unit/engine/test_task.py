"""Tasks, slots and events that happen at once: the same order as SimPy's, without its turns."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
import simpy

from mmesim.engine.control.task import Slots, Task, happen


def test_a_task_runs_up_to_its_first_pause_while_it_is_made():
    env, seen = simpy.Environment(), []

    def work() -> Generator[simpy.Event, Any, str]:
        seen.append(("begun", env.now))
        yield env.timeout(2.0)
        seen.append(("ended", env.now))
        return "done"

    task = Task(env, work())
    assert (seen, task.is_alive) == ([("begun", 0.0)], True)
    env.run()
    assert seen == [("begun", 0.0), ("ended", 2.0)]
    assert (task.is_alive, task.value, task.processed) == (False, "done", True)


def test_a_task_within_a_task_leaves_the_outer_one_active():
    env, active = simpy.Environment(), []

    def inner() -> Generator[simpy.Event, Any, None]:
        active.append(env.active_process)
        yield env.timeout(0.0)

    def outer() -> Generator[simpy.Event, Any, None]:
        active.append(Task(env, inner()))
        active.append(env.active_process)
        yield env.timeout(0.0)

    task = Task(env, outer())
    assert active == [active[1], active[1], task]
    assert env.active_process is None


def test_the_end_of_a_task_is_an_event_for_whoever_waits_and_none_otherwise():
    env, heard = simpy.Environment(), []

    def work(value: int) -> Generator[simpy.Event, Any, int]:
        yield env.timeout(1.0)
        return value

    def wait(task: Task) -> Generator[simpy.Event, Any, None]:
        heard.append((yield task))

    Task(env, wait(Task(env, work(7))))
    alone = Task(env, work(8))
    env.run()
    assert heard == [7]
    assert (next(env._eid), alone.value) == (3, 8)  # two time-outs and the end that is waited for
    Task(env, wait(alone))  # has ended long ago: no pause
    assert heard == [7, 8]


def test_an_interrupt_reaches_a_task_and_ends_its_wait():
    env, seen = simpy.Environment(), []

    def work() -> Generator[simpy.Event, Any, None]:
        try:
            yield env.timeout(10.0)
        except simpy.Interrupt as interrupt:
            seen.append((env.now, interrupt.cause))
        yield env.timeout(1.0)
        seen.append((env.now, "went on"))

    task = Task(env, work())
    env.run(until=3.0)
    task.interrupt("enough")
    env.run()
    assert seen == [(3.0, "enough"), (4.0, "went on")]


def test_a_failure_nobody_waits_for_ends_the_run():
    env = simpy.Environment()

    def work() -> Generator[simpy.Event, Any, None]:
        yield env.timeout(1.0)
        raise KeyError("lost")

    Task(env, work())
    with pytest.raises(KeyError, match="lost"):
        env.run()
    assert env.now == 1.0


def test_a_failure_at_once_ends_the_run_too():
    env = simpy.Environment()

    def work() -> Generator[simpy.Event, Any, None]:
        if env.now == 0.0:
            raise KeyError("lost")
        yield env.timeout(1.0)

    Task(env, work())
    with pytest.raises(KeyError, match="lost"):
        env.run()


def test_a_failure_reaches_the_task_that_waits_for_it():
    env, caught = simpy.Environment(), []

    def work() -> Generator[simpy.Event, Any, None]:
        yield env.timeout(1.0)
        raise KeyError("lost")

    def wait() -> Generator[simpy.Event, Any, None]:
        try:
            yield Task(env, work())
        except KeyError as error:
            caught.append((env.now, error.args, type(error.__cause__)))

    Task(env, wait())
    env.run()
    assert caught == [(1.0, ("lost",), KeyError)]


def test_what_happens_goes_on_within_the_call_and_needs_no_turn():
    env, seen = simpy.Environment(), []
    event = env.event()

    def wait(name: str) -> Generator[simpy.Event, Any, None]:
        yield event
        seen.append(name)
        yield event  # has happened already: no pause
        seen.append(name.upper())

    Task(env, wait("a"))
    Task(env, wait("b"))
    assert seen == []
    happen(event)
    assert seen == ["a", "A", "b", "B"]
    assert (event.triggered, event.processed, event.value, env.peek()) == (True, True, None, float("inf"))


def test_slots_are_granted_at_once_while_there_are_some_and_in_order_afterwards():
    env, got = simpy.Environment(), []
    slots = Slots(env, 2)

    def work(name: str, seconds: float) -> Generator[simpy.Event, Any, None]:
        request = slots.request()
        yield request
        got.append((name, env.now))
        yield env.timeout(seconds)
        slots.release(request)

    for name, seconds in (("a", 2.0), ("b", 1.0), ("c", 5.0), ("d", 1.0)):
        Task(env, work(name, seconds))
    assert got == [("a", 0.0), ("b", 0.0)]
    assert (slots.count, slots.waiting) == (2, 2)
    env.run()
    assert got == [("a", 0.0), ("b", 0.0), ("c", 1.0), ("d", 2.0)]
    assert (slots.count, slots.waiting) == (0, 0)


def test_who_gives_up_in_the_queue_leaves_it_and_takes_no_slot():
    env, got = simpy.Environment(), []
    slots = Slots(env, 1)

    def work(name: str) -> Generator[simpy.Event, Any, None]:
        request = slots.request()
        try:
            yield request
            got.append((name, env.now))
            yield env.timeout(4.0)
        except simpy.Interrupt:
            got.append((f"{name} gave up", env.now))
        finally:
            slots.release(request)

    tasks = [Task(env, work(name)) for name in ("first", "second", "third")]
    env.run(until=1.0)
    tasks[1].interrupt()
    env.run()
    assert got == [("first", 0.0), ("second gave up", 1.0), ("third", 4.0)]
    assert (slots.count, slots.waiting) == (0, 0)
