"""A sweep as a picture: a line over one swept field, a heat map over two; which points pass, and where the limit is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure as Plot
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator

from mmesim.errors import UserError
from mmesim.report.content.swept import axis_label, limits_of, names_of, scaled
from mmesim.report.plain import shortened
from mmesim.report.plots.picture import BLUE, GREY, PLAIN, RED, Picture, ink, needs_log, plain_log
from mmesim.report.plots.picture import MARKS as SHAPES
from mmesim.scenario.figures import Figure
from mmesim.stats.intervals import Estimate

if TYPE_CHECKING:
    from mmesim.experiment.sweep.result import Field, SweepResult, SweptPoint

MARKS: Mapping[str | None, tuple[str, str, str, str]] = MappingProxyType(
    {
        "pass": (*SHAPES["pass"], "\N{CHECK MARK}", "all limits hold"),
        "fail": (*SHAPES["fail"], "\N{BALLOT X}", "a limit is missed"),
        "undecided": (*SHAPES["undecided"], "?", "undecided"),
        None: ("o", BLUE, "", "nothing is expected"),
    }
)
"""Verdict of a point -> marker, colour, sign in a heat map, words."""
MOST_CELLS = 200
"""Beyond this many cells of a heat map no value is written in them."""
INTERVAL = "95 % interval"
LEAST_PIXELS = 4.0
"""Height of a band that shows beside its line."""
ROW = 66
"""Letters of a legend in one row."""
MOST_LIMITS = 2
"""Limits that a legend can name."""
FEW = 12
"""Up to this many different numbers on an axis, each has its own mark."""


def sweep_plot(result: SweepResult, figure: Figure) -> Picture:
    """A line with its 95 % band over one swept field, or a heat map over two; UserError when neither can be.

    Points of two number fields that do not form a grid are drawn where they lie, each in the colour of its value.
    Values that are far apart have a logarithmic scale. Where something is expected, each point shows its verdict.
    """
    found = [point.figures[figure.column] for point in result.points]
    if all(estimate.value is None for estimate in found):
        reason = found[0].reason if found else "no point is finished"
        raise UserError(f"there is no {figure.title} to plot: {reason}")
    plot = Picture(7.0, 4.5)
    if len(result.swept) == 1:
        _line(plot, result, figure, found)
    elif len(result.swept) == 2:
        down, across = result.swept
        cells = len(_values(down)) * len(_values(across))
        scattered = cells > 2 * len(found) and down.numbers is not None and across.numbers is not None
        (_scatter if scattered else _heat_map)(plot, down, across, figure, found, result.points)
        names = names_of(result)
        plot.axes[0].set_ylabel(names[0])
        plot.axes[0].set_xlabel(names[1])
    else:
        raise UserError(f"a plot shows one or two swept fields, not {len(result.swept)}: {', '.join(result.fields)}")
    title = f"{shortened(result.scenario.name)}: {figure.title}"
    plot.axes[0].set_title(title, fontsize="medium", loc="left")
    return plot


def _line(plot: Plot, result: SweepResult, figure: Figure, found: Sequence[Estimate]) -> None:
    (field,) = result.swept
    axes = plot.add_subplot()
    places, names = _places(field)
    order = sorted(range(len(places)), key=lambda index: places[index])
    x = np.array([places[index] for index in order], dtype=np.float64)
    y, low, high = (np.array([ends[index] for index in order]) for ends in scaled(figure, found))
    limits = limits_of(result, figure)
    logarithmic = needs_log([*y, *limits])
    if logarithmic:  # an interval that reaches down to nothing is cut
        low = np.maximum(low, np.nanmin([*y, *limits]) / 2.0)
    if names is None:
        axes.plot(x, y, "-", color=BLUE)
        if figure.interval:
            axes.fill_between(x, low, high, color=BLUE, alpha=0.2, linewidth=0, label=INTERVAL)
        _number_axis(axes, x)
    else:
        # Between names there is nothing that a line could mean.
        below, above = np.nan_to_num(y - low), np.nan_to_num(high - y)
        axes.errorbar(x, y, [below, above], fmt="none", capsize=4, color=GREY, label=INTERVAL)
        long = sum(map(len, names)) > 60
        axes.set_xticks(range(len(names)), names, rotation=30 if long else 0, ha="right" if long else "center")
        axes.margins(x=0.15)
    verdicts = [result.points[index].verdict for index in order]
    for verdict in dict.fromkeys(verdicts):
        marker, colour = MARKS[verdict][:2]
        words = _words(verdict, result.points)
        here = np.array([one == verdict for one in verdicts])
        axes.plot(x[here], y[here], marker, color=colour, markersize=7, label=None if verdict is None else words)
    for limit in limits:
        label = f"limit {limit:,.6g} {figure.unit}".rstrip()
        axes.axhline(limit, color=RED, linestyle="--", linewidth=1.0, label=label)
    axes.set_xlabel(names_of(result)[0])
    axes.set_ylabel(axis_label(figure))
    if logarithmic:
        axes.set_yscale("log")
        plain_log(axes.yaxis)
    else:
        axes.set_ylim(bottom=0.0 if figure.kind != "share" or np.nanmin([*y, *limits]) < 50.0 else None)
        axes.yaxis.set_major_formatter(PLAIN)
    axes.grid(alpha=0.3)
    handles, labels = axes.get_legend_handles_labels()
    if names is None and _invisible(axes, x, low, high):
        labels = [f"{label}, narrower than the line" if label == INTERVAL else label for label in labels]
    if not figure.interval or np.isnan(low).all():
        kept = [label != INTERVAL for label in labels]
        handles, labels = ([one for one, keep in zip(of, kept, strict=True) if keep] for of in (handles, labels))
    if handles:
        columns = 4 if sum(map(len, labels)) < ROW else 2 if sum(sorted(map(len, labels))[-2:]) <= ROW else 1
        plot.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize="small")


def _words(verdict: str | None, points: Sequence[SweptPoint]) -> str:
    """What a verdict means: of one that is not passed also on which limits."""
    texts = list(dict.fromkeys(text for point in points if point.verdict == verdict for text in _open(point)))
    if not texts:
        return MARKS[verdict][3]
    more = f" and {len(texts) - MOST_LIMITS} more" if len(texts) > MOST_LIMITS else ""
    return f"{MARKS[verdict][3]}: {', '.join(texts[:MOST_LIMITS])}{more}"


def _open(point: SweptPoint) -> Sequence[str]:
    """The limits that made the verdict of a point: those that are missed, or where none is those that are undecided."""
    return point.failed or point.not_passed


def _invisible(axes: Axes, x: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    """Whether the band of intervals is hidden by the line wherever it is."""
    axes.get_ylim()  # the scale is known from here on
    ends = [axes.transData.transform(np.column_stack([x, end]))[:, 1] for end in (low, high)]
    heights = np.abs(ends[1] - ends[0])
    return bool(np.isfinite(heights).any() and np.nanmax(heights) < LEAST_PIXELS)


def _number_axis(axes: Axes, x: np.ndarray) -> None:
    """Marks at the swept numbers where they are few; a logarithmic axis where the lower ones would coincide."""
    different = np.unique(x)
    gaps = np.diff(different)
    if different.size > 2 and needs_log(different) and gaps[0] < gaps.sum() / 20:
        axes.set_xscale("log")
        axes.minorticks_off()
    if different.size <= FEW:
        axes.xaxis.set_major_locator(FixedLocator(different.tolist()))
    elif all(float(number).is_integer() for number in different):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.xaxis.set_major_formatter(PLAIN)


def _heat_map(
    plot: Plot,
    down: Field,
    across: Field,
    figure: Figure,
    found: Sequence[Estimate],
    points: Sequence[SweptPoint],
) -> None:
    """Rows are the values of the first field from the bottom up, columns those of the second."""
    axes = plot.add_subplot()
    verdicts = [point.verdict for point in points]
    rows, columns = _values(down), _values(across)
    cells = np.full((len(rows), len(columns)), math.nan)
    signs = {}
    for row, column, value, verdict in zip(
        _texts(down), _texts(across), scaled(figure, found)[0], verdicts, strict=True
    ):
        place = rows.index(row), columns.index(column)
        cells[place], signs[place] = value, MARKS[verdict][2]
    image = axes.imshow(cells, origin="lower", aspect="auto", cmap="viridis", norm=_norm(cells.ravel().tolist()))
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xticks(range(len(columns)), columns)
    if cells.size <= MOST_CELLS:
        for (row, column), value in np.ndenumerate(cells):
            text = "-" if math.isnan(value) else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
            written = f"{text} {signs.get((row, column), '')}".rstrip()
            colour = "black" if math.isnan(value) else ink(image.cmap(image.norm(value)))
            axes.text(column, row, written, ha="center", va="center", fontsize=8, color=colour)
        _legend(plot, points, marks=False)
    _colour_bar(plot, image, figure)


def _scatter(
    plot: Plot,
    down: Field,
    across: Field,
    figure: Figure,
    found: Sequence[Estimate],
    points: Sequence[SweptPoint],
) -> None:
    axes = plot.add_subplot()
    verdicts = [point.verdict for point in points]
    (x, _), (y, _) = _places(across), _places(down)
    values = scaled(figure, found)[0]
    norm = _norm(values)
    for verdict in dict.fromkeys(verdicts):
        here = [index for index, one in enumerate(verdicts) if one == verdict]
        marks = axes.scatter(
            [x[index] for index in here],
            [y[index] for index in here],
            c=[values[index] for index in here],
            cmap="viridis",
            norm=norm,
            marker=MARKS[verdict][0],
            edgecolors="black",
            linewidths=0.4,
        )
    axes.grid(alpha=0.3)
    _legend(plot, points, marks=True)
    _colour_bar(plot, marks, figure)


def _norm(values: Sequence[float]) -> Normalize:
    """The colours of values: by powers of ten where they are far apart; nan has none."""
    kind = LogNorm if needs_log(values) else Normalize
    return kind(float(np.nanmin(values)), float(np.nanmax(values)))


def _legend(plot: Plot, points: Sequence[SweptPoint], marks: bool) -> None:
    """What each sign, or each marker, stands for; nothing where nothing is expected."""
    verdicts = {point.verdict for point in points}
    seen = [one for one in MARKS if one is not None and one in verdicts]
    said = {one: _words(one, points) for one in seen}
    if not seen:
        return
    if marks:
        handles = [
            Line2D([], [], color="black", marker=MARKS[one][0], linestyle="", fillstyle="none", label=said[one])
            for one in seen
        ]
        plot.legend(
            handles=handles, loc="outside lower center", ncols=3 if _short(said) else 1, frameon=False, fontsize="small"
        )
    else:
        words = ("   " if _short(said) else "\n").join(f"{MARKS[one][2]} {said[one]}" for one in seen)
        plot.supxlabel(words, fontsize="small")


def _short(said: Mapping[str, str]) -> bool:
    """Whether a legend has room in one row."""
    return sum(map(len, said.values())) < ROW


def _colour_bar(plot: Plot, drawn: object, figure: Figure) -> None:
    bar = plot.colorbar(drawn, label=axis_label(figure))  # type: ignore[arg-type]  # an image or a scatter
    if isinstance(bar.norm, LogNorm):
        plain_log(bar.ax.yaxis)
    else:
        bar.ax.yaxis.set_major_formatter(PLAIN)


def _places(field: Field) -> tuple[Sequence[float], Sequence[str] | None]:
    """Where each point lies on an axis, and the names there when the values are not numbers."""
    if field.numbers is not None:
        return field.numbers, None
    names = list(dict.fromkeys(field.texts))
    return [names.index(text) for text in field.texts], [shortened(name) for name in names]


def _texts(field: Field) -> Sequence[str]:
    """The value of each point without its unit."""
    return (
        [shortened(text) for text in field.texts]
        if field.numbers is None
        else [f"{number:.6g}" for number in field.numbers]
    )


def _values(field: Field) -> list[str]:
    """Each value once: numbers in order, text as it came."""
    if field.numbers is None:
        return list(dict.fromkeys(_texts(field)))
    return [f"{number:.6g}" for number in sorted(set(field.numbers))]
