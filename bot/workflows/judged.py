"""Whether what main holds was judged on its way there: a push past the forge's rules is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.promotion import GATE_STATUS
from bot.workflows.statuses import own_status

if TYPE_CHECKING:
    from bot.model import Environment
    from bot.ports import World
    from bot.workflows.stack import Stack


def unjudged(world: World, stack: Stack, environment: Environment) -> str | None:
    """What is wrong with the latest change of an environment's releases, where the bot alone merges; None when it was green."""
    if environment.merge != "bot" or not environment.live:
        return None
    newest = world.origin.history(stack.commit, f"{environment.folder}/release", limit=1)
    if not newest:
        return None
    commit, what = newest[0], f"{newest[0].sha[:12]} changed what {environment.name} runs"
    if not commit.parents[1:]:
        return f"{what} and came by no pull request: nobody judged it"
    status = own_status(world, commit.parents[1], GATE_STATUS)
    if status is None or status.state != "success":
        return f"{what} and was not green when it was merged: nobody judged it"
    return None
