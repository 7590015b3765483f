"""Validators that several tests use, made once: making a schema takes a while."""

from __future__ import annotations

from functools import cache

from jsonschema import Draft202012Validator

from mmesim.results.summary.summary import summary_schema
from mmesim.scenario.file.json_schema import json_schema


@cache
def of_scenarios() -> Draft202012Validator:
    """Of scenario files."""
    return _checked(json_schema())


@cache
def of_summaries() -> Draft202012Validator:
    """Of `summary.json`."""
    return _checked(summary_schema())


def _checked(schema: dict[str, object]) -> Draft202012Validator:
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)
