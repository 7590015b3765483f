"""The folder that a result is written to, whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from mmesim.errors import OutputError
from mmesim.files import beside, put, writing

SUMMARY = "summary.json"
SCENARIO = "scenario.yaml"
FILES: frozenset[str] = frozenset(
    {
        SUMMARY,
        "provenance.json",
        SCENARIO,
        "requests.parquet",
        "windows.parquet",
        "hosts.parquet",
        "models.parquet",
        "report.html",
    }
)
"""What a result folder may hold: a folder with anything else in it is never replaced."""

LITTER: frozenset[str] = frozenset({".DS_Store", ".directory", "Thumbs.db", "desktop.ini"})
"""What file managers leave in every folder that somebody looks at: it goes with the earlier result."""

Writer = Callable[[Path], object]


def prepare(folder: Path, scenario: str | None = None) -> None:
    """Make sure that a result could be written to `folder`, and leave everything as it was.

    Raises OutputError when the place cannot be written, holds something that is not an earlier result of mmesim, or
    holds that of a scenario of another name than `scenario`.
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
    of = _summary(target / SUMMARY).get("scenario", scenario)
    if scenario is not None and of != scenario:
        raise OutputError(f"{folder} holds the result of another scenario, {of!r}: choose another folder with --out")


def write(folder: Path, files: Mapping[str, Writer]) -> Path:
    """Write a result folder and return its path; each writer gets the path of its own file.

    The files are written next to `folder` and take its place when all are complete. When anything fails, what was there
    before is still there. Raises OutputError.
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
        put(fresh, target, old)
    return target


def is_kept_scenario(file: Path) -> bool:
    """Whether a scenario file is the copy that a result keeps of what was simulated."""
    return file.name == SCENARIO and (file.parent / SUMMARY).is_file()


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
    try:
        found = {entry.name for entry in target.iterdir()} - LITTER
    except FileNotFoundError:
        return  # somebody else replaces it at this moment
    except OSError as error:
        raise OutputError(f"cannot write to {target}: {error.strerror or error}") from error
    if not found:
        return
    foreign = sorted(found - FILES)
    if foreign:
        raise OutputError(
            f"{target} holds {foreign[0]!r}, which is not part of a result of mmesim: choose another folder with --out"
        )
    if found and not _is_summary(target / SUMMARY) and target.exists():
        raise OutputError(f"{target} is not an earlier result of mmesim: choose another folder with --out")


def _summary(path: Path) -> Mapping[str, object]:
    """What is in a summary.json; nothing where there is none."""
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return summary if isinstance(summary, dict) else {}


def _is_summary(path: Path) -> bool:
    summary = _summary(path)
    return {"scenario", "version", "ledger_ms", "checks"} <= summary.keys()
