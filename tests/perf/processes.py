"""Tables of what runs in processes of its own: memory, a whole day, two cores, a cluster, the start of a command."""

from __future__ import annotations

from collections.abc import Sequence

from tests.perf import phases
from tests.perf.figures import Bench, Goal, at_most, growth, number
from tests.perf.tables import table

MEBIBYTE = 2**20
DAY_CALLS = 86.4e6
DAY_MIB = Goal(350.0, low=True)
DAYS = (
    ("day", "calls that are drawn", Goal(40.0, low=True)),
    ("day-trace", "calls of a sorted Parquet trace", Goal(60.0, low=True)),
)
"""Case, what is simulated, goal for the CPU time of a day in seconds."""
TWO_CORES = Goal(1.7)
COMPILE_S = Goal(25.0, low=True)
HELP_S = Goal(0.2, low=True)
QUICKSTART_S = Goal(2.0, low=True)
WRITING_S = Goal(0.3, low=True)
QUICKSTART_MIB = Goal(300.0, low=True)
FLAT_BYTES = 1.0
"""Memory is called flat when it grows by less than this for each further request."""


def tables(bench: Bench) -> list[str]:
    """All of them."""
    return [_memory(bench), _days(bench), _spread(bench), _starts(bench), _quickstart(bench)]


def _memory(bench: Bench) -> str:
    samples = bench.of("memory")
    rows = [
        (
            number(sample.units),
            f"{sample.facts['peak_bytes'] / MEBIBYTE:.0f}",
            number(1e6 * sample.facts["cpu_s"] / sample.units),
        )
        for sample in samples
    ]
    each = growth(samples, "peak_bytes")
    text = f"Each further request takes {each:.2f} bytes. Goal, flat (below {FLAT_BYTES:g} byte): "
    head = ("requests", "peak memory, MiB", "µs of CPU time a request")
    return f"{table(head, rows)}\n\n{text}{at_most(each, FLAT_BYTES)}."


def _days(bench: Bench) -> str:
    rows = []
    for case, what, goal in DAYS:
        (sample,) = bench.of(case)
        whole = sample.units > 0.99 * DAY_CALLS
        peak_mib = sample.facts["peak_bytes"] / MEBIBYTE
        rows.append(
            (
                what,
                number(sample.units),
                number(sample.facts["cpu_s"]),
                goal.verdict(sample.facts["cpu_s"]) if whole else "",
                number(peak_mib),
                DAY_MIB.verdict(peak_mib) if whole else "",
            )
        )
    return table(("a day, 40 hosts, 10,000 models", "calls", "s of CPU time", "goal", "peak memory, MiB", "goal"), rows)


def _spread(bench: Bench) -> str:
    (two,), (four,) = bench.of("two-cores"), bench.of("dask")
    rows = [
        (
            f"two processes / one, {number(two.facts['replication_1_s'])} s a replication: time on the clock",
            number(two.facts["ratio"]),
            TWO_CORES.verdict(two.facts["ratio"]),
        ),
        (
            "4 worker processes of Dask / 4 of mmesim's own: time on the clock",
            number(four.facts["ratio"]),
            "",
        ),
        ("the same, what a replication takes longer, s", number(four.facts["longer_s"]), ""),
    ]
    return table(("replications at the same time", "measured", "goal"), rows)


def _starts(bench: Bench) -> str:
    def fact(what: str, case: str, cpu: str, wall: str, goal: Goal | None = None) -> tuple[str, ...]:
        cpu_s = bench.fact(case, cpu)
        return what, number(cpu_s), number(bench.fact(case, wall)), "" if goal is None else goal.verdict(cpu_s)

    def process(what: str, case: str, goal: Goal | None = None) -> tuple[str, ...]:
        cpu_s = bench.middle(case, lambda sample: sample.cpu_s)
        wall_s = bench.middle(case, lambda sample: sample.wall_s)
        return what, number(cpu_s), number(wall_s), "" if goal is None else goal.verdict(cpu_s)

    rows = [
        fact("kernel, first time: compiled", "start-first", "kernel_cpu_s", "kernel_s", COMPILE_S),
        fact("Cimba's Python package: M/M/4 compiled", "queue-cimba", "compile_cpu_s", "compile_s"),
        fact("kernel, later: loaded from the cache", "start-later", "kernel_cpu_s", "kernel_s"),
        process("process that imports mmesim and loads the kernel", "start-later"),
        process("`mmesim --help`", "help", HELP_S),
    ]
    return table(("seconds", "of CPU time", "on the clock", "goal"), rows)


def _quickstart(bench: Bench) -> str:
    names = [phases.IMPORTS, *phases.PARTS, phases.REST]

    def median_of(what: str, of: Sequence[str]) -> float:
        return bench.middle("quickstart", lambda sample: sum(sample.facts[f"{part} {what}"] for part in of))

    def row(title: str, of: Sequence[str], goal: Goal | None = None) -> tuple[str, ...]:
        wall_s = median_of("wall_s", of)
        return title, number(median_of("cpu_s", of)), number(wall_s), "" if goal is None else goal.verdict(wall_s)

    peak_mib = bench.middle("quickstart", lambda run: max(run.facts[f"{part} peak_bytes"] for part in names)) / MEBIBYTE
    rows = [
        *(row(name, (name,)) for name in names),
        row("report and folder", ("report", "folder"), WRITING_S),
        row("all", names, QUICKSTART_S),
    ]
    text = f"Peak memory {number(peak_mib)} MiB. Goal, {QUICKSTART_MIB.verdict(peak_mib)}."
    head = ("`mmesim run scenarios/quickstart.yaml`", "s of CPU time", "on the clock", "goal")
    return f"{table(head, rows)}\n\n{text}"
