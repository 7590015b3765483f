"""What an editor makes of a scenario and the schema beside it: completion, meanings, and red lines.

Skipped without a YAML language server; `make editors` installs one.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mmesim.scenario.file.yaml import read_text
from tests.helpers.language_server import LanguageServer, server

SCENARIOS = Path(__file__).parents[2] / "scenarios"
MODELINE = "# yaml-language-server: $schema=scenario.schema.json\n"

pytestmark = pytest.mark.skipif(server() is None, reason="needs a YAML language server: make editors")


@pytest.fixture
def editor(mmesim) -> Iterator[LanguageServer]:
    """An editor in a folder with what `mmesim init` writes."""
    assert mmesim("init", "mine.yaml").code == 0
    command = server()
    assert command is not None
    with LanguageServer(command, Path.cwd()) as running:
        yield running


def test_what_init_writes_has_no_red_line(editor):
    assert editor.open("mine.yaml", Path("mine.yaml").read_text()) == []


def test_instance_types_regions_and_keys_are_completed(editor):
    editor.open("new.yaml", MODELINE + "endpoint:\n  instance_type: \n  region: \n  \nserver:\n  \n")
    assert {"ml.m5.xlarge", "ml.c5.2xlarge"} <= set(editor.complete("new.yaml", 2, len("  instance_type: ")))
    assert {"us-east-1", "eu-west-1"} <= set(editor.complete("new.yaml", 3, len("  region: ")))
    assert {"instance_count", "load_slots", "router"} <= set(editor.complete("new.yaml", 4, 2))
    assert {"default_workers_per_model", "job_queue_size"} <= set(editor.complete("new.yaml", 6, 2))


@pytest.mark.parametrize(
    "name", ["quickstart.yaml", "sweep.yaml", "mms/endpoint.yaml", "gallery/retry-storm.yaml", "published/wlt.yaml"]
)
def test_every_key_has_its_meaning(editor, name):
    text = MODELINE + (SCENARIOS / name).read_text()
    assert editor.open("scenario.yaml", text) == []
    unknown = []
    for place, value in read_text(text, name, Path.cwd()).walk():
        if not place or isinstance(place[-1], int) or value.key_line is None:
            continue
        key, line = str(place[-1]), value.key_line - 1
        column = text.splitlines()[line].index(f"{key}:")
        shown = editor.hover("scenario.yaml", line, column).partition("Source:")[0]
        meaning = " ".join(part for part in shown.splitlines() if not part.startswith("####"))
        fields_of_the_user = place[0] == "sweep" and len(place) > 2
        if len(meaning.split()) < 3 and not fields_of_the_user:
            unknown.append(".".join(map(str, place)))
    assert unknown == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("run: {duration: 10 msec}", "10 msec"),
        ("run: {duration: 10}", "10"),
        ("clients: {timeout: 10 seconds}", "10 seconds"),
        ("endpoint: {instance_type: ml.m5.xlrge}", "ml.m5.xlrge"),
        ("endpoint: {instance_typ: ml.m5.xlarge}", "instance_typ"),
        ("models: [{name: m, memory: 45Mi}]", "45Mi"),
        ("traffic: [{arrivals: {poisson: {rate: 4800 rpm}}}]", "4800 rpm"),
        ("expect: [p99 < 500]", "p99 < 500"),
    ],
)
def test_a_mistake_is_a_red_line_where_it_is(editor, line, wrong):
    marks = editor.open("wrong.yaml", f"{MODELINE}{line}\n")
    here = line.index(wrong)
    assert [
        mark
        for mark in marks
        if (mark["range"]["start"], mark["range"]["end"])
        == ({"line": 1, "character": here}, {"line": 1, "character": here + len(wrong)})
    ], marks
