"""Somebody who looks."""

import io


class Terminal(io.StringIO):
    """A stream that is a terminal, and keeps what is written."""

    def isatty(self) -> bool:
        return True
