"""Figures of one instance type that a scenario gives to another one."""

from __future__ import annotations

from typing import Any

import pytest

from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.endpoint.overridden import given_to_all, kept_by_another_type, overridden


def endpoint(instance_type: str | None = "ml.m5.xlarge", **given: Any) -> Endpoint:
    return Endpoint.model_validate({"instance_type": instance_type, **given})


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, ()),
        ({"cpu_speed": 0.8, "smt_yield": 1.1}, ()),
        ({"memory": "16 GiB", "vcpu": 4}, ()),
        ({"memory": "20 GiB", "vcpu": 6}, ("vcpu", "memory")),
        ({"price_per_hour": 0.23}, ("price_per_hour",)),
        ({"network": "unlimited", "threads_per_core": 1}, ("network", "threads_per_core")),
        ({"usable_memory": "9 GiB"}, ("usable_memory",)),
    ],
)
def test_what_is_not_as_in_the_catalogue_is_overridden(given: dict[str, Any], found: tuple[str, ...]) -> None:
    assert overridden(endpoint(**given)) == found


def test_a_host_of_your_own_overrides_nothing() -> None:
    assert overridden(endpoint(None, vcpu=4, memory="16 GiB", price_per_hour=0.2)) == ()


def test_only_other_types_are_given_the_figures_of_the_own_one() -> None:
    given: dict[str, Any] = {"price_per_hour": 0.2, "memory": "16 GiB"}
    own = endpoint(**given)
    assert given_to_all(own, [own]) == []
    assert given_to_all(own, [own, endpoint("ml.m5.4xlarge", **given)]) == ["memory", "price_per_hour"]


def test_each_type_may_have_a_price_of_its_own() -> None:
    one, other = endpoint(price_per_hour=0.2), endpoint("ml.m5.4xlarge", price_per_hour=0.2)
    assert kept_by_another_type(one, other) == ["price_per_hour"]
    assert kept_by_another_type(one, endpoint("ml.m5.4xlarge", price_per_hour=0.8)) == []
    assert kept_by_another_type(one, endpoint("ml.m5.4xlarge")) == []
