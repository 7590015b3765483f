"""What the shell offers for the value of an option."""

from __future__ import annotations

import contextlib
from pathlib import Path

from typer import Context

LISTS = ("models", "traffic")


def field(context: Context, incomplete: str) -> list[str]:
    """The fields that can stand here; names of models and streams are those of the file before the option."""
    from mmesim.errors import MmesimError
    from mmesim.scenario.file.problems import allowed_keys
    from mmesim.scenario.file.yaml import read_file, read_text
    from mmesim.scenario.scenario import Scenario

    *way, begun = incomplete.split(".")
    tree = read_text("{}", "nothing", Path.cwd())
    for word in context.args[:1]:  # nothing is parsed yet: the words as they are
        with contextlib.suppress(MmesimError):
            tree = read_file(Path(word))
    if way and way[-1] in LISTS:
        items = tree.find(tuple(way))[1].value
        listed = enumerate(items) if isinstance(items, list) else ()
        found = [str(item.map["name"].value if "name" in item.map else place) for place, item in listed]
    else:
        found = allowed_keys(tuple(way), tree, Scenario)
    return [".".join([*way, name]) for name in found if name.startswith(begun)]
