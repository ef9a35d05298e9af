"""What the documents speak of: environments and clusters as rendered, and the files of the repository."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.kustomizations import HASH_SUFFIX
from tests.clusters.layout import CLUSTERS, add_ons
from tests.manifests.renders import NAMES, ROOT, Render, render_all, render_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Item = dict[str, Any]  # Any: arbitrary YAML
REPOSITORY = "repository"
PODS = ("Deployment", "StatefulSet", "CronJob", "Job")


@dataclass(frozen=True)
class Stack:
    """Everything that a document may promise, by the place where it is."""

    environments: Mapping[str, Render]
    clusters: Mapping[str, tuple[Item, ...]]
    files: tuple[Item, ...]

    def places(self) -> dict[str, tuple[Item, ...]]:
        """The objects of every place: environments, clusters, and the repository's files."""
        found = {name: render.objects for name, render in self.environments.items()}
        return {**found, **self.clusters, REPOSITORY: self.files}


def read_stack(scratch: Path) -> Stack:
    """Renders what there is, the environments as if the head of `apps/` had been promoted to them."""
    clusters = {name: (*render_folder(f"clusters/{name}", scratch / "clusters").objects, *_charts(name)) for name in CLUSTERS}
    return Stack(render_all(), clusters, tuple(_files()))


def _charts(cluster: str) -> Iterator[Item]:
    """The Helm charts of a cluster, in the shape of objects."""
    for name, add_on in add_ons(cluster).items():
        yield {"kind": "Chart", "metadata": {"name": name}, "spec": add_on.fields, "values": add_on.values}


def _files() -> Iterator[Item]:
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for path in subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
        if (ROOT / path).is_file():
            yield {"kind": "File", "metadata": {"name": path}}


def at(item: Any, path: str) -> Any:
    """What lies at a path of keys and positions; None where there is nothing."""
    for key in path.split("."):
        if isinstance(item, list):
            item = item[int(key)] if key.isdecimal() and int(key) < len(item) else None
        else:
            item = item.get(key) if isinstance(item, dict) else None
    return item


def name_of(item: Item) -> str:
    """An object's name, of a generated one without its hash."""
    name = str(item["metadata"]["name"])
    return HASH_SUFFIX.sub("", name) if item["kind"] in {"ConfigMap", "Secret"} else name


def called(item: Item) -> str:
    """How an object is written in a document; a file by its path."""
    return name_of(item) if item["kind"] == "File" else f"{item['kind']}/{name_of(item)}"


def template_of(item: Item) -> Item:
    """The Pod template of whatever makes Pods; empty where it makes none."""
    prefix = "spec.jobTemplate.spec.template" if item["kind"] == "CronJob" else "spec.template"
    return (at(item, prefix) or {}) if item["kind"] in PODS else {}


def containers_of(item: Item) -> list[Item]:
    """All containers of whatever makes Pods, those that run first included."""
    pod = template_of(item).get("spec", {})
    return [*pod.get("initContainers", []), *pod.get("containers", [])]


def order_of(places: set[str] | frozenset[str]) -> list[str]:
    """Places in the order in which a release travels."""
    return [name for name in (*NAMES, *CLUSTERS, REPOSITORY) if name in places]
