"""One mechanism for every value that is one of several forms."""

import pytest
from pydantic import TypeAdapter

from mmesim.scenario import (
    AffineBatch,
    BotoLegacy,
    CpuWait,
    EvictionPolicy,
    FixedRetries,
    Gdsf,
    Ttl,
    UniformPopularity,
    Zipf,
)
from mmesim.scenario.clients.retries import RETRIES, RetriesField
from mmesim.scenario.endpoint.eviction import EVICTIONS, EvictionField
from mmesim.scenario.models.groups import BATCHES
from mmesim.scenario.traffic.arrivals import ARRIVALS, ArrivalsField
from mmesim.scenario.traffic.popularity import POPULARITIES, PopularityField
from mmesim.scenario.values.fields import FROM_FILE
from mmesim.scenario.values.time_field import TIMES

EVERY = [RETRIES, EVICTIONS, BATCHES, ARRIVALS, POPULARITIES, TIMES]


def read(field, value):
    return TypeAdapter(field).validate_python(value, context={FROM_FILE: True})


def written(field, value):
    return TypeAdapter(field).dump_python(value, mode="json", by_alias=True)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (RetriesField, "none", None),
        (RetriesField, {"boto3-legacy": {"max_attempts": 5}}, BotoLegacy()),
        (EvictionField, "gdsf", EvictionPolicy.gdsf),
        (EvictionField, {"gdsf": {"cost": 1}}, Gdsf()),
        (EvictionField, {"ttl": "600 s"}, Ttl(ttl_s=600.0)),
        (PopularityField, "uniform", UniformPopularity()),
        (PopularityField, {"zipf": 0.9}, Zipf(0.9)),
    ],
)
def test_what_is_written_reads_back(field, text, value):
    assert read(field, text) == value
    assert written(field, value) == text
    assert read(field, value) == value


def test_a_form_whose_keys_all_have_defaults_may_be_written_as_its_name():
    assert read(RetriesField, "boto3-legacy") == read(RetriesField, {"boto3-legacy": None}) == BotoLegacy()


@pytest.mark.parametrize(
    ("field", "text", "message"),
    [
        (ArrivalsField, {"poison": {}}, r"unknown arrival process 'poison': one of poisson, .*\{poisson: "),
        (ArrivalsField, {}, "expected one arrival process, such as"),
        (ArrivalsField, "poisson", "poisson needs a value"),
        (ArrivalsField, 5, "5 is not an arrival process"),
        (RetriesField, "fixed", "fixed needs a value"),
        (RetriesField, {"none": {}}, "none takes no keys"),
        (PopularityField, {"zipf": 1, "tenants": 2}, "expected one popularity"),
    ],
)
def test_what_is_wrong_is_explained(field, text, message):
    with pytest.raises(ValueError, match=message):
        read(field, text)


def test_python_code_gives_objects_or_the_same_maps():
    assert TypeAdapter(RetriesField).validate_python({"fixed": {"delay": 1.5}}) == FixedRetries(delay_s=1.5)
    assert BATCHES.names == ("affine",)
    assert AffineBatch(base_s=1.0, per_item_s=0.5).form in BATCHES.names


def test_only_forms_that_need_nothing_are_both_word_and_name():
    both = {name for forms in EVERY for name in forms.names if name in forms.words}
    assert both == {"gdsf", "boto3-legacy", "boto3-standard"}


@pytest.mark.parametrize(
    ("override", "field", "message"),
    [
        ("clients.retries={fixed: {}}", "clients.retries.fixed.delay", "is missing"),
        (
            "models.tenant.service.batch={affine: {base: 1 s}}",
            "models.tenant.service.batch.affine.per_item",
            "is missing",
        ),
        ("server.overhead={pre: {cpu: 1 ms, wat: 2 ms}}", "server.overhead.pre.wat", "unknown key, one of cpu, wait"),
        ("traffic.0.arrivals={poison: {rate: 1 /s}}", "traffic.traffic-0.arrivals.poison", "unknown arrival process"),
        ("endpoint.eviction={ttl: 0 s}", "endpoint.eviction.ttl", "'0 s' is too small"),
    ],
)
def test_a_problem_names_its_place_with_the_form(problems, base, override, field, message):
    (problem,) = problems(base, override)
    assert problem.field == field
    assert problem.message.startswith(message)


def test_an_empty_piece_of_work_is_none(scenario, base):
    assert scenario(base, "server.overhead={pre: {}}").server.overhead.pre == CpuWait()
