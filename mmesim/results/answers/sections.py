"""The sections of summary.json: the models that its types, its JSON Schema and its reference page come from.

Shares are 0..1, times in the unit of the key's name. Every key is always present, what cannot be said is null; only
`reason`, `happened` and `devices` are absent, where there is nothing to explain, where nothing happened, and where no
model uses a device.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, SerializerFunctionWrapHandler, WithJsonSchema, model_serializer

from mmesim.results.measured.run_data import CAUSES
from mmesim.scenario.figures import DEVICE_PARTS, LATENCIES, PARTS
from mmesim.scenario.values.meanings import Documented

Verdict = Literal["pass", "fail", "undecided"]
WORST_FIRST: tuple[Verdict, ...] = ("fail", "undecided", "pass")
State = Literal["steady", "warming up", "saturated", "too short"]
Count = Annotated[int, Field(ge=0)]
Interval = tuple[float, float] | None
"""Two ends, or null: of 95 % intervals, which there are none of with one replication."""


def exactly(*names: str) -> Any:
    """A map with these keys, all of them, and no others."""
    return Field(json_schema_extra={"required": list(names), "propertyNames": {"enum": list(names)}})


class Entry(Documented):
    """An object of summary.json: no other keys than these."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def reason_when_null(key: str) -> ConfigDict:
    """The setting of a model in which `reason` stands exactly when `key` is null."""
    return ConfigDict(json_schema_extra=lambda schema: _require_reason(schema, key))


def _require_reason(schema: dict[str, Any], key: str) -> None:
    schema["if"] = {"properties": {key: {"type": "null"}}}
    schema["then"] = {"required": ["reason"]}
    schema["else"] = {"not": {"required": ["reason"]}}


class WithReason(Entry):
    """An object that says why something in it is null."""

    @model_serializer(mode="wrap")
    def _without_empty_reason(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        shown: dict[str, Any] = handler(self)
        return {key: value for key, value in shown.items() if key != "reason" or value is not None}


def without_default(schema: dict[str, Any]) -> None:
    """The schema of a key that is absent where there is nothing to say: it has no default."""
    del schema["default"]


Reason = Annotated[
    str | None, WithJsonSchema({"type": "string"}), Field(default=None, json_schema_extra=without_default)
]


class Value(WithReason):
    """A figure over replications with its 95 % interval, or null with the reason."""

    model_config = reason_when_null("value")

    value: float | None
    """the mean over replications, each with the same weight; of a quantile, that of all calls together"""
    ci95: Interval
    """95 % interval, with `until` at least 95 %; null with one replication"""
    reason: Reason = None
    """why value is null; absent when it is not"""


class CallClass(Entry):
    """The warm or the cold calls, over all replications."""

    calls: Count
    """those that arrived in the measured time; a failed call that never reached a host counts as warm and as cold"""
    failed: Count
    """those that failed"""
    error_rate: Value
    """failed ones over all of them"""
    latency_ms: Annotated[dict[str, Value], exactly(*LATENCIES)]
    """successful ones, client view, first attempt to answer"""


class ShareOver(Value):
    """A share of calls over replications with its 95 % interval, or null with the reason."""

    successful: Value
    """the same share of the successful calls alone"""


class Stopping(WithReason):
    """Where the replications stopped."""

    model_config = reason_when_null("half_width")

    target: str
    """as written: p99 within 5 %"""
    reached: bool
    """false: max_replications came first, or the run was interrupted"""
    looks: list[Annotated[int, Field(ge=1)]]
    """replications after which the interval was looked at"""
    half_width: float | None
    """longer side of the interval at the last look, as a share of the value"""
    allowed: float
    """half-width at which it stops: e / (1 + e) for `within e`"""
    confidence: float
    """of each look, and of every interval here, so that all looks hold together with 95 %"""
    reason: Reason = None
    """why half_width is null; absent when it is not"""


class SteadyState(Entry):
    """The verdict on the measured time of a run, and what it rests on."""

    verdict: State | None
    """whether the measured time was in steady state; null when that cannot be asked"""
    evidence: str
    """what the verdict rests on, or why there is none"""
    warmup_s: float
    """the warm-up that it rests on"""
    run_at_least_s: float | None
    """how long the run has to be; null unless it is too short"""


class Requests(Entry):
    """Calls, summed over replications."""

    total: Count
    """calls that arrived in the measured time"""
    ok: Count
    """answered with success"""
    errors: Annotated[dict[str, Count], exactly(*CAUSES)]
    """failed calls by the cause of their last attempt"""
    in_flight_at_end: Count
    """measured calls that had neither an answer nor a failure when the run stopped"""


class Attempts(Entry):
    """Attempts of the calls, summed over replications."""

    total: Count
    """attempts of these calls"""
    retries: Count
    """attempts after the first"""
    causes: Annotated[dict[str, Count], exactly(*CAUSES)]
    """failed attempts by cause"""


def _with_parts(schema: dict[str, Any]) -> None:
    schema["required"] += [part for part in PARTS if part not in DEVICE_PARTS]
    schema["propertyNames"] = {"enum": list(dict.fromkeys([*schema["properties"], *PARTS]))}
    if "reason" in schema["properties"]:
        _require_reason(schema, "mean")


class Band(WithReason):
    """Calls in order of latency between two shares of all: their number, their latency and each of its parts."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_with_parts)
    __pydantic_extra__: dict[str, float | None] = Field(init=False)

    n: Count
    """calls in the band"""
    between: tuple[float, float] | None
    """shares of all successful calls, in order of latency, between which they lie"""
    mean: float | None
    """their mean latency, the sum of the parts, within 10 % of the percentile; null where no band is that narrow"""
    reason: Reason = None
    """why mean and parts are null; absent when they are not"""


class FailedAttempts(Entry):
    """Attempts that failed for one cause: their number, their length and each of its parts."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_with_parts)
    __pydantic_extra__: dict[str, float | None] = Field(init=False)

    n: Count
    """failed attempts"""
    mean: float | None
    """their mean length in milliseconds, the sum of the parts; null when there are none, as the parts are"""


class ColdShare(Entry):
    """Shares of the calls of one model that found it not loaded, over the called models."""

    p50: Value
    """median model"""
    p90: Value
    """model at the 90th percentile"""
    worst: Value
    """coldest model"""


class Tenants(Entry):
    """The models one by one."""

    models: Count
    """models of the scenario"""
    called: Count
    """models that were called"""
    meet_slo: Value
    """share of called models whose own calls meet every latency limit"""
    cold_share: ColdShare
    """share of a model's calls that found it not loaded, over the called models"""
    often_cold: Value
    """share of called models that are cold in more than 5 % of their calls"""


class Workers(Entry):
    """How busy the workers of loaded models are."""

    utilization: Value
    """time that they are busy, of all the time that they are there, mean over the workers of all models; filling a
    batch is busy"""
    busiest: Value
    """the same of the model whose workers are busiest, in each replication"""
    busiest_model: str | None
    """that model, all replications together; null when no model has workers of its own"""


class Devices(Entry):
    """The devices of the hosts, such as GPUs."""

    utilization: Value
    """time that they have jobs, of all their time; GPUUtilization of CloudWatch is 100 times the devices of a host
    as much"""
    memory_utilization: Value
    """share of their memory that container and models take, mean over time"""
    copies: Count
    """models that were copied to a device, summed over hosts and replications"""


class Pids(Entry):
    """Processes and threads."""

    peak: Count
    """most processes and threads on one host at once"""
    limit: int | None
    """pid_limit; null when there is none"""


class Cost(Entry):
    """US dollars."""

    usd_per_hour: float | None
    """instances that were up on average in this run; null without a price"""
    usd_per_month: float | None
    """730 such hours: of a fleet that loses or gains instances not the price of the scenario's own"""
    usd_per_million_requests: float | None
    """failed calls count too"""
    estimated: bool
    """the price is an estimate, not a published one"""
    source: str | None
    """where the price is from"""


class DecidedOn(Entry):
    """What a verdict rests on."""

    metric: str
    """the figure that decided: for p99 < x the share of calls over x"""
    limit: float
    """what it was compared with"""
    unit: Literal["ms", "1", "1/s", "USD"]
    """unit of limit, value and ci95"""
    value: float | None
    """mean over replications"""
    ci95: Interval
    """95 % interval, with `until` at least 95 %; null with one replication"""
    by: str
    """interval, single value, or why nothing could decide"""
    between_s: Interval
    """the part of the run that it is about, seconds from the start; null: all of the measured time"""


class ExpectedWindow(Entry):
    """What was expected in one window of `in every 5 min`."""

    start_s: float
    """begin, seconds from the start of the run"""
    end_s: float
    """end"""
    joined: Annotated[int, Field(ge=1)]
    """windows that were judged as one: with fewer than 100 calls a replication, one is joined with the next"""
    verdict: Verdict
    """whether the expectation was met in it"""
    value: float | None
    """what was compared with decided_on.limit: mean over replications"""
    ci95: Interval
    """95 % interval, with `until` at least 95 %; null with one replication"""


class Expected(WithReason):
    """One expectation and whether it was met."""

    model_config = reason_when_null("value")

    text: str
    """as written in the scenario"""
    meaning: str
    """the same in words: how the line was understood"""
    value: float | None
    """the figure that it names; times in milliseconds"""
    ci95: Interval
    """95 % interval, with `until` at least 95 %; null with one replication"""
    reason: Reason = None
    """why value is null; absent when it is not"""
    limit: float
    """in the unit of value"""
    verdict: Verdict
    """whether the expectation was met; undecided when the interval leaves it open"""
    decided_on: DecidedOn
    """what the verdict rests on; of several windows the worst"""
    windows: list[ExpectedWindow] | None
    """each window of `in every`; all must pass; null for other expectations"""


class Setting(Entry):
    """One setting of what AWS does not publish, and what came of it."""

    name: str
    """what differs from the scenario"""
    overrides: list[str]
    """the same, for --set"""
    verdict: Verdict | None
    """on all that is expected; null when nothing is"""
    expect: list[Expected]
    """as in the summary"""
    figures: dict[str, Value]
    """mean and p99 in milliseconds, shares 0..1"""
    steady_state: SteadyState
    """whether its measured time was in steady state"""


class LeftOut(Entry):
    """A setting that is impossible for the scenario."""

    name: str
    """a setting that is impossible"""
    reason: str
    """why"""


class RobustnessAnswer(Entry):
    """The answer under the settings of what AWS does not publish."""

    answer: str
    """one sentence: in how many settings it holds, and where it flips"""
    verdict: Verdict | None
    """pass: in all settings; fail: not in one; null when nothing is expected"""
    holds: Count
    """settings in which all that is expected holds"""
    fails: Count
    """settings in which something fails"""
    undecided: Count
    """the others"""
    replications: Annotated[int, Field(ge=1)]
    """of each setting"""
    full: bool
    """all combinations; else one change at a time"""
    settings: Annotated[list[Setting], Field(min_length=1)]
    """first the scenario as it is"""
    left_out: list[LeftOut]
    """settings that are impossible for the scenario"""
