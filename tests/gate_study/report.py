"""The figures of the gate study as tables, and which of them hold what they have to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmesim import __version__
from tests.coverage_study.judge import wilson
from tests.gate_study.cells import CELLS, SIZE, SMALL
from tests.gate_study.commanded import SEEDS
from tests.gate_study.drifts import DETECTED
from tests.gate_study.questions import GATES
from tests.perf.tables import table

BEGIN = "<!-- study: written by `make gate-study` -->"
END = "<!-- end of study -->"

MOST_WRONG = 0.05
"""Share of gates on the edge that may be wrong, 100 of 2,000."""
POWER = 0.9
FOUND = 0.95
"""Share of gates that have to find a service time which moves p99 by 3 %."""
EDGE = ("cell", "share", "skewness", "none", "L", "wrong passes", "wrong fails")
ANSWERS = {True: "yes", False: "**no**", None: "-"}


@dataclass(frozen=True)
class Study:
    """What was counted."""

    cells: Mapping[str, Mapping[str, Any]]
    commanded: Sequence[Mapping[str, Any]]
    moved: Mapping[str, Any]
    gap: Sequence[Mapping[str, Any]]


def text(study: Study) -> str:
    """The whole generated part."""
    return "\n\n".join([*_begin(study), *_cells(study), *_moved(study.moved), *_gap(study.gap), *_commanded(study)])


def unfinished(study: Study) -> list[str]:
    """What has fewer replications or gates than it is to have."""
    short = [f"{name}: {one['pools'][0]:,} replications" for name, one in study.cells.items() if one["pools"][0] < SIZE]
    few = {_gates(one["pass"]["edge"]) for one in study.cells.values()}
    short += [f"{count:,} gates a question" for count in few if count < GATES]
    fewest = min(one["tally"]["pools"][-1] for one in study.gap)
    short += [f"in the gap: {fewest:,} replications"] if fewest < SMALL else []
    seeds = {sum(one["command"]["counts"].values()) for one in study.commanded} or {0}
    return short + [f"{count} gates through the command" for count in seeds if count < SEEDS]


def _begin(study: Study) -> list[str]:
    left = unfinished(study)
    told = (
        [f"**Not finished: {'; '.join(left)}. They are to be {SIZE:,} ({SMALL:,} in the gap), {GATES:,} and {SEEDS}.**"]
        if left
        else []
    )
    return [f"mmesim {__version__}.", *told]


def _gates(tally: Mapping[str, Any]) -> int:
    return sum(tally["counts"].values())


def _share(count: int, of: int) -> str:
    low, high = wilson(count, of)
    return f"{count:,} of {of:,} ({100 * low:.1f} to {100 * high:.1f} %)"


def _cells(study: Study) -> list[str]:
    edge, power, cost = [], [], []
    for cell in CELLS:
        one = study.cells[cell.title]
        name = f"{cell.title}, {cell.population.expect[cell.line].split()[2]} ms"
        described = f"{100 * one['share']:.3g} %", f"{one['skewness']:.1f}", f"{100 * one['none']:.0f} %"
        wrong = {verdict: one[verdict]["edge"]["counts"][verdict] for verdict in ("pass", "fail")}
        of = _gates(one["pass"]["edge"])
        good = None if cell.heavier else max(wrong.values()) <= MOST_WRONG * of
        length = f"{one['pass']['edge']['length']:.1f}"
        edge.append((name, *described, length, _share(wrong["pass"], of), _share(wrong["fail"], of), ANSWERS[good]))
        right = {verdict: one[verdict]["power"] for verdict in ("pass", "fail")}
        counts = {verdict: right[verdict]["counts"][verdict] for verdict in right}
        of = _gates(right["pass"])
        strong = None if cell.heavier else min(counts.values()) >= POWER * of
        power.append((name, _share(counts["pass"], of), _share(counts["fail"], of), ANSWERS[strong]))
        for verdict in ("pass", "fail"):
            used = right[verdict]
            cost.append(
                (
                    name,
                    "half: pass" if verdict == "pass" else "twice: fail",
                    f"{used['replications']:.1f}",
                    str(one[verdict]["fixed"]),
                    f"{used['short']:,.0f}",
                    f"{100 * (used['replications'] / one[verdict]['fixed'] - 1):+.0f} %",
                )
            )
    return [
        "### On the edge",
        table(
            (
                "cell",
                "share",
                "skewness",
                "none",
                "L",
                "wrong passes",
                "wrong fails",
                f"at most {100 * MOST_WRONG:g} %",
            ),
            edge,
        ),
        "### With the truth at half and at twice of what is allowed",
        table(("cell", "half: passes", "twice: fails", f"at least {100 * POWER:g} %"), power),
        "### Replications",
        table(("cell", "truth", "gate, on average", "one look, at most 80", "short replications", "difference"), cost),
    ]


def _moved(found: Mapping[str, Any]) -> list[str]:
    tally = found["tally"]
    fails, of = tally["counts"]["fail"], _gates(tally)
    return [
        "### A service time that moves p99 by 3 %",
        f"`scenarios/ci/warm.yaml` has a p99 of {found['p99_ms']:.2f} ms, which becomes the limit: "
        f"`{found['limit']}`, one of {found['lines']} lines. With a mean service time "
        f"of {found['service_ms']:.2f} ms in place of 12 ms it is "
        f"{found['moved_ms']:.2f} ms: {100 * found['share']:.3f} % of the calls are slower than the limit, "
        f"{100 * found['beyond']:.3f} % than the limit with its tolerance. Of the gates, {_share(fails, of)} fail, "
        f"after {tally['replications']:.1f} replications on average. At least {100 * FOUND:g} %: "
        f"{ANSWERS[fails >= FOUND * of]}.",
    ]


def _gap(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    today = rows[0]["share"]
    shown, detected = [], []
    for row in rows:
        fails, of = row["tally"]["counts"]["fail"], _gates(row["tally"])
        shown.append((f"{100 * row['share']:.3f} %", f"{100 * (row['share'] / today - 1):+.0f} %", _share(fails, of)))
        if fails >= DETECTED * of:
            detected.append(row["share"])
    smallest = f"{100 * (min(detected) / today - 1):.0f} %" if detected else "larger than those that were tried"
    return [
        "### In the gap",
        table(("share of slow calls", "beside today's", "fails"), shown),
        f"The smallest change that {100 * DETECTED:g} % of the gates find is {smallest} of the share.",
    ]


def _commanded(study: Study) -> list[str]:
    rows = []
    for one in study.commanded:
        command, drawn = one["command"], one["drawn"]
        of, gates = sum(command["counts"].values()), _gates(drawn)
        expected = {verdict: of * count / gates for verdict, count in drawn["counts"].items()}
        verdicts = [f"{command['counts'][verdict]} / {count:.1f}" for verdict, count in expected.items()]
        value = f"{100 * command['value']:.3g} ± {100 * command['error']:.1g} %"
        replications = f"{command['replications']:.1f} / {drawn['replications']:.1f}"
        rows.append((one["cell"], f"`{one['line']}`", *verdicts, replications, value, f"{100 * one['share']:.3g} %"))
    head = ("cell", "line", "pass", "fail", "undecided", "replications", "share", "in the pool")
    return ["### Through the command", table(head, rows)] if rows else []
