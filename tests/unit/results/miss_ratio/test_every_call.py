"""Every call of a run from its result and from its folder, and the miss-ratio curve that is made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmesim.experiment.replicate import run_replications
from mmesim.results.folder.shown import Kept
from mmesim.results.miss_ratio.every_call import of_folder, of_runs
from mmesim.results.result import Result
from tests.unit.results.synthetic import scenario

OF = scenario(
    models=30,
    endpoint={"instance_count": 2, "usable_memory": "2 GiB"},
    traffic=[{"arrivals": {"poisson": {"rate": 20}}, "popularity": {"zipf": 0.9}}],
    run={"replications": 2, "warmup": 10.0},
)


@pytest.fixture(scope="module")
def recorded() -> Result:
    return run_replications(OF, records=-1)


def test_the_folder_has_the_calls_of_the_result(recorded: Result, tmp_path: Path) -> None:
    requests = recorded.summary["requests"]
    ended = requests["total"] - requests["in_flight_at_end"]
    kept, there = of_runs(recorded.runs), of_folder(recorded.save(tmp_path / "result"), OF, 10.0, ended)
    assert kept is not None
    assert there is not None
    for one, other in zip(kept, there, strict=True):
        for name in ("model", "host", "measured"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
    assert 0 < sum(np.count_nonzero(one.measured) for one in kept) == ended


def test_the_curve_is_known_in_two_ways(recorded: Result, tmp_path: Path) -> None:
    points = Kept.read(recorded.save(tmp_path / "result")).miss_ratio_table().to_pandas()
    assert points.equals(recorded.miss_ratio)
    che, own = (points[points.how == how] for how in ("che", "stack_distances"))
    assert np.all(np.diff(own.miss_ratio) <= 0.0)
    assert set(own.memory_bytes) < set(che.memory_bytes)  # without those in which a model has no room
    measured = 1.0 - recorded.summary["cache_hit_ratio"]["value"]
    today = own.memory_bytes.searchsorted(2 * (2 * 2**30 - OF.endpoint.base_memory_bytes))
    # A call for a model that is being loaded misses, too.
    assert 0.5 * measured < own.miss_ratio.iloc[today] <= measured


@pytest.mark.parametrize("records", [None, 100])
def test_calls_that_were_not_recorded_leave_the_approximation(records: int | None, tmp_path: Path) -> None:
    found = run_replications(OF, records=records)
    assert of_runs(found.runs) is None
    assert set(Kept.read(found.save(tmp_path / "result")).miss_ratio_table()["how"].to_pylist()) == {"che"}
