"""The plugin in sessions of pytest of their own, as a user sees it; with and without pytest-xdist."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mmesim.pytest_plugin import hooks
from tests.helpers.files import ROOT

pytest_plugins = ["pytester"]

BASE = """
name: {name}
endpoint: {{instance_type: ml.m5.xlarge, instance_count: 1, warm: true}}
models:
- {{name: a, framework: xgboost, artifact_size: 20 MB, memory: 25 MiB, service: {{wait: 20 ms}}}}
traffic: [{{arrivals: {{poisson: {{rate: 10 /s}}}}}}]
run: {{duration: 40 s, warmup: 5 s, seed: 1}}
expect: [{expect}]
"""
MEETS = "mean < 1 s", "cost.hour < 1 USD"
MISSES = "mean < 10 ms"
OPEN = "p99 cold < 5 s"
"""Nothing can be said of it: no call is cold."""


class Session:
    """A folder, and pytest in it with this plugin and pytest-xdist, and no other."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.folder = pytester.path
        self._pytester = pytester

    def scenario(self, name: str, *lines: str) -> None:
        file = self.folder / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(BASE.format(name=file.stem, expect=", ".join(lines)), encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def run(self, *words: str) -> pytest.RunResult:
        return self._pytester.runpytest_subprocess("-p", "xdist.plugin", "-p", hooks.__name__, *words)


CACHE = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
"""Where the compiled kernel lies: `pytester` gives each session a home of its own, where it would be compiled anew."""


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("XDG_CACHE_HOME", CACHE)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    return Session(pytester)


def test_the_entry_point_is_the_plugin():
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["entry-points"]["pytest11"] == {"mmesim": hooks.__name__}


def test_without_the_option_nothing_is_collected_and_nothing_is_imported(session: Session):
    session.scenario("a.yaml", *MEETS)
    session.write(
        "test_own.py",
        "import sys\n\ndef test_imports():\n"
        "    assert not {'numpy', 'pydantic', 'yaml', 'scipy', 'pandas'} & set(sys.modules)\n"
        "    ours = {name for name in sys.modules if name.split('.')[0] == 'mmesim'}\n"
        "    assert ours == {'mmesim', 'mmesim.pytest_plugin', 'mmesim.pytest_plugin.hooks'}\n",
    )
    session.run().assert_outcomes(passed=1)


@pytest.mark.slow
def test_the_package_works_without_pytest():
    script = (
        "import sys; sys.modules['pytest'] = sys.modules['_pytest'] = None\n"
        "import pkgutil, importlib, mmesim\n"
        "for one in pkgutil.walk_packages(mmesim.__path__, 'mmesim.'):\n"
        "    if 'pytest_plugin' not in one.name and not one.name.endswith('__main__'):\n"
        "        importlib.import_module(one.name)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_every_line_is_a_test_and_undecided_a_status_of_its_own(session: Session):
    session.scenario("scenarios/a.yaml", *MEETS, MISSES, OPEN)
    session.write("scenarios/other.yaml", "services: {}\n")
    ran = session.run("--mmesim", "-v", "scenarios")
    assert ran.ret == pytest.ExitCode.TESTS_FAILED
    ran.stdout.fnmatch_lines(
        [
            "scenarios/a.yaml::mean < 1 s PASSED *",
            "scenarios/a.yaml::cost.hour < 1 USD PASSED *",
            "scenarios/a.yaml::mean < 10 ms FAILED *",
            "scenarios/a.yaml::p99 cold < 5 s UNDECIDED *",
            "*_ a.yaml: mean < 10 ms _*",
            "*FAIL*mean < 10 ms*",
            "*= undecided: fails the session =*",
            "scenarios/a.yaml::p99 cold < 5 s",
            "*UNDECIDED*p99 cold < 5 s*",
            "*= 1 failed, 2 passed, 1 undecided in *",
        ]
    )
    assert "Traceback" not in str(ran.stdout)
    assert "collect.py" not in str(ran.stdout)


XDIST = ("-n", "2")


@pytest.mark.parametrize(
    ("undecided", "code", "processes"),
    [
        pytest.param("fail", 1, (), id="fail", marks=pytest.mark.slow),
        pytest.param("pass", 0, (), id="pass"),
        pytest.param("fail", 1, XDIST, id="fail-xdist", marks=pytest.mark.slow),
        pytest.param("pass", 0, XDIST, id="pass-xdist", marks=pytest.mark.slow),
    ],
)
def test_what_undecided_means_for_the_session(session: Session, undecided: str, code: int, processes: tuple[str, ...]):
    session.scenario("a.yaml", OPEN, *MEETS)
    ran = session.run("--mmesim", f"--mmesim-undecided={undecided}", "--junitxml=out.xml", *processes)
    assert ran.ret == code
    ran.stdout.fnmatch_lines(
        ["*= undecided: *", "a.yaml::p99 cold < 5 s", "*no value: *", "*2 passed, 1 undecided in*"]
    )
    assert '<property name="mmesim_verdict" value="undecided" />' in Path("out.xml").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("spread", ["load", "loadfile", "loadscope", "loadgroup", "worksteal"])
def test_with_xdist_all_lines_of_a_file_run_in_one_process(session: Session, spread: str):
    for name in ("a.yaml", "b.yaml"):
        session.scenario(name, *MEETS, "throughput > 1 /s", "loads < 100 /h", "workers.utilization < 90 %")
    session.write("test_own.py", "import pytest\n@pytest.mark.parametrize('n', range(6))\ndef test_own(n): pass\n")
    ran = session.run("--mmesim", "-v", "-n", "2", f"--dist={spread}")
    ran.assert_outcomes(passed=16)
    ran_by = {(line.split()[0], line.split("PASSED ")[1].split("::")[0]) for line in ran.outlines if " PASSED " in line}
    files = [file for _, file in ran_by]
    if spread not in ("loadgroup", "worksteal"):  # they say themselves who runs what; the store is shared then
        assert files.count("a.yaml") == files.count("b.yaml") == 1


@pytest.mark.slow
def test_what_was_simulated_is_not_simulated_again(session: Session):
    session.scenario("a.yaml", *MEETS, MISSES)
    before = session.run("--mmesim")
    session.write(
        "conftest.py",
        "import mmesim.experiment.execute.task as task\n"
        "def refused(*given): raise AssertionError('simulated again')\n"
        "task.Task.run = refused\n",
    )
    after = session.run("--mmesim")
    assert before.parseoutcomes() == after.parseoutcomes() == {"passed": 2, "failed": 1}
    assert session.run("--mmesim", "--mmesim-set=endpoint.instance_count=2").parseoutcomes() == {"failed": 3}
    session.run("--mmesim", "--cache-clear").assert_outcomes(failed=3)


def test_it_works_without_the_cache_of_pytest(session: Session):
    session.scenario("a.yaml", *MEETS)
    session.run("--mmesim", "-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_a_wrong_scenario_is_a_short_error_of_collection(session: Session):
    session.scenario("a.yaml", "p98 < 1 s")
    ran = session.run("--mmesim")
    assert ran.ret == pytest.ExitCode.INTERRUPTED
    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines(["*a.yaml:8*unknown figure 'p98'*"])
    assert "Traceback" not in str(ran.stdout)


@pytest.mark.slow
def test_a_file_that_is_named_is_meant(session: Session):
    session.scenario("folder/a.yml", *MEETS)
    session.write("folder/b.yml", "name: b\n")
    assert session.run("--mmesim", "folder").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    session.run("--mmesim", "folder/a.yml").assert_outcomes(passed=2)
    session.run("--mmesim", "folder/a.yml::mean < 1 s").assert_outcomes(passed=1)
    session.run("--mmesim", "folder/b.yml").assert_outcomes(errors=1)


def test_the_fixture_runs_a_scenario_once_with_overrides(session: Session):
    session.scenario("scenarios/a.yaml", *MEETS)
    session.write(
        "test_own.py",
        "def test_own(mmesim_run):\n"
        "    one = mmesim_run('scenarios/a.yaml', replications=2)\n"
        "    two = mmesim_run('scenarios/a.yaml', 'endpoint.instance_count=2', replications=2)\n"
        "    assert one.verdict == two.verdict == 'pass'\n"
        "    assert len(two.runs) == 2 and two.scenario.endpoint.instance_count == 2\n"
        "    assert two.summary['cost']['usd_per_hour'] > one.summary['cost']['usd_per_hour']\n"
        "    assert mmesim_run('scenarios/a.yaml', replications=2) is one\n",
    )
    session.run().assert_outcomes(passed=1)
