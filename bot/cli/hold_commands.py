"""Commands on holds: freeze and unfreeze an environment, lift a quarantine."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import completion, describe
from bot.cli.command import Answer, DryRun, command
from bot.cli.forward_commands import world
from bot.cli.reasons import check_reason
from bot.model import BotError

if TYPE_CHECKING:
    from rich.console import Console

    from bot.workflows.lift import Lift

HOLD = "The hold's name: its file in environments/ENV/holds without .yaml."


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for name, function in (("freeze", freeze), ("unfreeze", unfreeze), ("unquarantine", unquarantine)):
        command(app, name, on_origin=True)(function)


def freeze(
    environment: Annotated[str, typer.Argument(autocompletion=completion.environments)],
    apps: Annotated[list[str] | None, typer.Argument(help="Apps; none: every promotion.", autocompletion=completion.apps)] = None,
    *,
    reason: Annotated[str, typer.Option(help="Why; shown to everybody whose promotion waits.")],
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Such as 2026-12-24T18:00+01:00; else until it is lifted.")] = None,
    dry_run: DryRun = False,
) -> Answer:
    """Keep promotions into an environment waiting, at once; rollbacks pass."""
    from bot.workflows import freeze as workflow

    check_reason("--reason", reason)
    done = workflow.freeze(world(), environment, tuple(apps or ()), reason=reason, until=_moment(until), dry_run=dry_run)
    hold = done.hold
    what = (
        f"{environment}: {', '.join(hold.apps) or 'every promotion'} waits until {hold.until or 'it is lifted'} ({hold.id}, {done.outcome})"
    )

    def show(console: Console) -> None:
        from bot.cli import show as shown

        shown.line(console, what)
        if done.pull:
            shown.pull(console, done.pull, done.outcome)

    result = {"hold": hold.id, "apps": list(hold.apps), "until": hold.until}
    return Answer(done.outcome, result | {"pull_request": describe.pull(done.pull), "commit": done.commit}, show)


def _moment(written: str | None) -> datetime | None:
    if written is None:
        return None
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BotError(f"--until {written[:40]!r} is no time with its zone", "write it as 2026-12-24T18:00+01:00", usage=True)
    return found


def unfreeze(
    environment: Annotated[str, typer.Argument(autocompletion=completion.environments)],
    hold: Annotated[str, typer.Argument(help=HOLD)],
    *,
    reason: Annotated[str, typer.Option(help="Why promotions may go on.")],
    dry_run: DryRun = False,
) -> Answer:
    """Open a pull request that lifts a freeze."""
    from bot.workflows import lift as workflow

    check_reason("--reason", reason)
    return _lifted(hold, workflow.unfreeze(world(), environment, hold, reason=reason, dry_run=dry_run))


def unquarantine(
    environment: Annotated[str, typer.Argument(autocompletion=completion.environments)],
    hold: Annotated[str, typer.Argument(help=HOLD)],
    *,
    reason: Annotated[str, typer.Option(help="Why it may be promoted again.")],
    dry_run: DryRun = False,
) -> Answer:
    """Open a pull request that lifts a quarantine."""
    from bot.workflows import lift as workflow

    check_reason("--reason", reason)
    return _lifted(hold, workflow.unquarantine(world(), environment, hold, reason=reason, dry_run=dry_run))


def _lifted(hold: str, done: Lift) -> Answer:
    def show(console: Console) -> None:
        from bot.cli import show as shown

        shown.line(console, f"{hold}: {done.outcome}")
        if done.pull:
            shown.pull(console, done.pull, done.outcome)

    return Answer(done.outcome, {"hold": hold, "pull_request": describe.pull(done.pull)}, show)
