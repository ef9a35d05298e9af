"""Label selectors, by the semantics of Kubernetes."""

from __future__ import annotations

from typing import Any

from bot.policies.fields import at, mapping, sequence, text

NAME = "app.kubernetes.io/name"


def selects(selector: object, labels: object) -> bool:
    """Whether a label selector (matchLabels and matchExpressions) selects these labels; an empty one selects all."""
    carried = mapping(labels)
    if any(carried.get(key) != value for key, value in mapping(selector, "matchLabels").items()):
        return False
    return all(_meets(expression, carried) for expression in sequence(selector, "matchExpressions"))


def _meets(expression: object, labels: dict[str, Any]) -> bool:
    key, operator, values = text(expression, "key"), at(expression, "operator"), sequence(expression, "values")
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
    if operator == "Exists":
        return key in labels
    return operator == "DoesNotExist" and key not in labels
