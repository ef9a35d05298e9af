"""A running sandbox: what is in it, the variables for `bot`, and a guide for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.sandbox.people import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bot.adapters.git_objects import GitObjects
    from bot.observations import PodSeen
    from bot.sandbox.argocd import ArgoCDStandIn
    from bot.sandbox.forge_state import Forge
    from bot.sandbox.monitoring import Monitoring
    from bot.sandbox.registry import RegistryStandIn
    from bot.sandbox.serving import Server

OWNER, NAME = "dpdpdpdp0987", "context-foundation"
TEAM = f"{OWNER}/platform-team"
REGISTRIES = ("ghcr.io", "docker.io")
NEXT, LATER = "v1.5.0", "v1.5.1"  # images that wait in the registry
LOOSE = frozenset({"docker.io/library/neo4j-community"})  # left for `bot pin`: dev alone runs it, so no promotion to prod waits for it
BOT_TOKEN, ADA_TOKEN, BEN_TOKEN, CLEO_TOKEN, ARGOCD_TOKEN = "sandbox-bot", "sandbox-ada", "sandbox-ben", "sandbox-cleo", "sandbox-argocd"


@dataclass(frozen=True)
class OtherArgoCD:
    """An Argo CD that takes the place of the stand-in, by what a sandbox needs of it; whoever started it waits for it, and stops it."""

    url: str
    cluster: str  # what it calls the cluster that all environments are in
    tokens: Mapping[str, Path]  # files, by environment
    pods: Callable[[str], tuple[PodSeen, ...]]  # of an environment, live
    follow: Callable[[Path], None]  # called with the bare repository, once its main is there


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox; `objects` is its repository, `base` the commit that it was cloned from."""

    folder: Path
    base: str
    objects: GitObjects
    forge: Forge
    forge_server: Server
    argocd: ArgoCDStandIn
    argocd_server: Server
    registry: RegistryStandIn
    registry_server: Server
    monitoring: Monitoring
    other: OtherArgoCD | None = None

    @property
    def argocd_url(self) -> str:
        """Where Argo CD answers."""
        return self.other.url if self.other else self.argocd_server.url

    @property
    def url(self) -> str:
        """The repository's address."""
        return f"{self.forge_server.url}/{OWNER}/{NAME}.git"

    @property
    def ada(self) -> Person:
        """A member of the team that approves promotions."""
        return Person(self.forge_server.url, f"{OWNER}/{NAME}", ADA_TOKEN)

    @property
    def ben(self) -> Person:
        """A contributor who may not approve promotions."""
        return Person(self.forge_server.url, f"{OWNER}/{NAME}", BEN_TOKEN)

    @property
    def cleo(self) -> Person:
        """Another member of the team: some things need two."""
        return Person(self.forge_server.url, f"{OWNER}/{NAME}", CLEO_TOKEN)

    def variables(self) -> dict[str, str]:
        """What to export so that `bot` works on the sandbox."""
        host = self.argocd_url.removeprefix("http://")
        found = {
            "BOT_REPO": self.url,
            "BOT_GITHUB_URL": f"{self.forge_server.url}/api/v3",
            "BOT_GITHUB_TOKEN_FILE": str(self.folder / "forge-token"),
            "BOT_REGISTRY_MIRRORS": ",".join(f"{registry}={self.registry_server.url}" for registry in REGISTRIES),
            "BOT_CACHE": str(self.folder / "cache"),
        }
        for name in self.monitoring.prometheus:
            token = self.other.tokens[name] if self.other else self.folder / f"argocd-token-{name}"
            suffix = name.upper().replace("-", "_")
            found |= {f"BOT_ARGOCD_TOKEN_FILE_{suffix}": str(token), f"BOT_ARGOCD_HOST_{suffix}": host}
        return found

    def guide(self, *, tag: str = NEXT) -> str:
        """Where to look, what to try, and how to cause trouble, for people."""
        prometheus = "".join(f"  Prometheus {name}: {each.url}\n" for name, each in self.monitoring.prometheus.items())
        switch = f"curl -X POST {self.monitoring.server.url}/switch"
        curl = f"curl -H 'Authorization: token {ADA_TOKEN}'"
        pulls = f"{self.forge_server.url}/api/v3/repos/{OWNER}/{NAME}/pulls"
        return (
            f"\nThe sandbox runs ({self.monitoring.description}):\n"
            f"  repository: {self.url}\n  Argo CD: {self.argocd_url}/applications/context-prod\n{prometheus}"
            f"  push to it as a person: git clone {self.ada.address}\n"
            "  trace, history, render, diff and rollback --print read the checkout that you stand in: clone it first, as above\n"
            f"  try: bot bump context-api {tag}\n       bot pin\n"
            f"  make prod's API fail: {switch}/prod/errors/on   (and /off)\n"
            f'  approve pull request N: {curl} -d \'{{"event":"APPROVE"}}\' {pulls}/N/reviews\n'
            f"  merge it, where a person does: {curl} -X PUT {pulls}/N/merge\n"
            f'  the second approver, for --break-glass: the same with {CLEO_TOKEN}, and "body" with the line that both write\n'
        )
