"""A repository with three small environments, and Argo CD's stand-in that follows it, seen through the adapter."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from bot.adapters.argocd import open_argocd
from bot.adapters.render import open_renderer
from bot.model import ArgoCDAddress
from bot.sandbox.argocd import ArgoCDStandIn
from bot.sandbox.serving import serve
from tests.bot.repositories import Repositories, make_repositories

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bot.observations import ApplicationSeen
    from bot.ports import ArgoCD
    from bot.sandbox.serving import Server

TOKEN = "argo-sesame"
API, PROXY, NEO4J = "ghcr.io/example/context-api", "ghcr.io/example/init:1", "docker.io/library/neo4j:5"
ENVIRONMENT = """\
cluster: https://kubernetes.default.svc
namespace: context-{name}
argocd:
  url: http://argocd.invalid
  project: context-{name}
  application: context-{name}
prometheus:
  - http://prometheus.invalid
"""
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: context-{name}\nresources:\n  - stack.yaml\n"
STACK = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: context-api
spec:
  selector: {{matchLabels: {{app: context-api}}}}
  template:
    metadata: {{labels: {{app: context-api}}}}
    spec:
      initContainers: [{{name: wait, image: {init}}}]
      containers: [{{name: api, image: {api}:{tag}}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: neo4j
spec:
  replicas: 2
  serviceName: neo4j
  selector: {{matchLabels: {{app: neo4j}}}}
  template:
    metadata: {{labels: {{app: neo4j}}}}
    spec:
      containers: [{{name: neo4j, image: "{neo4j}"}}]
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: backup
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{{name: backup, image: ghcr.io/example/backup:2}}]
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  KEY: value
"""


def stack(tag: str) -> str:
    """The manifests of an environment that runs this version of the API."""
    return STACK.format(tag=tag, api=API, init=PROXY, neo4j=NEO4J)


def environment_files(name: str, tag: str) -> dict[str, str | bytes | None]:
    """All files of an environment."""
    folder = f"environments/{name}"
    text = ENVIRONMENT.format(name=name) + ("" if name == "dev" else "promotesFrom: dev\n")
    return {
        f"{folder}/environment.yaml": text,
        f"{folder}/kustomization.yaml": KUSTOMIZATION.format(name=name),
        f"{folder}/stack.yaml": stack(tag),
    }


@dataclass
class Land:
    """Dev and prod at v1, a running Argo CD, and the means to change either."""

    repositories: Repositories
    stand_in: ArgoCDStandIn
    server: Server

    def argocd(self, environment: str = "prod", *, token: str | None = TOKEN, project: str = "", timeout: float = 5) -> ArgoCD:
        """The adapter for an environment's Application."""
        name = f"context-{environment}"
        return open_argocd(ArgoCDAddress(self.server.url, project or name, name), token=token, timeout=timeout)

    def seen(self, environment: str = "prod") -> ApplicationSeen:
        """An environment's Application, which is there."""
        found = self.argocd(environment).application()
        assert found is not None
        return found

    def release(self, environment: str, tag: str) -> str:
        """Commits another version of the API; answers the commit."""
        return self.repositories.commit({f"environments/{environment}/stack.yaml": stack(tag)}, f"{environment}: {tag}")

    def until(self, holds: Callable[[ApplicationSeen], bool], environment: str = "prod") -> ApplicationSeen:
        """The Application, once this holds."""
        deadline = time.monotonic() + 10
        while not holds(seen := self.seen(environment)):
            assert time.monotonic() < deadline, seen
            time.sleep(0.02)
        return seen

    def synced(self, commit: str, environment: str = "prod") -> ApplicationSeen:
        """The Application, once it is Synced and Healthy at a commit."""
        return self.until(lambda seen: (seen.sync, seen.health, seen.revision) == ("Synced", "Healthy", commit), environment)

    def post(self, path: str) -> httpx.Response:
        """A request without credentials."""
        return httpx.post(f"{self.server.url}{path}", timeout=20, trust_env=False)


@contextmanager
def running_land(folder: Path) -> Iterator[Land]:
    """Dev and prod at v1, both live."""
    repositories = make_repositories(folder)
    repositories.commit({**environment_files("dev", "v1"), **environment_files("prod", "v1"), "README.md": "1\n"})
    stand_in = ArgoCDStandIn(repositories.bare, open_renderer(), token=TOKEN, poll=0.1, duration=0.1)
    server = serve(stand_in.app())
    stand_in.start()
    try:
        stand_in.wait_until_synced()
        yield Land(repositories, stand_in, server)
    finally:
        stand_in.stop()
        server.stop()
