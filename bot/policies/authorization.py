"""Policies of AuthorizationPolicies: every connection that the stack needs is admitted by identity, and no other."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from bot.policies.authorization_rules import HTTP_FIELDS, Request, action_of, applies, decide
from bot.policies.connections import ELSEWHERE, LIST, OUTSIDE, SIDECAR_PORT, End, fixed, inside, is_listed, needed
from bot.policies.fields import at, indexed, mapping, text, words
from bot.policies.manifests import Violation, wrong
from bot.policies.ports import http_ports
from bot.policies.sidecars import has_sidecar, is_meshed
from bot.policies.strangers import UNDECLARED, identity_strangers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object

# Other identities in the namespaces from which one is admitted: a rule for a whole namespace admits them, too.
NEIGHBOURS = tuple(End(f"another Pod of {namespace}", namespace) for namespace in ("istio-ingress", "istio-system", "monitoring"))
MOST_NAMED = 4


def needed_requests_are_authorized(manifests: Manifests) -> Iterator[Violation]:
    """Each connection of the list between Pods of the mesh passes at its target's sidecar."""
    yield from dict.fromkeys(_refused(manifests))


def _refused(manifests: Manifests) -> Iterator[Violation]:
    policies = _policies(manifests)
    for connection, source, target in needed(manifests):
        pods = target.pods
        if pods is None or connection.port == SIDECAR_PORT or not has_sidecar(manifests, pods):
            continue
        is_http = connection.port in http_ports(manifests, pods)
        request = Request(source.namespace or "", source.account, connection.port, is_http=is_http, path=connection.path)
        decision = decide(policies, target.labels, request)
        if not decision.is_admitted and decision.policy:
            what = f"does not admit {connection}, {connection.why}"
            account = source.account if source.namespace == manifests.namespace else f"{source.namespace}/{source.account}"
            yield wrong(
                decision.policy, decision.field, what, hint=f"admit serviceAccounts {account} at port {connection.port}{fixed(source)}"
            )


def no_other_request_is_authorized(manifests: Manifests) -> Iterator[Violation]:
    """No identity reaches a port of the mesh that the list does not name for it."""
    policies, found = _policies(manifests), defaultdict[tuple[int, str], list[str]](list)
    blamed: dict[int, Object] = {}
    for source, target, request in _attempts(policies, manifests):
        decision = decide(policies, target.labels, request)
        if decision.is_admitted and decision.policy:
            blamed[id(decision.policy)] = decision.policy
            place = "on every port" if request.port == UNDECLARED else str(request.port)
            found[id(decision.policy), decision.field].append(f"{source.name} ({source.account}) -> {target.name} {place}")
    for (key, where), admitted in found.items():
        names = list(dict.fromkeys(admitted))
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        what = f"admits what nothing needs: {', '.join(names[:MOST_NAMED])}{more}"
        hint = f"name serviceAccounts and ports as in {LIST}"
        yield wrong(blamed[key], where, what, hint=hint)


def _attempts(policies: tuple[Object, ...], manifests: Manifests) -> Iterator[tuple[End, End, Request]]:
    ends = inside(manifests)
    strangers = identity_strangers(policies, manifests.namespace, ends)
    sources = (*ends, *OUTSIDE, *NEIGHBOURS, ELSEWHERE, End("another Pod of the namespace", manifests.namespace), *strangers)
    for target in ends:
        if target.pods and has_sidecar(manifests, target.pods):
            http = http_ports(manifests, target.pods)
            declared = (number for _, number, spoken in target.ports if spoken == "TCP")
            for port in dict.fromkeys((*declared, *_named_ports(policies, target), UNDECLARED)):
                for source in sources:
                    if source.namespace and not is_listed(source, target, port, "TCP"):
                        yield source, target, Request(source.namespace, source.account, port, is_http=port in http)


def _named_ports(policies: tuple[Object, ...], target: End) -> Iterator[int]:
    for policy in policies:
        if applies(policy, target.labels):
            for _, rule in indexed(policy, "spec", "rules"):
                for _, each in indexed(rule, "to"):
                    yield from (int(port) for port in words(each, "operation", "ports") if port.isdecimal())


def _policies(manifests: Manifests) -> tuple[Object, ...]:
    """The environment's policies, each knowing its namespace."""
    return tuple(
        {**each, "metadata": {"namespace": manifests.namespace, **mapping(each, "metadata")}}
        for each in manifests.of("AuthorizationPolicy")
    )


def nothing_is_authorized_by_default(manifests: Manifests) -> Iterator[Violation]:
    """A policy that admits nothing selects every Pod, so that Pods without a policy of their own admit nobody."""
    if is_meshed(manifests) and not any(_denies_all(each) for each in manifests.of("AuthorizationPolicy")):
        what = "there is no policy that denies by default: Pods without a policy of their own admit everybody"
        hint = "add an AuthorizationPolicy with an empty spec to foundation"
        yield Violation("AuthorizationPolicy", "deny-all", "spec", what, hint)


def _denies_all(policy: Object) -> bool:
    return applies(policy, {}) and action_of(policy) == "ALLOW" and not at(policy, "spec", "rules")


def no_http_fields_on_tcp_ports(manifests: Manifests) -> Iterator[Violation]:
    """There they never allow, and deny everything."""
    for policy in manifests.of("AuthorizationPolicy"):
        ends = [end for end in inside(manifests) if end.pods and applies(policy, end.labels)]
        for where, operation, fields in _http_fields(policy):
            named = words(operation, "ports")
            ports = [(end, number) for end in ends for _, number, _ in end.ports if not named or str(number) in named]
            opaque = sorted({number for end, number in ports if end.pods and number not in http_ports(manifests, end.pods)})
            if opaque and (named or len(opaque) == len({number for _, number in ports})):
                effect = "denies every connection" if action_of(policy) == "DENY" else "never matches"
                what = f"uses {', '.join(fields)} on port {', '.join(map(str, opaque))}, which is not HTTP: there the rule {effect}"
                yield wrong(policy, where, what, hint="on TCP ports use serviceAccounts and ports alone")


def _http_fields(policy: Object) -> Iterator[tuple[str, Object, list[str]]]:
    """Operations, with the HTTP fields that hold for them: their own, and those of the sources beside them."""
    for index, rule in indexed(policy, "spec", "rules"):
        sources = {key for _, each in indexed(rule, "from") for key in mapping(each, "source")}
        for place, each in [*indexed(rule, "to")] or [(0, {})]:
            operation = mapping(each, "operation")
            plain = {key: key[3:4].lower() + key[4:] if key.startswith("not") else key for key in (*operation, *sources)}
            if fields := sorted(key for key, name in plain.items() if name in HTTP_FIELDS):
                yield f"spec.rules[{index}].to[{place}].operation", operation, fields


def presence_of_a_header_is_no_authentication(manifests: Manifests) -> Iterator[Violation]:
    """Whoever wants in sends any header."""
    for policy in manifests.of("AuthorizationPolicy"):
        for index, rule in indexed(policy, "spec", "rules"):
            for place, condition in indexed(rule, "when"):
                values = words(condition, "values") or words(condition, "notValues")
                if text(condition, "key").startswith("request.headers") and set(values) <= {"", "*"}:
                    what = "asks only that a header is there: whoever wants in sends one"
                    where = f"spec.rules[{index}].when[{place}]"
                    yield wrong(policy, where, what, hint="use a RequestAuthentication and requestPrincipals, or leave it to the API")


AUTHORIZATION_POLICIES = (
    needed_requests_are_authorized,
    no_other_request_is_authorized,
    nothing_is_authorized_by_default,
    no_http_fields_on_tcp_ports,
    presence_of_a_header_is_no_authentication,
)
