"""The keys of a scenario file with their types and defaults, read from the classes of the schema."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from mmesim import units
from mmesim.scenario import CpuWait, Endpoint, Scenario
from mmesim.scenario.endpoint.host_type import HOST_KEYS, HostType
from mmesim.scenario.values.fields import Data
from mmesim.scenario.values.forms import Form, OneOf
from mmesim.scenario.values.meanings import meanings
from mmesim.scenario.values.times import ByParameters, Constant

COMPUTED = (
    {
        "endpoint.instance_count": "1, or autoscaling.min",
        "endpoint.autoscaling.metric_delay": "one period",
        "endpoint.autoscaling.policies.target_tracking.in_points": "those of 15 min",
        "endpoint.devices.count": "catalogue, else 1",
        "endpoint.devices.memory": "catalogue",
        "endpoint.load_slots": "max(1, vcpu // 2)",
        "endpoint.router.spill_at": "max(4, 2 x workers)",
        "endpoint.usable_memory": "min(memory_threshold x memory, memory - memory_reserve)",
        "models.count": "1",
        "traffic.name": "traffic-0, traffic-1 ...",
        "deploys.name": "deploy-0, deploy-1 ...",
        "faults.name": "its kind, such as zone_loss",
    }
    | {
        "models.workers": "server.default_workers_per_model",
        "models.batch_size": "server.batch_size",
        "models.max_batch_delay": "server.max_batch_delay",
        "models.preload_model": "server.preload_model",
    }
    | {f"models.{key}": "preset" for key in ("process_memory", "framework_threads", "oversubscription", "load")}
)
"""Defaults that are not one value in the schema."""

NO_SECTION = (CpuWait, HostType)
"""Classes that are shown in the row of their key."""

MORE = {
    "models.framework": "[presets](presets.md)",
    "traffic.popularity": "[describe your traffic](../how-to/describe-your-traffic.md#popularity)",
    "traffic.trace": "[replay a trace](../how-to/replay-a-trace.md)",
    "clients.retries": "[set up your clients](../how-to/set-up-your-clients.md)",
    "expect": "[expect](#expect)",
    "clients.retries.fixed.causes": "[causes of failure](#causes-of-failure)",
    "clients.retries.exponential.causes": "[causes of failure](#causes-of-failure)",
}
"""Where more is said about a key than its meaning and its own section."""


@dataclass(frozen=True)
class Key:
    """One key of a scenario file; `default` is empty when it must be given or is simply absent."""

    path: str
    kind: str
    default: str
    meaning: str


@dataclass(frozen=True)
class Section:
    """The keys of one map of a scenario file."""

    path: str
    about: str
    keys: tuple[Key, ...]


def sections() -> Iterator[Section]:
    """Every map of a scenario file, the file itself first."""
    yield from _sections("", Scenario)


def _sections(path: str, model: type[BaseModel]) -> Iterator[Section]:
    keys: list[Key] = []
    below: list[tuple[str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        if model is Endpoint and name == "host":
            for key in HOST_KEYS:
                inside = list(_models_in(_host_field(key)[1].annotation))
                below += [(f"{path}.{key}", kind) for kind in inside]
                keys.append(_key(f"{path}.{key}", HostType, *_host_field(key), host=True, has_section=bool(inside)))
            continue
        if issubclass(model, Data) and name in model.resolved_keys:
            continue
        here = f"{path}.{field.alias or name}".lstrip(".")
        kinds = list(_models_in(field.annotation))
        forms = [kind for kind in kinds if issubclass(kind, Form)]
        below += [(here if kind.only else f"{here}.{kind.form}", kind) for kind in forms]
        if not forms and kinds and kinds[0] not in NO_SECTION:
            below.append((here, kinds[0]))
        keys.append(_key(here, model, name, field, has_section=bool(below) and below[-1][0] == here))
    yield Section(path, model.__doc__ or "", tuple(keys))
    for here, inner in below:
        yield from _sections(here, inner)


def _host_field(key: str) -> tuple[str, FieldInfo]:
    return next((name, field) for name, field in HostType.model_fields.items() if key in (name, field.alias))


def _key(
    path: str, model: type[BaseModel], name: str, field: FieldInfo, host: bool = False, has_section: bool = False
) -> Key:
    default = COMPUTED.get(path) or ("catalogue" if host else _default(field))
    if field.is_required() and not host and path not in COMPUTED:
        default = "required"
    meaning = meanings(model).get(name, "")
    more = MORE.get(path) or (f"[{path}](#{path.replace('.', '')})" if has_section else "")
    if more:
        meaning = f"{meaning.rstrip('.')}; see {more}."
    return Key(path, _kind(field.annotation, field.metadata), default, meaning)


def _kind(annotation: Any, metadata: list[Any]) -> str:
    """Type and unit of a key in words."""
    for item in metadata:
        if isinstance(item, OneOf):
            return item.in_words
        if isinstance(item, WithJsonSchema):
            return _schema_kind(item.json_schema or {})
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(arguments[0], list(annotation.__metadata__))
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_kind(a, []) for a in arguments if a is not NoneType))
    if origin is Literal:
        return " or ".join(f"`{str(a).lower() if isinstance(a, bool) else a}`" for a in arguments)
    if origin is dict:
        return f"map, name -> {_kind(arguments[1], [])}"
    if origin is tuple:
        return f"list of {_kind(arguments[0], [])}" if arguments else "empty list"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "map"
    return {str: "text", bool: "`true` or `false`", Path: "path", int: "whole number", float: "number"}[annotation]


def _schema_kind(schema: dict[str, Any]) -> str:
    description = str(schema.get("description", ""))
    if schema.get("type") in ("integer", "number"):
        return {"integer": "whole number", "number": "number"}[schema["type"]]
    if description.startswith(("a ", "an ")):
        return description.partition(",")[0].split(" ", 1)[1]
    return "text" if schema.get("type") == "string" else "name or map"


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _default(field: FieldInfo) -> str:
    value = field.default
    word = next((item.word(value) for item in field.metadata if isinstance(item, OneOf)), None)
    if word is not None:
        return word
    if value is PydanticUndefined or value is None or value == ():
        return ""
    return _shown(value, _kind(field.annotation, field.metadata))


def _shown(value: Any, kind: str) -> str:
    """A default as a file would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, ByParameters):
        parameters = (
            f"{key}: {_shown(getattr(value, key), 'number' if key in value.numbers else 'time')}"
            for key in value.meanings
        )
        return f"{{{value.name}: {{{', '.join(parameters)}}}}}"
    if isinstance(value, Constant):
        return _time(value.value)
    if isinstance(value, CpuWait):
        return f"{{cpu: {_shown(value.cpu, '')}, wait: {_shown(value.wait, '')}}}"
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, tuple):
        return ", ".join(_shown(item, kind) for item in value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, int | float):
        shown = {"time": _time, "size": _size, "bandwidth": _bandwidth, "share": units.show_fraction}
        return shown.get(kind, lambda number: f"{number:g}" if math.isfinite(number) else "unlimited")(value)
    return str(value)


def _time(value: float) -> str:
    if value and value % 3600.0 == 0.0:
        return f"{value / 3600.0:g} h"
    return f"{value:g} s" if value >= 1 or value == 0 else units.show_seconds(value)


def _bandwidth(value: float) -> str:
    return f"{value / 1e6:g} MB/s"


def _size(value: float) -> str:
    exact = units.exact_bytes(int(value))
    return exact if not exact.endswith(" B") else f"{value / 2**30:.3g} GiB"
