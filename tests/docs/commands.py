"""Commands in documents: which there are, and which objects of a cluster they name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.docs.markdown import blocks
from tests.docs.stack import PODS, at, name_of
from tests.manifests.renders import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.docs.stack import Item, Stack

DOCUMENTS = [*sorted(set((ROOT / "docs").glob("*.md")) - {ROOT / "docs" / "README.md"}), ROOT / "apps" / "context-api" / "CONTRACT.md"]
READMES = [*sorted(path for path in ROOT.glob("[!.]*/README.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
INLINE = re.compile(r"`((?:kubectl|bot|scripts/|make )[^`]*)`")
OBJECT = re.compile(r"(?<![\w./:$-])([a-z]+)/([a-z0-9][a-z0-9.-]*)(?![\w/])")
WRITTEN = re.compile(r"`([A-Z]\w+)/([a-z0-9.-]+)`")
NAMESPACE = re.compile(r"(?:-n|--namespace)[ =](\S+)")
MADE = re.compile(r"create job (\S+)")
SHORT = {"pvc": "persistentvolumeclaim", "svc": "service", "deploy": "deployment", "sts": "statefulset", "po": "pod"}
ROLLED_OUT = {  # by charts and by Argo CD's own manifests, so in no render
    "daemonset/istio-cni-node", "deployment/istiod", "deployment/prometheus-operator", "service/istio-ingressgateway",
    "applicationset/environments", "application/context-dev", "application/context-staging", "application/context-prod",
}  # fmt: skip
OUTSIDE = {"argocd", "kube-system"}  # namespaces that neither an environment nor an add-on makes


def commands(path: Path) -> Iterator[str]:
    """The command lines of a document, those that go on in the next line joined, and those between back quotes."""
    text = path.read_text("utf-8")
    for block in blocks(text):
        if block.language == "sh":
            yield from re.sub(r"\\\n\s*", "", block.text).splitlines()
    yield from INLINE.findall(text)


def named_objects(path: Path) -> set[str]:
    """The objects that commands of a document name, as kind/name; those that it makes itself left out."""
    lines = [line.strip() for line in commands(path) if "kubectl" in line]
    made = {f"job/{name}" for line in lines for name in MADE.findall(line)}
    found = {f"{SHORT.get(kind, kind)}/{name}" for line in lines for kind, name in OBJECT.findall(line)}
    return {each for each in found if not each.startswith(("clusters/", "environments/", "argocd/", "apis/"))} - made


def written_objects(path: Path) -> set[str]:
    """The objects that the text of a document names, as Kind/name."""
    return {f"{kind}/{name}" for kind, name in WRITTEN.findall(path.read_text("utf-8"))}


def namespaces(path: Path) -> set[str]:
    """The namespaces that commands of a document name."""
    return {name for line in commands(path) if "kubectl" in line for name in NAMESPACE.findall(line) if name.islower()}


def known_objects(stack: Stack) -> set[str]:
    """Every object of every environment and cluster, as kind/name; Pods and claims of StatefulSets, too."""
    items = [item for place in stack.places().values() for item in place if item["kind"] not in {"File", "Chart"}]
    found = {f"{item['kind'].lower()}/{name_of(item)}" for item in items}
    made = {f"secret/{at(item, 'spec.target.name')}" for item in items if item["kind"] == "ExternalSecret"}
    return found | made | {each for item in items if item["kind"] in PODS for each in _of_members(item)} | ROLLED_OUT


def known_namespaces(stack: Stack) -> set[str]:
    """The namespaces of environments and add-ons, and those that a cluster has anyway."""
    add_ons = {item["spec"]["namespace"] for items in stack.clusters.values() for item in items if item["kind"] == "Chart"}
    return add_ons | {render.environment.namespace for render in stack.environments.values()} | OUTSIDE


def _of_members(item: Item) -> Iterator[str]:
    """A StatefulSet's Pods and claims."""
    if item["kind"] == "StatefulSet":
        for number in range(item["spec"]["replicas"]):
            yield f"pod/{item['metadata']['name']}-{number}"
            for claim in item["spec"]["volumeClaimTemplates"]:
                yield f"persistentvolumeclaim/{claim['metadata']['name']}-{item['metadata']['name']}-{number}"
