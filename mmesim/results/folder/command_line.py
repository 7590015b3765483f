"""The command that is running, for the provenance of what it writes; apart, so that the command line starts fast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

_COMMAND: ContextVar[tuple[str, ...] | None] = ContextVar("command line", default=None)


@contextmanager
def called_as(words: Sequence[str]) -> Iterator[None]:
    """Everything inside was asked for by this command line."""
    token = _COMMAND.set(tuple(words))
    try:
        yield
    finally:
        _COMMAND.reset(token)


def command_line() -> tuple[str, ...] | None:
    """The words of the command that is running; None when Python called."""
    return _COMMAND.get()
