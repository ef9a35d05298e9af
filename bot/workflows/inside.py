"""What a promotion brings: the commits inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.ports import Commit, World
    from bot.promotion import Plan


def commits_inside(world: World, found: Plan) -> list[Commit]:
    """Commits on `apps/` between the two releases, newest first, each once."""
    inside: dict[str, Commit] = {}
    for change in found.changes:
        before = change.before.record.origin.commit if change.before and change.before.record else None
        after = change.record.origin.commit
        if before is None or before == after or not set(before) - {"0"}:
            continue
        for commit in world.origin.log(before, after, f"apps/{change.app}"):
            inside[commit.sha] = commit
    return list(inside.values())[:100]
