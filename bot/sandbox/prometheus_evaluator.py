"""A small PromQL for the stand-in: what our rules and the gate's queries use; anything else is refused, not guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import promql_parser as promql

from bot.sandbox.prometheus_functions import AGGREGATIONS, RANGE_FUNCTIONS, VALUE_FUNCTIONS, bucket_quantile, predicted
from bot.sandbox.prometheus_matching import Matching, Operation, Signature, Vector, beyond, joined, nameless, signature
from bot.sandbox.prometheus_store import NAME, Labels, Point, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Matrix = list[tuple[Labels, list[Point]]]


@dataclass(frozen=True)
class Moment:
    """What an expression is evaluated on: the samples, at a time."""

    store: Store
    at: float

    def value(self, node: Any) -> float | Vector:  # noqa: ANN401, PLR0911 # the parser types its nodes so; one return per kind
        """A scalar or an instant vector."""
        match node:
            case promql.NumberLiteral():
                return float(node.val)
            case promql.ParenExpr():
                return self.value(node.expr)
            case promql.UnaryExpr():
                return self._each(node.expr, lambda value: -value)
            case promql.VectorSelector():
                at = self.at - _shift(node)
                found = ((series.labels, series.before(at)) for series in self.store.select(node))
                return [(labels, value) for labels, value in found if value is not None]
            case promql.AggregateExpr():
                return self._aggregated(node)
            case promql.BinaryExpr():
                return self._combined(node)
            case promql.Call():
                return self._called(node.func.name, node.args)
        raise beyond(type(node).__name__)

    def matrix(self, node: promql.MatrixSelector) -> tuple[Matrix, float, float]:
        """The raw samples of a range selector, with the range's ends."""
        end = self.at - _shift(node.vector_selector)
        start = end - node.range.total_seconds()
        found = ((series.labels, series.between(start, end)) for series in self.store.select(node.vector_selector))
        return [(labels, points) for labels, points in found if points], start, end

    def _vector(self, node: Any) -> Vector:  # noqa: ANN401 # as above
        value = self.value(node)
        return [({}, value)] if isinstance(value, float) else value

    def _each(self, node: Any, change: Callable[[float], float]) -> float | Vector:  # noqa: ANN401 # as above
        value = self.value(node)
        return change(value) if isinstance(value, float) else [(nameless(labels), change(one)) for labels, one in value]

    def _called(self, name: str, arguments: list[Any]) -> float | Vector:  # noqa: PLR0911 # one return per function
        if name == "time":
            return self.at
        if name == "vector":
            return self._vector(arguments[0])
        if name == "absent":
            return [] if self._vector(arguments[0]) else [(_stated(arguments[0]), 1.0)]
        if name == "histogram_quantile":
            return self._quantiles(arguments[0], arguments[1])
        if name == "label_replace":
            return self._labelled(*arguments)
        if name in VALUE_FUNCTIONS:
            return self._each(arguments[0], VALUE_FUNCTIONS[name])
        if name in {*RANGE_FUNCTIONS, "predict_linear"} and isinstance(arguments[0], promql.MatrixSelector):
            return self._over_range(name, arguments)
        raise beyond(name)

    def _labelled(self, node: Any, label: Any, value: Any, *matched: Any) -> Vector:  # noqa: ANN401 # as above
        """One more label, whatever the others are."""
        if any(text.val for text in matched):
            raise beyond("label_replace by a pattern")
        return [({**labels, label.val: value.val}, number) for labels, number in self._vector(node)]

    def _over_range(self, name: str, arguments: list[Any]) -> Vector:
        matrix, start, end = self.matrix(arguments[0])
        kept = (lambda labels: labels) if name == "last_over_time" else nameless
        if name == "predict_linear":
            ahead = self._scalar(arguments[1])
            values = ((kept(labels), predicted(points, self.at, ahead=ahead)) for labels, points in matrix)
        else:
            values = ((kept(labels), RANGE_FUNCTIONS[name](points, start, end)) for labels, points in matrix)
        return [(labels, float(value)) for labels, value in values if value is not None]

    def _scalar(self, node: Any) -> float:  # noqa: ANN401 # as above
        value = self.value(node)
        if not isinstance(value, float):
            raise beyond("a vector where a number belongs")
        return value

    def _quantiles(self, quantile: Any, node: Any) -> Vector:  # noqa: ANN401 # as above
        share = self._scalar(quantile)
        buckets: dict[Signature, list[tuple[float, float]]] = {}
        for labels, count in self._vector(node):
            rest = {name: value for name, value in labels.items() if name not in {NAME, "le"}}
            buckets.setdefault(frozenset(rest.items()), []).append((float(labels.get("le", "nan")), count))
        return [(dict(rest), bucket_quantile(share, counts)) for rest, counts in buckets.items()]

    def _aggregated(self, node: promql.AggregateExpr) -> Vector:
        if str(node.op) not in AGGREGATIONS:
            raise beyond(str(node.op))
        modifier = node.modifier
        names = frozenset(modifier.labels if modifier else ())
        without = modifier is not None and modifier.type == promql.AggModifierType.Without
        groups: dict[Signature, list[float]] = {}
        for labels, value in self._vector(node.expr):
            groups.setdefault(signature(labels, names, ignoring=without), []).append(value)
        reduce = AGGREGATIONS[str(node.op)]
        return [(dict(labels), float(reduce(values))) for labels, values in groups.items()]

    def _combined(self, node: promql.BinaryExpr) -> float | Vector:
        left, right = self.value(node.lhs), self.value(node.rhs)
        operation = Operation(str(node.op), returns_bool=bool(node.modifier and node.modifier.return_bool))
        if isinstance(left, float):
            if isinstance(right, float):
                return operation.apply(left, right) or 0.0  # a comparison of scalars is only parsed with bool
            pairs = ((labels, value, operation.apply(left, value)) for labels, value in right)
            return _kept((operation.labels(labels), operation.chosen(result, value)) for labels, value, result in pairs)
        if isinstance(right, float):
            return _kept((operation.labels(labels), operation.apply(value, right)) for labels, value in left)
        return joined(left, right, operation=operation, matching=Matching.of(node.modifier))


def _stated(node: Any) -> Labels:  # noqa: ANN401 # as above
    """The labels of an absent() over a plain selector: those that its matchers fix."""
    if not isinstance(node, promql.VectorSelector):
        return {}
    equal = [matcher for matcher in node.matchers.matchers if matcher.op == promql.MatchOp.Equal]
    return {matcher.name: matcher.value for matcher in equal if matcher.name != NAME}


def _shift(selector: promql.VectorSelector) -> float:
    if selector.at is not None:
        raise beyond("@")
    return selector.offset.total_seconds() if selector.offset else 0.0


def _kept(found: Iterable[tuple[Labels, float | None]]) -> Vector:
    return [(labels, value) for labels, value in found if value is not None]
