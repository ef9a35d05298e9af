"""Unquarantine: lift a hold, by a pull request that its people approve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import ENVIRONMENTS, BotError
from bot.rollback import hold_path
from bot.workflows.changes import Proposal, candidate, ensure_pull, push
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from bot.model import Hold
    from bot.ports import PullRequest, World

HOLD_LABEL = "hold"


@dataclass(frozen=True)
class Lift:
    """What `unquarantine` did: `already`, `planned`, `opened` or `unchanged`."""

    outcome: str
    hold: Hold | None = None
    pull: PullRequest | None = None


def unquarantine(world: World, environment: str, hold_id: str, *, reason: str, dry_run: bool = False) -> Lift:
    """Opens or keeps the pull request that removes a hold."""
    stack = read_stack(world.origin, world.origin.fetch_main())
    stack.environment(environment)
    holds = [hold for hold in stack.readable_holds if hold.environment == environment]
    hold = next((hold for hold in holds if hold.id == hold_id), None)
    if hold is None:
        path = f"{ENVIRONMENTS}/{environment}/holds/{hold_id}.yaml"
        if not world.origin.history(stack.commit, path, limit=1):
            known = ", ".join(hold.id for hold in holds) or "none"
            raise BotError(f"{environment} has no hold {hold_id!r}", f"its holds are: {known}", usage=True)
        return Lift("already")
    if dry_run:
        return Lift("planned", hold)
    subject = f"{environment}: lift {hold.id}"
    proposal = Proposal(
        branch=f"unquarantine.{environment}.{hold.id}",
        main=stack.commit,
        changes={hold_path(hold): None},
        message=f"{subject}\n\n{reason}\n",
        title=subject,
        body=f"Lifts the quarantine of {hold.app} tree {hold.tree[:12]} of {hold.when}.\n",
        allowed=(hold_path(hold),),
    )
    pushed = push(world, proposal, candidate(world, proposal))
    pull = ensure_pull(world, proposal, (HOLD_LABEL,))
    return Lift("opened" if pushed else "unchanged", hold, pull)
