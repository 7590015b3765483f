"""`server.environment`: what the variables of a container make of the model server."""

import pytest

from mmesim.errors import ScenarioError
from mmesim.scenario import Server
from mmesim.scenario.file.dump import dump
from mmesim.scenario.server.container import TOOLKIT, XGBOOST
from tests.helpers.texts import load_text
from tests.unit.scenario.server.test_config_properties import XGBOOST as XGBOOST_FILE


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def environment(base):
    """A scenario text with variables, and further keys of the server."""

    def environment(variables, *server):
        return base + "".join(f"{line}\n" for line in ("server:", f"  environment: {variables}", *server))

    return environment


def of(scenario):
    server = scenario.server
    return server.default_workers_per_model, server.job_queue_size, server.preload_model


def notes_of(scenario):
    assert scenario.server.config is not None
    return scenario.server.config.notes


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ("{}", (1, 100, False)),
        ("{SAGEMAKER_MODEL_SERVER_WORKERS: 4, MMS_JOB_QUEUE_SIZE: 500}", (4, 500, False)),
        ("{SAGEMAKER_MODEL_SERVER_WORKERS: '4'}", (4, 100, False)),
        ("{SAGEMAKER_MODEL_SERVER_WORKERS: ''}", (1, 100, False)),
        ("{SAGEMAKER_MODEL_SERVER_WORKERS: 4, MMS_DEFAULT_WORKERS_PER_MODEL: 2}", (2, 100, False)),
        ("{MMS_PRELOAD_MODEL: true}", (1, 100, True)),
        ("{MMS_PRELOAD_MODEL: 'Yes'}", (1, 100, True)),
        ("{SAGEMAKER_NUM_MODEL_WORKERS: 3}", (3, 100, True)),
        ("{SAGEMAKER_MODEL_JOB_QUEUE_SIZE: 7}", (1, 7, True)),
        ("{SAGEMAKER_NUM_MODEL_WORKERS: '', SAGEMAKER_MODEL_JOB_QUEUE_SIZE: 7}", (1, 7, True)),
        ("{SAGEMAKER_NUM_MODEL_WORKERS: 3, MMS_JOB_QUEUE_SIZE: 500}", (3, 100, True)),
        ("{SAGEMAKER_MULTI_MODEL: 'false'}", ("per_gpu_or_vcpu", 100, False)),
        ("{SAGEMAKER_MULTI_MODEL: false, SAGEMAKER_MODEL_SERVER_WORKERS: 2}", (2, 100, False)),
    ],
)
def test_variables_are_read_as_the_containers_read_them(scenario, environment, variables, expected):
    assert of(scenario(environment(variables))) == expected


def test_the_shell_is_never_read(scenario, environment, monkeypatch):
    monkeypatch.setenv("SAGEMAKER_MODEL_SERVER_WORKERS", "9")
    monkeypatch.setenv("MMS_JOB_QUEUE_SIZE", "9")
    assert of(scenario(environment("{SAGEMAKER_REGION: eu-west-1}"))) == (1, 100, False)


def test_keys_of_the_scenario_win(scenario, environment):
    loaded = scenario(environment("{SAGEMAKER_MODEL_SERVER_WORKERS: 4}", "  default_workers_per_model: 2"))
    assert of(loaded) == (2, 100, False)
    assert any("gives way to the scenario's own server.default_workers_per_model" in note for note in notes_of(loaded))
    assert scenario(environment("{MMS_JOB_QUEUE_SIZE: 4}"), "server.environment.MMS_JOB_QUEUE_SIZE=5").server == (
        scenario(environment("{MMS_JOB_QUEUE_SIZE: 5}")).server
    )


@pytest.mark.parametrize("name", [*TOOLKIT.variables, *XGBOOST.variables])
def test_every_variable_of_a_container_is_in_a_finding(scenario, environment, name):
    assert any(name in note for note in notes_of(scenario(environment(f"{{{name}: 5}}"))))


@pytest.mark.parametrize(
    ("variables", "note"),
    [
        (
            "{SAGEMAKER_MODEL_SERVER_WORKERS: 4}",
            "SAGEMAKER_MODEL_SERVER_WORKERS=4: sagemaker-inference-toolkit writes default_workers_per_model=4 for the",
        ),
        (
            "{SAGEMAKER_MODEL_SERVER_TIMEOUT: 60}",
            "environment variable SAGEMAKER_MODEL_SERVER_TIMEOUT: default_response_timeout=60 counts minutes, not",
        ),
        ("{SAGEMAKER_MAX_PAYLOAD_IN_MB: 6}", "SAGEMAKER_MAX_PAYLOAD_IN_MB=6: sagemaker-inference-toolkit writes max_r"),
        ("{SAGEMAKER_NUM_MODEL_WORKERS: 3, MMS_JOB_QUEUE_SIZE: 5}", "MMS_JOB_QUEUE_SIZE has no effect: sagemaker-xg"),
        (
            "{MMS_JOB_QUEUE_SZE: 5}",
            "MMS reads no variable MMS_JOB_QUEUE_SZE and ignores it (did you mean MMS_JOB_QUEUE",
        ),
        ("{MY_FLAG: 1}", "variables on which nothing simulated depends: MY_FLAG"),
        ("{SAGEMAKER_MODEL_SERVER_WORKER: 4}", "variables on which nothing simulated depends: SAGEMAKER_MODEL_SERVER_"),
        ("{SAGEMAKER_MODEL_SERVER_WORKERS: ''}", "SAGEMAKER_MODEL_SERVER_WORKERS is empty, which counts as not set"),
        (
            "{SAGEMAKER_MULTI_MODEL: 'True'}",
            "SAGEMAKER_MULTI_MODEL='True', which is not 'true': sagemaker-inference-toolkit starts the server",
        ),
        (
            "{SAGEMAKER_MULTI_MODEL: false}",
            "SAGEMAKER_MULTI_MODEL='false': sagemaker-inference-toolkit starts the server",
        ),
        ("{OMP_NUM_THREADS: 4}", "OMP_NUM_THREADS=4 is not simulated by itself: threads of a call are models.service"),
    ],
)
def test_what_became_of_a_variable_is_a_finding(scenario, environment, variables, note):
    assert [found for found in notes_of(scenario(environment(variables))) if found.startswith(note)]


def test_a_near_miss_is_named(scenario, environment):
    (note,) = [n for n in notes_of(scenario(environment("{SAGEMAKER_MODEL_SERVER_WORKER: 4}"))) if "depends:" in n]
    assert "(did you mean SAGEMAKER_MODEL_SERVER_WORKERS?)" in note


@pytest.mark.parametrize(
    ("variables", "field", "message", "hint"),
    [
        (
            "{TS_JOB_QUEUE_SIZE: 5}",
            "TS_JOB_QUEUE_SIZE",
            "variable of TorchServe; the server simulated",
            "job_queue_size",
        ),
        ("{TS_ANYTHING: 5}", "TS_ANYTHING", "variable of TorchServe", None),
        ("{SAGEMAKER_TS_BATCH_SIZE: 5}", "SAGEMAKER_TS_BATCH_SIZE", "variable of TorchServe", "batch_size: 8"),
        ("{SAGEMAKER_TFS_INSTANCE_COUNT: 5}", "SAGEMAKER_TFS_INSTANCE_COUNT", "variable of TensorFlow Serving", None),
        ("{MMS_CONFIG_FILE: /opt/c}", "MMS_CONFIG_FILE", "names a file in the container", "config: config.properties"),
        (
            "{SAGEMAKER_MODEL_SERVER_WORKERS: 2, SAGEMAKER_NUM_MODEL_WORKERS: 2}",
            "SAGEMAKER_MODEL_SERVER_WORKERS",
            "by the XGBoost container: keep one",
            None,
        ),
        (
            "{SAGEMAKER_MODEL_SERVER_WORKERS: two}",
            "SAGEMAKER_MODEL_SERVER_WORKERS",
            "'two' is not a whole number",
            None,
        ),
        ("{MMS_JOB_QUEUE_SIZE: 0}", "MMS_JOB_QUEUE_SIZE", "job_queue_size: 0 is too small", None),
        ("{SAGEMAKER_MODEL_JOB_QUEUE_SIZE: 0}", "SAGEMAKER_MODEL_JOB_QUEUE_SIZE", "0 is too small", None),
        ("{MMS_PRELOAD_MODEL: maybe}", "MMS_PRELOAD_MODEL", "neither true nor false", None),
        ("{MMS_JOB_QUEUE_SIZE: [1]}", "MMS_JOB_QUEUE_SIZE", "a list is not the text of a variable", None),
        ("{MMS_JOB_QUEUE_SIZE: }", "MMS_JOB_QUEUE_SIZE", "nothing is not the text of a variable", None),
        ("{MMS_JOB_QUEUE_SIZE: 1.5}", "MMS_JOB_QUEUE_SIZE", "1.5 is not the text of a variable", None),
        ("[A=1]", "", "a list is not a map of variables", "SAGEMAKER_MODEL_SERVER_WORKERS"),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_its_place(problems, environment, variables, field, message, hint):
    (problem,) = problems(environment(variables))
    assert (problem.line, problem.field) == (14, f"server.environment.{field}".rstrip("."))
    assert message in problem.message
    assert (hint is None) == (problem.hint is None)
    assert hint is None or hint in str(problem.hint)


def test_with_a_file_the_variables_are_those_that_the_file_asks_for(scenario, environment, write, monkeypatch):
    monkeypatch.setenv("SAGEMAKER_NUM_MODEL_WORKERS", "9")
    write(XGBOOST_FILE, "config.properties")
    text = environment("{SAGEMAKER_NUM_MODEL_WORKERS: 3}", "  config: config.properties")
    assert of(scenario(text)) == (3, 100, True)
    write("job_queue_size=7\nenable_envvars_config=true\n", "config.properties")
    text = environment("{MMS_JOB_QUEUE_SIZE: 5, SAGEMAKER_MODEL_SERVER_WORKERS: 4}", "  config: config.properties")
    assert of(scenario(text)) == (4, 5, False)
    write("job_queue_size=7\n", "config.properties")
    assert of(scenario(text)) == (4, 7, False)


def test_a_variable_that_the_file_names_is_said_to_be_used_and_no_secret_is_shown(scenario, environment, write):
    write("keystore_pass=$$WORD$$\njob_queue_size=$$QUEUE$$\n", "config.properties")
    text = environment("{WORD: secret, QUEUE: 5, MMS_KEYSTORE_PASS: secret}", "  config: config.properties")
    loaded = scenario(text)
    assert loaded.server.job_queue_size == 5
    assert "QUEUE: config.properties takes job_queue_size from it" in notes_of(loaded)
    assert any(note.startswith("MMS_KEYSTORE_PASS has no effect") for note in notes_of(loaded))
    assert not any("secret" in note for note in notes_of(loaded))


def test_a_file_that_a_variable_names_is_read_instead_of_the_containers_own(scenario, environment, write):
    write("job_queue_size=7\n", "other.properties")
    variables = "{MMS_CONFIG_FILE: other.properties, SAGEMAKER_MODEL_SERVER_WORKERS: 4}"
    loaded = scenario(environment(variables, "  config: auto"))
    assert of(loaded) == (1, 7, False)
    assert any(note.startswith("SAGEMAKER_MODEL_SERVER_WORKERS=4: acts only where") for note in notes_of(loaded))


def test_a_resolved_scenario_keeps_values_and_findings(scenario, environment):
    loaded = scenario(environment("{SAGEMAKER_MODEL_SERVER_WORKERS: 4, MMS_JOB_QUEUE_SIZE: 500}"))
    text = dump(loaded)
    assert "environment:" not in text
    assert load_text(text) == loaded
    with pytest.raises(ScenarioError, match="variables were read before, and are keys of `server` by now"):
        loaded.with_({"server.environment.MMS_JOB_QUEUE_SIZE": 5})


def test_variables_can_be_varied(scenario, base):
    loaded = scenario(base).with_({"server.environment.SAGEMAKER_MODEL_SERVER_WORKERS": 3})
    assert loaded.model_table()[0].workers == 3


def test_python_gives_the_keys_themselves():
    with pytest.raises(ValueError, match="variables are read for a scenario file only"):
        Server.model_validate({"environment": {"MMS_JOB_QUEUE_SIZE": "5"}})
    assert Server().environment is None


@pytest.mark.parametrize("kind", ["djl", "triton"])
def test_variables_of_another_server_are_keys_of_the_server(problems, environment, kind):
    found = problems(environment("{SERVING_JOB_QUEUE_SIZE: 500}", f"  kind: {kind}"))
    (problem,) = [one for one in found if one.field == "server.environment"]
    assert f"server.kind is {kind}: give the values as keys of the server" in problem.message
    assert problem.hint == "write server: {job_queue_size: 100}"
    assert not any("the server simulated is MMS" in one.message for one in found)
