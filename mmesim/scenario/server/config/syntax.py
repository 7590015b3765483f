"""The syntax of a `config.properties`: Java's, with the `$$NAME$$` and `MMS_KEY` variables of the model server.

Source: `java.util.Properties.load`, and `ConfigManager.java` of awslabs/multi-model-server, which reads the file in
ISO 8859-1, keeps the last of several lines of one key, and only then looks at the environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mmesim.scenario.values.fields import shown

BLANKS = " \t\f"
_NEW_LINE = re.compile(r"\r\n|\r|\n")
_VARIABLE = re.compile(r"\$\$([^$]+[^$])\$\$")
_ESCAPE = re.compile(r"\\(?:u(.{0,4})|(.?))", re.DOTALL)
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Setting:
    """A key with its value, and where both come from: a line of the file (from 1), or a variable of the environment."""

    key: str
    value: str
    line: int | None
    variable: str | None = None
    replaced: tuple[int, str] | None = None
    """Line and value of an earlier line of the same key with another value."""

    def place(self, file: str) -> str:
        """Where it was set, for people."""
        return f"{file}:{self.line}" if self.variable is None else f"environment variable {self.variable}"


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a line of the file: the key if it is known by then, the value, the message."""

    line: int | None
    key: str
    value: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Unset:
    """A setting whose value names environment variables that do not exist."""

    setting: Setting
    names: tuple[str, ...]


def read_settings(data: bytes) -> tuple[dict[str, Setting], list[Flaw]]:
    """The settings of a file by key, in the order of their last lines, and what is wrong with it."""
    if b"\0" in data:
        return {}, [Flaw(None, "", None, "is not a text file: it has bytes of value 0")]
    settings: dict[str, Setting] = {}
    flaws: list[Flaw] = []
    for number, line in _logical_lines(data.decode("latin-1")):
        try:
            key, value = _key_and_value(line)
        except ValueError as error:
            flaws.append(Flaw(number, "", line, str(error)))
            continue
        earlier = settings.pop(key, None)
        differs = earlier is not None and earlier.value != value and earlier.line is not None
        replaced = (earlier.line, earlier.value) if earlier and earlier.line and differs else None
        settings[key] = Setting(key, value, number, None, replaced)
    return settings, flaws


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that mean something, continued ones joined, each with the number of its first line."""
    lines = _NEW_LINE.split(text)
    number = 0
    while number < len(lines):
        first, line = number, lines[number].lstrip(BLANKS)
        number += 1
        if line.startswith(("#", "!")):
            continue
        while _is_continued(line):
            following = lines[number].lstrip(BLANKS) if number < len(lines) else ""
            line, number = line[:-1] + following, number + 1
        if line:
            yield first + 1, line


def _is_continued(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _key_and_value(line: str) -> tuple[str, str]:
    """The two sides of the first `=`, `:` or blank that is not escaped; blanks after the value stay, as in Java."""
    end = 0
    while end < len(line) and line[end] not in "=:" + BLANKS:
        end += 2 if line[end] == "\\" else 1
    rest = line[end:].lstrip(BLANKS)
    if rest.startswith(("=", ":")):
        rest = rest[1:].lstrip(BLANKS)
    return _unescaped(line[:end]), _unescaped(rest)


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code, letter = match.groups()
    if code is None:
        return _LETTERS.get(letter, letter)
    if not re.fullmatch(r"[0-9a-fA-F]{4}", code):
        raise ValueError(f"{shown(match[0])} is not a character: four hexadecimal digits follow \\u")
    return chr(int(code, 16))


def asked_for(settings: Mapping[str, Setting]) -> dict[str, list[str]]:
    """The variables that values name as `$$NAME$$`, each with the keys that do."""
    asked: dict[str, list[str]] = {}
    for key, setting in settings.items():
        for name in dict.fromkeys(_VARIABLE.findall(setting.value)):
            asked.setdefault(name, []).append(key)
    return asked


def with_variables(
    settings: Mapping[str, Setting], environment: Mapping[str, str]
) -> tuple[dict[str, Setting], list[Unset]]:
    """The settings with `$$NAME$$` replaced, and those that name a variable which does not exist, left out."""
    unset: list[Unset] = []
    resolved: dict[str, Setting] = {}
    for key, setting in settings.items():
        names: list[str] = _VARIABLE.findall(setting.value)
        missing = tuple(dict.fromkeys(name for name in names if name not in environment))
        if missing:
            unset.append(Unset(setting, missing))
            continue
        value = _VARIABLE.sub(lambda match: environment[match[1]], setting.value)
        resolved[key] = replace(setting, value=value)
    return resolved, unset


def with_overrides(
    settings: Mapping[str, Setting], prefix: str, keys: Iterable[str], environment: Mapping[str, str]
) -> dict[str, Setting]:
    """The settings with those of environment variables such as `MMS_KEY` put over them, for the given keys."""
    over: dict[str, Setting] = {}
    for key in keys:
        variable = f"{prefix}{key.upper()}"
        if variable in environment:
            over[key] = Setting(key, environment[variable], None, variable)
    return {key: setting for key, setting in settings.items() if key not in over} | over
