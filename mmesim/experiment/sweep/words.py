"""What a sweep varies, from Python data or from the words of a command line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from pydantic import ValidationError

from mmesim.errors import ScenarioError, UserError
from mmesim.experiment.sweep.points import read_points
from mmesim.scenario.file.problems import from_validation
from mmesim.scenario.file.yaml import read_text, write_text
from mmesim.scenario.run.sweep import Sweep

_RANGE = re.compile(r"(.+?)\.\.(.+?)(?:\s+(log|linear))?")


def read_sweep(what: object) -> Sweep:
    """The sweep of plain data, a grid (map) or a list of points; raises ScenarioError for what cannot be."""
    return read_section({"grid" if isinstance(what, Mapping) else "points": what})


def read_section(section: Mapping[str, object]) -> Sweep:
    """The sweep of a whole section as plain data; raises ScenarioError for what cannot be."""
    try:
        return Sweep.model_validate(section, by_alias=True, by_name=False)
    except ValidationError as error:
        tree = read_text(write_text(_plain(section)), "sweep", Path.cwd())
        raise ScenarioError([replace(one, line=None) for one in from_validation(error, tree, (), Sweep)]) from None


def _plain(value: object) -> object:
    """Maps and lists as YAML knows them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def from_words(grid: Sequence[str], points: Path | None, sample: str | None, ranges: Sequence[str]) -> Sweep | None:
    """The sweep of the options --grid, --points, --sample and --range, None when there is none; UserError."""
    if ranges and sample is None:
        _wrong(f"--range {ranges[0]}", "is part of a sample: add --sample sobol:64 or --sample lhs:64")
    section: dict[str, object] = {}
    if grid:
        axes = [_axis(word) for word in grid]
        named = [path for path, _ in axes]
        for path in named:
            if named.count(path) > 1:
                _wrong(f"--grid {path}", f"is given twice: write all its values in one, {path}=1,2,3")
        section["grid"] = dict(axes)
    if points is not None:
        section["points"] = read_points(points)
    if sample is not None:
        method, colon, number = sample.partition(":")
        if not colon or not number.isdecimal() or method not in ("lhs", "sobol"):
            _wrong(f"--sample {sample}", "write lhs:64 or sobol:64")
        if not ranges:
            _wrong(f"--sample {sample}", 'needs ranges: add --range models.tenant.memory="40 MiB..80 MiB"')
        section["sample"] = {"method": method, "n": int(number), "ranges": dict(_range(word) for word in ranges)}
    return read_section(section) if section else None


def _axis(word: str) -> tuple[str, object]:
    """`endpoint.instance_count=2,4,6` as a field and its values, which are YAML."""
    path, equals, values = word.partition("=")
    if not equals or not path.strip():
        _wrong(f"--grid {word}", "write a field and values, such as endpoint.instance_count=2,4,6")
    return path.strip(), read_text(f"[{values}]", f"--grid {word}", Path.cwd()).plain()


def _range(word: str) -> tuple[str, object]:
    """`models.tenant.memory=40 MiB..80 MiB log` as a field and its range."""
    path, _, values = word.partition("=")
    match = _RANGE.fullmatch(values.strip())
    if match is None or not path.strip():
        _wrong(f"--range {word}", 'write a field and a range, such as models.tenant.memory="40 MiB..80 MiB"')
    low, high = (read_text(text.strip(), f"--range {word}", Path.cwd()).plain() for text in match.groups()[:2])
    return path.strip(), {"low": low, "high": high, "scale": match[3] or "linear"}


def _wrong(subject: str, message: str) -> NoReturn:
    raise UserError(f"{subject}: {message}")
