import ast
import importlib
import pkgutil
import re
from importlib.metadata import version
from pathlib import Path

import pytest

import mmesim
from tests.helpers import files

ROOT = Path(mmesim.__path__[0])


def test_public_names_are_sorted_exist_and_are_all_there_is():
    assert sorted(mmesim.__all__, key=str.lower) == sorted(dir(mmesim), key=str.lower)
    for name in mmesim.__all__:
        assert getattr(mmesim, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'frobnicate'"):
        mmesim.frobnicate  # noqa: B018


def homes_for_type_checkers() -> dict[str, str]:
    """Public name -> module that type checkers take it from."""
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    typed = [node for block in tree.body if isinstance(block, ast.If) for node in block.body]
    imports = [node for node in typed if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


def test_public_names_are_the_ones_of_their_modules():
    homes = homes_for_type_checkers()
    assert {*homes, "__version__"} == set(mmesim.__all__)
    for name, home in homes.items():
        found = getattr(mmesim, name)
        assert found is getattr(importlib.import_module(home), name), name
        assert found.__module__ == home, f"{name} is defined in {found.__module__}"


def test_the_version_is_told_once():
    assert mmesim.__version__ == version("mmesim")


def test_every_module_has_a_docstring_and_true_names_in_all():
    names = [module.name for module in pkgutil.walk_packages(mmesim.__path__, "mmesim.")]
    modules = [importlib.import_module(name) for name in names if not name.endswith("__main__")]
    assert len(modules) > 100
    assert [module.__name__ for module in modules if not module.__doc__] == []
    listed = [(module, name) for module in modules for name in getattr(module, "__all__", ())]
    assert [f"{module.__name__}.{name}" for module, name in listed if not hasattr(module, name)] == []


def test_no_module_outgrows_400_lines():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in ROOT.rglob("*.py")}
    assert len(lengths) > 100
    assert {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > 400} == {}


def test_the_package_is_typed():
    assert (ROOT / "py.typed").is_file()


def test_the_changelog_knows_the_version():
    changelog = files.ROOT / "CHANGELOG.md"
    assert re.search(rf"^## {re.escape(mmesim.__version__)}\b", changelog.read_text(encoding="utf-8"), re.MULTILINE)
