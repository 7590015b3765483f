"""Writes the pages of docs/reference from the code: `python -m docs.generate`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from docs.pages.baseline import baseline_page
from docs.pages.commands import cli_page, exit_codes_page, presets_page
from docs.pages.plan import plan_page
from docs.pages.results import capacity_page, diff_page, explain_page, gate_page, split_page, summary_page, tables_page
from docs.pages.scenario import scenario_page

FOLDER = Path(__file__).parent / "reference"

PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "scenario.md": scenario_page,
        "cli.md": cli_page,
        "summary.md": summary_page,
        "tables.md": tables_page,
        "baseline.md": baseline_page,
        "gate.md": gate_page,
        "diff.md": diff_page,
        "plan.md": plan_page,
        "explain.md": explain_page,
        "capacity.md": capacity_page,
        "split.md": split_page,
        "presets.md": presets_page,
        "exit-codes.md": exit_codes_page,
    }
)


def main() -> None:
    """Write every page; say which have changed."""
    FOLDER.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        path, text = FOLDER / name, make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path.relative_to(FOLDER.parent.parent)}: written\n")


if __name__ == "__main__":
    main()
