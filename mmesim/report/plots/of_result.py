"""`Result.plot`: the pictures of a run, one method each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from mmesim.report.plots.of_run import DRAW
from mmesim.results.folder.pictures import OF_RUN

if TYPE_CHECKING:
    from mmesim.report.plots.picture import Picture
    from mmesim.results.result import Result


@dataclass(frozen=True, repr=False)
class Plots:
    """Each method draws a matplotlib figure, which a notebook shows and `savefig` writes."""

    of: Result

    def __repr__(self) -> str:
        return "\n".join(f"plot.{name}(): {says}" for name, says in OF_RUN.items())

    def _repr_html_(self) -> str:
        """The same as a list for a notebook."""
        item = Markup("<li><code>plot.{}()</code>: {}</li>")
        return Markup("<ul>{}</ul>").format(Markup().join(item.format(name, says) for name, says in OF_RUN.items()))

    def latency(self) -> Picture:
        """How many calls are slower than each latency: all, warm and cold ones, percentiles with their 95 % intervals,
        limits, and what is expected of a percentile.
        """
        return DRAW["latency"](self.of)

    def ledger(self) -> Picture:
        """What latency is made of around p50, p90, p99 and p99.9."""
        return DRAW["ledger"](self.of)

    def over_time(self) -> Picture:
        """The run minute by minute: a panel for each figure, with bands from the least to the most of any replication,
        and a line where something happened.
        """
        return DRAW["over_time"](self.of)

    def models(self) -> Picture:
        """Each model by its calls and its p99, and how often the models are cold."""
        return DRAW["models"](self.of)

    def miss_ratio(self) -> Picture:
        """The share of calls that miss over the memory of the fleet; UserError where models are not kept in memory."""
        return DRAW["miss_ratio"](self.of)

    def hosts(self) -> Picture:
        """How much of CPU, memory and disk of each host is used, with limits."""
        return DRAW["hosts"](self.of)
