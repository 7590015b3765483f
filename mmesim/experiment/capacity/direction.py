"""Lines of `expect` that more traffic or more models may mend: of them there is no largest amount that fits.

The search rests on the rule that a fleet which carries an amount carries less, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmesim.errors import UserError
from mmesim.experiment.capacity.amounts import Of
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.expected import ledger_path
from mmesim.scenario.scenario import Scenario

FALLING = frozenset({"cache_hit_ratio", "tenants.meet_slo", "cost.million_requests"})
"""Figures that do not rise with the traffic; all others do not fall, but shares of the latency, which may do both."""


def refuse_improving(scenario: Scenario, of: Of) -> None:
    """UserError that names each line which may fail now and hold with more, why, and what to do."""
    said = [(line, why) for line in scenario.expect if (why := _why(line)) is not None]
    if not said:
        return
    rest = ", ".join(line.text for line in scenario.expect if all(line is not other for other, _ in said))
    without = "" if set(rest) & set("[]{}'\"#&*") else f" (--set 'expect=[{rest}]')"
    lines, them = ("this line", "it") if len(said) == 1 else ("these lines", "them")
    raise UserError(
        f"{scenario.name}: {'; '.join(f'{line.text!r}: {why}' for line, why in said)}. What fails now may hold with "
        f"more {of}, so there is no largest amount: leave {lines} out{without} and look at {them} over the {of} "
        "with `mmesim sweep`"
    )


def mended(scenario: Scenario, of: Of, failing: Sequence[str], now: float, more: float) -> str:
    """What to say where short runs miss these lines now, and at every smaller amount, and meet all with more."""
    unit = "models" if of == "models" else "x the traffic"
    return (
        f"{scenario.name}: {', '.join(map(repr, failing))} failed at {now:g} {unit} and below, and everything held at "
        f"{more:g} {unit}, in short runs. Here more {of} mends what fails, so there is no largest amount. Often first "
        "loads are the reason, which are rarer among more calls: begin with `endpoint.warm: stationary`, or leave them "
        f"out with a longer `run.warmup`; or look at the lines over the {of} with `mmesim sweep`"
    )


def _why(line: Expectation) -> str | None:
    """Why more traffic may mend a line; None where it does not."""
    if ledger_path(line.metric) is not None and line.kind == "share":
        time = line.text.split()[0]
        return f"a share of the latency can fall while the latency rises (limit the time itself: {time} < 100 ms)"
    if line.metric == "cost.million_requests" and line.is_upper:
        return "the price of the fleet is spread over more calls"
    if (line.metric in FALLING) == line.is_upper:
        return f"{line.metric} {'falls' if line.is_upper else 'rises'} with more calls"
    return None
