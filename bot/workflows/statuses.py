"""Commit statuses that the bot rests on: only its own count, and no green is left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.promotion import GATE_STATUS

if TYPE_CHECKING:
    from bot.ports import PullRequest, Status, World


def own_status(world: World, sha: str, context: str) -> Status | None:
    """The newest status of a context, if it is ours: anybody who may push can post one."""
    found = world.forge.statuses(sha).get(context)
    return found if found and found.author == world.forge.login() else None


def set_gate(world: World, sha: str, *, state: str, description: str) -> None:
    """Sets the gate's status on a commit."""
    world.forge.set_status(sha, GATE_STATUS, state=state, description=description)


def merge_green(world: World, pull: PullRequest, head: str, *, message: str, description: str, resting: str) -> str:
    """Posts success on a head, merges that very head, and takes success back if it was not merged; answers main's commit."""
    set_gate(world, head, state="success", description=description)
    try:
        return world.forge.merge(pull.number, head=head, subject=f"{pull.title} (#{pull.number})", message=message)
    except BaseException:  # whatever ended it, Ctrl-C included: no green may be left behind
        set_gate(world, head, state=resting, description=f"not merged; was {description}")
        raise
