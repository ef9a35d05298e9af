"""Projects of Argo CD: each allows the kinds that its environment renders, and nothing more."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from bot.policies.fields import indexed, mapping, mappings, text
from bot.policies.manifests import name_of, wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.policies.manifests import Object, Violation

PROJECT = "AppProject"
IN_NAMESPACE, IN_CLUSTER = "namespaceResourceWhitelist", "clusterResourceWhitelist"
WILD = frozenset("*?[")
MADE = {  # by controllers, in the namespace of what is rendered: Argo CD leaves a kind that is not allowed out of its tree, and its images
    "Deployment": (("apps", "ReplicaSet"), ("", "Pod")),
    "StatefulSet": (("", "Pod"), ("", "PersistentVolumeClaim")),
    "DaemonSet": (("", "Pod"),),
    "CronJob": (("batch", "Job"), ("", "Pod")),
    "Job": (("", "Pod"),),
}


class Kind(NamedTuple):
    """What a project must allow: a kind, by the list that allows it; of what belongs to no namespace, each object."""

    listed: str
    group: str
    kind: str
    name: str = ""

    def __str__(self) -> str:
        """For messages."""
        return " ".join(word for word in (f"{self.group}/{self.kind}".lstrip("/"), self.name) if word)


def rendered_kinds(objects: Iterable[Object]) -> frozenset[Kind]:
    """What a render, and what controllers make of it, ask of their project; kustomize gives a namespace to whatever lives in one."""
    return frozenset(kind for item in objects for kind in (_kind(item), *_made_of(item)))


def refused_kinds(project: Object, wanted: Iterable[Kind]) -> Iterator[Violation]:
    """What is rendered is allowed."""
    for each in sorted(wanted):
        if not any(_allows(entry, each) for entry in mappings(project, "spec", each.listed)):
            what = f"does not allow {each}, which its environment renders, or what it renders makes: Argo CD refuses the sync, or hides it"
            yield wrong(project, f"spec.{each.listed}", what, hint=f"add group {each.group!r}, kind {each.kind}, in every project alike")


def needless_kinds(project: Object, own: Iterable[Kind], anywhere: Iterable[Kind]) -> Iterator[Violation]:
    """What is allowed is rendered, here or in another environment: projects are alike, so that no release meets its refusal last."""
    wanted = {IN_NAMESPACE: tuple(anywhere), IN_CLUSTER: tuple(own)}
    for listed, rendered in wanted.items():
        for index, entry in indexed(project, "spec", listed):
            called = f"{text(entry, 'group')}/{text(entry, 'kind')}".lstrip("/")
            if WILD & set(called):
                what = f"allows {called}, a pattern: more than what is rendered"
            elif any(each.listed == listed and _allows(entry, each) for each in rendered):
                continue
            else:
                what = f"allows {called}, which nothing renders: whoever writes to Git could bring it"
            yield wrong(project, f"spec.{listed}[{index}]", what, hint="remove it, in every project alike; name each kind that is rendered")


def _kind(item: Object) -> Kind:
    group, kind = text(item, "apiVersion").rpartition("/")[0], text(item, "kind")
    if mapping(item, "metadata").get("namespace"):
        return Kind(IN_NAMESPACE, group, kind)
    return Kind(IN_CLUSTER, group, kind, name_of(item))


def _made_of(item: Object) -> Iterator[Kind]:
    for group, kind in MADE.get(text(item, "kind"), ()):
        yield Kind(IN_NAMESPACE, group, kind)


def _allows(entry: Object, wanted: Kind) -> bool:
    """As Argo CD compares: patterns are allowed, and a name where the entry has one."""
    name = text(entry, "name")
    return (
        fnmatchcase(wanted.group, text(entry, "group"))
        and fnmatchcase(wanted.kind, text(entry, "kind"))
        and (not name or wanted.listed == IN_NAMESPACE or fnmatchcase(wanted.name, name))
    )
