"""A `config.properties` of TorchServe: recognised, its models taken, and said what has no place."""

import pytest

from mmesim.errors import ScenarioError
from mmesim.scenario.file.dump import dump
from mmesim.scenario.server.config.keys import KEYS
from mmesim.scenario.server.config.torchserve import TORCHSERVE
from tests.helpers.texts import load_text

ALPHA = """\
models={"alpha": {"1.0": {"marName": "alpha.mar", "minWorkers": 4, "maxWorkers": 4, "batchSize": 8, \
"maxBatchDelay": 50, "responseTimeout": 120}}}
load_models=alpha.mar
metrics_address=http://0.0.0.0:8082
"""
SNAPSHOT = """\
inference_address=http\\://0.0.0.0\\:8085
model_store=/mnt/models/model-store
model_snapshot={\\n  "name"\\: "startup.cfg",\\n  "modelCount"\\: 1,\\n  "models"\\: {\\n    "alpha"\\: {\\n      \
"1.0"\\: {\\n        "defaultVersion"\\: true,\\n        "marName"\\: "alpha.mar",\\n        \
"minWorkers"\\: 3,\\n        "maxWorkers"\\: 5,\\n        "batchSize"\\: 2,\\n        \
"maxBatchDelay"\\: 5000\\n      }\\n    }\\n  }\\n}
"""


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    """No variable of the machine that runs the tests is seen, and the working folder is the test's own."""
    monkeypatch.chdir(tmp_path)
    for name in TORCHSERVE.keys:
        for prefix in ("MMS_", "TS_"):
            monkeypatch.delenv(f"{prefix}{name.upper()}", raising=False)


@pytest.fixture
def base(base):
    """A scenario with one model, alpha."""
    return base.replace("name: tenant\n    count: 3", "name: alpha")


def of(scenario, name="alpha"):
    model = next(one for one in scenario.model_table() if one.name == name)
    return model.workers, model.batch_size, model.max_batch_delay_s


def notes_of(scenario):
    assert scenario.server.config is not None
    return scenario.server.config.notes


def test_workers_and_batches_go_to_the_model_of_the_same_name(scenario, config):
    loaded = scenario(config(ALPHA))
    assert of(loaded) == (4, 8, 0.05)
    notes = notes_of(loaded)
    assert loaded.server.kind == "torchserve"
    assert notes[0] == (
        "config.properties: is a file of TorchServe (it has models, metrics_address), so server.kind is torchserve"
    )
    assert (
        "config.properties:1: models: alpha: responseTimeout=120 (seconds) is not simulated: for the client, "
        "endpoint.invocation_timeout (60 s unless given) ends a call before it" in notes
    )
    assert "models.alpha: used: workers=4, batch_size=8, max_batch_delay=50 ms" in notes
    assert not any("counts minutes" in note or "did you mean" in note or "knows no key" in note for note in notes)


def test_the_kind_that_the_scenario_names_wins(scenario, config):
    loaded = scenario(config(ALPHA), "server.kind=mms")
    assert (loaded.server.kind, of(loaded)) == ("mms", (4, 8, 0.05))
    assert notes_of(loaded)[0].endswith("metrics_address), but server.kind is mms, whose rules hold")
    plain = scenario(config("job_queue_size=7\n"), "server.kind=torchserve")
    assert (plain.server.kind, plain.server.job_queue_size) == ("torchserve", 7)
    assert not any("is a file of TorchServe" in note for note in notes_of(plain))


@pytest.mark.parametrize("key", ["config", "environment"])
def test_other_kinds_read_no_file_and_no_variables_of_a_container(scenario, config, key):
    text = config("job_queue_size=7\n") if key == "config" else config("").replace("config:", "# config:")
    overrides = ["server.kind=djl", "server.overhead=none"]
    if key == "environment":
        overrides.append("server.environment={MMS_JOB_QUEUE_SIZE: 5}")
    with pytest.raises(ScenarioError, match=f"server.{key}") as error:
        scenario(text, *overrides)
    assert "give the values as keys of the server" in str(error.value)


def test_a_snapshot_is_read_and_wins_over_models(scenario, config):
    assert of(scenario(config(SNAPSHOT))) == (3, 2, 5.0)
    loaded = scenario(config(ALPHA + SNAPSHOT))
    assert of(loaded) == (3, 2, 5.0)
    assert "config.properties:1: models gives way to model_snapshot" in notes_of(loaded)
    assert any("maxWorkers=5 is not reached" in note for note in notes_of(loaded))


def test_keys_of_the_model_win(scenario, config):
    text = config(ALPHA).replace("name: alpha\n", "name: alpha\n    workers: 2\n    batch_size: 8\n")
    loaded = scenario(text)
    assert of(loaded) == (2, 8, 0.05)
    assert "models.alpha: used: batch_size=8, max_batch_delay=50 ms" in notes_of(loaded)
    assert "models.alpha: workers=4 of the file gives way to the scenario's own" in notes_of(loaded)
    assert of(scenario(config(ALPHA), "models.alpha.workers=1")) == (1, 8, 0.05)


def test_what_the_file_says_of_a_model_wins_over_what_is_said_of_all(scenario, config):
    loaded = scenario(config(ALPHA), "server.default_workers_per_model=2", "server.batch_size=3")
    assert of(loaded) == (4, 8, 0.05)


def test_models_of_a_group_and_of_a_table_are_found(scenario, config, write):
    text = config(ALPHA).replace("name: alpha\n", "name: alpha\n    count: 2\n")
    assert of(scenario(text), "alpha-001") == (4, 8, 0.05)
    text = config(ALPHA).replace("name: alpha\n", "name: fleet\n    count: 2\n").replace("alpha", "fleet-001")
    write(ALPHA.replace('"alpha"', '"fleet-001"'), "config.properties")
    loaded = scenario(text)
    assert (of(loaded, "fleet-000"), of(loaded, "fleet-001")) == ((4, 1, 0.1), (4, 8, 0.05))
    write("name,workers\nalpha,2\nbeta,3\n", "models.csv")
    write(ALPHA, "config.properties")
    loaded = scenario(text.replace("name: fleet\n    count: 2", "file: models.csv"))
    assert (of(loaded), of(loaded, "beta")) == ((2, 8, 0.05), (3, 1, 0.1))


def test_a_model_that_the_scenario_does_not_have_is_a_finding(scenario, config):
    loaded = scenario(config(ALPHA.replace('"alpha"', '"alpah"')))
    assert of(loaded) == (4, 1, 0.1)  # one worker for each vCPU: it is loaded at the start
    assert (
        "the scenario has no model 'alpah', so nothing has workers=4, batch_size=8, max_batch_delay=50 ms "
        "(did you mean alpha?)" in notes_of(loaded)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('models={"alpha": {"1.0": {"minWorkers": 2}, "2.0": {"minWorkers": 3}}}', (3, 1, 0.1)),
        ('models={"alpha": {"1.0": {"minWorkers": 2, "defaultVersion": true}, "2.0": {"minWorkers": 3}}}', (2, 1, 0.1)),
        ('models={"alpha": {"1.0": {"minWorkers": 0, "batchSize": 0, "maxBatchDelay": 0}}}', (1, 1, 0.1)),
        ('models={"alpha": {"1.0": {"minWorkers": "2"}}}', (2, 1, 0.1)),
        ('models={"alpha": {}}', (1, 1, 0.1)),
        ("models={}", (1, 1, 0.1)),
        ('models={"alpha": {"1.0": {"batchSize": 4}}}\ndefault_workers_per_model=2', (2, 4, 0.1)),
        ('models={"alpha": {"1.0": {"batchSize": 4}}}\nload_models=all', (4, 4, 0.1)),
        ("metrics_address=http://0.0.0.0:8082\nload_models=all\nNUM_WORKERS=2", (4, 1, 0.1)),
        ("metrics_address=http://0.0.0.0:8082\npreload_model=maybe", (1, 1, 0.1)),
    ],
)
def test_versions_and_absent_numbers(scenario, config, text, expected):
    assert of(scenario(config(text))) == expected


@pytest.mark.parametrize("mark", sorted(set(TORCHSERVE.keys) - set(KEYS) - {"version", "models", "model_snapshot"}))
def test_every_key_that_only_torchserve_knows_gives_it_away_and_is_in_a_finding(scenario, config, mark):
    notes = notes_of(scenario(config(f"default_response_timeout=30\n{mark}=1\n")))
    assert notes[0].startswith(f"config.properties: is a file of TorchServe (it has {mark})")
    assert any(mark in note for note in notes[1:])
    assert any(
        note.startswith("config.properties:1: default_response_timeout=30 (seconds) is not simulated: the real server")
        for note in notes
    )


def test_keys_that_torchserve_does_not_know_are_said_so(scenario, config):
    loaded = scenario(config("metrics_mode=log\npreload_model=true\n"))
    assert not loaded.server.preload_model
    assert (
        "config.properties:2: TorchServe knows no key 'preload_model' and ignores it (it is a key of MMS)"
        in notes_of(loaded)
    )


def test_variables_begin_with_ts(scenario, config, monkeypatch):
    monkeypatch.setenv("TS_JOB_QUEUE_SIZE", "8")
    monkeypatch.setenv("MMS_JOB_QUEUE_SIZE", "9")
    loaded = scenario(config("metrics_mode=log\nenable_envvars_config=true\n"))
    assert loaded.server.job_queue_size == 8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('models={"alpha": ', "is not JSON"),
        ("models=[1]", 'is not of the form {"model": {"1.0": {"minWorkers": 4}}}'),
        ('models={"alpha": 4}', "is not of the form"),
        ('models={"alpha": {"minWorkers": 4}}', "is not of the form"),
        ('model_snapshot={"models": {"alpha": {"1.0": 4}}}', "is not of the form"),
        ('models={"alpha": {"1.0": {"minWorkers": 1.5}}}', "minWorkers of alpha: 1.5 is not a whole number"),
        ('models={"alpha": {"1.0": {"minWorkers": true}}}', "minWorkers of alpha: true is not a whole number"),
        ('models={"alpha": {"1.0": {"batchSize": 5000}}}', "batchSize of alpha: 5000 is too large: at most 1024"),
        ('models={"alpha": {"1.0": {"batchSize": $$GONE_VARIABLE$$}}}', "no environment variable GONE_VARIABLE"),
    ],
)
def test_models_that_cannot_be_read_are_refused(problems, config, tmp_path, text, message):
    (problem,) = problems(config(text))
    assert (problem.file, problem.line) == (str(tmp_path / "config.properties"), 1)
    assert message in problem.message


def test_a_resolved_scenario_keeps_what_the_file_says_of_its_models(scenario, config, tmp_path):
    loaded = scenario(config(ALPHA))
    text = dump(loaded)
    (tmp_path / "config.properties").unlink()
    again = load_text(text)
    assert again == loaded
    assert dump(again) == text
    assert loaded.with_({"models.alpha.workers": 2}).model_table()[0].workers == 2
