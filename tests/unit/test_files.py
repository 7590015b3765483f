"""Files are written whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmesim import files
from mmesim.errors import OutputError
from mmesim.files import TEMPORARY, whole, write_new, write_text


def test_a_file_appears_when_it_is_complete_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "table.csv"
    with whole(target) as fresh:
        fresh.write_text("all of it")
        assert not target.exists()
        assert fresh.parent.name.startswith(TEMPORARY)
    assert target.read_text() == "all of it"
    assert [entry.name for entry in target.parent.iterdir()] == ["table.csv"]


def test_a_file_has_the_rights_of_one_that_is_simply_created(tmp_path: Path) -> None:
    write_text(tmp_path / "whole", "x")
    (tmp_path / "simply").write_text("x")
    of = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("whole", "simply")]
    assert of[0] == of[1]


def test_what_fails_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("before")

    def half_written() -> None:
        with whole(target) as fresh:
            fresh.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_written()
    assert target.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


def test_what_the_system_refuses_is_told_with_the_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match=r"cannot write to .*file/table\.csv: "):
        write_text(tmp_path / "file" / "table.csv", "x")


def test_what_killed_processes_left_is_removed_by_the_next(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    mine, theirs = (f"{TEMPORARY}{machine}-{{}}-x" for machine in (files._machine(), "0" * 8))
    names = mine.format(ended.pid), mine.format(1), theirs.format(ended.pid), f"{TEMPORARY}abc"
    gone, alive, elsewhere, old = (tmp_path / name for name in names)
    for folder in (gone, alive, elsewhere, old):
        folder.mkdir()
        (folder / "half").touch()
    os.utime(old, (0, 0))
    write_text(tmp_path / "whole", "x")
    assert {path.name for path in tmp_path.iterdir()} == {alive.name, elsewhere.name, "whole"}


def test_a_new_file_replaces_nothing(tmp_path: Path) -> None:
    write_new(tmp_path / "new", "x")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "new", "y")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("new", "x")]


@pytest.mark.parametrize("in_one_step", [True, False])
def test_a_folder_takes_the_place_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_one_step: bool
) -> None:
    if not in_one_step:
        monkeypatch.setattr(files, "_exchanged", lambda *_: False)
    target = tmp_path / "target"
    for number in range(3):
        fresh = tmp_path / f"fresh-{number}"
        fresh.mkdir()
        (fresh / str(number)).touch()
        files.put(fresh, target, tmp_path / "old")
        assert [path.name for path in target.iterdir()] == [str(number)]


def test_a_folder_with_a_colon_in_its_name_is_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("os:system").mkdir()
    with whole(Path("os:system/t.parquet")) as fresh:
        pq.write_table(pa.table({"a": [1]}), fresh)
    assert pq.read_table(Path("os:system/t.parquet").absolute()).num_rows == 1


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()))
    reader.start()
    write_text(pipe, "all of it")
    reader.join(10.0)
    assert found == ["all of it"]
    assert pipe.is_fifo()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    file, link = tmp_path / "real" / "file", tmp_path / "link"
    file.write_text("before")
    link.symlink_to(file)
    write_text(link, "after")
    assert (file.read_text(), link.is_symlink()) == ("after", True)
    assert [one.name for one in (tmp_path / "real").iterdir()] == ["file"]
