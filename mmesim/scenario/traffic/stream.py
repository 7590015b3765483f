"""Traffic: streams of calls, each from one source."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_serializer, model_validator

from mmesim.scenario.traffic.arrivals import ArrivalsField
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.traffic.combinations import conflicts
from mmesim.scenario.traffic.drift import Drift
from mmesim.scenario.traffic.popularity import PopularityField, UniformPopularity
from mmesim.scenario.traffic.sessions import Sessions
from mmesim.scenario.traffic.trace.trace import AZURE_2019, MINUTE_S, TraceSource
from mmesim.scenario.values.fields import Count, Data, Refusals, Refused, Seconds


class Traffic(Data):
    """One stream of calls, with exactly one source: `arrivals`, `trace` or `fingerprint`."""

    name: str = ""
    """Name of the stream, on which its random numbers depend; default traffic-0, traffic-1, ... in the order of the
    file.
    """
    models: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Groups or single models that the stream calls; default: all."""
    start_s: Seconds = Field(0.0, alias="start")
    """Time at which the stream begins; the times of a trace count from here."""
    end_s: Seconds | None = Field(None, alias="end")
    """Time at which the stream ends; default: the end of the run."""
    calls: Count | None = None
    """Calls after which the stream ends, as in `ab -n`; of a closed loop those of all users together. Null: no limit.
    """
    arrivals: ArrivalsField | None = None
    """When calls begin: one process, such as `{poisson: {rate: 120 /s}}`."""
    popularity: PopularityField = UniformPopularity()
    """How calls spread over the models: `uniform`, `weights`, `{zipf: 0.9}` (in the order of the file),
    `{lognormal: {cv: 2}}` or `{tenants: {size: 4, between: {zipf: 0.9}, within: uniform}}`.
    """
    drift: Drift | None = None
    """How popularity moves over time."""
    sessions: Sessions | None = None
    """Several calls for each arrival."""
    trace: TraceSource | None = None
    """Recorded calls."""
    fingerprint: Path | None = None
    """File written by `mmesim trace fingerprint`: traffic like that of the trace behind it; its most called model
    is the stream's first.
    """
    bootstrap_s: Annotated[Seconds, Field(gt=0)] | None = Field(None, alias="bootstrap")
    """Length of blocks: each replication replays whole blocks of the trace, drawn with replacement; null: the trace
    as it is.
    """

    @property
    def most_calls(self) -> float:
        """Calls after which the stream ends, inf without a limit."""
        if isinstance(self.arrivals, ClosedLoop) and self.arrivals.calls_each is not None:
            return float(self.arrivals.calls_each * self.arrivals.most_users)
        return math.inf if self.calls is None else float(self.calls)

    @property
    def replays(self) -> bool:
        """True when every replication has the calls of one and the same trace."""
        return self.trace is not None and self.bootstrap_s is None

    @field_serializer("fingerprint")
    def _text(self, value: Path | None) -> str | None:
        return None if value is None else str(value)

    @model_validator(mode="after")
    def _one_source(self) -> Traffic:
        sources = [key for key in ("arrivals", "trace", "fingerprint") if getattr(self, key) is not None]
        if not sources:
            raise Refused("needs a source of calls: arrivals, trace or fingerprint")
        if len(sources) > 1:
            raise Refused(f"{' and '.join(sources)} exclude each other: write two streams", (sources[1],))
        if "popularity" in self.model_fields_set and self.arrivals is None:
            raise Refused(f"does not apply to {sources[0]}: the file says which models are called", ("popularity",))
        for key in ("drift", "sessions"):
            if getattr(self, key) is not None and self.arrivals is None:
                raise Refused(f"does not apply to {sources[0]}: the file says when which model is called", (key,))
        if self.calls is not None and isinstance(self.arrivals, ClosedLoop) and self.arrivals.calls_each is not None:
            raise Refused("the users stop after calls_each calls: one limit is enough", ("calls",))
        if self.bootstrap_s is not None:
            self._blocks_of_a_trace(self.bootstrap_s)
        if self.end_s is not None and self.end_s <= self.start_s:
            raise Refused("must be after start", ("end",))
        return self

    def _blocks_of_a_trace(self, block_s: float) -> None:
        if self.trace is None:
            raise Refused("needs a trace: other calls are random anyway", ("bootstrap",))
        if self.trace.format != AZURE_2019:
            return
        if block_s % MINUTE_S:
            raise Refused(f"{AZURE_2019} counts per minute: write a multiple of 1 min", ("bootstrap",))
        if self.trace.window.start_s % MINUTE_S or (self.trace.window.length_s or 0.0) % MINUTE_S:
            raise Refused("with bootstrap the window must be whole minutes", ("trace", "window"))
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
