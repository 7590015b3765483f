"""Simulated time on the calendar, and which times CloudWatch takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mmesim.errors import UserError
from mmesim.units import show_seconds

OLDEST = timedelta(days=14)
NEWEST = timedelta(hours=2)
SLOW = timedelta(hours=24)
"""Data older than this may take 48 hours until they are shown (PutMetricData)."""
EXAMPLE = "2026-11-27T04:00Z"


@dataclass(frozen=True)
class Dates:
    """The calendar of a run: when it begins, and its last minute."""

    start: datetime
    """Of simulated time 0; with a time zone, on a whole minute."""
    last_s: float
    """When the last minute begins, simulated time."""

    @classmethod
    def of(cls, start: str, last_s: float) -> Dates:
        """From what a user writes; UserError for what is not a time, or not the beginning of a minute."""
        try:
            at = datetime.fromisoformat(start)
        except ValueError:
            raise UserError(f"--start {start[:60]!r} is not a time: write one such as {EXAMPLE}") from None
        if at.tzinfo is None:
            raise UserError(f"--start {start} has no time zone: write {at.isoformat(timespec='minutes')}Z if it is UTC")
        try:
            at = at.astimezone(UTC)
            at + timedelta(seconds=last_s + 60.0)
        except OverflowError:
            raise UserError(f"--start {start} is at the edge of the calendar: write one such as {EXAMPLE}") from None
        if at.second or at.microsecond:
            raise UserError(f"--start {start} is not a whole minute, in which CloudWatch counts")
        return cls(at, last_s)

    def at(self, simulated_s: float) -> datetime:
        """A simulated time."""
        return self.start + timedelta(seconds=round(simulated_s))

    def text(self, simulated_s: float) -> str:
        """The same as CloudWatch writes it, in UTC."""
        return self.at(simulated_s).replace(tzinfo=None).isoformat() + "Z"

    def accepted(self, now: datetime) -> None:
        """UserError when CloudWatch would refuse some of the minutes as too old or as too far ahead."""
        first, last = now - OLDEST, now + NEWEST
        if self.at(0.0) >= first and self.at(self.last_s) <= last:
            return
        length = timedelta(seconds=self.last_s)
        rule = "CloudWatch takes data from two weeks ago to two hours ahead"
        other = "--format csv or --format openmetrics take any time"
        if length > OLDEST + NEWEST:
            raise UserError(f"{rule}, and the run is {show_seconds(self.last_s)} long: {other}")
        earliest, latest = _minute(first) + timedelta(minutes=1), _minute(last - length)
        raise UserError(
            f"--start {self.text(0.0)} cannot be put: {rule}. For this run of {show_seconds(self.last_s + 60.0)} write "
            f"{earliest:%Y-%m-%dT%H:%MZ} to {latest:%Y-%m-%dT%H:%MZ}; {other}"
        )

    def is_slow(self, now: datetime) -> bool:
        """Whether CloudWatch may take two days to show some of the minutes."""
        return self.at(0.0) < now - SLOW


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
