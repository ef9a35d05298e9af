"""Commands that follow the records in the checkout's history: history, trace."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import completion
from bot.cli.checkout_commands import Environment, open_here
from bot.cli.command import Answer, Spoken, command

if TYPE_CHECKING:
    from rich.console import Console

    from bot.ports import Checkout
    from bot.workflows.lineage import Trace

App = Annotated[str | None, typer.Argument(metavar="[APP]", autocompletion=completion.apps)]
Ref = Annotated[str, typer.Option("--ref", help="A commit instead of HEAD.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    command(app, "history")(history)
    command(app, "trace")(trace)


def _said(checkout: Checkout, ref: str) -> str:
    """The commit of a ref, said for people: these commands read this checkout, not the origin."""
    commit = checkout.resolve(ref)
    Spoken().say(f"reading {checkout.folder} at {commit[:12]}")
    return commit


def history(environment: Environment, app: App = None, *, ref: Ref = "HEAD") -> Answer:
    """What an environment ran, newest first."""
    from bot.workflows import lineage

    checkout = open_here()
    commit = _said(checkout, ref)
    found = lineage.history(checkout, commit, environment, app=app)

    def show(console: Console) -> None:
        from bot.cli import show as shown

        columns = ("since", "app", "version", "tree", "from", "commit", "subject")
        rows = [
            (
                f"{p.since:%Y-%m-%d %H:%M}",
                p.app,
                p.version.split("@")[0],
                (p.tree or "")[:12],
                p.origin[:24],
                p.commit[:12],
                p.subject,
            )
            for p in found
        ]
        shown.table(console, columns, rows)

    return Answer("done", {"runs": [asdict(past) for past in found]}, show)


def trace(environment: Environment, app: App = None, *, ref: Ref = "HEAD") -> Answer:
    """Where each release came from: pull requests, environments, commits on apps/."""
    from bot.workflows import lineage

    checkout = open_here()
    commit = _said(checkout, ref)
    found = lineage.trace(checkout, commit, environment, app=app)

    def show(console: Console) -> None:
        for each in found:
            _show_trace(console, each)

    return Answer("done", {"traces": [asdict(each) for each in found]}, show)


def _show_trace(console: Console, found: Trace) -> None:
    from bot.cli import show as shown

    shown.line(console, f"{found.app} {found.version.split('@')[0]} (tree {found.tree[:12]})", "bold")
    for step in found.steps:
        pull = f" #{step.pull}" if step.pull else ""
        shown.line(
            console,
            f"  {step.time:%Y-%m-%d %H:%M} {step.environment}{pull} {step.commit[:12]} {step.subject} (from {step.origin})",
        )
    for commit in found.commits:
        shown.line(console, f"    {commit.time:%Y-%m-%d %H:%M} {commit.sha[:12]} {commit.subject}")
