"""What the description of a trace says: its rate, bursts and popularity, and the misses of caches."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim import units
from mmesim.report import phrases
from mmesim.report.blocks import Block, Column, Report, Table, Title, cells, report
from mmesim.workload.trace.describe.describe import Description


def trace_report(found: Description, title: str) -> Report:
    """The figures of a trace, a line each."""
    models, span = phrases.plural(found.models, "model"), units.show_seconds(found.span_s)
    head = Title(title, f"{phrases.plural(found.requests, 'call')} of {models} in {span}", level=1)
    return report([head], _rate(found), _bursts(found), _popularity(found), _misses(found))


def _rate(found: Description) -> Iterator[Block]:
    mean = units.show_number(found.mean_per_min)
    yield Title("Calls a minute")
    ratio = units.show_number(found.peak_to_mean)
    yield _named(("mean", mean), ("peak", f"{found.peak_per_min:,}"), ("peak to mean", ratio))


def _bursts(found: Description) -> Iterator[Block]:
    rows = [
        (f"dispersion of counts, {stretch}", "trace too short" if value is None else units.show_number(value))
        for stretch, value in found.dispersion.items()
    ]
    if found.grid is not None:
        unit = units.show_seconds(found.grid.unit_s)
        what = f"counts of calls in {unit}" if found.grid.counted else f"whole multiples of {unit}"
        rows.append(("times in the file", f"{what}, spread inside"))
    yield Title("Burstiness (1: Poisson arrivals)")
    yield _named(*rows, ("variation of gaps (CV)", "-" if found.gap_cv is None else f"{found.gap_cv:.3g}"))


def _popularity(found: Description) -> Iterator[Block]:
    rows = [("most called model", units.show_fraction(found.top_model_share))]
    rows += [(f"top {share} of models", units.show_fraction(value)) for share, value in found.top_share.items()]
    if found.zipf is not None:
        fit = f"{found.zipf.exponent:.3g} (largest distance to the trace {found.zipf.ks:.2g})"
        rows.append(("Zipf exponent", fit))
    yield Title("Popularity (share of the calls)")
    yield _named(*rows)


def _misses(found: Description) -> Iterator[Block]:
    yield Title("Misses of an LRU cache (empty at first, models of one size, loads that take no time)")
    rows = tuple(
        cells(f"{size:,} ({units.show_fraction(size / found.models, 2)})", units.show_fraction(ratio))
        for size, ratio in found.resident.items()
    )
    yield Table((Column("models that fit"), Column("calls that miss")), rows)


def _named(*rows: tuple[str, str]) -> Table:
    return Table((Column(), Column()), tuple(cells(*row) for row in rows))
