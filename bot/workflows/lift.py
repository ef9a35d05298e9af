"""Lifting a hold, a quarantine or a freeze: by a pull request that its people approve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.holds import hold_path
from bot.markdown import escaped
from bot.model import ENVIRONMENTS, BotError, Freeze
from bot.workflows.changes import Proposal, candidate, ensure_pull, push
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from bot.model import Hold
    from bot.ports import PullRequest, World

HOLD_LABEL = "hold"


@dataclass(frozen=True)
class Lift:
    """What `unquarantine` or `unfreeze` did: `already`, `planned`, `opened` or `unchanged`."""

    outcome: str
    hold: Hold | Freeze | None = None
    pull: PullRequest | None = None


def unquarantine(world: World, environment: str, hold_id: str, *, reason: str, dry_run: bool = False) -> Lift:
    """Opens or keeps the pull request that removes a quarantine."""
    return _lift(world, environment, hold_id, reason=reason, dry_run=dry_run, freezes=False)


def unfreeze(world: World, environment: str, hold_id: str, *, reason: str, dry_run: bool = False) -> Lift:
    """Opens or keeps the pull request that removes a freeze."""
    return _lift(world, environment, hold_id, reason=reason, dry_run=dry_run, freezes=True)


def _lift(world: World, environment: str, hold_id: str, *, reason: str, dry_run: bool, freezes: bool) -> Lift:
    stack = read_stack(world.origin, world.origin.fetch_main())
    stack.environment(environment)
    every: tuple[Hold | Freeze, ...] = stack.freezes if freezes else stack.readable_holds
    holds = [hold for hold in every if hold.environment == environment]
    hold = next((hold for hold in holds if hold.id == hold_id), None)
    if hold is None:
        path = f"{ENVIRONMENTS}/{environment}/holds/{hold_id}.yaml"
        if world.origin.entry(stack.commit, path) is None and world.origin.history(stack.commit, path, limit=1):
            return Lift("already")
        kind, known = "freeze" if freezes else "quarantine", ", ".join(hold.id for hold in holds) or "none"
        elsewhere = next((each.environment for each in every if each.id == hold_id), None)
        hint = f"{elsewhere} has it: name that" if elsewhere else f"there are: {known}"
        raise BotError(f"{environment} has no {kind} {hold_id!r}", hint, usage=True)
    if dry_run:
        return Lift("planned", hold)
    subject = f"{environment}: lift {hold.id}"
    proposal = Proposal(
        branch=f"lift.{environment}.{hold.id}",
        main=stack.commit,
        changes={hold_path(hold): None},
        message=f"{subject}\n\n{reason}\n",
        title=subject,
        body=f"Why: {escaped(reason)}\n\nLifts {_words(hold)} of {hold.when}.\n",
        allowed=(hold_path(hold),),
    )
    pushed = push(world, proposal, candidate(world, proposal))
    pull = ensure_pull(world, proposal, (HOLD_LABEL,))
    return Lift("opened" if pushed else "unchanged", hold, pull)


def _words(hold: Hold | Freeze) -> str:
    if isinstance(hold, Freeze):
        return f"the freeze of {', '.join(hold.apps) or 'everything'}"
    return f"the quarantine of {hold.app} tree {hold.tree[:12]}"
