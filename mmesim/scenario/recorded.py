"""Recorded traffic: files of requests, or of counts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import field_serializer

from mmesim.scenario.base import Data


class TraceColumns(Data):
    """Names of the columns of a trace: time (seconds from the start), model, and service (seconds) if there is one."""

    time: str = "time"
    model: str = "model"
    service: str | None = "service"


class TraceSource(Data):
    """Recorded requests, CSV or Parquet; the path is absolute once loaded.

    `service` replaces the drawn service time of a request: the CPU part if the model has one, else the waiting part.
    The default column `service` may be absent from the file.
    """

    file: Path
    columns: TraceColumns = TraceColumns()

    @field_serializer("file")
    def _text(self, value: Path) -> str:
        return str(value)


MINUTE_S = 60.0


class AzureSource(Data):
    """Invocations per minute of an Azure Functions data set; the path is absolute once loaded.

    The trace has no finer time: `placement` uniform puts the calls of a minute at random moments in it.
    """

    file: Path
    placement: Literal["uniform"] = "uniform"

    @field_serializer("file")
    def _text(self, value: Path) -> str:
        return str(value)
