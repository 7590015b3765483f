"""The store of finished replications: exact, by content, safe between processes and from kills."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmesim.errors import DamagedWarning, OutputError
from mmesim.experiment.execute.task import Task
from mmesim.experiment.store.key import Keys, of_replication
from mmesim.experiment.store.pack import pack, unpack
from mmesim.experiment.store.store import FORMAT, Store
from mmesim.results.figures.series import COLUMNS, FIGURES
from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.summary.summary import summarise
from mmesim.scenario import Endpoint, Scenario
from tests.helpers.files import ROOT
from tests.helpers.texts import load_text
from tests.unit.results.synthetic import Call, run_data, scenario

CALLS = [Call(0.01, model=1), Call(0.02, queue=0.3, load_wait=1.5, load=0), Call(0.03, cause="queue_full")]


def same(one: Any, other: Any, but: tuple[str, ...] = ()) -> None:
    """Every figure of two runs is equal, bit for bit."""
    for field in fields(one):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if field.name in but:
            continue
        if is_dataclass(left):
            same(left, right)
        elif isinstance(left, np.ndarray):
            assert (left.dtype, left.shape, left.tobytes()) == (right.dtype, right.shape, right.tobytes()), field.name
        else:
            assert left == right, field.name


@pytest.mark.parametrize("calls", [CALLS, [], [Call(0.1)] * 3])
def test_a_packed_replication_is_the_same(calls: list[Call]) -> None:
    of = scenario(["p99 < 25 ms", "p99 warm < 25 ms", "error_rate of m in every 1 s < 1 %"])
    run = run_data(of, calls)
    same(run, unpack(pack(run), of), but=("windows", "records"))
    assert [run.windows[name].tobytes() for name in COLUMNS] == [
        unpack(pack(run), of).windows[name].tobytes() for name in COLUMNS
    ]
    assert summarise(of, [run], "1") == summarise(of, [unpack(pack(run), of)], "1")


def test_a_replication_of_the_engine_is_the_same_and_small() -> None:
    from mmesim.engine.simulation import simulate

    of = Scenario.from_yaml(ROOT / "scenarios" / "quickstart.yaml")
    run = simulate(of, 0)
    packed = pack(run)
    same(run, unpack(packed, of), but=("windows", "records"))
    # 500 models and 80,000 calls. Most of it are floats, which do not compress: sums of the ledger, the shortest and
    # the longest call of each bucket and model, times of workers.
    assert len(packed) < 105_000


@pytest.mark.parametrize("file", ["plan.yaml", "gallery/scale-out-cold.yaml"])
def test_what_is_run_for_a_store_measures_the_same_and_no_more(file: str) -> None:
    of = Scenario.from_yaml(ROOT / "scenarios" / file)
    of = of.with_run(duration_s=0.1 * of.run.duration_s, warmup_s=0.0)
    whole, lean = Task(of, 3).run(), Task(of, 3, figures=FIGURES).run()
    same(whole, lean, but=("wall_s", "windows"))
    assert all(whole.windows[name].tobytes() == lean.windows[name].tobytes() for name in COLUMNS)
    assert set(lean.windows) == set(COLUMNS) < set(whole.windows)


def test_a_store_keeps_what_was_put(tmp_path: Path) -> None:
    of, key = scenario(), b"key"
    run = run_data(of, CALLS, happened=(Happened(60.0, Kind.fault, "loss", {"hosts": 1.0}),))
    with Store(tmp_path / "new" / "store.sqlite") as store:
        assert key not in store
        with pytest.raises(KeyError):
            store.get(key, of)
        store.put(key, run)
    with Store(tmp_path / "new" / "store.sqlite") as store:
        assert key in store
        assert (len(store), store.simulated) == (1, 1)
        same(run, store.get(key, of), but=("windows", "records"))
        store.put(key, replace(run, calls=0))
        assert (len(store), store.simulated) == (1, 2)
        assert store.get(key, of).calls == run.calls


@pytest.mark.parametrize("damage", ["x'00'", "substr(data, 1, length(data) / 2)", "zeroblob(1000)", "'text'", "x''"])
def test_a_damaged_replication_is_named_and_missing(tmp_path: Path, damage: str) -> None:
    of, file = scenario(), tmp_path / "store.sqlite"
    with Store(file) as store:
        store.put(b"key", run_data(of, CALLS))
    with sqlite3.connect(file) as database:
        database.execute(f"UPDATE replications SET data = {damage}")
    database.close()
    with Store(file) as store:
        with pytest.warns(DamagedWarning, match=r"store\.sqlite: a replication in it is damaged"):
            assert b"key" not in store
        store.put(b"key", run_data(of, CALLS))
        same(run_data(of, CALLS), store.get(b"key", of), but=("windows", "records"))


def test_a_temporary_store_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Store() as store:
        store.put(b"key", run_data(scenario(), CALLS))
        assert len(store) == 1
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_no_store_are_refused(tmp_path: Path) -> None:
    text, other, older, folder = (tmp_path / name for name in ("text", "other.sqlite", "older.sqlite", "folder"))
    text.write_text("hello " * 200)
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE a (b)")
    database.close()
    for version in (99, FORMAT - 1):
        Store(older).__exit__(None, None, None)
        with sqlite3.connect(older) as database:
            database.execute(f"PRAGMA user_version = {version}")
        database.close()
        with pytest.raises(OutputError, match=rf"another version of mmesim .format {version}, this one reads {FORMAT}"):
            Store(older)
        older.unlink()
    folder.mkdir()
    with pytest.raises(OutputError, match="not a database"):
        Store(text)
    with pytest.raises(OutputError, match="is not a store of mmesim: choose another file with --store"):
        Store(other)
    with pytest.raises(OutputError, match="cannot write to"):
        Store(folder)
    assert text.read_text() == "hello " * 200
    with sqlite3.connect(other) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    database.close()


def key(of: Scenario, replication: int = 0) -> bytes:
    return of_replication(Keys().base(of), replication)


def test_what_decides_a_replication_is_in_its_key() -> None:
    of = scenario(["p99 < 25 ms"])
    others = [
        key(of, 1),
        key(scenario(["p99 < 26 ms"])),
        key(scenario(["p99 < 25 ms", "p99 warm < 25 ms"])),
        key(scenario(["p99 < 25 ms", "p99 warm < 26 ms"])),
        key(scenario(["p99 < 25 ms", "error_rate in every 9 s < 1 %"])),
        key(scenario(["p99 < 25 ms"], models=3)),
        key(scenario(["p99 < 25 ms"], run={"seed": 8})),
        key(scenario(["p99 < 25 ms"], run={"warmup": 1.0})),
        key(scenario(["p99 < 25 ms"], endpoint={"vcpu": 4})),
    ]
    assert len({key(of), *others}) == 1 + len(others)


def test_what_decides_nothing_is_not_in_its_key() -> None:
    of = key(scenario(["p99 < 25 ms"]))
    assert of == key(scenario(["p99 < 25 ms"], name="another"))
    assert of == key(scenario(["p50 < 25 ms", "error_rate < 1 %"]))
    assert of == key(scenario(["p99 < 25 ms"], run={"replications": 20}))
    priced = ({"ml.m5.large": 1.0}, {"ml.m5.large": 1.0, "ml.c5.large": 2.0}, {"ml.m5.large": 2.0})
    hosts = [Endpoint.model_validate({"instance_type": "ml.m5.large", "prices": prices}) for prices in priced]
    one, same, other = (key(scenario().model_copy(update={"endpoint": host})) for host in hosts)
    assert one == same != other  # the price of its own type alone
    assert key(scenario(["p90 warm < 1 s"])) == key(scenario(["p99 warm <= 1 s"]))


TRACE = """
name: traced
endpoint: {vcpu: 2, memory: 8 GiB}
models: [{name: m, artifact_size: 1 MB, memory: 10 MB, service: {cpu: 10 ms}}]
traffic: [{trace: {file: FILE}}]
run: {duration: 100 s}
"""


def test_the_content_of_a_file_counts_not_its_name(tmp_path: Path) -> None:
    names = ("one.csv", "copy.csv", "other.csv")
    for name, time_s in zip(names, (1, 1, 2), strict=True):
        (tmp_path / name).write_text(f"time,model\n{time_s},m\n")
    one, copy, other = (key(load_text(TRACE.replace("FILE", str(tmp_path / name)))) for name in names)
    assert one == copy
    assert one != other


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    file, keys = tmp_path / "one.csv", Keys()
    file.write_text("time,model\n1,m\n")
    of = load_text(TRACE.replace("FILE", str(file)))
    before = keys.base(of)
    assert keys.base(of) == before
    file.write_text("time,model\n1,m\n2,m\n")
    assert keys.base(of) != before


def test_the_source_of_a_users_function_counts(tmp_path: Path) -> None:
    (tmp_path / "watch.py").write_text("def watch(env, endpoint):\n    yield env.timeout(1)\n")
    function = {"function": "watch:watch", "folder": str(tmp_path)}
    of = scenario(processes=[function])
    before = key(of)
    (tmp_path / "watch.py").write_text("def watch(env, endpoint):\n    yield env.timeout(20)\n")
    changed = key(of)
    assert changed != before
    (tmp_path / "rates.py").write_text("MTBF_S = 3600.0\n")  # what it may import counts too
    assert key(of) != changed


WRITER = """
import sys
from pathlib import Path
from mmesim.experiment.store.store import Store
from tests.unit.experiment import fakes
from tests.unit.results.synthetic import scenario

of = scenario()
run = fakes.random_service(of, 1, None, None)
with Store(Path(sys.argv[1])) as store:
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        store.put(number.to_bytes(4, "big"), run)
        print(number, flush=True)
"""


def writer(file: Path, first: int, last: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(file), str(first), str(last)]
    here = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=here)


def test_two_processes_may_write_to_one_store(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    both = [writer(file, 0, 150), writer(file, 100, 250)]
    for one in both:
        one.communicate(timeout=60)
        assert one.returncode == 0
    with Store(file) as store:
        assert (len(store), store.simulated) == (250, 300)
        assert store.get((249).to_bytes(4, "big"), scenario()).calls == 20


def test_a_store_that_another_process_makes_at_the_same_moment_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, lambda: other.execute("ROLLBACK")).start()
    with Store(file) as store:  # for this mode SQLite itself does not wait
        assert len(store) == 0
    other.close()


def test_a_kill_loses_nothing_that_was_put(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    done = 0
    for _ in range(3):
        with writer(file, done, 100_000) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.2)
            os.kill(process.pid, signal.SIGKILL)
            written = process.stdout.read().split()
        with Store(file) as store:
            last = int(written[-1]) if written else done
            assert all(number.to_bytes(4, "big") in store for number in range(last + 1))
            assert store.simulated == len(store)
            done = len(store)
    assert done > 3
