import importlib
import pkgutil
import re
from importlib.metadata import version
from pathlib import Path

import pytest

import mmesim
from mmesim.errors import MmesimError

MODULES = sorted(
    module.name for module in pkgutil.walk_packages(mmesim.__path__, "mmesim.") if not module.name.endswith("__main__")
)


def test_public_names_are_sorted_exist_and_are_all_there_is():
    assert sorted(mmesim.__all__, key=str.lower) == sorted(dir(mmesim), key=str.lower)
    for name in mmesim.__all__:
        assert getattr(mmesim, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'frobnicate'"):
        mmesim.frobnicate  # noqa: B018


def test_public_names_are_the_ones_of_their_modules():
    from mmesim.scenario.scenario import Scenario

    assert mmesim.Scenario is Scenario
    assert mmesim.MmesimError is MmesimError


def test_the_version_is_told_once():
    assert mmesim.__version__ == version("mmesim")


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_a_docstring_and_true_names_in_all(name):
    module = importlib.import_module(name)
    assert module.__doc__
    for public in getattr(module, "__all__", ()):
        assert hasattr(module, public)


@pytest.mark.parametrize("path", sorted(Path(mmesim.__path__[0]).rglob("*.py")), ids=lambda path: path.stem)
def test_no_module_outgrows_400_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_the_package_is_typed():
    assert (Path(mmesim.__path__[0]) / "py.typed").is_file()


def test_the_changelog_knows_the_version():
    changelog = Path(__file__).parents[1] / "CHANGELOG.md"
    assert re.search(rf"^## {re.escape(mmesim.__version__)}\b", changelog.read_text(encoding="utf-8"), re.MULTILINE)
