"""Nothing is lost, left taken or counted twice while hosts come and go; compiled and plain code agree bit by bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.files import ROOT
from tests.laws.fleets.changes import run_changing, run_eventful
from tests.laws.scenarios import with_clients

FLEETS = 2000
"""Scenarios of `make fleets`."""

compiled = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="about the compiled kernel")


def digests(first: int, cases: int, **variables: str) -> dict[str, str]:
    """What each run measured, in a process of its own with these environment variables; the laws hold there."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.laws.fleets.changes", "--first", str(first), "--cases", str(cases)],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, str] = json.loads(done.stdout)
    return found


@given(with_clients(), st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_changing_fleet_obeys_the_laws(scenario, seed):
    run_changing(scenario, seed)


def test_a_fleet_under_faults_deploys_and_scaling_together_obeys_the_laws():
    happened = {str(one.kind) for seed in range(40) for one in run_eventful(seed).happened}
    assert happened > {"fault", "scale_out", "shifted", "rolled_back", "deployed", "gone"}


@compiled
@pytest.mark.slow
def test_compiled_and_plain_python_agree_on_changing_fleets():
    assert digests(5000, 12) == digests(5000, 12, NUMBA_DISABLE_JIT="1")


@compiled
@pytest.mark.long
def test_two_thousand_changing_fleets_obey_the_laws_compiled_as_plain():
    assert digests(0, FLEETS) == digests(0, FLEETS, NUMBA_DISABLE_JIT="1")
