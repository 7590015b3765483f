"""NAME.baseline.json: the figures that a scenario once had, and where they come from; written by `mmesim gate`.

The file is committed beside the scenario, so it has no times and no paths of a machine: the same run gives the same
bytes anywhere. A baseline belongs to the `name` of a scenario.
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationError, model_validator

from mmesim import __version__
from mmesim.errors import UserError
from mmesim.files import write_text
from mmesim.results.answers.sections import Count, Entry
from mmesim.results.comparison import semantics

SUFFIX = ".baseline.json"
FORMAT = 1
"""Changes when the keys of the file do."""
LARGEST = 1e15
"""Of all figures: of a larger one differences say nothing."""
LONGEST = 1000
"""No gate has longer replications, nor more of them: a file that says so would have a comparison run for days."""
ANEW = "write it anew with --update-baseline"


class ForeignFile(UserError):
    """A file with the name of a baseline that is none, and is not overwritten."""


class Origin(Entry):
    """What gave the figures of a baseline: where all of it is the same, the same scenario gives the same figures."""

    mmesim: str
    """version of mmesim"""
    semantics: Count
    """number of its last entry in the changelog of semantics"""
    python: str
    """version of Python"""
    numpy: str
    """version of NumPy"""
    numba: str
    """version of Numba"""
    scipy: str
    """version of SciPy"""
    platform: str
    """operating system, processor with its vector instructions, and C library"""

    @classmethod
    def here(cls) -> Origin:
        """What gives figures here and now."""
        # Code for wider vectors may round differently, and so may another C library.
        vectors = np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", [])
        parts = (platform.system(), platform.machine(), *vectors[-1:], *platform.libc_ver())
        return cls(
            mmesim=__version__,
            semantics=semantics.current(),
            python=platform.python_version(),
            numpy=version("numpy"),
            numba=version("numba"),
            scipy=version("scipy"),
            platform=" ".join(part for part in parts if part),
        )

    def other_than(self, here: Origin) -> list[str]:
        """What differs from another origin besides mmesim: `NumPy 2.1.0 (here 2.3.1)`."""
        titles = {"python": "Python", "numpy": "NumPy", "numba": "Numba", "scipy": "SciPy", "platform": ""}
        pairs = [(title, getattr(self, name), getattr(here, name)) for name, title in titles.items()]
        return [f"{title} {before} (here {now})".lstrip() for title, before, now in pairs if before != now]


class Series(Entry):
    """One figure of every replication."""

    unit: Literal["ms", "share", "count", "/s", "USD"]
    """of the values; a share is 0..1"""
    values: list[Annotated[float, Field(ge=0.0, le=LARGEST)] | None]
    """in the order of the replications; null where a replication has no such figure"""


class Baseline(Entry):
    """The figures that a scenario once had, replication by replication."""

    baseline_of: str
    """name of the scenario"""
    format: Literal[1]
    """of this file"""
    made_with: Origin
    """what gave the figures"""
    scenario_sha256: str
    """SHA-256 of the resolved scenario, with paths relative to its file"""
    fields: dict[str, str]
    """fields of the scenario that were given -> value as YAML"""
    files: dict[str, str]
    """fields that name a file, and your own code -> beginning of the SHA-256 of its content"""
    length: Annotated[int, Field(ge=1, le=LONGEST)]
    """how many short replications one replication is worth"""
    joined: bool
    """true: it is one run that many times as long; false: the mean of that many runs"""
    looks: list[Annotated[int, Field(ge=1)]]
    """replications after which lines were decided"""
    replications: Annotated[int, Field(ge=1, le=LONGEST)]
    """replications with figures"""
    figures: dict[str, Series]
    """figures of each replication"""

    @model_validator(mode="after")
    def _as_many_values(self) -> Baseline:
        for name, series in self.figures.items():
            if len(series.values) != self.replications:
                raise ValueError(f"{name} has {len(series.values)} values of {self.replications} replications")
        return self

    def save(self, file: Path) -> None:
        """Write it, whole or not at all; raises OutputError."""
        write_text(file, self.to_json())

    def to_json(self) -> str:
        """The text of the file: one line for each series, so that a change is a short difference in a repository."""
        data = self.model_dump(mode="json")
        data["looks"] = _Flat(data["looks"])
        for series in data["figures"].values():
            series["values"] = _Flat(series["values"])
        return _text(data) + "\n"


class _Flat(list[Any]):
    """A list on one line."""


def _text(value: Any, indent: str = "") -> str:
    if isinstance(value, dict) and value:
        deeper = f"{indent}  "
        items = [f"{deeper}{json.dumps(key, ensure_ascii=False)}: {_text(one, deeper)}" for key, one in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def file_of(scenario: Path) -> Path:
    """Where the baseline of a scenario file lies: NAME.baseline.json beside NAME.yaml."""
    return scenario.with_name(f"{scenario.stem}{SUFFIX}")


def read(file: Path, name: str) -> Baseline | None:
    """The baseline in a file, None where there is none; UserError when it cannot be that of the scenario `name`."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: is not text in UTF-8, byte {error.start}: {ANEW}") from None
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        conflict = re.search(r"^(<{7}|={7}|>{7})", text, re.MULTILINE)
        why = "has conflicts of a merge" if conflict else f"is not JSON: {error.msg} (column {error.colno})"
        raise UserError(f"{file}:{error.lineno}: {why}: {ANEW}") from None
    except (RecursionError, ValueError) as error:
        raise UserError(f"{file}: is not JSON: {error}") from None
    if not isinstance(data, dict) or "baseline_of" not in data:
        raise ForeignFile(f"{file}: is not a baseline of mmesim, which has the key `baseline_of`: move it away")
    _refuse_newer(file, data)
    try:
        found = Baseline.model_validate(data, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise UserError(f"{file}: is damaged: {where + ': ' if where else ''}{first['msg']}: {ANEW}") from None
    if found.baseline_of != name:
        raise UserError(
            f"{file}: is the baseline of the scenario {found.baseline_of!r}, and this one is {name!r}: a baseline "
            f"belongs to the name of a scenario. Name it as before, or {ANEW}"
        )
    return found


def _refuse_newer(file: Path, data: Mapping[str, Any]) -> None:
    """A file that only a later version can read, or whose figures are those of a later version."""
    made = data.get("made_with")
    made = made if isinstance(made, dict) else {}
    theirs, number, form = made.get("mmesim"), made.get("semantics"), data.get("format")
    later = isinstance(theirs, str) and _numbers(theirs) > _numbers(__version__)
    ahead = any(isinstance(one, int) and one > ours for one, ours in ((number, semantics.current()), (form, FORMAT)))
    if later or ahead:
        raise UserError(
            f"{file}: was written by mmesim {theirs}, which is newer than this one, {_this(later)}: "
            f"update mmesim, or {ANEW}"
        )


def _this(later: bool) -> str:
    """The version that runs, in words that also hold where its number is no lower than that of the file."""
    return __version__ if later else f"an earlier state of {__version__}"


def _numbers(text: str) -> tuple[int, ...]:
    """The release that a version belongs to, as numbers that can be compared."""
    match = re.match(r"\d+(?:\.\d+)*", text)
    return () if match is None else tuple(int(part) for part in match[0].split("."))
