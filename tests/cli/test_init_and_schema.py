"""`mmesim init` and `mmesim schema`: files to start from."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.helpers.files import DATA
from tests.unit.workload.trace.test_presets import BINS, CASES, LOCUST, METRIC_DATA, NGINX_JSON


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
    assert outcome.err.startswith(
        "mine.yaml: already exists and is not overwritten: give the scenario another name, mmesim init NAME.yaml"
    )
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
        example |= line.lstrip().startswith(("# faults:", "# deploys:", "#   - {", "#   {"))
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


def test_a_dash_is_stdout_for_the_schema_and_no_name_for_a_scenario(mmesim):
    assert mmesim("schema", "--out", "-").out == mmesim("schema").out
    refused = mmesim("init", "-")
    assert (refused.code, list(Path().iterdir())) == (64, [])
    assert "give it a name, such as scenario.yaml" in " ".join(refused.err.replace("│", "").split())


def test_schema_into_no_folder_is_one_clear_message(mmesim):
    outcome = mmesim("schema", "--out", "no/s.json")
    assert (outcome.code, outcome.err) == (64, "no/s.json: cannot be written: there is no folder no\n")


# -- from a log

LOGS = {layout: text for layout, (text, _, _) in CASES.items()} | {
    "locust-history": LOCUST,
    "cloudwatch": METRIC_DATA,
    "cloudwatch indented": json.dumps(json.loads(METRIC_DATA), indent=4),
    "insights": BINS,
}


UNTIMED = {
    "apache-combined",
    "api-gateway",
    "api-gateway-clf",
    "locust-history",
    "cloudwatch",
    "cloudwatch indented",
    "insights",
}


@pytest.mark.parametrize("layout", LOGS)
def test_a_scenario_from_a_log_is_valid_and_runs_at_once(mmesim, layout):
    Path("logs").mkdir()
    Path("logs/calls.log").write_text(LOGS[layout])
    words = {
        "hey": ("--set", "model=m"),
        "apache-combined": ("--format", layout),
        "api-gateway-clf": ("--format", layout),
    }.get(layout, ())
    outcome = mmesim("init", "mine.yaml", "--from", "logs/calls.log", *words)
    assert outcome.code == 0, outcome.err
    assert (
        outcome.out
        == "mine.yaml: written. Next: mmesim validate mine.yaml, mmesim run mine.yaml, mmesim plan mine.yaml --middle\n"
    )
    table = Path("mine-models.csv").read_text().splitlines()
    assert table[0] == "name,calls,calls_per_min,share,artifact_size,memory,service"
    valid = mmesim("validate", "mine.yaml")
    assert valid.code == 0, valid.err
    text = Path("mine.yaml").read_text()
    believed = 3 + ("        cv: {uncertain: " in text)
    assert valid.err.count(f"note: {believed} inputs are believed, not known: this run uses ") == 1
    assert valid.err.count("mmesim uncertain shows what depends on them") == 1
    assert ("the log does not say how long" in text.lower()) == (layout in UNTIMED)
    ran = mmesim("run", "mine.yaml", "--json")
    assert ran.code == 0, ran.err
    summary = json.loads(ran.out)
    calls = sum(int(line.split(",")[1]) for line in table[1:])
    assert summary["requests"]["total"] == calls * summary["replications"]
    assert max(len(line) for line in text.splitlines()) <= 100


@pytest.mark.parametrize("layout", sorted(set(LOGS) - {"apache-combined", "api-gateway-clf"}))
def test_the_trace_commands_recognise_what_init_does(mmesim, layout):
    Path("calls.log").write_text(LOGS[layout])
    words = ("--set", "model=m") if layout == "hey" else ()
    written = mmesim("init", "a.yaml", "--from", "calls.log", *words)
    told = written.err.splitlines()[0]
    assert told.startswith("calls.log: ")
    named = told.rpartition("format: ")[2]
    outcome = mmesim("trace", "describe", "calls.log", "--json", *words)
    assert outcome.code == 0, outcome.err
    assert outcome.err.splitlines()[0] == told
    given = mmesim("trace", "describe", "calls.log", "--json", "--format", named, *words)
    assert (given.out, told in given.err) == (outcome.out, False)
    by_setting = mmesim("trace", "describe", "calls.log", "--json", "--set", f"format={named}", *words)
    assert (by_setting.out, told in by_setting.err) == (outcome.out, False)
    assert mmesim("trace", "models", "calls.log", *words).code == 0
    assert mmesim("trace", "fingerprint", "calls.log", "day.yaml", *words).code == 0
    assert mmesim("trace", "convert", "calls.log", "calls.csv", *words).code == 0


@pytest.mark.parametrize(
    ("name", "text", "words", "calls"),
    [
        ("calls.csv", "time,model\n0,a\n2,b\n", (), 2),
        ("calls.csv", "ts;fn\n0;a\n2;b\n", ("--set", "columns={time: ts, model: fn}"), 2),
        ("calls.csv", "0,a\n2,b\n", ("--set", "header=false", "--set", "columns={time: '1', model: '2'}"), 2),
        ("a.json", NGINX_JSON, ("--format", "json-lines", "--set", "columns.model=request.uri"), 3),
        ("a.log", "[1767225600.5] /x/a\n", ("--pattern", r"\[(?P<time>\S+)\] /x/(?P<model>\w+)"), 1),
        ("azure.csv", (DATA / "azure2019_20f_60min.csv").read_text(), (), 364),
    ],
)
def test_a_scenario_from_another_file(mmesim, name, text, words, calls):
    Path(name).write_text(text)
    outcome = mmesim("init", "--from", name, *words)
    assert outcome.code == 0, outcome.err
    assert mmesim("validate", "scenario.yaml").code == 0
    summary = json.loads(mmesim("run", "scenario.yaml", "--json").out)
    assert summary["requests"]["total"] == calls * summary["replications"]


@pytest.mark.parametrize(
    ("name", "text", "told", "p50"),
    [
        (
            "a.json",
            '{"timestamp":"2026-01-31T23:00:00.5Z","ctx":{"targetModel":"a"},"latencyMs":12}\n'
            '{"timestamp":"2026-01-31T23:00:01.5Z","ctx":{"targetModel":"b"},"latencyMs":12}\n',
            "a.json: read with format=json-lines, columns.time=timestamp, columns.model=ctx.targetModel (",
            "p50 12 ms",
        ),
        (
            "a.csv",
            "ts;Target-Model;duration (s)\n1793610000022;a;0.5\n1793610001022;b;0.5\n",
            "a.csv: read with columns.time=ts, columns.model='Target-Model', time_unit=timestamp (",
            "p50 500 ms",
        ),
        (
            "b.csv",
            "time,model,request_time_s\n0,a,0.012\n1.5,b,0.012\n",
            "b-models.csv: 2 models",
            "p50 12 ms",
        ),
        (
            "c.csv",
            "date,function,elapsed\n2026-01-31 23:00:00.5,a,12\n2026-01-31 23:00:01.5,b,12\n",
            "c.csv: the unit of 'elapsed' is not known",
            "does not say how long",
        ),
    ],
)
def test_columns_of_usual_names_are_found_and_told(mmesim, name, text, told, p50):
    Path(name).write_text(text)
    scenario = f"{name[0]}.yaml"
    outcome = mmesim("init", scenario, "--from", name)
    assert outcome.code == 0, outcome.err
    assert told in outcome.err
    assert p50 in Path(scenario).read_text()
    assert mmesim("validate", scenario).code == 0
    assert json.loads(mmesim("trace", "describe", name, "--json").out)["requests"] == 2


def test_a_name_that_is_given_is_not_guessed(mmesim):
    Path("a.csv").write_text("ts,endpoint,tenant\n2026-01-31 23:00:00,prod,a\n2026-01-31 23:00:01,prod,b\n")
    outcome = mmesim("init", "--from", "a.csv", "--set", "columns.model=tenant")
    assert outcome.err.startswith("a.csv: read with columns.time=ts, time_unit=timestamp (")
    assert "scenario-models.csv: 2 models" in outcome.err


@pytest.mark.parametrize(
    ("time", "says"),
    [
        ("28/02/2026 23:59:58.5", "(time_format: '%d/%m/%Y %H:%M:%S.%f')"),
        ("02.28.2026T23:59:58", "(time_format: '%m.%d.%YT%H:%M:%S')"),
        ("03/02/2026 23:59:58", "'%d/%m/%Y %H:%M:%S' when the day comes first, time_format: '%m/%d/%Y %H:%M:%S' when"),
    ],
)
def test_a_date_in_another_order_says_which_format_reads_it(mmesim, time, says):
    Path("a.csv").write_text(f"time,model\n{time},a\n")
    refused = mmesim("init", "--from", "a.csv")
    assert refused.code == 64
    assert says in refused.err
    form = re.findall(r"time_format: '(.*?)'", refused.err)[0]
    assert mmesim("init", "--from", "a.csv", "--time-format", form).code == 0
    assert mmesim("init", "b.yaml", "--from", "a.csv", "--set", f'time_format="{form}"').code == 0
    unquoted = mmesim("init", "c.yaml", "--from", "a.csv", "--set", f"time_format={form}")
    assert "put quotes around text that begins with" in unquoted.err


def test_the_work_of_a_call_is_believed_from_its_duration(mmesim):
    line = '{{"time":"2026-01-31T23:{:02d}:{:02d}.5Z","model":"a","took":{}}}\n'
    Path("a.json").write_text("".join(line.format(k // 60, k % 60, 0.1 if k < 50 else 0.4) for k in range(200)))
    words = ("--format", "json-lines", "--set", "columns.duration=took", "--set", "stamped=end")
    assert mmesim("init", "--from", "a.json", *words).code == 0
    text = Path("scenario.yaml").read_text()
    # Calls that differ as much as these have waited: the spread is held at a cv of 1, the mean goes with it.
    assert yaml.safe_load(text)["models"]["service"] == {
        "cpu": {
            "lognormal": {
                "mean": {"uncertain": {"low": "25 ms", "mid": "411 ms", "high": "822 ms"}},
                "cv": {"uncertain": {"low": 0.5, "mid": 1, "high": 2}},
            }
        }
    }
    assert "p10 100 ms, p50 400 ms, p99 400 ms." in text


def test_calls_that_all_took_as_long_are_believed_to_be_alike(mmesim):
    line = '{{"time":"2026-01-31T23:{:02d}:{:02d}.5Z","model":"a","took":0.1}}\n'
    Path("a.json").write_text("".join(line.format(k // 60, k % 60) for k in range(100)))
    words = ("--format", "json-lines", "--set", "columns.duration=took", "--set", "stamped=end")
    assert mmesim("init", "--from", "a.json", *words).code == 0
    assert yaml.safe_load(Path("scenario.yaml").read_text())["models"]["service"] == {
        "cpu": {"uncertain": {"low": "25 ms", "mid": "100 ms", "high": "200 ms"}}
    }


def test_a_jtl_without_elapsed_times_is_a_log_without_durations(mmesim):
    Path("a.jtl").write_text("timeStamp,label\n1536000000250,a\n1536000001250,b\n")
    assert mmesim("init", "--from", "a.jtl", "--format", "jmeter").code == 0
    assert "The log does not say how long calls took" in Path("scenario.yaml").read_text()


def test_the_starter_fits_into_a_window_of_100_columns(mmesim):
    mmesim("init")
    assert max(len(line) for line in Path("scenario.yaml").read_text().splitlines()) <= 100


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--from", "no.log"), "there is no file no.log"),
        (("--from", "empty.log"), "the file is empty"),
        (("--from", "empty.log", "--format", "mms"), "no request in the selected part"),
        (("--from", "what.csv"), "column 'time' is missing"),
        (("--format", "mms"), "are about a log"),
        (("--from", "what.csv", "--format", "k6"), "is not one of table"),
    ],
)
def test_a_log_that_cannot_be_read_writes_nothing(mmesim, words, message):
    Path("empty.log").write_text("")
    Path("what.csv").write_text("x,y\n1,2\n")
    outcome = mmesim("init", *words)
    assert (outcome.code, outcome.out) == (64, "")
    assert message in " ".join(outcome.err.split())
    assert not Path("scenario.yaml").exists()
    assert not list(Path().glob("*models.csv"))


def test_a_table_of_models_is_never_overwritten(mmesim):
    Path("calls.csv").write_text("time,model\n0,a\n")
    Path("scenario-models.csv").write_text("mine")
    outcome = mmesim("init", "--from", "calls.csv")
    assert (outcome.code, outcome.out) == (64, "")
    assert outcome.err.startswith(
        "scenario-models.csv: already exists and is not overwritten: give the scenario another"
    )
    assert Path("scenario-models.csv").read_text() == "mine"
    assert not Path("scenario.yaml").exists()
    # What the message says helps.
    assert mmesim("init", "other.yaml", "--from", "calls.csv").code == 0
    assert mmesim("validate", "other.yaml").code == 0


def test_two_logs_in_one_folder_have_a_table_each(mmesim):
    for name in "ab":
        Path(f"{name}.csv").write_text(f"time,model\n0,{name}\n")
        outcome = mmesim("init", f"{name}.yaml", "--from", f"{name}.csv")
        assert outcome.code == 0, outcome.err
        assert f"{name}-models.csv: 1 model\n" in outcome.err
        assert yaml.safe_load(Path(f"{name}.yaml").read_text())["models"]["file"] == f"{name}-models.csv"
        assert "1 call of 1 model in" in Path(f"{name}.yaml").read_text()


@pytest.mark.parametrize(
    ("calls", "says"),
    [
        (2, "2 calls in the busiest minute take 0.0167 % of the CPU of this host, if `service` is right."),
        (35_000, "35,000 calls in the busiest minute take 48.6 % of the CPU of these hosts, if `service` is right."),
        (
            200_000,
            "200,000 calls in the busiest minute take 83.3 % of the CPU of these hosts, if `service` is right; "
            "34 would take them with 50 %, 20 are written.",
        ),
    ],
)
def test_the_fleet_says_what_the_busiest_minute_takes_of_it(mmesim, calls: int, says: str):
    Path("calls.csv").write_text("time,model\n" + "".join(f"{i * 50 / calls:.5f},a\n" for i in range(calls)))
    assert mmesim("init", "--from", "calls.csv").code == 0
    text = Path("scenario.yaml").read_text()
    assert says in " ".join(text.replace("\n  # ", " ").split())


OWN = {name: CASES[name][0].replace("/models/", "/v1/score/") for name in ("alb", "nginx-combined")}


@pytest.mark.parametrize("layout", OWN)
def test_calls_at_a_path_of_ones_own_are_found_by_what_the_message_says(mmesim, layout):
    text = OWN[layout].replace("/invocations/", "/v1/score/").replace("/v2/v1/", "/v1/")
    Path("a.log").write_text(text)
    refused = mmesim("init", "--from", "a.log")
    assert refused.code == 64
    assert "(?:" not in refused.err
    pattern = re.findall(r"pattern '(.*?)'", " ".join(refused.err.split()))[0]
    circular = mmesim("init", "--from", "a.log", "--set", "only=score")
    assert circular.code == 64
    assert "it looks like" not in circular.err
    assert "(--pattern)" in circular.err
    # The path of the first call may end in an action, which the others have, too.
    outcome = mmesim("init", "--from", "a.log", "--pattern", pattern.removesuffix("/invoke"))
    assert outcome.code == 0, outcome.err
    written = Path("scenario.yaml").read_text()
    assert f"format: {layout}" in written
    assert "p50" in written
    assert mmesim("validate", "scenario.yaml").code == 0


def test_one_name_for_all_calls_is_said(mmesim):
    line = (
        "10.0.0.7 - - [31/Jan/2026:23:59:{:02d} +0000] "
        '"POST /endpoints/prod/invocations{} HTTP/1.1" 200 5 "-" "-" 0.500\n'
    )
    Path("a.log").write_text("".join(line.format(second, "") for second in range(40)))
    said = "all 40 calls have one name, 'prod': is the model in the query or in a header?"
    for words in (("init", "a.yaml", "--from", "a.log"), ("trace", "describe", "a.log", "--format", "nginx-combined")):
        outcome = mmesim(*words)
        assert outcome.code == 0
        assert said in " ".join(outcome.err.split())
    Path("b.log").write_text(
        "".join(line.format(second, f"?v=1&TargetModel=m{second % 3}.tar.gz") for second in range(40))
    )
    outcome = mmesim("init", "b.yaml", "--from", "b.log")
    assert "one name" not in outcome.err
    assert "b-models.csv: 3 models" in outcome.err
