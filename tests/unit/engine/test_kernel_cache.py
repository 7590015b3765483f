"""The folder of the compiled kernel: whatever happens to it, the next run works, and nothing of others is read."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from mmesim.cli import compile
from mmesim.engine.kernel import cache, jit
from mmesim.errors import OutputError
from mmesim.experiment.execute import task
from tests.helpers.files import ROOT

pytestmark = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="nothing is compiled")

SCENARIO = "scenarios/gallery/retry-storm.yaml"


def twice(x: int) -> int:
    return 2 * x


def run_in(folder: Path | None) -> Any:
    """The stand-in for the kernel, compiled or loaded, after one call."""
    function = cache.keep(numba.njit(twice), folder)
    assert function(21) == 42
    return function


def loaded(folder: Path) -> bool:
    return bool(run_in(folder).stats.cache_hits)


def kept(folder: Path, suffix: str) -> Path:
    (found,) = folder.glob(f"*.{suffix}")
    return found


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """A private folder with compiled code in it."""
    folder = tmp_path / "kernel"
    folder.mkdir(mode=0o700)
    assert not loaded(folder)
    assert loaded(folder)
    assert cache.is_complete(folder)
    return folder


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def garbage(data: bytes) -> bytes:
    return b"\x80garbage" * 100


def empty(data: bytes) -> bytes:
    return b""


def flipped(at: float) -> Callable[[bytes], bytes]:
    def flip(data: bytes) -> bytes:
        place = int(at * (len(data) - 1))
        return data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]

    flip.__name__ = f"flipped at {at}"
    return flip


def valid_pickle_of_something_else(data: bytes) -> bytes:
    made = pickle.dumps(numba.__version__) + pickle.dumps((b"stamp", 7))
    return cache.CHECKSUM(made).digest() + made


DAMAGES = [cut, garbage, empty, flipped(0), flipped(0.3), flipped(0.9), flipped(1), valid_pickle_of_something_else]


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_file_is_deleted_and_compiled_anew(
    ready: Path, suffix: str, damage: Callable[[bytes], bytes]
) -> None:
    file = kept(ready, suffix)
    file.write_bytes(damage(file.read_bytes()))
    assert cache.is_complete(ready) == (damage is valid_pickle_of_something_else)
    assert not loaded(ready)
    assert loaded(ready)


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_a_file_that_is_gone_is_compiled_anew(ready: Path, suffix: str) -> None:
    kept(ready, suffix).unlink()
    assert not cache.is_complete(ready)
    assert not loaded(ready)
    assert loaded(ready)


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_a_file_that_somebody_else_may_write_is_not_read(ready: Path, suffix: str) -> None:
    kept(ready, suffix).chmod(0o666)
    assert not cache.is_complete(ready)
    assert not loaded(ready)


def test_code_that_cannot_be_kept_runs_and_says_so(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in ready.iterdir():
        file.unlink()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache._Files, "_sweep", full)
    with pytest.warns(cache.NotKept, match="No space left on device"):
        run_in(ready)
    assert list(ready.iterdir()) == []


def test_what_a_killed_process_left_half_written_is_deleted(ready: Path) -> None:
    old, new = ready / "x.nbc.tmp.1", ready / "x.nbc.tmp.2"
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    kept(ready, "nbc").unlink()
    run_in(ready)
    assert (old.exists(), new.exists()) == (False, True)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A cache folder and a temporary folder of this test alone."""
    home, temporary = tmp_path / "cache", tmp_path / "tmp"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(home))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    temporary.mkdir()
    return home / "mmesim", temporary / f"mmesim-{os.geteuid()}"


def test_the_folder_is_private(places: tuple[Path, Path]) -> None:
    before = os.umask(0)
    try:
        folder = cache.folder("k")
    finally:
        os.umask(before)
    assert folder == places[0] / "k"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_may_write_is_never_used(places: tuple[Path, Path]) -> None:
    taken = places[0] / "k"
    taken.mkdir(parents=True)
    taken.chmod(0o777)
    assert cache.folder("k") == places[1] / "k"


def test_a_link_is_never_used(places: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    places[0].mkdir(parents=True)
    (places[0] / "k").symlink_to(tmp_path / "elsewhere")
    assert cache.folder("k") == places[1] / "k"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_never_used(places: tuple[Path, Path]) -> None:
    for place in places:
        (place / "k").mkdir(parents=True, mode=0o700)
        os.chown(place / "k", 12345, 12345)
    assert cache.folder("k") is None


def test_a_ready_folder_is_used_when_it_cannot_be_written(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cache.folder("k")
    assert folder is not None
    run_in(folder)
    folder.chmod(0o500)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert cache.folder("k") == folder
    assert loaded(folder)


def test_without_any_place_nothing_is_kept(places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    def full() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(Path, "home", no_home)
    assert cache.folder("k") == places[1] / "k"
    monkeypatch.setattr("tempfile.gettempdir", full)
    assert cache.folder("k") is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run_in(None)


@pytest.mark.slow
def test_the_kernel_itself_is_kept_loaded_and_after_damage_compiled(tmp_path: Path) -> None:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    words = [sys.executable, "-m", "mmesim", "run", SCENARIO, "--json", "--no-requests", "--out", str(tmp_path / "out")]

    def run() -> tuple[bool, str]:
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        shown = "\n".join(line for line in done.stdout.splitlines() if '"wall_s"' not in line)
        return "compiling" in done.stderr, shown

    compiled, first = run()
    assert compiled
    assert run() == (False, first)
    for file in tmp_path.rglob("step.*.nbc"):
        file.write_bytes(b"")
    for file in tmp_path.rglob("*.nbc"):
        data = bytearray(file.read_bytes())
        data[len(data) // 2 : len(data) // 2 + 1] = b"\xff"
        file.write_bytes(data)
    assert run() == (True, first)
    assert run() == (False, first)
    assert jit.cache_key() in str(next(tmp_path.rglob("*.nbi")))


def test_the_command_compiles_where_it_says_and_a_run_finds_it() -> None:
    def mmesim(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mmesim", *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    done = mmesim("compile")
    folder = Path(done.stdout.strip())
    assert cache.is_complete(folder)
    assert folder == jit.cache_folder()
    again = mmesim("compile")
    assert (again.stdout, again.stderr) == (done.stdout, "")


def test_the_command_fails_where_nothing_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "folder", lambda _: None)
    assert task.compile_kernel() is None
    with pytest.raises(OutputError, match="name one with NUMBA_CACHE_DIR"):
        compile.compile(quiet=True)
