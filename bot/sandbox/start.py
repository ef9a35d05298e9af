"""The sandbox: everything that a promotion needs, in one process on loopback, on a clone of this very repository."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Mount

from bot.adapters.git_checkout import open_checkout
from bot.adapters.render import open_renderer
from bot.promotion import GATE_STATUS
from bot.sandbox.argocd import ArgoCDStandIn
from bot.sandbox.forge import forge_app
from bot.sandbox.forge_state import Forge, Status
from bot.sandbox.git_server import git_app
from bot.sandbox.monitoring import Monitoring, start_monitoring, wait_for
from bot.sandbox.origin import AUTHOR, Addresses, Pace, Prepared, address, land, prepared, publish
from bot.sandbox.registry import RegistryStandIn
from bot.sandbox.running import (
    ADA_TOKEN,
    ARGOCD_TOKEN,
    BEN_TOKEN,
    BOT_TOKEN,
    CLEO_TOKEN,
    LATER,
    NAME,
    NEXT,
    OWNER,
    REGISTRIES,
    TEAM,
    Sandbox,
)
from bot.sandbox.serving import serve
from bot.workflows.rendering import render_at
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.adapters.git_objects import GitObjects
    from bot.model import Environment
    from bot.ports import Progress, Rendered, Renderer
    from bot.sandbox.running import OtherArgoCD

BOT = "context-bot"
API = f"{REGISTRIES[0]}/{OWNER}/context-api"


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
    argocd: OtherArgoCD | None = None,
    origin: Prepared | None = None,
) -> Iterator[Sandbox]:
    """Runs a sandbox on a commit of a checkout until the block ends; monitoring, renderer, and what it begins with may be shared.

    Every image has the digest of the sandbox's own registry, but those whose names are `unpinned`; what an `origin` that is given
    left unpinned is its own choice, and `unpinned` says nothing then.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bot-sandbox-"))).resolve()
        bare = folder / "git" / OWNER / f"{NAME}.git"
        if origin is None:
            source = open_checkout(checkout, AUTHOR)
            progress.say(f"cloning {ref} of {checkout} into {folder}")
            origin = prepared(source.folder, source.resolve(ref), bare=bare, unpinned=unpinned)
        objects, registry = origin.at(bare), _registry(origin)
        own, renderer = monitoring is None, renderer or open_renderer()
        if monitoring is None:
            progress.say("starting Prometheus for each environment with the alert rules that Git renders")
            monitoring = start_monitoring(folder, _renders(objects, origin.commit, renderer), stand_in=stand_in)
            stack.callback(monitoring.stop)
        sandbox = _serve(stack, folder, objects=objects, base=origin.base, registry=registry, monitoring=monitoring, renderer=renderer)
        sandbox = replace(sandbox, other=argocd)
        head = _addressed(sandbox, origin.commit, pace=pace or Pace())
        progress.say("waiting until Argo CD has synced and every rule was evaluated")
        _begin(stack, sandbox, head, own=own)
        yield sandbox


def _registry(origin: Prepared) -> RegistryStandIn:
    """Every image that runs, and two that wait."""
    registry = RegistryStandIn()
    for repository, tag in [(image.repository, image.tag) for image in origin.images] + [(API, tag) for tag in (NEXT, LATER)]:
        registry.push(repository, tag)
    return registry


def _renders(objects: GitObjects, commit: str, renderer: Renderer) -> Mapping[Environment, Rendered]:
    environments = read_stack(objects, commit).environments.values()
    return {each: render_at(objects, renderer, commit=commit, environment=each) for each in environments}


def _serve(
    stack: ExitStack, folder: Path, *, objects: GitObjects, base: str, registry: RegistryStandIn, monitoring: Monitoring, renderer: Renderer
) -> Sandbox:
    users = {BOT_TOKEN: BOT, ADA_TOKEN: "ada", BEN_TOKEN: "ben", CLEO_TOKEN: "cleo"}
    git_dir = objects.git.folder
    forge = Forge(git_dir, OWNER, NAME, users=users, teams={TEAM: {"ada", "cleo"}})
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


def _addressed(sandbox: Sandbox, commit: str, *, pace: Pace) -> str:
    """The commit that the sandbox runs; has the exporter tell about the Pods that Argo CD runs."""
    url, cluster = sandbox.argocd_url, sandbox.other.cluster if sandbox.other else None
    addresses = {name: Addresses(url, (each.url,), cluster) for name, each in sandbox.monitoring.prometheus.items()}
    pods = sandbox.other.pods if sandbox.other else sandbox.argocd.pods
    commit = address(sandbox.objects, sandbox.base, commit, addresses=addresses, pace=pace)
    for name, environment in read_stack(sandbox.objects, commit).environments.items():
        sandbox.monitoring.watch(name, namespace=environment.namespace, pods=partial(pods, name))
    return commit


def _land(sandbox: Sandbox, head: str) -> None:
    """Main's commit, as if it had come by a pull request that the gate let pass: nobody has to wonder who judged it."""
    forge, words = sandbox.forge, "as if judged: the sandbox begins with it"
    forge.statuses[head] = [Status(0, BOT, GATE_STATUS, "success", words, None, forge.now())]  # pull requests are numbered from 1
    land(sandbox.objects, sandbox.base, head, login=BOT)


def _begin(stack: ExitStack, sandbox: Sandbox, head: str, *, own: bool) -> None:
    """Alerts fire while monitoring of our own starts, and `verify` blames a merge for those after it: it is made when they are over."""
    is_late = own and not sandbox.other  # another Argo CD is waited for by whoever started it
    if is_late:
        publish(sandbox.objects, head)
    else:
        _land(sandbox, head)
    _deploy(stack, sandbox)
    if own:
        wait_for(sandbox.monitoring)
    if is_late:
        for name in sandbox.monitoring.prometheus:
            sandbox.monitoring.wait_for_alerts(name, firing=False)
        _land(sandbox, head)
        sandbox.argocd.wait_until_synced()


def _deploy(stack: ExitStack, sandbox: Sandbox) -> None:
    if sandbox.other:
        sandbox.other.follow(sandbox.objects.git.folder)
        return
    sandbox.argocd.start()
    stack.callback(sandbox.argocd.stop)
    sandbox.argocd.wait_until_synced()
