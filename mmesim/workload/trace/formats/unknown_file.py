"""What a table may be whose columns are not those that were asked for, and what to write then."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mmesim.errors import did_you_mean

SHOWN, LONGEST = 8, 30
OTHER_NAMES = {
    "time": ("timestamp", "timestamps", "datetime", "date", "ts", "starttime", "startedat", "arrival", "arrivaltime"),
    "model": (
        *("modelname", "targetmodel", "modelid", "tenant", "tenantid", "customer", "customerid"),
        *("endpoint", "function", "functionname", "label", "name"),
    ),
}
LAYOUTS: tuple[tuple[tuple[str, str], tuple[str, ...]], ...] = (
    (("Azure LLM inference 2023", "azure-llm-2023"), ("(?i)timestamp", "(?i)contexttokens")),
    (("Azure Functions 2019", "azure-functions-2019"), ("HashFunction", r",(?:minute_)?1(?:_minute)?\b")),
    (("Azure Functions 2021", "azure-functions-2021"), ("app", "func", "end_timestamp", "duration")),
    (("the CSV of k6", "k6-csv"), ("metric_name", "metric_value")),
    (("the JSON of k6", "k6-json"), (r'^\{.*"type": ?"(?:Metric|Point)"', '"metric"')),
    (("a JTL of JMeter", "jmeter"), ("timeStamp", "elapsed", "label")),
    (("a history of Locust", "locust-history"), ("Timestamp", "User Count", "Total Request Count")),
    (("the CSV of hey", "hey"), ("response-time", "status-code", "offset")),
    (("the JSON of vegeta", "vegeta"), (r"^\{", '"latency"', '"bytes_out"')),
    (("the CSV of vegeta", "vegeta-csv"), (r"^\d{19},\d{1,3},\d+,\d+,\d+,",)),
    (("an access log of API Gateway", "api-gateway"), (r"^\{", "requestTime", "requestId")),
    (("messages from Logs Insights", "cloudwatch-logs"), ("@timestamp", "@message")),
    (("counts of CloudWatch", "cloudwatch"), (r"bin\(|MetricDataResults|Datapoints",)),
    (("an access log of MMS", "mms"), ("ACCESS_LOG", "^[0-9]{4}-[0-9]{2}-[0-9]{2} ")),
    (("an access log of TorchServe", "torchserve"), ("ACCESS_LOG",)),
    (("a log of a load balancer", "alb"), (r"^(?:https?|h2|wss?|grpcs) \d{4}-\d\d-\d\dT\S+Z ",)),
    (("a log of HAProxy", "haproxy"), (r"haproxy\[", r"\[\d\d/\w{3}/\d{4}:[\d:]+\.\d+\]")),
    (("a log of Envoy", "envoy"), (r'^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] "',)),
    (("a log of nginx (of httpd: apache-combined)", "nginx-combined"), (r'\[\d\d/\w{3}/\d{4}:[\d:]+ \S+\] "',)),
)
"""What stands in the beginning of a file of a layout: its maker and its name, and all of its signs."""

_CALLS = "single calls, which it does not hold, are in the access log of the server"
NO_TRACES: tuple[tuple[str, str], ...] = (
    (r"^# (?:HELP|TYPE) \w|^[a-zA-Z_:][\w:]*\{[^}]*\} [-+\d.eE]+", f"metrics in Prometheus' text format: {_CALLS}"),
    (r'"resultType"\s*:\s*"(?:matrix|vector)"', f"an answer of Prometheus: {_CALLS}"),
    (r"^Running .+ test @ ", f"the summary of wrk: {_CALLS}, or in the output of hey, k6 or vegeta"),
    (r"^This is ApacheBench", f"the summary of ab: {_CALLS}, or in the output of hey, k6 or vegeta"),
    (r"^Summary:\s*$", f"the summary of hey: {_CALLS}, or in that of hey -o csv"),
)
"""What the beginning of a file shows that holds no calls, and where they are."""


def known_format(line: str) -> tuple[str, str] | None:
    """Maker and name of the layout that the beginning of a file shows; None for an unknown one."""
    return next((known for known, signs in LAYOUTS if all(re.search(sign, line) for sign in signs)), None)


def layout(line: str) -> str | None:
    """What to write for the layout that the beginning of a file shows; None for an unknown one."""
    known = known_format(line)
    return None if known is None else f"it looks like {known[0]}: format: {known[1]}"


def no_trace(line: str) -> str | None:
    """What a file that begins so is, where it is known to hold no calls; None where it may."""
    return next((f"it looks like {what}" for sign, what in NO_TRACES if re.search(sign, line)), None)


def is_json(line: str) -> bool:
    """Whether a file that begins so holds JSON."""
    return re.match(r"\s*(?:\{|\[\s*(?:\{|$))", line) is not None


def cure(column: str, names: Sequence[str], line: str) -> str:
    """What to write when a column is missing, by the columns and the first line that are there."""
    known = layout(line)
    if known is not None and column != "model":
        return known
    nothing = no_trace(line)
    if nothing is not None:
        return nothing
    if is_json(line):
        return "the file is JSON, not a table: format: json-lines reads objects, one a line or in a list"
    if len(names) == 1 and " " in names[0]:
        return (
            "the first line has no cells: for a log of lines give a regular expression with the groups time and model, "
            "--pattern '(?P<time>\\S+ \\S+) .* model=(?P<model>\\S+)'; in a scenario with format: access-log"
        )
    has = f"it has: {_listed(names)}"
    if any(re.fullmatch(r"[-+0-9.eE]+", name) for name in names):
        return f"{has}; the first line is not a header: write one, such as time,model"
    other = next((name for name in names if plain(name) == plain(column)), None) or next(
        (name for name in names if plain(name) in OTHER_NAMES.get(column, ())), None
    )
    if other is not None:
        return f"write columns.{column}={other}" if column in OTHER_NAMES else f"did you mean {other}?"
    hint = did_you_mean(column, names)
    if column == "model" and hint is None:
        return f"{has}; columns.model=NAME reads another, model: NAME in the trace names the model of every call"
    return hint or (f"{has}; columns.time=NAME reads another" if column == "time" else has)


def plain(name: str) -> str:
    """A name of a column without what different makers write differently."""
    return name.lower().replace("_", "").replace(" ", "").replace("-", "")


def _listed(names: Sequence[str]) -> str:
    cut = [name if len(name) <= LONGEST else name[:LONGEST] + "..." for name in names[:SHOWN]]
    return ", ".join(cut) + (" ..." if len(names) > SHOWN else "")
