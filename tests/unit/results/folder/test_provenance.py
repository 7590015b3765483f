"""Where a result comes from: versions, command, scenario, user code; the summary beside it stays the same."""

from __future__ import annotations

import json
import platform
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from mmesim import __version__
from mmesim.results.folder.command_line import called_as, command_line
from mmesim.results.folder.provenance import PACKAGES, Provenance, origin, provenance
from mmesim.results.result import Result
from mmesim.scenario.endpoint.eviction import EvictionPolicy
from tests.unit.results import synthetic
from tests.unit.results.synthetic import Call, replications, scenario

OF = scenario(["p99 < 500 ms"])


def written(folder: Path) -> Any:
    return json.loads((folder / "provenance.json").read_text())


def test_a_result_folder_says_what_it_comes_from(tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    result = Result(OF, replications(OF, [Call(0.1)], [Call(0.2)]), origin=origin(OF))
    folder = result.save(tmp_path / "day")
    found = written(folder)
    assert list(found) == list(Provenance.model_fields)
    assert found["mmesim"] == __version__
    assert found["python"] == platform.python_version()
    assert found["packages"] == {name: version(name) for name in PACKAGES}
    assert {"numpy", "numba", "simpy"} <= set(found["packages"])
    assert found["platform"] == platform.platform()
    assert found["command_line"] is None
    assert (found["scenario"], found["seed"], found["replications"], found["user_code"]) == ("by-hand", 7, 2, [])
    assert found["scenario_sha256"] == sha256((folder / "scenario.yaml").read_bytes()).hexdigest()
    assert found["simulation_s"] == result.summary["wall_s"]
    began, end = (datetime.fromisoformat(found[key]) for key in ("started_at", "written_at"))
    assert before <= began <= end <= datetime.now(UTC)


def test_without_an_origin_the_beginning_is_not_known(tmp_path: Path) -> None:
    assert written(Result(OF, replications(OF, [Call(0.1)])).save(tmp_path / "day"))["started_at"] is None


def test_the_summary_says_nothing_of_it(tmp_path: Path) -> None:
    plain = Result(OF, replications(OF, [Call(0.1)]))
    with called_as(["run", "day.yaml"]):
        called = Result(OF, replications(OF, [Call(0.1)]), origin=origin(OF))
        assert called.to_json() == plain.to_json()


def test_a_failing_record_leaves_the_earlier_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = Result(OF, replications(OF, [Call(0.1)])).save(tmp_path / "day")
    kept = {entry.name: entry.read_bytes() for entry in target.iterdir()}
    monkeypatch.setattr(Provenance, "to_json", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Result(OF, replications(OF, [Call(0.2)])).save(target)
    assert {entry.name: entry.read_bytes() for entry in target.iterdir()} == kept


def test_the_command_is_that_of_the_innermost_call() -> None:
    assert command_line() is None
    with called_as(["run", "--set", "run.seed=3", "day.yaml"]):
        assert provenance(OF, 1).command_line == ("mmesim", "run", "--set", "run.seed=3", "day.yaml")
    assert command_line() is None


def own(folder: Path, **endpoint: object) -> Any:
    """A scenario with a process beside it, as a file there would give it."""
    return OF.model_copy(
        update={
            "processes": scenario(processes=[{"function": "watch:look", "folder": str(folder)}]).processes,
            "endpoint": OF.endpoint.model_copy(update=endpoint),
        }
    )


def test_the_code_of_the_user_is_named_with_its_hash_and_not_imported(tmp_path: Path) -> None:
    source = "raise AssertionError('imported')\n"
    (tmp_path / "watch.py").write_text(source)
    inner = tmp_path / "policies"
    inner.mkdir()
    (inner / "__init__.py").write_text("x = 1\n")
    eviction = scenario(
        endpoint={"eviction": {"function": "policies:oldest", "folder": str(tmp_path)}}
    ).endpoint.eviction
    found = provenance(own(tmp_path, eviction=eviction), 1).user_code
    assert [(one.function, one.role, one.file, one.sha256) for one in found] == [
        ("watch:look", "process", str(tmp_path / "watch.py"), sha256(source.encode()).hexdigest()),
        ("policies:oldest", "eviction", str(inner / "__init__.py"), sha256(b"x = 1\n").hexdigest()),
    ]


def test_a_module_that_is_not_beside_the_scenario_is_found_on_pythons_path(tmp_path: Path) -> None:
    elsewhere = scenario(processes=[{"function": "json.decoder:JSONDecoder", "folder": str(tmp_path)}])
    assert str(provenance(elsewhere, 1).user_code[0].file).endswith("decoder.py")
    nowhere = scenario(processes=["no_such_module_at_all.inner:f"])
    assert [(one.file, one.sha256) for one in provenance(nowhere, 1).user_code] == [(None, None)]


def test_processes_that_python_passes_are_named_too() -> None:
    def watch(env: Any, endpoint: Any) -> Any:
        yield env.timeout(1)

    begun = origin(OF, [watch, synthetic.hosts, partial(watch), len])
    named, imported, made, builtin = begun.user_code
    assert named.function.endswith("watch")
    assert named.file == __file__
    assert (imported.function, imported.file) == ("tests.unit.results.synthetic:hosts", synthetic.__file__)
    assert made.file is None
    assert (builtin.function, builtin.file) == ("builtins:len", None)
    # what ran, although the file may say something else by now
    assert Result(OF, replications(OF, [Call(0.1)]), origin=begun).provenance.user_code == begun.user_code


def test_a_named_policy_is_not_code_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "watch.py").write_text("")
    assert [one.role for one in provenance(own(tmp_path, eviction=EvictionPolicy.lfu), 1).user_code] == ["process"]
