"""What pydantic refuses, as problems with file, line, field, value and the nearest valid one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from pydantic import ValidationError

from mmesim import units
from mmesim.errors import Problem, did_you_mean, nearest
from mmesim.scenario.file import slips
from mmesim.scenario.file.inside import inside, keys_of, models_in
from mmesim.scenario.file.tree import Located
from mmesim.scenario.values.fields import FLAGS, FROM_FILE, Data, Place, Refusals, Refused, not_text, shown
from mmesim.scenario.values.forms import Form


def from_validation(
    error: ValidationError, tree: Located, already: Sequence[Place], root: type[Data]
) -> Iterator[Problem]:
    """The problems of a failed validation of a `root`, except those at or below a place that was refused before."""
    items = list(_once(error.errors(include_url=False)))
    unknown = [item["loc"] for item in items if item["type"] == "extra_forbidden"]
    given = {(item["loc"][:-1], item["loc"][-1]) for item in items if item["loc"]}
    given |= {(place[:-1], str(nearest(str(place[-1]), allowed_keys(place[:-1], tree, root)))) for place in unknown}
    for item in items:
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
            lacking = re.search(r"without (\w+) needs it", one.message)
            # The keys of a host stand in the endpoint, so the place in the file is what counts.
            holder = way if len(way) < len(one.path) else way[:-1]
            if lacking is not None and (holder, lacking[1]) in given:
                continue  # it is there, with a wrong name or value
            one.hint = one.hint or _decimal_comma(way, tree)
            if not any(way[: len(place)] == place for place in already):
                yield locate(one, tree, whole_path=item["type"] == "missing" and "keys" not in item)


def _once(items: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The errors, one for each mistake: a key by another name is not missing too, and keys of one map miss together.

    Items of a list that are all wrong in the same way are one mistake too.
    """
    alike: dict[Place, list[Mapping[str, Any]]] = {}
    for item in items:
        if item["type"] == "model_type" and item["loc"] and isinstance(item["loc"][-1], int):
            alike.setdefault(item["loc"][:-1], []).append(item)
    missing, unknown = (
        {place: [item for item in items if item["type"] == kind and item["loc"][:-1] == place] for place in places}
        for kind in ("missing", "extra_forbidden")
        for places in [dict.fromkeys(item["loc"][:-1] for item in items)]
    )
    for item in items:
        place = item["loc"][:-1]
        if item["type"] == "model_type" and len(alike.get(place, ())) > 1:
            if item is alike[place][0]:
                yield {**item, "more": len(alike[place]) - 1}
            continue
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
    message = refused.message
    if refused.other is not None:
        line = tree.find(refused.other)[1].shown_line
        message = message.replace("{line}", "" if line is None else f" in line {line}")
    hint = refused.hint or slips.of_value(found)
    return Problem(found.file, found.shown_line, field, value, message, hint)


def _spoken(tree: Located, way: Place) -> Iterator[object]:
    """The steps of a way, an item of a list called by its name."""
    here = tree
    for step in way:
        item = here.value[step]
        name = item.map.get("name") if isinstance(here.value, list) else None
        yield name.value if name is not None and isinstance(name.value, str | int | float) else step
        here = item


A_SLIP = 0.85
"""Two words that are more alike than this differ by a slip: the one is meant by the other."""
LONGEST_LIST = 300
"""Characters of a list of keys that a message shows."""


def _listed(keys: Sequence[str], given: str) -> str:
    """Keys in a message that stays short enough to be read: of many those that are most like what was given."""
    if len(", ".join(keys)) <= LONGEST_LIST:
        return ", ".join(keys)
    given = given.lower()
    alike = sorted(keys, key=lambda key: (given not in key, -SequenceMatcher(None, given, key.lower()).ratio()))
    shown = alike[: next(n for n in range(len(alike)) if len(", ".join(alike[: n + 1])) > LONGEST_LIST)]
    return f"{', '.join(key for key in keys if key in shown)} and {len(keys) - len(shown)} more (`mmesim schema`)"


def _explain(item: Mapping[str, Any], place: Place, tree: Located, root: type[Data]) -> tuple[str, str | None]:
    """Message and hint for an error that pydantic itself found."""
    value, context = item["input"], item.get("ctx") or {}
    match item["type"]:
        case "missing":
            keys = item.get("keys")
            return ("is missing" if keys is None else f"{', '.join(keys[:-1])} and {keys[-1]} are missing"), None
        case "extra_forbidden":
            return _unknown_key(item, place, tree, root)
        case "invalid_key":
            return f"unknown key, one of {_listed(allowed_keys(place[:-1], tree, root), str(place[-1]))}", None
        case "enum" | "literal_error":
            allowed = [word.strip().strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
            switch = SWITCH.get(FLAGS.get(str(value).lower(), "")) if set(allowed) == set(SWITCH.values()) else None
            hint = did_you_mean(str(value), allowed) if switch is None else f"write {switch}"
            return f"{shown(value)} is not one of {', '.join(allowed)}", hint
        case "greater_than":
            return f"{shown(value)} is too small: it must be above {context['gt']:g}", None
        case "greater_than_equal":
            return f"{shown(value)} is too small: at least {context['ge']:g}", None
        case "less_than_equal":
            return f"{shown(value)} is too large: at most {context['le']:,}", None
        case "string_type":
            return not_text(value), None
        case "bool_type":
            meant = FLAGS.get(str(value).lower())
            return f"{shown(value)} is neither true nor false", None if meant is None else f"write {meant}"
        case "tuple_type" | "list_type":
            return f"{shown(value)} is not a list", _as_list(value, place, _class_at(place, tree, root))
        case "model_type" | "model_attributes_type" | "dict_type":
            more = f" (and {item['more']} more of the list)" if "more" in item else ""
            return f"{shown(value)} is not a map with keys{more}", _as_map(value, _class_at(place, tree, root))
        case "path_type":
            return f"{shown(value)} is not the path of a file", None
        case "too_short" | "string_too_short":
            return "is empty", None
        case "value_error":
            return str(context["error"]), None
    return str(item["msg"]), None


def _unknown_key(item: Mapping[str, Any], place: Place, tree: Located, root: type[Data]) -> tuple[str, str | None]:
    """Message for a key that is not there, and what was meant: one like it, one further in, or one elsewhere."""
    allowed = allowed_keys(place[:-1], tree, root)
    hint = did_you_mean(str(place[-1]), allowed)
    kind = _class_at(place[:-1], tree, root)
    whole = tree.find(place[:-1])[1].plain()
    deeper = None if kind is None else inside(str(place[-1]), item["input"], kind, whole)
    alike = nearest(str(place[-1]), allowed)
    if deeper is not None and not (alike and SequenceMatcher(None, str(place[-1]), alike).ratio() > A_SLIP):
        hint = deeper
    elif "needed" in item:
        hint = _instead(place, item["input"], item["needed"], hint)
    hint = slips.of_key(str(place[-1])) or hint or _elsewhere(str(place[-1]), place[:-1], root)
    return f"unknown key, one of {_listed(allowed, str(place[-1]))}", hint


def _instead(place: Place, value: object, needed: str, hint: str | None) -> str:
    """What to write for an unknown key beside which one is missing."""
    if needed == "name" and isinstance(value, Mapping):
        return f"a list, each with its name: write - name: {place[-1]}"
    return hint or f"did you mean {needed}?"


def _decimal_comma(place: Place, tree: Located) -> str | None:
    """What is meant by `{cv: 0,6}`, which YAML reads as two keys: `cv` and 6."""
    digits = str(place[-1]) if place else ""
    if not re.fullmatch(r"\d{1,15}", digits) or not tree.find(place[:-1])[1].map:
        return None
    before = list(tree.find(place[:-1])[1].plain().items())
    index = next((index for index, (key, _) in enumerate(before) if str(key) == digits), 0)
    if index == 0 or before[index][1] is not None:
        return None
    key, whole = before[index - 1]
    if not isinstance(key, str) or isinstance(whole, bool) or not isinstance(whole, int):
        return None
    written = units.without_marks(f"{whole},{digits}")
    return None if written is None else written.replace("write ", f"write {key}: ")


SWITCH = {"true": "enabled", "false": "disabled"}


def _elsewhere(key: str, place: Place, root: type[Data]) -> str | None:
    """Where a key is known that is not known here: most often it is indented too much or too little."""
    if re.fullmatch(r"\d{3}( .*)?", key):
        return "write numbers without commas"
    if "." in key and not place:
        return f"write it as keys below each other, or --set {key}=..."
    sections = {field.alias or name: field.annotation for name, field in root.model_fields.items()}
    for section, annotation in sections.items():
        if place == (section,) or section == key:
            continue
        for kind in models_in(annotation):
            if issubclass(kind, Data) and key in keys_of(kind):
                return f"it is a key of {section}"
    return None


def _as_list(value: object, place: Place, kind: type[Data] | None) -> str | None:
    """A value that stands where a list should, as the list that is meant."""
    if place == ("expect",) and isinstance(value, Mapping) and all(isinstance(one, str) for one in value):
        return f"write [{', '.join(f'{name} < {limit}' for name, limit in value.items())}]"
    if not isinstance(value, str | int | float):
        return None
    if kind is None:
        return f"write [{value}]"
    if place == ("models",) and str(value).endswith((".csv", ".parquet")):
        return f"write {{file: {value}}}"
    return f"write {{arrivals: {{poisson: {{rate: {value}}}}}}}" if place == ("traffic",) else None


def _as_map(value: object, kind: type[Data] | None) -> str | None:
    """A value that stands where a map should, below the key that is meant."""
    if kind is None:
        return None
    if value is None:
        return "indent its keys below it"
    if not isinstance(value, str | int | float):
        one = isinstance(value, list) and len(value) == 1 and isinstance(value[0], Mapping)
        return "write its keys without -" if one else None
    slip = slips.of_text(value) if isinstance(value, str) else None
    if slip is not None:
        return slip
    required = [field.alias or name for name, field in kind.model_fields.items() if field.is_required()]
    key = kind.lone_key or next(iter(required), None)
    for meant in (value, str(value).lower()):
        try:
            kind.model_validate({key: meant}, context={FROM_FILE: True})
        except ValueError:
            continue
        return f"write {{{key}: {meant}}}"
    return f"write {{{', '.join(f'{name}: ...' for name in required)}}}" if required else None


def allowed_keys(place: Place, tree: Located, root: type[Data]) -> list[str]:
    """The keys that a file may write at a place of a `root`; `tree` says which of several forms is meant."""
    kind = _class_at(place, tree, root)
    if kind is None:
        return []
    return keys_of(kind)


def _class_at(place: Place, tree: Located, root: type[Data]) -> type[Data] | None:
    """The class of the map at a place of a `root`; None where there is none."""
    kind: Any = root
    for depth, step in enumerate(place, 1):
        fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
        if isinstance(step, str) and step in fields:
            kinds = list(models_in(fields[step]))
            written = tree.find(place[:depth])[1].map
            meant = (one for one in kinds if issubclass(one, Form) and one.form in written)
            kind = next(meant, kinds[0] if kinds else None)
        if kind is None:
            return None
    found: type[Data] = kind
    return found
