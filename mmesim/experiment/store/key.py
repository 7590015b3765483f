"""The name of a replication by content: equal names measure the same, whatever scenario and files are called."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mmesim.experiment.execute.versions import versions
from mmesim.experiment.warmup import pilots
from mmesim.scenario.file.load import PATHS
from mmesim.scenario.run.settings import AUTO
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.function import Function

KEY_BYTES = 20

NOT_MEASURED = ("replications", "until", "max_replications", "warmup_found")
"""Keys of `run` that say how often is simulated, not what."""


class Keys:
    """Gives names to replications; the content of each file is read once as long as the file does not change."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, int, int], str] = {}

    def base(self, scenario: Scenario) -> bytes:
        """What all replications of a scenario have in common.

        That is everything that decides what is measured: the scenario without its name, its beliefs, its sweep, its
        plan, its split, its number of replications and the prices of types that it has not; of `expect` the latency
        limits alone, which are bucket edges, and the calls that are counted apart; the content of the files that it
        names; and the versions of mmesim, Python, NumPy, Numba and the machine.
        """
        left_out = {"name", "beliefs", "sweep", "plan", "split", "expect"}
        data = scenario.model_dump(mode="json", by_alias=True, exclude=left_out)
        for one in (data, *data["deploys"]):
            (one.get("endpoint") or {}).pop("prices", None)  # the host has that of its type
        for name in NOT_MEASURED:
            data["run"].pop(name, None)
        if scenario.run.warmup_s == AUTO:
            data["run"]["pilots"] = pilots(scenario)  # they decide what is cut
        for pattern in PATHS:
            self._replace(data, pattern)
        named = {
            "scenario": data,
            "limits_s": scenario.latency_limits_s,
            "counted": [asdict(calls) | {"limit_s": limit_s} for calls, limit_s in scenario.counted],
            "functions": [self._source(function) for function in scenario.own_code],
            "versions": versions(),
        }
        text = json.dumps(named, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.blake2b(text.encode(), digest_size=KEY_BYTES).digest()

    def _replace(self, data: Any, pattern: tuple[str, ...]) -> None:
        """Put the content of a file in the place of its path."""
        step, *rest = pattern
        if step == "*":
            for item in data if isinstance(data, list) else []:
                self._replace(item, tuple(rest))
        elif isinstance(data, dict) and data.get(step) is not None:
            if rest:
                self._replace(data[step], tuple(rest))
            else:
                data[step] = self._content(Path(data[step]))

    def _content(self, path: Path) -> str:
        try:
            status = path.stat()
            place = (str(path), status.st_size, status.st_mtime_ns)
            if place not in self._files:
                with path.open("rb") as file:
                    self._files[place] = hashlib.file_digest(file, "blake2b").hexdigest()
        except OSError:
            # The simulation itself says what is wrong with the file.
            return f"unreadable {path}"
        return self._files[place]

    def _source(self, function: Function) -> list[str]:
        """The content of the Python files beside the module that a user's function is in, which it may import."""
        folder = function.folder or Path.cwd()
        inside = folder.joinpath(*function.module.split("."))
        if inside.with_suffix(".py").is_file() or (inside / "__init__.py").is_file():
            return [f"{path.relative_to(folder)} {self._content(path)}" for path in sorted(folder.rglob("*.py"))]
        try:
            found = importlib.util.find_spec(function.module)
        except (ImportError, ValueError):
            found = None
        return [self._content(Path(found.origin)) if found and found.origin else function.function]


def of_replication(base: bytes, replication: int) -> bytes:
    """The name of one replication of the scenario with this `Keys.base`."""
    return base + replication.to_bytes(4, "big")
