"""What an environment renders to, as policies look at it: objects by kind and name, Pods with their owners."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Object = dict[str, Any]  # arbitrary YAML: one Kubernetes object
POD_PATHS = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


@dataclass(frozen=True)
class Violation:
    """One rule broken by one field of one object: what is wrong and why it matters, and how it is mended."""

    kind: str
    name: str
    field: str  # such as spec.template.spec.containers[api].image
    what: str
    hint: str
    is_error: bool = True


@dataclass(frozen=True)
class Pods:
    """The Pods that one workload makes."""

    owner: Object
    labels: Mapping[str, str]
    spec: Object
    path: str  # of spec in the owner: spec.template.spec

    @property
    def kind(self) -> str:
        """The owner's kind."""
        return str(self.owner["kind"])

    @property
    def name(self) -> str:
        """The owner's name."""
        return name_of(self.owner)

    def containers(self) -> Iterator[tuple[str, Object]]:
        """Init containers, then containers, each with its path in the owner."""
        for group in ("initContainers", "containers"):
            for container in self.spec.get(group) or ():
                yield f"{self.path}.{group}[{container.get('name')}]", container

    def wrong(self, where: str, what: str, *, hint: str) -> Violation:
        """A violation at a path below the owner."""
        return Violation(self.kind, self.name, where, what, hint)


@dataclass(frozen=True)
class Manifests:
    """What one environment renders to."""

    environment: str
    namespace: str
    objects: tuple[Object, ...]
    _by_kind: dict[str, list[Object]] = field(init=False, repr=False, compare=False, default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        """Sorts the objects by kind."""
        for item in self.objects:
            self._by_kind[str(item.get("kind"))].append(item)

    def of(self, kind: str) -> tuple[Object, ...]:
        """All objects of a kind."""
        return tuple(self._by_kind.get(kind, ()))

    def named(self, kind: str, name: str) -> Object | None:
        """The object of a kind and name, if there is one."""
        return next((item for item in self.of(kind) if name_of(item) == name), None)

    @cached_property
    def pods(self) -> tuple[Pods, ...]:
        """The Pods of all workloads, Jobs included."""
        return tuple(_pods(item, path) for kind, path in POD_PATHS.items() for item in self.of(kind))

    def selected(self, labels: Mapping[str, str]) -> tuple[Pods, ...]:
        """Pods that carry all of these labels."""
        return tuple(each for each in self.pods if labels.items() <= each.labels.items())


def name_of(item: Object) -> str:
    """An object's name."""
    return str(item.get("metadata", {}).get("name"))


def wrong(item: Object, where: str, what: str, *, hint: str, is_error: bool = True) -> Violation:
    """A violation by an object itself."""
    return Violation(str(item.get("kind")), name_of(item), where, what, hint, is_error)


def _pods(owner: Object, path: tuple[str, ...]) -> Pods:
    template: Any = owner
    for key in path:
        template = template.get(key) or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    return Pods(owner, labels, template.get("spec") or {}, ".".join((*path, "spec")))
