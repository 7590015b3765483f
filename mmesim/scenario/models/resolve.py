"""Expands groups of models into one resolved row for each model."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mmesim.errors import did_you_mean
from mmesim.scenario.models.azure import azure_rows
from mmesim.scenario.models.csv_table import csv_rows
from mmesim.scenario.models.groups import MOST_MODELS, Model, ModelGroup
from mmesim.scenario.server.frameworks import PRESETS
from mmesim.scenario.server.kind import ServerKind
from mmesim.scenario.server.server import ConfiguredModel, Server
from mmesim.scenario.values.fields import Place, Refusals, Refused

T = TypeVar("T")
PLAIN = re.compile(r"(?!\d+$)[\w-]+")
"""A name that is one step of a path in `--set`; a group of another name is told by its place."""


def called(names: Sequence[str] | None, models: Sequence[Model]) -> tuple[Model, ...]:
    """The models that these names of models and groups choose, in the order of the table; None chooses all."""
    if names is None:
        return tuple(models)
    chosen = set(names)
    return tuple(model for model in models if model.name in chosen or model.group in chosen)


def unknown(names: Sequence[str] | None, models: Sequence[Model]) -> Iterator[tuple[int, str, str | None]]:
    """(place, name, hint) of each name that is neither a model nor a group."""
    known = {model.group for model in models} | {model.name for model in models}
    for place, name in enumerate(names or ()):
        if name not in known:
            groups = list(dict.fromkeys(model.group for model in models))
            more = f" and {len(groups) - MOST_GROUPS:,} more" if len(groups) > MOST_GROUPS else ""
            there = f"the groups are {', '.join(groups[:MOST_GROUPS])}{more}" if len(groups) > 1 else None
            yield place, name, did_you_mean(name, known) or there or f"the only group is {groups[0]}"


MOST_GROUPS = 8
"""Groups that a hint lists."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model before defaults: its name, its group, its own keys, and where it is written."""

    name: str
    group: str
    keys: ModelGroup
    path: Place
    origin: tuple[str, int | None] | None = None
    cells: frozenset[str] = frozenset()
    """Keys that its row of a table or data set gives."""

    def place(self, key: str) -> Place:
        """Where a key of this model is written: a column of its table, or a key of its group."""
        return (key,) if self.origin else (*self.path, key)


def expand(groups: Sequence[ModelGroup], kind: ServerKind) -> tuple[Model, ...]:
    """Every model in the order of the groups; raises Refusals with all that is missing or named twice."""
    if any(group.file is not None or group.azure_functions is not None for group in groups):
        return _expand(tuple(groups), kind)  # the file may be another one by the next time
    return _expanded_once(tuple(groups), kind)


def _expand(groups: tuple[ModelGroup, ...], kind: ServerKind) -> tuple[Model, ...]:
    refused: list[Refused] = []
    if sum(group.count or 1 for group in groups) > MOST_MODELS:
        raise Refusals([Refused(f"more than {MOST_MODELS:,} models cannot be simulated", ("models",))])
    names: set[str] = set()
    twice: list[Entry] = []
    models: list[Model] = []
    resolver = _Resolver(kind)
    incomplete: list[tuple[Entry, tuple[str, ...]]] = []
    # One after the other: what is known of a model before it is resolved takes more memory than the model.
    for index, group in enumerate(groups):
        try:
            step = group.name if PLAIN.fullmatch(group.name) else str(index)
            for entry in _entries(group, ("models", index)):
                if entry.name in names:
                    twice.append(entry)
                    continue
                names.add(entry.name)
                missing = _missing(entry.keys)
                if missing:
                    incomplete.append((entry, missing))
                else:
                    models.append(resolver.model(len(models), entry, step))
        except Refusals as refusals:
            refused.extend(refusals.all)
    refused.extend(_named_twice(twice, groups))
    refused.extend(_once(incomplete))
    if refused:
        raise Refusals(refused)
    return tuple(models)


_expanded_once = functools.lru_cache(maxsize=8)(_expand)
"""The fleets of a plan, or the points of a sweep, have a few tables among them."""


def _entries(group: ModelGroup, path: Place) -> Iterator[Entry]:
    if group.file is not None:
        for row in csv_rows(group.file, group):
            yield Entry(row.name, row.group, row.keys, path, (str(group.file), row.line), row.cells)
    elif group.azure_functions is not None:
        source = group.azure_functions
        told = {"memory": source.memory, "service": source.durations}
        cells = frozenset(key for key, file in told.items() if file is not None)
        for name, keys in azure_rows(source, group):
            yield Entry(name, group.name, keys, path, None, cells)
    elif group.count is None or group.count == 1:
        yield Entry(group.name, group.name, group, path)
    else:
        width = max(3, len(str(group.count - 1)))
        for number in range(group.count):
            yield Entry(f"{group.name}-{number:0{width}d}", group.name, group, path)


def _named_twice(twice: Sequence[Entry], groups: Sequence[ModelGroup]) -> Iterator[Refused]:
    """A refusal for each model whose name another one has before it, and where that is."""
    wanted = {entry.name for entry in twice}
    first: dict[str, Entry] = {}
    for index, group in enumerate(groups if wanted else ()):
        with contextlib.suppress(Refusals):  # the rows before what is wrong have come
            for entry in _entries(group, ("models", index)):
                if entry.name in wanted:
                    first.setdefault(entry.name, entry)
    for entry in twice:
        origin = first[entry.name].origin
        where = f", also at {origin[0]}:{origin[1]}" if origin else ""
        message = f"two models are called {entry.name!r}{where}"
        yield Refused(message, entry.place("name"), None, entry.name, entry.origin)


def _missing(keys: ModelGroup) -> tuple[str, ...]:
    """The keys that neither the model nor the preset of its framework gives."""
    preset = PRESETS[keys.framework]
    wanted = {
        "artifact_size": keys.artifact_bytes,
        "memory": keys.memory_bytes,
        "service": keys.service,
        "process_memory": _or(keys.process_memory_bytes, preset.process_memory_bytes),
        "load": _or(keys.load, preset.load),
    }
    return tuple(key for key, value in wanted.items() if value is None)


def _once(missing: Sequence[tuple[Entry, tuple[str, ...]]]) -> Iterator[Refused]:
    """A refusal for each mistake, with lines that can be pasted: models of one group or table miss a key together."""
    alike: dict[tuple[Place, str | None, str, tuple[str, ...]], list[Entry]] = {}
    for entry, keys in missing:
        file = None if entry.origin is None else entry.origin[0]
        unsourced = tuple(key for key in keys if key in UNSOURCED)
        for together in (unsourced, *((key,) for key in keys if key not in UNSOURCED)):
            if together:
                alike.setdefault((entry.path, file, entry.keys.framework, together), []).append(entry)
    for (_, _, framework, keys), entries in alike.items():
        first, more = entries[0], len(entries) - 1
        whose = f"of model {first.name!r}{f' and {more:,} more' if more else ''}"
        why = f" ({framework} has no sourced default)" if keys[0] in UNSOURCED else ""
        message = f"{' and '.join(keys)} {whose} {'is' if len(keys) == 1 else 'are'} missing{why}"
        add = ", ".join(f"`{EXAMPLES[key]}`" for key in keys)
        yield Refused(f"{message}: add, for example, {add}", first.place(keys[0]), None, None, first.origin)


EXAMPLES = {
    "artifact_size": "artifact_size: 40 MB",
    "memory": "memory: 40 MiB",
    "service": "service: {cpu: 12 ms}",
    "process_memory": "process_memory: 300 MiB",
    "load": "load: {cpu: 2 s}",
}
"""Key that must be known -> a line that can be pasted."""
UNSOURCED = ("process_memory", "load")
"""Those that the preset of a framework gives, where a source does."""


class _Resolver:
    """Makes models of entries; what entries have in common is resolved once for those that follow each other."""

    def __init__(self, kind: ServerKind) -> None:
        self._kind = kind
        self._configured = _configured(kind.server)
        self._keys: ModelGroup | None = None
        self._file: ConfiguredModel | None = None
        self._common: dict[str, Any] = {}

    def model(self, index: int, entry: Entry, step: str) -> Model:
        """The model of an entry in which nothing is missing; `step` is the group's in a path of `--set`."""
        file = self._configured.get(entry.name) or self._configured.get(entry.group) or NOT_CONFIGURED
        if entry.keys is not self._keys or file is not self._file:
            self._common = _resolved(entry.keys, file, self._kind)
            self._keys, self._file = entry.keys, file
        return Model(index=index, name=entry.name, group=entry.group, entry=step, cells=entry.cells, **self._common)


def _resolved(keys: ModelGroup, file: ConfiguredModel, kind: ServerKind) -> dict[str, Any]:
    """The fields of a model without its place and names."""
    server, preset = kind.server, PRESETS[keys.framework]
    load = _or(keys.load, preset.load)
    process_memory = _or(keys.process_memory_bytes, preset.process_memory_bytes)
    oversubscription = preset.oversubscription if keys.service is not None and keys.service.threads > 1 else 0.0
    # `_missing` has refused every row for which one of these is None.
    assert load is not None
    assert process_memory is not None
    assert keys.service is not None
    assert keys.artifact_bytes is not None
    assert keys.memory_bytes is not None
    fields: dict[str, Any] = {
        "artifact_bytes": keys.artifact_bytes,
        "memory_bytes": keys.memory_bytes,
        "process_memory_bytes": process_memory,
        "workers": _or(keys.workers, _or(file.workers, kind.default_workers)),
        "max_workers": keys.max_workers,
        "framework_threads": _or(keys.framework_threads, preset.framework_threads),
        "oversubscription": _or(keys.oversubscription, oversubscription),
        "load": load,
        "service": keys.service,
        "weight": keys.weight,
        "rate_per_s": keys.rate_per_s,
        "preload_model": _or(keys.preload_model, server.preload_model),
        "preload_dirty_bytes": server.preload_dirty_bytes,
        "batch_size": _or(keys.batch_size, _or(file.batch_size, server.batch_size)),
        "max_batch_delay_s": _or(keys.max_batch_delay_s, _or(file.max_batch_delay_s, server.max_batch_delay_s)),
        "first_call": _or(keys.first_call, preset.first_call),
        "pinned": bool(keys.pinned),
        "framework": keys.framework,
        "device_memory_bytes": _or(keys.device_memory_bytes, 0),
    }
    # The kind of server computes what a copy takes from the rest.
    model = Model(index=0, name="", group="", **fields, pool_memory_bytes=0, pool_tasks=0)
    return fields | {"pool_memory_bytes": kind.pool_memory_bytes(model), "pool_tasks": kind.pool_tasks(model)}


NOT_CONFIGURED = ConfiguredModel(name="")
"""What the configuration of the server says of a model that it does not name."""


def _configured(server: Server) -> dict[str, ConfiguredModel]:
    """What the configuration of the server says of models, by the name of a model or group."""
    return {} if server.config is None else {one.name: one for one in server.config.models}


def _or(value: T | None, default: T) -> T:
    return default if value is None else value
