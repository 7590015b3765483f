"""Files that are written whole or not at all: under another name first, moved to their own when they are complete."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmesim.errors import OutputError

TEMPORARY = ".mmesim-"
"""How the names of temporary folders begin: short, since the name beside it may be as long as a name can be."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the system says against writing to `path` becomes an OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write to {path}: {error.strerror or error}") from error


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path`, on the same disk; the folder around both is made. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=path.parent) as folder:
        yield Path(folder)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A new file that takes the place of `path` when all has gone well; raises OutputError.

    When anything fails, what was at `path` before is still there, and nothing is left beside it.
    """
    with writing(path), beside(path) as folder:
        fresh = folder / path.name
        yield fresh
        fresh.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a text, whole or not at all; raises OutputError."""
    with whole(path) as fresh:
        fresh.write_text(text, encoding="utf-8")
