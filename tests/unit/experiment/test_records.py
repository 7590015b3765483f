"""Recorded calls have a budget of the run, and what a replication measured is small."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
import pytest

from mmesim.arrays import Floats
from mmesim.experiment.execute import parcel
from mmesim.experiment.execute.task import Task
from mmesim.experiment.records import keep_within, lowest_threshold
from mmesim.results.measured.mostly_zero import MostlyZero
from mmesim.results.measured.run_data import RunData
from tests.unit.results.synthetic import Call, run_data, scenario

OF = scenario()


def recorded(calls: int, threshold: int, seed: int) -> RunData:
    """A replication with so many recorded calls of random ranks below a threshold."""
    run = run_data(OF, [Call(0.1)] * calls, replication=seed)
    assert run.records is not None
    rank = np.random.default_rng(seed).integers(0, threshold, calls)
    return replace(run, records=replace(run.records, rank=rank, threshold=threshold))


def test_what_is_left_fits_and_depends_on_the_replications_alone() -> None:
    runs = [recorded(40, 1000, 0), recorded(30, 500, 1), recorded(50, 1000, 2), recorded(3, 1000, 3)]
    left = set()
    for order in permutations(range(4)):
        kept: dict[int, RunData] = {}
        for number in order:
            kept[number] = runs[number]
            keep_within(kept, 60)
            assert sum(len(run.records.call) for run in kept.values() if run.records) <= 60
        left.add(tuple(tuple(kept[number].records.call.tolist()) for number in range(4)))  # type: ignore[union-attr]
    assert len(left) == 1
    assert sum(map(len, left.pop())) > 10


def test_what_later_replications_need_not_record_would_be_left_out() -> None:
    runs = [recorded(40, 1000, 0), recorded(30, 1000, 1), recorded(50, 1000, 2), recorded(35, 1000, 3)]
    every = dict(enumerate(runs))
    keep_within(every, 60)
    kept: dict[int, RunData] = {}
    assert lowest_threshold(kept) is None
    for number, run in enumerate(runs):
        below = lowest_threshold(kept)
        assert run.records is not None
        kept[number] = run if below is None else replace(run, records=run.records.below(below))
        keep_within(kept, 60)
    for number, run in every.items():
        assert run.records is not None
        assert kept[number].records is not None
        assert run.records.call.tolist() == kept[number].records.call.tolist()  # type: ignore[union-attr]


@pytest.mark.parametrize("budget", [None, -1, 123])
def test_within_the_budget_nothing_is_left_out(budget: int | None) -> None:
    runs = {0: recorded(40, 1000, 0), 1: recorded(83, 1000, 1)}
    before = dict(runs)
    keep_within(runs, budget)
    assert runs.keys() == before.keys()
    assert all(runs[k] is before[k] for k in runs)


@dataclass(frozen=True)
class Data:
    values: MostlyZero = MostlyZero()  # noqa: RUF009 - a descriptor


@pytest.mark.parametrize("shape", [(0,), (7,), (3, 4), (2, 0)])
def test_an_array_that_is_mostly_zero_comes_back_equal(shape: tuple[int, ...]) -> None:
    array: Floats = np.zeros(shape)
    array.reshape(-1)[1::3] = -2.5
    data = pickle.loads(pickle.dumps(replace(Data(array))))
    assert np.array_equal(data.values, array)
    assert (data.values.shape, data.values.dtype) == (array.shape, array.dtype)
    data.values[...] = 1.0
    assert np.array_equal(data.values, array)


def test_a_field_that_is_missing_is_missed() -> None:
    with pytest.raises(TypeError, match="values"):
        Data()  # type: ignore[call-arg, unused-ignore]


def test_a_replication_takes_a_tenth_of_its_histograms() -> None:
    run = replace(run_data(OF, [Call(0.1), Call(0.2)]), records=None)
    assert len(pickle.dumps(run)) < 0.15 * (run.parts_s.nbytes + run.tenants.histogram.nbytes)


def test_all_replications_share_their_edges() -> None:
    first, second = (run_data(OF, [Call(0.1)]) for _ in range(2))
    assert first.edges_s is second.edges_s


def test_a_scenario_travels_once_and_is_opened_once() -> None:
    packer = parcel.Packer()
    first, second = (packer.pack(Task(OF, number)) for number in range(2))
    assert first.scenario is second.scenario
    there, again = (pickle.loads(pickle.dumps(one)).open() for one in (first, second))
    assert there.scenario is again.scenario
    assert (there.replication, again.replication) == (0, 1)
    assert there.scenario == OF
    other = packer.pack(Task(scenario(run={"seed": 7}), 0))
    assert other.open().scenario.run.seed == 7
    assert first.open().scenario.run.seed == OF.run.seed


def test_results_travel_without_the_names_of_the_models() -> None:
    run = run_data(OF, [Call(0.1)])
    sent = parcel.without_names(run, OF)
    assert sent.model_names == ()
    assert parcel.with_names(sent, OF).model_names == run.model_names
