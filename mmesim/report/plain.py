"""Text that a terminal shows and does not obey."""

from __future__ import annotations

import re

MOST_LETTERS = 40
"""Letters of a name where there is little room."""
_UNSAFE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, the escape among them, apart from tab and line end
    "\u202a-\u202e\u2066-\u2069"  # they turn the order of the letters round
    "\u2028\u2029"  # further line ends
    "\ud800-\udfff"  # halves of characters, which cannot be written
    "]"
)
_LINE_ENDS = re.compile("[\t\n]")
_COLOUR = re.compile(r"(\x1b\[\d*m)")


def harmless(text: str) -> str:
    """The text with every character that steers a terminal written out, as its number; lines stay lines.

    Names come from scenario files and logs: printed as they are they could set the title of a window, move the cursor
    or write a line that looks like one of ours.
    """
    return _UNSAFE.sub(_written_out, text)


def harmless_line(text: str) -> str:
    """The same for what has to stay on its line."""
    return _LINE_ENDS.sub(_written_out, harmless(text))


def shortened(name: str, most: int = MOST_LETTERS) -> str:
    """A name on one line, harmless, and cut where it is too long."""
    text = harmless_line(name)
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def harmless_but_colours(text: str) -> str:
    """The same for a report that was coloured: a colour does no harm."""
    return "".join(part if index % 2 else harmless(part) for index, part in enumerate(_COLOUR.split(text)))


def _written_out(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
