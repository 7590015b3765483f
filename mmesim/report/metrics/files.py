"""The files that a run is exported to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

from mmesim.errors import OutputError
from mmesim.files import whole, writing
from mmesim.report.metrics.dashboard import dashboard
from mmesim.report.metrics.dates import Dates
from mmesim.report.metrics.formats import Format
from mmesim.report.metrics.minutes import Minutes
from mmesim.report.metrics.names import Labels, endpoint_name, region_of
from mmesim.report.metrics.put import HIGH_S, requests
from mmesim.report.metrics.samples import Datum
from mmesim.report.metrics.table import csv_lines, openmetrics_lines
from mmesim.report.metrics.tens import METRIC, ten_seconds
from mmesim.results.folder.shown import Kept

PUT = "put-metric-data-*.json"
PUT_TENS = "put-metric-data-10s-*.json"
"""Those of the metric of high resolution."""


FILES: Mapping[Format, str] = {
    Format.put_metric_data: PUT,
    Format.dashboard: "dashboard.json",
    Format.csv: "metrics.csv",
    Format.openmetrics: "metrics.openmetrics",
}


@dataclass(frozen=True)
class Export:
    """A replication of a run with the names and the times that it gets."""

    minutes: Minutes
    tens: Sequence[Datum]
    """Calls in flight every ten seconds."""
    labels: Labels
    dates: Dates
    region: str
    """Whose metrics the dashboard shows."""

    @classmethod
    def of(
        cls,
        folder: Path,
        start: str,
        *,
        namespace: str = "mmesim",
        endpoint: str | None = None,
        variant: str = "AllTraffic",
        region: str | None = None,
        replication: int = 0,
    ) -> Export:
        """From a result folder; `start`: when the simulation begins on the calendar. Raises UserError."""
        kept = Kept.read(folder)
        labels = Labels(namespace, endpoint_name(kept.scenario.name) if endpoint is None else endpoint, variant)
        minutes = Minutes.of(kept, replication)
        dates = Dates.of(start, float(minutes.columns["start_s"][-1]))
        tens = list(ten_seconds(folder, replication))
        return cls(minutes, tens, labels, dates, kept.scenario.endpoint.region if region is None else region_of(region))

    def lines(self, wanted: Format) -> Iterator[str]:
        """A document in pieces; that of put-metric-data has a request in each line."""
        if wanted is Format.csv:
            return csv_lines(self.minutes, self.labels, self.dates)
        if wanted is Format.openmetrics:
            return openmetrics_lines(self.minutes, self.labels, self.dates)
        if wanted is Format.dashboard:
            body = dashboard(self.minutes, self.labels, self.dates, self.region)
            return iter((json.dumps(body, indent=2) + "\n",))
        return chain(self.requests, self.requests_of_tens)

    @property
    def requests(self) -> Iterator[str]:
        """Requests of put-metric-data, a request in each line: the minutes of all metrics that are not kept finer."""
        metrics = [metric for metric in self.minutes.metrics if metric is not METRIC or not self.tens]
        data = ((metric, datum) for metric in metrics for datum in self.minutes.data(metric))
        return (json.dumps(one) + "\n" for one in requests(data, self.labels, self.dates))

    @property
    def requests_of_tens(self) -> Iterator[str]:
        """The same of the metric of high resolution."""
        data = ((METRIC, datum) for datum in self.tens)
        return (json.dumps(one) + "\n" for one in requests(data, self.labels, self.dates, HIGH_S))

    def write(self, folder: Path, wanted: Iterable[Format], now: datetime) -> list[str]:
        """Write files and return their names; UserError for times that CloudWatch refuses, OutputError."""
        formats = list(wanted)
        if Format.put_metric_data in formats:
            self.dates.accepted(now)
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"cannot write to {folder}: it is not a folder")
        names: list[str] = []
        for one in formats:
            if one is Format.put_metric_data:
                names += self._write_requests(folder)
            else:
                _write(folder / FILES[one], self.lines(one))
                names.append(FILES[one])
        return names

    def _write_requests(self, folder: Path) -> list[str]:
        """A file for each request; those of an earlier export go."""
        names: list[str] = []
        for pattern, lines in ((PUT, self.requests), (PUT_TENS, self.requests_of_tens)):
            for number, line in enumerate(lines, 1):
                names.append(pattern.replace("*", f"{number:04}"))
                _write(folder / names[-1], [line])
        with writing(folder):
            for old in folder.glob(PUT):
                if old.name not in names:
                    old.unlink()
        return names


def _write(path: Path, lines: Iterable[str]) -> None:
    with whole(path) as fresh, fresh.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
