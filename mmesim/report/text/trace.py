"""The description of a trace for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim import units
from mmesim.workload.trace.describe import Description


def trace_text(found: Description, title: str) -> str:
    """The figures of a trace as text, a line each."""
    return "\n".join(_lines(found, title)) + "\n"


def _lines(found: Description, title: str) -> Iterator[str]:
    models = f"{units.show_count(found.models)} model{'' if found.models == 1 else 's'}"
    yield f"{title}: {units.show_count(found.requests)} calls of {models} in {units.show_seconds(found.span_s)}"
    yield ""
    yield "Calls a minute"
    yield _row("mean", f"{found.mean_per_min:,.3g}" if found.mean_per_min < 100 else f"{found.mean_per_min:,.0f}")
    yield _row("peak", f"{found.peak_per_min:,}")
    yield _row("peak to mean", f"{found.peak_to_mean:,.3g}")
    yield ""
    yield "Burstiness (1: as at random)"
    for stretch, value in found.dispersion.items():
        yield _row(f"dispersion of counts, {stretch}", "too short to tell" if value is None else f"{value:,.3g}")
    yield _row("variation of gaps (CV)", "-" if found.gap_cv is None else f"{found.gap_cv:.3g}")
    yield ""
    yield "Popularity: share of the calls"
    yield _row("of the most called model", units.show_fraction(found.top_model_share))
    for share, value in found.top_share.items():
        yield _row(f"of the top {share} of models", units.show_fraction(value))
    if found.zipf is not None:
        fit = f"{found.zipf.exponent:.3g} (largest distance to the trace {found.zipf.ks:.2g})"
        yield _row("Zipf exponent", fit)
    yield ""
    yield "Misses of an LRU cache that begins empty, models of one size, loads that take no time"
    yield "  models that fit    calls that miss"
    for size, ratio in found.resident.items():
        part = f"{size:,} ({units.show_fraction(size / found.models, 2)})"
        yield f"  {part:<18} {units.show_fraction(ratio)}"


def _row(name: str, value: str) -> str:
    return f"  {name:<30} {value}"
