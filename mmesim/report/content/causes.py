"""Why a run is as it is: what binds, and what failed attempts waited for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmesim.report import phrases
from mmesim.report.blocks import Bars, Block, Lines, Part, Title
from mmesim.results.binding.nothing import why_nothing
from mmesim.scenario.figures import parts_of

AT_ONCE = ("network", "router", "overhead")
"""What an attempt takes that is refused at once."""
MOST_CAUSES = 3
"""Causes of failure for which it is said what they waited for: those with most attempts."""
NEGLIGIBLE = 0.001
"""Parts of the ledger below this share of the latency in every column shown are left out."""


def binds(summary: Any) -> Iterator[Block]:
    """The resource that most of the tail waits for, with its use, its limit and what to try."""
    found = _binding(summary)
    if found is not None:
        name, rest = named(found["text"])
        use, _, share = rest.rpartition("; ")
        yield Title("What binds", name)
        yield Lines((use, share, *([f"try {found['try']}"] if found["try"] else [])))
    elif summary["requests"]["ok"]:
        yield Title("What binds", f"nothing: {why_nothing(summary['ledger_ms'])}")


def binding_name(summary: Any) -> str | None:
    """What binds, in a word or two; None when nothing does."""
    found = _binding(summary)
    return None if found is None else named(found["text"])[0]


def named(text: str) -> tuple[str, str]:
    """The text of the finding on what binds: the name of that, and the rest."""
    name, _, rest = text.partition(": ")
    return name, rest


def _binding(summary: Any) -> Any | None:
    return next((entry for entry in summary["findings"] if entry["id"] == "binding_constraint"), None)


def failed(summary: Any) -> Iterator[Block]:
    """The ledger of failed attempts, by cause; of those that failed at once there is nothing to say."""
    ledgers = {cause: of for cause, of in summary["failed_ledger_ms"].items() if of["n"] and _waits(of)}
    if not ledgers:
        return
    shown = dict(sorted(ledgers.items(), key=lambda item: -item[1]["n"])[:MOST_CAUSES])
    parts = [
        Part(part, tuple(of[part] for of in shown.values()), phrases.PARTS[part])
        for part in parts_of(next(iter(shown.values())))
        if any(of[part] >= NEGLIGIBLE * of["mean"] for of in shown.values())
    ]
    yield Title("What failed attempts waited for, ms and share (mean by cause)")
    yield Bars(tuple(shown), tuple(of["mean"] for of in shown.values()), tuple(parts))


def _waits(ledger: Any) -> bool:
    """Whether an attempt took longer than to be refused at once."""
    mean, waits = float(ledger["mean"]), sum(float(ledger[part]) for part in parts_of(ledger) if part not in AT_ONCE)
    return 2.0 * waits >= mean > 0.0
