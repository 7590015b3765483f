"""stdout and stderr of a command: nobody may be listening, the disk behind them may be full, names may hold escapes."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from mmesim.errors import OutputError
from mmesim.report.plain import harmless, harmless_but_colours

NOBODY = (errno.EPIPE, errno.EBADF)
"""What the system says when nobody reads: `| head` has gone, or the stream was closed with `>&-`."""


class Stream:
    """A text stream around another one, to which nothing is written that steers a terminal.

    A reader who goes away loses the rest and stops nothing: what the command does and its exit code are the same.
    Anything else that the system says against writing becomes an OutputError if it `matters`.
    """

    def __init__(self, stream: TextIO, name: str, matters: bool) -> None:
        self._stream = stream
        self._name = name
        self._matters = matters

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def terminal(self) -> TextIO:
        """The stream itself, for what draws on a terminal."""
        return self._stream

    @property
    def encoding(self) -> str:
        """Any text is taken, whatever becomes of it: for one that says ASCII, typer would go round this stream."""
        return "utf-8"

    def write(self, text: str) -> int:
        """Write a text; OutputError when it cannot be and matters."""
        if not isinstance(text, str):
            raise TypeError(f"a text stream, not one of {type(text).__name__}")  # typer tries which one it is
        if text:
            with self._heard():
                self._write(harmless_but_colours(text) if self._stream.isatty() else harmless(text))
        return len(text)

    def flush(self) -> None:
        """Hand on what was written; OutputError when it cannot be and matters."""
        with self._heard():
            self._stream.flush()

    def _write(self, text: str) -> None:
        raw = getattr(self._stream, "buffer", None)
        if not isinstance(raw, io.RawIOBase):
            self._stream.write(text)
            return
        # With PYTHONUNBUFFERED Python forgets what did not fit into the first write.
        data = memoryview(text.encode(self._stream.encoding, "backslashreplace"))
        while data:
            data = data[raw.write(data) or 0 :]

    @contextlib.contextmanager
    def _heard(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            _discard(self._stream)
            if self._matters and error.errno not in NOBODY:
                raise OutputError(f"cannot write to {self._name}: {error.strerror or error}") from error


@contextlib.contextmanager
def safe_streams() -> Iterator[None]:
    """Puts both streams in place for one command."""
    _open_what_is_closed()
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name in any script, also where LANG is C
    made: Any = Stream(sys.stdout, "stdout", matters=True), Stream(sys.stderr, "stderr", matters=False)
    sys.stdout, sys.stderr = made
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _open_what_is_closed() -> None:
    """Else the next file that is opened would be stdout, and whatever prints would write into it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            with contextlib.suppress(OSError):
                os.fstat(number)
                continue
            while os.open(os.devnull, os.O_RDWR) < number:
                """The lowest number that is free is taken: until it is this one."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until Python ends


def _discard(stream: TextIO) -> None:
    """From now on what is written goes nowhere; also what Python still has to write when it ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
