"""Logs in the layouts that their makers publish are read by name.

The layouts are those of the sources in `mmesim.scenario.traffic.trace.presets` and in `counts` of
`mmesim.workload.trace.formats`; only paths, names and times are changed, so that the calls go to models.
"""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path
from typing import Any

import pytest

from mmesim.errors import TraceError, TraceWarning
from mmesim.scenario.traffic.trace.own_path import cure
from mmesim.scenario.traffic.trace.presets import PRESETS
from mmesim.scenario.traffic.trace.trace import TraceSource
from mmesim.workload.trace.formats import line_text
from mmesim.workload.trace.names import Numbered
from mmesim.workload.trace.replay.replay import Draws, replayed

Calls = list[tuple[float, str]]

# awslabs/multi-model-server, docs/logging.md
MMS = """\
2018-10-15 13:56:18,976 [INFO ] BackendWorker-9000 ACCESS_LOG - /127.0.0.1:64003 "POST /predictions/noop HTTP/1.1" 200 8
2018-10-15 13:56:19,000 [INFO ] epoll-3-1 ACCESS_LOG - /127.0.0.1:64003 "GET /ping HTTP/1.1" 200 0
2018-10-15 13:56:19,100 [INFO ] epoll-3-1 ACCESS_LOG - /127.0.0.1:64003 "POST /models?url=a HTTP/1.1" 200 900
2018-10-15 13:56:19,200 [INFO ] W-9000 com.amazonaws.ml.mms.wlm.WorkerThread - Backend response time: 118
2018-10-15 13:56:20,976 [INFO ] W-9001 ACCESS_LOG - /127.0.0.1:64003 "POST /models/sd/invoke HTTP/1.1" 200 1508
"""
# The same messages, the newest first, as Logs Insights exports `fields @timestamp, @message`.
INSIGHTS_ROWS = """\
@timestamp,@message
2018-10-15 13:56:20.990,"2018-10-15T13:56:20,976 [INFO ] W-9001 ACCESS_LOG - /127.0.0.1:64003 ""POST /models/sd/invoke HTTP/1.1"" 200 1522"
2018-10-15 13:56:19.001,"2018-10-15T13:56:19,000 [INFO ] epoll-3-1 ACCESS_LOG - /127.0.0.1:64003 ""GET /ping HTTP/1.1"" 200 0"
2018-10-15 13:56:18.980,"2018-10-15T13:56:18,976 [INFO ] W-9000 ACCESS_LOG - /127.0.0.1:64003 ""POST /models/noop/invoke HTTP/1.1"" 200 12"
"""  # noqa: E501
_ALB = (
    "http {end}Z app/my-lb/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "
    '"{verb} http://www.example.com:80/{path} HTTP/1.1" "curl/7.46.0" - - '
    "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "
    '"Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 {begin}Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"\n'
)
ALB = (
    _ALB.format(
        verb="POST", path="models/sd/invoke", end="2018-07-02T22:23:10.000000", begin="2018-07-02T22:22:48.364000"
    )
    + _ALB.format(verb="GET", path="ping", end="2018-07-02T22:23:10.000000", begin="2018-07-02T22:22:48.400000")
    + _ALB.format(verb="POST", path="invocations/b", end="2018-07-02T22:23:11.0", begin="2018-07-02T22:22:48.000000")
)
# nginx `combined` with $request_time behind it, in the three ways that are common
NGINX = """\
10.0.0.7 - - [31/Jan/2026:23:59:58 +0100] "POST /models/a/invoke HTTP/1.1" 200 512 "-" "python/3.11 (x; y 1.234)" 0.500
10.0.0.9 - - [31/Jan/2026:23:59:58 +0100] "GET /ping HTTP/1.1" 200 0 "-" "ELB-HealthChecker/2.0" 0.000
10.0.0.7 - bob [31/Jan/2026:23:59:59 +0100] "POST /invocations/b?x=1 HTTP/1.1" 503 5 "-" "-" rt=1.250 uct="0.001"
10.0.0.7 - - [01/Feb/2026:00:00:01 +0100] "POST /v2/models/c/infer HTTP/1.1" 200 5 "-" "-" "10.123.4.5" "0.250" "0.240"
"""
COMBINED = """\
10.0.0.7 - - [31/Jan/2026:23:59:58 +0000] "POST /models/a/invoke HTTP/1.1" 200 512 "-" "py \\"x\\""
10.0.0.7 - frank [31/Jan/2026:23:59:59 +0000] "POST /v1/models/b:predict HTTP/1.1" 200 512
"""
# AWS, Access logging for REST APIs: the JSON and the CLF example
GATEWAY_JSON = """\
{ "requestId":"a-1", "extendedRequestId":"Xy=","ip": "10.0.0.7", "caller":"-", "user":"-", \
"requestTime":"31/Jan/2026:23:59:58 +0000", "httpMethod":"POST", "resourcePath":"/models/a/invoke", "status":"200", \
"protocol":"HTTP/1.1", "responseLength":"512" }
{ "requestId":"a-2", "extendedRequestId":"Xy=","ip": "10.0.0.7", "caller":"-", "user":"-", \
"requestTime":"31/Jan/2026:23:59:59 +0000", "httpMethod":"GET", "resourcePath":"/ping", "status":"200", \
"protocol":"HTTP/1.1", "responseLength":"2" }
{ "requestId":"a-3", "extendedRequestId":"Xy=","ip": "10.0.0.7", "caller":"-", "user":"-", \
"requestTime":"01/Feb/2026:00:00:01 +0000", "httpMethod":"POST", "resourcePath":"/prod/invocations/b", \
"status":"504", "protocol":"HTTP/1.1", "responseLength":"-" }
"""
GATEWAY_CLF = """\
10.0.0.7 - - [31/Jan/2026:23:59:58 +0000]"POST /models/a/invoke HTTP/1.1" 200 512 a-1 Xy=
10.0.0.7 - - [01/Feb/2026:00:00:01 +0000] "POST /models/b/invoke HTTP/1.1" 200 512 a-2 Xy=
"""
# envoyproxy.io, Access logging: the default format
ENVOY = """\
[2016-04-15T20:17:00.310Z] "POST /models/a/invoke HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21" "l" "tcp"
[2016-04-15T20:17:00.250Z] "POST /models/b/invoke HTTP/2" 503 UF 154 0 900 - "10.0.35.28" "nsq2http" "cc22" "l" "-"
"""
# HAProxy, configuration manual, 8.2.3
HAPROXY = """\
Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 \
200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "POST /models/a/invoke HTTP/1.1"
Feb  6 12:14:15 localhost haproxy[14389]: 10.0.1.2:33318 [06/Feb/2009:12:14:14.700] http-in static/srv1 10/0/30/69/109 \
200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "POST /models/b/invoke HTTP/1.1"
"""
# Apache JMeter, Listeners: CSV with all default fields; a message may go over lines
JMETER = """\
timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,Latency
1536000000250,1500,sd,200,OK,Users 1-2,text,true,,1024,1499
1536000000000,2000,noop,500,"Internal
Server Error",Users 1-1,text,false,"Test failed: code
expected",1024,1999
"""
# grafana.com/docs/k6, CSV
K6_CSV = """\
metric_name,timestamp,metric_value,check,error,error_code,group,method,name,proto,scenario,status,subproto,tls_version,url,extra_tags
http_reqs,1595325562,1.000000,,,,,POST,http://h/models/a/invoke,HTTP/1.1,default,200,,,http://h/models/a/invoke,
http_req_duration,1595325562,2000.000000,,,,,POST,http://h/models/a/invoke,HTTP/1.1,default,200,,,http://h/models/a/invoke,
http_req_blocked,1595325562,225.275000,,,,,POST,http://h/models/a/invoke,HTTP/1.1,default,200,,,http://h/models/a/invoke,
vus,1595325562,1.000000,,,,,,,,,,,,,
http_req_duration,1595325562,500.000000,,,,,POST,sd,HTTP/1.1,default,503,,,http://h/models/b/invoke,
iterations,1595325562,1.000000,,,,,,,,default,,,,,
"""
_K6 = (
    '{{"type":"Point","data":{{"time":"2017-05-09T14:34:4{end}+02:00","value":{value},"tags":{{"group":"::my group",'
    '"method":"POST","name":"{name}","status":"200","url":"http://h/{name}"}}}},"metric":"http_req_duration"}}\n'
)
# grafana.com/docs/k6, JSON; newer versions write the metric first
K6_JSON = (
    '{"type":"Metric","data":{"type":"gauge","contains":"default","tainted":null,"thresholds":[]},"metric":"vus"}\n'
    '{"type":"Point","data":{"time":"2017-05-09T14:34:45.625742514+02:00","value":5,"tags":null},"metric":"vus"}\n'
    '{"type":"Metric","data":{"type":"trend","contains":"time"},"metric":"http_req_duration"}\n'
    + _K6.format(end="5.239531499", value=459.865729, name="/models/a/invoke")
    + '{"metric":"http_reqs","type":"Point","data":{"time":"2017-05-09T14:34:45.239531499+02:00","value":1}}\n'
    + _K6.format(end="6.5", value=20.5, name="b")
)
# tsenart/vegeta, README and lib/results.go
VEGETA = """\
{"attack":"","seq":1,"code":200,"timestamp":"2018-05-02T00:07:55.5+02:00","latency":9,"bytes_out":0,"bytes_in":0,\
"error":"","body":null,"method":"POST","url":"http://h/models/b/invoke","headers":null}
{"attack":"","seq":0,"code":0,"timestamp":"2018-05-02T00:07:54.5+02:00","latency":9000000000,"bytes_out":0,\
"bytes_in":0,"error":"timeout","body":null,"method":"POST","url":"http://h/models/a/invoke","headers":null}
"""
VEGETA_CSV = """\
1525212475500000000,200,9,0,0,,,"",1,POST,http://h/models/b/invoke,
1525212474500000000,0,9000000000,0,0,"Post ""http://h"": timeout",,"",0,POST,http://h/models/a/invoke,
"""
# rakyll/hey, the examples in its README
HEY = """\

response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset
0.5087,0.0047,0.0042,0.0001,0.0019,0.0001,200,0.0016
0.0087,0.0047,0.0042,0.0001,0.0019,0.0001,500,0.3016
0.0187,0.0047,0.0042,0.0001,0.0019,0.0001,200,0.2016
"""

CASES: dict[str, tuple[str, dict[str, Any], Calls]] = {
    "mms": (MMS, {}, [(0.0, "noop"), (0.5, "sd")]),
    "torchserve": (MMS.replace("2018-10-15 ", "2018-10-15T"), {}, [(0.0, "noop"), (0.5, "sd")]),
    "cloudwatch-logs": (INSIGHTS_ROWS, {}, [(0.0, "noop"), (0.5, "sd")]),
    "alb": (ALB, {}, [(0.0, "b"), (0.364, "sd")]),
    "nginx-combined": (NGINX, {}, [(0.0, "a"), (0.25, "b"), (3.25, "c")]),
    "apache-combined": (COMBINED, {}, [(0.0, "a"), (1.0, "b")]),
    "api-gateway": (GATEWAY_JSON, {}, [(0.0, "a"), (3.0, "b")]),
    "api-gateway-clf": (GATEWAY_CLF, {}, [(0.0, "a"), (3.0, "b")]),
    "envoy": (ENVOY, {}, [(0.0, "b"), (0.06, "a")]),
    "haproxy": (HAPROXY, {}, [(0.0, "a"), (0.045, "b")]),
    "jmeter": (JMETER, {}, [(0.0, "noop"), (0.25, "sd")]),
    "k6-csv": (K6_CSV, {}, [(0.0, "a"), (1.5, "sd")]),
    "k6-json": (K6_JSON, {}, [(0.0, "a"), (6.4795 - 4.779665770, "b")]),
    "vegeta": (VEGETA, {}, [(0.0, "a"), (1.0, "b")]),
    "vegeta-csv": (VEGETA_CSV, {}, [(0.0, "a"), (1.0, "b")]),
    "hey": (HEY, {"model": "m"}, [(0.0, "m"), (0.2, "m"), (0.3, "m")]),
}
_DISTURBED = {
    "windows lines": lambda text: text.replace("\n", "\r\n").encode(),
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "no last newline": lambda text: text.rstrip("\n").encode(),
}


def read(file: Path, layout: str, chunk: int = 100, **keys: Any) -> Calls:
    names = Numbered()
    source = TraceSource.model_validate({"file": str(file), "format": layout, **keys})
    assert TraceSource.model_validate(source.model_dump(mode="json", by_alias=True)) == source
    return [
        (time, names.names[model])
        for part in replayed(source, names, Draws(1, 0, "trace"), chunk)
        for time, model in zip(part.time.tolist(), part.model.tolist(), strict=True)
    ]


def same(found: Calls, expected: Calls) -> None:
    assert [name for _, name in found] == [name for _, name in expected]
    assert [time for time, _ in found] == pytest.approx([time for time, _ in expected], abs=1e-6)


@pytest.mark.filterwarnings("ignore:.*rows without the name of a model:mmesim.errors.TraceWarning")
@pytest.mark.parametrize("layout", CASES)
def test_a_published_layout_is_read(tmp_path: Path, layout: str) -> None:
    text, keys, expected = CASES[layout]
    file = tmp_path / "calls.log"
    file.write_text(text)
    same(read(file, layout, **keys), expected)
    same(read(file, layout, chunk=1, **keys), expected)


@pytest.mark.parametrize("layout", CASES)
@pytest.mark.parametrize("how", _DISTURBED)
def test_line_ends_and_byte_order_marks_do_not_matter(tmp_path: Path, layout: str, how: str) -> None:
    text, keys, expected = CASES[layout]
    file = tmp_path / "calls.log"
    file.write_bytes(_DISTURBED[how](text))
    same(read(file, layout, **keys), expected)
    with gzip.open(tmp_path / "calls.gz", "wb") as packed:
        packed.write(_DISTURBED[how](text))
    same(read(tmp_path / "calls.gz", layout, **keys), expected)


def test_every_layout_has_a_sample() -> None:
    assert set(CASES) | {"locust-history"} == set(PRESETS)


def test_a_log_of_nginx_without_request_time_is_read_with_a_word(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(COMBINED)
    with pytest.warns(TraceWarning, match=r"no call has a duration: .* \(nginx logs it as \$request_time\)"):
        same(read(tmp_path / "access.log", "nginx-combined"), [(0.0, "a"), (1.0, "b")])


def test_old_columns_of_vegeta(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("1525212474500000000,200,9,0,0,,,,0\n1525212475500000000,200,9,0,0,,,,1\n")
    same(read(tmp_path / "v.csv", "vegeta-csv", model="m"), [(0.0, "m"), (1.0, "m")])


@pytest.mark.parametrize(
    ("unit", "cells"),
    [
        ("unix_milli", ("1595325562000", "1595325562500")),
        ("unix_nano", ("1595325562000000000", "1595325562500000000")),
        ("rfc3339_nano", ("2020-07-21T09:59:22.000000000Z", "2020-07-21T09:59:22.500000000Z")),
    ],
)
def test_every_time_format_of_k6(tmp_path: Path, unit: str, cells: tuple[str, str]) -> None:
    rows = "".join(f"http_req_duration,{cell},0,{name}\n" for cell, name in zip(cells, "ab", strict=True))
    (tmp_path / f"{unit}.csv").write_text(f"metric_name,timestamp,metric_value,name\n{rows}")
    same(read(tmp_path / f"{unit}.csv", "k6-csv"), [(0.0, "a"), (0.5, "b")])


def test_a_key_that_is_given_replaces_that_of_the_layout() -> None:
    source = TraceSource.model_validate({"file": "x", "format": "jmeter", "max_disorder": "5 s"})
    assert (source.format, source.disorder_s, source.columns.time) == ("table", 5.0, "timeStamp")


def test_columns_and_values_are_replaced_one_by_one() -> None:
    keys = {"columns": {"model": "url"}, "only": {"status": [200, 201], "expected_response": True}}
    source = TraceSource.model_validate({"file": "x", "format": "k6-csv", **keys})
    assert (source.columns.time, source.columns.model) == ("timestamp", "url")
    assert source.only == {
        "metric_name": ("http_req_duration",),
        "status": ("200", "201"),
        "expected_response": ("true",),
    }


# -- files of counts

# locust/stats.py: a row a second and name; here the mean rates, which nobody may use, are 9
_LOCUST = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,Total Request Count,Total Failure Count\n"
LOCUST = _LOCUST + "".join(
    f"{1700000000 + second},5,{kind},{name},9.0,0.0,{(total and 10) or 'N/A'},{total},0\n"
    for second, totals in enumerate([(0, 0), (3, 1), (3, 4), (2, 4), (5, 9)])
    for kind, name, total in (
        ("POST", "/models/a/invoke", totals[0]),
        ("POST", "b", totals[1]),
        ("", "Aggregated", sum(totals)),
    )
)


def seconds(calls: Calls, width: float = 1.0) -> dict[tuple[int, str], int]:
    found: dict[tuple[int, str], int] = {}
    for time, name in calls:
        key = (int(time // width), name)
        found[key] = found.get(key, 0) + 1
    return found


def test_locust_counts_are_differences_of_totals_spread_inside_their_second(tmp_path: Path) -> None:
    file = tmp_path / "run_stats_history.csv"
    file.write_text(LOCUST)
    with pytest.warns(TraceWarning, match=r"counts of calls in 1 s: .* cannot be recovered"):
        calls = read(file, "locust-history")
    # The totals of a fall from 3 to 2: they were reset.
    assert seconds(calls) == {(1, "a"): 3, (1, "b"): 1, (2, "b"): 3, (3, "a"): 2, (4, "a"): 3, (4, "b"): 5}
    assert len({time for time, _ in calls}) == len(calls)
    with pytest.warns(TraceWarning, match="counts of calls"):
        assert read(file, "locust-history", chunk=2) == calls
    with pytest.warns(TraceWarning, match="counts of calls"):
        every = read(file, "locust-history", model="m")
    assert len(every) == 4 + 3 + 6 + 8  # the sum of both fell only once, by one


def test_a_locust_history_without_names_says_what_to_write(tmp_path: Path) -> None:
    file = tmp_path / "h.csv"
    file.write_text(_LOCUST + "1700000000,5,,Aggregated,1.0,0.0,10,7,0\n1700000001,5,,Aggregated,1.0,0.0,10,9,0\n")
    with pytest.raises(TraceError, match=r"--csv-full-history.*model: NAME"):
        read(file, "locust-history")
    with pytest.warns(TraceWarning, match="counts of calls"):
        assert seconds(read(file, "locust-history", model="m")) == {(0, "m"): 7, (1, "m"): 2}


METRIC_DATA = """{"MetricDataResults": [
 {"Id": "m1", "Label": "a", "Timestamps": ["2026-01-01T00:03:00+00:00", "2026-01-01T00:01:00+00:00"],
  "Values": [30.0, 20.0], "StatusCode": "Complete"},
 {"Id": "m2", "Label": "b", "Timestamps": ["2026-01-01T00:00:00+00:00"], "Values": [5.0], "StatusCode": "Complete"}
], "Messages": []}"""
STATISTICS = """{"Label": "Invocations", "Datapoints": [
 {"Timestamp": "2026-01-01T00:03:00Z", "Sum": 30.0, "Unit": "None"},
 {"Timestamp": "2026-01-01T00:01:00Z", "Sum": 20.0, "Unit": "None"}]}"""
BINS = """\
bin(1m),model,count(*)
2026-01-01 00:03:00.000,a,30
2026-01-01 00:01:00.000,a,20
2026-01-01 00:00:00.000,b,5
"""
RESULTS = """{"results": [
 [{"field": "bin(1m)", "value": "2026-01-01 00:03:00.000"}, {"field": "model", "value": "a"},
  {"field": "count(*)", "value": "30"}, {"field": "@ptr", "value": "x"}],
 [{"field": "bin(1m)", "value": "2026-01-01 00:01:00.000"}, {"field": "model", "value": "a"},
  {"field": "count(*)", "value": "20"}]], "status": "Complete"}"""


@pytest.mark.parametrize(
    ("text", "keys", "expected"),
    [
        (METRIC_DATA, {}, {(0, "b"): 5, (1, "a"): 20, (3, "a"): 30}),
        (METRIC_DATA, {"only": {"Label": "a"}}, {(0, "a"): 20, (2, "a"): 30}),
        (METRIC_DATA, {"model": "m"}, {(0, "m"): 5, (1, "m"): 20, (3, "m"): 30}),
        (STATISTICS, {"resolution": "60 s"}, {(0, "Invocations"): 20, (2, "Invocations"): 30}),
        (BINS, {}, {(0, "b"): 5, (1, "a"): 20, (3, "a"): 30}),
        (RESULTS, {}, {(0, "a"): 20, (2, "a"): 30}),
    ],
)
def test_the_calls_of_a_minute_lie_inside_it(
    tmp_path: Path, text: str, keys: dict[str, Any], expected: dict[tuple[int, str], int]
) -> None:
    file = tmp_path / "metrics.json"
    file.write_text(text)
    with pytest.warns(TraceWarning, match=r"counts of calls in (1 min|60 s): .* cannot be recovered"):
        calls = read(file, "cloudwatch", **keys)
    assert seconds(calls, 60.0) == expected
    with pytest.warns(TraceWarning, match="counts of calls"):
        assert read(file, "cloudwatch", chunk=1, **keys) == calls


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"Label": "Invocations", "Datapoints": [{"Timestamp": "2026-01-01T00:00:00Z", "Average": 1.0}]}',
            "has Average",
        ),
        (METRIC_DATA.replace("30.0", "0.5"), "'0.5' is not a number of calls: ask for the statistic Sum"),
        ('{"Metrics": []}', "no MetricDataResults"),
        ("{", "is not JSON"),
        ("@timestamp,@message\n2026-01-01 00:00:00.000,x\n", "format: cloudwatch-logs"),
        (METRIC_DATA.replace("2026-01-01T00:03:00+00:00", "soon"), "'soon' is not a time"),
        ("", "needs a column bin"),
    ],
)
def test_an_answer_that_counts_no_calls_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "metrics.json"
    file.write_text(text)
    with pytest.raises(TraceError, match=message):
        read(file, "cloudwatch")


# -- JSON lines of any kind

NGINX_JSON = """\
{"time":"2026-01-31T23:59:58+00:00","request":{"uri":"/models/a/invoke","status":200},"took":0.250,"up":"-"}
{"time":"2026-01-31T23:59:59+00:00","request":{"uri":"/ping","status":200},"took":0.001,"up":"-"}
{"time":"2026-02-01T00:00:00+00:00","request":{"uri":"/models/b/invoke","status":503},"took":0.500,"up":"0.1"}
"""
KEYS: dict[str, Any] = {
    "columns": {"model": "request.uri", "duration": "took"},
    "stamped": "end",
    "pattern": "/models/(?P<model>[^/]+)",
}


def test_json_lines_are_read_by_keys_inside_each_other(tmp_path: Path) -> None:
    file = tmp_path / "access.json"
    file.write_text(NGINX_JSON)
    with pytest.warns(
        TraceWarning, match=r"rows without the name of a model left out: 1; .* 'request.uri', line 2: '/ping'"
    ):
        same(read(file, "json-lines", **KEYS), [(0.0, "a"), (1.75, "b")])
    file.write_text("[" + ",\n".join(NGINX_JSON.splitlines()) + "]")
    with pytest.warns(TraceWarning, match="left out: 1"):
        same(read(file, "json-lines", **KEYS), [(0.0, "a"), (1.75, "b")])


@pytest.mark.filterwarnings("ignore::mmesim.errors.TraceWarning")
def test_rows_are_picked_by_value(tmp_path: Path) -> None:
    file = tmp_path / "access.json"
    file.write_text(NGINX_JSON)
    assert [name for _, name in read(file, "json-lines", **KEYS, only={"request": {"status": 200.0}})] == ["a"]
    assert [name for _, name in read(file, "json-lines", **KEYS, only={"request.status": [500, 503]})] == ["b"]
    with pytest.raises(TraceError, match=r"no row is left where request.status is one of 404 \(it has: '200', '503'\)"):
        read(file, "json-lines", **KEYS, only={"request.status": 404})


@pytest.mark.parametrize(
    ("text", "keys", "message"),
    [
        (
            NGINX_JSON,
            {"columns": {"model": "request.url"}},
            r"no row has the key 'request.url' \(did you mean request.uri",
        ),
        (
            NGINX_JSON,
            {"columns": {"model": "request.uri", "time": "request.uri"}},
            r"access.json:1: column 'request.uri'",
        ),
        (NGINX_JSON.replace('"time":"2026-02', '"tim":"2026-02'), {"columns": {"model": "took"}}, ":3: .* is missing"),
        ("no json\n", {}, r"1 of 1 lines \(100 %\) cannot be read.*it is not a JSON object: 'no json'"),
        ("[1, 2", {}, "is not JSON"),
    ],
)
def test_what_is_wrong_with_json_lines_is_told(tmp_path: Path, text: str, keys: dict[str, Any], message: str) -> None:
    file = tmp_path / "access.json"
    file.write_text(text)
    with pytest.raises(TraceError, match=message):
        read(file, "json-lines", **keys)


def test_a_cut_last_line_is_skipped_and_told(tmp_path: Path) -> None:
    line = '{"time":"2026-01-31T23:59:58Z","model":"a"}\n'
    (tmp_path / "a.json").write_text(line * 200 + line[:20])
    with pytest.warns(TraceWarning, match=r"1 of 201 lines .* skipped; the first is line 201: it is not a JSON object"):
        assert len(read(tmp_path / "a.json", "json-lines", resolution="none")) == 200


# -- errors of logs


@pytest.mark.parametrize(
    ("text", "layout", "message"),
    [
        (NGINX, "alb", r"line 1: group 'time' is not found from character 115 on: .*; it looks like a log of nginx"),
        (MMS, "api-gateway", r"line 1: it is not a JSON object: .*; it looks like an access log of MMS"),
        (
            NGINX.replace("Jan", "Foo").replace("Feb", "Foo"),
            "nginx-combined",
            r"group 'time': '31/Foo/2026:23:59:58 \+0100'",
        ),
        (NGINX.replace("POST", "GET"), "nginx-combined", "no line is a call .*line 1 is '.*GET /models/a/inv"),
        (MMS.replace("200 1508", "200 1.5 s"), "mms", "max_skipped"),
    ],
)
def test_a_line_that_does_not_match_says_where(tmp_path: Path, text: str, layout: str, message: str) -> None:
    file = tmp_path / "a.log"
    file.write_text(text)
    with pytest.raises(TraceError, match=message) as error:
        read(file, layout, max_skipped=0)
    assert "10.0.0" not in str(error.value)
    assert "127.0" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("10.1.2.3:80 x 1.2.3", "'<address> x 1.2.3'"),
        ("2001:db8:0:1:1:1:1:1 fe80::1 ::1", "'<address> <address> <address>'"),
        ("12:34:56 [31/Jan/2026:23:59:58", "'12:34:56 [31/Jan/2026:23:59:58'"),
        ("who bob.x@example.com", "'who <address>'"),
        ("a" * 35 + " 10.20.30.40 " + "b" * 90, "'" + "a" * 35 + " ...'"),
    ],
)
def test_what_is_shown_of_a_line_has_no_addresses(text: str, shown: str) -> None:
    assert line_text.around(text) == shown


# -- rows of tables


@pytest.mark.parametrize("only", [{"success": True}, {"success": "TRUE"}, {"code": 200}, {"code": ["200.0", 201]}])
def test_rows_of_a_table_are_picked_by_value(tmp_path: Path, only: dict[str, Any]) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("time,model,success,code\n0,a,true,200\n1,b,false,500\n2,c,True,200\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(file, "table", only=only) == [(0.0, "a"), (2.0, "c")]


def test_a_wrong_cell_behind_rows_that_are_left_out_is_found_in_its_line(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("time,model,kind\nx,,other\n0,a,call\ny,,other\nz,b,call\n")
    with pytest.raises(TraceError, match=r"calls\.csv:5: column 'time': 'z' is not a number"):
        read(file, "table", only={"kind": "call"})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"only": {"succes": True}}, "column 'succes' is missing .*did you mean success"),
        ({"only": {"success": "yes"}}, r"no row is left where success is one of yes \(it has: 'true', 'false'\)"),
        ({"pattern": "/models/(?P<model>[^/]+)"}, "no row names a model: the first is column 'model', line 2: 'a'"),
    ],
)
def test_a_filter_that_leaves_nothing_is_refused(tmp_path: Path, keys: dict[str, Any], message: str) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("time,model,success\n0,a,true\n1,b,false\n")
    with pytest.raises(TraceError, match=message):
        read(file, "table", **keys)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"only": "POST"}, "takes columns and their values"),
        ({"only": {"a": []}}, "takes a value or a list of values"),
        ({"only": {}}, "a regular expression, or a map of columns and values"),
        ({"only": {"a": 1}, "format": "mms"}, "takes a regular expression in a log"),
        ({"header": False, "format": "json-lines"}, "does not apply to json-lines"),
    ],
)
def test_a_filter_has_the_form_of_its_file(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TraceSource.model_validate({"file": "x", **keys})


# -- your own path, and models in the query


# The model server itself has the model in its path, resourcePath has no query, and hey no URL.
@pytest.mark.parametrize(
    "layout", sorted(CASES.keys() - {"mms", "torchserve", "cloudwatch-logs", "api-gateway", "hey"})
)
def test_a_model_in_the_query_goes_before_the_path(tmp_path: Path, layout: str) -> None:
    text, keys, expected = CASES[layout]
    for path, name in (("models/a/invoke", "a"), ("models/b/invoke", "b"), ("models/sd/invoke", "sd")):
        text = text.replace(path, f"invocations?x=1&model={name}.tar.gz")
    (tmp_path / "calls.log").write_text(text)
    names = {name for _, name in read(tmp_path / "calls.log", layout, **keys)}
    changed = {f"{name}.tar.gz" for _, name in expected if f"model={name}.tar.gz" in text}
    assert changed <= names


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/endpoints/prod/invocations?model=a.tar.gz", "a.tar.gz"),
        ("/invocations?v=1&TargetModel=t/a.tar.gz&w=2", "t/a.tar.gz"),
        ("/endpoints/prod/invocations?target-model=a", "a"),
        ("/predict?model_name=a", "a"),
        ("/models/a/invoke?supermodel=b", "a"),
        ("/models/a/invoke?model=", "a"),
        ("/models?model_name=a&url=s3://b", None),
    ],
)
def test_names_in_a_request(tmp_path: Path, path: str, name: str | None) -> None:
    other = NGINX.splitlines()[0]
    (tmp_path / "a.log").write_text(f"{other.replace('/models/a/invoke', path)}\n{other.replace('/a/', '/z/')}\n")
    assert {found for _, found in read(tmp_path / "a.log", "nginx-combined")} == {"z", *([name] if name else [])}


@pytest.mark.parametrize("layout", [name for name in CASES if PRESETS[name]["format"] == "access-log"])
def test_a_pattern_with_the_model_alone_keeps_the_rest_of_a_layout(tmp_path: Path, layout: str) -> None:
    text, keys, expected = CASES[layout]
    text = text.replace("/models?url", "/other?url")
    for path in ("/models/", "/predictions/", "/invocations/"):
        text = text.replace(path, "/v1/score/")
    (tmp_path / "calls.log").write_text(text)
    for pattern in (r"/score/(?P<model>[^/?\s:\"]+)", r"(?i)/SCORE/(?P<model>[^/?\s:\"]+)"):
        same(read(tmp_path / "calls.log", layout, **keys, pattern=pattern), expected)


def test_a_pattern_with_the_time_too_replaces_that_of_the_layout() -> None:
    pattern = r"\[(?P<time>[^\]]+)\] (?P<model>\w+) (?P<duration>\S+)"
    source = TraceSource.model_validate({"file": "x", "format": "nginx-combined", "pattern": pattern})
    assert source.pattern == pattern


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ('"POST https://h:443/v1/score/cust-000 HTTP/1.1"', "'/v1/score/(?P<model>[^/? ]+)'"),
        ('"POST /v1.2/cust-000/score?x=1 HTTP/1.1"', r"'/v1\.2/(?P<model>[^/? ]+)/score'"),
        ('"POST /cust-000 HTTP/1.1"', "'/(?P<model>[^/? ]+)'"),
        ("column 'resourcePath', line 1: '/v1/score/a'", "'/v1/score/(?P<model>[^/? ]+)'"),
    ],
)
def test_what_to_write_for_a_path_of_ones_own(line: str, pattern: str) -> None:
    assert pattern in cure(line)
