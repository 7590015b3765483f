"""A sweep as a picture: a line over one swept field, a heat map over two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure as Plot
from matplotlib.ticker import MaxNLocator

from mmesim.errors import UserError
from mmesim.report.plots.picture import BLUE, Picture
from mmesim.scenario.figures import Figure
from mmesim.stats.intervals import Estimate

if TYPE_CHECKING:
    from mmesim.experiment.sweep.result import Field, SweepResult


def sweep_plot(result: SweepResult, figure: Figure) -> Picture:
    """A line with its 95 % band over one swept field, or a heat map over two; UserError when neither can be.

    Points of two number fields that do not form a grid are drawn where they lie, each in the colour of its value.
    """
    found = [point.figures[figure.column] for point in result.points]
    if all(estimate.value is None for estimate in found):
        reason = found[0].reason if found else "no point is finished"
        raise UserError(f"there is no {figure.title} to plot: {reason}")
    plot = Picture(7.0, 4.5)
    if len(result.swept) == 1:
        _line(plot, result.swept[0], figure, found)
    elif len(result.swept) == 2:
        down, across = result.swept
        cells = len(_values(down)) * len(_values(across))
        scattered = cells > 2 * len(found) and down.numbers is not None and across.numbers is not None
        (_scatter if scattered else _heat_map)(plot, down, across, figure, found)
    else:
        raise UserError(f"a plot shows one or two swept fields, not {len(result.swept)}: {', '.join(result.fields)}")
    plot.axes[0].set_title(f"{result.scenario.name}: {figure.title}")
    return plot


def _line(plot: Plot, field: Field, figure: Figure, found: Sequence[Estimate]) -> None:
    axes = plot.add_subplot()
    places, names = _places(field)
    order = sorted(range(len(places)), key=lambda index: places[index])
    x = np.array([places[index] for index in order], dtype=np.float64)
    y, low, high = (np.array([ends[index] for index in order]) for ends in _scaled(figure, found))
    if names is None:
        axes.plot(x, y, "o-", color=BLUE)
        if figure.interval:
            axes.fill_between(x, low, high, color=BLUE, alpha=0.2, linewidth=0, label="95 % interval")
    else:
        # Between names there is nothing that a line could mean.
        below, above = np.nan_to_num(y - low), np.nan_to_num(high - y)
        axes.errorbar(x, y, [below, above], fmt="o", capsize=4, color=BLUE, label="95 % interval")
        axes.set_xticks(range(len(names)), names)
    if field.numbers is not None and all(isinstance(number, int) for number in field.numbers):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(field.column)
    axes.set_ylabel(_label(figure))
    axes.set_ylim(bottom=0.0 if figure.kind != "share" or np.nanmin(y) < 50.0 else None)
    axes.grid(alpha=0.3)
    if figure.interval and not np.isnan(low).all():
        axes.legend()


def _heat_map(plot: Plot, down: Field, across: Field, figure: Figure, found: Sequence[Estimate]) -> None:
    """Rows are the values of the first field from the bottom up, columns those of the second."""
    axes = plot.add_subplot()
    rows, columns = _values(down), _values(across)
    cells = np.full((len(rows), len(columns)), math.nan)
    for row, column, value in zip(_texts(down), _texts(across), _scaled(figure, found)[0], strict=True):
        cells[rows.index(row), columns.index(column)] = value
    image = axes.imshow(cells, origin="lower", aspect="auto", cmap="viridis")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_ylabel(down.column)
    axes.set_xlabel(across.column)
    if cells.size <= 200:
        middle = (np.nanmin(cells) + np.nanmax(cells)) / 2.0
        for (row, column), value in np.ndenumerate(cells):
            text = "-" if math.isnan(value) else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
            colour = "white" if value < middle else "black"
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
    plot.colorbar(image, label=_label(figure))


def _scatter(plot: Plot, down: Field, across: Field, figure: Figure, found: Sequence[Estimate]) -> None:
    axes = plot.add_subplot()
    (x, _), (y, _) = _places(across), _places(down)
    marks = axes.scatter(x, y, c=_scaled(figure, found)[0], cmap="viridis", plotnonfinite=False)
    axes.set_ylabel(down.column)
    axes.set_xlabel(across.column)
    axes.grid(alpha=0.3)
    plot.colorbar(marks, label=_label(figure))


def _places(field: Field) -> tuple[Sequence[float], Sequence[str] | None]:
    """Where each point lies on an axis, and the names there when the values are not numbers."""
    if field.numbers is not None:
        return field.numbers, None
    names = list(dict.fromkeys(field.texts))
    return [names.index(text) for text in field.texts], names


def _texts(field: Field) -> Sequence[str]:
    """The value of each point without its unit."""
    return field.texts if field.numbers is None else [f"{number:.6g}" for number in field.numbers]


def _values(field: Field) -> list[str]:
    """Each value once: numbers in order, text as it came."""
    if field.numbers is None:
        return list(dict.fromkeys(field.texts))
    return [f"{number:.6g}" for number in sorted(set(field.numbers))]


def _scaled(figure: Figure, found: Sequence[Estimate]) -> tuple[list[float], list[float], list[float]]:
    """Values and ends of the intervals, shares in percent, nan where there is none."""
    scale = 100.0 if figure.kind == "share" else 1.0
    value = [math.nan if one.value is None else one.value * scale for one in found]
    low, high = ([math.nan if one.ci95 is None else one.ci95[end] * scale for one in found] for end in (0, 1))
    return value, low, high


def _label(figure: Figure) -> str:
    return f"{figure.title} [{figure.unit}]" if figure.unit else figure.title
