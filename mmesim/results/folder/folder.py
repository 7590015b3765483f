"""The folder that a result is written to, whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mmesim.errors import OutputError
from mmesim.files import beside, put, writing
from mmesim.results.folder.pictures import OF_DIFF, OF_PLAN, OF_RUN, files

SCENARIO = "scenario.yaml"


@dataclass(frozen=True)
class Kind:
    """What folders of one kind hold: one with anything else in it is never replaced."""

    document: str
    """the file that every one has: a JSON object"""
    keys: frozenset[str]
    """some of its keys, by which it is recognised"""
    name: str
    """its key with the name of the scenario"""
    files: frozenset[str]
    """the others that it may hold"""

    def of(self, folder: Path) -> Mapping[str, object]:
        """The document of a folder; nothing where there is none of this kind."""
        try:
            found = json.loads((folder / self.document).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) and self.keys <= found.keys() else {}


RUN = Kind(
    "summary.json",
    frozenset({"scenario", "version", "ledger_ms", "checks"}),
    "scenario",
    frozenset(
        {
            "provenance.json",
            SCENARIO,
            "requests.parquet",
            "windows.parquet",
            "window_times.parquet",
            "windows_10s.parquet",
            "hosts.parquet",
            "models.parquet",
            "happened.parquet",
            "histograms.parquet",
            "miss_ratio.parquet",
            "report.html",
            "timeline.json.gz",
        }
    )
    | files(OF_RUN),
)
PLAN = Kind(
    "plan.json",
    frozenset({"mmesim", "grid", "fleets", "answer"}),
    "name",
    frozenset(
        {
            "provenance.json",
            SCENARIO,
            "fleets.parquet",
            "model.json",
            "endpoint-config.json",
            "config.properties",
            "serving.properties",
            "autoscaled.yaml",
            "scalable-target.json",
            "scaling-policy.json",
            "report.html",
        }
    )
    | files(OF_PLAN),
)
SWEEP = Kind(
    "sweep.json",
    frozenset({"mmesim", "fields", "metrics", "points"}),
    "scenario",
    frozenset({"provenance.json", SCENARIO, "sweep.parquet", "sweep.csv", "sweep.sqlite", "report.html"}),
)
GATE = Kind(
    "gate.json",
    frozenset({"mmesim", "verdict", "scenarios", "seconds"}),
    "verdict",
    frozenset({"report.html"}),
)

DIFF = Kind(
    "diff.json",
    frozenset({"version", "same_calls", "figures", "first_divergence"}),
    "a",
    frozenset({SCENARIO, "a", "b", "report.html"}) | files(OF_DIFF),
)

LITTER: frozenset[str] = frozenset({".DS_Store", ".directory", "Thumbs.db", "desktop.ini"})
"""What file managers leave in every folder that somebody looks at: it goes with the earlier result."""

Writer = Callable[[Path], object]


def prepare(folder: Path, scenario: str | None = None, kind: Kind = RUN, store: Path | None = None) -> None:
    """Make sure that a result could be written to `folder`, and leave everything as it was.

    Raises OutputError when the place cannot be written, holds something that is not an earlier result of mmesim, holds
    that of a scenario of another name than `scenario`, or would have the `store` in it, which a result does not.
    """
    target = _target(folder)
    writable(folder, target.parent)
    _may_replace(target, kind)
    if store is not None and _target(store).is_relative_to(target):
        raise OutputError(
            f"{folder} is replaced as a whole, and {store}, which keeps what was simulated, would be in it: choose "
            f"a folder inside it with --out, such as {folder / (scenario or kind.document.partition('.')[0])}"
        )
    of = kind.of(target).get(kind.name, scenario)
    if scenario is not None and of != scenario:
        raise OutputError(f"{folder} holds the result of another scenario, {of!r}: choose another folder with --out")


def writable(folder: Path, place: Path) -> None:
    """OutputError when files could not be written into `place`, which need not be there, and is not made."""
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise OutputError(f"cannot write to {folder}: {place} is not a folder")
    with writing(folder), beside(place / folder.name):
        pass


def write(folder: Path, files: Mapping[str, Writer], kind: Kind = RUN) -> Path:
    """Write a result folder and return its path; each writer gets the path of its own file.

    The files are written next to `folder` and take its place when all are complete. When anything fails, what was there
    before is still there. Raises OutputError.
    """
    unknown = set(files) - kind.files - {kind.document}
    if unknown:
        raise ValueError(f"no files of a result: {sorted(unknown)}")
    target = _target(folder)
    with writing(folder):
        _may_replace(target, kind)
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
    return file.name == SCENARIO and any((file.parent / kind.document).is_file() for kind in (RUN, PLAN, SWEEP, DIFF))


def _target(folder: Path) -> Path:
    """The folder itself, so that a link to it stays a link."""
    try:
        return folder.expanduser().resolve()
    except (OSError, RuntimeError) as error:
        raise OutputError(f"cannot write to {folder}: {error}") from error


def _may_replace(target: Path, kind: Kind) -> None:
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
    foreign = sorted(found - kind.files - {kind.document})
    if foreign:
        raise OutputError(
            f"{target} holds {foreign[0]!r}, which is not part of a result of mmesim: choose another folder with --out"
        )
    if not kind.of(target) and target.exists():
        raise OutputError(f"{target} is not an earlier result of mmesim: choose another folder with --out")
