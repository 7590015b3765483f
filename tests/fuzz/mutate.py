"""Changes that a tired user, a broken tool or an attacker makes to a text."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

NASTY = (
    "", "null", "~", "true", "no", "0", "-1", "1", "0.5", "-0.0", "1e308", "1e-308", "-1e400", ".inf", "-.inf",
    ".nan", "nan", "2147483648", "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e30",
    "00012", "0x10", "0o17", "1_000", "10 ms", "10 msec", "-5 s", "0 s", "1e12 s", "1e-12 s", "5 parsecs", "10 %",
    "-10 %", "1000 %", "50", "10 MiB", "10 MB/s", "1e40 GiB", "100 /s", "1e9 /s", "0 /s", "/s", "8 h..9 h", "1..20",
    "[]", "{}", "[1, 2", "{a: 1}", "{a: {b: {c: 1}}}", "[10 ms, 20 ms]", "'", '"', "&a", "*a", "<<: *a",
    "!!python/object:os.system x", "!tag x", "|", ">", "- a", "? a", "# c", "\t", "\u00e9", "\u202e", "\u0000",
    "\u001b[31m", "\ufeff", "a" * 300, "../../etc/passwd", "/dev/null", "/", ".", "poisson",
    "{poisson: {rate: 10 /s}}", "{zipf: 1.0}", "zipf", "lru", "sticky", "ml.m5.xlarge", "ml.p3.2xlarge", "auto",
    "stationary", "{uncertain: {uniform: [1, 2]}}", "os:system", "builtins:print", "module:function", "2024-01-01",
    "2024-01-01T00:00:00Z", "1767225600000", "12:30:00", "yes", "NULL", "=1+1", "%", "p99 < 500 ms", "p99 < 5",
)  # fmt: skip
"""Values that are right in one place and wrong in most."""

_SCALAR = re.compile(r"[^\s:,\[\]{}#]+")

Mutation = Callable[[np.random.Generator, list[str]], list[str]]


def _at(rng: np.random.Generator, lines: list[str]) -> int:
    return int(rng.integers(len(lines)))


def _one(rng: np.random.Generator, values: tuple[str, ...]) -> str:
    return values[int(rng.integers(len(values)))]


def replace_a_word(rng: np.random.Generator, lines: list[str]) -> list[str]:
    """Another value, or another key."""
    at = _at(rng, lines)
    words = list(_SCALAR.finditer(lines[at]))
    if not words:
        return lines
    word = words[int(rng.integers(len(words)))]
    changed = lines[at][: word.start()] + _one(rng, NASTY) + lines[at][word.end() :]
    return [*lines[:at], changed, *lines[at + 1 :]]


def replace_a_value(rng: np.random.Generator, lines: list[str]) -> list[str]:
    """All that follows a colon or the last comma."""
    at = _at(rng, lines)
    head, separator, _ = lines[at].partition(":")
    if not separator:
        head, separator, _ = lines[at].rpartition(",")
    return [*lines[:at], f"{head}{separator} {_one(rng, NASTY)}", *lines[at + 1 :]]


def drop_a_line(rng: np.random.Generator, lines: list[str]) -> list[str]:
    """A line is missing."""
    at = _at(rng, lines)
    return [*lines[:at], *lines[at + 1 :]] or [""]


def repeat_a_line(rng: np.random.Generator, lines: list[str]) -> list[str]:
    """A line is there twice, maybe somewhere else."""
    at, to = _at(rng, lines), _at(rng, lines)
    return [*lines[:to], lines[at], *lines[to:]]


def indent_a_line(rng: np.random.Generator, lines: list[str]) -> list[str]:
    """A line belongs to another key."""
    at = _at(rng, lines)
    by = int(rng.integers(-4, 5))
    changed = " " * by + lines[at] if by > 0 else lines[at][min(-by, len(lines[at]) - len(lines[at].lstrip())) :]
    return [*lines[:at], changed, *lines[at + 1 :]]


def insert_characters(rng: np.random.Generator, lines: list[str]) -> list[str]:
    """Something that does not belong there."""
    at = _at(rng, lines)
    place = int(rng.integers(len(lines[at]) + 1))
    return [*lines[:at], lines[at][:place] + _one(rng, NASTY) + lines[at][place:], *lines[at + 1 :]]


def drop_a_character(rng: np.random.Generator, lines: list[str]) -> list[str]:
    """A slip of the finger."""
    at = _at(rng, lines)
    place = int(rng.integers(len(lines[at]) + 1))
    return [*lines[:at], lines[at][:place] + lines[at][place + 1 :], *lines[at + 1 :]]


def cut(rng: np.random.Generator, lines: list[str]) -> list[str]:
    """The file ends in the middle."""
    at = _at(rng, lines)
    return [*lines[:at], lines[at][: int(rng.integers(len(lines[at]) + 1))]]


MUTATIONS: tuple[Mutation, ...] = (
    replace_a_word,
    replace_a_word,
    replace_a_value,
    replace_a_value,
    drop_a_line,
    repeat_a_line,
    indent_a_line,
    insert_characters,
    drop_a_character,
    cut,
)


def mutant(rng: np.random.Generator, text: str) -> bytes:
    """The text after one to four changes, in UTF-8; now and then with a byte that is not."""
    lines = text.split("\n")
    for _ in range(int(rng.choice([1, 1, 1, 2, 3, 4]))):
        lines = MUTATIONS[int(rng.integers(len(MUTATIONS)))](rng, lines)
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    if rng.random() < 0.03:
        at = int(rng.integers(len(data) + 1))
        data = data[:at] + bytes(rng.integers(0, 256, size=3, dtype=np.uint8)) + data[at:]
    return data


def value(rng: np.random.Generator) -> str:
    """A nasty value."""
    return _one(rng, NASTY)
