"""Colours of the parts of a whole, such as those of the latency, for whoever draws them."""

PARTS = (
    *("#332288", "#88ccee", "#117733", "#ddcc77", "#aa4499", "#44aa99", "#882255", "#cc6677"),
    *("#999933", "#777777", "#e69f00", "#0072b2", "#f0e442", "#444444", "#d55e00", "#cc79a7"),
)
"""One after the other they differ for the colour-blind, too (P. Tol's muted set, then M. Okabe's and K. Ito's)."""


def style() -> str:
    """The style of parts: `partN` is filled with the colour of a part, `on-partN` with one that can be read on it."""
    return "\n".join(
        f".picture .part{number} {{ fill: {colour}; }} .picture .on-part{number} {{ fill: {ink(colour)}; }}"
        for number, colour in enumerate(PARTS)
    )


def ink(colour: str) -> str:
    """Black or white, whichever can be read on a colour `#rrggbb`."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255.0 for place in (1, 3, 5))
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "#ffffff"
