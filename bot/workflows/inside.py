"""What a promotion brings, and what it does not: commits inside, and files that only the target's render reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.model import Environment
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


def unexercised(world: World, target: Environment, commit: str) -> list[str]:
    """Files that only the target's render reads: its overlays."""
    base = f"{target.folder}/"
    skipped = (f"{base}release/", f"{base}holds/", f"{base}environment.yaml")
    folder = world.origin.entry(commit, target.folder)
    files = world.origin.walk(folder.sha) if folder else ()
    paths = [base + entry.path for entry in files]
    return [path for path in paths if not path.startswith(skipped) and not path.endswith(".md")]
