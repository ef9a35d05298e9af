"""Whether AuthorizationPolicies admit a request, by the semantics of security.istio.io/v1 at a sidecar."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from bot.policies.fields import at, indexed, mapping, sequence, text, words
from bot.policies.label_selectors import selects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.policies.manifests import Object

TRUST_DOMAIN = "cluster.local"
HTTP_FIELDS = frozenset({"hosts", "methods", "paths", "requestPrincipals"})


class Match(IntEnum):
    """Whether a rule matches: by what is known of the request, or only some requests of this kind."""

    NO = 0
    SOME = 1
    YES = 2


@dataclass(frozen=True)
class Request:
    """One request to a port; without a path, any request."""

    namespace: str
    account: str
    port: int
    is_http: bool
    path: str | None = None


@dataclass(frozen=True)
class Decision:
    """Whether a request is admitted, and the policy and field that decide it; no policy where none is needed to."""

    is_admitted: bool
    policy: Object | None = None
    field: str = "spec.rules"


def decide(policies: tuple[Object, ...], labels: object, request: Request) -> Decision:
    """What the policies decide that apply to Pods with these labels; DENY goes before ALLOW."""
    applying = [each for each in policies if applies(each, labels)]
    for policy, where, match in _matches(applying, request, action="DENY"):
        if match is Match.YES:
            return Decision(is_admitted=False, policy=policy, field=where)
    allowing = [each for each in applying if action_of(each) == "ALLOW"]
    if not allowing:
        return Decision(is_admitted=True)
    for policy, where, match in _matches(applying, request, action="ALLOW"):
        if match is not Match.NO:
            return Decision(is_admitted=True, policy=policy, field=where)
    nearest = max(allowing, key=lambda policy: len(mapping(policy, "spec", "selector", "matchLabels")))
    return Decision(is_admitted=False, policy=nearest)


def applies(policy: Object, labels: object) -> bool:
    """Whether a policy applies at the sidecars of Pods with these labels."""
    return not at(policy, "spec", "targetRefs") and selects(at(policy, "spec", "selector"), labels)


def action_of(policy: Object) -> str:
    """What a policy does with what it matches: ALLOW unless it says otherwise."""
    return text(policy, "spec", "action") or "ALLOW"


def _matches(policies: list[Object], request: Request, *, action: str) -> Iterator[tuple[Object, str, Match]]:
    for policy in policies:
        if action_of(policy) == action:
            here = text(policy, "metadata", "namespace")
            for index, rule in indexed(policy, "spec", "rules"):
                yield policy, f"spec.rules[{index}]", _rule(rule, request, here, action)


def _rule(rule: Object, request: Request, here: str, action: str) -> Match:
    sources = [_source(at(each, "source"), request, here, action) for each in sequence(rule, "from")]
    operations = [_operation(at(each, "operation"), request, action) for each in sequence(rule, "to")]
    conditions = [_condition(each, request, action) for each in sequence(rule, "when")]
    return min(max(sources, default=Match.YES), max(operations, default=Match.YES), min(conditions, default=Match.YES))


def _source(source: object, request: Request, here: str, action: str) -> Match:
    account = f"{request.namespace}/{request.account}"
    known: dict[str, Callable[[str], bool]] = {
        "principals": lambda pattern: fits(pattern, f"{TRUST_DOMAIN}/ns/{request.namespace}/sa/{request.account}"),
        "namespaces": lambda pattern: fits(pattern, request.namespace),
        "serviceAccounts": lambda name: (name if "/" in name else f"{here}/{name}") == account,
        "trustDomains": lambda pattern: fits(pattern, TRUST_DOMAIN),
    }
    return _fields(source, known, request, action)


def _operation(operation: object, request: Request, action: str) -> Match:
    known: dict[str, Callable[[str], bool]] = {"ports": lambda port: port == str(request.port)}
    if request.path is not None:
        known["paths"] = lambda pattern: fits(pattern, request.path or "")
    return _fields(operation, known, request, action)


def _fields(item: object, known: dict[str, Callable[[str], bool]], request: Request, action: str) -> Match:
    """All fields of a source or operation together; each is a list of which one value must fit, or with `not` none."""
    found = [Match.YES]
    for key in mapping(item):
        values = words(item, key)
        name = key if key in known or not key.startswith("not") else key[3:4].lower() + key[4:]
        if not values:
            continue
        if name in HTTP_FIELDS and not request.is_http:
            found.append(_without_http(action))
        elif name in known:
            fitting = any(known[name](value) for value in values)
            found.append(Match.YES if fitting is (name == key) else Match.NO)
        else:
            found.append(Match.SOME)
    return min(found)


def _without_http(action: str) -> Match:
    """On a TCP port a rule with HTTP fields never allows, and denies without regard to them."""
    return Match.YES if action == "DENY" else Match.NO


def _condition(condition: object, request: Request, action: str) -> Match:
    key = text(condition, "key")
    if key.startswith("request.") and not request.is_http:
        return _without_http(action)
    known = {
        "source.namespace": request.namespace,
        "source.principal": f"{TRUST_DOMAIN}/ns/{request.namespace}/sa/{request.account}",
        "destination.port": str(request.port),
    }
    if key not in known:
        return Match.SOME
    values, refused = words(condition, "values"), words(condition, "notValues")
    fitting = not values or any(fits(value, known[key]) for value in values)
    return Match.YES if fitting and not any(fits(value, known[key]) for value in refused) else Match.NO


def fits(pattern: str, value: str) -> bool:
    """Istio's match of strings: exact, `prefix*`, `*suffix`, `*` for anything, and `{*}` or `{**}` in paths."""
    if "{*}" in pattern or "{**}" in pattern:
        return value.startswith(pattern[: pattern.index("{")])  # near enough: it reads as wide as it can be
    if pattern == "*":
        return bool(value)
    if pattern.startswith("*"):
        return value.endswith(pattern[1:])
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern
