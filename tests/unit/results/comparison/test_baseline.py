"""NAME.baseline.json: the same bytes anywhere, and a message for each file that cannot be used."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mmesim.errors import OutputError, UserError
from mmesim.results.comparison import semantics
from mmesim.results.comparison.baseline import Baseline, ForeignFile, Origin, Series, file_of, read

BASELINE = Baseline(
    baseline_of="warm",
    format=1,
    made_with=Origin.here(),
    scenario_sha256="00",
    fields={"endpoint.instance_count": "2"},
    files={},
    length=3,
    joined=True,
    looks=[10, 20],
    replications=2,
    figures={"p99": Series(unit="ms", values=[10.1, 1 / 3]), "cost.hour": Series(unit="USD", values=[None, 0.1])},
)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    BASELINE.save(tmp_path / "warm.baseline.json")
    return tmp_path / "warm.baseline.json"


def changed(file: Path, **changes: Any) -> Path:
    data = json.loads(file.read_text(encoding="utf-8"))
    for name, value in changes.items():
        *way, last = name.split("__")
        inner = data
        for step in way:
            inner = inner[step]
        inner[last] = value
    file.write_text(json.dumps(data), encoding="utf-8")
    return file


def test_it_lies_beside_its_scenario():
    assert file_of(Path("scenarios", "ci", "warm.yaml")) == Path("scenarios", "ci", "warm.baseline.json")


def test_it_comes_back_as_it_was_every_bit_of_it(saved):
    assert read(saved, "warm") == BASELINE
    assert [path.name for path in saved.parent.iterdir()] == ["warm.baseline.json"]


def test_a_series_is_one_line_so_that_a_change_is_a_short_difference(saved):
    text = saved.read_text(encoding="utf-8")
    assert '      "values": [10.1, 0.3333333333333333]\n' in text
    assert text.endswith("}\n")
    assert json.loads(text) == BASELINE.model_dump(mode="json")


def test_a_byte_order_mark_and_other_line_ends_do_no_harm(saved):
    text = saved.read_text(encoding="utf-8").replace("\n", "\r\n")
    saved.write_text(text, encoding="utf-8-sig", newline="")
    assert read(saved, "warm") == BASELINE


def test_there_need_not_be_one(tmp_path):
    assert read(tmp_path / "warm.baseline.json", "warm") is None


def test_a_folder_that_is_not_there_is_not_a_place_for_it(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot write to"):
        BASELINE.save(tmp_path / "file" / "warm.baseline.json")


def said(file: Path, name: str = "warm") -> str:
    with pytest.raises(UserError) as error:
        read(file, name)
    assert str(error.value).startswith(str(file))
    assert error.value.exit_code == 64
    return str(error.value).removeprefix(str(file))


def test_a_baseline_of_another_scenario_is_refused(saved):
    message = said(saved, "cold")
    assert message.startswith(": is the baseline of the scenario 'warm', and this one is 'cold'")
    assert message.endswith("Name it as before, or write it anew with --update-baseline")


@pytest.mark.parametrize(
    "changes",
    [
        {"made_with__mmesim": "99.1.0"},
        {"made_with__mmesim": "0.1.1"},
        {"made_with__semantics": semantics.current() + 1},
        {"format": 2, "made_with__mmesim": "99.1.0", "new_key": 1},
    ],
)
def test_a_baseline_of_a_newer_version_is_refused(saved, changes):
    message = said(changed(saved, **changes))
    version = changes.get("made_with__mmesim", "0.1.0")
    this = "0.1.0" if version != "0.1.0" else "an earlier state of 0.1.0"
    assert f"was written by mmesim {version}, which is newer than this one, {this}: update mmesim" in message


@pytest.mark.parametrize("version", ["0.1.0", "0.1.0.dev3", "0.0.9"])
def test_a_baseline_of_this_version_or_an_older_one_is_read(saved, version):
    found = read(changed(saved, made_with__mmesim=version), "warm")
    assert found is not None
    assert found.made_with.mmesim == version


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"length": 10**6}, ": is damaged: length: Input should be less than or equal to 1000: write it anew"),
        ({"figures__p99__values": [1.0, 1e300]}, ": is damaged: figures.p99.values.1: Input should be less than"),
        ({"figures__p99__values": [1.0, -1.0]}, ": is damaged: figures.p99.values.1: Input should be greater than"),
        ({"length": 0}, ": is damaged: length: Input should be greater than or equal to 1: write it anew"),
        ({"figures__p99__values": [1.0]}, ": is damaged: Value error, p99 has 1 values of 2 replications: write"),
        ({"figures__p99__values": [1.0, "x"]}, ": is damaged: figures.p99.values.1: Input should be a valid number"),
        ({"figures__p99__values": [1.0, float("nan")]}, ": is damaged: figures.p99.values.1: Input should be"),
        ({"made_with": 3}, ": is damaged: made_with: Input should be"),
        ({"mean": 3}, ": is damaged: mean: Extra inputs are not permitted: write it anew with --update-baseline"),
        ({"figures__p99__unit": "furlong"}, ": is damaged: figures.p99.unit: Input should be 'ms'"),
    ],
)
def test_a_damaged_baseline_says_where(saved, changes, message):
    assert said(changed(saved, **changes)).startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"baseline_of": "warm",\n', ":2: is not JSON: Expecting property name"),
        (b'{\n<<<<<<< HEAD\n"a": 1\n=======\n"a": 2\n>>>>>>> main\n}', ":2: has conflicts of a merge: write it anew"),
        (b"\xff", ": is not text in UTF-8, byte 0: write it anew with --update-baseline"),
        (b"[" * 100_000, ": is not JSON: "),
        (b"", ":1: is not JSON: "),
    ],
)
def test_a_file_that_is_no_json_says_so_with_its_line(saved, content, message):
    saved.write_bytes(content)
    assert said(saved).startswith(message)


@pytest.mark.parametrize("content", ['{"scenarios": []}', "[]", "3", "null"])
def test_a_file_of_somebody_else_is_named_as_such(saved, content):
    saved.write_text(content, encoding="utf-8")
    assert "is not a baseline of mmesim, which has the key `baseline_of`: move it away" in said(saved)
    with pytest.raises(ForeignFile):
        read(saved, "warm")


def test_what_differs_from_another_machine_is_named():
    here = Origin.here()
    there = here.model_copy(update={"numpy": "1.0", "platform": "Darwin arm64", "mmesim": "0.0.1"})
    assert there.other_than(here) == [f"NumPy 1.0 (here {here.numpy})", f"Darwin arm64 (here {here.platform})"]
    assert here.other_than(here) == []


def test_the_changelog_of_semantics_is_numbered_and_ends_with_this_version():
    changes = semantics.changes()
    assert [change.number for change in changes] == list(range(1, len(changes) + 1))
    assert semantics.current() == len(changes)
    releases = [tuple(map(int, change.version.split("."))) for change in changes]
    assert releases == sorted(releases)
    assert all(re.fullmatch(r"[^.].*[^.]", text, re.DOTALL) for one in changes for text in (one.what, one.why))


def test_the_changes_since_a_number_are_those_after_it():
    one, two = (semantics.Change(n, "0.2.0", f"rule {n} is another", "as measured") for n in (2, 3))
    assert semantics.since(1, (one, two)) == (one, two)
    assert semantics.since(2, (one, two)) == (two,)
    assert semantics.since(3, (one, two)) == ()
    assert two.sentence == "rule 3 is another (since 0.2.0: as measured)"
