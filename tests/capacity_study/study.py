"""Random M/M/c queues whose capacity Erlang C knows: `python -m tests.capacity_study.study --problems 40`.

Each queue has 1 to 6 servers, a limit of p90, p95 or p99 between 1.3 and 4 times what a call that does not wait needs
for it, and between a fifth and 1.3 times the traffic that it carries. A problem that is finished stays in the folder.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import brentq

from mmesim.analytic.erlang import mmc_sojourn_exceeds
from mmesim.experiment.capacity.capacity import capacity
from mmesim.scenario import Scenario
from tests.coverage_study.judge import wilson
from tests.perf.tables import splice

CALLS = 20_000
"""Of a short replication."""
BEGIN, END = "<!-- study -->", "<!-- end of study -->"


@dataclass(frozen=True)
class Problem:
    """A queue, and the traffic with which the search begins."""

    servers: int
    service_s: float
    percentile: float
    limit_s: float
    rate_per_s: float

    @classmethod
    def drawn(cls, number: int) -> Problem:
        """Problem `number` of the study."""
        rng = np.random.default_rng((20261127, number))
        servers, service_s = int(rng.integers(1, 7)), float(rng.uniform(0.02, 0.1))
        percentile = float(rng.choice([90.0, 95.0, 99.0]))
        alone_s = -service_s * math.log(1.0 - percentile / 100.0)
        limit_s = round(alone_s * float(rng.uniform(1.3, 4.0)), 4)
        carried = _carried(servers, service_s, percentile, limit_s)
        return cls(servers, service_s, percentile, limit_s, carried * float(rng.uniform(0.2, 1.3)))

    @property
    def truth(self) -> float:
        """The factor of its traffic that it carries."""
        return _carried(self.servers, self.service_s, self.percentile, self.limit_s) / self.rate_per_s

    @property
    def scenario(self) -> Scenario:
        """The queue, in which nothing else takes time."""
        return Scenario.from_dict(
            {
                "name": "queue",
                "endpoint": {
                    "vcpu": 8,
                    "memory": "16 GiB",
                    "warm": True,
                    "invocation_timeout": "1 h",
                    "router": {"policy": "sticky", "overhead": "0 ms", "spill_at": 1000000},
                },
                "server": {"overhead": "none", "process_start": {"cpu": "0 s"}, "job_queue_size": 1000000},
                "models": {
                    "name": "queue",
                    "workers": self.servers,
                    "artifact_size": "0 B",
                    "memory": "1 MiB",
                    "load": {"cpu": "0 s"},
                    "service": {"wait": {"exponential": {"mean": f"{self.service_s!r} s"}}},
                },
                "traffic": {"arrivals": {"poisson": {"rate": f"{self.rate_per_s!r} /s"}}},
                "clients": {"timeout": "1 h", "network": "0 ms"},
                "run": {"duration": f"{round(CALLS / self.rate_per_s)} s", "warmup": f"{100 * self.service_s!r} s"},
                "expect": [f"p{self.percentile:g} < {self.limit_s!r} s"],
            }
        )


def _carried(servers: int, service_s: float, percentile: float, limit_s: float) -> float:
    """The rate at which exactly this percentile of the calls takes the limit, calls a second."""
    most = servers / service_s
    found = brentq(
        lambda rate: mmc_sojourn_exceeds(rate, service_s, servers, limit_s) - (1.0 - percentile / 100.0),
        1e-6 * most,
        most * (1.0 - 1e-9),
    )
    return float(found)


@dataclass(frozen=True)
class Solved:
    """What was found of a problem; the ends are None where they were not."""

    truth: float
    largest: float | None
    smallest_failing: float | None
    replications: int
    requests: int

    @property
    def wrong(self) -> bool:
        """Whether an end lies on the wrong side of the truth."""
        below = self.largest is not None and self.largest > self.truth
        return below or (self.smallest_failing is not None and self.smallest_failing < self.truth)

    @property
    def width(self) -> float | None:
        """Of the gap, relative to the truth; None without both ends."""
        if self.largest is None or self.smallest_failing is None:
            return None
        return (self.smallest_failing - self.largest) / self.truth


def solved(number: int, folder: Path) -> Solved:
    """A problem, from the folder where it was solved before."""
    file = folder / f"{number}.json"
    if file.exists():
        return Solved(**json.loads(file.read_text(encoding="utf-8")))
    problem = Problem.drawn(number)
    found = capacity(problem.scenario, of="traffic")
    one = Solved(problem.truth, found.largest, found.smallest_failing, found.replications, found.requests)
    file.write_text(json.dumps(asdict(one)), encoding="utf-8")
    return one


def told(found: list[Solved]) -> str:
    """The table of the page."""
    count = len(found)
    widths = sorted(one.width for one in found if one.width is not None)
    rows = [
        ("both ends on their side of the truth", sum(not one.wrong for one in found)),
        ("both ends found", len(widths)),
    ]
    lines = ["| Of all queues | Count | Share (95 % interval, Wilson) |", "|---|---|---|"]
    for name, number in rows:
        low, high = wilson(number, count, 0.95)
        lines.append(f"| {name} | {number} of {count} | {number / count:.1%} ({low:.1%} to {high:.1%}) |")
    middle, wide = (widths[min(len(widths) - 1, int(share * len(widths)))] for share in (0.5, 0.9))
    replications = sorted(one.replications for one in found)[count // 2]
    lines += [
        "",
        f"Width of the gap: {middle:.1%} of the truth in the median, at most {wide:.1%} in 90 % of the queues;",
    ]
    lines.append(f"{replications:,} short and long replications in the median.")
    return "\n".join(lines).replace("%}", " %}").replace("%", " %").replace("  %", " %")


def main() -> None:
    """Solve what is not solved, print the table, and write it into a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=40)
    parser.add_argument("--folder", type=Path, default=Path(".capacity-study"))
    parser.add_argument("--page", type=Path, default=None)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    table = told([solved(number, asked.folder) for number in range(asked.problems)])
    sys.stdout.write(f"{table}\n")
    if asked.page is not None:
        document = asked.page.read_text(encoding="utf-8")
        asked.page.write_text(splice(document, table, BEGIN, END), encoding="utf-8")


if __name__ == "__main__":
    main()
