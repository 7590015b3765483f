"""JSON Schema of summary.json: the contract with the tools that read it."""

from __future__ import annotations

from mmesim.results.latency import QUANTILES
from mmesim.results.ledger import BANDS
from mmesim.results.run_data import CAUSES, PARTS

Schema = dict[str, object]

SCHEMA_URI = "https://json-schema.org/draft/2020-12/schema"


def _object(properties: dict[str, Schema], description: str = "", optional: dict[str, Schema] | None = None) -> Schema:
    """An object with these keys, all of them present, and the optional ones; no others."""
    shape: Schema = {
        "type": "object",
        "properties": properties | (optional or {}),
        "required": list(properties),
        "additionalProperties": False,
    }
    return shape | ({"description": description} if description else {})


def _map(values: Schema, description: str) -> Schema:
    return {"type": "object", "additionalProperties": values, "description": description}


def _number(description: str) -> Schema:
    return {"type": "number", "description": description}


def _nullable(description: str) -> Schema:
    return {"type": ["number", "null"], "description": description}


def _count(description: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": description}


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _value(description: str) -> Schema:
    return {"$ref": "#/$defs/value", "description": description}


_INTERVAL: Schema = {
    "type": ["array", "null"],
    "items": {"type": "number"},
    "minItems": 2,
    "maxItems": 2,
    "description": "95 % interval, with `until` at least 95 %; null with one replication",
}

_VALUE: Schema = {
    "type": "object",
    "description": "A figure over replications with its 95 % interval, or null with the reason.",
    "properties": {
        "value": {"type": ["number", "null"]},
        "ci95": _INTERVAL,
        "reason": _text("why value is null; absent when it is not"),
    },
    "required": ["value", "ci95"],
    "additionalProperties": False,
    "if": {"properties": {"value": {"type": "null"}}},
    "then": {"required": ["reason"]},
    "else": {"not": {"required": ["reason"]}},
}

_UNTIL: Schema = _object(
    {
        "target": _text("as written: p99 within 5 %"),
        "reached": {"type": "boolean", "description": "false: max_replications came first, or the run was interrupted"},
        "looks": {
            "type": "array",
            "items": {"type": "integer", "minimum": 1},
            "description": "replications after which the interval was looked at",
        },
        "half_width": _nullable("longer side of the interval at the last look, as a share of the value"),
        "allowed": _number("half-width at which it stops: e / (1 + e) for `within e`"),
        "confidence": _number("of each look, and of every interval here, so that all looks hold together with 95 %"),
    },
    "where the replications stopped; null when their number was given",
    {"reason": _text("why half_width is null; absent when it is not")},
) | {"type": ["object", "null"]}

_BAND: Schema = _object(
    {
        "n": _count("calls in the band"),
        "mean": _nullable("their mean latency, the sum of the parts"),
        **{part: _nullable("") for part in PARTS},
    }
)

_EXPECTATION: Schema = _object(
    {
        "text": _text("as written in the scenario"),
        "value": _nullable("the figure that it names; times in milliseconds"),
        "ci95": _INTERVAL,
        "limit": _number("in the unit of value"),
        "verdict": {"enum": ["pass", "fail", "undecided"]},
        "decided_on": _object(
            {
                "metric": _text("the figure that decided: for p99 < x the share of calls over x"),
                "limit": _number("what it was compared with"),
                "unit": {"enum": ["ms", "1", "1/s", "usd"]},
                "value": _nullable("mean over replications"),
                "ci95": _INTERVAL,
                "by": _text("interval, single value, or why nothing could decide"),
            }
        ),
    },
    optional={"reason": _text("why value is null; absent when it is not")},
)


_VERDICT: Schema = {
    "enum": ["pass", "fail", "undecided", None],
    "description": "on all that is expected; null when nothing is",
}

_ROBUSTNESS: Schema = _object(
    {
        "answer": _text("one sentence: in how many settings it holds, and where it flips"),
        "verdict": _VERDICT | {"description": "pass: in all settings; fail: not in one; null when nothing is expected"},
        "holds": _count("settings in which all that is expected holds"),
        "fails": _count("settings in which something fails"),
        "undecided": _count("the others"),
        "replications": {"type": "integer", "minimum": 1, "description": "of each setting"},
        "full": {"type": "boolean", "description": "all combinations; else one change at a time"},
        "settings": {
            "type": "array",
            "minItems": 1,
            "items": _object(
                {
                    "name": _text("what differs from the scenario"),
                    "overrides": {"type": "array", "items": {"type": "string"}, "description": "the same, for --set"},
                    "verdict": _VERDICT,
                    "expect": {"type": "array", "items": {"$ref": "#/$defs/expectation"}},
                    "figures": _map(_value(""), "mean and p99 in milliseconds, shares 0..1"),
                }
            ),
            "description": "first the scenario as it is",
        },
        "left_out": {
            "type": "array",
            "items": _object({"name": _text("a setting that is impossible"), "reason": _text("why")}),
        },
    },
    "the answer under the settings of what AWS does not publish; null unless asked for",
) | {"type": ["object", "null"]}


def summary_schema() -> Schema:
    """Return the JSON Schema (2020-12) of summary.json."""
    return {
        "$schema": SCHEMA_URI,
        "title": "mmesim summary",
        "description": "Result of one run of a scenario. Shares are 0..1, times in the unit of the key's name.",
        **_object(_properties()),
        "$defs": {"value": _VALUE, "band": _BAND, "expectation": _EXPECTATION},
    }


def _properties() -> dict[str, Schema]:
    causes = _object({cause: _count("") for cause in CAUSES})
    return {
        "scenario": _text("name of the scenario"),
        "version": _text("version of mmesim"),
        "seed": {"type": "integer"},
        "replications": {"type": "integer", "minimum": 1, "description": "finished replications"},
        "interrupted": {"type": "boolean", "description": "stopped before all replications were finished"},
        "until": _UNTIL,
        "conditional": {
            "enum": ["trace", None],
            "description": "trace: the intervals cover the randomness of service and load, given this trace of calls; "
            "null: that of the traffic too",
        },
        "simulated_s": _number("simulated seconds of each replication, warm-up included"),
        "warmup_s": _number("seconds at the start of each replication that are not measured"),
        "steady_state": _object(
            {
                "verdict": {
                    "enum": ["steady", "warming up", "saturated", "too short", None],
                    "description": "whether the measured time was in steady state; null when that cannot be asked",
                },
                "evidence": _text("what the verdict rests on, or why there is none"),
                "warmup_s": _number("the warm-up that it rests on"),
                "run_at_least_s": _nullable("how long the run has to be; null unless it is too short"),
            }
        ),
        "wall_s": _number("wall-clock seconds of simulation, summed over replications; differs from run to run"),
        "requests": _object(
            {
                "total": _count("calls that arrived in the measured time"),
                "ok": _count("answered with success"),
                "errors": causes | {"description": "failed calls by the cause of their last attempt"},
                "in_flight_at_end": _count("without an answer when the run stopped"),
            },
            "calls, summed over replications",
        ),
        "attempts": _object(
            {
                "total": _count("attempts of these calls"),
                "retries": _count("attempts after the first"),
                "causes": causes | {"description": "failed attempts by cause"},
            }
        ),
        "throughput_rps": _value("successful calls a second"),
        "latency_ms": _object(
            {name: _value("") for name in ("mean", *QUANTILES, "max")},
            "successful calls, client view, first attempt to answer",
        ),
        "share_over": _map(_value(""), "for each latency limit in expect (`500 ms`): share of calls slower than it"),
        "ledger_ms": _object(
            {band: {"$ref": "#/$defs/band"} for band in BANDS}, "what latency is made of, all replications together"
        ),
        "cache_hit_ratio": _value("ModelCacheHit: attempts that found their model ready"),
        "error_rate": _value("failed calls over all calls"),
        "tenants": _object(
            {
                "models": _count("models of the scenario"),
                "called": _count("models that were called"),
                "meet_slo": _value("share of called models whose own calls meet every latency limit"),
                "cold_share": _object(
                    {"p50": _value("median model"), "p90": _value(""), "worst": _value("coldest model")},
                    "share of a model's calls that found it not loaded, over the called models",
                ),
                "often_cold": _value("share of called models that are cold in more than 5 % of their calls"),
            }
        ),
        "loads": _count("model loads, summed over hosts and replications"),
        "unloads": _count("model unloads"),
        "model_loading_wait_ms": _value("ModelLoadingWaitTime: mean wait of the attempts that waited for a load"),
        "loaded_models": _value("copies loaded on all hosts together, mean over time"),
        "cpu_utilization": _value("share of the vCPUs of all hosts"),
        "memory_utilization": _value("share of the physical memory of all hosts"),
        "disk_utilization": _value("share of the disks of all hosts"),
        "pids": _object(
            {
                "peak": _count("most processes and threads on one host at once"),
                "limit": {"type": ["integer", "null"], "description": "pid_limit; null when there is none"},
            }
        ),
        "cost": _object(
            {
                "usd_per_hour": _nullable("instances that were up on average; null without a price"),
                "usd_per_month": _nullable("730 hours"),
                "usd_per_million_requests": _nullable("failed calls count too"),
                "estimated": {"type": "boolean", "description": "the price is an estimate, not a published one"},
                "source": {"type": ["string", "null"], "description": "where the price is from"},
            }
        ),
        "binding_constraint": {"type": ["object", "null"]},
        "findings": {
            "type": ["array", "null"],
            "items": _object(
                {
                    "kind": _text(
                        "belief: what is believed, not known, and what the run uses; "
                        "config: what became of config.properties"
                    ),
                    "text": _text("one sentence"),
                }
            ),
            "description": "what has to be known beside the figures",
        },
        "expect": {"type": "array", "items": {"$ref": "#/$defs/expectation"}},
        "robustness": _ROBUSTNESS,
        "checks": _map(_text('"ok", or what is wrong'), "self-check of the simulator"),
    }
