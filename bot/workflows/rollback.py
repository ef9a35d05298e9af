"""Rollback: an earlier tree back on top of main, what is left behind quarantined, and the sync seen to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import ENVIRONMENTS, BotError
from bot.observations import SyncWindow
from bot.promotion import read_branch, verified_status
from bot.workflows.at_once import merge_at_once
from bot.workflows.changes import anew
from bot.workflows.observe import attempt
from bot.workflows.rollback_plan import Prepared, Request, prepare
from bot.workflows.stack import read_stack
from bot.workflows.statuses import own_status

if TYPE_CHECKING:
    from bot.model import Environment
    from bot.ports import PullRequest, World

ROLLBACK_LABEL = "rollback"
PREEMPTED = "<!-- bot: pre-empted -->"


@dataclass(frozen=True)
class Rollback:
    """What `rollback` did: `already`, `planned` or `merged`."""

    outcome: str
    prepared: Prepared | None = None
    pull: PullRequest | None = None
    commit: str | None = None
    sync_window: SyncWindow | None = None  # in which the sync was started nevertheless
    left: BotError | None = None  # what could not be seen to after main was as it should be


def roll_back(world: World, request: Request, *, dry_run: bool = False) -> Rollback:
    """Puts earlier releases back through a pull request merged at once, then has Argo CD drop what hangs and sync."""
    return anew(world, lambda: _roll_back(world, request, dry_run=dry_run))


def _roll_back(world: World, request: Request, *, dry_run: bool) -> Rollback:
    main = world.origin.fetch_main()

    def verified(commit: str) -> bool:
        status = own_status(world, commit, verified_status(request.environment))
        return status is not None and status.state == "success"

    who = world.author.split("<", 1)[0].strip()
    prepared = prepare(world.origin, world.renderer, main, request, verified=verified, who=who, when=_time(world))
    if prepared is None:
        environment = read_stack(world.origin, main).environment(request.environment)
        if dry_run:
            return Rollback("already")
        window, left = _see_to(world, environment, request.apps)
        return Rollback("already", sync_window=window, left=left)
    if dry_run:
        return Rollback("planned", prepared)
    description = "rollback: exempt from soak and alerts; it renders"
    pull, commit = merge_at_once(world, prepared.environment, prepared.proposal, label=ROLLBACK_LABEL, description=description)
    return Rollback("merged", prepared, pull, commit, *_see_to(world, prepared.environment, request.apps))


def _time(world: World) -> str:
    return world.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _preempt(world: World, environment: Environment, apps: tuple[str, ...]) -> None:
    """Closes open promotions of apps that were rolled back."""
    for other in world.forge.open_pulls():
        target, named = read_branch(other.branch) or ("", frozenset())
        if target == environment.name and (not named or named & set(apps)):
            text = f"{PREEMPTED}\nClosed: {', '.join(sorted(apps))} was rolled back in {environment.name}."
            world.forge.write_comment(other.number, PREEMPTED, text)
            world.forge.close_pull(other.number)


def _see_to(world: World, environment: Environment, apps: tuple[str, ...]) -> tuple[SyncWindow | None, BotError | None]:
    """What follows once main is as it should be: neither step waits for the other, and what failed is told with what is done."""
    window, left = None, None
    try:
        window = _nudge(world, environment)
    except BotError as error:
        left = error
    try:
        _preempt(world, environment, apps)
    except BotError as error:
        left = left or error
    if left:
        left = BotError(left.message, f"the rollback is on main; run the command again to finish it; {left.hint}")
    return window, left


def _nudge(world: World, environment: Environment) -> SyncWindow | None:
    """Ends a sync that hangs on the bad release, then syncs: Argo CD may not by itself, in a sync window for one, which is answered."""
    argocd = world.argocd(environment)
    app = argocd.application()
    if app is None:
        raise BotError(
            f"Argo CD has no Application {environment.argocd.application}",
            f"see {ENVIRONMENTS}/{environment.name}/environment.yaml",
        )
    if app.operation and not app.operation.is_over:
        argocd.terminate()
    argocd.refresh()
    argocd.sync()
    window = attempt(argocd.sync_window)  # only told: whatever it says, the sync has begun
    return window if isinstance(window, SyncWindow) else None
