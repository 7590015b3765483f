"""Which part may import which: the arrows of the architecture, read from the source."""

import ast
import graphlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import mmesim

ROOT = Path(mmesim.__path__[0])

ANYONE = {"arrays", "errors", "files", "parquet", "roots", "texts", "units"}
ARROWS: dict[str, set[str]] = {
    "cli": {
        "report",
        "experiment",
        "preflight",
        "results.answers.gated",
        "results.comparison.baseline",
        "results.folder",
        "results.result",
        "scenario",
        "workload.trace",
    },
    "pytest_plugin": {"experiment", "report", "results", "scenario"},
    "report": {"scenario"},
    "report.content": {"report", "experiment", "preflight.finding", "results", "scenario", "stats", "workload.trace"},
    "report.ci": {"report", "results.answers", "scenario.file.places"},
    "report.metrics": {"report", "results"},
    "report.notebook": {"experiment", "report", "results", "scenario"},
    "report.page": {"experiment", "report", "results", "scenario", "stats"},
    "report.plots": {"report", "experiment", "results", "scenario", "stats", "workload.trace"},
    "experiment": {"analytic", "engine", "results", "scenario", "stats", "workload.reference"},
    "experiment.explained": {"experiment", "preflight", "results", "scenario", "stats"},
    "experiment.execute": {"engine", "results.measured.run_data", "scenario"},
    "experiment.plan": {"experiment", "preflight", "results", "scenario", "stats", "workload.reference"},
    "experiment.store": {"experiment.execute", "experiment.warmup", "results", "scenario", "stats"},
    "experiment.split": {"experiment", "preflight", "results", "scenario", "stats", "workload"},
    "experiment.sweep": {"experiment", "results", "scenario", "stats"},
    "engine": {"results.measured", "scenario", "stats", "workload"},
    "engine.control": {"engine", "policies", "results.measured.happened", "scenario", "workload"},
    "engine.deploys": {"engine", "results.measured.happened", "scenario"},
    "engine.faults": {"engine", "results.measured.happened", "scenario", "workload"},
    "engine.measure": {"engine", "results.measured", "scenario", "stats"},
    "engine.kernel": set(),
    "engine.timeline": {"engine", "results.timeline.seen", "scenario", "workload.trace"},
    "engine.scaling": {"engine", "policies", "results.measured.happened", "scenario"},
    "policies": {"scenario.endpoint"},
    "results": {"scenario"},
    "results.measured": {"scenario", "stats"},
    "results.figures": {"results.measured", "scenario", "stats"},
    "results.over_time": {"results.measured", "scenario"},
    "results.answers": {"preflight.finding", "results.measured", "scenario"},
    "results.tables": {"results.answers", "results.figures", "results.measured", "scenario", "stats"},
    "results.miss_ratio": {
        "analytic",
        "preflight",
        "results.figures",
        "results.measured",
        "results.tables",
        "scenario",
    },
    "results.expect": {
        "results.answers",
        "results.figures",
        "results.measured",
        "results.over_time",
        "scenario",
        "stats",
    },
    "results.binding": {
        "preflight",
        "results.answers",
        "results.figures",
        "results.measured",
        "results.over_time",
        "scenario",
        "stats",
    },
    "results.findings": {
        "preflight",
        "results.answers",
        "results.binding",
        "results.figures",
        "results.measured",
        "scenario",
        "stats",
    },
    "results.summary": {
        "preflight",
        "results.answers",
        "results.binding",
        "results.expect",
        "results.figures",
        "results.findings",
        "results.measured",
        "results.over_time",
        "scenario",
        "stats",
    },
    "results.folder": {
        "results.answers",
        "results.figures",
        "results.measured",
        "results.miss_ratio",
        "results.over_time",
        "results.summary",
        "results.tables",
        "scenario",
    },
    "results.comparison": {
        "results.answers",
        "results.expect",
        "results.figures",
        "results.measured",
        "results.result",
        "scenario",
        "stats",
    },
    "results.deploy": {"scenario"},
    "results.timeline": {"results.measured", "scenario"},
    "preflight": {"scenario", "workload"},
    "preflight.proof": {"analytic", "preflight", "scenario", "workload"},
    "analytic": set(),
    "workload": {"scenario"},
    "workload.arrivals": {"workload.block", "workload.draws", "scenario"},
    "workload.trace": {"analytic", "workload.block", "workload.draws", "scenario.traffic"},
    "workload.trace.formats": {
        "workload.block",
        "workload.trace.names",
        "workload.trace.notes",
        "scenario.traffic.trace",
        "scenario.values",
    },
    "workload.trace.replay": {
        "workload.block",
        "workload.draws",
        "workload.trace.formats",
        "workload.trace.names",
        "workload.trace.notes",
        "scenario.traffic.trace",
    },
    "workload.draws": {"scenario.models", "scenario.traffic", "scenario.values"},
    "scenario": set(),
    "scenario.file": {"scenario"},
    "scenario.run": {"scenario.clients", "scenario.figures", "scenario.values"},
    "scenario.models": {"scenario.server", "scenario.values"},
    "scenario.server": {"scenario.clients", "scenario.models.groups", "scenario.values"},
    "scenario.traffic": {"scenario.values"},
    "scenario.endpoint": {"scenario.values"},
    "scenario.deploys": {"scenario.endpoint", "scenario.run.condition", "scenario.values"},
    "scenario.clients": {"scenario.values"},
    "scenario.faults": {"scenario.run.condition", "scenario.values"},
    "scenario.values": set(),
    "stats": set(),
    **{room: set() for room in ANYONE},
}
"""Room -> modules and rooms that it may import, besides itself and `ANYONE`.

A room inside a room has a key of its own, such as `scenario.file`, where it may import something else than the room
around it: the longest key that a module lies under holds for it, alone.
"""

EXCEPTIONS = {
    ("experiment/diff/diff.py", "report.notebook.diff.of_diff"),
    ("experiment/plan/result.py", "report.notebook.plan.of_plan"),
    ("experiment/sweep/result.py", "report.notebook.sweep.of_sweep"),
    ("results/answers/capacity.py", "report.notebook.capacity.of_capacity"),
    ("results/answers/explained.py", "report.notebook.explained.of_explanation"),
    ("results/answers/gated.py", "report.notebook.gated.of_gate"),
    ("results/answers/split.py", "report.notebook.split.of_split"),
    ("results/result.py", "report.notebook.run.of_run"),
    ("experiment/diff/diff.py", "report.plots.diff.differences"),
    ("experiment/plan/result.py", "report.plots.plan.pareto"),
    ("experiment/sweep/result.py", "report.plots.sweep.sweep_plot"),
    ("results/answers/capacity.py", "report.plots.capacity.capacity_plot"),
    ("results/result.py", "report.plots.of_result.Plots"),
}
"""Imports against the arrows, inside a method each: a result draws and shows itself."""

KERNEL = ("engine", "kernel")
KERNEL_MAY_IMPORT = ({"numpy", "numba"} | sys.stdlib_module_names) - {"random"}
SPEAK_TO_LLVM = ("cache.py", "pointers.py", "prefetch.py")
"""The modules that speak to Numba's own compiler library."""

FRONT_DOORS = ("__init__", "__main__")
"""They re-export: no arrow holds for them."""


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def place(path: Path) -> str:
    """Where a module lies, as it is named in `EXCEPTIONS` and in a failure."""
    return path.relative_to(ROOT).as_posix()


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Full names of everything that a module imports, also inside functions."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    package = ("mmesim", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*start, *([node.module] if node.module else [])))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def name_of(path: Path) -> str:
    """Full name of a module without `mmesim.`; a package has the name of its folder."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def under(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def room_of(name: str) -> str | None:
    """The longest key of `ARROWS` that a module lies under, None without one."""
    return max((room for room in ARROWS if under(name, room)), key=len, default=None)


def allowed(name: str, target: str) -> bool:
    """True when a module may import another one; both are named without `mmesim.`"""
    room = room_of(name)
    assert room is not None, f"{name} has no arrows"
    return any(under(target, one) for one in ARROWS[room] | ANYONE | {room})


def against_the_arrows(path: Path) -> Iterator[str]:
    """What a module imports and may not."""
    name = name_of(path)
    own = (target.removeprefix("mmesim.") for target in imports(path) if target.startswith("mmesim."))
    for target in own:
        if target != "__version__" and (place(path), target) not in EXCEPTIONS and not allowed(name, target):
            yield target


def test_every_room_has_its_arrows():
    assert {name_of(path) for path in modules() if room_of(name_of(path)) is None} == set(FRONT_DOORS)


def test_every_import_follows_an_arrow():
    of = {place(path): list(against_the_arrows(path)) for path in modules() if name_of(path) not in FRONT_DOORS}
    assert len(of) > 100
    assert {name: wrong for name, wrong in of.items() if wrong} == {}


def test_every_exception_is_needed():
    needed = {(place(path), f"{target}") for path in modules() for target in imports(path)}
    assert {(at, target) for at, target in EXCEPTIONS if (at, f"mmesim.{target}") not in needed} == set()
    assert [(at, to) for at, to in EXCEPTIONS if allowed(at.removesuffix(".py").replace("/", "."), to)] == []


def test_every_arrow_is_followed_by_an_import():
    followed = {
        (room, one)
        for path in modules()
        if (room := room_of(name_of(path))) is not None
        for target in imports(path)
        for one in ARROWS[room]
        if under(target.removeprefix("mmesim."), one)
    }
    assert {(room, one) for room in ARROWS for one in ARROWS[room]} - followed == set()


def test_the_rooms_of_the_results_stand_on_each_other():
    rooms = {room for room in ARROWS if under(room, "results") and room != "results"}
    assert len(rooms) > 10
    graphlib.TopologicalSorter(
        {room: {one for to in ARROWS[room] if (one := room_of(to)) in rooms and one != room} for room in rooms}
    ).prepare()


def test_no_key_of_the_arrows_names_a_room_that_is_gone():
    names = [name_of(path) for path in modules()]
    rooms = {*ARROWS, *(target for targets in ARROWS.values() for target in targets)}
    assert {room for room in rooms if not any(under(name, room) for name in names)} == set()


def test_nothing_but_the_front_door_imports_the_command_line():
    found = {
        place(path): wrong
        for path in modules()
        if not under(name_of(path), "cli")
        and name_of(path) != "__main__"
        and (wrong := [name for name in imports(path) if under(name, "mmesim.cli")])
    }
    assert found == {}


def may_import(path: Path) -> set[str]:
    """What a module of the kernel may import besides the kernel."""
    return KERNEL_MAY_IMPORT | ({"llvmlite"} if path.name in SPEAK_TO_LLVM else set())


def test_the_kernel_imports_only_numpy_numba_and_itself():
    itself = ".".join(("mmesim", *KERNEL))
    files = sorted(ROOT.joinpath(*KERNEL).rglob("*.py"))
    assert len(files) > 5
    foreign = {(path, name) for path in files for name in imports(path) if not under(name, itself)}
    assert {(place(at), name) for at, name in foreign if name.split(".")[0] not in may_import(at)} == set()


def test_a_wrong_arrow_would_be_found():
    assert not allowed("scenario.scenario", "workload.requests")
    assert not allowed("results.result", "engine.simulation")
    assert not allowed("cli.run", "workload.requests")
    assert allowed("cli.run", "workload.trace.replay")
    assert allowed("engine.setup", "engine.kernel.jit")


def test_the_longest_key_holds(monkeypatch):
    arrows = {"scenario": {"scenario.values"}, "scenario.file": {"scenario"}, "scenario.values": set()}
    monkeypatch.setattr(f"{__name__}.ARROWS", arrows)
    assert allowed("scenario.file.load", "scenario.models.groups")
    assert not allowed("scenario.values.times", "scenario.file.load")
    assert not allowed("scenario.values.times", "scenario.models.groups")
    assert allowed("scenario.models.groups", "scenario.models.resolve")
    assert room_of("scenario.files") == "scenario"
    assert room_of("scenarios") is None
