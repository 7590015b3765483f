"""`mmesim.scenario` has every class that can stand in a scenario: found by walking its fields."""

import ast
import importlib
import inspect
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, get_args

from pydantic import BaseModel

import mmesim.scenario
from mmesim.scenario import Scenario


def classes(kind: type, seen: set[type]) -> set[type]:
    """A class and those that its fields may hold."""
    if kind in seen:
        return seen
    seen.add(kind)
    if issubclass(kind, BaseModel):
        annotations: Any = [field.annotation for field in kind.model_fields.values()]
        annotations += [field.metadata for field in kind.model_fields.values()]
    elif is_dataclass(kind):
        names = vars(sys.modules[kind.__module__])
        annotations = [eval(str(field.type), names) for field in fields(kind)]
    else:
        annotations = []
    for annotation in annotations:
        for inner in parts(annotation):
            classes(inner, seen)
    return seen


def parts(annotation: Any) -> Iterator[type]:
    """The classes of mmesim inside an annotation."""
    of_ours = isinstance(annotation, type) and annotation.__module__.startswith("mmesim.")
    if of_ours and (issubclass(annotation, BaseModel | Enum) or is_dataclass(annotation)):
        yield annotation
    for argument in get_args(annotation):
        yield from parts(argument)


def test_every_class_that_can_stand_in_a_scenario_is_public() -> None:
    found = {kind.__name__: kind for kind in classes(Scenario, set())}
    assert len(found) > 60
    assert len(found) == len(classes(Scenario, set())), "two classes have one name"
    assert set(mmesim.scenario.__all__) == set(found)
    assert {name: getattr(mmesim.scenario, name) for name in found} == found
    assert set(dir(mmesim.scenario)) == set(found)


def test_type_checkers_see_the_same_classes() -> None:
    tree = ast.parse(inspect.getsource(mmesim.scenario))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    typed = {alias.name: line.module for line in block.body if isinstance(line, ast.ImportFrom) for alias in line.names}
    homes = {name: getattr(mmesim.scenario, name).__module__ for name in mmesim.scenario.__all__}
    assert typed == homes


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(importlib.import_module("mmesim.scenario"), "Scenaro")
