"""What a picture of a sweep shows: figures in the unit of an axis, their limits, and the swept fields in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmesim.scenario.figures import Figure
from mmesim.scenario.run.expect import Expectation
from mmesim.stats.intervals import Estimate

if TYPE_CHECKING:
    from mmesim.experiment.sweep.result import SweepResult


def limits_of(result: SweepResult, figure: Figure) -> list[float]:
    """The limits of the figure that the scenario expects, in the unit of the axis."""
    scale = {"ms": 1000.0, "share": 100.0}.get(figure.kind, 1.0)
    return sorted({one.limit * scale for one in _asked(result, figure)})


def asked_of(result: SweepResult, figure: Figure) -> list[str]:
    """The lines of `expect` on the figure, as written."""
    return [one.text for one in _asked(result, figure)]


def _asked(result: SweepResult, figure: Figure) -> list[Expectation]:
    expected = (one for one in result.scenario.expect if one.calls.is_all)
    return [one for one in expected if one.metric == figure.name and one.kind == figure.kind]


def names_of(result: SweepResult) -> list[str]:
    """The swept fields in words, with their units: `instance count`, `router policy`, `tenant memory [MiB]`."""
    steps = [path.split(".") for path in result.fields]
    short = [" ".join(path[1:][-2:]) for path in steps]
    if len(set(short)) < len(short):
        short = [" ".join(path) for path in steps]
    return [
        f"{name.replace('_', ' ')}{f' [{field.unit}]' if field.unit else ''}"
        for name, field in zip(short, result.swept, strict=True)
    ]


def scaled(figure: Figure, found: Sequence[Estimate]) -> tuple[list[float], list[float], list[float]]:
    """Values and ends of the intervals, shares in percent, nan where there is none."""
    scale = 100.0 if figure.kind == "share" else 1.0
    value = [math.nan if one.value is None else one.value * scale for one in found]
    low, high = ([math.nan if one.ci95 is None else one.ci95[end] * scale for one in found] for end in (0, 1))
    return value, low, high


def axis_label(figure: Figure) -> str:
    """What an axis shows: the figure with its unit."""
    return f"{figure.title} [{figure.unit}]" if figure.unit else figure.title
