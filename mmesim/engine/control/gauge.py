"""A quantity that stays constant between changes, with its integral over time and its peak."""

from __future__ import annotations


class Gauge:
    """An integer amount (bytes, models) over simulated time."""

    __slots__ = ("_at", "integral", "peak", "value")

    def __init__(self, value: int = 0, at: float = 0.0) -> None:
        self.value = value
        self.peak = value
        self.integral = 0.0
        self._at = at

    def add(self, amount: int, now: float) -> None:
        """Change the amount at time `now`."""
        value = self.value
        self.integral += value * (now - self._at)
        self._at = now
        self.value = value = value + amount
        if value > self.peak:
            self.peak = value

    def integral_at(self, now: float) -> float:
        """Amount x seconds up to `now`."""
        self.integral += self.value * (now - self._at)
        self._at = now
        return self.integral
