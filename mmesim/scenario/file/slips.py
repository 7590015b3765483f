"""Slips of the pen that YAML reads as something else: what is meant by a text that was refused.

`{low:20 MB}` is a map whose only key is `low:20 MB`, `duration=60 s` is a text, and so is what stands in typographic
quotes. Nothing here refuses anything: a text may look like a slip and be right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mmesim.scenario.file.tree import Key, Located

_PAIR = re.compile(r"(?P<key>[A-Za-z_]\w*)(?P<sign> ?[:=] ?)(?P<value>\S.*)")
"""A key and its value that are not apart; what begins with // is an address."""
_ODD: Mapping[str, str] = {
    "\N{NO-BREAK SPACE}": "a no-break space: write a blank",
    "\N{NARROW NO-BREAK SPACE}": "a no-break space: write a blank",
    "\N{FULLWIDTH COLON}": "a full-width colon: write : and a blank",
    "\N{MINUS SIGN}": "a minus sign that no keyboard has: write -",
    "\N{EN DASH}": "a dash: write -",
    "\N{LEFT DOUBLE QUOTATION MARK}": 'a typographic quote: write "',
    "\N{RIGHT DOUBLE QUOTATION MARK}": 'a typographic quote: write "',
    "\N{LEFT SINGLE QUOTATION MARK}": "a typographic quote: write '",
    "\N{RIGHT SINGLE QUOTATION MARK}": "a typographic quote: write '",
}
"""Characters that look like others, which word processors put in their places -> what they are."""


def of_key(key: str) -> str | None:
    """What is meant by an unknown key; None where it does not look like a slip."""
    if key.startswith("//"):
        return "a comment begins with #"
    if re.match(r"-\w", key):
        return "put a space after the dash"
    return _odd(key) or _apart(key)


def of_text(text: str) -> str | None:
    """What is meant by a text that stands where a map should."""
    return _odd(text) or _apart(text)


def of_value(found: Located) -> str | None:
    """What is meant by a value that was refused: a text, or a map with a key that has no value."""
    if isinstance(found.value, Mapping):
        return next(filter(None, (_apart(key) for key in _without_value(found.map))), None)
    if not isinstance(found.value, str):
        return None
    if re.search(r"\S#", found.value):
        return "put a space before the # of a comment"
    if found.value.endswith(";"):
        return "remove the ;"
    spaced = re.search(r":\S.* ", found.value)  # `module:name` has no blanks
    return _odd(found.value) or (_apart(found.value) if spaced else None)


def _without_value(keys: Mapping[Key, Located]) -> Iterable[str]:
    return (key for key, value in keys.items() if isinstance(key, str) and value.value is None)


def _apart(text: str) -> str | None:
    """Key and value as they are to be written."""
    pair = _PAIR.fullmatch(text)
    if pair is None or pair["value"].startswith("//"):
        return None
    whole = "" if re.search(r"[][{}\"']", pair["value"]) else f": {pair['key']}: {pair['value']}"
    if ":" in pair["sign"]:
        return f"put a space after the colon{whole}"
    return f"put a colon and a space in place of ={whole}"


def _odd(text: str) -> str | None:
    return next((f"{character!r} is {what}" for character, what in _ODD.items() if character in text), None)
