"""Init: copy the releases that an environment lacks from the one it promotes from; works on the checkout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import BotError, Origin
from bot.promotion import next_record
from bot.releases import record_text, unpinned
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from bot.model import Environment, Release
    from bot.ports import Checkout
    from bot.workflows.stack import Stack


@dataclass(frozen=True)
class Init:
    """What `init` wrote: `already`, `planned` or `written`; the files are left to be committed."""

    outcome: str
    written: tuple[str, ...]  # environment/app


def init(checkout: Checkout, name: str | None = None, *, replace: str | None = None, dry_run: bool = False) -> Init:
    """Copies missing releases of one or every environment; with replace (a reason) all, where the environment is not live."""
    head = checkout.head()
    stack = read_stack(checkout, head)
    if stack.disorder:
        raise stack.disorder
    names = [name] if name else [env.name for env in stack.environments.values() if env.promotes_from]
    wanted = [pair for each in names for pair in _wanted(stack, stack.environment(each), replace=replace)]
    if not wanted:
        return Init("already", ())
    for environment, release in wanted:
        _refuse_unpinned(environment, release)
    written = tuple(f"{environment.name}/{release.app}" for environment, release in wanted)
    if dry_run:
        return Init("planned", written)
    for environment, release in wanted:
        _write(checkout, stack, environment, release)
    return Init("written", written)


def _wanted(stack: Stack, environment: Environment, *, replace: str | None) -> list[tuple[Environment, Release]]:
    """Releases to copy: of apps that have an overlay here."""
    if environment.promotes_from is None:
        raise BotError(f"{environment.name} follows main and has no releases", "name another environment", usage=True)
    if replace is not None and environment.live:
        hint = f"promote to it: `bot promote {environment.promotes_from} {environment.name}`"
        raise BotError(f"{environment.name} is live; its releases are promoted, not replaced", hint, usage=True)
    offered = stack.releases[environment.promotes_from]
    current = stack.releases[environment.name]
    fitting = [offered[app] for app in stack.overlays[environment.name] if app in offered]
    lacking = [release for release in fitting if release.app not in current or not current[release.app].tree]
    if replace is None:
        return [(environment, release) for release in lacking]
    return [(environment, r) for r in fitting if r in lacking or current[r.app].tree != r.tree or current[r.app].drift]


def _refuse_unpinned(environment: Environment, release: Release) -> None:
    loose = unpinned(release)
    if loose and environment.live and environment.policy.require_digests:
        message = f"{environment.name} is live and requires digests: {loose[0]} of {release.app} has none, and its Pods would be refused"
        hint = f"run `bot pin {release.app}`, merge it, and promote it to {environment.promotes_from} first"
        raise BotError(message, hint)


def _write(checkout: Checkout, stack: Stack, environment: Environment, release: Release) -> None:
    source = stack.environment(environment.promotes_from or "")
    before = stack.releases[environment.name].get(release.app)
    record = next_record(release, before, Origin("init", stack.commit))
    checkout.place(stack.commit, source.release_path(release.app), environment.release_path(release.app))
    checkout.write(environment.record_path(release.app), record_text(record))
