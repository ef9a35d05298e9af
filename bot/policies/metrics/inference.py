"""Which labels an expression's result has, and where it groups or matches by labels that are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import promql_parser as promql

from bot.policies.metrics.expressions import below, equalities, selector_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.policies.metrics.expressions import Node

    Labels = frozenset[str] | None  # None: any may be there
    Known = Callable[[promql.VectorSelector], Labels]

SELECTING = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})  # aggregations that give some of the series, as they are
FILTERING = frozenset({"and", "unless"})
MAKING = {"label_replace": 1, "label_join": 1}  # functions that write a label: the place of its name
NONE: frozenset[str] = frozenset()


class Grouping(NamedTuple):
    """A label by which an expression groups or matches series that do not have it."""

    how: str  # as it is written: by, on
    label: str
    there: frozenset[str]


def labels_of(node: Node, known: Known) -> Labels:
    """The labels of a part of an expression."""
    if selector := selector_of(node):
        return known(selector)
    if isinstance(node, promql.ParenExpr | promql.UnaryExpr | promql.SubqueryExpr):
        return labels_of(node.expr, known)
    if isinstance(node, promql.AggregateExpr):
        return _of_aggregation(node, known)
    if isinstance(node, promql.BinaryExpr):
        return _of_operation(node, known)
    return _of_call(node, known) if isinstance(node, promql.Call) else NONE


def wrong_groupings(root: Node, known: Known) -> Iterator[Grouping]:
    """Each label by which series are grouped or matched that they do not have."""
    for node in below(root):
        if isinstance(node, promql.AggregateExpr) and node.modifier:
            how = "by" if node.modifier.type == promql.AggModifierType.By else "without"
            yield from _absent(how, node.modifier.labels, labels_of(node.expr, known))
        if isinstance(node, promql.BinaryExpr) and node.modifier and node.modifier.matching:
            left, right = labels_of(node.lhs, known), labels_of(node.rhs, known)
            both = None if left is None or right is None else left | right  # what is ignored may be on one side alone
            for there in (left, right) if _is_on(node) else (both,):
                yield from _absent("on" if _is_on(node) else "ignoring", node.modifier.matching.labels, there)


def _absent(how: str, wanted: list[str], there: Labels) -> Iterator[Grouping]:
    if there is not None:
        yield from (Grouping(how, label, there) for label in wanted if label not in there)


def _of_aggregation(node: promql.AggregateExpr, known: Known) -> Labels:
    inner = labels_of(node.expr, known)
    if str(node.op) in SELECTING:
        return inner
    if str(node.op) == "count_values":
        return None
    if node.modifier is None:
        return NONE
    named = frozenset(node.modifier.labels)
    if node.modifier.type == promql.AggModifierType.By:
        return named
    return None if inner is None else inner - named


def _of_operation(node: promql.BinaryExpr, known: Known) -> Labels:
    left, right = labels_of(node.lhs, known), labels_of(node.rhs, known)
    if _is_scalar(node.lhs):
        return right
    if _is_scalar(node.rhs) or str(node.op) in FILTERING:
        return left
    if str(node.op) == "or":
        return None if left is None or right is None else left | right
    return _of_match(node, left, right)


def _of_match(node: promql.BinaryExpr, left: Labels, right: Labels) -> Labels:
    """Of arithmetic and comparisons between two vectors."""
    if node.modifier is None:
        return left
    card, matching = node.modifier.card, node.modifier.matching
    if card in (promql.VectorMatchCardinality.ManyToOne, promql.VectorMatchCardinality.OneToMany):
        many = left if card == promql.VectorMatchCardinality.ManyToOne else right
        return None if many is None else many | frozenset(node.modifier.group_labels or ())
    if matching is None:
        return left
    if _is_on(node):
        return frozenset(matching.labels)
    return None if left is None else left - frozenset(matching.labels)


def _of_call(node: promql.Call, known: Known) -> Labels:
    name = node.func.name
    if name in {"absent", "absent_over_time"}:
        selector = selector_of(node.args[0])
        return frozenset(equalities(selector)) - {"__name__"} if selector else NONE
    vectors = [each for each in node.args if not isinstance(each, promql.StringLiteral) and not _is_scalar(each)]
    inner = labels_of(vectors[0], known) if vectors else NONE
    if inner is None:
        return None
    if name in MAKING:
        return inner | {node.args[MAKING[name]].val}
    return inner - {"le"} if name.startswith("histogram_") else inner


def _is_on(node: promql.BinaryExpr) -> bool:
    matching = node.modifier.matching if node.modifier else None
    return bool(matching and matching.type == promql.LabelModifierType.Include)


def _is_scalar(node: Node) -> bool:
    if isinstance(node, promql.ParenExpr | promql.UnaryExpr):
        return _is_scalar(node.expr)
    if isinstance(node, promql.BinaryExpr):
        return _is_scalar(node.lhs) and _is_scalar(node.rhs)
    return isinstance(node, promql.NumberLiteral) or (isinstance(node, promql.Call) and node.func.return_type == promql.ValueType.Scalar)
