"""A user's own prices of instance types."""

from __future__ import annotations

import pytest

from mmesim.scenario.endpoint.catalogue import GIVEN_BY_TYPE
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.endpoint.host_type import GIVEN
from mmesim.scenario.endpoint.overridden import given_to_all, overridden
from mmesim.scenario.file.dump import dump
from mmesim.scenario.file.template import Template
from tests.helpers.texts import load_text

PRICES = "endpoint.prices={ml.m5.xlarge: 0.15 USD, ml.m5.large: 0.08 USD}"


def paid(endpoint: Endpoint) -> tuple[float | None, str]:
    return endpoint.host.price_usd_per_hour, endpoint.host.price_source


def test_each_type_has_its_own_price_and_another_that_of_the_catalogue(scenario, base):
    own = scenario(base, PRICES).endpoint
    large, other = (
        scenario(base, PRICES, f"endpoint.instance_type={kind}").endpoint for kind in ("ml.m5.large", "ml.m5.2xlarge")
    )
    assert [paid(one) for one in (own, large)] == [(0.15, GIVEN_BY_TYPE), (0.08, GIVEN_BY_TYPE)]
    assert other.host == scenario(base, "endpoint.instance_type=ml.m5.2xlarge").endpoint.host
    assert own.host.price_given
    assert not other.host.price_given
    assert own.listed("ml.m5.large").price == (0.08, False, GIVEN_BY_TYPE)


def test_a_price_by_type_stands_where_several_types_are_compared(scenario, base):
    own, other = scenario(base, PRICES).endpoint, scenario(base, PRICES, "endpoint.instance_type=ml.m5.large").endpoint
    assert overridden(own) == ()
    assert given_to_all(own, [other]) == []


def test_it_also_prices_a_type_of_a_region_without_prices(scenario, base):
    assert paid(scenario(base, PRICES, "endpoint.region=mx-central-1").endpoint) == (0.15, GIVEN_BY_TYPE)


def test_the_resolved_file_and_the_source_keep_the_prices_of_all_types(scenario, base):
    of = scenario(base, PRICES)
    again = load_text(dump(of))
    assert again == of
    assert paid(Template.of(of).over(["endpoint.instance_type=ml.m5.large"]).at().endpoint) == (0.08, GIVEN_BY_TYPE)
    for override, price in (
        ("endpoint.instance_type=ml.m5.large", (0.08, GIVEN_BY_TYPE)),
        ("endpoint.prices.ml.m5.xlarge=0.2 USD", (0.2, GIVEN_BY_TYPE)),
        ("endpoint.price_per_hour=0.3 USD", (0.3, GIVEN)),
    ):
        assert paid(load_text(dump(of), overrides=[override]).endpoint) == price


def test_the_later_of_two_files_says_whether_prices_are_by_type(scenario, base):
    assert paid(scenario(base, "endpoint.price_per_hour=1 USD", PRICES).endpoint) == (0.15, GIVEN_BY_TYPE)
    assert paid(scenario(base, PRICES, "endpoint.price_per_hour=1 USD").endpoint) == (1.0, GIVEN)


@pytest.mark.parametrize(
    ("prices", "field", "words", "hint"),
    [
        ("{ml.m5.larg: 0.2 USD}", ".ml.m5.larg", "unknown instance type 'ml.m5.larg'", "ml.m5.large"),
        ("{m5.xlarge: 0.2 USD}", ".m5.xlarge", "unknown instance type 'm5.xlarge'", "ml.m5.xlarge"),
        ("{ml.m5.xlarge: 0.2}", ".ml.m5.xlarge", "0.2 has no unit: write a price such as 0.23 USD", ""),
        ("{ml.m5.xlarge: -1 USD}", ".ml.m5.xlarge", "'-1 USD' is negative: a price is 0 or more", ""),
        ("0.2 USD", "", "'0.2 USD' is not a map", ""),
        ("{}", "", "is empty", ""),
        ("{ml.m5.xlarge: 1 USD}\n  price_per_hour: 1 USD", "", "excludes price_per_hour", "leave one of them out"),
    ],
)
def test_what_is_wrong_is_said_once_at_its_place(problems, base, prices, field, words, hint):
    text = base.replace("instance_type: ml.m5.xlarge", f"instance_type: ml.m5.xlarge\n  prices: {prices}")
    (problem,) = problems(text)
    assert (problem.line, problem.field) == (4, f"endpoint.prices{field}")
    assert words in problem.message
    assert hint in (problem.hint or "")
