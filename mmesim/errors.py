"""Every error that mmesim raises on purpose.

MmesimError                 exit code 70
+-- UserError               exit code 64: the input is at fault; str(e) is the whole text for the user
|   +-- ScenarioError       a scenario file (all problems of the file at once)
|   |   +-- Contradiction   parts of it that are in order, but not together
|   +-- CatalogueError      the table of instance types
|   +-- TraceError          a trace of requests
|   +-- OutputError         a result that cannot be written
|   +-- TooLarge            a simulation that does not fit into memory
|   +-- UserCodeError       exit code 70: a user function failed
|   +-- WorkerKilled        exit code 130: a process that ran a replication was killed
+-- SimulationError         exit code 70: the simulator is at fault

Warnings are not errors: a TraceWarning says what is missing from a trace that is replayed anyway, a StoppedWarning why
a run has fewer replications than it should, a DamagedWarning what is made anew.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class MmesimError(Exception):
    """Base of every error that mmesim raises on purpose; `exit_code` is what a command ends with."""

    exit_code = 70


class UserError(MmesimError):
    """The input is at fault: `str(error)` says what to change, a traceback would not help."""

    exit_code = 64


class CatalogueError(UserError):
    """The catalogue of instance types does not know what was asked of it; `hint` names the nearest match."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message} ({self.hint})"


class TraceError(UserError):
    """A trace of requests cannot be replayed: the message names the file and the line."""


class TraceWarning(UserWarning):
    """A trace is replayed, but not all of it: the message names the file and says how much was left out."""


class OutputError(UserError):
    """A result cannot be written where it was asked for."""


class TooLarge(UserError):
    """A simulation does not fit into memory: more calls are in flight than there is room for."""


class WorkerKilled(UserError):
    """A process that ran a replication was killed by somebody else, such as the system when memory runs out."""

    exit_code = 130


STOPPED = (KeyboardInterrupt, WorkerKilled)
"""What ends a run early without a fault of the scenario: what is finished is kept."""


class StoppedWarning(UserWarning):
    """Not all replications were run, and what is finished is used: the message says why."""


class DamagedWarning(UserWarning):
    """Something that was kept is damaged, and is made anew: the message names the file."""


class UserCodeError(UserError):
    """A user function raised, or returned nonsense: the message names it and says what and where."""

    exit_code = 70


class SimulationError(MmesimError):
    """The simulator contradicted itself: a defect of mmesim, never of the input."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input file; `str(problem)` is one line for the user.

    `field` is a dotted path such as `endpoint.instance_type`, empty for the file as a whole; `line` counts from 1;
    `value` is what was written (None when something is missing); `hint` is what to write instead.
    """

    file: str
    line: int | None
    field: str
    value: object
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        subject = f"{self.field}: " if self.field else ""
        hint = f" ({_short(self.hint)})" if self.hint else ""
        return f"{_short(place)}: {_short(subject)}{_short(self.message)}{hint}"


LONGEST = 2_000
"""Characters of each part of a problem that are shown: an input may be one line of many megabytes."""
_LINE_ENDS = {ord(end): end.encode("unicode_escape").decode() for end in "\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"}


def _short(text: str) -> str:
    """The text cut, and on one line: a name with a line end in it would forge another problem."""
    half = LONGEST // 2
    cut = text if len(text) <= LONGEST else f"{text[:half]} ... {text[-half:]}"
    return cut.translate(_LINE_ENDS)


class ScenarioError(UserError):
    """A scenario that cannot be used; `problems` lists everything that is wrong with it, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class Contradiction(ScenarioError):
    """A scenario each part of which is in order, but not with the others: too little memory for the container, say."""


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that is most like the given one, or the only one that contains it; None when none is near."""
    by_lower = {name.lower(): name for name in allowed}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    found = found or [name for name in by_lower if word.lower() in name.split("_")]
    return by_lower[found[0]] if len(found) == 1 else None


def did_you_mean(word: str, allowed: Iterable[str]) -> str | None:
    """`did you mean ...?` for the nearest allowed word, or None when none is near."""
    found = nearest(word, allowed)
    return None if found is None else f"did you mean {found}?"
