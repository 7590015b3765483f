"""Layouts of logs that servers, proxies and load generators write, as settings of a table or of an access log.

Sources: Multi Model Server, docs/logging.md (the access log: address, request, status, milliseconds; written when the
answer has gone); AWS, Access logs for your Application Load Balancer (`request_creation_time`, the field before the
actions, is when the call came); Apache JMeter, user's manual, Glossary and Listeners (CSV: `timeStamp` in milliseconds
since 1970 at the start of the sample, unless sampleresult.timestamp.start is false).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_MODEL = r"/(?:models|predictions|invocations)/(?P<model>[^/?\s\"]+)"

PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "mms": {
        "format": "access-log",
        "only": r'"POST [^"]*/(?:models/[^/" ]+/invoke|predictions/|invocations/)',
        "pattern": (
            r'^(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}).*"POST [^"]*?'
            + _MODEL
            + r'[^"]*" \d+ (?P<duration>\d+)\s*$'
        ),
        "time_format": "%Y-%m-%d %H:%M:%S,%f",
        "stamped": "end",
        "duration_scale": 1e-3,
    },
    "alb": {
        "format": "access-log",
        "only": r'"POST [^"]*/(?:models|predictions|invocations)/',
        "pattern": r'"POST [^"]*?' + _MODEL + r'[^"]*".* (?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z) "',
        "max_disorder": "1 h",
    },
    "jmeter": {
        "format": "table",
        "columns": {"time": "timeStamp", "model": "label", "service": None},
        "time_unit": "ms",
        "count_from": "first",
        "max_disorder": "1 h",
    },
}
"""Name of a layout -> keys of a trace; a key that the scenario gives replaces the layout's."""
