"""Commands that look at what runs: sync, verify, status."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import completion, describe
from bot.cli.command import DONE, REFUSED, Answer, DryRun, command, current
from bot.cli.forward_commands import world
from bot.model import Verdict

if TYPE_CHECKING:
    from rich.console import Console


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    command(app, "sync", on_origin=True)(sync)
    command(app, "verify", on_origin=True)(verify)
    command(app, "status", on_origin=True)(status)


def sync(
    environment: Annotated[str, typer.Argument(autocompletion=completion.environments)],
    *,
    timeout: Annotated[int, typer.Option(help="Seconds to wait.")] = 600,
    dry_run: DryRun = False,
) -> Answer:
    """Have Argo CD look at main, and wait until its release is live."""
    from bot.workflows import sync as workflow

    done = workflow.sync(world(), environment, timeout=timedelta(seconds=timeout), dry_run=dry_run)
    text = f"{environment}: {done.outcome} at {done.revision[:12]}"
    text += f"; waiting for {done.waiting_for}" if done.waiting_for else f" after {done.seconds:.1f} s"

    def show(console: Console) -> None:
        from bot.cli import show as shown

        shown.line(console, text)

    result = {
        "environment": environment,
        "revision": done.revision,
        "seconds": done.seconds,
        "waiting_for": done.waiting_for,
    }
    return Answer(done.outcome, result, show)


def verify(
    environment: Annotated[str, typer.Argument(autocompletion=completion.environments)],
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Until the policy's watch after the sync is over.")] = False,
    dry_run: DryRun = False,
) -> Answer:
    """Judge what runs after a promotion, and record the result on the commit that brought it; exit 3 when it fails."""
    from bot.workflows import verify as workflow

    done = workflow.verify(world(), environment, watch=watch, dry_run=dry_run)

    def show(console: Console) -> None:
        from bot.cli import show as shown

        shown.judgement(console, done.judgement, verbose=current.verbose)
        until = f", to be watched until {done.watched_until:%H:%M:%S} UTC" if done.watched_until and done.state == "pending" else ""
        shown.line(console, f"{environment}: {done.state}{until}")
        if done.recorded and done.recorded != done.state:
            shown.line(console, f"{environment}: {done.recorded} was recorded when its watch was over, and stays", "yellow")
        if done.response:
            apps = f" {', '.join(done.response.apps)}" if done.response.apps else ""
            shown.line(console, f"{environment}: {done.response.outcome}{apps}: {done.response.why}", "yellow")

    result = {
        "environment": environment,
        "state": done.state,
        "gate": describe.judgement(done.judgement),
        "commits": list(done.commits),
        "response": describe.response(done.response),
        "recorded": done.recorded,
        "watched_until": done.watched_until.isoformat() if done.watched_until else None,
    }
    fine = done.judgement.verdict is Verdict.PASS  # pending with PASS: the watch goes on
    return Answer(done.state, result, show, DONE if fine else REFUSED)


def status() -> Answer:
    """Environments and apps: version, release, sync, health, alerts, open promotions, holds."""
    from dataclasses import asdict

    from bot.workflows import status as workflow

    found = workflow.status(world())

    def show(console: Console) -> None:
        from bot.cli import show as shown

        shown.table(
            console,
            ("environment", "app", "version", "release", "live", "sync", "health", "note"),
            [
                (env.environment, row.app, row.version.split("@")[0], row.tree[:12], row.live, env.sync, env.health, row.note)
                for env in found
                for row in env.rows
            ],
        )
        for env in found:
            problem = (env.problem,) if env.problem else ()
            extra = {"alerts": env.alerts, "open": env.promotions, "frozen": env.frozen, "problem": problem}
            for word, texts in extra.items():
                if texts:
                    shown.line(console, f"{env.environment} {word}: {', '.join(texts)}", "yellow")

    return Answer("done", {"environments": [asdict(env) for env in found]}, show)
