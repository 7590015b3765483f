"""Shares that need their `%`: a bare 1 is read as 1 % by some and as 100 % by others."""

from __future__ import annotations

from mmesim import units


def share(text: str, before: str) -> float:
    """A share, 0 to 1, of a text such as `5 %`; ValueError with every reading of a number without `%`.

    `before` is what stands before it in its line, such as `error_rate <`.
    """
    quantity = units.split(text)
    if quantity is not None and not quantity[1]:
        number = float(quantity[0])
        readings = [f"`{before} {number:.12g} %`"] if 0.0 <= number <= 100.0 else []
        if 0.0 <= number <= 1.0:
            readings.append(f"`{before} {100.0 * number:.12g} %`")
        if readings:
            raise ValueError(f"{text} is not a share without `%`: write {' or '.join(dict.fromkeys(readings))}")
    return units.fraction(text)
