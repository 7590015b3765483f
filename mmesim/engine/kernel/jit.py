"""How the kernel is compiled: one place for Numba's options, its cache folder and the bound entry points."""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import njit

from mmesim.engine.kernel import cache
from mmesim.engine.kernel.linking import compilers
from mmesim.engine.kernel.pointers import DIRECTORY

_HERE = Path(__file__).parent
_njit: Callable[..., Any] = functools.partial(njit, _nrt=False, error_model="numpy")
# With reference counting (`_nrt`) Numba would count references of every table at every call. Without it an allocation
# in the kernel is a compile error, which is wanted.

_compilers = compilers()
_linked, _whole = ({}, {}) if _compilers is None else ({"pipeline_class": kind} for kind in _compilers)


def cache_key() -> str:
    """Hash of every kernel source, of where they lie, and of the versions that decide the machine code.

    Numba's own cache notices a change in the file of the entry point only, not in the files that it calls; and it finds
    nothing that was compiled for the same sources in another folder.
    """
    digest = hashlib.sha256(str(_HERE).encode())
    for path in sorted(_HERE.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    for part in (numba.__version__, np.__version__, platform.python_version(), platform.machine()):
        digest.update(part.encode())
    digest.update(os.environ.get("NUMBA_BOUNDSCHECK", "").encode())
    return digest.hexdigest()[:16]


def cache_folder() -> Path | None:
    """The private folder of the compiled kernel; None where nothing can be kept (see kernel.cache)."""
    return cache.folder(f"kernel-{cache_key()}")


def is_compiled() -> bool:
    """Whether a compiled kernel for exactly these sources lies, undamaged, in its folder."""
    folder = cache_folder()
    return folder is not None and cache.is_complete(folder)


def inner(function: Callable[..., Any]) -> Any:
    """Compile a function that only the kernel calls: no wrapper for Python, nothing cached."""
    return _njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_linked)(function)


def inline(function: Callable[..., Any]) -> Any:
    """Like `inner`, and always expanded where it is called: for small functions on the path of every request."""
    return _njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True, **_linked)(function)


def plain(function: Any) -> Callable[..., Any]:
    """The Python function that was compiled: for tests, and for arrays of what the kernel takes one at a time."""
    python: Callable[..., Any] = getattr(function, "py_func", function)
    return python


def whole(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls, with all that it calls."""
    return _njit(**_whole)(function)


def entry(function: Callable[..., Any]) -> Any:
    """Like `whole`, kept on disk: it takes long the first time."""
    return cache.keep(whole(function), cache_folder())


class Verbs:
    """Functions `(t, now, whole numbers..., reals...)` that Python does by number; a decorator that numbers them.

    The numbers are those of the order of definition, so all verbs of an entry belong in one module. Annotations say
    what an argument is, `int` or `float`; a function that answers says `-> int`.
    """

    INTEGERS = ("i", "j")
    REALS = ("x", "y", "z")

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._functions: dict[str, Any] = {}
        self._lines: list[str] = []

    def __call__(self, function: Callable[..., Any]) -> Any:
        """The function, compiled, with a number of its own."""
        name, signature = function.__name__, inspect.signature(function)
        kinds = [parameter.annotation for parameter in signature.parameters.values()][2:]
        integers, reals = kinds.count(int), kinds.count(float)
        if kinds != [int] * integers + [float] * reals or integers > len(self.INTEGERS) or reals > len(self.REALS):
            raise TypeError(f"verb {name}: up to two arguments int, then up to three float, after t and now")
        call = f"{name}({', '.join(['t', 'now', *self.INTEGERS[:integers], *self.REALS[:reals]])})"
        answer = [f"return {call}"] if signature.return_annotation is int else [call, "return 0"]
        self._lines += [f"    if verb == {len(self.numbers)}:", *(f"        {line}" for line in answer)]
        self.numbers[name] = len(self.numbers)
        self._functions[name] = inner(function)
        return self._functions[name]

    def dispatcher(self) -> Any:
        """The function that does the verb with a number, compiled."""
        head = f"def do(t, verb, now, {', '.join((*self.INTEGERS, *self.REALS))}):"
        made = dict(self._functions)
        exec("\n".join([head, *self._lines, "    return 0"]), made)
        return inline(made["do"])


def bind(function: Any, *kinds: Any) -> Callable[..., Any]:
    """The compiled `function` of the tables and of arguments of these types (int, float), without Numba's dispatcher.

    The dispatcher looks at the type of every argument at each call, which costs more than the call. The bound entry
    point does not: it takes the address of the tables' directory. With NUMBA_DISABLE_JIT=1 it is the plain function.
    """
    if not hasattr(function, "overloads"):
        plain: Callable[..., Any] = function
        return plain
    return _bound(function, kinds)


@functools.cache
def _bound(function: Any, kinds: tuple[type, ...]) -> Callable[..., Any]:
    """The entry point for arguments of these types; every run of a process has the same."""
    function.compile((DIRECTORY, *(numba.typeof(kind()) for kind in kinds)))
    if len(function.overloads) != 1:
        raise TypeError(f"{function.__name__}: one overload expected, found {len(function.overloads)}")
    bound: Callable[..., Any] = next(iter(function.overloads.values())).entry_point
    return bound
