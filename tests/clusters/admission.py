"""Judges objects by a ValidatingAdmissionPolicy as an API server does, with CEL's reference semantics."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import celpy
from celpy.adapter import json_to_cel
from celpy.celtypes import MapType, StringType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Item = dict[str, Any]  # Any: arbitrary YAML


@cache
def _program(expression: str) -> celpy.Runner:
    environment = celpy.Environment()
    return environment.program(environment.compile(expression))


def _evaluate(expression: str, scope: Mapping[str, Any]) -> Any:
    return _program(expression).evaluate(dict(scope))


def refusals(policy: Item, item: Item, namespace: Mapping[str, str]) -> list[str]:
    """The messages of all rules that an object breaks in a namespace with these labels; an expression that fails raises."""
    variables = MapType()
    scope: dict[str, Any] = {
        "object": json_to_cel(item),
        "namespaceObject": json_to_cel({"metadata": {"labels": dict(namespace)}}),
        "variables": variables,
    }
    if not all(_evaluate(each["expression"], scope) for each in policy["spec"]["matchConditions"]):
        return []
    for variable in policy["spec"]["variables"]:
        variables[StringType(variable["name"])] = _evaluate(variable["expression"], scope)
    return list(_broken(policy["spec"]["validations"], scope))


def _broken(validations: list[Item], scope: Mapping[str, Any]) -> Iterator[str]:
    for each in validations:
        if not _evaluate(each["expression"], scope):
            yield str(_evaluate(each["messageExpression"], scope)) if "messageExpression" in each else each["message"]


def selects(policy: Item, item: Item, namespace: Mapping[str, str]) -> bool:
    """Whether the policy is asked about an object in a namespace with these labels."""
    constraints = policy["spec"]["matchConstraints"]
    group, _, version = item["apiVersion"].rpartition("/")
    plural = f"{item['kind'].lower()}s"
    asked = [
        rule
        for rule in constraints["resourceRules"]
        if group in rule["apiGroups"] and version in rule["apiVersions"] and plural in rule["resources"]
    ]
    return bool(asked) and constraints["namespaceSelector"]["matchLabels"].items() <= namespace.items()
