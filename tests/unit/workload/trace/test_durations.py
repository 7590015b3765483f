"""How long the calls of a log took, and what is believed of their work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmesim.scenario.traffic.trace.presets import TOOK
from mmesim.scenario.traffic.trace.trace import TraceSource
from mmesim.workload.trace.describe.durations import Durations, believed_work, durations
from tests.unit.workload.trace.test_presets import ALB, CASES, ENVOY

TIMES = {
    "alb": (0.001, 0.001),
    "envoy": (0.226, 0.9),
    "haproxy": (0.069, 0.069),
    "jmeter": (1.5, 2.0),
    "vegeta": (9e-9, 9.0),
    "vegeta-csv": (9e-9, 9.0),
    "hey": (0.0087, 0.5087),
}


def median(low: float, high: float, layout: str) -> float:
    return 0.0187 if layout == "hey" else (low + high) / 2


@pytest.mark.parametrize("layout", TOOK)
def test_a_log_stamped_at_the_start_says_how_long_calls_took(tmp_path: Path, layout: str) -> None:
    text, keys, _ = CASES[layout]
    (tmp_path / "calls.log").write_text(text)
    source = TraceSource.model_validate({"file": str(tmp_path / "calls.log"), "format": layout, **keys})
    found = durations(source, TOOK[layout])
    assert found is not None
    low, high = TIMES[layout]
    assert found.p50_s == pytest.approx(median(low, high, layout))
    assert found.p99_s <= high


def test_calls_that_no_target_answered_have_no_duration(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(ALB + ALB.replace("0.000 0.001 0.000 200 200", "-1 -1 -1 504 -"))
    found = durations(TraceSource.model_validate({"file": str(tmp_path / "a.log"), "format": "alb"}), TOOK["alb"])
    assert found == Durations(0.001, 0.001, 0.001)
    (tmp_path / "b.log").write_text(ALB.replace("0.000 0.001 0.000 200 200", "-1 -1 -1 504 -"))
    assert (
        durations(TraceSource.model_validate({"file": str(tmp_path / "b.log"), "format": "alb"}), TOOK["alb"]) is None
    )


def test_the_log_of_istio_has_fields_between(tmp_path: Path) -> None:
    (tmp_path / "e.log").write_text(ENVOY.replace(" 154 0 ", ' via_upstream - "-" 154 0 '))
    found = durations(TraceSource.model_validate({"file": str(tmp_path / "e.log"), "format": "envoy"}), TOOK["envoy"])
    assert found is not None
    assert found.p50_s == pytest.approx((0.226 + 0.9) / 2)


def test_slow_calls_do_not_change_what_is_believed_of_the_work() -> None:
    times = np.random.default_rng(1).lognormal(-3.6, 0.4, 20_000)
    times[::33] += 0.9  # those that had to load their model
    p10, p50, p99 = np.quantile(times, [0.1, 0.5, 0.99]).tolist()
    work = believed_work(Durations(p10, p50, p99))
    assert work.cv is not None
    assert work.cv[1] == pytest.approx(np.sqrt(np.expm1(0.4**2)), rel=0.1)
    assert work.mean_s[1] == pytest.approx(np.exp(-3.6 + 0.4**2 / 2), rel=0.1)
    assert work.mean_s[0] < p10 < work.mean_s[1] < work.mean_s[2]
