"""What plans of one module share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file in which finished simulations are kept."""
    return tmp_path_factory.mktemp("plan") / "store.sqlite"
