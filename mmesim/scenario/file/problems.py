"""What pydantic refuses, as problems with file, line, field, value and the nearest valid one."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from mmesim.errors import Problem, did_you_mean
from mmesim.scenario.file.tree import Located
from mmesim.scenario.values.fields import FROM_FILE, Data, Place, Refusals, Refused, shown
from mmesim.scenario.values.forms import Form


def from_validation(
    error: ValidationError, tree: Located, already: Sequence[Place], root: type[Data]
) -> Iterator[Problem]:
    """The problems of a failed validation of a `root`, except those at or below a place that was refused before."""
    for item in _once(error.errors(include_url=False)):
        if item["type"] == "default_factory_not_called" or (item["type"] == "too_short" and item["input"]):
            continue  # a follow-on of another problem
        place: Place = item["loc"]
        inner = (item.get("ctx") or {}).get("error")
        if isinstance(inner, Refusals):
            refused = [one.below(*place) for one in inner.all]
        elif isinstance(inner, Refused):
            refused = [inner.below(*place)]
        else:
            message, hint = _explain(item, place, tree, root)
            refused = [Refused(message, place, hint, item["input"])]
        for one in refused:
            way, _ = tree.find(one.path)
            if not any(way[: len(place)] == place for place in already):
                yield locate(one, tree, whole_path=item["type"] == "missing" and "keys" not in item)


def _once(items: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The errors, one for each mistake: a key by another name is not missing too, and keys of one map miss together."""
    missing, unknown = (
        {place: [item for item in items if item["type"] == kind and item["loc"][:-1] == place] for place in places}
        for kind in ("missing", "extra_forbidden")
        for places in [dict.fromkeys(item["loc"][:-1] for item in items)]
    )
    for item in items:
        place = item["loc"][:-1]
        if item["type"] == "missing":
            if len(missing[place]) == len(unknown[place]) == 1:
                continue
            if len(missing[place]) > 1:
                if item is missing[place][0]:
                    yield {**item, "loc": place, "keys": [str(one["loc"][-1]) for one in missing[place]]}
                continue
        if item["type"] == "extra_forbidden" and len(missing[place]) == len(unknown[place]) == 1:
            yield {**item, "needed": str(missing[place][0]["loc"][-1])}
        else:
            yield item


def locate(refused: Refused, tree: Located, whole_path: bool = False) -> Problem:
    """A refusal as a problem of the file that the tree was read from."""
    if refused.origin is not None:
        return refused.problem("")
    way, found = tree.find(refused.path)
    field = ".".join(str(step) for step in _spoken(tree, way))
    if refused.path and (whole_path or not way or way[-1] != refused.path[-1]) and isinstance(refused.path[-1], str):
        field = f"{field}.{refused.path[-1]}" if field else refused.path[-1]
    value = refused.value if refused.value is not None else found.plain()
    return Problem(found.file, found.shown_line, field, value, refused.message, refused.hint)


def _spoken(tree: Located, way: Place) -> Iterator[object]:
    """The steps of a way, an item of a list called by its name."""
    here = tree
    for step in way:
        item = here.value[step]
        name = item.map.get("name") if isinstance(here.value, list) else None
        yield name.value if name is not None and isinstance(name.value, str | int | float) else step
        here = item


def _explain(item: Mapping[str, Any], place: Place, tree: Located, root: type[Data]) -> tuple[str, str | None]:
    """Message and hint for an error that pydantic itself found."""
    value, context = item["input"], item.get("ctx") or {}
    match item["type"]:
        case "missing":
            keys = item.get("keys")
            return ("is missing" if keys is None else f"{', '.join(keys[:-1])} and {keys[-1]} are missing"), None
        case "extra_forbidden":
            allowed = allowed_keys(place[:-1], tree, root)
            hint = did_you_mean(str(place[-1]), allowed)
            if "needed" in item:
                hint = _instead(place, value, item["needed"], hint)
            return f"unknown key, one of {', '.join(allowed)}", hint
        case "enum" | "literal_error":
            allowed = [word.strip().strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
            return f"{shown(value)} is not one of {', '.join(allowed)}", did_you_mean(str(value), allowed)
        case "greater_than":
            return f"{shown(value)} is too small: it must be above {context['gt']:g}", None
        case "greater_than_equal":
            return f"{shown(value)} is too small: at least {context['ge']:g}", None
        case "less_than_equal":
            return f"{shown(value)} is too large: at most {context['le']:,}", None
        case "string_type":
            return f"{shown(value)} is not text (put quotes around it)", None
        case "bool_type":
            meant = _FLAGS.get(str(value).lower())
            return f"{shown(value)} is neither true nor false", None if meant is None else f"write {meant}"
        case "tuple_type" | "list_type":
            one = isinstance(value, str | int | float) and _class_at(place, tree, root) is None
            return f"{shown(value)} is not a list", f"write [{value}]" if one else None
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{shown(value)} is not a map with keys", _as_map(value, _class_at(place, tree, root))
        case "path_type":
            return f"{shown(value)} is not the path of a file", None
        case "too_short" | "string_too_short":
            return "is empty", None
        case "value_error":
            return str(context["error"]), None
    return str(item["msg"]), None


_FLAGS = {
    "yes": "true",
    "on": "true",
    "y": "true",
    "1": "true",
    "no": "false",
    "off": "false",
    "n": "false",
    "0": "false",
}
"""Text that other versions of YAML take for a flag."""


def _instead(place: Place, value: object, needed: str, hint: str | None) -> str:
    """What to write for an unknown key beside which one is missing."""
    if needed == "name" and isinstance(value, Mapping):
        return f"a list, each with its name: write - name: {place[-1]}"
    return hint or f"did you mean {needed}?"


def _as_map(value: object, kind: type[Data] | None) -> str | None:
    """A value that stands where a map should, below the key that is meant."""
    if kind is None or not isinstance(value, str | int | float):
        return None
    required = [field.alias or name for name, field in kind.model_fields.items() if field.is_required()]
    key = kind.lone_key or next(iter(required), None)
    try:
        kind.model_validate({key: value}, context={FROM_FILE: True})
    except ValueError:
        return f"write {{{', '.join(f'{name}: ...' for name in required)}}}" if required else None
    return f"write {{{key}: {value}}}"


def allowed_keys(place: Place, tree: Located, root: type[Data]) -> list[str]:
    """The keys that a file may write at a place of a `root`; `tree` says which of several forms is meant."""
    kind = _class_at(place, tree, root)
    if kind is None:
        return []
    return [*(field.alias or name for name, field in kind.model_fields.items()), *kind.file_keys]


def _class_at(place: Place, tree: Located, root: type[Data]) -> type[Data] | None:
    """The class of the map at a place of a `root`; None where there is none."""
    kind: Any = root
    for depth, step in enumerate(place, 1):
        fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
        if isinstance(step, str) and step in fields:
            kinds = list(_models_in(fields[step]))
            written = tree.find(place[:depth])[1].map
            meant = (one for one in kinds if issubclass(one, Form) and one.form in written)
            kind = next(meant, kinds[0] if kinds else None)
        if kind is None:
            return None
    found: type[Data] = kind
    return found


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The model classes inside an annotation such as `tuple[Model, ...]` or `Model | None`."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        if issubclass(annotation, BaseModel):
            yield annotation
    elif get_origin(annotation) in (tuple, dict, Union, types.UnionType, Annotated):
        for part in get_args(annotation):
            yield from _models_in(part)
