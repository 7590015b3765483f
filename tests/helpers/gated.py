"""Documents of a gate made by hand, and any document at all."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mmesim.results.answers.gated import Delta, Design, Drift, Gated, GatedLine, GatedScenario
from mmesim.results.answers.sections import Verdict

DESIGN = Design(
    pilot_replications=20,
    pilot_skewness=0.4,
    length=4,
    joined=True,
    looks=[10, 20, 40],
    alpha_pass=0.025,
    alpha_fail=0.0125,
)


def line(text: str = "p99 < 500 ms", verdict: Verdict = "pass", **changes: Any) -> GatedLine:
    """A line about a percentile, decided at 40 replications."""
    fields: dict[str, Any] = {
        "text": text,
        "meaning": "below 1 % of all calls are slower than 500 ms or fail",
        "between_s": None,
        "joined_windows": 1,
        "verdict": verdict,
        "figure": "share_over 500 ms",
        "unit": "share",
        "value": 0.0012,
        "interval": (0.0008, 0.0017),
        "limit": 0.01,
        "fails_on": "share_over 505 ms",
        "fails_value": 0.0011,
        "fails_beyond": 0.01,
        "margin": 0.88,
        "decided_by": "sequential test",
        "replications": 40,
        "needed": None,
        "reason": None,
        "shown_value": 312.0,
        "shown_unit": "ms",
    }
    return GatedLine(**fields | changes)


def ratio(text: str = "cache_hit_ratio >= 95 %", verdict: Verdict = "pass", **changes: Any) -> GatedLine:
    """A line about a ratio."""
    fields: dict[str, Any] = {
        "meaning": "cache hit ratio: at least 95 %",
        "figure": "cache_hit_ratio",
        "value": 0.972,
        "interval": (0.969, 0.975),
        "limit": 0.95,
        "fails_on": "cache_hit_ratio",
        "fails_value": 0.972,
        "fails_beyond": 0.9495,
        "margin": 0.0232,
        "shown_value": 0.972,
        "shown_unit": "share",
    }
    return line(text, verdict, **fields | changes)


FAILS = ratio(verdict="fail", value=0.921, interval=(0.918, 0.924), margin=-0.0305, shown_value=0.921)
OPEN = line(
    "error_rate < 0.1 %",
    "undecided",
    meaning="error rate: below 0.1 %",
    figure="error_rate",
    value=0.00093,
    interval=(0.0006, 0.0013),
    limit=0.001,
    fails_on="error_rate",
    fails_value=0.00093,
    fails_beyond=0.00101,
    margin=0.07,
    needed=90,
    reason="the interval holds the limit",
    shown_value=0.00093,
    shown_unit="share",
)


def scenario(*lines: GatedLine, **changes: Any) -> GatedScenario:
    """A scenario with these lines; its verdict is the worst of theirs."""
    verdicts = [one.verdict for one in lines]
    fields: dict[str, Any] = {
        "file": "scenarios/ci/warm.yaml",
        "name": "warm",
        "verdict": worst(verdicts),
        "design": DESIGN,
        "lines": list(lines),
        "replications": 40,
        "simulated": 60,
        "drift": None,
        "binding_constraint": None,
        "one_more_instance": None,
        "robustness": None,
        "error": None,
    }
    return GatedScenario(**fields | changes)


def unreadable(error: str, file: str = "scenarios/ci/broken.yaml") -> GatedScenario:
    """A scenario that could not be read."""
    return scenario(file=file, name="", verdict="fail", design=None, replications=0, simulated=0, error=error)


def gated(*scenarios: GatedScenario) -> Gated:
    """A gate of these scenarios."""
    return Gated(
        mmesim="0.1.0",
        verdict=worst([one.verdict for one in scenarios]),
        scenarios=list(scenarios),
        seconds=None,
    )


def worst(verdicts: list[Verdict]) -> Verdict:
    """Fail beats undecided beats pass."""
    return "fail" if "fail" in verdicts else "undecided" if "undecided" in verdicts else "pass"


def delta(figure: str = "p99", changed: bool = True, **changes: Any) -> Delta:
    """A figure that has moved by 3 %."""
    fields: dict[str, Any] = {
        "figure": figure,
        "unit": "ms",
        "before": 312.0,
        "after": 321.4,
        "difference": 9.4,
        "interval": (8.8, 10.1),
        "tolerance": 0.01,
        "changed": changed,
    }
    return Delta(**fields | changes)


def drift(**changes: Any) -> Drift:
    """A baseline beside which a figure and a field have changed."""
    fields: dict[str, Any] = {
        "baseline": "scenarios/ci/warm.baseline.json",
        "made_with": "0.1.0",
        "same_results": True,
        "why_not": [],
        "fields": [("models.tenant.service.cpu", "12 ms", "12.4 ms"), ("models.tenant.workers", None, "2")],
        "deltas": [
            delta(),
            delta(
                "cache_hit_ratio", unit="share", before=0.972, after=0.96, difference=-0.012, interval=(-0.013, -0.011)
            ),
            delta("cost.month", unit="USD", changed=False, before=672.0, after=672.0, difference=0.0, interval=None),
        ],
    }
    return Drift(**fields | changes)


UNCHANGED = drift(fields=[], deltas=[delta(changed=False, difference=0.0, after=312.0, interval=(0.0, 0.0))])


def windows(*verdicts: Verdict) -> list[GatedLine]:
    """The windows of a line `in every`, one for each verdict."""
    return [
        line("p99 in every 1 min < 1 s", verdict, between_s=(60.0 * at, 60.0 * (at + 1)), margin=0.5 - 0.1 * at)
        for at, verdict in enumerate(verdicts)
    ]


def mixed() -> Gated:
    """A scenario that passes and has drifted, one that fails, one that is open, and one that cannot be read."""
    explained: dict[str, Any] = {
        "binding_constraint": {
            "id": "memory",
            "used": 56591646720.0,
            "limit": 52183852646.0,
            "share_of_tail": 0.972,
            "share_of_errors": None,
        },
        "one_more_instance": [ratio(value=0.981, interval=(0.979, 0.983), margin=0.0326)],
    }
    return gated(
        scenario(line(), ratio(), *windows("pass", "pass", "pass"), drift=drift()),
        scenario(line(), FAILS, file="scenarios/ci/tight.yaml", name="tight", **explained),
        scenario(
            ratio(),
            OPEN,
            file="scenarios/ci/edge.yaml",
            name="edge",
            drift=UNCHANGED.model_copy(update={"baseline": "edge.baseline.json"}),
        ),
        unreadable("scenarios/ci/broken.yaml:7: expect.0: 'p98' is not a figure (did you mean p99?)"),
    )


numbers = st.floats(-1e15, 1e15)
"""Finite and not beyond what a simulation measures: bytes, seconds, calls."""
verdicts = st.sampled_from(["pass", "fail", "undecided"])
counts = st.integers(0, 10**6)
texts = st.text(max_size=30)
"""Control characters, line ends, bars and markup of every kind among them."""
words = st.lists(st.text("abcdefgh_.<>=%0123456789", min_size=1, max_size=8), min_size=1, max_size=3).map(" ".join)
plain_numbers = st.integers(-(10**7), 10**7).map(lambda number: number / 1000.0)
"""What scenarios say, and what runs measure, in earnest."""


UNITS = st.sampled_from(["ms", "share", "USD", "/s", "count"])


def documents(
    texts: st.SearchStrategy[str], numbers: st.SearchStrategy[float], units: st.SearchStrategy[str]
) -> st.SearchStrategy[Gated]:
    """Any document of a gate, with these texts, numbers and units in it."""
    intervals = st.none() | st.tuples(numbers, numbers).map(lambda ends: (min(ends), max(ends)))

    any_line = st.builds(
        GatedLine,
        text=texts,
        meaning=texts,
        between_s=st.none() | st.tuples(numbers.map(abs), numbers.map(abs)),
        joined_windows=st.integers(1, 100),
        verdict=verdicts,
        figure=st.sampled_from(["share_over 500 ms", "cache_hit_ratio"]) | texts,
        unit=units,
        value=st.none() | numbers,
        interval=intervals,
        limit=numbers,
        fails_on=texts,
        fails_value=st.none() | numbers,
        fails_beyond=numbers,
        margin=st.none() | numbers,
        replications=counts,
        needed=st.none() | counts,
        reason=st.none() | texts,
        shown_value=st.none() | numbers,
        shown_unit=units,
    )
    any_delta = st.builds(
        Delta,
        figure=texts,
        unit=units,
        before=st.none() | numbers,
        after=st.none() | numbers,
        difference=st.none() | numbers,
        interval=intervals,
        tolerance=numbers,
        changed=st.booleans(),
    )
    any_drift = st.builds(
        Drift,
        baseline=texts,
        made_with=texts,
        same_results=st.booleans(),
        why_not=st.lists(texts, max_size=2),
        fields=st.lists(st.tuples(texts, st.none() | texts, st.none() | texts), max_size=2),
        deltas=st.lists(any_delta, max_size=3),
    )
    any_design = st.builds(
        Design,
        pilot_replications=counts,
        pilot_skewness=numbers,
        length=st.integers(1, 10**6),
        joined=st.booleans(),
        looks=st.lists(st.integers(10, 10**6), max_size=5),
        alpha_pass=numbers,
        alpha_fail=numbers,
    )
    constraints = st.fixed_dictionaries(
        {"id": st.sampled_from(["cpu", "memory", "load"]) | texts},
        optional={key: st.none() | numbers for key in ("used", "limit", "share_of_tail", "share_of_errors")},
    )
    any_scenario = st.builds(
        GatedScenario,
        file=texts,
        name=texts,
        verdict=verdicts,
        design=st.none() | any_design,
        lines=st.lists(any_line, max_size=3),
        replications=counts,
        simulated=counts,
        drift=st.none() | any_drift,
        binding_constraint=st.none() | constraints,
        one_more_instance=st.none() | st.lists(any_line, max_size=2),
        robustness=st.none() | st.fixed_dictionaries({}, optional={"answer": texts}),
        error=st.none() | texts,
    )
    return st.builds(
        Gated,
        mmesim=texts,
        verdict=verdicts,
        scenarios=st.lists(any_scenario, max_size=3),
        seconds=st.none() | st.floats(0, 1e6),
    )


any_gated = documents(texts, numbers, UNITS | texts)
plain_gated = documents(words, plain_numbers, UNITS)
