"""`mmesim trace`: what is printed, what is written, and what is said about wrong options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmesim import cli
from mmesim.scenario.file.trace_files import read_fingerprint
from tests.helpers.files import DATA
from tests.helpers.texts import load_text

COUNTS = str(DATA / "azure2019_20f_60min_with_trigger.csv")
AZURE = ("--format", "azure-functions-2019")
PATTERN = r'\[(?P<time>[^\]]+)\] "POST /invocations/(?P<model>\S+)'


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(["trace", *words])
    found = capsys.readouterr()
    return int(stopped.value.code or 0), found.out, found.err


def test_describe_tells_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "describe", COUNTS, *AZURE)
    assert (code, err) == (0, "")
    assert "780 calls of 20 models in 60 min" in " ".join(out.split())
    for line in ("peak to mean", "dispersion of counts, 1 min", "Zipf exponent", "top 10 % of models"):
        assert line in out
    assert run(capsys, "describe", COUNTS, *AZURE)[1] == out


def test_describe_as_json_and_as_a_picture(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, "describe", COUNTS, *AZURE, "--json", "--plot", str(tmp_path / "t.png"))
    found = json.loads(out)
    assert code == 0
    assert (found["requests"], found["models"], found["span_s"]) == (780, 20, 3600.0)
    assert found["lru_miss_ratio"]["18"] > 0.025
    assert found["dispersion"]["1 h"] is None
    assert (tmp_path / "t.png").stat().st_size > 10_000
    assert "plot in" in err


def test_options_cut_scale_and_map(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--window", "10 min..20 min", "--rate", "3", "--warp", "2", "--models", "hash=4", "--json")
    found = json.loads(run(capsys, "describe", COUNTS, *AZURE, *words)[1])
    one = json.loads(run(capsys, "describe", COUNTS, *AZURE, "--window", "10 min..20 min", "--json")[1])
    assert (found["requests"], found["span_s"]) == (3 * one["requests"], 300.0)
    assert found["models"] <= 4


@pytest.mark.parametrize("name", ["out.parquet", "out.csv.gz"])
def test_convert_and_describe_again(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    code, printed, err = run(capsys, "convert", COUNTS, str(out), *AZURE)
    assert (code, printed) == (0, "")
    assert "780 calls in" in err
    first, again = (
        json.loads(run(capsys, "describe", *words, "--json")[1]) for words in ((COUNTS, *AZURE), (str(out),))
    )
    # a table does not say where its last minute ends
    ends = ("span_s", "per_minute", "dispersion")
    assert {k: v for k, v in first.items() if k not in ends} == {k: v for k, v in again.items() if k not in ends}
    assert again["dispersion"]["1 min"] == pytest.approx(first["dispersion"]["1 min"], rel=0.05)
    assert again["span_s"] == pytest.approx(3600.0, rel=0.01)


def test_a_fingerprint_of_a_window_leaves_out_models_without_a_call(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "minute.yaml"
    assert run(capsys, "fingerprint", COUNTS, str(out), *AZURE, "--window", "10 min..11 min")[0] == 0
    groups = read_fingerprint(out).groups
    assert 0 < sum(group.models for group in groups) < 20
    assert all(group.requests > 0 for group in groups)


def test_a_fingerprint_is_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "like.yaml"
    assert run(capsys, "fingerprint", COUNTS, str(out), *AZURE)[0] == 0
    found = read_fingerprint(out)
    assert (found.models, found.requests, found.span_s) == (20, 780, 3600.0)


def test_skipped_lines_are_told_on_stderr(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = [f'[{second}] "POST /invocations/m{second % 5} HTTP/1.1"' for second in range(200)]
    (tmp_path / "a.log").write_text("\n".join([*lines, "?", ""]))
    words = ("--format", "access-log", "--pattern", PATTERN, "--set", "time_unit=s", "--json")
    code, out, err = run(capsys, "describe", str(tmp_path / "a.log"), *words)
    assert (code, json.loads(out)["requests"]) == (0, 200)
    assert err.startswith(f"note: {tmp_path / 'a.log'}: 1 of 201 lines (0.498 %) skipped; the first is line 201: ")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_a_run_says_of_its_trace_is_a_note_once_with_any_number_of_jobs(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("time,model\n" + "".join(f"{second // 3},m\n" for second in range(60)))
    (tmp_path / "s.yaml").write_text(
        "name: s\n"
        "endpoint: {vcpu: 2, memory: 8 GiB}\n"
        "models: {name: m, artifact_size: 5 MB, memory: 10 MiB, framework: xgboost, service: {cpu: 20 ms}}\n"
        "traffic: [{trace: {file: a.csv}}]\n"
        "run: {duration: 20 s, replications: 3}\n"
    )
    with pytest.raises(SystemExit) as stopped:
        cli.main(["run", "s.yaml", "--jobs", jobs])
    err = capfd.readouterr().err
    assert stopped.value.code == 0
    assert err.count("all times are multiples of 1 s") == 1
    assert f"note: {tmp_path / 'a.csv'}: all times are multiples of 1 s" in err
    assert "TraceWarning" not in err


def test_a_table_with_one_name_asks_for_another_column(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "time,model,who\n" + "".join(f"{second}.5,prod,m{second % 3}\n" for second in range(40))
    )
    code, _, err = run(capsys, "describe", str(tmp_path / "a.csv"))
    assert code == 0
    assert "one name, 'prod': is the model in another column?; columns.model=NAME reads it" in err


def test_timestamps_of_a_log_have_a_format(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    line = '[31/Jan/2026:23:59:{} +0000] "POST /invocations/m HTTP/1.1"\n'
    (tmp_path / "a.log").write_text("".join(line.format(second) for second in (10, 11, 40)))
    words = ("--format", "access-log", "--pattern", PATTERN, "--time-format", "%d/%b/%Y:%H:%M:%S %z", "--json")
    found = json.loads(run(capsys, "describe", str(tmp_path / "a.log"), *words)[1])
    assert (found["requests"], found["span_s"]) == (3, 30.0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("describe", "nowhere.csv"), "there is no file nowhere.csv"),
        (("describe", COUNTS, "--format", "table"), ":1: column 'time' is missing"),
        (("describe", COUNTS, "--format", "azure-function-2019"), "did you mean azure-functions-2019?"),
        (("describe", COUNTS, *AZURE, "--window", "3"), "a window is a start and an end"),
        (("describe", COUNTS, *AZURE, "--window", "3 h..2 h"), "the end must come after the start"),
        (("describe", COUNTS, *AZURE, "--window", "3 h..4 h"), "no request in the selected part"),
        (("describe", COUNTS, *AZURE, "--models", "best=3"), "models.best: unknown key, one of top, hash, stripe"),
        (("describe", COUNTS, *AZURE, "--models", "top"), "--models takes top=100"),
        (("describe", COUNTS, *AZURE, "--set", "windw.start=3 h"), "did you mean window?"),
        (("describe", COUNTS, *AZURE, "--plot", "t.gif"), "a plot is written as .png, .svg or .pdf"),
        (("convert", COUNTS, "out.xlsx", *AZURE), "a table of calls is written as .parquet"),
    ],
)
def test_what_is_wrong_is_told(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str) -> None:
    code, out, err = run(capsys, *words)
    assert (code, out) == (64, "")
    assert message in " ".join(err.split())
    assert "Traceback" not in err


def test_every_command_has_the_options_that_say_which_trace_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    shared = [
        f"--{name}" for name in ("format", "pattern", "time-format", "window", "rate", "warp", "models", "seed", "set")
    ]
    for command in ("describe", "convert", "fingerprint"):
        code, out, _ = run(capsys, command, "--help")
        assert code == 0
        assert [option for option in shared if f"\n  {option} <" not in out] == []
        assert out.index("Trace file") < out.index("Options:")


def test_the_models_of_a_log_become_a_table_that_a_scenario_reads(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log, out = tmp_path / "calls.csv", tmp_path / "models.csv"
    log.write_text('time,model\n0,"a,b"\n30.5,c\n61,c\n120,c\n')
    code, printed, err = run(capsys, "models", str(log), "--out", str(out))
    assert (code, printed) == (0, "")
    assert "2 models in" in err
    assert out.read_text().splitlines() == [
        "name,calls,calls_per_min,share,artifact_size,memory,service",
        "c,3,1.5,0.75,,,",
        '"a,b",1,0.5,0.25,,,',
    ]
    table = f"{{file: {out}, artifact_size: 5 MB, memory: 10 MiB, framework: xgboost, service: {{cpu: 20 ms}}}}"
    text = "name: x\nendpoint: {vcpu: 2, memory: 8 GiB}\n"
    scenario = load_text(f"{text}models: {table}\ntraffic: [{{trace: {{file: {log}}}}}]\nrun: {{duration: 2 min}}\n")
    assert [model.name for model in scenario.model_table()] == ["c", "a,b"]
    code, _, err = run(capsys, "models", str(log), "--out", str(tmp_path / "part.csv"), "--window", "60 s..90 s")
    # The replay of the window meets the names before it.
    assert (tmp_path / "part.csv").read_text().splitlines()[1:] == ["c,1,1,1,,,", '"a,b",0,0,0,,,']
    code, _, err = run(capsys, "models", str(log), "--out", str(out))
    assert code == 64
    assert "is not overwritten" in err


def test_a_dash_is_stdout(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("calls.csv").write_text("time,model\n0,a\n30.5,c\n61,c\n120,c\n")
    for words in (("models", "calls.csv", "--out"), ("fingerprint", "calls.csv")):
        code, printed, err = run(capsys, *words, "-")
        assert (code, err, Path("-").exists()) == (0, "", False)
        assert run(capsys, *words, f"{words[0]}.txt")[0] == 0
        assert printed == Path(f"{words[0]}.txt").read_text()
