"""Figures as text: significant digits, intervals, shares, and cells that hold them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from mmesim.report.blocks import Cell
from mmesim.scenario.figures import Kind

DASH = "-"
PERCENT_DECIMALS = 8
"""Decimals of a share in percent at most: no run has the ten thousand million calls that would tell more."""
Estimated = Mapping[str, object]
"""A value of summary.json: `value`, `ci95` and, when value is null, `reason`."""


def number(value: float, digits: int = 3) -> str:
    """A number with that many significant digits; digits before the point are never cut."""
    return _fixed(value, _decimals(value, digits))


def value(estimated: Estimated, unit: str = "") -> str:
    """The value in its unit, a dash when there is none."""
    plain = estimated["value"]
    return DASH if not isinstance(plain, float | int) else number(plain) + unit


def interval(estimated: Estimated) -> str:
    """`[low, high]`, nothing when there is no interval."""
    bounds = estimated["ci95"]
    return _brackets([float(b) for b in bounds], _decimals) if isinstance(bounds, Sequence) else ""


def reason(estimated: Estimated) -> str:
    """Why there is no value, nothing when there is one."""
    return str(estimated.get("reason", ""))


def both(estimated: Estimated, unit: str = "") -> str:
    """Value and interval, or a dash and the reason why there is none."""
    if estimated["value"] is None:
        return f"{DASH} ({reason(estimated)})"
    return f"{value(estimated, unit)} {interval(estimated)}".rstrip()


def in_sentence(shown: str) -> str:
    """A value with its interval as a sentence has them: `84.6 (84.5 to 84.8)` for `84.6 [84.5, 84.8]`."""
    return shown.replace("[", "(").replace(", ", " to ").replace("]", ")")


def percent(estimated: Estimated) -> str:
    """A share (0..1) in percent with its interval, or a dash and the reason why there is none."""
    if estimated["value"] is None:
        return f"{DASH} ({reason(estimated)})"
    return f"{percent_value(estimated)} {percent_interval(estimated)}".rstrip()


def percent_value(estimated: Estimated) -> str:
    """A share (0..1) in percent, a dash when there is none."""
    plain = estimated["value"]
    return DASH if not isinstance(plain, float | int) else share(plain)


def percent_interval(estimated: Estimated) -> str:
    """The interval of a share in percent, nothing when there is none."""
    bounds = estimated["ci95"]
    if not isinstance(bounds, Sequence):
        return ""
    return _brackets([in_percent(float(b)) for b in bounds], _decimals_of_percent)


def share(plain: float) -> str:
    """A share (0..1) in percent: three significant digits of it, and near 100 % two of what is missing."""
    percent = in_percent(plain)
    return f"{_fixed(percent, _decimals_of_percent(percent, 3))} %"


def figure(kind: Kind, plain: float | None) -> str:
    """A figure of a kind as text, without its unit but for the % of a share; a dash when there is none."""
    if plain is None:
        return DASH
    return share(plain) if kind == "share" else number(plain)


def value_cell(estimated: Estimated) -> Cell:
    """A cell with value, interval and, without a value, the reason."""
    return Cell(value(estimated), interval(estimated), reason(estimated))


def share_cell(estimated: Estimated) -> Cell:
    """A cell with a share (0..1) in percent and its interval."""
    return Cell(percent_value(estimated), percent_interval(estimated))


def _brackets(bounds: Sequence[float], decimals: Callable[[float, int], int]) -> str:
    low, high = (float(f"{bound:.9g}") for bound in bounds)  # beyond are the errors of floating point
    places = max(decimals(low, 3), decimals(high, 3))
    if high > low:
        # More than two digits of the width would be noise.
        places = min(places, _decimals(high - low, 2))
    return f"[{_end(low, places)}, {_end(high, places)}]"


def _end(bound: float, places: int) -> str:
    """An end of an interval; one below 0 is not shown as 0: on which side of it a difference lies is what counts."""
    exact = _decimals(bound, 1)
    is_hidden = not round(bound, places) and (bound < 0.0 or exact == places + 1)
    return _fixed(bound, exact if is_hidden else places)


def _decimals(value: float, digits: int) -> int:
    """How many decimals show that many significant digits."""
    if value == 0.0:
        return 0
    # One rounding first: 9.996 with three digits is 10.0, not 10.00.
    rounded = float(f"{value:.{digits - 1}e}")
    return max(0, digits - 1 - math.floor(math.log10(abs(rounded))))


def in_percent(plain: float) -> float:
    """A share in percent without the errors of floating point: 6e-33 is 0, not thirty zeros and a digit."""
    percent = 100.0 * plain
    nearest = round(percent, PERCENT_DECIMALS)
    return nearest if nearest in (0.0, 100.0) else percent


def _decimals_of_percent(value: float, digits: int) -> int:
    plain = _decimals(value, digits)
    return max(plain, _decimals(100.0 - value, digits - 1)) if 99.0 < value < 100.0 else plain


def _fixed(value: float, decimals: int) -> str:
    return "0" if value == 0.0 else f"{value:,.{decimals}f}"
