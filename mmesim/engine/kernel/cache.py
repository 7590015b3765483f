"""Where the compiled kernel is kept: a private folder, in files that carry their checksum.

Numba unpickles what it finds and jumps into it: a damaged file could crash the interpreter, and a file of somebody
else's could do anything. So a folder is used only when it belongs to this user and nobody else may write to it, and a
file only when its checksum is right. Anything else is deleted and compiled anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import pickle
import stat
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile
from numba.core.caching import UserProvidedCacheLocator as _Locator

CHECKSUM = hashlib.sha256
CHECKSUM_BYTES = CHECKSUM().digest_size

ABANDONED_S = 3600.0
"""Age from which a half-written file is one of a process that was killed."""


class NotKept(UserWarning):
    """The compiled kernel cannot be kept: the next run compiles it again."""


def places() -> Iterator[Path]:
    """Folders to keep compiled code in, the best first: NUMBA_CACHE_DIR, else the user's cache; the temporary one."""
    given = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    # A user without a name and without HOME has no folder; where all disks are full there is no temporary one.
    with contextlib.suppress(RuntimeError):
        yield (Path(given) if given else Path.home() / ".cache") / "mmesim"
    with contextlib.suppress(OSError):
        # Everybody may write there: a name for each user, so that none is in the way of another.
        yield Path(tempfile.gettempdir()) / f"mmesim-{_user()}"


def folder(name: str) -> Path | None:
    """The private folder of this name in the first place that has it or lets it be made; None where no place does."""
    for place in places():
        found = place / name
        with contextlib.suppress(OSError):
            if is_private(found):
                return found
            place.mkdir(parents=True, exist_ok=True)
            found.mkdir(mode=0o700, exist_ok=True)
            if is_private(found) and os.access(found, os.W_OK):
                return found
    return None


def is_private(path: Path) -> bool:
    """Whether it is a folder of this user, no link, that nobody else may write to; False when there is none."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and _is_ours(found)


def is_complete(where: Path) -> bool:
    """Whether a folder holds compiled code, and every file of it is sound."""
    files = list(where.glob("*.nb[ci]"))
    return len({path.suffix for path in files}) == 2 and all(_content(path) is not None for path in files)


def keep(function: Any, where: Path | None) -> Any:
    """The compiled function, which looks for its machine code in this folder first, and leaves it there."""
    if where is not None and hasattr(function, "py_func"):  # with NUMBA_DISABLE_JIT=1 it is plain Python
        function._cache = _Kept(function.py_func, where)
    return function


def _user() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else 0


def _is_ours(found: os.stat_result) -> bool:
    """Whether a file belongs to this user, and nobody else may write to it; where there are no owners, it does."""
    return not hasattr(os, "geteuid") or (
        found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


def _content(path: Path) -> bytes | None:
    """What a file holds behind its checksum; None when it cannot be read, is somebody else's, or was damaged."""
    try:
        with path.open("rb") as file:
            if not _is_ours(os.fstat(file.fileno())):
                return None
            whole = file.read()
    except OSError:
        return None
    checksum, content = whole[:CHECKSUM_BYTES], whole[CHECKSUM_BYTES:]
    return content if CHECKSUM(content).digest() == checksum else None


class _Kept(FunctionCache):
    """Numba's cache of one function, in a folder of ours; what cannot be read is missing, and compiled."""

    def __init__(self, function: Callable[..., Any], where: Path) -> None:
        self._impl_class = _in_folder(where)
        super().__init__(function)
        self._files = _Files(self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp())
        self._cache_file = self._files

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled code that is kept; None where there is none.

        Numba would first fill the context with all that it can compile, 0.2 s and 40 MiB, which linking does not need;
        it does so before it compiles anything.
        """
        try:
            return self._load_overload(sig, target_context)
        except Exception:
            # Sound, and yet nothing that this Numba can use.
            self._files.delete()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            self._files.delete()
            warnings.warn(
                f"the compiled kernel could not be kept in {self._cache_path} ({error.strerror or error}): "
                "the next run compiles it again",
                NotKept,
                stacklevel=2,
            )


class _Files(IndexDataCacheFile):
    """The index and the data of one function, each behind a checksum; a damaged file is deleted, and missing."""

    def delete(self) -> None:
        """Delete what is kept, as far as that is possible."""
        stem = Path(self._index_path).name.removesuffix("nbi")
        for path in Path(self._cache_path).glob("*.nb[ci]"):
            if path.name.startswith(stem):
                with contextlib.suppress(OSError):
                    path.unlink()

    def _load_index(self) -> Any:
        content = self._sound(Path(self._index_path))
        if content is None:
            return {}
        file = io.BytesIO(content)
        version = pickle.load(file)
        stamp, overloads = pickle.load(file)
        return overloads if (version, stamp) == (self._version, self._source_stamp) else {}

    def _load_data(self, name: str) -> Any:
        content = self._sound(Path(self._data_path(name)))
        if content is None:
            raise FileNotFoundError(name)  # for Numba a file that another process has just removed: it compiles
        return pickle.loads(content)

    def _sound(self, path: Path) -> bytes | None:
        content = _content(path)
        if content is None and os.path.lexists(path):
            self.delete()
        return content

    @contextlib.contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[io.BytesIO]:
        content = io.BytesIO()
        yield content
        made = content.getvalue()
        self._sweep()
        with super()._open_for_write(filepath) as file:
            file.write(CHECKSUM(made).digest())
            file.write(made)

    def _sweep(self) -> None:
        """Delete what processes that were killed have left half-written."""
        for path in Path(self._cache_path).glob("*.tmp.*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > ABANDONED_S:
                    path.unlink()


def _in_folder(where: Path) -> type[CompileResultCacheImpl]:
    """Numba's rules of what is kept and under which name, for this folder."""

    class Here(_Locator):
        def __init__(self, function: Callable[..., Any], file: str) -> None:
            super().__init__(function, file)
            self._cache_path = str(where)

        def ensure_cache_path(self) -> None:
            """It was made private before, and need not be one that can be written."""

        @classmethod
        def from_function(cls, function: Callable[..., Any], file: str) -> Here:
            return cls(function, file)

    class Kept(CompileResultCacheImpl):
        _locator_classes = [Here]  # noqa: RUF012 - as in Numba

        def reduce(self, cres: Any) -> Any:
            """What is kept: the machine code, of the LLVM code the names alone, and no listing of the types.

            The rest is for functions that inline this one, of which there are none, and for people. It would be six
            times as large as the machine code, and take 30 MiB to load.
            """
            library, descriptor, environment, signature, is_object_mode, lifted, _, *rest = super().reduce(cres)
            name, kind, (machine_code, bitcode) = library
            library = name, kind, (machine_code, _names_of(bitcode))
            return library, descriptor, environment, signature, is_object_mode, lifted, "", *rest

    return Kept


def _names_of(bitcode: bytes) -> bytes:
    """LLVM code that defines the same names as the given one, and nothing else."""
    whole = llvm.parse_bitcode(bitcode)
    names = [one.name for part in (whole.functions, whole.global_variables) for one in part if not one.is_declaration]
    made: bytes = llvm.parse_assembly("\n".join(f'@"{name}" = global i8 0' for name in names)).as_bitcode()
    return made
