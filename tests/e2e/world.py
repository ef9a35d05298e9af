"""The world that scenarios happen in: the control plane with Argo CD, the sandbox's forge, registry and monitoring, and `bot`."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bot.adapters.git_checkout import open_checkout
from bot.adapters.prometheus import open_prometheus
from bot.model import MAIN
from bot.observations import PodSeen
from bot.ports import Entry
from bot.sandbox.origin import AUTHOR
from bot.sandbox.running import NAME, OWNER, OtherArgoCD
from bot.sandbox.start import start_sandbox
from bot.workflows.stack import read_stack
from tests.bot.conftest import Quiet, Town
from tests.e2e.argocd import IN_CLUSTER, is_syncing, start_argocd
from tests.e2e.git_server import start_git_server
from tests.e2e.peers import find_peers
from tests.e2e.plane import CRASH_ANNOTATION, start_plane
from tests.e2e.processes import Found, Processes, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from bot.ports import Prometheus
    from bot.sandbox.origin import Pace
    from bot.sandbox.running import Sandbox
    from bot.workflows.changes import Changes
    from tests.e2e.argocd import ArgoCD
    from tests.e2e.cluster import Cluster, Object
    from tests.e2e.plane import Plane

SYNC_SECONDS = 240
DOWN = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True)
class Running:
    """Everything that runs, once for all tests; `base` is the commit that each test begins at."""

    folder: Path
    plane: Plane
    argocd: ArgoCD
    sandbox: Sandbox
    tokens: dict[str, Path]
    base: str

    def main(self) -> str:
        """Main's commit."""
        return self.sandbox.objects.git.text("rev-parse", MAIN)


@contextmanager
def run_world(checkout: Path, *, ref: str, pace: Pace) -> Iterator[Running]:
    """Starts it all on a commit of a checkout; three Applications are Synced and Healthy inside the block."""
    peers = find_peers()
    folder = Path(tempfile.mkdtemp(prefix="end-to-end-")).resolve()
    processes = Processes(folder / "logs")
    try:
        plane = start_plane(folder / "plane", processes, peers)
        server = start_git_server(folder / "git", processes, peers)
        name = f"{OWNER}/{NAME}"
        argocd = start_argocd(folder / "argocd", processes, peers, plane=plane, repository=server.address(name))
        tokens = {environment: _token_file(folder, argocd, environment) for environment in _names(checkout, ref)}

        def follow(bare: Path) -> None:
            server.serve(bare, name)
            argocd.deploy_sets()

        other = OtherArgoCD(argocd.url, IN_CLUSTER, tokens, lambda environment: pods(plane.cluster, f"context-{environment}"), follow)
        with start_sandbox(checkout, progress=Quiet(), ref=ref, pace=pace, argocd=other) as sandbox:
            base = sandbox.objects.git.text("rev-parse", MAIN)
            running = Running(folder, plane, argocd, sandbox, tokens, base)
            what = "every Application Synced and Healthy"
            wait_for(what, lambda: is_at_rest(running), seconds=SYNC_SECONDS, why=lambda: describe(running))
            yield running
    finally:
        processes.stop()


def _names(checkout: Path, ref: str) -> list[str]:
    """The environments of a commit."""
    source = open_checkout(checkout, AUTHOR)
    return list(read_stack(source, source.resolve(ref)).environments)


def _token_file(folder: Path, argocd: ArgoCD, environment: str) -> Path:
    path = folder / f"argocd-token-{environment}"
    path.touch(mode=0o600)
    path.write_text(argocd.project_token(f"context-{environment}"), "utf-8")
    return path


def is_at_rest(running: Running) -> bool:
    """Whether every environment runs what main holds, Synced and Healthy, with nothing under way."""
    main, applications = running.main(), running.argocd.applications()
    return all(is_well(applications.get(f"context-{name}"), revision=main) for name in running.tokens)


def is_well(application: Object | None, *, revision: str | None = None) -> bool:
    """Whether an Application is Synced and Healthy, at a commit if one is given, and no operation runs or waits."""
    status = (application or {}).get("status", {})
    sync, health = status.get("sync", {}), status.get("health", {})
    if application is None or (sync.get("status"), health.get("status")) != ("Synced", "Healthy"):
        return False
    return not is_syncing(application) and revision in {None, sync.get("revision")}


def describe(running: Running) -> str:
    """How the Applications are, and where the logs are."""
    lines = []
    for name, found in sorted(running.argocd.applications().items()):
        status = found.get("status", {})
        operation = status.get("operationState", {})
        said = [f"{each['type']}: {each['message'][:300]}" for each in status.get("conditions", ())]
        resources = status.get("resources", ())
        behind = sum(each.get("status") == "OutOfSync" for each in resources)
        ill = {f"{each['kind']}/{each['name']}": each["health"] for each in resources if each.get("health")}
        unwell = [f"{which}: {health}" for which, health in ill.items() if health["status"] != "Healthy"]
        sync, health = status.get("sync", {}), status.get("health", {})
        lines.append(f"{name}: {sync.get('status')} at {sync.get('revision', '')[:12]}, {health.get('status')}, {behind} out of sync")
        lines += [f"  operation {operation.get('phase')}: {operation.get('message', '')[:600]}", *map("  {}".format, (*said, *unwell))]
    return "\n".join([f"main is {running.main()[:12]}", *lines, f"logs: {running.folder / 'logs'}"])


def pods(cluster: Cluster, namespace: str) -> tuple[PodSeen, ...]:
    """The live Pods of a namespace, from the API server."""
    found = cluster.items(f"/api/v1/namespaces/{namespace}/pods")
    return tuple(_pod(item) for item in found if "deletionTimestamp" not in item["metadata"] and item["status"].get("phase") not in DOWN)


def _pod(item: Object) -> PodSeen:
    spec, conditions = item["spec"], item["status"].get("conditions", ())
    images = dict.fromkeys(each["image"] for each in [*spec.get("initContainers", ()), *spec["containers"]])
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    of_job = any(owner["kind"] == "Job" for owner in item["metadata"].get("ownerReferences", ()))
    return PodSeen(item["metadata"]["name"], tuple(images), "Healthy" if ready else "Progressing", of_job=of_job)


class World(Town):
    """The sandbox's people, forge and `bot`, on the real Argo CD: `sandbox.argocd`, the stand-in, stands still here."""

    def __init__(self, running: Running, capture: pytest.CaptureFixture[str]) -> None:
        super().__init__(running.sandbox, capture)
        self.running, self.argocd, self.cluster = running, running.argocd, running.plane.cluster

    def start_over(self) -> None:
        """Every test begins with main as the first found it, no open pull request, and all Synced and Healthy."""
        for number in self.open_pulls().values():
            self.sandbox.ada.call("PATCH", f"/pulls/{number}", {"state": "closed"})
        for branch in self.git("for-each-ref", "--format=%(refname)", "refs/heads").split():
            if branch != f"refs/heads/{MAIN}":
                self.git("update-ref", "-d", branch)
        for environment in self.running.tokens:
            for name in self.crashing(environment):
                self.cluster.delete("pod", name, namespace=f"context-{environment}")
            self.argocd.windows(f"context-{environment}", [])
        objects, main, base = self.sandbox.objects, self.git("rev-parse", MAIN), self.running.base
        if self.tree("", main) != self.tree("", base):
            wanted = {name: Entry(name, entry.mode, entry.sha) for name, entry in objects.entries(base, "").items()}
            changes: Changes = dict.fromkeys(objects.entries(main, "")) | wanted
            self.git("update-ref", f"refs/heads/{MAIN}", objects.make_commit(main, changes, "the next test begins"))
            for name, application in self.argocd.applications().items():
                if is_syncing(application):
                    self.argocd.end_operation(name)
        self.wait_until_synced()

    def application(self, environment: str) -> Object:
        """The environment's Application; KeyError when there is none."""
        return self.argocd.applications()[f"context-{environment}"]

    def images(self, environment: str) -> set[str]:
        """The images of the environment's live Pods."""
        return {image for pod in pods(self.cluster, f"context-{environment}") for image in pod.images}

    def live(self, environment: str, kind: str, name: str) -> Object:
        """A workload as the cluster has it: `live("prod", "statefulsets", "qdrant")`."""
        return self.cluster.get(f"/apis/apps/v1/namespaces/context-{environment}/{kind}/{name}")

    def crash(self, environment: str, app: str) -> None:
        """The environment's running Pods of an app crash from now on; new ones do not. The next test deletes them."""
        selector = f"app.kubernetes.io/name={app}"
        self.cluster.kubectl("annotate", "pods", "-n", f"context-{environment}", "-l", selector, f"{CRASH_ANNOTATION}=yes")

    def crashing(self, environment: str) -> list[str]:
        """The environment's Pods that crash again and again."""
        found = self.cluster.items(f"/api/v1/namespaces/context-{environment}/pods")
        states = [(each["metadata"]["name"], status) for each in found for status in each["status"].get("containerStatuses", ())]
        return [name for name, status in states if status["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"]

    def wait_for(self, what: str, look: Callable[[], Found | None], *, seconds: float = SYNC_SECONDS) -> Found:
        """Waits until something is so; the error has what was waited for, and how the Applications are."""
        return wait_for(what, look, seconds=seconds, why=lambda: describe(self.running))

    def wait_until_synced(self) -> None:
        """Waits until every environment runs what main holds, and its Prometheus has seen the Pods."""
        self.argocd.refresh()
        self.wait_for("every Application Synced and Healthy", lambda: is_at_rest(self.running))
        for name, running in self.sandbox.monitoring.prometheus.items():
            images = {image for image in self.images(name) if "@" in image}
            prometheus = open_prometheus(running.url, token=None, timeout=5, now=lambda: datetime.now(UTC))
            namespace = f"context-{name}"
            self.wait_for(f"{name}'s Prometheus to see the Pods", partial(_sees, prometheus, namespace, images))


def _sees(prometheus: Prometheus, namespace: str, images: set[str]) -> bool:
    return images <= prometheus.pod_images(namespace)
