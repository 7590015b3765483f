"""Scaling policies of the user: found by name, asked, and held to an answer that makes sense."""

from __future__ import annotations

import operator

import numpy as np

from mmesim.engine import user_code
from mmesim.errors import UserCodeError
from mmesim.policies.scaling import Policy, Seen
from mmesim.scenario.endpoint.autoscaling.autoscaling import MOST_HOSTS
from mmesim.scenario.values.function import Function


def checked(spec: Function) -> Policy:
    """A policy of the user, which must return a number of hosts or None; UserCodeError when it does not."""
    function = user_code.find(spec, 1)
    name = f"scaling policy {spec.function}"

    def ask(seen: Seen) -> int | None:
        try:
            answer = function(seen)
        except Exception as error:
            raise user_code.failed(name, error) from error
        if answer is None:
            return None
        try:
            hosts = 0 if isinstance(answer, bool | np.bool_) else operator.index(answer)
        except TypeError:
            hosts = 0
        if not 1 <= hosts <= MOST_HOSTS:
            allowed = f"{seen.min} to {seen.max}" if seen.max > seen.min else f"{seen.min}"
            raise UserCodeError(
                f"{name} returned {answer!r} at {seen.now_s:g} s: it must return how many hosts there should be, such "
                f"as seen.capacity + 1, a whole number of {allowed}, or None for no change"
            )
        return hosts

    return ask
