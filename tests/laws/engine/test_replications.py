"""Replications depend on their number alone: not on their order, not on what ran before, not on the processes."""

from __future__ import annotations

import pytest

from mmesim.engine.simulation import simulate
from mmesim.experiment.replicate import run_replications
from tests.laws import branches
from tests.laws.digest import digest


@pytest.fixture(scope="module", params=["sticky", "hash"])
def scenario(request):
    one = branches.scenarios()[request.param]
    return one.with_run(replications=3)


def test_replications_do_not_depend_on_their_order(scenario):
    forwards = {k: digest(simulate(scenario, k, records=-1)) for k in (0, 1, 2)}
    backwards = {k: digest(simulate(scenario, k, records=-1)) for k in (2, 1, 0)}
    assert forwards == backwards
    assert len(set(forwards.values())) == 3


def test_replications_do_not_depend_on_the_number_of_processes(scenario):
    alone, together = (run_replications(scenario, jobs=jobs, records=100).runs for jobs in (1, 2))
    assert [run.replication for run in together] == [0, 1, 2]
    assert [digest(run) for run in together] == [digest(run) for run in alone]
