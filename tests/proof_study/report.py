"""The figures of the study as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from mmesim import __version__
from tests.coverage_study.judge import wilson
from tests.perf.tables import table

BEGIN = "<!-- screen: written by `make proof-study` -->"
END = "<!-- end of screen -->"


@dataclass(frozen=True)
class Row:
    """A fleet: its line, what one replication finds, and what is proved (`binds` empty: nothing)."""

    seed: int
    line: str
    calls: int
    allowed: float
    share: float
    binds: str
    least_share: float
    proof_s: float

    @staticmethod
    def columns() -> list[str]:
        """Their names in the file."""
        return [field.name for field in fields(Row)]

    @staticmethod
    def read(values: Mapping[str, str]) -> Row:
        """A row of the file."""
        shares = {name: float(values[name]) for name in ("allowed", "share", "least_share", "proof_s")}
        return Row(int(values["seed"]), values["line"], int(values["calls"]), binds=values["binds"], **shares)

    def written(self) -> dict[str, object]:
        """The same for the file."""
        return asdict(self)

    @property
    def inside(self) -> bool:
        """Whether the line holds in this replication."""
        return self.share <= self.allowed

    @property
    def twice(self) -> bool:
        """Whether more than twice as many calls are bad as may be."""
        return self.share > 2.0 * self.allowed

    @property
    def contradicted(self) -> bool:
        """Whether fewer calls are bad than is proved; of a largest call alone nothing else is counted."""
        return bool(self.binds) and (self.inside or (self.line != "max" and self.share < self.least_share))


def text(rows: Sequence[Row]) -> str:
    """The whole generated part."""
    discarded, twice = [row for row in rows if row.binds], [row for row in rows if row.twice]
    of_twice = [row for row in twice if row.binds]
    calls = sum(row.calls for row in rows)
    cpu_ms = 1000.0 * sum(row.proof_s for row in rows) / len(rows)
    head = (
        f"Version {__version__}; {len(rows):,} fleets, {calls / 1e6:.1f} million calls. Brackets are 99 % intervals "
        f"(Wilson's). A proof took {cpu_ms:.1f} ms of CPU time on average, the resolution of the models included."
    )
    inside, contradicted = sum(row.inside for row in discarded), sum(row.contradicted for row in rows)
    counts = table(
        ("what", "count", "share"),
        (
            ("fleets whose line holds", *_share(sum(row.inside for row in rows), len(rows))),
            ("discarded fleets", *_share(len(discarded), len(rows))),
            ("discarded, and the line holds", *_share(inside, len(discarded))),
            ("discarded, and fewer calls are bad than was proved", *_share(contradicted, len(discarded))),
            ("fleets with more than twice the bad calls that may be", *_share(len(twice), len(rows))),
            ("of these discarded", *_share(len(of_twice), len(twice))),
        ),
    )
    return "\n\n".join([head, counts, _by_line(twice), _by_cause(discarded)])


def _by_line(twice: Sequence[Row]) -> str:
    lines = dict.fromkeys(row.line for row in sorted(twice, key=lambda row: row.line))
    return table(
        ("line, of fleets with more than twice the bad calls", "fleets", "discarded"),
        [(line, *_of(twice, line)) for line in lines],
    )


def _of(twice: Sequence[Row], line: str) -> tuple[str, str]:
    having = [row for row in twice if row.line == line]
    return f"{len(having):,}", _share(sum(bool(row.binds) for row in having), len(having))[1]


def _by_cause(discarded: Sequence[Row]) -> str:
    causes = sorted({row.binds for row in discarded}, key=lambda one: -sum(row.binds == one for row in discarded))
    return table(
        ("discarded for lack of", "fleets"),
        [(one, f"{sum(row.binds == one for row in discarded):,}") for one in causes],
    )


def _share(count: int, of: int) -> tuple[str, str]:
    """A count of a number, and its share with the interval."""
    if not of:
        return f"{count:,} of 0", "-"
    low, high = wilson(count, of)
    return f"{count:,} of {of:,}", f"{100.0 * count / of:.1f} % ({100.0 * low:.1f} to {100.0 * high:.1f})"
