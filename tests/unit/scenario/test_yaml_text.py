from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmesim.errors import ScenarioError
from mmesim.scenario.file.yaml import read_file, read_text, write_text


def read(text):
    return read_text(text, "a.yaml", Path())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e3", 1000.0),
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("true", True),
        ("~", None),
        ("null", None),
        (".5", 0.5),
        ("2026-11-22", "2026-11-22"),
        ("'12'", "12"),
        ("80 %", "80 %"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_scalars_are_read_as_yaml_1_2(text, value):
    found = read(f"key: {text}").plain()["key"]
    assert found == value
    assert type(found) is type(value)


def test_infinity_is_a_float_that_the_schema_can_refuse():
    assert read("a: .inf\nb: -.INF").plain() == {"a": float("inf"), "b": float("-inf")}


def test_every_value_knows_its_line_and_column():
    tree = read("a:\n  b: [1,\n      2]\n")
    b = tree.map["a"].map["b"]
    assert (b.line, b.column, b.key_line) == (2, 6, 2)
    assert (b.list[1].line, b.list[1].column) == (3, 7)
    assert tree.map["a"].shown_line == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.yaml: is empty"),
        ("# only a comment\n", "a.yaml: is empty"),
        ("a: 1\nb: [1,\n", "a.yaml:3: is not YAML"),
        ("a: 1\n\tb: 2\n", "a.yaml:2: is not YAML"),
        ("a: 1\na: 2\n", "a.yaml:2: a: duplicate key \\(first on line 1"),
        ("a:\n  50: 1\n  50.0: 2\n", "a.yaml:3: a.50.0: duplicate key \\(first on line 2"),
        ("[1]: 2", "a.yaml:1: a key must be text or a number"),
        ("true: 2", "a.yaml:1: a key must be text or a number"),
        ("a: !!python/object:os.system x", "a.yaml:1: a: the tag 'tag:yaml.org,2002:python/object:os.system'"),
        ("a: !!set {b, c}", "a.yaml:1: a: the tag"),
        ("a: 1\n---\nb: 1", "a.yaml:2: is not YAML"),
        ("a: *b", "a.yaml:1: is not YAML"),
        ("a: &b [*b]", "a.yaml:1: an alias contains itself"),
        ("a: \x00", "a.yaml: is not YAML"),
        (f"a: {'9' * 5000}", "a.yaml:1: a: .* is not a number that can be read"),
        ("[" * 5000, "a.yaml: is nested too deeply"),
    ],
)
def test_what_is_not_one_clean_document_is_refused(text, message):
    with pytest.raises(ScenarioError, match=f"^{message}"):
        read(text)


def test_all_duplicate_keys_are_named_at_once():
    with pytest.raises(ScenarioError) as error:
        read("a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert [problem.line for problem in error.value.problems] == [2, 3]


def test_an_alias_is_the_value_that_it_names():
    assert read("a: &x {b: 1}\nc: *x").plain() == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", {"b": 1, "c": 3}),
        ("a: &x {b: 1, c: 2}\nd:\n  c: 3\n  <<: *x", {"c": 3, "b": 1}),
        ("a: &x {b: 1}\ne: &y {b: 2, f: 4}\nd: {<<: [*x, *y]}", {"b": 1, "f": 4}),
        ("a: &x {b: 1}\ne: &y {<<: *x, f: 4}\nd: {<<: *y, f: 5}", {"f": 5, "b": 1}),
        ("a: &x {b: {g: 1}}\nd: {<<: *x, b: {h: 2}}", {"b": {"h": 2}}),
        ("d: {'<<': 1}", {"<<": 1}),
    ],
)
def test_a_merge_key_gives_what_a_map_does_not_have_itself(text, expected):
    assert read(text).map["d"].plain() == expected


def test_what_a_merge_key_gives_knows_its_line():
    merged = read("a: &x\n  b: 1\nd:\n  <<: *x\n  c: 2\n").map["d"].map
    assert (merged["b"].line, merged["c"].line) == (2, 5)


@pytest.mark.parametrize("wrong", ["<<: 3", "<<: [1, 2]", "<<: text"])
def test_a_merge_key_takes_maps(wrong):
    with pytest.raises(
        ScenarioError, match=r"a\.yaml:1: d\.<<: a merge key takes a map, or a list of maps: <<: \*name"
    ):
        read(f"d: {{{wrong}}}")


def test_aliases_that_multiply_are_refused_before_they_fill_the_memory():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    with pytest.raises(ScenarioError, match=r"aliases expand to .* values"):
        read("\n".join(lines))


def test_a_file_that_cannot_be_read_is_one_clear_error(tmp_path):
    with pytest.raises(ScenarioError, match="cannot be read: No such file"):
        read_file(tmp_path / "missing.yaml")
    with pytest.raises(ScenarioError, match=r"is a folder, and a scenario is a file \(YAML\)$"):
        read_file(tmp_path)
    (tmp_path / "scenario.yaml").write_text("name: kept")
    with pytest.raises(ScenarioError, match=r"is a folder.* \(did you mean .*scenario.yaml\?\)"):
        read_file(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")
    with pytest.raises(ScenarioError, match="is not text in UTF-8"):
        read_file(tmp_path / "latin.yaml")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_file(tmp_path / "bom.yaml").plain() == {"a": 1}


texts = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=8) | st.sampled_from(
    ["1e3", "on", "12:30", "0x1F", "null", "~", "true", ".inf", "080", "0o7", "-", "<<", ""]
)
scalars = texts | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none()


@given(
    st.dictionaries(
        texts, scalars | st.lists(scalars, max_size=3) | st.dictionaries(texts, scalars, max_size=3), min_size=1
    )
)
def test_written_data_read_back_unchanged(data):
    assert read(write_text(data)).plain() == data
