"""Beliefs: what may be written, what a single run makes of them, and that they survive being written down."""

import math
from collections.abc import Callable

import pytest
from scipy import stats

from mmesim.errors import Problem
from mmesim.scenario import Scenario
from mmesim.scenario.file.dump import dump
from mmesim.scenario.file.template import Template
from mmesim.scenario.run.belief import Belief, read_belief, sentence_of
from mmesim.scenario.values.fields import Refused
from tests.helpers.texts import load_text

SHARES = (0.01, 0.05, 0.3, 0.5, 0.9, 0.999)

Problems = Callable[[str], list[Problem]]


def belief(**body: object) -> Belief:
    return read_belief("a.b", body)


@pytest.mark.parametrize(
    ("body", "reference"),
    [
        ({"low": 40, "mid": 50, "high": 80}, stats.beta(2, 4, 40, 40)),
        ({"low": "40 MiB", "mid": "40 MiB", "high": "80 MiB"}, stats.beta(1, 5, 40, 40)),
        ({"uniform": {"low": "8 ms", "high": "12 ms"}}, stats.uniform(8, 4)),
        (
            {"lognormal": {"mean": "10 ms", "cv": 0.5}},
            stats.lognorm(math.sqrt(math.log(1.25)), scale=10 / math.sqrt(1.25)),
        ),
        ({"normal": {"mean": "20 /s", "sd": "4 /s"}}, stats.truncnorm(-5, math.inf, 20, 4)),
        ({"normal": {"mean": 1.0, "sd": 2.0}}, stats.truncnorm(-0.5, math.inf, 1, 2)),
    ],
)
def test_quantiles_are_those_of_the_textbook_distributions(body, reference):
    found = belief(**body)
    assert [found.quantile(share) for share in SHARES] == pytest.approx(reference.ppf(SHARES), rel=1e-9)


def test_a_pert_belief_has_the_mean_of_malcolm():
    found = belief(low=40, mid=50, high=80)
    points = [found.quantile((index + 0.5) / 100_000) for index in range(100_000)]
    assert sum(points) / len(points) == pytest.approx((40 + 4 * 50 + 80) / 6, rel=1e-6)


@pytest.mark.parametrize(
    ("body", "middle", "sentence"),
    [
        ({"low": "40 MiB", "mid": "60 MiB", "high": "80 MiB"}, "60 MiB", "between 40 and 80 MiB: this run uses 60 MiB"),
        ({"low": 0, "mid": "1.25 ms", "high": "2 ms"}, "1.25 ms", "between 0 and 2 ms: this run uses 1.25 ms"),
        ({"low": 1, "mid": 2, "high": 4}, 2, "between 1 and 4: this run uses 2"),
        ({"uniform": {"low": "2 %", "high": "4 %"}}, "3 %", "between 2 and 4 %: this run uses 3 %"),
        ({"uniform": {"low": 1, "high": 4}}, 3, "between 1 and 4: this run uses 3"),
        ({"normal": {"mean": "20 /s", "sd": "2 /s"}}, "20 /s", "between 16.7 and 23.3 /s (90 %): this run uses 20 /s"),
        ({"lognormal": {"mean": 1.0, "cv": 0.75}}, 0.8, "between 0.267 and 2.4 (90 %): this run uses 0.8"),
    ],
)
def test_a_run_uses_the_middle_and_says_so(body, middle, sentence):
    found = belief(**body)
    assert found.middle == middle
    assert type(found.middle) is type(middle)
    assert found.sentence == f"a.b is believed to lie {sentence}; mmesim uncertain shows what depends on it"


def test_several_beliefs_are_one_sentence():
    one, other = belief(low="4 MiB", mid="10 MiB", high="30 MiB"), belief(normal={"mean": "20 /s", "sd": "4 /s"})
    assert sentence_of([]) == ""
    assert sentence_of([one]) == one.sentence
    assert sentence_of([one, other]) == (
        "2 inputs are believed, not known: this run uses a.b = 10 MiB (4 to 30 MiB), a.b = 20 /s (13.4 to 26.6 /s, "
        "90 %); mmesim uncertain shows what depends on them"
    )


def test_whole_numbers_stay_whole_and_within_their_ends():
    uniform, pert = belief(uniform={"low": 1, "high": 4}), belief(low=1, mid=2, high=4)
    shares = [index / 1000 for index in range(1001)]
    assert [[uniform.at(share) for share in shares].count(n) for n in (1, 2, 3, 4)] == [250, 250, 250, 251]
    assert {pert.at(share) for share in shares} == {1, 2, 3, 4}
    assert isinstance(belief(low=1.0, mid=1, high=4).at(0.5), float)


@pytest.mark.parametrize(
    ("body", "place", "message"),
    [
        ({}, (), "write {uncertain: {low: , mid: , high: }}"),
        ("10 ms", (), "write {uncertain: {low: , mid: , high: }}"),
        ({"lwo": 1}, (), "unknown belief 'lwo'"),
        ({"lognromal": {}}, (), "unknown belief 'lognromal'"),
        ({"low": 1, "high": 3}, (), "mid is missing"),
        ({"low": 3, "mid": 2, "high": 4}, (), "must be in order"),
        ({"low": 2, "mid": 2, "high": 2}, (), "must be in order"),
        ({"low": "1 ms", "mid": "2 s", "high": "3 s"}, (), "need one unit, not 'ms' and 's'"),
        ({"low": "1 ms", "mid": 2, "high": "3 ms"}, (), "need one unit, not 'ms' and ''"),
        ({"low": "few", "mid": 2, "high": 3}, ("low",), "is not a number"),
        ({"low": -1, "mid": 2, "high": 3}, ("low",), "is negative"),
        ({"low": float("nan"), "mid": 2, "high": 3}, ("low",), "is not a number"),
        ({"uniform": 3}, ("uniform",), "write a map with low and high"),
        ({"uniform": {"low": 3, "high": 3}}, ("uniform",), "low must be below high"),
        ({"uniform": {"low": 3, "hgih": 4}}, ("uniform", "hgih"), "unknown key"),
        ({"normal": {"mean": "3 ms", "sd": 0}}, ("normal", "sd"), "must be above 0"),
        ({"lognormal": {"mean": "3 ms", "cv": "1 ms"}}, ("lognormal", "cv"), "is not a plain number"),
        ({"lognormal": {"mean": 0, "cv": 1}}, ("lognormal", "mean"), "must be above 0"),
    ],
)
def test_bad_beliefs_are_refused_with_their_place(body, place, message):
    with pytest.raises(Refused) as refused:
        read_belief("a.b", body)
    assert refused.value.path == place
    assert message in refused.value.message


MARKED = {
    "memory: 40 MiB": "memory: {uncertain: {low: 30 MiB, mid: 40 MiB, high: 80 MiB}}",
    "cpu: 10 ms": "cpu: {uncertain: {uniform: {low: 8 ms, high: 12 ms}}}",
    "rate: 10 /s": "rate: {uncertain: {normal: {mean: 10 /s, sd: 1 /s}}}",
}
FIELDS = ["models.tenant.memory", "models.tenant.service.cpu", "traffic.traffic-0.arrivals.poisson.rate"]


@pytest.fixture
def marked(base: str) -> str:
    """The usual scenario, of which three figures are believed."""
    for old, new in MARKED.items():
        assert old in base
        base = base.replace(old, new)
    return base


def test_a_scenario_is_that_of_its_middle_values_with_what_is_believed_beside_them(scenario, base, marked):
    found: Scenario = scenario(marked)
    assert [belief.field for belief in found.beliefs] == FIELDS
    assert found.model_copy(update={"beliefs": ()}) == scenario(base)
    assert scenario(base).beliefs == ()


def test_a_resolved_scenario_gives_an_equal_one(scenario, marked):
    found: Scenario = scenario(marked)
    again = load_text(dump(found))
    assert again == found
    assert dump(again) == dump(found)
    assert load_text(dump(found), "x", ["models.tenant.memory=50 MiB"]).beliefs == found.beliefs[1:]


@pytest.mark.parametrize("field", ["endpoint.cpu_speed", "endpoint.memory", "server.overhead.pre", "clients.network"])
def test_beliefs_of_folded_fields_survive_being_written_down(scenario, base, field):
    body = {"endpoint.memory": "12 GiB", "endpoint.cpu_speed": "1.0"}.get(field, "1 ms")
    unit = body.partition(" ")[2]
    found = Template.of(scenario(base)).at(
        {field: f"{{uncertain: {{low: 0.5 {unit}, mid: {body}, high: 14.0 {unit}}}}}"}
    )
    assert [belief.field for belief in found.beliefs] == [field]
    assert load_text(dump(found)) == found
    assert Template.of(found).at({field: body}).beliefs == ()


def test_a_template_knows_what_is_believed_and_a_value_ends_it(scenario, marked):
    template = Template.of(scenario(marked))
    assert list(template.beliefs) == FIELDS
    drawn = template.at(
        {"models.tenant.memory": "50 MiB", "models.tenant.service.cpu": {"exponential": {"mean": "1 ms"}}}
    )
    assert [belief.field for belief in drawn.beliefs] == FIELDS[2:]
    assert drawn.models[0].memory_bytes == 50 * 2**20


def test_a_resolved_file_whose_value_was_changed_by_hand_is_refused(scenario, problems, marked):
    text = dump(scenario(marked)).replace("memory: 40 MiB", "memory: 41 MiB")
    (problem,) = problems(text)
    assert problem.field == "beliefs.models.tenant.memory"
    assert "differs from the middle of its belief, 40 MiB" in problem.message


def test_a_resolved_file_that_believes_in_an_unknown_field_is_refused(problems, base):
    (problem,) = problems(base + "beliefs: {models.tenant.memroy: {low: 1, mid: 2, high: 3}}\n")
    assert problem.field == "beliefs.models.tenant.memroy"
    assert "unknown key" in problem.message


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        ("cpu: 10 ms", "cpu: {uncertain: {lwo: 1}}", "models.tenant.service.cpu.uncertain", "unknown belief 'lwo'"),
        (
            "cpu: 10 ms",
            "cpu: {uncertain: {low: 1 ms, mid: 2 ms, high: 3 ms}, wait: 1 ms}",
            "models.tenant.service.cpu",
            "must be the only key",
        ),
        ("cpu: 10 ms", "cpu: {uncertain: {low: 1, mid: 2, high: 3}}", "models.tenant.service.cpu", "has no unit"),
        ("cpu: 10 ms", "cpu: {empirical: [{uncertain: {low: 1 s, mid: 2 s, high: 3 s}}]}", "", "one item of a list"),
        ("60 s", "{uncertain: {low: 1 s, mid: 2 s, high: 3 s}}", "run.duration", "run is a choice, not a belief"),
    ],
)
def test_beliefs_are_refused_where_they_stand(problems, base, old, new, field, message):
    (problem,) = problems(base.replace(old, new, 1))
    assert problem.line is not None
    assert problem.field.startswith(field)
    assert message in problem.message
