"""YAML text -> a located tree, read as YAML 1.2: `on` and `12:30` are text, `1e3` is a number, no key twice.

Of YAML 1.1 the merge key is kept, `<<: *name`: the keys of another map, where a map does not have them itself.

PyYAML parses, but its own YAML 1.1 rules for scalars are not used: the nodes that it composes carry the line and column
of every value, and the rules of the YAML 1.2 core schema are four regular expressions.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from mmesim.errors import Problem, ScenarioError, nearest
from mmesim.scenario.file.tree import Key, Located
from mmesim.scenario.values.fields import shown

_TAG = "tag:yaml.org,2002:"
_ALIASED_NODES = 10_000
"""Most values that aliases may add: more is a file made to fill the memory ("billion laughs")."""

_CORE: dict[str, tuple[str, list[str]]] = {
    "null": (r"(?:null|Null|NULL|~|)", ["n", "N", "~", ""]),
    "bool": (r"(?:true|True|TRUE|false|False|FALSE)", list("tTfF")),
    "int": (r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)", list("-+0123456789")),
    "float": (
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))",
        list("-+.0123456789"),
    ),
}
"""The scalars of the YAML 1.2 core schema (section 10.3.2), with the characters that they start with."""


_PLAIN = {
    "'\\t'": "a tab cannot indent: use spaces",
    "mapping values are not allowed": "one key a line: begin a new line, or put quotes around text that holds a colon",
    "expected <block end>": "the line is indented differently from the rest of its block",
    "found undefined alias": "give the value its name first: &name",
    "could not find expected ':'": "a colon and a space are missing after the key",
    "but found another document": "one scenario a file: remove the line ---",
    "found unexpected end of stream": "a quote or a bracket is not closed",
    "found character '@'": "put quotes around text that begins with @; a value from a JSON file stands alone: "
    "--set KEY=@FILE.json:PATH",
    "found character '`'": "put quotes around text that begins with `",
    "expected alphabetic or numeric character": "put quotes around text that begins with *, & or %; # begins a comment",
    "expected ',' or": "a bracket is not closed, or a comma is missing",
}
"""Part of what the parser says -> what to do, in plain words."""
_INDENT = ("mapping values are not allowed", "expected <block end>")
"""What the parser says of a line that is indented too much."""


class CoreLoader(yaml.SafeLoader):
    """PyYAML's parser with the scalars of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  declared by PyYAML


class CoreDumper(yaml.SafeDumper):
    """PyYAML's writer, which quotes whatever YAML 1.2 would not read as text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  declared by PyYAML


for _name, (_pattern, _first) in _CORE.items():
    for _class in (CoreLoader, CoreDumper):
        _class.add_implicit_resolver(_TAG + _name, re.compile(rf"\A{_pattern}\Z"), _first)
CoreDumper.add_implicit_resolver(_TAG + "merge", re.compile(r"\A<<\Z"), ["<"])


def read_file(path: Path, twice: list[Problem] | None = None) -> Located:
    """The tree of a file; raises ScenarioError if it cannot be read or is not YAML; `twice` as in `read_text`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except IsADirectoryError:
        raise _error(str(path), None, "is a folder, and a scenario is a file (YAML)", _inside(path)) from None
    except OSError as error:
        raise _error(str(path), None, f"cannot be read: {error.strerror or error}", _near(path)) from None
    except UnicodeDecodeError as error:
        raise _error(str(path), None, f"is not text in UTF-8: {error.reason} at byte {error.start}") from None
    return read_text(text, str(path), path.parent, twice)


def _near(path: Path) -> str | None:
    """The scenario file beside a missing one that has nearly its name."""
    if path.exists() or not path.parent.is_dir():
        return None
    names = {file.stem: file for file in sorted(path.parent.iterdir()) if file.suffix in SUFFIXES}
    found = nearest(path.stem, names)
    return None if found is None else f"did you mean {names[found]}?"


def _inside(folder: Path) -> str | None:
    """The scenario in a folder that holds one by the name under which results are kept with theirs."""
    file = folder / KEPT
    return f"did you mean {file}?" if file.is_file() else None


KEPT = "scenario.yaml"
SUFFIXES = (".yaml", ".yml")


def read_text(text: str, name: str, folder: Path, twice: list[Problem] | None = None) -> Located:
    """The tree of a text; `name` stands for the file in errors, relative paths start in `folder`.

    Duplicate keys are left out and added to `twice`, so that other mistakes can be found too, else they are raised.
    """
    try:
        loader = CoreLoader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
        if node is not None:
            _refuse_bombs(node, name)
            return _Builder(name, folder).build(node, twice)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark is not None and error.problem == "could not find expected ':'":
            mark = error.context_mark or mark  # where the key is, not where the search for its colon ended
        line = None if mark is None else mark.line + 1
        context = f"{error.context}: " if error.context else ""
        hint = _hint(error, text)
        if mark is not None and any(part in str(error.problem) for part in _INDENT):
            deep = _too_deep(text.splitlines(), mark.line)
            if deep is not None:
                raise _error(name, line, f"is not YAML: {deep[0]}", deep[1]) from None
        raise _error(name, line, f"is not YAML: {context}{error.problem}", hint) from None
    except yaml.YAMLError as error:
        raise _error(name, None, f"is not YAML: {error}".splitlines()[0]) from None
    except RecursionError:
        raise _error(name, None, "is nested too deeply") from None
    raise _error(name, None, "is empty: `mmesim init` writes a file to start from")


def _hint(error: yaml.MarkedYAMLError, text: str) -> str | None:
    """What to do about text that is not YAML, and where what is not closed was opened."""
    mark, begun = error.problem_mark, error.context_mark
    lines = text.splitlines()
    before = "" if mark is None or mark.line >= len(lines) else lines[mark.line][: mark.column]
    if before.endswith("$"):
        return "variables of the shell are not replaced in a file: --set KEY=$NAME"
    hint = next((words for part, words in _PLAIN.items() if part in str(error.problem)), None)
    if hint is not None and "not closed" in hint and begun is not None:
        return f"{hint}; it was opened on line {begun.line + 1}"
    return hint


def _too_deep(lines: list[str], number: int) -> tuple[str, str] | None:
    """That a line is indented more than the complete `key: value` above it, and the cure; None when it is not."""
    above = next((one for one in reversed(lines[:number]) if one.split("#")[0].strip()), "")
    column, column_above = (len(one) - len(one.lstrip(" ")) for one in (lines[number], _without_dashes(above)))
    if column <= column_above or not re.search(r":\s+[^\s#]", above):
        return None
    dash = re.match(r" *-\w", above)
    cure = "begin the keys of one block in the same column" if dash is None else "put a space after the dash above"
    return f"the line is indented by {column} blanks, the line above it by {column_above}", cure


def _without_dashes(line: str) -> str:
    """The line with blanks for the dashes of lists that it begins with."""
    dashes = re.match(r" *(?:- +)*", line)
    return line if dashes is None else " " * dashes.end() + line[dashes.end() :]


def write_text(data: object) -> str:
    """Plain data as YAML that `read_text` reads back unchanged."""
    text: str = yaml.dump(data, Dumper=CoreDumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def write_flow(data: object) -> str:
    """Plain data as YAML on one line, as it may stand in an override."""
    text: str = yaml.dump(
        data, Dumper=CoreDumper, sort_keys=False, allow_unicode=True, default_flow_style=True, width=float("inf")
    )
    return text.removesuffix("...\n").rstrip("\n")


def _refuse_bombs(root: yaml.Node, name: str) -> None:
    """Refuses aliases that multiply, or that contain themselves."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: yaml.Node) -> int:
        key = id(node)
        if key in sizes:
            return sizes[key]
        if key in open_nodes:
            raise _error(name, _line(node), "an alias contains itself")
        open_nodes.add(key)
        total = 1
        for child in _children(node):
            total += size(child)
        open_nodes.remove(key)
        sizes[key] = total
        return total

    if size(root) > len(sizes) + _ALIASED_NODES:
        raise _error(
            name, None, f"aliases expand to {size(root):,} values; at most {_ALIASED_NODES:,} may come from aliases"
        )


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    return []


class _Builder:
    """Turns composed nodes into located values; collects every duplicate key before it raises."""

    def __init__(self, file: str, folder: Path) -> None:
        self._file = file
        self._folder = folder
        self._problems: list[Problem] = []
        self._twice: list[Problem] = []

    def build(self, root: yaml.Node, twice: list[Problem] | None) -> Located:
        tree = self._located(root, (), None)
        if self._problems or (self._twice and twice is None):
            raise ScenarioError([*self._problems, *self._twice])
        if twice is not None:
            twice += self._twice
        return tree

    def _located(self, node: yaml.Node, place: tuple[str, ...], key_line: int | None) -> Located:
        value: Any
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            value = self._map(node, place)
        elif isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            value = [self._located(item, (*place, str(index)), None) for index, item in enumerate(node.value)]
        elif isinstance(node, yaml.ScalarNode):
            value = self._scalar(node, place)
        else:
            self._refuse(node, place, None, f"the tag {node.tag!r} is not allowed in a scenario")
            value = None
        line, column = _line(node), node.start_mark.column + 1
        return Located(value, self._file, line, column, self._folder, key_line)

    def _map(self, node: yaml.MappingNode, place: tuple[str, ...]) -> dict[Key, Located]:
        found: dict[Key, Located] = {}
        merged: list[dict[Key, Located]] = []
        for key_node, value_node in node.value:
            if _is_merge(key_node):
                merged += self._merged(value_node, place)
                continue
            key = self._scalar(key_node, place) if isinstance(key_node, yaml.ScalarNode) else None
            if isinstance(key, bool) or not isinstance(key, str | int | float):
                template = (
                    " ({{ }} is not filled in: --set KEY=VALUE)" if isinstance(key_node, yaml.MappingNode) else ""
                )
                self._refuse(key_node, place, key, f"a key must be text or a number{template}")
                continue
            here = (*place, str(key))
            if key in found:
                first = f"duplicate key (first on line {found[key].shown_line})"
                self._twice.append(Problem(self._file, _line(key_node), ".".join(here), None, first))
                continue
            found[key] = self._located(value_node, here, _line(key_node))
        for other in merged:
            found |= {key: value for key, value in other.items() if key not in found}
        return found

    def _merged(self, node: yaml.Node, place: tuple[str, ...]) -> list[dict[Key, Located]]:
        """The maps behind a merge key, the first of which wins."""
        merged = []
        for one in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(one, yaml.MappingNode):
                merged.append(self._map(one, place))
            else:
                self._refuse(one, (*place, "<<"), None, "a merge key takes a map, or a list of maps: <<: *name")
        return merged

    def _scalar(self, node: yaml.ScalarNode, place: tuple[str, ...]) -> str | int | float | bool | None:
        text: str = node.value
        try:
            match node.tag.removeprefix(_TAG):
                case "str":
                    return text
                case "null":
                    return None
                case "bool":
                    return text.lower() == "true"
                case "int":
                    return int(text, 8 if text.startswith("0o") else 16 if text.startswith("0x") else 10)
                case "float":
                    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            self._refuse(node, place, text, f"{shown(text)} is not a number that can be read")
            return None
        self._refuse(node, place, text, f"the tag {node.tag!r} is not allowed in a scenario")
        return None

    def _refuse(self, node: yaml.Node, place: tuple[str, ...], value: object, message: str) -> None:
        self._problems.append(Problem(self._file, _line(node), ".".join(place), value, message))


def _is_merge(key: yaml.Node) -> bool:
    """Whether a key is `<<` without quotes: of no YAML 1.2, but every tool with anchors reads it."""
    return isinstance(key, yaml.ScalarNode) and key.value == "<<" and key.style is None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _error(file: str, line: int | None, message: str, hint: str | None = None) -> ScenarioError:
    return ScenarioError([Problem(file, line, "", None, message, hint)])
