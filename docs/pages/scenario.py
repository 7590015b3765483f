"""The page on scenario files."""

from __future__ import annotations

import inspect

from docs.pages.fields import Section, sections
from docs.pages.markdown import code, page, table
from mmesim import units
from mmesim.results.figures.selected import FEWEST_CALLS
from mmesim.scenario.clients.causes import FAILURES, Cause, Failure
from mmesim.scenario.clients.retries import BotoLegacy, BotoStandard
from mmesim.scenario.figures import BANDS, PARTS
from mmesim.scenario.file.spellings import TABLE
from mmesim.scenario.models.csv_table import COLUMNS
from mmesim.scenario.run.expect import EXAMPLES
from mmesim.scenario.run.expected import COSTS, EXPECTED, OF_CALLS, OF_LIMIT

INTRODUCTION = """
A scenario is one YAML file (YAML 1.2: `on` and `12:30` are text, `1e3` is a number, a duplicate key is an error;
anchors and merge keys, `<<: *name`, are read).
`mmesim validate FILE` reports every mistake with its line, `mmesim schema` prints the JSON Schema of this page,
`mmesim init` writes a commented file to start from. Where a rule comes from: [assumptions](../assumptions.md).

- A quantity has its unit: `250 ms`, not `0.25`. Only 0 needs none.
- `extends: base.yaml` puts a file over another: maps merge, lists and grids replace, `models`, `traffic`, `faults` and
  `deploys` merge by `name`; `faults: []` empties the list.
- `--set plan.grid="{endpoint.instance_count: 1..9}"` is the whole grid; `--set plan.grid.endpoint.instance_count=1..9`
  is one of its fields, beside those of the file. So it is for `sweep.grid`.
- `--set deploys="[{name: new-image, at: 10 min}]"` gives the whole list, as for every list: those of the file are gone.
- `--set endpoint.instance_count=6` puts one value over the file; `--set models.tenant.memory="60 MiB"` names an item of
  a list. `--set models.tenant.memory=@measured.json:rss` reads the value from a JSON file, where it has its unit
  (`"46 MiB"`), or the unit follows: `--set models.tenant.memory="@measured.json:rss B"`.
- Paths are relative to the file in which they stand.
- (U): a platform unknown. AWS does not publish it.
""".strip()

DISTRIBUTIONS = (
    ("constant", "20 ms"),
    ("exponential", "{exponential: {mean: 20 ms}}"),
    ("lognormal, gamma, Weibull; cv is standard deviation / mean", "{lognormal: {mean: 12 ms, cv: 0.8}}"),
    ("uniform", "{uniform: {low: 10 ms, high: 30 ms}}"),
    ("one of these, each as likely", "{empirical: [10 ms, 12 ms, 40 ms]}"),
    (
        "straight lines between percentiles; outside them the first and the last",
        "{percentiles: {50: 10 ms, 99: 80 ms}}",
    ),
)

BELIEFS = (
    (
        "certainly between the ends, most likely `mid`, which a run uses: PERT, a beta distribution with mean "
        "(low + 4 mid + high) / 6 (Malcolm et al. 1959); rounded if all three are whole numbers without a unit",
        "{uncertain: {low: 40 MiB, mid: 50 MiB, high: 80 MiB}}",
    ),
    ("each value as likely; a run uses the middle", "{uncertain: {uniform: {low: 10 ms, high: 30 ms}}}"),
    ("a run uses the median", "{uncertain: {lognormal: {mean: 12 ms, cv: 0.3}}}"),
    ("what is above 0 of it; a run uses the median", "{uncertain: {normal: {mean: 120 /s, sd: 30 /s}}}"),
)

COLUMN_TEXTS = {
    "name": "name of the model (needed)",
    "group": "group, for `traffic.models`",
    "service": "CPU time of one call, mean",
    "service_cv": "with it the CPU time is lognormal",
    "service_wait": "time of one call that only passes",
    "load_cpu": "CPU time of one worker's load",
    "load_wait": "waiting time of one worker's load",
}


def scenario_page() -> str:
    """The reference of scenario files."""
    return page(
        "Scenario file",
        INTRODUCTION,
        *(_section(section) for section in sections()),
        _expect(),
        _quantities(),
        "## Times and distributions\n\n"
        "Where a time may be a distribution, it varies from call to call (or from load to load).\n\n"
        + table(("Form", "Example"), ((form, code(example)) for form, example in DISTRIBUTIONS)),
        _beliefs(),
        _columns(),
        _causes(),
        _refused(),
    )


def _section(section: Section) -> str:
    title = f"## {section.path}" if section.path else "## The file"
    about = inspect.cleandoc(section.about) if section.path else "Keys of the file itself."
    rows = ((code(key.path.rpartition(".")[2]), key.kind, _default(key.default), key.meaning) for key in section.keys)
    return f"{title}\n\n{about}\n\n{table(('Key', 'Type', 'Default', 'Meaning'), rows)}"


def _default(text: str) -> str:
    return text if text in ("", "required", "catalogue", "preset", "see below") else code(text)


CALLS = f"""
The words behind the figure say which calls are meant; {", ".join(map(code, OF_CALLS))} can have them.

- `warm`: the call reached a host and none of its attempts waited for a load; `cold`: one did. A call that failed before
  it reached a host counts in both.
- `of GROUP`: calls for a group of models, or for one model.
- `in 8 h..9 h`: calls that begin in this time, counted from the start of the run; not in the warm-up.
- `in every 5 min`: each window of this length must pass, the first at the end of the warm-up. A window with fewer than
  {FEWEST_CALLS} such calls a replication is joined with the next, and the report says so.
- `after NAME`: calls that begin after the beginning of a fault or a deploy with a fixed time (`at`), to the end of the
  run; with `in 0 min..10 min after NAME` times count from there, with `in every 5 min after NAME` the first window
  begins there.

These calls are counted one by one during the run, so limits are exact. Without any such call the line is undecided, but
a limit of the latency fails when every call of the run failed.

`recovery after NAME < 5 min`: from the beginning of a fault or a deploy to the minute from which on the upper limits of
latency and `error_rate` in `expect` are kept again for good: until the next fault or deploy, or the end of the run. A
limit with `in` counts in the whole minutes of its time, one `after NAME` in those after that event, and for no other
event. No minute after it breaks one for sure, with so many bad calls as come by chance in less
than one of a thousand minutes that keep it, and all calls after it together keep them. 0 when none was broken; of
several in one replication the slowest counts. It is a time per replication, to the minute; one in which a limit is
still broken in the end is slower than every limit, one without the fault says nothing.
""".strip()


def _expect() -> str:
    simple = {
        kind: ", ".join(
            code(name) for name, kinds in EXPECTED.items() if kinds == (kind,) and "." not in name.strip("p.9")
        )
        for kind in ("ms", "share", "rate", "count")
    }
    parts = ", ".join(code(name) for name in EXPECTED if name.startswith(("tenants.", "workers.")))
    rows = (
        ("a time", simple["ms"], code(EXAMPLES[0])),
        ("a share, always with %", f"{simple['share']}, {parts}", code(EXAMPLES[2])),
        (
            "a rate, over the measured time",
            f"{simple['rate']}, `requests.total`, `requests.ok`, `requests.errors.CAUSE`, `attempts.total`, "
            "`attempts.retries`, `attempts.causes.CAUSE`",
            code("loads < 200 /h"),
        ),
        ("a number", f"{simple['count']}, {code(OF_LIMIT)}", code(f"{OF_LIMIT} < 30000")),
        ("a share of the limit", code(OF_LIMIT), code(f"{OF_LIMIT} < 80 % of limit")),
        ("US dollars", ", ".join(map(code, COSTS)), code("cost.month < 1000 USD")),
        ("a time, or a share of its band", "`ledger.BAND.PART`", code("ledger.p99.load < 30 %")),
    )
    return (
        "## expect\n\nA list of lines `FIGURE [warm | cold] [of GROUP] [in 8 h..9 h | in every 5 min] [after NAME] < "
        "LIMIT`, also `<=`, `>`, `>=`. FIGURE is the path of a figure in [summary.json](summary.md) without its "
        "unit.\n\n"
        f"{table(('Limit', 'Figures', 'Example'), rows)}\n\n"
        f"CAUSE: {', '.join(code(cause) for cause in Cause)}. BAND: {', '.join(map(code, BANDS))}. "
        f"PART: `mean`, {', '.join(map(code, PARTS))}. A replication without such a band leaves it undecided.\n\n"
        f"{CALLS}\n\n"
        "A call that failed is slower than every limit; one that takes exactly as long as a limit is not slower, "
        "so `p99 < 100 ms` passes where every call takes 100 ms. `mmesim validate` says in words what each line means, "
        "and notes a line that says nothing more than another. Lines that can never hold, alone or together, are "
        "refused. "
        "How they are decided: [design](../design.md#results)."
    )


def _quantities() -> str:
    rows = (
        ("time", "ns, us, ms, s, min, h, d", "250 ms"),
        ("size", "B, kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (powers of 1024)", "1.5 GiB"),
        ("rate", "/ms, /s, /min, /h, /d", "120 /s"),
        ("bandwidth", "a size /s, or bit/s, kbit/s, Mbit/s, Gbit/s, Tbit/s", "1.25 Gbit/s"),
        ("share", "%, or a bare number from 0 to 1", "80 %"),
        ("amount of US dollars", "USD", "0.23 USD"),
    )
    readers = (units.seconds, units.bytes_, units.rate, units.bandwidth, units.fraction, units.usd)
    for (_, _, example), read in zip(rows, readers, strict=True):
        read(example)
    return "## Quantities\n\n" + table(("Type", "Units", "Example"), ((a, b, code(c)) for a, b, c in rows))


def _beliefs() -> str:
    return (
        "## Beliefs\n\nA distribution of times says that they vary. What does not vary but is not known is marked: "
        "`uncertain` may stand in place of a number, time, size, rate or share of endpoint, server, models, traffic "
        "and clients. A run uses the middle value and says so; `mmesim uncertain` shows what depends on it. All "
        "numbers of a belief have one unit.\n\n"
        + table(("Form", "Example"), ((form, code(example)) for form, example in BELIEFS))
    )


def _columns() -> str:
    rows = ((code(name), COLUMN_TEXTS.get(name, f"as `models.{name}`")) for name in COLUMNS)
    return (
        "## Table of models\n\n`models: {file: models.csv}` reads a CSV table with one model a row. An empty cell "
        "takes the value of the group. A unit may stand in the header, as in `memory [MiB]`, and then goes with bare "
        "numbers.\n\n" + table(("Column", "Meaning"), rows)
    )


def _causes() -> str:
    def retried(failure: Failure) -> str:
        modes = {BotoLegacy.form: failure.legacy, BotoStandard.form: failure.standard}
        return ", ".join(code(mode) for mode, retries in modes.items() if retries)

    rows = (
        (code(cause), failure.when, failure.container, failure.client, retried(failure))
        for cause, failure in FAILURES.items()
    )
    return (
        "## Causes of failure\n\nWhy an attempt fails. Your own rule (`clients.retries`) retries the causes that it "
        "names.\n\n" + table(("Cause", "When", "Container answers", "Client sees", "Retried by"), rows)
    )


def _refused() -> str:
    rows = ((code(".".join(spelling.place)), spelling.message, code(spelling.write)) for spelling in TABLE)
    return "## Keys that are refused\n\nWhat some files have, and what to write instead.\n\n" + table(
        ("Key", "Why", "Instead"), rows
    )
