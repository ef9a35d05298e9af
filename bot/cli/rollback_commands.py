"""The command that takes releases back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import completion, describe
from bot.cli.command import Answer, DryRun, command
from bot.cli.forward_commands import world
from bot.cli.reasons import check_reason
from bot.model import BotError

if TYPE_CHECKING:
    from rich.console import Console

    from bot.workflows.rollback import Rollback


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "rollback", on_origin=True)(rollback)


def rollback(
    environment: Annotated[str, typer.Argument(autocompletion=completion.environments)],
    apps: Annotated[list[str], typer.Argument(help="Apps to roll back.", autocompletion=completion.apps)],
    *,
    to: Annotated[str | None, typer.Option(metavar="TREE", help="A release that ran here; see `bot history`.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why; stands in the pull request and the quarantine.")] = None,
    include_stateful: Annotated[bool, typer.Option("--include-stateful", help="Also apps that keep data.")] = False,
    print_only: Annotated[bool, typer.Option("--print", help="The forge is down: print manifests and steps.")] = False,
    dry_run: DryRun = False,
) -> Answer:
    """Put an earlier release back, quarantine the bad one, and have Argo CD sync."""
    from bot.workflows import rollback as workflow
    from bot.workflows.rollback_plan import Request

    check_reason("--reason", reason)
    if reason is None and not print_only:
        raise BotError("a rollback needs --reason", "say why: everybody whose promotion is refused afterwards reads it", usage=True)
    if to and len(apps) != 1:
        raise BotError("--to goes with exactly one app", "name the app", usage=True)
    request = Request(environment, tuple(apps), reason or "the forge is down", to, include_stateful)
    if print_only:
        from bot.cli.offline_rollback import print_rollback

        return print_rollback(request)
    done = workflow.roll_back(world(), request, dry_run=dry_run)
    if done.left:
        raise done.left
    return _rolled_back(done, dry_run=dry_run)


def _rolled_back(done: Rollback, *, dry_run: bool) -> Answer:
    moves = done.prepared.moves if done.prepared else ()
    result = {
        "moves": [{"app": m.bad.app, "from": describe.release(m.bad), "to": describe.release(m.good)} for m in moves],
        "notes": list(done.prepared.notes) if done.prepared else [],
        "diff": done.prepared.diff if done.prepared else "",
        "pull_request": describe.pull(done.pull),
        "commit": done.commit,
        "sync_window": done.sync_window.words if done.sync_window else None,
    }

    def show(console: Console) -> None:
        from bot.cli import show as shown

        if done.prepared is None:
            shown.line(console, "already rolled back" + ("" if dry_run else "; Argo CD was told to sync"))
            _show_window(console, done)
            return
        for move in moves:
            shown.line(
                console,
                f"{move.bad.app}: {move.bad.version} ({move.bad.tree[:12]}) -> {move.good.version} ({move.good.tree[:12]})",
            )
        for note in done.prepared.notes:
            shown.line(console, f"  note: {note}", "yellow")
        shown.diff(console, done.prepared.diff)
        if done.pull:
            shown.pull(console, done.pull, done.outcome)
        _show_window(console, done)

    return Answer(done.outcome, result, show)


def _show_window(console: Console, done: Rollback) -> None:
    from bot.cli import show as shown

    if done.sync_window:
        shown.line(console, f"  note: {done.sync_window.words}; the sync was started all the same", "yellow")
