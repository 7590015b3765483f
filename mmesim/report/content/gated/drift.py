"""What is said of a scenario beside its baseline: figures and fields that changed, and why results may differ."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from mmesim.report.content.gated.words import on_one_line, quantity, signed

if TYPE_CHECKING:
    from mmesim.results.answers.gated import Delta, Drift, Gated


def has_drifted(drift: Drift) -> bool:
    """Whether the scenario, its figures or the version that gives them differ from the baseline's."""
    return bool(drift.fields or not drift.same_results or any(delta.changed for delta in drift.deltas))


def figures_changed(drift: Drift) -> list[Delta]:
    """The figures that have changed."""
    return [delta for delta in drift.deltas if delta.changed]


def fields_changed(drift: Drift) -> list[str]:
    """Each field of the scenario that has changed: `models.tenant.memory: 25 MiB -> 60 MiB`."""
    return [f"{on_one_line(path)}: {_value(before)} -> {_value(after)}" for path, before, after in drift.fields]


def _value(yaml: str | None) -> str:
    return "absent" if yaml is None else on_one_line(yaml) or '""'


def compared_with(drift: Drift) -> str:
    """The baseline in words: its file, which lies beside that of the scenario, and the version that wrote it."""
    return f"{on_one_line(PurePath(drift.baseline).name or drift.baseline)} (mmesim {on_one_line(drift.made_with)})"


def why_results_differ(drift: Drift) -> list[str]:
    """What changed in mmesim since the baseline was written."""
    if drift.same_results:
        return []
    reasons = [on_one_line(one).rstrip(".") for one in drift.why_not] or ["the changelog does not say why"]
    version = on_one_line(drift.made_with)
    return [f"mmesim {version} gives other figures for the same scenario: {one}" for one in reasons]


def change(delta: Delta) -> tuple[str, str, str, str]:
    """A figure, its value before and now, and the difference with its interval."""
    before, after = quantity(delta.unit, delta.before), quantity(delta.unit, delta.after)
    return on_one_line(delta.figure), before, after, difference(delta)


def difference(delta: Delta) -> str:
    """The difference of a figure with its interval; that of a share in percentage points."""
    return signed(delta.unit, delta.difference, delta.interval)


def relative(delta: Delta) -> str:
    """The difference as a share of what it was before: `+12 %`; nothing for shares, and where it was 0 or unknown."""
    if delta.unit == "share" or not delta.before or delta.difference is None:
        return ""
    return f"{100.0 * delta.difference / abs(delta.before):+,.1f} %"


def has_news(gated: Gated) -> bool:
    """Whether there is anything to tell whoever knows the baselines: false when all pass and nothing has changed."""
    return gated.verdict != "pass" or any(one.drift is None or has_drifted(one.drift) for one in gated.scenarios)
