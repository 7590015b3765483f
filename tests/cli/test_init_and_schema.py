"""`mmesim init` and `mmesim schema`: files to start from."""

import json
from pathlib import Path


def test_init_writes_a_commented_scenario_that_is_valid(mmesim):
    outcome = mmesim("init")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("scenario.yaml: written. Next: mmesim validate scenario.yaml")
    assert (
        Path("scenario.yaml")
        .read_text()
        .startswith("# yaml-language-server: $schema=scenario.schema.json\n# A scenario")
    )
    assert mmesim("validate", "scenario.yaml").code == 0


def strict(text):
    """JSON as RFC 8259 has it: Python's parser takes Infinity and NaN as well."""

    def refused(word):
        raise ValueError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refused)


def test_init_writes_the_schema_that_the_file_names(mmesim):
    mmesim("init")
    assert strict(Path("scenario.schema.json").read_text()) == strict(mmesim("schema").out)
    Path("scenario.schema.json").write_text('{"title": "mmesim scenario"}')
    assert mmesim("init", "other.yaml").code == 0
    assert Path("scenario.schema.json").read_text() == mmesim("schema").out


def test_init_leaves_a_schema_of_another_program(mmesim):
    Path("scenario.schema.json").write_text("{}")
    outcome = mmesim("init")
    assert (outcome.code, outcome.out) == (64, "")
    assert outcome.err.startswith("scenario.schema.json: already exists and is not overwritten")
    assert Path("scenario.schema.json").read_text() == "{}"
    assert not Path("scenario.yaml").exists()


def test_init_never_overwrites(mmesim):
    Path("mine.yaml").write_text("mine")
    outcome = mmesim("init", "mine.yaml")
    assert (outcome.code, outcome.out) == (64, "")
    assert outcome.err == "mine.yaml: already exists and is not overwritten: give another name\n"
    assert Path("mine.yaml").read_text() == "mine"


def test_init_into_no_folder_is_one_clear_message(mmesim):
    outcome = mmesim("init", "no/where.yaml")
    assert (outcome.code, outcome.err) == (64, "no/where.yaml: cannot be written: there is no folder no\n")


def test_every_commented_example_of_the_starter_is_valid_too(mmesim):
    mmesim("init")
    text = Path("scenario.yaml").read_text()
    lines = []
    for line in text.splitlines():
        bare = line.strip()
        example = bare.startswith("# ") and ":" in bare.split()[1] and not line.startswith("#")
        lines.append(line.replace("# ", "", 1) if example else line)
    Path("models.csv").write_text("name,artifact_size,memory,service\nx,1 MB,1 MiB,1 ms\n")
    opened = "\n".join(lines).replace("# - file: models.csv", "- file: models.csv")
    assert opened != text
    Path("open.yaml").write_text(opened)
    outcome = mmesim("validate", "open.yaml")
    assert outcome.err == ""
    assert "101 models" in outcome.out


def test_schema_is_json_on_stdout_or_in_a_file(mmesim):
    printed = mmesim("schema").out
    assert strict(printed)["title"] == "mmesim scenario"
    assert mmesim("schema", "--out", "s.json").out == ""
    assert Path("s.json").read_text() == printed


def test_schema_into_no_folder_is_one_clear_message(mmesim):
    outcome = mmesim("schema", "--out", "no/s.json")
    assert (outcome.code, outcome.err) == (64, "no/s.json: cannot be written: there is no folder no\n")
