"""The fixture `mmesim_run`: results of scenario files for tests of your own."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from mmesim.experiment.run import run
from mmesim.results.result import Result
from mmesim.scenario.file.load import load


class Run(Protocol):
    """What a test calls."""

    def __call__(self, file: str | Path, *overrides: str, replications: int | None = None) -> Result:
        """The result of a scenario file with overrides as for `--set`; UserError for a wrong input."""


class Runs:
    """Runs scenario files, each with the same overrides once; no calls are recorded."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._results: dict[tuple[Path, tuple[str, ...], int | None], Result] = {}

    def __call__(self, file: str | Path, *overrides: str, replications: int | None = None) -> Result:
        """As `Run` says."""
        path = self._root / file
        asked = path, overrides, replications
        if asked not in self._results:
            self._results[asked] = run(load(path, overrides), replications=replications, records=None)
        return self._results[asked]
