"""Pull requests that the bot merges at once: rollbacks and freezes, which make things safer and wait for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import BotError, MovedRefError
from bot.workflows.changes import candidate, ensure_pull, only_ours, push
from bot.workflows.landing import check_landed
from bot.workflows.statuses import merge_green

if TYPE_CHECKING:
    from bot.model import Environment
    from bot.ports import PullRequest, World
    from bot.workflows.changes import Proposal


def merge_at_once(world: World, environment: Environment, proposal: Proposal, *, label: str, description: str) -> tuple[PullRequest, str]:
    """Opens a proposal's pull request and merges that very commit; answers it and main's commit, after looking at what landed."""
    pull, head = _open(world, proposal, label=label)
    commit = merge_green(world, pull, head, message=pull.body, description=description, resting="pending")
    landing = world.origin.merged_tree(proposal.main, head) or head
    check_landed(world, environment, commit, landing)
    return pull, commit


def _open(world: World, proposal: Proposal, *, label: str) -> tuple[PullRequest, str]:
    """The pull request of the very commit that was made and looked at: whatever else the branch holds is not merged."""
    head = candidate(world, proposal)
    if not only_ours(world, proposal.main, head):
        hint = f"look at it, remove it with `git push origin :{proposal.branch}`, and run this again"
        raise BotError(f"branch {proposal.branch} holds somebody else's commits", hint)
    push(world, proposal, head)
    found = ensure_pull(world, proposal, (label,))
    pull = world.forge.pull(found.number)
    if pull.head != head or world.origin.fetch_main() != proposal.main:
        raise MovedRefError(f"main or the branch {proposal.branch} moved while this ran", "run the command again")
    return pull, head
