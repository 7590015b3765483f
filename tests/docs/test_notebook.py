"""The notebook runs from the first cell to the last, and its stored figures are the ones that it gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.helpers.files import ROOT

NOTEBOOKS = ROOT / "notebooks"


def printed(notebook: Any) -> list[str]:
    """What the cells print, and the last decision with it; tables and pictures depend on the version of pandas."""
    return [
        output["text"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stdout"
    ]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of the notebook's own machinery
@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_gives_what_is_stored_in_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOKS.parent))
    stored: Any = nbformat.read(path, 4)
    told = printed(stored)
    assert told
    NotebookClient(stored, timeout=900, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    assert printed(stored) == told
