"""The folder that a result is written to, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from mmesim.errors import OutputError
from mmesim.files import beside, writing

SUMMARY = "summary.json"
FILES: frozenset[str] = frozenset(
    {
        SUMMARY,
        "provenance.json",
        "scenario.yaml",
        "requests.parquet",
        "windows.parquet",
        "hosts.parquet",
        "models.parquet",
        "report.html",
    }
)
"""What a result folder may hold: a folder with anything else in it is never replaced."""

Writer = Callable[[Path], object]


def prepare(folder: Path) -> None:
    """Make sure that a result could be written to `folder`, and leave everything as it was.

    Raises OutputError when the place cannot be written, or holds something that is not an earlier result of mmesim.
    """
    target = _target(folder)
    parent = target.parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    if not parent.is_dir():
        raise OutputError(f"cannot write to {folder}: {parent} is not a folder")
    with writing(folder), beside(parent / target.name):
        pass
    _may_replace(target)


def write(folder: Path, files: Mapping[str, Writer]) -> Path:
    """Write a result folder and return its path; each writer gets the path of its own file.

    The files are written next to `folder` and moved there when all are complete; an earlier result is moved aside first
    and then removed. When anything fails, what was there before is still there. Raises OutputError.
    """
    unknown = set(files) - FILES
    if unknown:
        raise ValueError(f"no files of a result: {sorted(unknown)}")
    target = _target(folder)
    with writing(folder):
        _may_replace(target)
    # A folder inside a temporary one: the inner has the usual permissions, the outer takes the earlier result.
    with writing(folder), beside(target) as work:
        fresh, old = work / "new", work / "old"
        fresh.mkdir()
        for name, writer in files.items():
            writer(fresh / name)
        _exchange(target, fresh, old)
    return target


def _exchange(target: Path, fresh: Path, old: Path) -> None:
    earlier = target.exists()
    if earlier:
        target.rename(old)
    try:
        fresh.rename(target)
    except BaseException:
        if earlier:
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _target(folder: Path) -> Path:
    """The folder itself, so that a link to it stays a link."""
    try:
        return folder.expanduser().resolve()
    except (OSError, RuntimeError) as error:
        raise OutputError(f"cannot write to {folder}: {error}") from error


def _may_replace(target: Path) -> None:
    try:
        if not target.exists():
            return
    except OSError as error:
        raise OutputError(f"cannot write to {target}: {error.strerror or error}") from error
    if not target.is_dir():
        raise OutputError(f"cannot write to {target}: it is not a folder")
    # A folder is replaced as a whole. A mount point cannot be, and a shell would be left standing in the old folder.
    if os.path.ismount(target):
        raise OutputError(f"{target} has something mounted on it: choose a folder inside it with --out")
    if target == Path.cwd():
        raise OutputError(f"{target} is the current folder: choose a folder inside it with --out")
    found = {entry.name for entry in target.iterdir()}
    if not found:
        return
    foreign = sorted(found - FILES)
    if foreign:
        raise OutputError(
            f"{target} holds {foreign[0]!r}, which is not part of a result of mmesim: choose another folder with --out"
        )
    if not _is_summary(target / SUMMARY):
        raise OutputError(f"{target} is not an earlier result of mmesim: choose another folder with --out")


def _is_summary(path: Path) -> bool:
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(summary, dict) and {"scenario", "version", "ledger_ms", "checks"} <= summary.keys()
