"""The kernel compiled and the same source as plain Python give the same bytes; and it is compiled as it must be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numba
import numpy as np
import pytest
import simpy
from numba.core.errors import NumbaError

from mmesim.engine.kernel import codes, hashing, jit, record, router, step, verbs
from mmesim.engine.kernel.hashing import PRIME
from mmesim.engine.measure import recorder
from mmesim.policies.eviction import EVICTION
from mmesim.results.measured import window_times
from mmesim.results.measured.run_data import CAUSES
from mmesim.scenario import EvictionPolicy, RouterPolicy
from mmesim.scenario.figures import PARTS
from mmesim.stats import histogram
from tests.helpers.buckets import bucket_of
from tests.helpers.files import ROOT
from tests.laws import branches

compiled = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="about the compiled kernel")


def elsewhere(*options: str, **variables: str) -> dict[str, Any]:
    """What `tests.laws.branches` finds in a process of its own with these environment variables."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.laws.branches", *options],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def digests() -> dict[str, str]:
    return {name: branches.run(scenario) for name, scenario in branches.scenarios().items()}


@pytest.mark.slow
@compiled
def test_compiled_and_plain_python_give_the_same_bytes(digests):
    plain = elsewhere("--lines", NUMBA_DISABLE_JIT="1")
    assert plain["digests"] == digests
    assert not any(plain["lines"].values()), plain["lines"]


@compiled
@pytest.mark.slow
def test_no_index_leaves_its_table(digests):
    # A kernel of its own, which checks every index.
    assert elsewhere(NUMBA_BOUNDSCHECK="1")["digests"] == digests


@compiled
def test_the_kernel_cannot_allocate():
    def allocates(n):
        return np.zeros(n).sum()

    numba.njit(allocates).compile((numba.int64,))
    with pytest.raises(NumbaError):
        jit.inner(allocates).compile((numba.int64,))


@compiled
def test_a_cache_folder_of_the_user_is_named_by_the_sources_as_well(monkeypatch, tmp_path):
    def entry(x):
        return x + 1

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert jit.cache_key() in jit.entry(entry)._cache.cache_path


@compiled
@pytest.mark.usefixtures("digests")
@pytest.mark.parametrize("entry", [step.advance, verbs.act], ids=["advance", "act"])
def test_every_run_shares_one_compiled_version(entry):
    assert len(entry.overloads) == 1


def test_setting_the_clock_of_simpy_moves_its_time():
    env = simpy.Environment()
    env._now = 5.0
    assert env.now == 5.0
    env.timeout(2.0)
    assert env._queue[0][0] == 7.0
    env.step()
    assert env.now == 7.0


def test_kernel_and_results_use_one_grid():
    assert record.LOWEST_EXPONENT == histogram.EMIN
    assert (codes.WINDOW_CELLS, codes.WINDOW_BUCKETS) == (window_times.CELLS, window_times.BUCKETS)
    assert codes.TEN_S == window_times.TEN_S
    assert window_times.TIMES[: codes.WINDOW_TIMES] == ("ModelLatency", "ModelLoadingWaitTime")
    assert (record.OCTAVES, record.FINE, record.COARSE) == (histogram.OCTAVES, histogram.FINE, histogram.COARSE)


@pytest.mark.parametrize("limits_s", [(), (0.1, 0.5, 2.0), (2.0**-20, 0.125, 1e9)])
def test_the_kernel_finds_the_bucket_that_the_results_name(limits_s):
    cell_of, bucket = (getattr(function, "py_func", function) for function in (record.cell_of, record.bucket))
    rng = np.random.default_rng(1)
    for grid in (histogram.grid(limits_s), histogram.coarse_grid()):
        inner = grid.edges[1:-1:7]
        beside = [np.nextafter(inner, 0.0), inner, np.nextafter(inner, np.inf)]
        values = np.concatenate([[0.0, 1e7], *beside, rng.uniform(0, 9, 500)])
        cells = [cell_of(float(value)) * grid.sub_buckets // histogram.FINE for value in values]
        found = [bucket(grid.edges, grid.start[c], float(v)) for c, v in zip(cells, values, strict=True)]
        assert found == bucket_of(grid, values).tolist()


def test_causes_and_parts_have_the_numbers_that_the_results_give_them():
    assert [getattr(codes, name.upper()) for name in CAUSES] == list(range(codes.N_CAUSES))
    assert [getattr(codes, name.upper()) for name in PARTS] == list(range(codes.N_PARTS))


def test_every_policy_of_a_scenario_exists():
    assert list(router.POLICIES) == list(RouterPolicy)
    assert [getattr(router, name.upper()) for name in router.POLICIES] == list(range(len(RouterPolicy)))
    assert list(EVICTION) == list(EvictionPolicy)


def test_kernel_and_recorder_choose_the_same_calls():
    @numba.njit
    def ranked(keys, seed, ranks):
        for k in range(keys.size):
            ranks[k] = hashing.rank(keys[k], seed)

    calls = np.concatenate([np.arange(2_000), np.arange(10**9, 10**9 + 2_000), [2**62 - 1]])
    for seed in (1, PRIME - 1, 12345):
        kernel = np.zeros_like(calls)
        ranked(calls, seed, kernel)
        assert np.array_equal(kernel, recorder._rank(calls, seed))
        assert 0 <= kernel.min() < PRIME // 100
        assert PRIME - PRIME // 100 < kernel.max() < PRIME
