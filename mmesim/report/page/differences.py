"""The differences of two runs as a picture: b as a multiple of a for every figure that has both."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from markupsafe import Markup

from mmesim.report import formats
from mmesim.report.content.compared import has_both, kind_of, label_of, least_multiple, multiples
from mmesim.report.page.rows import Kind, Row, rows
from mmesim.results.comparison.compare import Delta

if TYPE_CHECKING:
    from mmesim.experiment.diff.kept import Compared

KINDS: Mapping[str, Kind] = MappingProxyType({"better": "pass", "worse": "fail", "undecided": "undecided"})


def differences(found: Compared) -> Markup:
    """B as a multiple of a for every figure that has both."""
    shown = [delta for delta in found.deltas if delta.difference.value is not None and has_both(delta)]
    label = "b as a multiple of a"
    least = least_multiple(shown)
    every = [_row(delta, least) for delta in shown]
    return rows(every, label, "How b differs from a, on the same requests", [(1.0, "as in a")])


def _row(delta: Delta, least: float) -> Row:
    value, *ends = multiples(delta)
    low, high = (max(end, least) for end in ends)
    of_a, of_b = (formats.figure(delta.kind, one.value) for one in (delta.a, delta.b))
    kind = KINDS.get(kind_of(delta), "none")
    return Row(label_of(delta), value, low, high, f"{of_a} \N{RIGHTWARDS ARROW} {of_b}", kind)
