"""The cases: which files a kind of input consists of, and what is done with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.fuzz import bases
from tests.fuzz.mutate import mutant, value

Words = list[str]
RUN = ["run", "scenario.yaml", "--no-requests", "--out", "out", "--quiet"]

SWEEP = ["sweep", "scenario.yaml", "--replications", "1", "--quiet"]


@dataclass(frozen=True)
class Case:
    """Files, and the command lines that read them, in order; the next is run only if those before ended well."""

    files: Mapping[str, bytes]
    commands: tuple[Words, ...]

    def write(self, folder: Path) -> None:
        """Put the files there."""
        for name, data in self.files.items():
            (folder / name).write_bytes(data)


def _one(rng: np.random.Generator, *texts: str) -> str:
    return texts[int(rng.integers(len(texts)))]


def scenario(rng: np.random.Generator) -> Case:
    """A scenario file is checked, and run if it is accepted and small."""
    data = mutant(rng, _one(rng, bases.SCENARIO, bases.SCENARIO, bases.MINIMAL))
    return Case({"scenario.yaml": data}, (["validate", "scenario.yaml"], RUN))


def trace(rng: np.random.Generator) -> Case:
    """A recorded trace, or a log, is described and replayed."""
    name, text, scenario = _TRACES[int(rng.integers(len(_TRACES)))]
    of_a_log = ["--format", "access-log", "--pattern", bases.PATTERN, "--time-format", bases.TIMES]
    # Without them the layout is recognised by the beginning of the file, or it is read as a table.
    options = of_a_log if name == "t.log" and rng.random() < 0.8 else []
    files = {name: mutant(rng, text), "scenario.yaml": scenario.encode()}
    return Case(files, (["trace", "describe", name, *options], ["trace", "models", name, *options], RUN))


_TRACES = (
    ("t.csv", bases.TRACE, bases.WITH_TRACE),
    ("t.csv", bases.TRACE.replace(",", ";"), bases.WITH_TRACE),
    ("t.log", bases.LOG, bases.WITH_LOG),
)


def table(rng: np.random.Generator) -> Case:
    """A table of models."""
    files = {"table.csv": mutant(rng, bases.TABLE), "scenario.yaml": bases.WITH_TABLE.encode()}
    return Case(files, (["validate", "scenario.yaml"], RUN))


def server(rng: np.random.Generator) -> Case:
    """A configuration file of a model server."""
    text = _one(rng, bases.PROPERTIES, bases.PROPERTIES, bases.TORCHSERVE)
    files = {"config.properties": mutant(rng, text), "scenario.yaml": bases.WITH_CONFIG.encode()}
    return Case(files, (["validate", "scenario.yaml"], RUN))


def option(rng: np.random.Generator) -> Case:
    """`--set` with a path and a value; neither need fit."""
    path = _one(rng, *bases.PATHS)
    changes = [f"--set={path}={value(rng)}" if rng.random() < 0.95 else f"--set={value(rng)}"]
    if rng.random() < 0.2:
        changes.append(f"--set={_one(rng, *bases.PATHS)}={value(rng)}")
    return Case(
        {"scenario.yaml": bases.MINIMAL.encode()},
        (["validate", "scenario.yaml", *changes], [*RUN, *changes]),
    )


def sweep(rng: np.random.Generator) -> Case:
    """A sweep: its section, or its options."""
    if rng.random() < 0.5:
        files = {"scenario.yaml": mutant(rng, bases.SWEPT)}
        return Case(
            files, (["validate", "scenario.yaml"], ["sweep", "scenario.yaml", "--replications", "1", "--quiet"])
        )
    words = _one(rng, "--sample", "--replications", "--jobs", "--store", "--out", "--set")
    files = {"scenario.yaml": bases.SWEPT.encode()}
    return Case(files, ([*SWEEP, words, value(rng)],))


def gate(rng: np.random.Generator) -> Case:
    """A gate: the scenario, or its options; what is finished is in its store for the second time."""
    words = ["gate", "scenario.yaml", "--quiet"]
    if rng.random() < 0.8:
        files = {"scenario.yaml": mutant(rng, bases.GATED)}
        return Case(files, ([*words, "--explain"], [*words, "--json", "gate.json", "--markdown", "gate.md"]))
    option = _one(rng, "--jobs", "--store", "--set", "--json", "--junit", "--markdown")
    return Case({"scenario.yaml": bases.GATED.encode()}, ([*words, option, value(rng)],))


KINDS: dict[str, Callable[[np.random.Generator], Case]] = {
    "scenario": scenario,
    "trace": trace,
    "table": table,
    "server": server,
    "option": option,
    "sweep": sweep,
    "gate": gate,
}


def make(kind: str, number: int) -> Case:
    """The case of this kind and number."""
    return KINDS[kind](np.random.default_rng([number, *kind.encode()]))
