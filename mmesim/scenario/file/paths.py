"""Paths that a scenario names, as files that are there; what comes through a pipe is kept while it is needed."""

from __future__ import annotations

import atexit
import shutil
import stat
import tempfile
from pathlib import Path

from mmesim.errors import did_you_mean
from mmesim.scenario.values.fields import shown

_pipes: dict[tuple[int, int], Path] = {}
"""Device and number of a pipe -> the file that keeps what came through it: a pipe can be read once."""


def settled(folder: Path, text: str) -> tuple[Path, str | None]:
    """The absolute path of a file named relative to a folder, and why there can be none, in words, or None.

    A pipe, such as `/dev/stdin` or what a shell makes of `<(...)`, is read into a temporary file, which goes when this
    process ends.
    """
    path = folder / text
    try:
        found = path.stat()
        if stat.S_ISFIFO(found.st_mode) or (stat.S_ISCHR(found.st_mode) and path.name == "stdin"):
            return _kept(path, (found.st_dev, found.st_ino)), None
        path = path.resolve()
        if stat.S_ISREG(found.st_mode):
            return path, None
    except FileNotFoundError:
        return path, f"there is no file {path.resolve()}"
    except ValueError as error:  # a NUL, or half of a character
        return path, f"{shown(text)} cannot be the name of a file: {error}"
    except OSError as error:
        return path, f"there is no file {shown(text)}: {error.strerror or error}"
    return path, f"there is no file {path}: it is {'a folder' if path.is_dir() else 'a device'}"


def nearest_to(path: Path) -> str | None:
    """A hint at the file beside a missing one that has nearly its name; None without one."""
    if path.exists() or not path.parent.is_dir():
        return None
    return did_you_mean(path.name, sorted(file.name for file in path.parent.iterdir() if file.is_file()))


def _kept(pipe: Path, which: tuple[int, int]) -> Path:
    if which not in _pipes:
        folder = Path(tempfile.mkdtemp(prefix="mmesim-pipe-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        copy = folder / pipe.name
        with pipe.open("rb") as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target)
        _pipes[which] = copy
    return _pipes[which]
