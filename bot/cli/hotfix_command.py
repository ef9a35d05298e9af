"""The command for what cannot wait for a promotion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import completion, describe
from bot.cli.command import Answer, DryRun, command
from bot.cli.forward_commands import world
from bot.cli.reasons import check_reason

if TYPE_CHECKING:
    from rich.console import Console


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "hotfix", on_origin=True)(hotfix)


def hotfix(
    environment: Annotated[str, typer.Argument(autocompletion=completion.environments)],
    app: Annotated[str, typer.Argument(help="The app that is broken there.", autocompletion=completion.apps)],
    tag: Annotated[str, typer.Argument(help="TAG or TAG@sha256:…")],
    *,
    reason: Annotated[str, typer.Option(help="Why it cannot be promoted.")],
    image: Annotated[str | None, typer.Option(help="Which image, when the app has several.")] = None,
    dry_run: DryRun = False,
) -> Answer:
    """Open a pull request that puts an image straight into an environment; a second person must approve."""
    from bot.workflows import hotfix as workflow

    check_reason("--reason", reason)
    done = workflow.hotfix(world(), workflow.Request(environment, app, tag, reason, image), dry_run=dry_run)
    result = {"environment": environment, "app": app, "before": done.before.reference, "after": done.after.reference}

    def show(console: Console) -> None:
        from bot.cli import show as shown

        shown.line(console, f"{environment} {app}: {done.before.reference} -> {done.after.reference} ({done.outcome})")
        if done.pull:
            shown.pull(console, done.pull, done.outcome)
            shown.line(console, f"next: an approval of a second person, then `bot merge {done.pull.number} --wait`")

    return Answer(done.outcome, result | {"pull_request": describe.pull(done.pull)}, show)
