"""Puts one scenario over another: `extends`, and `--set` overrides.

Maps merge, lists and grids replace. In a file that extends another, the lists `models`, `traffic`, `faults` and
`deploys` merge by name, but an empty one empties them; an override that gives one of them gives all of it. A key takes
the place of the keys that it excludes: a new distribution replaces the old one instead of joining it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mmesim.errors import Problem, ScenarioError, UserError, did_you_mean
from mmesim.scenario.clients.retries import RETRIES
from mmesim.scenario.deploys.strategy import STRATEGIES
from mmesim.scenario.endpoint.autoscaling.policies import POLICIES
from mmesim.scenario.endpoint.eviction import EVICTIONS
from mmesim.scenario.endpoint.host_type import GIVEN
from mmesim.scenario.faults.fault import MOMENTS, default_names
from mmesim.scenario.faults.kinds import KINDS
from mmesim.scenario.file.from_json import MARK, from_json
from mmesim.scenario.file.paths import nearest_to, settled
from mmesim.scenario.file.tree import Key, Located
from mmesim.scenario.file.yaml import read_file, read_text
from mmesim.scenario.traffic.arrivals import ARRIVALS
from mmesim.scenario.traffic.popularity import POPULARITIES
from mmesim.scenario.values.time_field import TIMES

BY_NAME = ("models", "traffic", "faults", "deploys")
PLACED = {"traffic": "traffic", "deploys": "deploy"}
"""Lists whose items are called by their place, and the word before it."""

_EXCLUSIVE: tuple[frozenset[str], ...] = (
    frozenset({*TIMES.names, "uncertain"}),
    frozenset({"arrivals", "trace", "fingerprint"}),
    frozenset({"top", "hash", "stripe"}),
    *(frozenset(forms.names) for forms in (ARRIVALS, POPULARITIES, RETRIES, EVICTIONS, POLICIES, STRATEGIES)),
    frozenset({"by", "size"}),
    frozenset({"count", "file", "azure_functions"}),
    frozenset({"weight", "rate"}),
    frozenset(MOMENTS),
    frozenset(KINDS),
    frozenset({"instance_type", "host"}),
    frozenset({"price_per_hour", "prices"}),
)
GRID = "grid"
PRICES = "prices"
_WHOLE = frozenset({"percentiles", "to", "uncertain", GRID})
"""Keys whose map is one value: never mixed from two files. A grid is the question that a plan or a sweep asks: with the
fields of another one it would be neither."""


def file_of(given: object) -> Path:
    """The path that somebody gave as a scenario; raises UserError for what is neither a path nor a scenario."""
    if isinstance(given, str | Path):
        return Path(given)
    its = "its .scenario, " if hasattr(given, "scenario") else ""
    raise UserError(
        f"expected a scenario, not a {type(given).__name__}: give {its}what Scenario.from_yaml returns, or the path "
        "of a file"
    )


def read_with_bases(path: Path, twice: list[Problem] | None = None) -> Located:
    """The tree of a file merged over the files that it extends; raises ScenarioError.

    Duplicate keys are added to `twice` where it is given, so that what else is wrong can be found too.
    """
    return _over_bases(read_file(path, twice), (path.resolve(),), twice)


def with_bases(tree: Located) -> Located:
    """A tree that stands in no file merged over the files that it extends; raises ScenarioError."""
    return _over_bases(tree, (), None)


def _over_bases(tree: Located, chain: tuple[Path, ...], twice: list[Problem] | None) -> Located:
    if not isinstance(tree.value, dict):
        table = Path(tree.file).suffix.lower() in TABLES
        hint = f"a table stands in one, such as traffic: [{{trace: {{file: {tree.file}}}}}]" if table else None
        message = "a scenario is a map with keys such as `endpoint:`"
        raise ScenarioError([Problem(tree.file, tree.line, "", None, message, hint)])
    tree = named(tree)
    if "extends" not in tree.map:
        return tree
    link = tree.map["extends"]
    rest = tree.with_value({key: value for key, value in tree.map.items() if key != "extends"})
    if not isinstance(link.value, str):
        raise ScenarioError([Problem(link.file, link.shown_line, "extends", link.value, "is not the path of a file")])
    path, reason = settled(link.folder, link.value)
    if reason is not None:
        hint = nearest_to(path)
        raise ScenarioError([Problem(link.file, link.shown_line, "extends", link.value, reason, hint)])
    if path in chain:
        files = " -> ".join(part.name for part in (*chain, path))
        raise ScenarioError([Problem(link.file, link.shown_line, "extends", link.value, f"circular extends: {files}")])
    return merge(_over_bases(read_file(path, twice), (*chain, path), twice), rest)


TABLES = (".csv", ".tsv", ".txt", ".log")
"""Ends of names of files that people give in place of the scenario that reads them."""


def named(tree: Located) -> Located:
    """The tree with `models` as a list, and a name for every table of models, every stream, fault and deploy.

    A single map may stand for a list of one; a table is called like its file, a stream or a deploy by its place, a
    fault by its kind.
    """
    entries = dict(tree.map)
    for key in BY_NAME:
        if key not in entries:
            continue
        whole = entries[key]
        items = [whole] if isinstance(whole.value, dict) else whole.list
        if isinstance(whole.value, dict | list):
            entries[key] = whole.with_value([_with_name(key, index, items) for index in range(len(items))])
    return tree.with_value(entries)


def _with_name(key: str, index: int, items: Sequence[Located]) -> Located:
    item = items[index]
    if not isinstance(item.value, dict) or "name" in item.value:
        return item
    if key in PLACED:
        name = f"{PLACED[key]}-{index}"
    elif key == "faults":
        kinds = [next((one for one in KINDS if isinstance(of.value, dict) and one in of.map), None) for of in items]
        called = default_names(kinds)[index]
        if called is None:
            return item
        name = called
    elif "file" in item.map and isinstance(item.map["file"].value, str):
        name = Path(item.map["file"].value).name.split(".")[0]
    elif "azure_functions" in item.map:
        name = "azure"
    else:
        return item
    return item.with_value({"name": item.with_value(name)} | item.map)


def merge(base: Located, over: Located, key: Key = "", depth: int = 0) -> Located:
    """`over` put over `base`; keys of only one of them are kept.

    `depth`: 0 for whole scenarios, 1 for their sections: the `models` of a scenario merge, those of a stream do not.
    """
    if isinstance(base.value, dict) and isinstance(over.value, dict) and key not in _WHOLE:
        gone = {name for group in _EXCLUSIVE if group & set(over.value) for name in group - set(over.value)}
        merged = {name: value for name, value in base.map.items() if name not in gone}
        for name, value in over.map.items():
            merged[name] = merge(merged[name], value, name, depth + 1) if name in merged else value
        return over.with_value(merged)
    if depth == 1 and key in BY_NAME and isinstance(base.value, list) and isinstance(over.value, list) and over.list:
        return over.with_value(_merge_by_name(base.list, over.list))
    return over


def _merge_by_name(base: Sequence[Located], over: Sequence[Located]) -> list[Located]:
    """Items of the same name merge, new ones follow."""
    merged = list(base)
    places = {_name(item): index for index, item in enumerate(base) if _name(item) is not None}
    for item in over:
        place = places.get(_name(item))
        if place is None:
            merged.append(item)
        else:
            merged[place] = merge(merged[place], item, depth=_ITEM)
    return merged


_ITEM = 2
"""How deep an item of a section is."""


def _name(item: Located) -> object:
    name = item.map.get("name")
    # Whatever else stands there is no name, which the schema says.
    return name.value if name is not None and isinstance(name.value, str | int | float) else None


def override(tree: Located, text: str) -> Located:
    """The tree with one `a.b.c=value` put over it; an item of a list is named or counted from 0.

    The value is YAML, or stands in a JSON file: `@FILE.json:PATH`.
    """
    where, equals, value = text.partition("=")
    steps = where.strip().split(".")
    if not equals or not all(steps):
        raise _bad(text, "write --set key.key=value, such as --set endpoint.instance_count=6")
    over, tree = _given(value, text), _less_believed(tree, where.strip())
    if len(steps) == 1 and isinstance(over.value, list):
        return named(tree.with_value(tree.map | {steps[0]: over}))
    return _with_host_figure(tree, steps, over) or merge(tree, _nested(tree, steps, over, text))


def _given(value: str, text: str) -> Located:
    """The value of an override, which needs no lines: as YAML, or from a JSON file."""
    name = f"--set {_short(text)}"
    if value.lstrip().startswith(MARK):
        return from_json(value, name, Path.cwd())
    if not value.strip():  # such as of a variable that is not set
        raise _bad(text, "there is no value", 'null is the default, "" an empty text')
    return without_lines(read_text(value, name, Path.cwd()))


def _with_host_figure(tree: Located, steps: Sequence[str], over: Located) -> Located | None:
    """The tree of a resolved file, which keeps the figures of a host in `endpoint.host`, with one of them replaced."""
    endpoint = tree.map.get("endpoint")
    if endpoint is None or len(steps) != 2 or steps[0] != "endpoint" or "host" not in endpoint.map:
        return None
    host = endpoint.map["host"]
    if steps[1] not in host.map:
        return None
    changed = host.with_value(host.map | {steps[1]: over} | _whose_price(steps[1], over))
    return tree.with_value(tree.map | {"endpoint": endpoint.with_value(endpoint.map | {"host": changed})})


def _whose_price(key: str, over: Located) -> dict[Key, Located]:
    """What a resolved host says of a price that is given instead of its own."""
    if key != "price_per_hour" or over.value is None:
        return {}
    return {"price_source": over.with_value(GIVEN), "price_estimated": over.with_value(False)}


def _less_believed(tree: Located, field: str) -> Located:
    """The tree of a resolved file without the beliefs of a field that is given a value."""
    if "beliefs" not in tree.map:
        return tree
    beliefs = tree.map["beliefs"]
    left = {
        name: body
        for name, body in beliefs.map.items()
        if not f"{name}.".startswith(f"{field}.") and not f"{field}.".startswith(f"{name}.")
    }
    return tree.with_value(tree.map | {"beliefs": beliefs.with_value(left)})


def override_all(tree: Located, texts: Sequence[str]) -> Located:
    """The tree with one override after the other put over it."""
    for text in texts:
        tree = override(tree, text)
    return tree


def without_lines(tree: Located) -> Located:
    """The tree of what stands in no file that could be opened at a line: an override, or a scenario made in Python."""
    value = tree.value
    if isinstance(value, dict):
        value = {key: without_lines(item) for key, item in tree.map.items()}
    elif isinstance(value, list):
        value = [without_lines(item) for item in tree.list]
    return Located(value, tree.file, None, None, tree.folder)


def _nested(
    tree: Located | None, steps: Sequence[str], value: Located, text: str, key: str = "", depth: int = 0
) -> Located:
    if not steps:
        return value
    if key in (GRID, PRICES):  # its keys are fields, or instance types, whose names have dots
        fields = tree.map if tree is not None and isinstance(tree.value, dict) else {}
        return value.with_value({**fields, ".".join(steps): value})
    if tree is not None and isinstance(tree.value, list):
        return _nested_in_list(tree, steps, value, text, by_name=depth == 1 and key in BY_NAME)
    below = None if tree is None else tree.map.get(steps[0])
    inner = _nested(below, steps[1:], value, text, steps[0], depth + 1)
    return value.with_value({steps[0]: inner})


def _nested_in_list(tree: Located, steps: Sequence[str], value: Located, text: str, by_name: bool) -> Located:
    """A list with the one named item, to be merged by name; names may contain dots.

    A list that does not merge by name is whole, with the item changed.
    """
    names = [str(_name(item)) for item in tree.list]
    for length in range(len(steps), 0, -1):
        word = ".".join(steps[:length])
        counted = re.fullmatch(r"\d+", word) and int(word) < len(names)
        if word in names or counted:
            place = names.index(word) if word in names else int(word)
            item = tree.list[place]
            if length == len(steps) and not isinstance(item.value, dict | list):
                return tree.with_value([value if one is item else one for one in tree.list])
            if by_name and steps[length:] == ["name"]:
                raise _bad(text, "a name is not changed by an override: it says which item is meant")
            if not isinstance(item.value, dict):
                raise _bad(text, f"{word} is one value, without keys: write {_until(text, steps, length)}=...")
            if "name" not in item.map and by_name:
                break
            inner = _nested(item, steps[length:], value, text, depth=_ITEM)
            if not isinstance(inner.value, dict):
                raise _bad(text, f"{word} is a map: name one of its keys")
            if not by_name:
                return tree.with_value([merge(one, inner, depth=_ITEM) if one is item else one for one in tree.list])
            return value.with_value([inner.with_value({"name": item.map["name"]} | inner.map)])
    where, _, given = text.partition("=")
    names = [str(place) if _name(item) is None else str(_name(item)) for place, item in enumerate(tree.list)]
    whole = where.strip().removesuffix(".".join(steps))
    hint = did_you_mean(steps[0], names)
    if hint is None and names and steps[0] in tree.list[0].map:
        hint = f"write {whole}{names[0]}.{'.'.join(steps)}={given}"
    raise _bad(text, f"there is no {steps[0]!r} here, only {', '.join(names[:10])}", hint)


def _until(text: str, steps: Sequence[str], length: int) -> str:
    """The path of an override without its last steps, those after the first `length` of them."""
    return text.partition("=")[0].strip().removesuffix("." + ".".join(steps[length:]))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


LONGEST = 200
"""Characters of an override that a message repeats."""


def _bad(text: str, message: str, hint: str | None = None) -> ScenarioError:
    return ScenarioError([Problem(f"--set {_short(text)}", None, "", None, message, hint)])
