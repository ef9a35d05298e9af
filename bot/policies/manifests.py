"""What an environment renders to, as policies look at it: objects by kind and name, Pods with their owners."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from bot.policies.fields import mapping, mappings, strings, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Policy = Callable[["Manifests"], Iterator["Violation"]]
    SourcePolicy = Callable[[Mapping[str, str]], Iterator["Violation"]]
    Inspector = Callable[[Sequence["Object"]], Iterable["Violation"]]

Object = dict[str, Any]  # arbitrary YAML: one Kubernetes object
SCRAPE_INTERVAL = "30s"  # of prometheus-operator, where nothing else is said
Digests = Literal["wanted", "required once live", "required"]
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
            for container in mappings(self.spec, group):
                yield f"{self.path}.{group}[{container.get('name')}]", container

    def wrong(self, where: str, what: str, *, hint: str, is_error: bool = True) -> Violation:
        """A violation at a path below the owner."""
        return Violation(self.kind, self.name, where, what, hint, is_error)


@dataclass(frozen=True)
class Manifests:
    """What one environment renders to."""

    environment: str
    namespace: str
    objects: tuple[Object, ...]
    others: Mapping[str, str] = field(default_factory=dict)  # namespaces of the other environments, by their names
    digests: Digests = "wanted"  # whether the environment takes an image without one
    scrape_interval: str = SCRAPE_INTERVAL  # of the cluster's Prometheus, where a monitor says none
    merged_by_bot: bool = False  # whether nobody looks at a promotion once more before it is merged
    storage_classes: frozenset[str] = frozenset()  # of any cluster; none where that is not known
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

    def containers(self) -> Iterator[tuple[Pods, str, Object]]:
        """Every container with its Pods and its path in their owner."""
        for pods in self.pods:
            for where, container in pods.containers():
                yield pods, where, container

    def selected(self, labels: Mapping[str, str]) -> tuple[Pods, ...]:
        """Pods that carry all of these labels."""
        return tuple(each for each in self.pods if labels.items() <= each.labels.items())


def name_of(item: Object) -> str:
    """An object's name."""
    return str(mapping(item, "metadata").get("name"))


def wrong(item: Object, where: str, what: str, *, hint: str, is_error: bool = True) -> Violation:
    """A violation by an object itself."""
    return Violation(str(item.get("kind")), name_of(item), where, what, hint, is_error)


def _pods(owner: Object, path: tuple[str, ...]) -> Pods:
    template = mapping(owner, *path)
    return Pods(owner, strings(template, "metadata", "labels"), mapping(template, "spec"), ".".join((*path, "spec")))


def said_in(container: Object) -> tuple[str, ...]:
    """The words of a container's command and its arguments."""
    return (*words(container, "command"), *words(container, "args"))
