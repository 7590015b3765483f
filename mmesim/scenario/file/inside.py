"""Keys that stand one level too high in a file: the key below which they belong."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from mmesim.scenario.file.yaml import write_flow
from mmesim.scenario.values.fields import Data
from mmesim.scenario.values.forms import Form

NAMING = ("type", "kind")
"""Keys that people write for what is a key itself: `type: zone_loss` for `zone_loss: {zone: 1}`."""


def inside(key: str, value: object, kind: type[Data], written: object) -> str | None:
    """What to write for a key that a class has not, but a map below one of its keys; `written`: the whole map."""
    fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
    if key in NAMING and isinstance(value, str):
        named = value.strip().replace("-", "_").replace(" ", "_").lower()
        of = next(models_in(fields[named]), None) if named in fields else None
        return None if of is None else f"write {named}: {_keys(of)}"
    there = written if isinstance(written, dict) else {}
    for name in sorted(fields, key=lambda name: name not in there):
        for of in models_in(fields[name]):
            if issubclass(of, Data) and key in keys_of(of):
                body = f"{{{key}: {write_flow(value).strip()}}}"
                return (
                    f"it belongs inside: {name}: {{{of.form}: {body}}}"
                    if issubclass(of, Form)
                    else (f"it belongs inside: {name}: {body}")
                )
    return None


def _keys(of: type[BaseModel]) -> str:
    """The keys of a class that must be given."""
    required = [field.alias or name for name, field in of.model_fields.items() if field.is_required()]
    return f"{{{', '.join(f'{name}: ...' for name in required)}}}"


def keys_of(kind: type[Data]) -> list[str]:
    """The keys that a file may write in a map of a class."""
    fields = (field.alias or name for name, field in kind.model_fields.items() if name not in kind.resolved_keys)
    return [*fields, *kind.file_keys]


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The model classes inside an annotation such as `tuple[Model, ...]` or `Model | None`."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        if issubclass(annotation, BaseModel):
            yield annotation
    elif get_origin(annotation) in (tuple, dict, Union, types.UnionType, Annotated):
        for part in get_args(annotation):
            yield from models_in(part)
