"""Texts that other programs wrote: in which encoding, between which separators, and with lines of any length."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Final, TextIO

HEAD = 4
"""Bytes of a file that tell what it is."""
SEPARATORS: Final = (",", ";", "\t", "|")
_NO_TEXT: Final = {
    b"\x1f\x8b": "gzip packed it, so its name has to end in .gz",
    b"\x28\xb5\x2f\xfd": "zstd packed it, so its name has to end in .zst",
    b"PK\x03\x04": "it is a zip archive: unpack it",
    b"PAR1": "it is a Parquet file, so its name has to end in .parquet",
}
"""What a file begins with that is not text -> what to do."""


def encoding_of(head: bytes) -> str:
    """UTF-8, or UTF-16 as redirections in PowerShell write it, each with or without a byte order mark.

    `head` are the first bytes of a file, unpacked; ValueError for those of no text, such as of a file that is packed
    and does not say so in its name.
    """
    found = next((cure for magic, cure in _NO_TEXT.items() if head.startswith(magic)), None)
    if found is not None:
        raise ValueError(f"is not text: {found}")
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    if len(head) > 1 and (head[0] == 0) != (head[1] == 0):
        return "utf-16-le" if head[1] == 0 else "utf-16-be"
    return "utf-8-sig"


def separator_of(line: str) -> str:
    """What stands between the cells of a table, by its first line: comma, semicolon, tab or bar."""
    return max(SEPARATORS, key=line.count)


LONGEST_LINE = 1 << 20
"""Characters of a line of a table: a file without line ends, or one that unpacks to gigabytes, is none."""


class LineTooLong(OSError):
    """A line of a text is longer than that of any table: the message names it."""


def lines(text: TextIO) -> Iterator[str]:
    """The lines of a text with their ends; LineTooLong before one has filled the memory."""
    number = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
            raise LineTooLong(f"line {number} is longer than {LONGEST_LINE:,} characters")
        yield line
