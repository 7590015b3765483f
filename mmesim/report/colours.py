"""Colours that mean the same wherever they are drawn: parts of the latency, and kinds of calls."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from mmesim.scenario.figures import DEVICE_PARTS, PARTS

PALETTE = (
    *("#332288", "#88ccee", "#117733", "#ddcc77", "#aa4499", "#44aa99", "#882255", "#cc6677"),
    *("#999933", "#777777", "#e69f00", "#0072b2", "#f0e442", "#444444", "#d55e00", "#cc79a7"),
)
"""One after the other they differ for the colour-blind, too (P. Tol's muted set, then M. Okabe's and K. Ito's)."""

_COLOURED = (*(part for part in PARTS if part not in DEVICE_PARTS), *DEVICE_PARTS)
OF_PART: Mapping[str, str] = MappingProxyType(dict(zip(_COLOURED, PALETTE, strict=False)))
"""Part of the ledger -> its colour, in every picture, with devices and without."""


class Ground(NamedTuple):
    """A colour on a light ground, and on a dark one."""

    light: str
    dark: str


OF_CALLS: Mapping[str, Ground] = MappingProxyType(
    {
        "all calls": Ground("#1f5fa8", "#6cb6ff"),
        "warm calls": Ground("#8a8a8a", "#a3adb8"),
        "cold calls": Ground("#e69f00", "#e69f00"),
    }
)
"""Which calls -> the colour of their curve. None is red: that is a limit, or worse."""


def style() -> str:
    """The style of parts: `part-NAME` is filled with the colour of a part, `on-part-NAME` with one that can be read
    on it.
    """
    return "\n".join(
        f".picture .part-{part} {{ fill: {colour}; }} .picture .on-part-{part} {{ fill: {ink(colour)}; }}"
        for part, colour in OF_PART.items()
    )


def variables() -> str:
    """The colours of calls as variables of a page, light or dark; on paper they are those of a light ground."""
    light, dark = (
        " ".join(f"{variable(calls)}: {getattr(of, ground)};" for calls, of in OF_CALLS.items())
        for ground in Ground._fields
    )
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root:not(.paper) {{ {dark} }} }}\n"


def variable(calls: str) -> str:
    """The variable of a page that has the colour of these calls; KeyError for calls that have none."""
    assert OF_CALLS[calls]
    return f"--{calls.replace(' ', '-')}"


def ink(colour: str) -> str:
    """Black or white, whichever can be read on a colour `#rrggbb`."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255.0 for place in (1, 3, 5))
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "#ffffff"
