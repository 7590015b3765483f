"""Windows and integrals of a tiny run, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.engine.simulation import Simulation
from mmesim.results.tables.periods import read_times, times_table
from mmesim.scenario import CpuWait, Download, RunSettings
from mmesim.scenario.values.times import Constant
from mmesim.stats.histogram import grid
from tests.behaviour.timeline import COPY, endpoint, model, play, scenario
from tests.helpers.buckets import bucket_of

SECOND = 1e6
"""CloudWatch counts times in microseconds."""


@pytest.fixture
def run(tmp_path):
    """One copy fits. a loads from 0 to 1 for two calls and is hit at 30; b pushes it out at 70 and computes 2 s."""
    download = Download(first_byte=Constant(0.5), unpack_Bps_per_vcpu=None, stream_Bps=1e18)
    models = [model("a", artifact_bytes=1000), model("b", artifact_bytes=1000, cpu=True)]
    place = endpoint(copies=1, vcpu=4, disk_bytes=4000, download=download)
    requests = [(0.0, "a", 0.1), (0.4, "a", 0.1), (30.0, "a", 0.2), (70.0, "b", 2.0)]
    case = scenario(tmp_path, requests, models, place, server={"job_queue_size": 1, "process_start": CpuWait()})
    case = case.model_copy(update={"run": RunSettings(duration_s=150.0, warmup_s=20.0)})
    return play(Simulation(case, records=-1, window_times=True))


def test_windows_count_what_ended_in_them(run):
    windows = run.data.windows
    assert windows["start_s"].tolist() == [0.0, 60.0, 120.0]
    assert windows["Invocations"].tolist() == [3.0, 1.0, 0.0]
    np.testing.assert_allclose(windows["ModelCacheHit"], [1 / 3, 0.0, np.nan])
    # Time in the container: 0.1, 0.2 (0.1 of it queued) and 0.2 s; then 2 s.
    np.testing.assert_allclose(windows["ModelLatency"], [0.5 / 3 * SECOND, 2.0 * SECOND, np.nan])
    np.testing.assert_allclose(windows["ModelLatency_Maximum"], [0.2 * SECOND, 2.0 * SECOND, np.nan])
    # Waits: 1.5 and 1.1 s for a (download 0.5, load 1); for b 1.52 s with the unload.
    np.testing.assert_allclose(windows["ModelLoadingWaitTime"], [1.3 * SECOND, 1.52 * SECOND, np.nan])
    np.testing.assert_allclose(windows["ModelDownloadingTime"], [0.5 * SECOND, 0.5 * SECOND, np.nan])
    np.testing.assert_allclose(windows["ModelLoadingTime"], [1.0 * SECOND, 1.0 * SECOND, np.nan])
    np.testing.assert_allclose(windows["ModelLatency_Minimum"], [0.1 * SECOND, 2.0 * SECOND, np.nan])
    np.testing.assert_allclose(windows["ModelLoadingWaitTime_Minimum"], [1.1 * SECOND, 1.52 * SECOND, np.nan])
    assert windows["ModelUnloadingTime_SampleCount"].tolist() == [0.0, 1.0, 0.0]
    assert windows["Invocation5XXErrors"].tolist() == [0.0, 0.0, 0.0]
    assert windows["QueueFull"].tolist() == [0.0, 0.0, 0.0]
    assert windows["ModelCacheHit_SampleCount"].tolist() == [3.0, 1.0, 0.0]
    assert windows["ClientLatency_SampleCount"].tolist() == [3.0, 1.0, 0.0]
    # The clients saw 1.6, 1.3 and 0.2 s, then 3.52 s; a bucket is 6 % wide.
    logs = [np.log([1.6, 1.3, 0.2]).mean(), np.log(3.52), np.nan]
    np.testing.assert_allclose(windows["LogClientLatency"], logs, atol=0.033)


def test_the_times_of_each_window_are_counted_in_buckets(run):
    times = run.data.window_times
    table = times_table(0, times)
    found = read_times(table)
    exact = {
        "ModelLatency": {0.0: [0.1, 0.2, 0.2], 60.0: [2.0]},
        "ModelLoadingWaitTime": {0.0: [1.1, 1.5], 60.0: [1.52]},
        "ClientLatency": {0.0: [0.2, 1.3, 1.6], 60.0: [3.52]},
        "ModelDownloadingTime": {0.0: [0.5], 60.0: [0.5]},
        "ModelLoadingTime": {0.0: [1.0], 60.0: [1.0]},
        "ModelUnloadingTime": {60.0: [0.02]},
    }
    assert {name: {start: one.count.sum() for start, one in of.items()} for name, of in found.items()} == {
        name: {start: len(them) for start, them in of.items()} for name, of in exact.items()
    }
    for name, of in exact.items():
        widest = 1.063 if name == "ClientLatency" else 1.047
        for start, them in of.items():
            one = found[name][start]
            samples = SECOND * np.sort(np.array(them))
            assert (np.repeat(one.low, one.count) <= samples * (1 + 1e-9)).all()
            assert (samples * (1 - 1e-9) <= np.repeat(one.high, one.count)).all()
            assert (one.high <= widest * one.low).all()


def test_calls_in_flight_are_kept_every_ten_seconds(run):
    """Two calls from 0 and 0.4 to 1.6 and 1.7, one from 30 to 30.2, one from 70 to 73.52."""
    found = run.data.in_flight
    assert found.most.tolist() == [2, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert found.least.tolist() == [0] * 15
    assert run.data.windows["ConcurrentRequestsPerModel"].tolist() == [2.0, 1.0, 0.0]


def test_levels_are_integrals_over_the_window(run):
    windows = run.data.windows
    # The calls stay 1.6, 1.3 and 0.2 s, then 3.52 s.
    np.testing.assert_allclose(windows["RequestsInSystem"], [3.1 / 60, 3.52 / 60, 0.0], atol=1e-12)
    # a is loaded from 1.5 to 70.5, b from 71.52 on; memory is reserved from the end of the wait for it on.
    np.testing.assert_allclose(windows["LoadedModelCount"], [58.5 / 60, (10.5 + 48.48) / 60, 1.0])
    np.testing.assert_allclose(windows["CPUUtilization"], [0.0, 100 * 2.0 / 60, 0.0])
    share = 100 * COPY / run.data.hosts.memory_bytes[0]
    np.testing.assert_allclose(windows["MemoryUtilization"], [share * 59.5 / 60, share, share])
    np.testing.assert_allclose(windows["DiskUtilization"], [25.0, 25.0 * (60 + 50) / 60, 50.0])


def test_windows_may_be_shorter_than_a_minute(tmp_path):
    case = scenario(tmp_path, [(5.0, "a", 0.5), (5.0, "a", 0.5), (5.0, "a", 0.5)], [model("a")], endpoint(warm=True))
    server = case.server.model_copy(update={"job_queue_size": 1})
    case = case.model_copy(update={"server": server, "run": RunSettings(duration_s=12.0)})
    windows = Simulation(case, window_s=4.0).run().windows
    assert windows["start_s"].tolist() == [0.0, 4.0, 8.0]
    assert windows["Invocations"].tolist() == [0.0, 3.0, 0.0]
    assert windows["QueueFull"].tolist() == [0.0, 1.0, 0.0]
    np.testing.assert_allclose(windows["RequestsInSystem"], [0.0, 1.5 / 4.0, 0.0], atol=1e-12)


def test_hosts_measure_from_the_end_of_the_warm_up(run):
    hosts = run.data.hosts
    assert hosts.up_s.tolist() == [130.0]
    assert hosts.loads.tolist() == [1]
    assert hosts.unloads.tolist() == [1]
    np.testing.assert_allclose(hosts.loaded_s, [130.0 - 1.02])
    np.testing.assert_allclose(hosts.memory_byte_s, [130.0 * COPY])
    np.testing.assert_allclose(hosts.cpu_busy_s, [2.0])
    np.testing.assert_allclose(hosts.disk_byte_s, [130.0 * 1000 + 80.0 * 1000])
    np.testing.assert_allclose(run.data.load_s, [1.52])
    assert (hosts.hits.tolist(), hosts.misses.tolist()) == ([1], [1])
    np.testing.assert_allclose(run.data.load_wait_sum_s, 1.52)


def test_a_load_is_one_episode_whoever_is_answered_first(tmp_path):
    # The call that asks for the load gives up at 1 and is served until 1.3; two later ones wait for the load as well.
    requests = [(0.0, "a", 0.1), (0.5, "a", 0.1), (0.6, "a", 0.1)]
    case = scenario(tmp_path, requests, [model("a", load_s=1.2)], endpoint(), clients={"timeout_s": 1.0})
    data = play(Simulation(case, records=-1)).data
    assert data.ok == 2
    assert data.load_episodes.sum() == 1
    assert data.load_episodes[bucket_of(grid(), 0.9)] == 1
