"""Traffic: streams of calls, each from one source."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_serializer, model_validator

from mmesim.scenario.traffic.arrivals import ArrivalsField
from mmesim.scenario.traffic.combinations import conflicts
from mmesim.scenario.traffic.drift import Drift
from mmesim.scenario.traffic.popularity import PopularityField, UniformPopularity
from mmesim.scenario.traffic.sessions import Sessions
from mmesim.scenario.traffic.trace import AZURE_2019, MINUTE_S, TraceSource
from mmesim.scenario.values.fields import Data, Refusals, Refused, Seconds


class Traffic(Data):
    """One stream of calls between `start_s` and `end_s` (None: the end of the run).

    Exactly one of `arrivals`, `trace`, `fingerprint`; `models` names groups or single models (None: all).
    """

    name: str = Field("", description="default: traffic-0, traffic-1, ... in the order of the file")
    models: tuple[str, ...] | None = None
    start_s: Seconds = Field(0.0, alias="start")
    end_s: Seconds | None = Field(None, alias="end")
    arrivals: ArrivalsField = None
    popularity: PopularityField = UniformPopularity()
    drift: Drift | None = Field(None, description="how popularity moves over time, see [traffic.drift](#trafficdrift)")
    sessions: Sessions | None = Field(
        None, description="each arrival begins several calls, see [traffic.sessions](#trafficsessions)"
    )
    trace: TraceSource | None = None
    fingerprint: Path | None = Field(
        None,
        description="file of `mmesim trace fingerprint`: traffic like that of the trace behind it; its most called "
        "model is the stream's first. The path is absolute once loaded",
    )
    bootstrap_s: Annotated[Seconds, Field(gt=0)] | None = Field(
        None,
        alias="bootstrap",
        description="each replication replays blocks of this length, drawn with replacement from the whole blocks of "
        "the trace; null: the trace as it is",
    )

    @property
    def replays(self) -> bool:
        """True when every replication has the calls of one and the same trace."""
        return self.trace is not None and self.bootstrap_s is None

    @field_serializer("fingerprint")
    def _text(self, value: Path | None) -> str | None:
        return None if value is None else str(value)

    @model_validator(mode="before")
    @classmethod
    def _azure_is_a_trace(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and "azure_functions" in data:
            hint = f"trace: {{file: ..., format: {AZURE_2019}}}"
            raise Refused("minute counts are a format of `trace`", ("azure_functions",), hint)
        return data

    @model_validator(mode="after")
    def _one_source(self) -> Traffic:
        sources = [key for key in ("arrivals", "trace", "fingerprint") if getattr(self, key) is not None]
        if not sources:
            raise Refused("needs a source of calls: arrivals, trace or fingerprint")
        if len(sources) > 1:
            raise Refused(f"{' and '.join(sources)} exclude each other: write two streams", (sources[1],))
        if "popularity" in self.model_fields_set and self.arrivals is None:
            raise Refused(f"popularity has no meaning for {sources[0]}: the file says who is called", ("popularity",))
        for key in ("drift", "sessions"):
            if getattr(self, key) is not None and self.arrivals is None:
                raise Refused(f"{key} has no meaning for {sources[0]}: the file says when and who is called", (key,))
        if self.bootstrap_s is not None:
            self._blocks_of_a_trace(self.bootstrap_s)
        if self.end_s is not None and self.end_s <= self.start_s:
            raise Refused("must be after start", ("end",))
        return self

    def _blocks_of_a_trace(self, block_s: float) -> None:
        if self.trace is None:
            raise Refused("bootstrap draws blocks of a trace: other calls are random by themselves", ("bootstrap",))
        if self.trace.format != AZURE_2019:
            return
        if block_s % MINUTE_S:
            raise Refused(f"{AZURE_2019} counts whole minutes: write a multiple of 1 min", ("bootstrap",))
        if self.trace.window.start_s % MINUTE_S or (self.trace.window.length_s or 0.0) % MINUTE_S:
            raise Refused("with bootstrap the window is one of whole minutes", ("trace", "window"))
        if self.trace.rate != 1.0 or self.trace.warp != 1.0:
            message = "bootstrap draws whole minutes of counts: rate and warp need single calls"
            raise Refused(message, ("bootstrap",), "make them with `mmesim trace convert`")

    @model_validator(mode="after")
    def _goes_together(self) -> Traffic:
        refused = list(
            conflicts(
                self.arrivals,
                self.popularity,
                self.drift,
                self.sessions,
                chosen="popularity" in self.model_fields_set,
            )
        )
        if refused:
            raise Refusals(refused)
        return self
