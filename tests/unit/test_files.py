"""Files are written whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mmesim.errors import OutputError
from mmesim.files import TEMPORARY, whole, write_text


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
