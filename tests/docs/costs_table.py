"""The tables of sizes: what each environment asks for, by workload and in all, as `bot size` counts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.replicas import JOBS, least_replicas, scaled_replicas
from bot.policies.sizes import Size, pod_size
from tests.docs.markdown import code, table
from tests.docs.stack import at, called

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Pods
    from tests.docs.stack import Stack
    from tests.manifests.renders import Render

GI = 2**30
HEADER = ("environment", "workload", "Pods", "cores each", "memory each", "volumes each", "cores", "memory", "volumes")


def sizes(stack: Stack) -> str:
    """What runs for good: with as few Pods as there may be, and with as many."""
    return table(HEADER, (row for render in stack.environments.values() for row in _environment(render)))


def jobs(stack: Stack) -> str:
    """What runs for a time: checks, backups and restores, with the volume that they need meanwhile."""
    header = ("environment", "job", "when", "cores", "memory", "volume for its time")
    return table(header, (row for render in stack.environments.values() for row in _jobs(render)))


def quotas(stack: Stack) -> str:
    """What an environment may ask for in all."""
    header = ("environment", "resource", "at most")
    found = ((name, item) for name, render in stack.environments.items() for item in render.of("ResourceQuota"))
    return table(header, ((name, code(key), str(value)) for name, item in found for key, value in sorted(item["spec"]["hard"].items())))


def retention(stack: Stack) -> str:
    """How long metrics are kept, by cluster."""
    header = ("cluster", "metrics are kept for", "or up to", "on a volume of")
    charts = {name: next(item for item in items if called(item) == "Chart/kube-prometheus-stack") for name, items in stack.clusters.items()}
    fields = ("retention", "retentionSize", "storageSpec.volumeClaimTemplate.spec.resources.requests.storage")
    return table(
        header, ((name, *(str(at(chart, f"values.prometheus.prometheusSpec.{each}")) for each in fields)) for name, chart in charts.items())
    )


def _environment(render: Render) -> Iterator[tuple[str, ...]]:
    manifests, name = render.manifests, render.environment.name
    least = most = Size()
    for pods in manifests.pods:
        if pods.kind not in JOBS:
            size, few, many = pod_size(manifests, pods), least_replicas(manifests, pods), scaled_replicas(manifests, pods)
            yield name, code(called(pods.owner)), f"{few} to {many}" if few < many else str(few), *_words(size), *_words(size * few)
            least, most = least + size * few, most + size * many
    for which, sum_of_all in (("all, at least", least), ("all, at most", most)):
        yield name, f"**{which}**", "", "", "", "", *_words(sum_of_all)


def _jobs(render: Render) -> Iterator[tuple[str, ...]]:
    manifests = render.manifests
    for pods in manifests.pods:
        if pods.kind in JOBS:
            yield render.environment.name, code(called(pods.owner)), _when(pods), *_words(pod_size(manifests, pods))


def _when(pods: Pods) -> str:
    if pods.kind == "Job":
        return "after each sync"
    return "when a person starts it" if at(pods.owner, "spec.suspend") else code(pods.owner["spec"]["schedule"])


def _words(size: Size) -> tuple[str, str, str]:
    return _number(size.cpu / 1000), f"{_number(size.memory / GI)} GiB", f"{_number(size.storage / GI)} GiB"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
