"""Groups, tables and Azure files, expanded into one row for each model."""

import gzip

import pytest

from mmesim.errors import ScenarioError
from mmesim.scenario import CpuWait, ModelGroup
from mmesim.scenario.server.frameworks import PRESETS, Framework
from mmesim.scenario.values.times import Constant, Lognormal, Percentiles

MIB = 2**20


def test_a_group_becomes_numbered_models(scenario, base):
    table = scenario(base).model_table()
    assert [(model.index, model.name, model.group) for model in table] == [
        (0, "tenant-000", "tenant"),
        (1, "tenant-001", "tenant"),
        (2, "tenant-002", "tenant"),
    ]


def test_numbers_grow_with_the_group_and_a_single_model_has_none(scenario, base):
    assert scenario(base, "models.tenant.count=1001").model_table()[7].name == "tenant-0007"
    assert scenario(base, "models.tenant.count=1").model_table()[0].name == "tenant"
    assert scenario(base.replace("    count: 3\n", "")).model_table()[0].name == "tenant"


def test_presets_fill_what_is_left_out_and_explicit_keys_win(scenario, base):
    model = scenario(base, "models.tenant.framework=xgboost").model_table()[0]
    assert (model.process_memory_bytes, model.framework_threads, model.workers) == (80 * MIB, 1, 1)
    assert model.load == CpuWait(cpu=Constant(0.2), wait=Constant(0.4))
    given = ("framework=xgboost", "process_memory=0", "framework_threads=4", "workers=2", "load={cpu: 1 s}")
    model = scenario(base, *(f"models.tenant.{key}" for key in given)).model_table()[0]
    assert (model.process_memory_bytes, model.framework_threads, model.workers) == (0, 4, 2)
    assert model.load == CpuWait(cpu=Constant(1.0))


def test_workers_come_from_the_server(scenario, base):
    assert scenario(base, "server.default_workers_per_model=3").model_table()[0].workers == 3


def test_threads_that_spin_cost_only_with_parallel_work(scenario, base):
    def oversubscription(*overrides):
        return scenario(base, *overrides).model_table()[0].oversubscription

    assert oversubscription("models.tenant.framework=tensorflow") == 0.0
    assert oversubscription("models.tenant.framework=tensorflow", "models.tenant.service.threads=4") == 0.1
    assert oversubscription("models.tenant.service.threads=4") == 0.0
    assert oversubscription("models.tenant.oversubscription=0.3") == 0.3


def test_memory_and_tasks_of_a_pool(scenario, base):
    model = scenario(base, "models.tenant.workers=2", "models.tenant.framework_threads=4").model_table()[0]
    assert model.pool_memory_bytes == 3 * MIB + 2 * (80 + 40) * MIB
    assert model.pool_tasks == (1 + 2) * 4 + 3 + 3 * 2


def test_a_framework_without_figures_asks_for_them(scenario, base):
    given = ("models.tenant.process_memory=0", "models.tenant.load={cpu: 2 s}")
    assert scenario(base, "models.tenant.framework=pytorch", *given).model_table()[0].process_memory_bytes == 0


def test_every_framework_has_a_row_with_its_source():
    assert set(PRESETS) == set(Framework)
    assert all(preset.source for preset in PRESETS.values())


@pytest.fixture
def table(write, base):
    """The base with its models from a CSV table."""

    def table(text, defaults="artifact_size: 1 MB\n  service: {cpu: 5 ms}"):
        write(text, "models.csv")
        head, _, rest = base.partition("models:\n")
        return f"{head}models:\n  file: models.csv\n  {defaults}\n{rest[rest.index('traffic:') :]}"

    return table


def test_a_table_has_one_model_a_row(scenario, table):
    text = table(
        "name,group,memory,artifact_size,workers,service,service_cv,service_wait,framework,load_cpu\n"
        "a,gold,10 MiB,2 MB,3,8 ms,0.5,,xgboost,1 s\n"
        "b,,20 MiB,,,,,2 ms,,\n"
        "\n"
    )
    a, b = scenario(text).model_table()
    assert (a.name, a.group, a.memory_bytes, a.artifact_bytes, a.workers) == ("a", "gold", 10 * MIB, 2_000_000, 3)
    assert a.service.cpu == Lognormal(0.008, 0.5)
    assert a.load.cpu == Constant(1.0)
    assert (b.name, b.group, b.memory_bytes, b.artifact_bytes, b.workers) == ("b", "models", 20 * MIB, 1_000_000, 1)
    assert (b.service.cpu, b.service.wait) == (Constant(0.005), Constant(0.002))


def test_a_table_says_how_each_model_is_registered(scenario, table):
    text = table(
        "name,memory [MiB],workers,batch_size,max_batch_delay [ms],preload_model\n"
        "a,10,3,8,20,true\n"
        "b,10,,,,\n"
        "c,10,1,1,0,false\n",
        "artifact_size: 1 MB\n  service: {cpu: 5 ms}\n  batch_size: 2\n  preload_model: true",
    )
    found = [
        (model.workers, model.batch_size, model.max_batch_delay_s, model.preload_model)
        for model in scenario(text, "server={default_workers_per_model: 4, max_batch_delay: 7 ms}").model_table()
    ]
    assert found == [(3, 8, 0.02, True), (4, 2, 0.007, True), (1, 1, 0.0, False)]


def test_a_table_may_be_packed_have_units_in_its_header_and_stand_in_a_list(scenario, base, tmp_path):
    with gzip.open(tmp_path / "fleet.csv.gz", "wt") as file:
        file.write("name,memory [MiB],artifact_size (MB),rate [/h],service [ms]\na,10,2,36,8\nb,1 GiB,3,72,9\n")
    text = base.replace("traffic:", "  - file: fleet.csv.gz\ntraffic:").replace("count: 3", "count: 3\n    rate: 1 /s")
    text = text.replace("10 /s}}", "10 /s}}\n    popularity: weights")
    table = scenario(text).model_table()
    assert [model.name for model in table] == ["tenant-000", "tenant-001", "tenant-002", "a", "b"]
    assert (table[3].memory_bytes, table[4].memory_bytes) == (10 * MIB, 2**30)
    assert (table[3].rate_per_s, table[3].service.cpu, table[3].group) == (0.01, Constant(0.008), "fleet")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_table_of_a_spreadsheet_is_read(scenario, table, tmp_path, encoding, separator):
    text = table("x")
    rows = ("name,memory [MiB],artifact_size (MB),service [ms]", "a,10,2,8", "b,20,3,9")
    cells = (row.replace(",", separator) for row in rows)
    (tmp_path / "models.csv").write_bytes("\r\n".join(cells).encode(encoding))
    models = scenario(text).model_table()
    assert [(model.name, model.memory_bytes, model.service.cpu) for model in models] == [
        ("a", 10 * MIB, Constant(0.008)),
        ("b", 20 * MIB, Constant(0.009)),
    ]


@pytest.mark.parametrize(
    ("text", "line", "field", "message"),
    [
        ("name,memory,weight\na,1 MiB\n", 2, "", "2 cells for 3 columns"),
        ("name,memory,weight\na,1 MiB,1_0\n", 2, "weight", "'1_0' is not a number"),
        ("name,memory,weight\na,1 MiB,٣\n", 2, "weight", "'٣' is not a number"),
        ("", 1, "name", "file is empty"),
        ("name,memory\n", None, "", "has no rows"),
        ("memory\n1 MiB\n", 1, "name", "column is missing"),
        ("name,memroy\na,1\n", 1, "memroy", "unknown column 'memroy'"),
        ("name,memory,memory\na,1,1\n", 1, "memory", "duplicate column"),
        ("name,memory\na,10\n", 2, "memory", "'10' has no unit"),
        ("name,memory\na,-1 MiB\n", 2, "memory", "negative"),
        ("name,memory\na,nan MiB\n", 2, "memory", "not a finite number"),
        ("name,memory\n,1 MiB\n", 2, "name", "cell is empty"),
        ("name,memory\na,1 MiB,3\n", 2, "", "3 cells for 2 columns"),
        ("name,memory,workers\na,1 MiB,0\n", 2, "workers", "at least 1"),
        ("name,memory,workers\na,1 MiB,x\n", 2, "workers", "is not a number"),
        ("name,memory,workers\na,1 MiB,1.5\n", 2, "workers", "is not a whole number"),
        ("name,memory,batch_size\na,1 MiB,0\n", 2, "batch_size", "at least 1"),
        ("name,memory,batch_size\na,1 MiB,1025\n", 2, "batch_size", "at most 1024"),
        ("name,memory,max_batch_delay\na,1 MiB,5\n", 2, "max_batch_delay", "has no unit"),
        ("name,memory,preload_model\na,1 MiB,yes\n", 2, "preload_model", "neither true nor false"),
        ("name,memory,framework\na,1 MiB,xgbost\n", 2, "framework", "unknown framework"),
        ("name,memory,weight,rate\na,1 MiB,1,1 /s\n", 2, "rate", "exclude each other"),
        ("name,memory,service_cv\na,1 MiB,1\n", 2, "service", "service_cv needs a mean"),
        ("name,memory\na,1 MiB\na,1 MiB\n", 3, "name", "two models are called 'a', also at"),
        ("name,memory\na,\n", 2, "memory", "memory of model 'a' is missing"),
    ],
)
def test_a_wrong_table_is_refused_with_its_own_file_line_and_column(
    problems, table, tmp_path, text, line, field, message
):
    (problem,) = problems(table(text))
    assert (problem.file, problem.line, problem.field) == (str(tmp_path / "models.csv"), line, field)
    assert message in problem.message


def test_all_problems_of_a_table_come_at_once(problems, table):
    found = problems(table("name,memory,workers\na,1,0\nb,2,1\n"))
    assert [(problem.line, problem.field) for problem in found] == [(2, "memory"), (2, "workers"), (3, "memory")]


def test_rows_that_say_the_same_share_what_they_mean(scenario, table):
    text = table("name,memory,service\na,40 MiB,5 ms\nb,41 MiB,5 ms\nc,40 MiB,5 ms\n")
    a, b, c = scenario(text).model_table()
    assert a.service is c.service
    assert [one.memory_bytes // MIB for one in (a, b, c)] == [40, 41, 40]
    assert [one.name for one in (a, b, c)] == ["a", "b", "c"]


def test_a_name_that_comes_twice_says_where_it_was_first(problems, table, tmp_path):
    found = problems(table("name,memory\na,40 MiB\nb,40 MiB\na,40 MiB\nc,x\na,40 MiB\n"))
    first = f"two models are called 'a', also at {tmp_path / 'models.csv'}:2"
    assert [(one.line, one.message) for one in found if one.field == "name"] == [(4, first), (6, first)]
    assert [one.line for one in found if one.field == "memory"] == [5]


def test_a_table_that_is_no_text_is_refused(problems, table, tmp_path):
    text = table("name\n")
    (tmp_path / "models.csv").write_bytes(b"name,memory\n\xe9,1 MiB\n")
    (problem,) = problems(text)
    assert problem.message.startswith("is not a CSV table in UTF-8")


def test_a_packed_table_that_is_not_packed_is_refused(problems, table, tmp_path):
    (tmp_path / "models.csv.gz").write_text("name\n")
    (problem,) = problems(table("name\n").replace("models.csv", "models.csv.gz"))
    assert problem.message.startswith("cannot be read: Not a gzipped file")


def test_without_a_file_the_table_of_a_scenario_names_the_scenario(scenario, base):
    good = scenario(base)
    bare = good.model_copy(update={"models": (ModelGroup(name="a"),)})
    with pytest.raises(ScenarioError, match=r"^base: models.0.artifact_size: artifact_size of model 'a' is missing"):
        bare.model_table()


INVOCATIONS = "HashFunction,HashOwner,HashApp,minute_1\nf1,o,a1,3\nf2,o,a2,1\n"
MEMORY = "HashOwner,HashApp,SampleCount,AverageAllocatedMb_pct50\no,a1,1,100\no,a2,1,250.5\n"
PERCENTS = ",".join(f"percentile_Average_{percent}" for percent in (0, 1, 25, 50, 75, 99, 100))
DURATIONS = f"HashFunction,Average,{PERCENTS}\nf1,1,0,0,10,20,30,40,50\nf2,1,1,1,1,1,1,1,1\n"


@pytest.fixture
def azure(write, base):
    """The base with its models from Azure files."""

    def azure(invocations=INVOCATIONS, memory=MEMORY, durations=DURATIONS, more="artifact_size: 0"):
        for name, text in (("i.csv", invocations), ("m.csv", memory), ("d.csv", durations)):
            write(text, name)
        head, _, rest = base.partition("models:\n")
        files = "{invocations: i.csv, memory: m.csv, durations: d.csv, duration_scale: 0.02}"
        return f"{head}models:\n  azure_functions: {files}\n  {more}\n{rest[rest.index('traffic:') :]}"

    return azure


def test_each_azure_function_is_a_model(scenario, azure):
    first, second = scenario(azure(more="artifact_size: 7 MB\n  process_memory: 0")).model_table()
    assert (first.name, first.group, first.artifact_bytes) == ("f1", "azure", 7_000_000)
    assert (first.memory_bytes, second.memory_bytes) == (100_000_000, 250_500_000)
    times = (0.0, 0.0, 0.0002, 0.0004, 0.0006, 0.0008, 0.001)
    expected = tuple(zip((0.0, 1.0, 25.0, 50.0, 75.0, 99.0, 100.0), times, strict=True))
    assert isinstance(first.service.cpu, Percentiles)
    assert [percent for percent, _ in first.service.cpu.points] == [percent for percent, _ in expected]
    assert [value for _, value in first.service.cpu.points] == pytest.approx([value for _, value in expected])


def test_files_without_owner_and_app_are_joined_by_function(scenario, azure):
    text = azure(
        invocations="HashFunction,Trigger,1\nf1,timer,3\nf2,http,1\n",
        memory="HashFunction,SampleCount,AverageAllocatedMb_pct50\nf1,1,100\nf2,1,200\n",
    )
    assert [model.memory_bytes for model in scenario(text).model_table()] == [100_000_000, 200_000_000]


@pytest.mark.parametrize(
    ("files", "file", "line", "message"),
    [
        ({"invocations": "Function,1\nf1,1\n"}, "i.csv", 1, "has no column HashFunction"),
        ({"invocations": ""}, "i.csv", 1, "is empty"),
        ({"invocations": INVOCATIONS + "f1,o,a1,1\n"}, "i.csv", 4, "duplicate function f1"),
        ({"invocations": INVOCATIONS + "f3,o,a3,1\n"}, "i.csv", 4, "function f3 has no row in"),
        ({"invocations": INVOCATIONS + "f3,o\n"}, "i.csv", 4, "2 cells for 4 columns"),
        ({"memory": MEMORY.replace("250.5", "x")}, "m.csv", 3, "AverageAllocatedMb_pct50: 'x' is not a number"),
        ({"memory": MEMORY.replace("HashApp", "App")}, "m.csv", 1, "has neither a column HashApp nor HashFunction"),
        ({"memory": MEMORY.replace("_pct50", "")}, "m.csv", 1, "has no column AverageAllocatedMb_pct50"),
        (
            {"durations": DURATIONS.replace("40,50", "40,5")},
            "d.csv",
            2,
            "percentiles of the duration: times must not fall",
        ),
        ({"durations": DURATIONS.replace("f2", "f9")}, "i.csv", 3, "function f2 has no row in"),
        (
            {"memory": MEMORY.replace("250.5", "-1")},
            "m.csv",
            3,
            "AverageAllocatedMb_pct50: '-1' is not a number of 0 or more",
        ),
    ],
)
def test_wrong_azure_files_are_refused_with_file_and_line(problems, azure, tmp_path, files, file, line, message):
    (problem,) = problems(azure(**files))
    assert (problem.file, problem.line) == (str(tmp_path / file), line)
    assert problem.message.startswith(message)
