"""What the page of a run says, section by section: the blocks of its report in the order of a page, and what a folder
holds besides. The page adds pictures; text and Markdown of the same sections come from the same blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mmesim import units
from mmesim.experiment.unknowns.unknowns import Unknowns, settings
from mmesim.preflight.finding import Finding
from mmesim.report import formats
from mmesim.report.blocks import Block, Cell, Column, Lines, Report, Section, Table, Title, cells, report
from mmesim.report.content import causes, run
from mmesim.report.content.cost import cost
from mmesim.report.content.events import in_order
from mmesim.report.content.expected import expectations
from mmesim.report.content.happened import happened
from mmesim.results.folder.folder import SCENARIO
from mmesim.results.folder.provenance import Provenance
from mmesim.results.folder.shown import HAPPENED, Kept
from mmesim.scenario.scenario import Scenario

BANDS = ("p50", "p90", "p99", "p99.9")
EVERY_RULE = "every rule of the simulation, with its source: docs/assumptions.md"
ALL_SETTINGS = "every setting of what AWS does not publish is tried by --robustness"


@dataclass(frozen=True)
class Chapter:
    """A section of a page: an anchor, a name for the list of sections, and blocks, whose first may be a title."""

    anchor: str
    name: str
    blocks: Section


def run_chapters(kept: Kept) -> tuple[Chapter, ...]:
    """The sections of the page of a run, in order."""
    summary = kept.summary
    return chapters(
        ("verdict", "Verdict", [*run.head(kept, summary), *expectations(kept, summary), *causes.binds(summary)]),
        ("latency", "Latency", [*run.latency(summary), *run.warm_and_cold(summary)]),
        ("ledger", "What latency is made of", run.ledger(summary, BANDS)),
        ("happened", "What happened", [*happened(summary), *_events(kept)]),
        ("tenants", "Tenants", _rows("Models, one by one", run.called(summary), run.tenant_rows(summary))),
        ("cache", "Cache", _rows("Models in memory", "", run.cache_rows(summary))),
        ("utilization", "Utilization", run.resources(kept, summary)),
        ("workers", "Workers", _workers(summary)),
        ("errors", "Errors", [*run.errors(summary), *causes.failed(summary)]),
        ("models", "Models", [Title("Models", run.called(summary))]),
        ("cost", "Cost", cost(summary, kept.scenario.endpoint)),
        ("findings", "Findings", _findings(summary)),
        ("robustness", "Robustness", list(run.robustness(summary)) or [Lines((f"not asked for: {ALL_SETTINGS}",))]),
        ("assumptions", "Assumptions", _assumed(kept)),
        ("scenario", "Scenario", [*origin(kept.provenance), *file(SCENARIO, kept.text)]),
    )


def chapters(*given: tuple[str, str, Iterable[Block]]) -> tuple[Chapter, ...]:
    """The sections that say something; no name in them forges a line."""
    made = [(anchor, name, report(blocks)) for anchor, name, blocks in given]
    return tuple(Chapter(anchor, name, found[0]) for anchor, name, found in made if found)


def in_one(given: Iterable[Chapter]) -> Report:
    """The same as a report, which is rendered as text or Markdown: each title begins a section of its own."""
    sections: list[Section] = []
    for chapter in given:
        blocks = chapter.blocks if isinstance(chapter.blocks[0], Title) else (Title(chapter.name), *chapter.blocks)
        begins = [place for place, block in enumerate(blocks) if isinstance(block, Title)]
        sections += [blocks[first:end] for first, end in zip(begins, [*begins[1:], len(blocks)], strict=True)]
    return tuple(sections)


def _rows(title: str, detail: str, named: Iterator[tuple[str, str]]) -> Iterator[Block]:
    rows = list(named)
    if rows:
        yield Title(title, detail)
        yield run.rows(rows)


def _events(kept: Kept) -> Iterator[Block]:
    """What happened to the fleet in the first replication, in order of time."""
    table = kept.tables.get(HAPPENED)
    if table is None:
        return
    first = table["replication"][0].as_py()
    yield from in_order([row for row in table.to_pylist() if row["replication"] == first])


def _workers(summary: Any) -> Iterator[Block]:
    """How busy workers are: all together, and those of the busiest model."""
    workers = summary["workers"]
    if workers["utilization"]["value"] is None:
        return
    rows = [(Cell("all"), formats.share_cell(workers["utilization"]))]
    if workers["busiest"]["value"] is not None:
        rows.append((Cell(f"of {workers['busiest_model']}, the busiest"), formats.share_cell(workers["busiest"])))
    yield Title("How busy workers are")
    yield Table((Column("workers"), Column("busy", "right")), tuple(rows))


def _findings(summary: Any) -> Iterator[Block]:
    """All findings, the worst first, then whether the figures can be trusted."""
    found = [Finding.model_validate(entry).line for entry in summary["findings"]]
    yield Lines(tuple(found) or ("none",), "list")
    yield from run.steady(summary)
    yield from run.self_check(summary["checks"])


def _assumed(kept: Kept) -> Iterator[Block]:
    yield from unpublished(kept.scenario)
    for rule, title in (("belief", "Believed, not known"), ("config", "Configuration of the model server")):
        yield from run.found(kept.summary, rule, title)
    yield Lines((EVERY_RULE,))


def unpublished(scenario: Scenario) -> Iterator[Block]:
    """What AWS does not publish: what was taken for it, and what else it could be."""
    used = Unknowns.of(scenario.endpoint)
    others: dict[str, list[str]] = {}
    here: dict[str, str] = {}
    for setting in settings(scenario):
        for field, _, shown in setting.overrides(used):
            others.setdefault(field, []).append(shown)
        here |= {field: shown for field, _, shown in used.overrides(setting)}
    taken = {
        "endpoint.router.policy": used.policy.value,
        "endpoint.router.misroute": units.show_fraction(used.misroute),
        "endpoint.router.placement": used.placement.value,
        "endpoint.load_slots": str(used.load_slots),
        "endpoint.usable_memory": units.show_bytes(used.usable_memory_bytes),
        "endpoint.cpu_speed": f"{used.cpu_speed:g}",
    }
    yield Title(
        "What AWS does not publish",
        "each is a parameter: `mmesim robustness` tries the other settings, where they matter",
    )
    columns = (Column("field"), Column("value here"), Column("other settings"))
    taken |= {field: here.get(field, "as given") for field in others if field not in taken}
    rows = [cells(field, one, ", ".join(dict.fromkeys(others.get(field, ())))) for field, one in taken.items()]
    yield Table(columns, tuple(rows))


def origin(known: Provenance, hashed: str = "scenario.yaml") -> Iterator[Block]:
    """Versions, command line, and what was simulated."""
    rows = [
        ("command", "called from Python" if known.command_line is None else " ".join(known.command_line)),
        ("mmesim", known.mmesim),
        ("Python", known.python),
        ("packages", ", ".join(f"{name} {version}" for name, version in known.packages.items())),
        ("platform", known.platform),
        ("seed", str(known.seed)),
        ("replications", units.show_count(known.replications)),
        ("written", f"{known.written_at:%Y-%m-%d %H:%M:%S} UTC"),
        (f"SHA-256 of {hashed}", known.scenario_sha256),
    ]
    rows += [(f"your {one.role}", f"{one.function} ({one.sha256 or 'no file'})") for one in known.user_code]
    yield Title("Where it comes from")
    yield run.rows(rows)


def file(name: str, text: str) -> Iterator[Block]:
    """A file, line by line."""
    yield Title(name)
    yield Lines(tuple(text.rstrip("\n").split("\n")), "verbatim")
