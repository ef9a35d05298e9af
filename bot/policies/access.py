"""Who may do what: a namespace that admits restricted Pods alone, and roles without secrets and wildcards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import mappings, strings, text, words
from bot.policies.manifests import wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Object, Violation

LEVEL = "pod-security.kubernetes.io/"
ROLES = ("Role", "ClusterRole")
BINDINGS = ("RoleBinding", "ClusterRoleBinding")
MIGHTY_VERBS = frozenset({"bind", "escalate", "impersonate"})
MIGHTY_RESOURCES = frozenset({"pods/exec", "pods/attach", "serviceaccounts/token"})
MIGHTY_ROLES = frozenset({"admin", "cluster-admin", "edit"})


def the_namespace_is_restricted(manifests: Manifests) -> Iterator[Violation]:
    """The Namespace admits restricted Pods alone, warns, and says by which version's rules."""
    for item in manifests.of("Namespace"):
        labels = strings(item, "metadata", "labels")
        for mode in ("enforce", "audit", "warn"):
            if labels.get(f"{LEVEL}{mode}") != "restricted":
                what = f"is {labels.get(f'{LEVEL}{mode}', 'not set')}: Pods that run as root, or on the host's network, are admitted"
                yield wrong(item, f"metadata.labels.{LEVEL}{mode}", what, hint="set it to restricted")
            elif f"{LEVEL}{mode}-version" not in labels:
                what = "is not set: the rules change with the next upgrade of the cluster"
                yield wrong(item, f"metadata.labels.{LEVEL}{mode}-version", what, hint="set it to a version, such as v1.35")


def the_namespace_is_there(manifests: Manifests) -> Iterator[Violation]:
    """The environment brings its Namespace, with its labels: Argo CD would make one without."""
    if manifests.objects and not manifests.of("Namespace"):
        what = "is not rendered: made by hand or by Argo CD, it admits every Pod"
        yield wrong(_missing(manifests), "metadata.name", what, hint="add the app foundation to the environment")


def roles_read_no_secrets(manifests: Manifests) -> Iterator[Violation]:
    """No role opens Secrets: volumes and variables bring Pods theirs without any."""
    for item, where, rule in _rules(manifests):
        if "secrets" in words(rule, "resources"):
            what = "has secrets: one broken program has every password of the namespace"
            yield wrong(item, f"{where}.resources", what, hint="remove secrets; mount the one Secret that the Pod needs")


def roles_are_narrow(manifests: Manifests) -> Iterator[Violation]:
    """No role allows everything, or the making of further rights."""
    for item, where, rule in _rules(manifests):
        for key in ("apiGroups", "resources", "verbs"):
            wide = [each for each in words(rule, key) if "*" in each or each in (MIGHTY_VERBS | MIGHTY_RESOURCES)]
            if wide:
                what = f"has {', '.join(wide)}: with it, an account gives itself every right"
                yield wrong(item, f"{where}.{key}", what, hint="list what is needed, word by word")


def bindings_stay_at_home(manifests: Manifests) -> Iterator[Violation]:
    """Bindings give roles of this environment, to its accounts and to groups of people."""
    accounts = {text(item, "metadata", "name") for item in manifests.of("ServiceAccount")}
    for item in (each for kind in BINDINGS for each in manifests.of(kind)):
        role = text(item, "roleRef", "name")
        if role in MIGHTY_ROLES or (text(item, "roleRef", "kind") == "Role" and manifests.named("Role", role) is None):
            what = f"is {role}, {'which can change everything here' if role in MIGHTY_ROLES else 'which is not rendered: it gives nothing'}"
            yield wrong(item, "roleRef.name", what, hint="bind a Role of this environment that lists what is needed")
        for index, subject in enumerate(mappings(item, "subjects")):
            kind, name = text(subject, "kind"), text(subject, "name")
            if (kind == "ServiceAccount" and name not in accounts) or (kind != "ServiceAccount" and name.startswith("system:")):
                what = f"is {kind} {name}, which is not of this environment: whoever has that name gets the right"
                yield wrong(item, f"subjects[{index}].name", what, hint="name a ServiceAccount that is rendered here, or a group of people")


ACCESS_POLICIES = (the_namespace_is_restricted, the_namespace_is_there, roles_read_no_secrets, roles_are_narrow, bindings_stay_at_home)


def _rules(manifests: Manifests) -> Iterator[tuple[Object, str, Object]]:
    for item in (each for kind in ROLES for each in manifests.of(kind)):
        yield from ((item, f"rules[{index}]", rule) for index, rule in enumerate(mappings(item, "rules")))


def _missing(manifests: Manifests) -> Object:
    return {"kind": "Namespace", "metadata": {"name": manifests.namespace}}
