"""Which options apply: at all, and to some models."""

from __future__ import annotations

from mmesim import units
from mmesim.experiment.split import containers
from mmesim.experiment.split.candidates import Leaving
from mmesim.experiment.split.fleets import MOST_COMPONENTS, MOST_CONTAINERS, MOST_DEDICATED
from mmesim.experiment.split.serverless import price_per_gib_second
from mmesim.results.answers.split import NotTried
from mmesim.scenario.run.split import Option, Split
from mmesim.scenario.scenario import Scenario

MOST: dict[str, int] = {
    "dedicated": MOST_DEDICATED,
    "components": MOST_COMPONENTS,
    "multi_container": MOST_CONTAINERS,
}
"""Option -> models that it may have."""


def wanted_options(wanted: Split, region: str) -> tuple[list[Option], list[NotTried]]:
    """The options that are tried, and those that are not, with the keys that would add each."""
    options = list(wanted.options)
    if "serverless" not in options:
        return options, []
    lacking = [f"split.serverless.{key}" for key in wanted.serverless.lacking]
    if price_per_gib_second(wanted.serverless, region) is None:
        lacking.append("split.serverless.price_per_gb_second")
    if not lacking:
        return options, []
    options.remove("serverless")
    reason = f"AWS publishes no figure for {', '.join(lacking)}: give {'it' if len(lacking) == 1 else 'all'} to add it"
    return options, [NotTried(option="serverless", reason=reason)]


def does_not_apply(option: Option, leaving: Leaving, scenario: Scenario) -> str | None:
    """Why an option is nothing for some models of an endpoint; None when it is."""
    number, of = len(leaving.models), len(scenario.hosted)
    if number > MOST.get(option, number):
        return f"{units.show_count(number)} models; {MOST[option]} at most"
    if option == "second_mme" and number == of:
        return "all models would be on the second one"
    if option in ("second_mme", "multi_container") and number == 1:
        return "one model alone is a dedicated endpoint"
    return containers.why_not(scenario, leaving.models) if option == "components" else None
