"""Addresses in commands and variables lead to a Service of the environment, to a port that it has, and to a member that there is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bot.policies.connections import OUTSIDE
from bot.policies.fields import integer, mappings, text, words
from bot.policies.manifests import name_of
from bot.policies.replicas import most_replicas
from bot.policies.variables import REFERENCE, variables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Pods, Violation
    from bot.policies.variables import Variables

ADDRESS = re.compile(
    r"(?:(?P<protocol>[a-z][a-z0-9+.-]*)://)?(?:[^\s/@]+@)?(?P<host>[A-Za-z][A-Za-z0-9.-]*)(?::(?P<port>[0-9]{1,5}))?(?:/\S*)?"
)
OPTION = re.compile(r"--?[\w.-]+=")
PORTS = {"bolt": 7687, "http": 80, "https": 443, "neo4j": 7687}  # that a client takes where none is written
ELSEWHERE = frozenset({"NEO4J_URI", "QDRANT_NODES", "BACKUP_FROM"})  # policies of their own say more of these
NAMESPACES = frozenset(end.namespace for end in OUTSIDE if end.namespace)  # of what the environment may speak to outside of itself
ITSELF = frozenset({"localhost"})


class Target(NamedTuple):
    """What an address names in the cluster; empty where it leaves that out."""

    member: str
    service: str
    namespace: str


def addresses_lead_somewhere(manifests: Manifests) -> Iterator[Violation]:
    """Each address of the cluster in a command, an argument or a variable has a Service with its port, and the member that it names."""
    for pods in manifests.pods:
        told = set[tuple[str, str]]()  # what several containers take from one ConfigMap is told once
        for where, container in pods.containers():
            variables = variables_of(manifests, container)
            for key, written in _said(container, variables):
                reason = _why_nowhere(manifests, _resolved(manifests, pods, variables, written))
                if reason and (key, written) not in told:
                    told.add((key, written))
                    hint = (
                        f"name one of the Services {', '.join(sorted(map(name_of, manifests.of('Service'))))}, without namespace or domain"
                    )
                    yield pods.wrong(f"{where}.{key}", f"has {written}, and {reason}: nobody answers there", hint=hint)


ADDRESS_POLICIES = (addresses_lead_somewhere,)


def _said(container: Object, variables: Variables) -> Iterator[tuple[str, str]]:
    """Where something is written that may be an address, and what; a list has several."""
    for key in ("command", "args"):
        yield from ((key, OPTION.sub("", word, count=1)) for word in words(container, key))
    for name, value in variables.values.items():
        if name not in ELSEWHERE:
            yield from ((f"env[{name}]", part.strip()) for part in (value or "").split(","))


def _resolved(manifests: Manifests, pods: Pods, variables: Variables, written: str) -> str:
    """An address with its references filled in, as the first member sees it."""
    shown = {"metadata.name": f"{pods.name}-0" if pods.kind == "StatefulSet" else "", "metadata.namespace": manifests.namespace}

    def value(found: re.Match[str]) -> str:
        name = found[1]
        return shown.get(variables.fields.get(name, ""), "") or variables.values.get(name) or found[0]

    return REFERENCE.sub(value, written)


def _why_nowhere(manifests: Manifests, written: str) -> str:
    found = ADDRESS.fullmatch(written)
    port = int(found["port"] or PORTS.get(found["protocol"] or "", 0)) if found else 0
    target = _target(manifests, found["host"].lower()) if found and port and found["host"] not in ITSELF else None
    if target is None or target.namespace in NAMESPACES:
        return ""
    if target.namespace not in {"", manifests.namespace}:
        owner = "another environment" if target.namespace in manifests.others.values() else "nobody that is known here"
        return f"{target.namespace} is a namespace of {owner}"
    service = manifests.named("Service", target.service)
    if service is None:
        return f"{target.service or 'nothing'} is no Service here"
    opened = [str(integer(each, "port")) for each in mappings(service, "spec", "ports")]
    if str(port) not in opened:
        return f"Service {target.service} has no port {port}, but {', '.join(opened)}"
    if target.member and target.member not in _members(manifests, target.service):
        return f"{target.member} is no member of the StatefulSet behind {target.service}"
    return ""


def _target(manifests: Manifests, host: str) -> Target | None:
    """What a host's name says in the cluster's DNS; None for a name of the internet."""
    inside = host.removesuffix(".").removesuffix(".cluster.local")
    parts = inside.removesuffix(".svc").split(".")
    if inside.endswith(".svc"):
        *before, namespace = parts
        return Target(before[0] if len(before) > 1 else "", before[-1] if before else "", namespace)
    if len(parts) == 1:
        return Target("", parts[0], "")
    known = {manifests.namespace, *manifests.others.values(), *NAMESPACES}
    if parts[-1] in known:
        return _target(manifests, f"{host}.svc")
    is_ours = manifests.named("Service", parts[-1]) or manifests.named("StatefulSet", parts[0].rpartition("-")[0])
    return Target(parts[0], parts[-1], "") if is_ours and len(parts) == len(("member", "service")) else None


def _members(manifests: Manifests, service: str) -> Iterator[str]:
    for pods in manifests.pods:
        if pods.kind == "StatefulSet" and text(pods.owner, "spec", "serviceName") == service:
            yield from (f"{pods.name}-{number}" for number in range(most_replicas(manifests, pods)))
