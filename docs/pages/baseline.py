"""The page on baselines: the keys of the file, what counts as a change, and the changelog of semantics."""

from __future__ import annotations

from docs.pages.markdown import code, page, table
from docs.pages.results import keys
from mmesim import units
from mmesim.experiment.gate.baseline.unchanged import EXACT, KEPT, OF_LINES
from mmesim.results.comparison import semantics
from mmesim.results.comparison.baseline import Baseline

INTRODUCTION = """
`mmesim gate --update-baseline` writes NAME.baseline.json beside NAME.yaml; later gates compare with it
([how to](../how-to/keep-a-baseline.md)). The file has no times and no paths of a machine: the same scenario, seed and
version give the same bytes anywhere.
""".strip()

CHANGE = """
A figure has changed when the whole 95 % interval of its difference lies beyond its tolerance: a share of what the
figure was, and of the cache hit ratio and others that should be high a share of the misses. A figure that is not random
has changed when it differs at all, beyond a relative difference of {exact:g}. *Others* decide lines of `expect`.
""".strip()

SEMANTICS = """
What changed the figures of an unchanged scenario, from `mmesim/results/comparison/semantics.toml`. Two versions with
the same last number give the same figures, on the same machine and with the same versions of Python and its packages
to a relative difference of {exact:g}. `mmesim gate` shows the entries after that of a baseline.
""".strip()


IN_WORDS = {"ms": "a time", "share": "a share", "rate": "a rate", "count": "a number", "usd": "an amount of money"}


def baseline_page() -> str:
    """The reference of baselines."""
    tolerances = [
        *((code(name), _percent(one.share), one.why) for name, one in KEPT.items()),
        *((f"others, {IN_WORDS[kind]}", _percent(one.share), one.why) for kind, one in OF_LINES.items()),
    ]
    changes = [(str(one.number), one.version, one.what, one.why) for one in semantics.changes()]
    return page(
        "Baselines",
        INTRODUCTION,
        "## NAME.baseline.json",
        table(("Key", "Type", "Meaning"), keys(Baseline)),
        "## What counts as a change",
        CHANGE.format(exact=EXACT),
        table(("Figure", "Tolerance", "Why"), tolerances),
        "## Changelog of semantics",
        SEMANTICS.format(exact=EXACT),
        table(("Number", "Since", "What is different", "Why"), changes),
    )


def _percent(share: float) -> str:
    return "none" if share <= EXACT else units.show_fraction(share)
