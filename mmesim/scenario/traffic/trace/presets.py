"""Layouts of logs that servers, proxies and load generators write, as settings of the keys of a trace.

What the time of a row is, start or end of the call, decides most. Sources, layout by layout:

- mms, torchserve: awslabs/multi-model-server and pytorch/serve, docs/logging.md (access log: time, level, thread,
  logger, address, request, status, milliseconds); `Session.toString` runs when the answer has gone.
- nginx-combined: nginx.org, ngx_http_log_module (`combined`; `$time_local` is the time of writing the line, after the
  answer; `$request_time`, seconds with three decimals, is added by those who time their calls).
- apache-combined: httpd.apache.org, mod_log_config (`combined`; `%t` is when the request was received).
- alb: AWS, Access logs for your Application Load Balancer (`request_creation_time`, the field before the actions, is
  when the load balancer received the request; lines come in files of five minutes and nodes).
- api-gateway, api-gateway-clf: AWS, Access logging for REST APIs (the JSON and CLF examples; `$context.requestTime` is
  the CLF time of the request).
- envoy: envoyproxy.io, Access logging (default format; `%START_TIME%`, milliseconds).
- haproxy: HAProxy configuration manual, 8.2.3 HTTP log format (`%tr`, when the first byte of the request came).
- jmeter: Apache JMeter, user's manual, Listeners and Glossary (CSV: `timeStamp`, milliseconds since 1970); bin/
  jmeter.properties sets `sampleresult.timestamp.start=true`: the start of the sample.
- k6-csv, k6-json: grafana.com/docs/k6, Results output, CSV and JSON. Every metric is a row of its own; all samples of a
  call carry the time of its end (js `httpext`, `Trail.EndTime`), `http_req_duration` in milliseconds is its length.
- vegeta, vegeta-csv: tsenart/vegeta, README (`encode`) and lib/results.go (`timestamp` is the start, in the CSV
  nanoseconds since 1970; 9 columns in old versions, 12 in new ones).
- hey: rakyll/hey, requester/print.go and the examples in its README (`offset`: seconds from the start of the test to
  that of the call; calls without an answer are not in the file).
- cloudwatch-logs: AWS, CloudWatch Logs Insights (`fields @timestamp, @message` over the log group of an endpoint, where
  the messages are the access log of Multi Model Server).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_PATHS = ("models", "predictions", "invocations", "endpoints")
_PATH = r"/(?:" + "|".join(_PATHS) + ")/"
_QUERY = r"[?&](?i:(?:target[-_]?)?model(?:[-_]?(?:name|id))?)="
"""A model in the query, such as `/endpoints/prod/invocations?model=a.tar.gz`, goes before one in the path."""
_NAME = r"[^/?\s\":]++"
_VALUE = r"[^&#;\s\"]++"
_MODEL = rf'(?:[^"\s]*{_QUERY}|[^"]*?{_PATH})(?P<model>(?<==){_VALUE}|(?<=/){_NAME})'
# With `url` it is the management API, which registers a model.
_POST = rf'"POST (?![^"\s]*/models/?\?[^"\s]*\burl=)[^"]*(?:{_PATH}|{_QUERY})'
CALL: Final = rf'"POST {_MODEL}'
"""In a line of a log: the call of a model."""
_LABEL = (
    rf"(?:^.*?{_QUERY}|^.*?{_PATH}|^(?!.*{_PATH}))"
    rf"(?P<model>(?<==){_VALUE}|(?<=/){_NAME}|(?<!.).+$)"
)
"""Load generators name calls by their URL, or as their user says: then the name is that of the model."""
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_REQUEST_TIME = r'.*[\s",;|](?:rt|req_?time|request_time)[=:]"?'
"""`$request_time` under its usual names: it goes before other times, such as that of the upstream."""

_LATE = {"max_disorder": "1 h"}
"""Lines are written when calls end: one that is stamped at its start is as late as it was long."""
_MMS = {
    "format": "access-log",
    "only": rf'"POST [^"]*(?:/models/{_NAME}/invoke|/predictions/|/invocations/)',
    "pattern": (
        r"(?P<time>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[,.]\d+)?).*?"
        rf'{CALL}[^"]*"+ \d+ (?P<duration>\d+)\b(?!\.|,\d)'
    ),
    "stamped": "end",
    "duration_scale": 1e-3,
}

PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "mms": _MMS,
    "torchserve": _MMS,
    # Doubled quotes of a CSV cell are quotes, too. The newest message comes first: all are sorted.
    "cloudwatch-logs": {**_MMS, "max_disorder": "10000 h"},
    "nginx-combined": {
        "format": "access-log",
        "only": _POST,
        "pattern": (
            rf'\[(?P<time>[^\]\[]+)\] {CALL}[^"]*" \d+ \S+'
            rf'(?: {_QUOTED} {_QUOTED})?(?:(?:{_REQUEST_TIME}|.*?[\s"=])(?P<duration>\d+\.\d{{3}})(?![\d.]))?'
        ),
        "stamped": "end",
    },
    "apache-combined": {
        "format": "access-log",
        "only": _POST,
        "pattern": rf"\[(?P<time>[^\]\[]+)\] {CALL}",
        **_LATE,
    },
    "alb": {
        "format": "access-log",
        "only": _POST,
        "pattern": rf'{CALL}[^"]*".* (?P<time>\d{{4}}-\d\d-\d\dT[\d:.]+Z) "',
        **_LATE,
    },
    "api-gateway": {
        "format": "json-lines",
        "columns": {"time": "requestTime", "model": "resourcePath", "service": None},
        "pattern": f"^{_MODEL}",
        "only": {"httpMethod": "POST"},
        **_LATE,
    },
    "api-gateway-clf": {
        "format": "access-log",
        "only": _POST,
        "pattern": rf"\[(?P<time>[^\]\[]+)\]\s*{CALL}",
        **_LATE,
    },
    "envoy": {
        "format": "access-log",
        "only": _POST,
        "pattern": rf"\[(?P<time>[^\]\[]+)\] {CALL}",
        **_LATE,
    },
    "haproxy": {
        "format": "access-log",
        "only": _POST,
        "pattern": rf"\[(?P<time>\d\d/\w{{3}}/\d{{4}}:[\d:.]+)\].*{CALL}",
        **_LATE,
    },
    "jmeter": {
        "format": "table",
        "columns": {"time": "timeStamp", "model": "label", "service": None},
        "pattern": _LABEL,
        "time_unit": "timestamp",
        **_LATE,
    },
    "k6-csv": {
        "format": "table",
        "columns": {"time": "timestamp", "model": "name", "duration": "metric_value", "service": None},
        "pattern": _LABEL,
        "only": {"metric_name": "http_req_duration"},
        "time_unit": "timestamp",
        "stamped": "end",
        "duration_scale": 1e-3,
    },
    "k6-json": {
        "format": "json-lines",
        "columns": {"time": "data.time", "model": "data.tags.name", "duration": "data.value", "service": None},
        "pattern": _LABEL,
        "only": {"type": "Point", "metric": "http_req_duration"},
        "stamped": "end",
        "duration_scale": 1e-3,
    },
    "locust-history": {"format": "locust-history", "pattern": _LABEL},
    "vegeta": {
        "format": "json-lines",
        "columns": {"time": "timestamp", "model": "url", "service": None},
        "pattern": _LABEL,
        **_LATE,
    },
    "vegeta-csv": {
        "format": "table",
        "header": False,
        "columns": {"time": "1", "model": "11", "service": None},
        "pattern": _LABEL,
        "time_unit": "timestamp",
        **_LATE,
    },
    "hey": {
        "format": "table",
        "columns": {"time": "offset", "service": None},
        **_LATE,
        "count_from": "first",
    },
}
"""Name of a layout -> keys of a trace; a key that the scenario gives replaces the layout's, a column or a value of
`only` one by one.
"""

TOOK: Final[Mapping[str, tuple[str, float]]] = {
    "alb": (r"^(?:\S+ ){6}(?P<duration>\d+(?:\.\d+)?) ", 1.0),  # target_processing_time; -1 for none
    "envoy": (r'"POST [^"]*" \d+ (?:\S+ )+?\d+ \d+ (?P<duration>\d+) (?:\d+|-) ', 1e-3),  # %DURATION%
    "haproxy": (r" -?\d+/-?\d+/-?\d+/(?P<duration>\d+)/\+?\d+ ", 1e-3),  # %Tr
    "jmeter": ("elapsed", 1e-3),
    "vegeta": ("latency", 1e-9),
    "vegeta-csv": ("3", 1e-9),
    "hey": ("response-time", 1.0),
}
"""Name of a layout whose times are those of the starts -> where it says how long a call took (group `duration` of a
regular expression, or a column), and its factor to seconds. No replay needs it; what is believed of the work does.
"""
