"""Custom functions of a scenario: how they are found, and how their failures are reported."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from mmesim.errors import UserCodeError, UserError
from mmesim.scenario.values.function import Function

_PACKAGE = Path(__file__).parents[1]


def find(spec: Function, arguments: int) -> Callable[..., Any]:
    """The function that a scenario names, which takes that many arguments.

    UserError when there is none, when its module cannot be imported, or when it is not a function of the user: a
    scenario must not name `os:system`.

    A module in the scenario's folder (else the working folder) goes before any other of its name. It is imported anew
    each time, so that what one run leaves in its variables does not reach the next run; that folder is on Python's path
    during the import only.
    """
    folder = (spec.folder or Path.cwd()).resolve()
    first = spec.module.partition(".")[0]
    if first in sys.stdlib_module_names and not _is_in(folder, first):
        raise UserError(f"{spec.function}: {first} belongs to Python: name a function of your own")
    try:
        with _importing_from(folder, first):
            module = importlib.import_module(spec.module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{spec.module}.".startswith(f"{error.name}."):
            raise UserError(f"{spec.function}: {where(error)}") from error
        raise UserError(f"{spec.function}: there is no module {spec.module} in {folder} or on Python's path") from None
    except Exception as error:
        raise UserError(f"{spec.function}: the module cannot be imported: {where(error)}") from error
    function = getattr(module, spec.name, None)
    if not callable(function):
        raise UserError(f"{spec.function}: {module.__file__} has no function {spec.name}")
    home = str(getattr(function, "__module__", None) or "").partition(".")[0]
    if home in sys.stdlib_module_names and home != first:
        raise UserError(f"{spec.function}: {spec.name} is a function of Python's {home}: name one of your own")
    try:
        inspect.signature(function).bind(*range(arguments))
    except (TypeError, ValueError):
        raise UserError(f"{spec.function}: {spec.name} does not take {arguments} arguments") from None
    found: Callable[..., Any] = function
    return found


def _is_in(folder: Path, module: str) -> bool:
    return (folder / f"{module}.py").is_file() or (folder / module / "__init__.py").is_file()


def where(error: BaseException) -> str:
    """An exception as a line for people: its kind, what it says, and the last line outside mmesim that led to it."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if _PACKAGE not in Path(frame.filename).parents
    ]
    place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    if isinstance(error, SyntaxError):
        place = f" ({error.filename}, line {error.lineno})"
    return f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}{place}"


def failed(name: str, error: BaseException) -> UserCodeError:
    """The failure of a user's function called `name`."""
    return UserCodeError(f"{name} raised {where(error)}")


def name_of(function: Callable[..., Any]) -> str:
    """A function as `module:function`."""
    return f"{getattr(function, '__module__', '?')}:{getattr(function, '__qualname__', repr(function))}"


@contextmanager
def _importing_from(folder: Path, first: str) -> Iterator[None]:
    """Imports look into `folder` first; `first`, the first part of a module's name, is imported anew if it is there.

    Nothing that is imported from the folder stays behind.
    """
    there = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    there.discard("mmesim")
    hidden = {name: sys.modules.pop(name) for name in _imported({first} & there)}
    known, path = set(sys.modules), list(sys.path)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = path
        for name in _imported(there):
            if name not in known and _lies_in(sys.modules[name], folder):
                del sys.modules[name]
        sys.modules.update(hidden)


def _imported(names: set[str]) -> list[str]:
    """Imported modules whose first name is one of `names`."""
    return [name for name in sys.modules if name.partition(".")[0] in names]


def _lies_in(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and folder in Path(file).resolve().parents
