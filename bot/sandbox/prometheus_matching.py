"""How the stand-in's PromQL joins two vectors: which elements belong together, and what comes of them."""

from __future__ import annotations

from dataclasses import dataclass

import promql_parser as promql

from bot.model import BotError
from bot.sandbox.prometheus_functions import ARITHMETIC, COMPARISONS
from bot.sandbox.prometheus_store import NAME, Labels

Vector = list[tuple[Labels, float]]
Signature = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Operation:
    """A binary operator, as it acts on two values."""

    sign: str
    returns_bool: bool

    def apply(self, left: float, right: float) -> float | None:
        """The result; None where a comparison filters the element out."""
        if self.sign in ARITHMETIC:
            return ARITHMETIC[self.sign](left, right)
        if self.sign not in COMPARISONS:
            raise beyond(self.sign)
        holds = COMPARISONS[self.sign](left, right)
        if self.returns_bool:
            return float(holds)
        return left if holds else None

    def chosen(self, result: float | None, vector_value: float) -> float | None:
        """What a filter between a scalar and a vector keeps is the vector's value."""
        filters = self.sign in COMPARISONS and not self.returns_bool
        return vector_value if filters and result is not None else result

    def labels(self, labels: Labels) -> Labels:
        """A new value is no longer the metric; a filtered one is."""
        return nameless(labels) if self.sign in ARITHMETIC or self.returns_bool else labels


@dataclass(frozen=True)
class Matching:
    """Which labels pair elements (on or ignoring), which side may have several, and what it takes from the other."""

    names: frozenset[str] = frozenset()
    ignoring: bool = True
    many: str | None = None  # left, right
    taken: tuple[str, ...] = ()

    @classmethod
    def of(cls, modifier: promql.BinModifier | None) -> Matching:
        """As an expression writes it."""
        if modifier is None:
            return cls()
        if modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None:
            raise beyond("fill")
        cards = promql.VectorMatchCardinality
        many = "left" if modifier.card == cards.ManyToOne else "right" if modifier.card == cards.OneToMany else None
        ignoring = modifier.matching is None or modifier.matching.type == promql.LabelModifierType.Exclude
        names = frozenset(modifier.matching.labels if modifier.matching else ())
        return cls(names, ignoring, many, tuple(modifier.group_labels or ()))

    def signature(self, labels: Labels) -> Signature:
        """What an element and its partner have in common."""
        return signature(labels, self.names, ignoring=self.ignoring)


def joined(left: Vector, right: Vector, *, operation: Operation, matching: Matching) -> Vector:
    """Two vectors, combined element by element."""
    if operation.sign in {"and", "or", "unless"}:
        return _sets(left, right, sign=operation.sign, matching=matching)
    several, single = (right, left) if matching.many == "right" else (left, right)
    partners = {matching.signature(labels): (labels, value) for labels, value in single}
    if len(partners) < len(single):
        raise BotError("many-to-many matching not allowed: matching labels must be unique on one side", "use on() or ignoring()")
    result: Vector = []
    seen: set[Signature] = set()
    for labels, value in several:
        key = matching.signature(labels)
        if key not in partners:
            continue
        if matching.many is None and key in seen:
            raise BotError("multiple matches for labels: many-to-one matching must be explicit", "use group_left")
        seen.add(key)
        other, partner = partners[key]
        combined = operation.apply(partner, value) if matching.many == "right" else operation.apply(value, partner)
        if combined is not None:
            result.append((_result_labels(labels, other, operation=operation, matching=matching), combined))
    return result


def nameless(labels: Labels) -> Labels:
    """Labels without the metric's name."""
    return {name: value for name, value in labels.items() if name != NAME}


def signature(labels: Labels, names: frozenset[str], *, ignoring: bool) -> Signature:
    """Those labels that count: the named ones, or all others but the metric's name."""
    return frozenset((name, value) for name, value in labels.items() if (name not in names and name != NAME if ignoring else name in names))


def beyond(what: str) -> BotError:
    """What the stand-in does not evaluate."""
    return BotError(f"{what} is beyond the stand-in for Prometheus", "install prometheus to have it evaluated")


def _sets(left: Vector, right: Vector, *, sign: str, matching: Matching) -> Vector:
    if sign == "or":
        known = {matching.signature(labels) for labels, _ in left}
        return left + [(labels, value) for labels, value in right if matching.signature(labels) not in known]
    known = {matching.signature(labels) for labels, _ in right}
    return [(labels, value) for labels, value in left if (matching.signature(labels) in known) == (sign == "and")]


def _result_labels(labels: Labels, other: Labels, *, operation: Operation, matching: Matching) -> Labels:
    own = operation.labels(labels)
    if matching.many is None:
        return {name: value for name, value in own.items() if (name in matching.names) != matching.ignoring}
    taken = {name: other[name] for name in matching.taken if name in other}
    return {name: value for name, value in own.items() if name not in matching.taken} | taken
