"""Logs in the layouts that their makers publish are read by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmesim.scenario.traffic.trace import TraceSource
from mmesim.workload.trace.names import Numbered
from mmesim.workload.trace.replay import Draws, replayed

MMS = """\
2018-10-15 13:56:18,976 [INFO ] BackendWorker-9000 ACCESS_LOG - /127.0.0.1:64003 "POST /predictions/noop HTTP/1.1" 200 8
2018-10-15 13:56:19,000 [INFO ] epoll-3-1 ACCESS_LOG - /127.0.0.1:64003 "GET /ping HTTP/1.1" 200 0
2018-10-15 13:56:19,100 [INFO ] epoll-3-1 ACCESS_LOG - /127.0.0.1:64003 "POST /models?url=a HTTP/1.1" 200 900
2018-10-15 13:56:20,976 [INFO ] W-9001 ACCESS_LOG - /127.0.0.1:64003 "POST /models/sd/invoke HTTP/1.1" 200 1508
"""
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
JMETER = """\
timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,bytes,Latency
1536000000250,1500,sd,200,OK,Users 1-2,text,true,1024,1499
1536000000000,2000,noop,200,OK,Users 1-1,text,true,1024,1999
"""


@pytest.mark.parametrize(
    ("layout", "text", "expected"),
    [
        ("mms", MMS, [(0.0, "noop"), (0.5, "sd")]),
        ("alb", ALB, [(0.0, "b"), (0.364, "sd")]),
        ("jmeter", JMETER, [(0.0, "noop"), (0.25, "sd")]),
    ],
)
def test_a_published_layout_is_read(tmp_path: Path, layout: str, text: str, expected: list[tuple[float, str]]) -> None:
    file = tmp_path / "calls.log"
    file.write_text(text)
    names = Numbered()
    source = TraceSource.model_validate({"file": str(file), "format": layout})
    found = [
        (time, names.names[model])
        for part in replayed(source, names, Draws(1, 0, "trace"), 100)
        for time, model in zip(part.time.tolist(), part.model.tolist(), strict=True)
    ]
    assert [name for _, name in found] == [name for _, name in expected]
    assert [time for time, _ in found] == pytest.approx([time for time, _ in expected], abs=1e-6)
    assert TraceSource.model_validate(source.model_dump(mode="json", by_alias=True)) == source


def test_a_key_that_is_given_replaces_that_of_the_layout(tmp_path: Path) -> None:
    source = TraceSource.model_validate({"file": "x", "format": "jmeter", "max_disorder": "5 s"})
    assert (source.format, source.disorder_s, source.columns.time) == ("table", 5.0, "timeStamp")
