"""Pictures that are part of the page itself, so that they print and can be read aloud: figures, lines and words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TypeAlias

from markupsafe import Markup

WIDE, NARROW = 800.0, 360.0
"""Units of a picture across, on a screen and on a phone: it is as wide as its column, so letters keep their size."""
Drawn: TypeAlias = tuple[float, Iterable[Markup]]
"""Height of a picture, and what is in it."""


def picture(draw: Callable[[float], Drawn], label: str, caption: str = "") -> Markup:
    """A figure with a text that says what there is to see, for whoever does not see it.

    It is drawn twice, for `WIDE` and for `NARROW`, and the style of the page shows the one that suits the screen.
    """
    both = Markup("").join(_drawn(width, *draw(width), label) for width in (WIDE, NARROW))
    below = Markup("<figcaption>{}</figcaption>").format(caption) if caption else Markup()
    return Markup("<figure>{}{}</figure>").format(both, below)


def _drawn(width: float, height: float, parts: Iterable[Markup], label: str) -> Markup:
    screen = "narrow" if width == NARROW else "wide"
    return Markup('<svg role="img" aria-label="{}" viewBox="0 0 {:g} {:g}" class="picture {}">{}</svg>').format(
        label, width, height, screen, Markup("").join(parts)
    )


def box(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    """A filled rectangle; `kind` is its class in the style."""
    return Markup('<rect x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}" class="{}"/>').format(
        x, y, max(0.0, width), height, kind
    )


def line(points: Iterable[tuple[float, float]], kind: str) -> Markup:
    """A line through points."""
    return Markup('<polyline points="{}" class="{}"/>').format(" ".join(f"{x:.2f},{y:.2f}" for x, y in points), kind)


def words(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> Markup:
    """A text whose baseline begins, ends (`end`) or has its `middle` at a point."""
    return Markup('<text x="{:.2f}" y="{:.2f}" text-anchor="{}" class="{}">{}</text>').format(x, y, anchor, kind, text)


def round_steps(largest: float, most: int = 6) -> list[float]:
    """Round numbers from 0 to `largest`, at most that many steps of 1, 2 or 5 times a power of ten."""
    if largest <= 0.0:
        return [0.0]
    raw = largest / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1.0, 2.0, 5.0, 10.0) if power * factor >= raw * (1.0 - 1e-9))
    return [step * number for number in range(int(largest / step * (1.0 + 1e-9)) + 1)]
