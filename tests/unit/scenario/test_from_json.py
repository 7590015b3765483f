"""`--set KEY=@FILE.json:PATH`: a value that something else has measured and written down."""

import json
import re

import pytest

from mmesim.errors import ScenarioError
from mmesim.scenario.file.load import load
from mmesim.scenario.file.template import Template
from mmesim.scenario.values.times import Constant, Empirical

MEASURED = {
    "rss": 48234496,
    "memory": "46 MiB",
    "count": 3,
    "bare": "46",
    "max rss": 40000000,
    "workers": [{"rss": 5e7, "p99_ms": 4.5}, {"rss": 6e7}],
    "model.v2": {"size": 10000000},
    "model": {"v3": {"size": 11000000}},
    "times": [10, 12.5, 14],
    "nothing": None,
    "ok": True,
    "word": "big",
    "artefact": {"packed": "20 MB"},
}


@pytest.fixture
def over(write, base, tmp_path, monkeypatch):
    """A scenario with overrides that are read in the folder of measured.json."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "measured.json").write_text(json.dumps(MEASURED), encoding="utf-8")

    def over(*overrides):
        return load(write(base), overrides)

    return over


def memory(path):
    return f"models.tenant.memory=@measured.json:{path}"


@pytest.mark.parametrize(
    ("path", "size_bytes"),
    [
        ("memory", 46 * 2**20),
        ("rss B", 48234496),
        ("  rss   B ", 48234496),
        ("bare MiB", 46 * 2**20),
        ("max rss B", 40_000_000),
        ("workers.1.rss B", 60_000_000),
        ("model.v2.size B", 10_000_000),
        ("model.v3.size kB", 11_000_000_000),
    ],
)
def test_a_value_carries_its_unit_or_the_unit_follows(over, path, size_bytes):
    assert over(memory(path)).models[0].memory_bytes == size_bytes


def test_a_number_needs_no_unit_where_the_field_has_none(over):
    assert over("endpoint.instance_count=@measured.json:count").endpoint.instance_count == 3


def test_a_float_is_read_exactly(over):
    loaded = over("models.tenant.service.cpu=@measured.json:workers.0.p99_ms ms")
    assert loaded.models[0].service.cpu == Constant(0.0045)


def test_a_list_takes_the_unit_for_each_of_its_numbers(over):
    loaded = over("models.tenant.service.cpu.empirical=@measured.json:times ms")
    assert loaded.models[0].service.cpu == Empirical((0.01, 0.0125, 0.014))


def test_the_file_is_found_from_the_working_folder_whatever_its_name(over, tmp_path, write, base):
    (tmp_path / "a:b.json").write_text('{"x": "1 MiB"}', encoding="utf-8-sig")
    (tmp_path / "metrics.txt").write_text('{"x": "2 MiB"}', encoding="utf-8")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "s.yaml").write_text(base, encoding="utf-8")
    assert over("models.tenant.memory=@a:b.json:x").models[0].memory_bytes == 2**20
    assert over("models.tenant.memory=@metrics.txt:x").models[0].memory_bytes == 2**21
    assert load("deep/s.yaml", ["models.tenant.memory=@./a:b.json:x"]).models[0].memory_bytes == 2**20


def test_a_template_knows_it_too(over, tmp_path, write, base):
    template = Template.read(write(base), [memory("rss B")])
    assert template.at().models[0].memory_bytes == 48234496


def said(over, override):
    with pytest.raises(ScenarioError) as caught:
        over(override)
    (problem,) = caught.value.problems
    assert problem.file == f"--set {override}"
    return f"{problem.message} ({problem.hint})"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("rss", "48234496 has no unit: .*the unit may follow, such as @measured.json:rss B"),
        ("rs B", "there is no 'rs' in measured.json (did you mean @measured.json:rss B?)"),
        ("packed", "there is no 'packed' in measured.json, only rss, .* 3 more (did you mean @m.*:artefact.packed?)"),
        ("artefact.unpacked", "there is no 'unpacked' in artefact of measured.json (did you mean @m.*packed?)"),
        ("rss.peak", "there is nothing below rss of measured.json: it is 48234496 (None)"),
        ("workers.2.rss B", "there is no '2' in workers of measured.json: it is a list of 2, counted from 0 (None)"),
        ("workers B", "is a list of maps or lists: .*such as @measured.json:workers.0.rss B"),
        ("artefact", "artefact of measured.json is a map, with packed: .*such as @measured.json:artefact.packed"),
        ("nothing MiB", "nothing of measured.json is null"),
        ("ok B", "ok of measured.json is not a number, so no unit can follow: true"),
        ("word B", "word of measured.json is not a number, so no unit can follow: 'big'"),
        ("word", "'big' is not a size"),
        ("memory B", "memory of measured.json has its unit: '46 MiB' (write @measured.json:memory)"),
        ("rss ms", "'48234496 ms' has the unknown unit 'ms'"),
        ("", "names no value in measured.json: write @FILE.json:PATH (such as @measured.json:rss)"),
    ],
)
def test_an_error_names_the_file_the_path_and_the_nearest(over, path, message):
    assert re.search(re.escape(message).replace(r"\.\*", ".*"), said(over, memory(path)))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("@", "names no file: write @FILE.json:PATH"),
        ("@measured.json", "names no value in measured.json"),
        ("@mesured.json:rss", "there is no file .*mesured.json (did you mean measured.json?)"),
        ("@other.json:rss", "there is no file .*other.json (None)"),
        ("@.:rss", "there is no file .*: it is a folder"),
    ],
)
def test_an_error_says_which_file_is_missing(over, written, message):
    assert re.search(re.escape(message).replace(r"\.\*", ".*"), said(over, f"models.tenant.memory={written}"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1,\n "b" 2}', "x.json:2: is not JSON: Expecting ':' delimiter (column 6)"),
        (b'{"a": NaN}', "x.json is not JSON: NaN is not a number in JSON"),
        (b'{"a": 1, "a": 2}', "x.json is not JSON: 'a' is there twice in one map"),
        (b'{"a": "\xff"}', "x.json is not text in UTF-8: invalid start byte at byte 7"),
        (b"", "x.json:1: is not JSON: Expecting value (column 1)"),
        (b"[" * 100_000, "x.json is nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "x.json is not JSON: Exceeds the limit"),
        (b'{"a": 1e999}', "'1E+999 B' is not a finite number"),
    ],
)
def test_a_file_that_is_no_json_is_named_with_its_line(over, tmp_path, content, message):
    (tmp_path / "x.json").write_bytes(content)
    assert message in said(over, "models.tenant.memory=@x.json:a B")


def test_inside_a_list_or_a_file_the_error_says_where_it_belongs(over, write, base):
    for override in ("models.tenant.service.cpu={lognormal: {mean: @measured.json:rss, cv: 1}}", "expect=[@a.json:b]"):
        with pytest.raises(ScenarioError, match=r"stands alone: --set KEY=@FILE\.json:PATH"):
            over(override)
    with pytest.raises(ScenarioError, match=r"stands alone: --set KEY=@FILE\.json:PATH"):
        load(write(base.replace("40 MiB", "@measured.json:rss")))
