"""What a message shows of a line that cannot be read: where it fails, cut short, and without addresses."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from mmesim import texts
from mmesim.errors import TraceError

LONGEST = 1 << 20
"""A line that is longer is cut."""
SEARCHED = 1 << 16
"""Characters of a text in which a regular expression is looked for: its time may grow with their square, or worse."""
OPENED = 20
"""Lines of JSON over several lines that show what it is; the AWS CLI writes a key or a value a line."""
EXPLAINED = 1 << 12
"""Characters of a line in which each beginning of a pattern is looked for, to say where it stops to match."""
SAID = 500
"""Characters of a message about a line; what a cell holds may be any number of them."""
AROUND = 40
"""Characters of a line that are shown before the place where it fails, and after it."""
NEAR = 320
"""Characters around that piece in which addresses are looked for: none is longer, and a line may be, by much."""
ADDRESS = "<address>"
_ADDRESSES = re.compile(
    r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?![\d.])"  # IPv4, with its port
    r"|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){5,7}[0-9a-fA-F]{1,4}(?![\w:])"  # IPv6
    r"|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){1,7}:(?:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4})*)?(?![\w:])"
    r"|(?<![\w:])::(?:[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4})*)(?![\w:])"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"  # mail
)


def encoding(file: Path) -> str:
    """Of the text in a file (plain, .gz, .zst); TraceError for what is not text."""
    with pa.input_stream(str(file), compression="detect") as stream:
        head = stream.read(texts.HEAD)
    try:
        return texts.encoding_of(head)
    except ValueError as error:
        raise TraceError(f"{file}: {error}") from None


def lines(file: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line of a file (plain, .gz, .zst) that is not blank; a line that is too long is cut."""
    with pa.input_stream(str(file), compression="detect") as stream:
        text = io.TextIOWrapper(stream, encoding=encoding(file), errors="replace")
        number = 0
        while line := text.readline(LONGEST):
            number += 1
            whole = line.endswith("\n")
            while not whole and (rest := text.readline(LONGEST)):
                whole = rest.endswith("\n")
            if line.strip():
                yield number, line


def whole(file: Path) -> str:
    """The text of a file (plain, .gz, .zst), held in memory, such as JSON without line ends."""
    with pa.input_stream(str(file), compression="detect") as stream:
        return io.TextIOWrapper(stream, encoding=encoding(file), errors="replace").read()


def beginning(file: Path) -> str:
    """The first line of a file that is not blank; of one that opens JSON over several lines, `OPENED` of them in one.

    Empty where there is none, or where the file cannot be read or is not text.
    """
    try:
        found = [line for _, line in itertools.islice(lines(file), OPENED)]
    except (OSError, EOFError, TraceError):
        return ""
    first = found[0] if found else ""
    over_lines = first.lstrip().startswith(("{", "[")) and not first.rstrip().endswith(("}", "]"))
    over_lines = over_lines or first.strip() == "["
    return " ".join(line.strip() for line in found) if over_lines else first


def around(text: str, at: int = 0) -> str:
    """A quoted piece of a line around a place in it, without addresses."""
    text = text.rstrip()
    start, end = max(0, at - AROUND), min(len(text), at + AROUND)
    # An address is masked whole, even where the piece begins or ends inside it.
    for found in _ADDRESSES.finditer(text, max(0, start - NEAR), min(len(text), end + NEAR)):
        start = found.end() if found.start() < start < found.end() else start
        end = found.start() if found.start() < end < found.end() else end
    piece = _ADDRESSES.sub(ADDRESS, text[start:end])
    return repr(("..." if start else "") + piece + ("..." if end < len(text) else ""))


def shortened(message: str) -> str:
    """What is said of a line, or of a cell, without the middle of it where that makes it very long."""
    return message if len(message) <= SAID else f"{message[: SAID // 2]}...{message[-SAID // 2 :]}"


def too_long(text: str) -> str:
    """Why a text that is longer than `SEARCHED` is not searched."""
    return f"it is longer than {SEARCHED:,} characters, so it is not searched: {around(text)}"


def mismatch(pattern: str, line: str) -> str:
    """Why a line does not match a regular expression: where the longest part of it that does ends.

    Of a line longer than `EXPLAINED` it is not said where.
    """
    for length in range(len(pattern) - 1 if len(line) <= EXPLAINED else 0, 0, -1):
        try:
            found = re.compile(pattern[:length]).search(line)
        except re.error:
            continue  # the cut goes through a group or a set
        if found is not None and found.end() > found.start():
            group = re.search(r"\(\?P<(\w+)>", pattern[length:])
            what = f"group {group[1]!r} is not found" if group else "the pattern does not match"
            return f"{what} from character {found.end() + 1} on: {around(line, found.end())}"
    return f"the pattern does not match: {around(line)}"
