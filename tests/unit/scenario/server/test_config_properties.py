"""`config.properties` in a scenario: where it is found, what becomes of every key, and what is refused."""

from pathlib import Path

import pytest

from mmesim.scenario.file.dump import dump
from mmesim.scenario.file.load import load
from mmesim.scenario.server.config.keys import KEYS
from mmesim.scenario.server.server import Server
from tests.helpers.texts import load_text


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    """No variable of the machine that runs the tests is seen, and the working folder is the test's own."""
    monkeypatch.chdir(tmp_path)
    for name in ("MMS_CONFIG_FILE", *(f"MMS_{key.upper()}" for key in KEYS)):
        monkeypatch.delenv(name, raising=False)


# What becomes of a file.


def test_without_the_key_nothing_is_read(scenario, base, write, monkeypatch):
    path = write("job_queue_size=7\n", "config.properties")
    monkeypatch.setenv("MMS_CONFIG_FILE", str(path))
    monkeypatch.setenv("MMS_JOB_QUEUE_SIZE", "8")
    assert scenario(base).server == Server()


def test_values_become_keys_of_the_server(scenario, config):
    server = scenario(
        config(
            "job_queue_size=7\ndefault_workers_per_model=3\npreload_model=true\nnumber_of_netty_threads=5\n",
        )
    ).server
    assert (server.job_queue_size, server.default_workers_per_model) == (7, 3)
    assert (server.preload_model, server.event_loops) == (True, 5)
    assert server.config is not None
    assert server.config.file == str(Path("config.properties").resolve())
    assert server.config.notes == (
        "config.properties: used: job_queue_size=7, default_workers_per_model=3, preload_model=true, "
        "number_of_netty_threads=5",
    )


def test_a_model_without_workers_of_its_own_takes_those_of_the_file(scenario, config):
    assert {model.workers for model in scenario(config("default_workers_per_model=3")).model_table()} == {3}


def test_the_keys_of_the_scenario_win(scenario, config):
    text = config("job_queue_size=7\ndefault_workers_per_model=0\n", "  job_queue_size: 9", "  event_loops: 4")
    server = scenario(text, "server.default_workers_per_model=2").server
    assert (server.job_queue_size, server.default_workers_per_model, server.event_loops) == (9, 2, 4)
    assert server.config is not None
    assert server.config.notes == (
        "config.properties:1: job_queue_size=7 gives way to the scenario's own server.job_queue_size",
        "config.properties:2: default_workers_per_model=0 gives way to the scenario's own "
        "server.default_workers_per_model",
    )


def notes_of(scenario):
    assert scenario.server.config is not None
    return scenario.server.config.notes


WORKERS = "default_workers_per_model=1\n"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("", "config.properties: default_workers_per_model is not set: plain MMS then starts no worker and answers"),
        ("a=1\ndefault_workers_per_model=0", "config.properties:2: default_workers_per_model is 0: plain MMS then"),
        (
            WORKERS + "default_response_timeout=60",
            "config.properties:2: default_response_timeout=60 counts minutes, not seconds: 60 min. "
            "It is not simulated: "
            "for the client, endpoint.invocation_timeout (60 s unless given) ends a call before it",
        ),
        (
            WORKERS + "default_response_timeout_seconds=30",
            "config.properties:2: default_response_timeout_seconds=30 is not simulated: the real server answers 500 to "
            "a longer call and starts its worker again",
        ),
        (
            WORKERS + "default_response_timeout=1\ndefault_response_timeout_seconds=90",
            "config.properties:3: default_response_timeout_seconds=90 (it wins over default_response_timeout=1) is not",
        ),
        (
            WORKERS + "default_response_timeout_seconds=-1",
            "config.properties:2: default_response_timeout_seconds=-1 counts as not set",
        ),
        (
            WORKERS + "max_response_size=100",
            "config.properties:2: max_response_size is not simulated: answers have no sizes: none kills its worker",
        ),
        (WORKERS + "load_models=ALL", "config.properties:2: load_models is not simulated: models are loaded by their"),
        (
            WORKERS + "job_queue_sze=3",
            "config.properties:2: MMS knows no key 'job_queue_sze' and ignores it (did you mean job_queue_size?)",
        ),
        (
            WORKERS + "batch_size=8",
            "config.properties:2: MMS knows no key 'batch_size' and ignores it (a registration may give it: write "
            "server.batch_size in the scenario)",
        ),
        (WORKERS + "zzz=3", "config.properties:2: MMS knows no key 'zzz' and ignores it"),
        (
            WORKERS + "vmargs=-Xmx1g\nasync_logging=true",
            "config.properties: not simulated by themselves, part of what the scenario gives: vmargs "
            "(endpoint.base_memory), async_logging (server.overhead)",
        ),
        (
            WORKERS + "model_store=/\nio_ratio=50",
            "config.properties: not simulated, and nothing here depends on them: model_store, io_ratio",
        ),
        (
            WORKERS + "number_of_netty_threads=0",
            "config.properties:2: number_of_netty_threads=0 means two event loops for each vCPU",
        ),
        (
            WORKERS + "default_service_handler=$$GONE_VARIABLE$$",
            "config.properties:2: default_service_handler needs the environment variable GONE_VARIABLE, which is not "
            "set; nothing simulated depends on it",
        ),
        (
            "load_models=ALL",
            "config.properties: default_workers_per_model is not set: MMS then starts one worker for each GPU of the "
            "host, else for each vCPU for a model that it loads at its own start (load_models)",
        ),
        (
            "load_models=ALL\nNUM_WORKERS=3",
            "config.properties: default_workers_per_model is not set: MMS then starts 3",
        ),
        (WORKERS + "default_workers_per_model=4", "config.properties:2: default_workers_per_model=4 replaces '1' of"),
        (WORKERS + "enable_envvars_config=yes", "config.properties:2: enable_envvars_config='yes' counts as false"),
    ],
)
def test_what_is_not_taken_is_a_finding(scenario, config, text, note):
    assert [found for found in notes_of(scenario(config(text))) if found.startswith(note)], text


def test_the_toolkits_one_worker_is_used_where_the_server_would_start_none(scenario, config):
    assert scenario(config("")).server.default_workers_per_model == 1
    assert scenario(config("default_workers_per_model=-1")).server.default_workers_per_model == 1


def test_no_threads_leave_the_choice_to_the_server(scenario, config):
    loaded = scenario(config("number_of_netty_threads=0"))
    assert loaded.server.event_loops is None
    assert loaded.server_kind.event_loops == 2 * loaded.endpoint.host.vcpu


# Workers of models that the server loads at its own start: ConfigManager.getDefaultWorkers.


@pytest.mark.parametrize(
    ("text", "workers"),
    [
        ("load_models=ALL", 4),
        ("load_models=a.mar,b=b.mar\ndefault_workers_per_model=0", 4),
        ("load_models=ALL\ndefault_workers_per_model=3", 3),
        ("load_models=ALL\nNUM_WORKERS=2", 2),
        ("load_models=ALL\nNUM_WORKERS=2\ndebug=TRUE", 1),
        ("load_models=ALL\nnumber_of_gpu=1", 4),
        ("load_models=\nNUM_WORKERS=2", 1),
        ("load_models=$$GONE_VARIABLE$$", 1),
        ("NUM_WORKERS=2", 1),
        ("debug=true", 1),
    ],
)
def test_models_that_are_loaded_at_the_start_have_the_servers_own_number_of_workers(scenario, config, text, workers):
    assert {model.workers for model in scenario(config(text)).model_table()} == {workers}


def test_the_number_follows_the_hardware_of_the_host(scenario, config):
    def workers(text, *overrides):
        return scenario(config(text), *overrides).model_table()[0].workers

    assert workers("load_models=ALL", "endpoint.instance_type=ml.m5.4xlarge") == 16
    assert workers("load_models=ALL", "endpoint.instance_type=ml.g4dn.xlarge") == 1
    assert workers("load_models=ALL\nnumber_of_gpu=0", "endpoint.instance_type=ml.g4dn.xlarge") == 4
    assert workers("load_models=ALL", "server.default_workers_per_model=2") == 2
    assert scenario(config("")).with_({"server.default_workers_per_model": "per_vcpu"}).model_table()[0].workers == 4


@pytest.mark.parametrize("value", ["yes", "True", "T", "y", "1", "YES", "no", "FALSE", "f", "N", "0"])
def test_a_flag_is_what_the_server_reads(scenario, config, value):
    loaded = scenario(config(f"preload_model={value}"))
    assert loaded.server.preload_model == (value.lower()[0] in "yt1")
    assert f"used: preload_model={value}" in notes_of(loaded)[0]


XGBOOST = """\
model_store=$$SAGEMAKER_MMS_MODEL_STORE$$
load_models=$$SAGEMAKER_MMS_LOAD_MODELS$$
plugins_path=/tmp/plugins
inference_address=http://0.0.0.0:$$SAGEMAKER_BIND_TO_PORT$$
management_address=http://0.0.0.0:$$SAGEMAKER_BIND_TO_PORT$$
default_workers_per_model=$$SAGEMAKER_NUM_MODEL_WORKERS$$
max_request_size=$$SAGEMAKER_MAX_REQUEST_SIZE$$
decode_input_request=false
default_service_handler=$$SAGEMAKER_MMS_DEFAULT_HANDLER$$
job_queue_size=$$SAGEMAKER_MODEL_JOB_QUEUE_SIZE$$
preload_model=true
"""
"""What the XGBoost container starts its server with."""


def test_only_variables_on_which_something_depends_must_exist(scenario, problems, config):
    found = problems(config(XGBOOST))
    assert [problem.field for problem in found] == ["default_workers_per_model", "job_queue_size"]
    loaded = scenario(config(XGBOOST, "  default_workers_per_model: 2", "  job_queue_size: 9"))
    assert loaded.server.preload_model
    assert sum("nothing simulated depends on it" in note for note in notes_of(loaded)) == 8


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_the_server_that_a_file_sets_is_in_its_findings(scenario, config, key):
    value = {"number": "1", "flag": "false"}.get(
        "number" if KEYS[key].number else "flag" if KEYS[key].flag else "", "x"
    )
    if key.endswith("_address"):
        value = "http://127.0.0.1:9000"
    assert any(key in note for note in notes_of(scenario(config(f"{key}={value}"))))


def test_variables_are_read_only_if_the_file_asks_for_them(scenario, config, monkeypatch):
    monkeypatch.setenv("MMS_JOB_QUEUE_SIZE", "8")
    monkeypatch.setenv("QUEUE", "9")
    assert scenario(config("job_queue_size=7")).server.job_queue_size == 7
    assert scenario(config("job_queue_size=$$QUEUE$$")).server.job_queue_size == 9
    asked = scenario(config("enable_envvars_config=TRUE\njob_queue_size=7"))
    assert asked.server.job_queue_size == 8
    assert "config.properties: enable_envvars_config=true lets these variables win: MMS_JOB_QUEUE_SIZE" in notes_of(
        asked
    )


def test_some_keys_are_never_taken_from_the_environment(scenario, config, monkeypatch):
    monkeypatch.setenv("MMS_USE_NATIVE_IO", "false")
    assert not any("use_native_io" in note for note in notes_of(scenario(config("enable_envvars_config=true"))))


# Finding the file: MMS's own order.


def test_a_path_is_relative_to_the_file_that_names_it(write, base, tmp_path, monkeypatch):
    (tmp_path / "team").mkdir()
    write("job_queue_size=7", "team/mms.properties")
    write(base + "server: {config: mms.properties}\n", "team/base.yaml")
    top = write("extends: team/base.yaml\n", "top.yaml")
    monkeypatch.chdir("/")
    assert load(top).server.job_queue_size == 7


def test_an_override_is_relative_to_the_working_folder(scenario, base, write, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    write("job_queue_size=7", "here/mms.properties")
    monkeypatch.chdir(tmp_path / "here")
    assert scenario(base, "server.config=mms.properties").server.job_queue_size == 7


def test_auto_takes_the_variable_then_the_working_folder_then_the_defaults(scenario, base, write, monkeypatch):
    def auto():
        server = scenario(base, "server.config=auto").server
        return server.job_queue_size, server.config.file, server.config.notes[0]

    none = (
        "no config.properties: MMS_CONFIG_FILE is not set and the working folder has none, so MMS's own defaults hold"
    )
    assert auto() == (100, None, none)
    default = write("job_queue_size=7", "config.properties")
    assert auto() == (7, str(default), "config.properties: read because it is in the working folder")
    named = write("job_queue_size=8", "other.properties")
    monkeypatch.setenv("MMS_CONFIG_FILE", "other.properties")
    assert auto() == (8, str(named), "other.properties: read because MMS_CONFIG_FILE names it")


def test_a_named_file_that_is_missing_is_an_error(problems, base, monkeypatch):
    (problem,) = problems(base + "server: {config: no.properties}\n")
    assert (problem.line, problem.field) == (13, "server.config")
    assert "there is no file" in problem.message
    monkeypatch.setenv("MMS_CONFIG_FILE", "gone.properties")
    (problem,) = problems(base + "server: {config: auto}\n")
    assert problem.message == "there is no file gone.properties (MMS_CONFIG_FILE names it)"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (".", "is not a file"),
        ("''", "'' is neither the path of a file nor `auto`"),
        ("3", "3 is neither the path of a file nor `auto`"),
        ("[a]", "a list is neither the path of a file nor `auto`"),
        ('"a\\0b"', "null"),
    ],
)
def test_what_is_no_file_is_an_error(problems, base, value, message):
    (problem,) = problems(base + f"server: {{config: {value}}}\n")
    assert (problem.line, problem.field) == (13, "server.config")
    assert message in problem.message


@pytest.mark.parametrize(
    ("text", "line", "field", "message"),
    [
        ("\njob_queue_size=0", 2, "job_queue_size", "0 is too small: at least 1, below it the real server refuses to"),
        ("job_queue_size=-5", 1, "job_queue_size", "-5 is too small"),
        ("job_queue_size=ten", 1, "job_queue_size", "'ten' is not a whole number: the real server stops on it"),
        ("job_queue_size=1e2", 1, "job_queue_size", "'1e2' is not a whole number"),
        ("job_queue_size=3000000000", 1, "job_queue_size", "'3000000000' is not a whole number"),
        ("job_queue_size=" + "9" * 5000, 1, "job_queue_size", "is not a whole number"),
        ("job_queue_size=5 ", 1, "job_queue_size", "'5 ' is not a whole number for Java: remove the blanks"),
        ("job_queue_size=", 1, "job_queue_size", "'' is not a whole number"),
        ("max_request_size=1 MB", 1, "max_request_size", "'1 MB' is not a whole number"),
        ("number_of_netty_threads=-1", 1, "number_of_netty_threads", "-1 is too small: at least 0"),
        ("preload_model=maybe", 1, "preload_model", "'maybe' is neither true nor false"),
        ("preload_model=true ", 1, "preload_model", "'true ' is neither true nor false"),
        ("a=1\njob_queue_size=$$GONE_VARIABLE$$", 2, "job_queue_size", "no environment variable GONE_VARIABLE"),
        ("preload_model=$$GONE_VARIABLE$$", 1, "preload_model", "no environment variable GONE_VARIABLE"),
        ("enable_envvars_config=$$GONE_VARIABLE$$", 1, "enable_envvars_config", "no environment variable GONE"),
        ("a=\\u00", 1, "", "four hexadecimal digits"),
        ("inference_address=localhost:8080", 1, "inference_address", "'localhost:8080' is not an address"),
        ("inference_address=http://127.0.0.1:40000", 1, "inference_address", "takes only ports below 32767"),
        (
            "inference_address=http://0.0.0.0:8080\nmanagement_address=http://127.0.0.1:8080",
            2,
            "management_address",
            "both addresses use port 8080",
        ),
        ("inference_address=http://0.0.0.0:8081", 1, "inference_address", "both addresses use port 8081"),
        (
            "use_native_io=false\ninference_address=unix:/run/mms",
            2,
            "inference_address",
            "a unix socket needs use_native_io=true, and it is 'false'",
        ),
    ],
)
def test_what_the_real_server_does_not_run_with_is_refused(problems, config, tmp_path, text, line, field, message):
    (problem,) = problems(config(text))
    assert (problem.file, problem.line, problem.field) == (str(tmp_path / "config.properties"), line, field)
    assert message in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "inference_address=http://0.0.0.0:8080\nmanagement_address=http://0.0.0.0:8080",
        "inference_address=http://127.0.0.1:8080\nmanagement_address=https://127.0.0.2:8080",
        "inference_address=http://localhost",
        "inference_address=unix:/run/mms",
        "preload_model=false\njob_queue_size=+5",
    ],
)
def test_what_the_real_server_runs_with_is_accepted(scenario, config, text):
    assert notes_of(scenario(config(text)))


def test_a_wrong_variable_is_named_in_place_of_the_file(problems, config, monkeypatch):
    monkeypatch.setenv("MMS_JOB_QUEUE_SIZE", "0")
    (problem,) = problems(config("enable_envvars_config=true\njob_queue_size=7"))
    assert str(problem).startswith("environment variable MMS_JOB_QUEUE_SIZE: job_queue_size: 0 is too small")


def test_all_problems_of_both_files_come_at_once(problems, config):
    found = problems(
        config("job_queue_size=0\npreload_model=2\nnumber_of_netty_threads=$$GONE_VARIABLE$$\n", "  batch_size: 0")
    )
    assert [(Path(problem.file).name, problem.line) for problem in found] == [
        ("a.yaml", 15),
        ("config.properties", 1),
        ("config.properties", 2),
        ("config.properties", 3),
    ]


def test_a_password_is_in_no_message(problems, scenario, config):
    for value in ("secret", "secret$$GONE_VARIABLE$$"):
        assert not any("secret" in note for note in notes_of(scenario(config(f"keystore_pass={value}"))))
    (problem,) = problems(config("keystore_pass=secret\njob_queue_size=$$GONE_VARIABLE$$"))
    assert "secret" not in str(problem)


# The resolved scenario.


def test_a_resolved_scenario_keeps_values_and_findings_and_reads_nothing_again(scenario, config, tmp_path):
    loaded = scenario(config("job_queue_size=7\nmax_request_size=5\n"))
    text = dump(loaded)
    (tmp_path / "config.properties").unlink()
    again = load_text(text)
    assert again == loaded
    assert dump(again) == text


def test_the_defaults_survive_the_round_trip(scenario, base):
    loaded = scenario(base, "server.config=auto")
    assert load_text(dump(loaded)) == loaded


def test_another_file_over_a_resolved_scenario_is_read(scenario, config, write):
    text = dump(scenario(config("job_queue_size=7\n")))
    write("max_request_size=5\n", "other.properties")
    server = load_text(text, overrides=["server.config=other.properties"]).server
    assert server.config is not None
    assert server.config.file == str(Path("other.properties").resolve())
    assert server.job_queue_size == 7
