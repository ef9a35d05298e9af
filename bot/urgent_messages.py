"""Texts of what does not wait for a promotion: rollbacks, freezes, hotfixes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.markdown import escaped
from bot.messages import short

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.model import Freeze, Hold, Release


def rollback_subject(environment: str, moves: Sequence[tuple[Release, Release]]) -> str:
    """Subject of a rollback of (bad, good) releases."""
    named = [f"{bad.app} {short(bad.version)} -> {short(good.version)}" for bad, good in moves]
    return f"{environment}: roll back " + ", ".join(named)


def rollback_body(environment: str, holds: Iterable[Hold], notes: Iterable[str], reason: str) -> str:
    """Body of a rollback's pull request and commit."""
    lines = [f"Why: {escaped(reason)}", ""]
    lines += [f"- quarantined: {hold.app} tree {hold.tree[:12]} (`bot unquarantine {environment} {hold.id} --reason …`)" for hold in holds]
    lines += [f"- {escaped(note)}" for note in notes]
    return "\n".join(lines) + "\n"


def freeze_subject(hold: Freeze) -> str:
    """Subject of a freeze by command."""
    return f"{hold.environment}: freeze {', '.join(hold.apps) or 'every promotion'}"


def freeze_body(hold: Freeze) -> str:
    """Body of a freeze's pull request and commit."""
    until = f"until {hold.until}" if hold.until else "until it is lifted"
    undo = f"bot unfreeze {hold.environment} {hold.id} --reason …"
    return f"Why: {escaped(hold.why)}\n\nPromotions wait {until}; rollbacks pass. Undo: `{undo}`.\n"


def hotfix_subject(environment: str, before: Release, after: Release) -> str:
    """Subject of a hotfix."""
    return f"{environment}: hotfix {after.app} {short(before.version)} -> {short(after.version)}"


def hotfix_body(after: Release, reason: str) -> str:
    """Body of a hotfix's pull request and commit."""
    images = "\n".join(f"- `{image.reference}`" for image in after.images)
    return (
        f"Why: {escaped(reason)}\n\nIt ran nowhere before; manifests stay what they are:\n\n{images}\n\n"
        f"Bring the image into `apps/{after.app}`, too: the next promotion would take it away, and says so.\n"
    )


def break_glass(reason: str, line: str) -> str:
    """What is asked of two people: to let pass what the gate refuses."""
    return (
        f"**Break-glass was asked for: {escaped(reason)}**\n\n"
        "The gate refuses this: its reasons are in the evidence. It takes two people who may approve and did not write it. Each approves "
        f"with this line in the review:\n\n```\n{line}\n```\n\nThen `bot merge` with `--break-glass` and the same reason merges it.\n"
    )


def rolled_back(environment: str, apps: Iterable[str], reason: str) -> str:
    """What was done by itself, for those who merged what failed."""
    named = ", ".join(apps)
    return (
        f"**{named} was rolled back in {environment}.** {escaped(reason)}\n\n"
        "It takes no promotion until somebody has looked and lifts the freeze: "
        f"`bot status`, `bot unfreeze {environment} HOLD --reason …`.\n"
    )


def paged(why: str) -> str:
    """Why nothing was rolled back by itself."""
    head = "**This failed in its environment and was not rolled back by itself:**"
    return f"{head} {escaped(why)}\n\nPeople decide: `bot rollback`, or forward.\n"
