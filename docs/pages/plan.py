"""The page on the result of a plan: its folder, its document, its table of fleets."""

from __future__ import annotations

from docs.pages.markdown import code, page, table
from docs.pages.results import keys
from mmesim.results.answers.planned import Planned
from mmesim.results.tables.fleets import COLUMNS

PLAN = """
What `mmesim plan` writes to `results/NAME-plan/plan.json` and prints with `--json`: one JSON object, from which its
report, its table and its picture are made. Keys are never left out: what cannot be said is `null`. *A row* is a place
in `fleets`, counted from 0. Terms: [glossary](../glossary.md). How to read the answer:
[plan a fleet](../how-to/plan-a-fleet.md).
""".strip()
PLAN_FOLDER = (
    ("`plan.json`", "everything: [its keys](#planjson)"),
    ("`fleets.parquet`", "[one row a fleet](#fleetsparquet)"),
    ("`plan.png`", "what each fleet costs against the figure that decides; absent where nothing was simulated"),
    ("`scenario.yaml`", "the scenario with the answer for its fleet, for other commands; absent without an answer"),
    (
        "`model.json`, `endpoint-config.json`",
        "for `aws sagemaker create-model`, `create-endpoint-config`; same",
    ),
    ("`config.properties`", "the settings of the model server, for a container of your own; same"),
    ("`autoscaled.yaml`", "the scenario with the answer and autoscaling; absent without autoscaling"),
    (
        "`scalable-target.json`, `scaling-policy.json`",
        "for `aws application-autoscaling register-scalable-target`, `put-scaling-policy`; same",
    ),
    ("`provenance.json`", "[where the result comes from](tables.md#provenancejson)"),
)
FLEETS = """
## fleets.parquet

One row a fleet, in order of price. After `answer` (whether it is the one) come the fields of the grid, named as in
`--set`. Each line of `expect` has columns `LINE` (what decides, in its unit, shares 0..1), `LINE low` and `LINE high`
(95 % interval) and `LINE verdict`; with ` with ...` for what the fleet must withstand besides.
""".strip()


def plan_page() -> str:
    """The reference of the folder and the document of a plan, from its models."""
    columns = ((code(name), meaning) for name, (_, meaning) in COLUMNS.items())
    return page(
        "The result of a plan",
        PLAN,
        table(("File", "What"), PLAN_FOLDER),
        "The folder is written whole or not at all. An earlier plan of the same scenario in its place is replaced.",
        "## plan.json",
        table(("Key", "Type", "Meaning"), keys(Planned)),
        "The JSON Schema itself: `mmesim.results.answers.planned.planned_schema()`.",
        FLEETS,
        table(("Column", "Meaning"), columns),
    )
