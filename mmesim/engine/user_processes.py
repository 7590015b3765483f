"""Custom SimPy processes: started on the simulation's clock, their failures reported by name."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import simpy

import mmesim
from mmesim.engine import user_code
from mmesim.engine.endpoint_control import EndpointControl
from mmesim.errors import UserCodeError
from mmesim.scenario.values.function import Function

UserProcess = Callable[[simpy.Environment, EndpointControl], Generator[simpy.Event, Any, Any]]
"""`watch(env, endpoint)`: a generator function that yields SimPy events."""

_OURS = tuple(str(Path(package.__file__).parent) for package in (mmesim, simpy) if package.__file__)


def named(given: Sequence[UserProcess], in_scenario: Sequence[Function]) -> list[tuple[str, UserProcess]]:
    """Every process with its name, those of the scenario first; UserError when one of them cannot be found."""
    return [(spec.function, user_code.find(spec, 2)) for spec in in_scenario] + [
        (user_code.name_of(one), one) for one in given
    ]


def start(env: simpy.Environment, endpoint: EndpointControl, name: str, function: UserProcess) -> None:
    """Start a process; when it raises, the run ends with UserCodeError."""
    env.process(_guarded(env, endpoint, f"process {name}", function))


def _guarded(
    env: simpy.Environment, endpoint: EndpointControl, name: str, function: UserProcess
) -> Generator[simpy.Event, Any, None]:
    try:
        process: object = function(env, endpoint)
    except Exception as error:
        raise user_code.failed(name, error) from error
    if not isinstance(process, Generator):
        raise UserCodeError(f"{name} returned {process!r}: it must be a generator function, one with a yield")
    sent: Any = None
    thrown: BaseException | None = None
    while True:
        try:
            event = process.send(sent) if thrown is None else process.throw(thrown)
        except StopIteration:
            return
        except Exception as error:
            raise user_code.failed(name, error) from error
        if not isinstance(event, simpy.Event):
            process.close()
            raise UserCodeError(f"{name} yielded {event!r}, which is not an event of SimPy, such as env.timeout(60)")
        sent = thrown = None
        try:
            sent = yield event
        except GeneratorExit:
            process.close()
            raise
        except BaseException as error:
            thrown = error


def at_fault(error: Exception) -> UserCodeError | None:
    """The failure as the user's, if it came out of code that is neither mmesim's nor SimPy's: of a process that a
    user's process has started.
    """
    cause = error.__cause__ or error  # SimPy raises a copy of what a process raised
    theirs = [frame for frame in traceback.extract_tb(cause.__traceback__) if not frame.filename.startswith(_OURS)]
    return user_code.failed(f"a process in {theirs[-1].name}", cause) if theirs else None
