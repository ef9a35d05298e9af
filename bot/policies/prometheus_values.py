"""Whether a cluster's Prometheus has room for what it keeps, keeps what it is asked for, and reads the namespaces of its environments."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import promql_parser

from bot.contents import Problem
from bot.gate.outcomes import in_words
from bot.gate.promql import duration
from bot.policies.add_on_values import PROMETHEUS, SPEC, UNSEEN
from bot.policies.fields import mapping, text, words
from bot.policies.metrics.expressions import name_of_rule, nodes, rules
from bot.policies.quantities import quantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.model import Environment
    from bot.policies.add_on_values import AddOn
    from bot.policies.manifests import Manifests

RETENTION = "10d"  # the chart's default
SIZE = re.compile(r"(\d*\.?\d+)([KMGTPE]?)i?B")  # of Prometheus, which counts by 1024 with and without the i
VOLUME = ("storageSpec", "volumeClaimTemplate", "spec", "resources", "requests", "storage")
OPERATOR = "prometheusOperator"

Span = tuple[timedelta, str]  # how far back somebody looks, and who does


def full_volumes(add_ons: Iterable[AddOn]) -> Iterator[Problem]:
    """What is kept is less than the volume holds: when that is full, Prometheus ends."""
    for each in _of_chart(add_ons):
        spec = mapping(each.values, *SPEC.split("."))
        size, volume = SIZE.fullmatch(text(spec, "retentionSize")), text(spec, *VOLUME)
        room = quantity(volume)
        if size and room and Decimal(size[1]) * Decimal(1024) ** " KMGTPE".index(size[2] or " ") >= room:
            what = f"{SPEC}.retentionSize is {size[0]} on a volume of {volume}: that is full before, and Prometheus ends"
            yield Problem(each.file, what, "write at most nine tenths of the volume, since what was not yet compacted lies there, too")


def unread_namespaces(add_ons: Iterable[AddOn], environments: Iterable[Manifests]) -> Iterator[Problem]:
    """The operator reads the namespace of each environment; of names with templates, that cannot be known."""
    environments = tuple(environments)
    for each in _of_chart(add_ons):
        denied, only = words(each.values, OPERATOR, "denyNamespaces"), words(each.values, OPERATOR, "namespaces", "additional")
        for environment in environments if "{{" not in "".join((*denied, *only)) else ():
            name = environment.namespace
            if name in denied:
                what = f"{OPERATOR}.denyNamespaces holds {name}, where {environment.environment} runs: {UNSEEN}"
                yield Problem(each.file, what, "take it out")
            elif only and name not in only:
                what = f"{OPERATOR}.namespaces lacks {name}, where {environment.environment} runs: {UNSEEN}"
                yield Problem(each.file, what, "remove the list, which is every namespace, or add it to `additional`")


def short_retention(add_ons: Iterable[AddOn], spans: Iterable[Span]) -> Iterator[Problem]:
    """Nobody looks further back than what is kept; whoever looks furthest is named."""
    longest, who = max(spans, default=(timedelta(), ""))
    for each in _of_chart(add_ons):
        written = text(each.values, *SPEC.split("."), "retention") or RETENTION
        try:
            kept = duration(written)
        except ValueError:
            continue  # the operator refuses it, and says so
        if longest > kept:
            what = f"{SPEC}.retention is {written}, and {who}: what is older is gone, so that it is never seen whole"
            yield Problem(each.file, what, "keep it for longer, or let it look less far back")


def spans_of_rules(environment: Manifests) -> Iterator[Span]:
    """How far back each rule of an environment looks."""
    for _, _, rule in rules(environment):
        for node in nodes(text(rule, "expr")):
            if isinstance(node, promql_parser.MatrixSelector | promql_parser.SubqueryExpr) and node.range:
                yield node.range, f"{name_of_rule(rule)} of {environment.environment} looks back {in_words(node.range)}"


def spans_of_gates(environments: Iterable[Environment], here: Iterable[str]) -> Iterator[Span]:
    """How far back gates look in the environments of these names: in the source for the target's soak, in the target for its own watch."""
    names = {*here}
    for each in environments:
        if each.promotes_from in names:
            yield each.policy.soak, f"gate.soak of {each.name} asks for {in_words(each.policy.soak)} of {each.promotes_from}"
        if each.name in names:
            yield each.policy.watch, f"gate.watch of {each.name} is {in_words(each.policy.watch)}"


def _of_chart(add_ons: Iterable[AddOn]) -> Iterator[AddOn]:
    return (each for each in add_ons if each.chart == PROMETHEUS)
