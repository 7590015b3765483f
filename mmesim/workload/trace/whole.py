"""A trace on its own, outside a scenario: its calls with their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mmesim.scenario.traffic.trace.trace import TraceSource
from mmesim.workload.block import Arrivals
from mmesim.workload.trace.names import Chosen, Hashed, Naming, Numbered, Striped
from mmesim.workload.trace.replay.replay import Draws, most_called, replayed, window_s
from mmesim.workload.trace.replay.resolution import Grid, tell

CHUNK = 1 << 16


class WholeTrace:
    """The calls of a trace as a scenario would replay them in replication 0 of this seed.

    `top` keeps the names; `hash` and `stripe` make new ones, model-000, model-001 and so on, as a group of models has.
    """

    def __init__(self, source: TraceSource, seed: int) -> None:
        self.source = source
        self._draws = Draws(seed, 0, "trace")
        self._naming, self.names = _named(source, self._draws)
        # Names of the models by number, as far as the calls have been read.
        self.grid: Grid | None = None
        """The grid on which the times lie; known once the calls have been read."""

    def calls(self) -> Iterator[Arrivals]:
        """The calls from the beginning; a trace may be read again and again."""
        return replayed(self.source, self._naming, self._draws, CHUNK, self._on_grid)

    def _on_grid(self, file: Path, grid: Grid) -> None:
        self.grid = grid
        tell(file, grid)

    @property
    def span_s(self) -> float | None:
        """How long the calls last, where file or window tell it."""
        known = self.source.window.length_s is not None or self.source.format == "azure-functions-2019"
        if not known:
            return None
        return window_s(self.source, self._naming, self._draws, CHUNK) / self.source.warp

    def name(self, number: int) -> str:
        """The name of a model by its number; known once the calls have been read so far."""
        return self.names[number]


def _named(source: TraceSource, draws: Draws) -> tuple[Naming, Sequence[str]]:
    """How names become numbers, and the names by number: a list that grows while the trace is read."""
    mapping = source.models
    if mapping is None:
        names = Numbered()
        return names, names.names
    if mapping.top is not None:
        chosen = most_called(source, mapping.top, draws, CHUNK)
        return Chosen({name: number for number, name in enumerate(chosen)}), chosen
    rows = range(mapping.count)
    width = max(3, len(str(mapping.count - 1)))
    return (Hashed if mapping.hash is not None else Striped)(rows), [f"model-{row:0{width}d}" for row in rows]
