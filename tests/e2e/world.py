"""What a scenario uses: the people, the forge and `bot`, on the real Argo CD."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from bot.adapters.prometheus import open_prometheus
from bot.model import MAIN, BotError
from bot.ports import Entry
from tests.bot.conftest import Town
from tests.e2e.argocd import syncing
from tests.e2e.plane import CRASH_ANNOTATION
from tests.e2e.processes import Found, wait_for
from tests.e2e.running import SYNC_SECONDS, describe, has_soaked, is_at_rest, is_well, pods

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from bot.ports import Prometheus
    from bot.workflows.changes import Changes
    from tests.e2e.cluster import Object
    from tests.e2e.running import Running

REST_SECONDS = 20  # a test that leaves something that hangs costs the next one so much
API, DATABASES = "ghcr.io/dpdpdpdp0987/context-api", ("qdrant", "neo4j")


class World(Town):
    """The sandbox's people, forge and `bot`, on the real Argo CD: `sandbox.argocd`, the stand-in, stands still here."""

    def __init__(self, running: Running, capture: pytest.CaptureFixture[str]) -> None:
        super().__init__(running.sandbox, capture)
        self.running, self.argocd, self.cluster = running, running.argocd, running.plane.cluster

    def start_over(self) -> None:
        """Main as the first test found it, no open pull request, and all Synced and Healthy."""
        self._tidy_up()
        objects, main, base = self.sandbox.objects, self.running.main(), self.running.base
        if self.tree("", main) != self.tree("", base):
            wanted = {name: Entry(name, entry.mode, entry.sha) for name, entry in objects.entries(base, "").items()}
            changes: Changes = dict.fromkeys(objects.entries(main, "")) | wanted
            self.git("update-ref", f"refs/heads/{MAIN}", objects.make_commit(main, changes, "the next test begins"))
        self.look_at_git()
        self.wait_for("everything as it was", self._has_calmed_down)
        self.wait_until_synced()

    def carry_on(self) -> None:
        """The same, but main stays as the last test left it, if all comes to rest with it."""
        self._tidy_up()
        self.look_at_git()
        try:
            self.wait_for("what the last test left to come to rest", lambda: is_at_rest(self.running), seconds=REST_SECONDS)
        except BotError:
            self.start_over()
        self.wait_until_synced()

    def _tidy_up(self) -> None:
        for number in self.open_pulls().values():
            self.sandbox.ada.call("PATCH", f"/pulls/{number}", {"state": "closed"})
        for branch in self.git("for-each-ref", "--format=%(refname)", "refs/heads").split():
            if branch != f"refs/heads/{MAIN}":
                self.git("update-ref", "-d", branch)
        for environment in self.running.tokens:
            self._kill(environment, self.crashing(environment))
            self.argocd.windows(f"context-{environment}", [])

    def look_at_git(self) -> None:
        """Tells Argo CD of main, as a webhook would, where it has not seen it."""
        self.argocd.refresh(*self.argocd.behind(self.running.main()))

    def _kill(self, environment: str, names: list[str]) -> None:
        """Removes Pods as a kubelet that has lost them would: nobody is asked to end first."""
        if names:
            at_once = ("--grace-period", "0", "--force", "--wait=false", "--ignore-not-found")
            self.cluster.kubectl("delete", "pods", *names, "--namespace", f"context-{environment}", *at_once)

    def _has_calmed_down(self) -> bool:
        """Whether all is at rest; ends syncs of what is not main any more, those that begin meanwhile, too."""
        main = self.running.main()
        for name, application in self.argocd.applications().items():
            if syncing(application) not in {None, main}:
                self.argocd.end_operation(name)
        return is_at_rest(self.running)

    def application(self, environment: str) -> Object:
        """The environment's Application; KeyError when there is none."""
        return self.argocd.applications()[f"context-{environment}"]

    def images(self, environment: str) -> set[str]:
        """The images of the environment's live Pods."""
        return {image for pod in pods(self.cluster, f"context-{environment}") for image in pod.images}

    def live(self, environment: str, kind: str, name: str) -> Object:
        """A workload as the cluster has it: `live("prod", "statefulsets", "qdrant")`."""
        return self.cluster.get(f"/apis/apps/v1/namespaces/context-{environment}/{kind}/{name}")

    def releases(self, environment: str) -> set[str]:
        """The tags of the API that the environment's live Pods run: two while it rolls out."""
        return {image.partition(":")[2].partition("@")[0] for image in self.images(environment) if image.startswith(f"{API}:")}

    def generations(self, environment: str) -> dict[str, int]:
        """How often the databases' objects were changed."""
        return {name: self.live(environment, "statefulsets", name)["metadata"]["generation"] for name in DATABASES}

    def propose(self, source: str, target: str, *apps: str) -> str:
        """Promotes; answers the number of the pull request, which is approved."""
        opened = self.bot("promote", source, target, *apps)
        assert opened.code == 0, opened
        number = opened.result["pull_request"]["number"]
        self.sandbox.ada.approve(number)
        return str(number)

    def land(self, number: str) -> str:
        """Merges; answers main's commit, which is not waited for."""
        merged = self.bot("merge", number, "--wait")
        assert merged.outcome == "merged", merged
        return self.running.main()

    def seconds_until_well(self, environment: str) -> float:
        """How long it takes until an environment runs what main holds, Synced and Healthy."""
        began, main = time.monotonic(), self.git("rev-parse", MAIN)
        wait_for(
            f"{environment} at main", lambda: is_well(self.application(environment), revision=main), seconds=SYNC_SECONDS, every=0.1,
            why=lambda: describe(self.running),
        )  # fmt: skip
        return time.monotonic() - began

    def restore(self, path: str, commit: str) -> None:
        """Puts what lay at a path of a commit back on top of main."""
        objects, main = self.sandbox.objects, self.git("rev-parse", MAIN)
        entry = objects.entry(commit, path)
        self.git("update-ref", f"refs/heads/{MAIN}", objects.make_commit(main, {path: entry}, f"{path} comes back"))

    @contextmanager
    def stopped(self, process: str) -> Iterator[None]:
        """A process of the cluster or of Argo CD stands still inside the block."""
        number = self.running.processes.running[process].pid
        os.kill(number, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(number, signal.SIGCONT)

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
        """Waits until every environment runs what main holds, its Prometheus has seen the Pods, and the soak is over."""
        self.look_at_git()
        self.wait_for("every Application Synced and Healthy", lambda: is_at_rest(self.running))
        for name, running in self.sandbox.monitoring.prometheus.items():
            images = {image for image in self.images(name) if "@" in image}
            prometheus = open_prometheus(running.url, authorization=None, timeout=5, now=lambda: datetime.now(UTC))
            namespace = f"context-{name}"
            self.wait_for(f"{name}'s Prometheus to see the Pods", partial(_sees, prometheus, namespace, images))
        self.wait_for("the soak to be over", lambda: has_soaked(self.running))


def _sees(prometheus: Prometheus, namespace: str, images: set[str]) -> bool:
    return images <= prometheus.pod_images(namespace)
