"""The PromQL of an environment: in alerting rules, in recording rules, and in the panels of its dashboards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import promql_parser

from bot.gate.promql import parsed
from bot.policies.fields import at, indexed, text
from bot.policies.manifests import wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.policies.manifests import Manifests, Object, Violation

DASHBOARD_LABEL = "grafana_dashboard"
VARIABLES = (  # durations, which Grafana fills in; an interval is as short as one step of the picture
    ("$__rate_interval", "5m"),
    ("$__interval", "1s"),
    ("$__range", "1h"),
)
Node = Any  # the parser types its nodes so


@dataclass(frozen=True)
class Expression:
    """One expression, and where it stands."""

    item: Object
    where: str  # such as spec.groups[0].rules[3].expr
    about: str  # such as alert ContextAPIHighErrorRate
    query: str
    of_rule: bool = True

    def wrong(self, what: str, *, hint: str) -> Violation:
        """A violation by this expression."""
        return wrong(self.item, self.where, f"{self.about}: {what}", hint=hint)


@dataclass(frozen=True)
class Dashboard:
    """One dashboard: its JSON as it is read, None where it cannot be."""

    item: Object
    where: str
    model: Any


def rules(manifests: Manifests) -> Iterator[tuple[Object, str, Object]]:
    """Every rule with its object and its path there."""
    yield from ((item, path, rule) for item, path, _, rule in rules_in_groups(manifests))


def rules_in_groups(manifests: Manifests) -> Iterator[tuple[Object, str, Object, Object]]:
    """The same, with the group before the rule."""
    for item in manifests.of("PrometheusRule"):
        for group, in_group in indexed(item, "spec", "groups"):
            for place, rule in indexed(in_group, "rules"):
                yield item, f"spec.groups[{group}].rules[{place}]", in_group, rule


def dashboards(manifests: Manifests) -> Iterator[Dashboard]:
    """What Grafana's sidecar would load."""
    for item in manifests.of("ConfigMap"):
        if text(item, "metadata", "labels", DASHBOARD_LABEL):
            data = item.get("data")
            for key, written in data.items() if isinstance(data, dict) else ():
                yield Dashboard(item, f"data[{key}]", _json(str(written)))


def panels(dashboard: Dashboard) -> Iterator[tuple[str, Object]]:
    """Its panels, each with its path."""
    for _, panel in indexed(dashboard.model, "panels"):
        yield f"{dashboard.where}.panels[{panel.get('title')}]", panel


def expressions(manifests: Manifests) -> Iterator[Expression]:
    """All expressions of rules, then those of dashboards."""
    for item, path, rule in rules(manifests):
        yield Expression(item, f"{path}.expr", name_of_rule(rule), str(rule.get("expr")))
    for dashboard in dashboards(manifests):
        for path, panel in panels(dashboard):
            for _, target in indexed(panel, "targets"):
                where = f"{path}.targets[{target.get('refId')}].expr"
                yield Expression(dashboard.item, where, f"panel {panel.get('title')}", str(target.get("expr")), of_rule=False)


def name_of_rule(rule: Object) -> str:
    """What a rule is called: alert X, record Y."""
    kind = "alert" if "alert" in rule else "record"
    return f"{kind} {rule.get(kind)}"


def why_unreadable(query: str) -> str | None:
    """The parser's reason, None when it is PromQL."""
    try:
        _parsed(query)
    except ValueError as error:
        return " ".join(str(error).split())
    return None


@cache
def nodes(query: str) -> tuple[Node, ...]:
    """Every part of an expression, the whole first; none when it cannot be read."""
    return () if why_unreadable(query) else tuple(below(_parsed(query)))


def below(node: Node) -> list[Node]:
    """A part of an expression and all of its own parts."""
    found: list[Node] = []
    promql_parser.walk(node, found.append)
    return found


def selectors(parts: Iterable[Node]) -> tuple[promql_parser.VectorSelector, ...]:
    """The vector selectors among parts of an expression, those of ranges included."""
    return tuple(selector for node in parts if (selector := selector_of(node)) is not None)


def selector_of(node: Node) -> promql_parser.VectorSelector | None:
    """The selector that a part of an expression is."""
    inner = node.vector_selector if isinstance(node, promql_parser.MatrixSelector) else node
    return inner if isinstance(inner, promql_parser.VectorSelector) else None


def equalities(selector: promql_parser.VectorSelector) -> dict[str, str]:
    """The labels that a selector fixes, its metric's name among them."""
    fixed = {each.name: each.value for each in selector.matchers.matchers if each.op == promql_parser.MatchOp.Equal}
    return {**fixed, "__name__": selector.name} if selector.name else fixed


def metric(selector: promql_parser.VectorSelector) -> str | None:
    """The name of the metric, None for a pattern of names."""
    return equalities(selector).get("__name__")


def calls(query: str, names: frozenset[str]) -> Iterator[promql_parser.Call]:
    """The calls of these functions."""
    yield from (node for node in nodes(query) if isinstance(node, promql_parser.Call) and node.func.name in names)


def recorded(manifests: Manifests) -> frozenset[str]:
    """The series that the environment's own rules write."""
    return frozenset(str(at(rule, "record")) for _, _, rule in rules(manifests) if "record" in rule)


@cache
def _parsed(query: str) -> promql_parser.Expr:
    for variable, value in VARIABLES:
        query = query.replace(variable, value)
    return parsed(query)


def _json(written: str) -> Any:  # noqa: ANN401 - arbitrary JSON
    try:
        return json.loads(written)
    except ValueError:
        return None
