"""Traffic: streams of calls, each from one source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
    field_serializer,
    field_validator,
    model_validator,
)

from mmesim.errors import did_you_mean
from mmesim.scenario.base import Data, Rate, Refused, Seconds, finite, shown


class Poisson(Data):
    """Open loop: calls at random moments, `rate_per_s` on average, whatever the endpoint does."""

    rate_per_s: Annotated[Rate, Field(gt=0)] = Field(alias="rate")


@dataclass(frozen=True, slots=True)
class UniformPopularity:
    """Each model is called equally often."""


@dataclass(frozen=True, slots=True)
class Zipf:
    """The k-th model of the table (k from 1) is called in proportion to k to the power -exponent."""

    exponent: float


@dataclass(frozen=True, slots=True)
class Weights:
    """Models are called in proportion to their own `weight` or `rate`."""


Popularity = UniformPopularity | Zipf | Weights

_NAMED: dict[str, Popularity] = {"uniform": UniformPopularity(), "weights": Weights()}
_ALLOWED = (*_NAMED, "zipf")


def _read_popularity(value: object) -> Popularity:
    if isinstance(value, Popularity):
        return value
    if isinstance(value, str):
        if value not in _NAMED:
            hint = did_you_mean(value, _ALLOWED)
            raise Refused(f"unknown popularity {shown(value)}: uniform, weights or {{zipf: 0.9}}", (), hint)
        return _NAMED[value]
    if isinstance(value, dict) and set(value) == {"zipf"}:
        try:
            return Zipf(finite(value["zipf"]))
        except ValueError as error:
            raise Refused(str(error), ("zipf",)) from None
    raise Refused("write uniform, weights or {zipf: 0.9}")


def _write_popularity(value: Popularity) -> object:
    match value:
        case UniformPopularity():
            return "uniform"
        case Weights():
            return "weights"
        case Zipf(exponent):
            return {"zipf": exponent}


PopularityField = Annotated[
    Popularity,
    PlainValidator(_read_popularity),
    PlainSerializer(_write_popularity),
    WithJsonSchema(
        {
            "description": "how calls spread over the models; zipf ranks them in the order of the file",
            "anyOf": [
                {"enum": list(_NAMED)},
                {
                    "type": "object",
                    "properties": {"zipf": {"type": "number", "minimum": 0}},
                    "required": ["zipf"],
                    "additionalProperties": False,
                },
            ],
        }
    ),
]


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


class Traffic(Data):
    """One stream of calls between `start_s` and `end_s` (None: the end of the run).

    Exactly one of `arrivals`, `trace`, `azure_functions`; `models` names groups or single models (None: all).
    """

    name: str = Field("", description="default: traffic-0, traffic-1, ... in the order of the file")
    models: tuple[str, ...] | None = None
    start_s: Seconds = Field(0.0, alias="start")
    end_s: Seconds | None = Field(None, alias="end")
    arrivals: Poisson | None = None
    popularity: PopularityField = UniformPopularity()
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

    @field_validator("arrivals", mode="before")
    @classmethod
    def _arrival_process(cls, value: Any) -> Any:
        """`arrivals: {poisson: {rate: 120 /s}}` names the process; the only one here is Poisson."""
        if not isinstance(value, dict):
            return value
        if set(value) == {"poisson"}:
            return value["poisson"]
        name = next((str(key) for key in value if key != "poisson"), "")
        hint = did_you_mean(name, ("poisson",))
        raise Refused(f"unknown arrival process {name!r}: write {{poisson: {{rate: 120 /s}}}}", (name,), hint)

    @field_serializer("arrivals")
    def _named(self, value: Poisson | None) -> object:
        return None if value is None else {"poisson": value.model_dump(by_alias=True)}

    @model_validator(mode="after")
    def _one_source(self) -> Traffic:
        sources = [key for key in ("arrivals", "trace", "azure_functions") if getattr(self, key) is not None]
        if not sources:
            raise Refused("needs a source of calls: arrivals, trace or azure_functions")
        if len(sources) > 1:
            raise Refused(f"{' and '.join(sources)} exclude each other: write two streams", (sources[1],))
        if "popularity" in self.model_fields_set and self.arrivals is None:
            raise Refused(f"popularity has no meaning for {sources[0]}: the file says who is called", ("popularity",))
        if self.bootstrap_s is not None and self.arrivals is not None:
            raise Refused("bootstrap draws blocks of a trace: arrivals are random by themselves", ("bootstrap",))
        if self.bootstrap_s is not None and self.azure_functions is not None and self.bootstrap_s % MINUTE_S:
            raise Refused("azure_functions counts whole minutes: write a multiple of 1 min", ("bootstrap",))
        if self.end_s is not None and self.end_s <= self.start_s:
            raise Refused("must be after start", ("end",))
        return self
