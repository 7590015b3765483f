"""A first scenario for the traffic of a log: what the log tells as facts, what it cannot tell as beliefs."""

from __future__ import annotations

import math
import re
import textwrap

from mmesim import units
from mmesim.workload.trace.describe.describe import Description
from mmesim.workload.trace.describe.durations import Durations, Work, believed_work

INSTANCE_TYPE, VCPUS = "ml.m5.xlarge", 4
BUSY, MOST_HOSTS = 0.5, 20
"""Share of the CPU that the busiest minute may take, and the most hosts that are proposed for it."""
WIDTH = 100
"""Columns of the text."""
HELD = 60
"""About how many models a host holds, each a process with the memory that is believed first."""


def first_scenario(found: Description, took: Durations | None, name: str, trace: str, table: str) -> str:
    """The text of a scenario that runs at once and replays the whole log.

    `trace` are the lines of the key `trace`, indented for their place; `table` is the file of the models.
    """
    work = believed_work(took)
    wanted = max(1, math.ceil(_busy_vcpus(found.peak_per_min, work) / (BUSY * VCPUS)))
    hosts = min(wanted, MOST_HOSTS)
    calls, models = _phrase(found.requests, "call"), _phrase(found.models, "model")
    return _TEXT.format(
        name=name,
        about=_comment(
            f"Written by `mmesim init --from`. The traffic is that of the log: {calls} of {models} in "
            f"{units.show_seconds(found.span_s)}. What no log can tell is marked `uncertain`: a run uses `mid`, "
            "`mmesim uncertain FILE` says how much of the answer depends on it and what to measure first. Replace "
            "`{uncertain: ...}` by what you have measured.",
            0,
        ),
        fleet=_comment(_fleet(found.peak_per_min, work, hosts, wanted), 2),
        most=2 * min(max(wanted, math.ceil(found.models / HELD)), MOST_HOSTS),
        type=INSTANCE_TYPE,
        hosts=hosts,
        table=table,
        told=_comment(_told(took, work), 2),
        service=_service(work),
        trace=trace,
        # Another replication may spread the calls further inside the grid of the log.
        duration=math.floor(found.span_s + (0.0 if found.grid is None else found.grid.unit_s)) + 1,
    )


def _busy_vcpus(peak_per_min: int, work: Work) -> float:
    """How many vCPUs the busiest minute keeps busy on average."""
    return peak_per_min / 60.0 * work.mean_s[1]


def _fleet(peak_per_min: int, work: Work, hosts: int, wanted: int) -> str:
    """Why there are so many hosts."""
    share = units.show_fraction(_busy_vcpus(peak_per_min, work) / (hosts * VCPUS))
    many = f"; {wanted:,} would take them with {units.show_fraction(BUSY)}, {hosts} are written"
    return (
        f"{_phrase(peak_per_min, 'call')} in the busiest minute take {share} of the CPU of "
        f"{'this host' if hosts == 1 else 'these hosts'}, if `service` is right{many if wanted > hosts else ''}."
    )


def _phrase(count: int, noun: str) -> str:
    """A count with its noun: `1 model`, `2,000 models`."""
    return f"{units.show_count(count)} {noun}{'' if count == 1 else 's'}"


def _told(took: Durations | None, work: Work) -> str:
    """What the log says of how long calls take."""
    if took is None:
        return "The log does not say how long calls took: this is a guess."
    p10, p50, p99 = (units.show_seconds(value) for value in (took.p10_s, took.p50_s, took.p99_s))
    spread = "" if work.cv is None else " `mean` and `cv` are those of the faster half, which waited least."
    return (
        f"The calls of the log took, queues and loads included: p10 {p10}, p50 {p50}, p99 {p99}.{spread} "
        "Compare p50 and p99 with those of a run."
    )


def _service(work: Work) -> str:
    """The lines below the key `cpu`."""
    mean = _believed(*(_ms(value) for value in work.mean_s))
    if work.cv is None:
        return f" {mean}"
    cv = _believed(*(_three(value) for value in work.cv))
    return f"\n      lognormal:\n        mean: {mean}\n        cv: {cv}"


def _believed(low: str, mid: str, high: str) -> str:
    return f"{{uncertain: {{low: {low}, mid: {mid}, high: {high}}}}}"


def _ms(time_s: float) -> str:
    return f"{_three(time_s * 1e3)} ms"


def _three(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{float(f'{value:.3g}'):.15g}"


def _comment(text: str, indent: int) -> str:
    """Comment lines, as wide as an editor's window."""
    before = " " * indent + "# "
    text = re.sub(r"(?<=\d) (?=(?:ms|s|min|h|d)\b)", "\xa0", text)  # a number stays with its unit
    filled = textwrap.fill(
        text, WIDTH, initial_indent=before, subsequent_indent=before, break_on_hyphens=False, break_long_words=False
    )
    return filled.replace("\xa0", " ")


_TEXT = """\
# yaml-language-server: $schema=scenario.schema.json
{about}

name: {name}

endpoint:
{fleet}
  instance_type: {type}
  instance_count: {hosts}
  warm: true                    # models are loaded at the start, as far as they fit

models:
  # One row a model: name, calls, columns to fill in; an empty cell takes what stands here.
  file: {table}
  # Or xgboost, sklearn, tensorflow, pytorch: it decides memory and threads of a process.
  framework: python
  # Measure: size of model.tar.gz in S3.
  artifact_size: {{uncertain: {{low: 10 MB, mid: 50 MB, high: 300 MB}}}}
  # Measure: memory (RSS) of a worker process with the model loaded, less that of one without.
  memory: {{uncertain: {{low: 20 MiB, mid: 100 MiB, high: 600 MiB}}}}
  # Measure: time in the handler on an idle host, without queues and loads.
{told}
  # `cpu` is work of a processor, `wait` is time without one, such as that of a GPU or of a network.
  service:
    cpu:{service}

traffic:
  - trace:
{trace}

run:
  duration: {duration} s
  warmup: 0 s
  replications: 3
  seed: 1

expect:                         # change it to what you promise
  - p99 < 1 s
  - error_rate < 0.1 %

# `mmesim plan` finds the cheapest of these fleets that keeps it in nine of ten values that are
# possible. Measure first: as long as they may be anything, it takes long, and asks for much. With
# `--middle` it takes the middle values for true: quick, and only as good as they are.
plan:
  grid:
    endpoint.instance_count: 1..{most}
    # endpoint.instance_type: [ml.m5.large, ml.m5.xlarge, ml.r5.large]
"""
