"""Where a result comes from: provenance.json, beside summary.json, which stays the same bytes on every machine."""

from __future__ import annotations

import importlib.util
import inspect
import platform
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from mmesim import __version__
from mmesim.results.folder.command_line import command_line
from mmesim.scenario.file.dump import dump
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.function import Function
from mmesim.scenario.values.meanings import Documented

FILE = "provenance.json"
PACKAGES = ("numpy", "numba", "llvmlite", "simpy", "scipy", "pandas", "pyarrow", "pydantic", "PyYAML")
"""Packages that figures depend on."""


class _Record(Documented):
    model_config = ConfigDict(extra="forbid", frozen=True)


Role = Literal["process", "eviction", "scaling"]


class UserCode(_Record):
    """A user function that ran in a simulation."""

    function: str
    """module:function"""
    role: Role
    """what it was: a process on the simulation's clock, an eviction policy, or a scaling policy"""
    file: str | None
    """file of its module; null for a function without one, as in an interactive session"""
    sha256: str | None
    """SHA-256 of that file; null without one"""


class Origin(_Record):
    """What is known of a run before it begins: a file of the user may change while it runs."""

    started_at: datetime
    """when it began (UTC)"""
    user_code: tuple[UserCode, ...]
    """the user functions that run in it"""


class Provenance(_Record):
    """The versions, the command and the inputs that a result comes from; it differs from run to run."""

    mmesim: str
    """version of mmesim"""
    python: str
    """version of Python"""
    packages: dict[str, str]
    """version of each package that figures depend on"""
    platform: str
    """operating system and processor"""
    command_line: tuple[str, ...] | None
    """words of the command, `mmesim` first; null when Python called"""
    scenario: str
    """name of the scenario"""
    scenario_sha256: str
    """SHA-256 of the resolved scenario: that of scenario.yaml in the folder of a run; of a sweep before its points are
    set"""
    seed: int
    """seed of the random numbers"""
    replications: Annotated[int, Field(ge=0)]
    """finished replications; of a sweep those of all points, simulated or from the store"""
    user_code: tuple[UserCode, ...]
    """the user functions that ran; of a sweep those of the scenario before its points are set"""
    started_at: datetime | None
    """when the simulation began (UTC); null when that was not recorded"""
    written_at: datetime
    """when this file was written (UTC)"""
    simulation_s: float | None
    """wall-clock seconds of simulation, summed over replications, as `wall_s` in the summary; null for a sweep"""

    def to_json(self) -> str:
        """The text of provenance.json."""
        return self.model_dump_json(indent=2) + "\n"


def origin(scenario: Scenario, processes: Sequence[Callable[..., Any]] = ()) -> Origin:
    """The origin of a run that begins now; `processes` are those that Python passed beside the scenario's."""
    return Origin(started_at=_now(), user_code=tuple(user_code(scenario, processes)))


def provenance(
    scenario: Scenario, replications: int, simulation_s: float | None = None, begun: Origin | None = None
) -> Provenance:
    """The provenance of a result of this scenario, as of now; without `begun` the scenario's functions as they are."""
    words = command_line()
    return Provenance(
        mmesim=__version__,
        python=platform.python_version(),
        packages={name: version(name) for name in PACKAGES},
        platform=platform.platform(),
        command_line=None if words is None else ("mmesim", *words),
        scenario=scenario.name,
        scenario_sha256=sha256(dump(scenario).encode()).hexdigest(),
        seed=scenario.run.seed,
        replications=replications,
        user_code=tuple(user_code(scenario)) if begun is None else begun.user_code,
        started_at=None if begun is None else begun.started_at,
        written_at=_now(),
        simulation_s=simulation_s,
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def user_code(scenario: Scenario, processes: Sequence[Callable[..., Any]] = ()) -> Iterator[UserCode]:
    """The user functions that a scenario runs, and those that Python passes beside them."""
    for spec in scenario.processes:
        yield _described(spec.function, "process", _file_of_module(spec))
    for function in processes:
        name = f"{getattr(function, '__module__', '?')}:{getattr(function, '__qualname__', repr(function))}"
        yield _described(name, "process", _file_of_function(function))
    eviction, scaling = scenario.endpoint.eviction, scenario.endpoint.autoscaling
    if isinstance(eviction, Function):
        yield _described(eviction.function, "eviction", _file_of_module(eviction))
    for spec in () if scaling is None else scaling.own_code:
        yield _described(spec.function, "scaling", _file_of_module(spec))


def _described(name: str, role: Role, file: Path | None) -> UserCode:
    try:
        content = None if file is None else file.read_bytes()
    except OSError:
        content = None
    if content is None:
        return UserCode(function=name, role=role, file=None, sha256=None)
    return UserCode(function=name, role=role, file=str(file), sha256=sha256(content).hexdigest())


def _file_of_module(spec: Function) -> Path | None:
    """The file that the module of a function is read from, found without importing it: beside the scenario first."""
    inside = Path(*spec.module.split("."))
    folder = (spec.folder or Path.cwd()).resolve()
    for candidate in (folder / inside / "__init__.py", folder / inside.with_suffix(".py")):
        if candidate.is_file():
            return candidate
    try:
        found = importlib.util.find_spec(spec.module)
    except (ImportError, ValueError):
        return None
    return None if found is None or found.origin is None else Path(found.origin)


def _file_of_function(function: Callable[..., Any]) -> Path | None:
    try:
        file = inspect.getsourcefile(inspect.unwrap(function))
    except TypeError:  # an object that can be called, or a built-in function
        return None
    return None if file is None else Path(file)
