"""Traffic: streams of calls, each from one source."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from mmesim.scenario.arrivals import ArrivalsField
from mmesim.scenario.base import Data, Refusals, Refused, Seconds
from mmesim.scenario.combinations import contradictions
from mmesim.scenario.drift import Drift
from mmesim.scenario.popularity import PopularityField, UniformPopularity
from mmesim.scenario.recorded import MINUTE_S, AzureSource, TraceSource
from mmesim.scenario.sessions import Sessions


class Traffic(Data):
    """One stream of calls between `start_s` and `end_s` (None: the end of the run).

    Exactly one of `arrivals`, `trace`, `azure_functions`; `models` names groups or single models (None: all).
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
    azure_functions: AzureSource | None = None
    bootstrap_s: Annotated[Seconds, Field(gt=0)] | None = Field(
        None,
        alias="bootstrap",
        description="each replication replays blocks of this length, drawn with replacement from the whole blocks of "
        "the trace; null: the trace as it is",
    )

    @property
    def replays(self) -> bool:
        """True when every replication has the calls of one and the same trace."""
        return self.arrivals is None and self.bootstrap_s is None

    @model_validator(mode="after")
    def _one_source(self) -> Traffic:
        sources = [key for key in ("arrivals", "trace", "azure_functions") if getattr(self, key) is not None]
        if not sources:
            raise Refused("needs a source of calls: arrivals, trace or azure_functions")
        if len(sources) > 1:
            raise Refused(f"{' and '.join(sources)} exclude each other: write two streams", (sources[1],))
        if "popularity" in self.model_fields_set and self.arrivals is None:
            raise Refused(f"popularity has no meaning for {sources[0]}: the file says who is called", ("popularity",))
        for key in ("drift", "sessions"):
            if getattr(self, key) is not None and self.arrivals is None:
                raise Refused(f"{key} has no meaning for {sources[0]}: the file says when and who is called", (key,))
        if self.bootstrap_s is not None and self.arrivals is not None:
            raise Refused("bootstrap draws blocks of a trace: arrivals are random by themselves", ("bootstrap",))
        if self.bootstrap_s is not None and self.azure_functions is not None and self.bootstrap_s % MINUTE_S:
            raise Refused("azure_functions counts whole minutes: write a multiple of 1 min", ("bootstrap",))
        if self.end_s is not None and self.end_s <= self.start_s:
            raise Refused("must be after start", ("end",))
        return self

    @model_validator(mode="after")
    def _goes_together(self) -> Traffic:
        refused = list(
            contradictions(
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
