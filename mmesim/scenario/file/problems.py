"""What pydantic refuses, as problems with file, line, field, value and the nearest valid one."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from mmesim.errors import Problem, did_you_mean
from mmesim.scenario.file.tree import Located
from mmesim.scenario.values.fields import Data, Place, Refusals, Refused, shown
from mmesim.scenario.values.forms import Form


def from_validation(
    error: ValidationError, tree: Located, already: Sequence[Place], root: type[Data]
) -> Iterator[Problem]:
    """The problems of a failed validation of a `root`, except those at or below a place that was refused before."""
    for item in error.errors(include_url=False):
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
                yield locate(one, tree, whole_path=item["type"] == "missing")


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
        yield step if name is None else name.value
        here = item


def _explain(item: Mapping[str, Any], place: Place, tree: Located, root: type[Data]) -> tuple[str, str | None]:
    """Message and hint for an error that pydantic itself found."""
    value, context = item["input"], item.get("ctx") or {}
    match item["type"]:
        case "missing":
            return "is missing", None
        case "extra_forbidden":
            allowed = allowed_keys(place[:-1], tree, root)
            return f"unknown key, one of {', '.join(allowed)}", did_you_mean(str(place[-1]), allowed)
        case "enum" | "literal_error":
            allowed = [word.strip().strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
            return f"{shown(value)} is not one of {', '.join(allowed)}", did_you_mean(str(value), allowed)
        case "greater_than":
            return f"{shown(value)} is too small: it must be above {context['gt']:g}", None
        case "greater_than_equal":
            return f"{shown(value)} is too small: at least {context['ge']:g}", None
        case "less_than_equal":
            return f"{shown(value)} is too large: at most {context['le']:g}", None
        case "string_type":
            return f"{shown(value)} is not text (put quotes around it)", None
        case "bool_type":
            return f"{shown(value)} is neither true nor false", None
        case "tuple_type" | "list_type":
            return f"{shown(value)} is not a list", None
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{shown(value)} is not a map with keys", None
        case "too_short" | "string_too_short":
            return "is empty", None
        case "value_error":
            return str(context["error"]), None
    return str(item["msg"]), None


def allowed_keys(place: Place, tree: Located, root: type[Data]) -> list[str]:
    """The keys that a file may write at a place of a `root`; `tree` says which of several forms is meant."""
    kind: Any = root
    for depth, step in enumerate(place, 1):
        fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
        if isinstance(step, str) and step in fields:
            kinds = list(_models_in(fields[step]))
            written = tree.find(place[:depth])[1].map
            meant = (one for one in kinds if issubclass(one, Form) and one.form in written)
            kind = next(meant, kinds[0] if kinds else None)
        if kind is None:
            return []
    return [*(field.alias or name for name, field in kind.model_fields.items()), *kind.file_keys]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The model classes inside an annotation such as `tuple[Model, ...]` or `Model | None`."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        if issubclass(annotation, BaseModel):
            yield annotation
    elif get_origin(annotation) in (tuple, dict, Union, types.UnionType, Annotated):
        for part in get_args(annotation):
            yield from _models_in(part)
