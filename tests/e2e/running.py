"""Everything that runs, once for all scenarios: the control plane with Argo CD, the sandbox's forge, registry and monitoring."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.adapters.git_checkout import open_checkout
from bot.model import MAIN
from bot.observations import PodSeen
from bot.sandbox.origin import AUTHOR
from bot.sandbox.running import NAME, OWNER, OtherArgoCD
from bot.sandbox.start import start_sandbox
from bot.workflows.stack import read_stack
from tests.bot.conftest import Quiet
from tests.e2e.argocd import IN_CLUSTER, is_syncing
from tests.e2e.argocd_start import deploy_set, start_argocd
from tests.e2e.git_server import start_git_server
from tests.e2e.peers import find_peers
from tests.e2e.plane import start_plane
from tests.e2e.processes import Processes, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.sandbox.origin import Pace
    from bot.sandbox.running import Sandbox
    from tests.e2e.argocd import ArgoCD
    from tests.e2e.cluster import Cluster, Object
    from tests.e2e.plane import Plane

SYNC_SECONDS = 240
SOAK = timedelta(seconds=2)  # rules are evaluated each second: of one second there is no sample yet while a machine is busy
DOWN = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True)
class Running:
    """Everything that runs, once for all tests; `base` is the commit that each test begins at."""

    folder: Path
    processes: Processes
    plane: Plane
    argocd: ArgoCD
    sandbox: Sandbox
    tokens: dict[str, Path]
    base: str

    def main(self) -> str:
        """Main's commit."""
        found = self.sandbox.objects.find(f"refs/heads/{MAIN}")  # in this process: it is asked for often
        assert found is not None
        return found


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
            deploy_set(argocd)

        other = OtherArgoCD(argocd.url, IN_CLUSTER, tokens, lambda environment: pods(plane.cluster, f"context-{environment}"), follow)
        with start_sandbox(checkout, progress=Quiet(), ref=ref, pace=pace, argocd=other) as sandbox:
            base = sandbox.objects.git.text("rev-parse", MAIN)
            running = Running(folder, processes, plane, argocd, sandbox, tokens, base)
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


def has_soaked(running: Running) -> bool:
    """Whether what happened last in Git or to an Application is a soak ago."""
    states = [app.get("status", {}) for app in running.argocd.applications().values()]
    times = [
        status.get(part, {}).get(when)
        for status in states
        for part, when in (("health", "lastTransitionTime"), ("operationState", "finishedAt"))
    ]
    committed = datetime.fromtimestamp(int(running.sandbox.objects.git.text("show", "--no-patch", "--format=%ct", MAIN)), UTC)
    return datetime.now(UTC) - max([committed, *(datetime.fromisoformat(each) for each in times if each)]) > SOAK


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
    found = cluster.items(f"/api/v1/namespaces/{namespace}/pods?resourceVersion=0")  # what it has at hand: Prometheus asks each second
    return tuple(_pod(item) for item in found if "deletionTimestamp" not in item["metadata"] and item["status"].get("phase") not in DOWN)


def _pod(item: Object) -> PodSeen:
    spec, conditions = item["spec"], item["status"].get("conditions", ())
    images = dict.fromkeys(each["image"] for each in [*spec.get("initContainers", ()), *spec["containers"]])
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    of_job = any(owner["kind"] == "Job" for owner in item["metadata"].get("ownerReferences", ()))
    return PodSeen(item["metadata"]["name"], tuple(images), "Healthy" if ready else "Progressing", of_job=of_job)
