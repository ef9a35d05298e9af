"""What a push does to the forge stand-in's pull requests: they follow their branches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox import forge_git
from bot.sandbox.forge_state import ALIVE

if TYPE_CHECKING:
    from bot.sandbox.forge_state import Forge, Pull


def follow_pushes(forge: Forge) -> None:
    """Moves heads, closes pull requests whose branch is gone, and marks those as merged whose head came into its base."""
    alive = [pull for pull in forge.pulls.values() if pull.state == ALIVE]
    if not alive:
        return
    own = forge_git.branches(forge.git_dir)
    heads = {owner: forge_git.branches(fork) for owner, fork in forge.forks.items()} | {forge.owner: own}
    for pull in alive:
        _follow(forge, pull, head=heads.get(pull.owner, {}).get(pull.branch), base=own.get(pull.base))


def close(forge: Forge, pull: Pull) -> None:
    """Ends a pull request."""
    pull.state, pull.closed = "closed", forge.now()
    pull.updated = pull.closed


def _follow(forge: Forge, pull: Pull, *, head: str | None, base: str | None) -> None:
    if (head, base) == (pull.head, pull.base_commit):
        return
    if head is None or base is None:
        close(forge, pull)
        return
    if pull.owner in forge.forks:
        forge_git.bring(forge.git_dir, forge.forks[pull.owner], branch=pull.branch)
    if forge_git.is_ancestor(forge.git_dir, head, descendant=base):
        pull.merge_commit = base if head == pull.head else None
        close(forge, pull)
        return
    pull.head, pull.base_commit, pull.updated = head, base, forge.now()
