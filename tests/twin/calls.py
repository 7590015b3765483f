"""Calls, and their attempts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mmesim.scenario.models.groups import Model


@dataclass(eq=False)
class Call:
    """A call on its way: what it asks for, and what became of it."""

    sent: float
    model: Model
    cpu: float
    wait: float
    device: float
    key: int
    chance: float
    pre: tuple[float, float]
    hold: tuple[float, float]
    host: int = -1
    hit: bool = False
    attempts: int = 0
    cause: str | None = None
    latency: float = -1.0
    on_seen: Callable[[float], object] | None = None
    """Whoever waits for the answer, told when the client sees it."""


@dataclass(eq=False)
class Attempt:
    """One attempt of a call: settled once it has been answered, given up once its client does not wait for that."""

    call: Call
    sent: float
    chance: float
    load: int
    """What the draws of a load belong to that it asks for."""
    settled: bool = False
    given_up: bool = False
