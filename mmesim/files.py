"""Files that are written whole or not at all: under another name first, moved to their own when they are complete."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import os
import platform
import re
import shutil
import tempfile
import time
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
    """A temporary folder beside `path`, on the same disk; the folder around both is made. Raises OSError.

    What processes that were killed have left there is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent)
    prefix = f"{TEMPORARY}{_machine()}-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=path.parent, ignore_cleanup_errors=True) as folder:
        yield Path(folder).absolute()  # a colon in a relative path would make an address of it for Arrow


ABANDONED_S = 86_400.0
"""Age from which a temporary folder belongs to nobody, whichever machine made it."""
_OWNED = re.compile(rf"{re.escape(TEMPORARY)}([0-9a-f]{{8}})-(\d+)-.*")


def _machine() -> str:
    return hashlib.blake2b(platform.node().encode(), digest_size=4).hexdigest()


def _sweep(folder: Path) -> None:
    for path in folder.glob(f"{TEMPORARY}*"):
        owner = _OWNED.fullmatch(path.name)
        with contextlib.suppress(OSError):
            ours = owner is not None and owner[1] == _machine()
            gone = ours and owner is not None and not _is_alive(int(owner[2]))
            if gone or time.time() - path.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(path, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True


ATTEMPTS = 100
"""How often a folder is tried to be put in its place while others do the same."""


def put(fresh: Path, target: Path, old: Path) -> None:
    """Put a folder in the place of another one, or where there is none, in one step where the system can do that.

    The other one is afterwards at `fresh` or at `old`. Raises OSError, and then it is where it was.
    """
    for attempt in range(ATTEMPTS):
        try:
            if not target.exists():
                fresh.rename(target)
            elif not _exchanged(fresh, target):
                _replace(fresh, target, old / str(attempt))
        except OSError as error:
            # Somebody else has just put theirs there, or taken it away.
            if error.errno not in (errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY) or attempt + 1 == ATTEMPTS:
                raise
            time.sleep(0.001 * attempt)
        else:
            return


def _replace(fresh: Path, target: Path, old: Path) -> None:
    """In two steps: a process that is killed between them leaves none."""
    old.parent.mkdir(exist_ok=True)
    target.rename(old)
    try:
        fresh.rename(target)
    except BaseException:
        with contextlib.suppress(OSError):
            old.rename(target)
        raise


AT_FDCWD, RENAME_EXCHANGE = -100, 2


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two paths in one step (Linux, renameat2); False where the system or the disk cannot."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    return bool(rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A new file that takes the place of `path` when all has gone well; raises OutputError.

    When anything fails, what was at `path` before is still there, and nothing is left beside it. A link stays a link.
    What is not a file, such as /dev/null, /dev/stdout or a pipe, is written to and never replaced.
    """
    with writing(path):
        if path.exists() and not path.is_file() and not path.is_dir():
            with tempfile.TemporaryDirectory(prefix=TEMPORARY) as elsewhere:
                fresh = Path(elsewhere, path.name)
                yield fresh
                with fresh.open("rb") as source, path.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
            return
        target = path.resolve()
        with beside(target) as folder:
            fresh = folder / path.name
            yield fresh
            fresh.replace(target)


def write_text(path: Path, text: str) -> None:
    """Write a text, whole or not at all; raises OutputError."""
    with whole(path) as fresh:
        fresh.write_text(text, encoding="utf-8")


def write_new(path: Path, text: str) -> None:
    """Write a text, whole or not at all, where nothing is yet; raises FileExistsError and OutputError."""
    if path.exists():
        raise FileExistsError(path)
    with writing(path), beside(path) as folder:
        fresh = folder / path.name
        fresh.write_text(text, encoding="utf-8")
        # Unlike a rename, a link replaces nothing; there are disks without links.
        with contextlib.suppress(OSError):
            os.link(fresh, path)
            return
        if not path.exists():
            fresh.rename(path)
            return
    raise FileExistsError(path)
