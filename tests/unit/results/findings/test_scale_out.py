"""The finding on a scale-out that made latency worse, from minutes made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mmesim.results.findings.scale_out import scale_out_worse
from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.measured.run_data import RunData
from tests.unit.results.synthetic import Call, run_data, scenario, windows

OF = scenario(["p99 < 1 s"], run={"duration": 600.0, "warmup": 0.0})
OUT = (Happened(60.0, Kind.scale_out, "cpu"), Happened(250.0, Kind.in_service, "", {"host": 1.0, "after_s": 190.0}))


def seen(latency_ms: Sequence[float], hits: Sequence[float], happened: Sequence[Happened] = OUT) -> RunData:
    minutes = windows(10, ClientLatency=1000.0 * np.array(latency_ms), ModelCacheHit=np.array(hits))
    return run_data(OF, [Call(0.1)], windows=minutes, happened=tuple(happened))


WARM, COLD = [20.0] * 4, [0.99] * 4
WORSE = seen([*WARM, 20, 100, 60, 22, 200, 20], [*COLD, 0.99, 0.9, 0.95, 0.99, 0.9, 0.99])


def test_latency_that_gets_worse_when_cold_instances_come_is_said_with_its_length() -> None:
    # They come in the fifth minute; the next two are worse, the ninth no longer belongs to it.
    (finding,) = scale_out_worse([WORSE])
    assert finding.evidence == {
        "lasted_s": 120.0,
        "latency_s": pytest.approx(0.08),
        "latency_before_s": pytest.approx(0.02),
        "cache_hit_ratio": pytest.approx(0.925),
        "cache_hit_ratio_before": pytest.approx(0.99),
        "times": 1,
        "of": 1,
    }
    assert finding.text.startswith("a scale-out made latency worse for 2 min: the mean was 20 ms before")


@pytest.mark.parametrize(
    "better",
    [
        seen([*WARM, 20, 23, 20, 20, 20, 20], [0.99] * 4 + [0.9] * 6),  # hardly slower
        seen([*WARM, 20, 100, 60, 22, 20, 20], [0.99] * 10),  # slower, but not for loads
        seen([*WARM, 20, 20, 20, 100, 100, 20], [0.99] * 4 + [0.9] * 6),  # long after
        seen([80, 90, 100, 120, 90, 60, 20, 20, 20, 20], [0.99] * 4 + [0.9] * 6),  # better
        seen([*WARM, 20, 100, 60, 22, 20, 20], [*COLD, 0.99, 0.9, 0.95, 0.99, 0.9, 0.99], OUT[1:]),  # no scale-out
        seen([*WARM, 20, 100, 60, 22, 20, 20], [*COLD, 0.99, 0.9, 0.95, 0.99, 0.9, 0.99], OUT[:1]),  # never came
    ],
)
def test_what_is_no_fault_of_a_scale_out_is_not_said(better: RunData) -> None:
    assert list(scale_out_worse([better])) == []


@pytest.mark.parametrize(
    ("latency_ms", "hits", "said"), [(23.9, 0.9, False), (24.1, 0.9, True), (100, 0.9851, False), (100, 0.9849, True)]
)
def test_worse_is_a_fifth_slower_with_half_a_percent_more_misses(latency_ms: float, hits: float, said: bool) -> None:
    run = seen([*WARM, 20, latency_ms, *[20] * 4], [*COLD, 0.99, hits, *[0.99] * 4])
    assert len(list(scale_out_worse([run]))) == said


def test_it_is_said_when_it_was_so_at_least_half_of_the_times() -> None:
    better = seen([*WARM] + [20.0] * 6, [0.99] * 10)
    assert [one.evidence["of"] for one in scale_out_worse([WORSE, better])] == [2]
    assert list(scale_out_worse([WORSE, better, better])) == []


def test_a_fault_ends_what_a_scale_out_is_judged_by() -> None:
    fault = (*OUT, Happened(310.0, Kind.fault, "loss"))
    late = seen([*WARM, 20, 100, 60, 22, 200, 20], [*COLD, 0.99, 0.9, 0.95, 0.99, 0.9, 0.99], fault)
    assert list(scale_out_worse([late])) == []
