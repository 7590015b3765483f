"""A task on its way to another process: its scenario is pickled once, and unpickled once by each process.

A scenario of 100,000 models is 10 MB and takes seconds to pickle: as bytes it travels with each task in a moment.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from dataclasses import dataclass, replace
from typing import Any

from mmesim.experiment.execute.task import Task
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.scenario import Scenario


@dataclass(frozen=True)
class Parcel:
    """A task as bytes; `name` is that of its scenario, by content."""

    name: bytes
    scenario: bytes
    task: bytes

    def open(self) -> Task:
        """The task; the scenario is the object of the last parcel if that had the same."""
        global _last
        last = _last  # another thread may put another one in its place
        if last[0] != self.name:
            last = _last = self.name, pickle.loads(self.scenario)
        task: Task = _Opener(io.BytesIO(self.task), last[1]).load()
        return task


class Packer:
    """Makes parcels; the scenario of the task before is not pickled again."""

    def __init__(self) -> None:
        self._scenario: Scenario | None = None
        self._bytes = self._name = b""

    def pack(self, task: Task) -> Parcel:
        """The task as bytes."""
        if task.scenario is not self._scenario:
            self._bytes = pickle.dumps(task.scenario, pickle.HIGHEST_PROTOCOL)
            self._name = hashlib.blake2b(self._bytes).digest()
            self._scenario = task.scenario
        file = io.BytesIO()
        _Closer(file, task.scenario).dump(task)
        return Parcel(self._name, self._bytes, file.getvalue())


def without_names(run: RunData, scenario: Scenario) -> RunData:
    """The measurements without the names of the models, where they are those of the scenario: the sender has them."""
    return replace(run, model_names=()) if run.model_names == _names(scenario) else run


def with_names(run: RunData, scenario: Scenario) -> RunData:
    """The measurements as they were before `without_names`."""
    return run if run.model_names else replace(run, model_names=_names(scenario))


def _names(scenario: Scenario) -> tuple[str, ...]:
    """The names of the models; those of the scenario before are kept, so that its replications share them."""
    global _named
    if _named is None or _named[0] is not scenario:
        _named = scenario, tuple(model.name for model in scenario.model_table())
    return _named[1]


_named: tuple[Scenario, tuple[str, ...]] | None = None


_last: tuple[bytes, Scenario | None] = (b"", None)
"""Name and object of the scenario that was unpickled last in this process."""

_SCENARIO = "scenario"


class _Closer(pickle.Pickler):
    def __init__(self, file: io.BytesIO, scenario: Scenario) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._scenario = scenario

    def persistent_id(self, obj: Any) -> str | None:
        return _SCENARIO if obj is self._scenario else None


class _Opener(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, scenario: Scenario | None) -> None:
        super().__init__(file)
        self._scenario = scenario

    def persistent_load(self, pid: Any) -> Scenario | None:
        return self._scenario
