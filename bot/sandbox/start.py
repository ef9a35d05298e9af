"""The sandbox: everything that a promotion needs, in one process on loopback, on a clone of this very repository."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Mount

from bot.adapters.argocd import open_argocd
from bot.adapters.git_checkout import open_checkout
from bot.adapters.render import open_renderer
from bot.model import MAIN, BotError
from bot.observations import ApplicationSeen
from bot.sandbox.argocd import ArgoCDStandIn
from bot.sandbox.forge import forge_app
from bot.sandbox.forge_state import Forge
from bot.sandbox.git_server import git_app
from bot.sandbox.monitoring import Monitoring, start_monitoring, wait_for
from bot.sandbox.origin import AUTHOR, Addresses, Pace, address, clone, prepare
from bot.sandbox.people import Person
from bot.sandbox.registry import RegistryStandIn
from bot.sandbox.serving import Server, serve
from bot.workflows.observe import attempt
from bot.workflows.rendering import render_at
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.adapters.git_objects import GitObjects
    from bot.model import Environment, Image
    from bot.ports import Progress, Rendered, Renderer

OWNER, NAME = "dpdpdpdp0987", "context-foundation"
TEAM = f"{OWNER}/platform-team"
START_SECONDS = 60
REGISTRIES = ("ghcr.io", "docker.io")
NEXT, LATER = "v1.5.0", "v1.5.1"  # images that wait in the registry
LOOSE = frozenset({"docker.io/library/neo4j-community"})  # left for `bot pin`: dev alone runs it, so no promotion to prod waits for it
BOT_TOKEN, ADA_TOKEN, BEN_TOKEN, ARGOCD_TOKEN = "sandbox-bot", "sandbox-ada", "sandbox-ben", "sandbox-argocd"


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

    def variables(self) -> dict[str, str]:
        """What to export so that `bot` works on the sandbox."""
        host = self.argocd_server.url.removeprefix("http://")
        found = {
            "BOT_REPO": self.url,
            "BOT_GITHUB_URL": f"{self.forge_server.url}/api/v3",
            "BOT_GITHUB_TOKEN_FILE": str(self.folder / "forge-token"),
            "BOT_REGISTRY_MIRRORS": ",".join(f"{registry}={self.registry_server.url}" for registry in REGISTRIES),
            "BOT_CACHE": str(self.folder / "cache"),
        }
        for name in self.monitoring.prometheus:
            suffix = name.upper().replace("-", "_")
            found |= {f"BOT_ARGOCD_TOKEN_FILE_{suffix}": str(self.folder / f"argocd-token-{name}"), f"BOT_ARGOCD_HOST_{suffix}": host}
        return found

    def guide(self, *, tag: str = NEXT) -> str:
        """Where to look, what to try, and how to cause trouble, for people."""
        prometheus = "".join(f"  Prometheus {name}: {each.url}\n" for name, each in self.monitoring.prometheus.items())
        switch = f"curl -X POST {self.monitoring.server.url}/switch"
        curl = f"curl -H 'Authorization: token {ADA_TOKEN}'"
        pulls = f"{self.forge_server.url}/api/v3/repos/{OWNER}/{NAME}/pulls"
        return (
            f"\nThe sandbox runs ({self.monitoring.description}):\n"
            f"  repository: {self.url}\n  Argo CD: {self.argocd_server.url}/applications/context-prod\n{prometheus}"
            f"  try: bot bump context-api {tag}\n       bot pin\n"
            f"  make prod's API fail: {switch}/prod/errors/on   (and /off)\n"
            f'  approve pull request N: {curl} -d \'{{"event":"APPROVE"}}\' {pulls}/N/reviews\n'
            f"  merge it, where a person does: {curl} -X PUT {pulls}/N/merge\n"
        )


@contextmanager
def start_sandbox(
    checkout: Path,
    *,
    progress: Progress,
    ref: str = "HEAD",
    pace: Pace | None = None,
    stand_in: bool = False,
    unpinned: frozenset[str] = frozenset(),
    monitoring: Monitoring | None = None,
    renderer: Renderer | None = None,
) -> Iterator[Sandbox]:
    """Runs a sandbox on a commit of a checkout until the block ends; a running monitoring and a renderer may be shared.

    Every image has the digest of the sandbox's own registry, but those whose names are `unpinned`.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bot-sandbox-"))).resolve()
        source = open_checkout(checkout, AUTHOR)
        base = source.resolve(ref)
        bare = folder / "git" / OWNER / f"{NAME}.git"
        progress.say(f"cloning {base[:12]} into {folder}")
        objects = clone(source.folder, base, bare=bare)
        registry = RegistryStandIn()
        for tag in (NEXT, LATER):
            registry.push(f"{REGISTRIES[0]}/{OWNER}/context-api", tag)
        prepared = prepare(objects, base, digest=lambda image: _pushed(registry, image, unpinned))
        own, renderer = monitoring is None, renderer or open_renderer()
        if monitoring is None:
            progress.say("starting Prometheus for each environment with the alert rules that Git renders")
            monitoring = start_monitoring(folder, _renders(objects, prepared, renderer), stand_in=stand_in)
            stack.callback(monitoring.stop)
        sandbox = _serve(stack, folder, objects=objects, base=base, registry=registry, monitoring=monitoring, renderer=renderer)
        _publish(sandbox, prepared, pace=pace or Pace())
        sandbox.argocd.start()
        stack.callback(sandbox.argocd.stop)
        progress.say("waiting until Argo CD has synced and every rule was evaluated")
        _wait_until_synced(sandbox)
        if own:
            wait_for(monitoring)
        yield sandbox


def _pushed(registry: RegistryStandIn, image: Image, unpinned: frozenset[str]) -> str | None:
    digest = registry.push(image.repository, image.tag)
    return None if image.name in unpinned else digest


def _renders(objects: GitObjects, commit: str, renderer: Renderer) -> Mapping[Environment, Rendered]:
    environments = read_stack(objects, commit).environments.values()
    return {each: render_at(objects, renderer, commit=commit, environment=each) for each in environments}


def _serve(
    stack: ExitStack, folder: Path, *, objects: GitObjects, base: str, registry: RegistryStandIn, monitoring: Monitoring, renderer: Renderer
) -> Sandbox:
    users = {BOT_TOKEN: "context-bot", ADA_TOKEN: "ada", BEN_TOKEN: "ben"}
    git_dir = objects.git.folder
    forge = Forge(git_dir, OWNER, NAME, users=users, teams={TEAM: {"ada"}})
    argocd = ArgoCDStandIn(git_dir, renderer, token=ARGOCD_TOKEN)
    git = git_app(folder / "git", tokens=set(users))
    servers = [serve(app) for app in (Starlette(routes=[*forge_app(forge).routes, Mount("/", git)]), argocd.app(), registry.app())]
    for server in servers:
        stack.callback(server.stop)
    (folder / "forge-token").write_text(f"{BOT_TOKEN}\n")
    for name, environment in read_stack(objects, base).environments.items():  # as in life: a token of its project's role
        (folder / f"argocd-token-{name}").write_text(f"{ARGOCD_TOKEN}@{environment.argocd.project}\n")
    forge_server, argocd_server, registry_server = servers
    return Sandbox(folder, base, objects, forge, forge_server, argocd, argocd_server, registry, registry_server, monitoring)


def _publish(sandbox: Sandbox, prepared: str, *, pace: Pace) -> None:
    """Makes the sandbox's main, and has the exporter tell about the Pods that Argo CD runs."""
    addresses = {name: Addresses(sandbox.argocd_server.url, (each.url,)) for name, each in sandbox.monitoring.prometheus.items()}
    commit = address(sandbox.objects, sandbox.base, prepared, addresses=addresses, pace=pace)
    for name, environment in read_stack(sandbox.objects, commit).environments.items():
        sandbox.monitoring.watch(name, namespace=environment.namespace, pods=partial(sandbox.argocd.pods, name))


def _wait_until_synced(sandbox: Sandbox) -> None:
    """Waits until every Application is Synced and Healthy."""
    environments = read_stack(sandbox.objects, MAIN).environments.values()
    servers = [open_argocd(each.argocd, token=ARGOCD_TOKEN, timeout=10) for each in environments]
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        seen = [attempt(server.application) for server in servers]
        if all(isinstance(app, ApplicationSeen) and (app.sync, app.health) == ("Synced", "Healthy") for app in seen):
            return
        time.sleep(0.1)
    raise BotError(f"the sandbox's Applications are not well: {seen}", "does every environment render? see `bot validate`")
