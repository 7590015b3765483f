"""What the loader does, reported to those who ask."""

from __future__ import annotations

from typing import Protocol

from mmesim.engine.dataplane import DataPlane


class LoadLog(Protocol):
    """What keeps loads one by one. Most runs have none: they want no more of loads than their number and durations.

    Pools, hosts and models are rows; times are seconds. `plane` knows when the phases of a load ended; `deaths` is how
    often the host's container had died when an unload began.
    """

    def begun(self, pool: int, host: int, model: int, now: float) -> None:
        """A load of a model was asked for."""

    def ended(self, pool: int, plane: DataPlane, now: float, *, is_ready: bool) -> None:
        """It is over, well or not; the pool is still what it was."""

    def evicted(self, host: int, model: int, now: float) -> None:
        """The eviction policy has chosen a copy of a model, which is unloaded to make room."""

    def unloading(self, host: int, pool: int, deaths: int, model: int, now: float) -> None:
        """An unload begins."""

    def unloaded(self, host: int, pool: int, deaths: int, now: float) -> None:
        """It is over, or the container that did it is dead."""
