"""Commands that work on the checkout, offline: init, validate, render, diff, history, trace."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.command import DONE, ERROR, Answer, DryRun, Spoken, command

if TYPE_CHECKING:
    from rich.console import Console

    from bot.ports import Checkout
    from bot.workflows.lineage import Trace

Ref = Annotated[str | None, typer.Option("--ref", help="A commit instead of the files as they are.")]
Environment = Annotated[str, typer.Argument(metavar="ENV")]
App = Annotated[str | None, typer.Argument(metavar="[APP]")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for name, function in (
        ("init", init),
        ("validate", validate),
        ("render", render),
        ("diff", diff),
        ("history", history),
        ("trace", trace),
    ):
        command(app, name)(function)


def _checkout() -> Checkout:
    from bot.wiring import build_checkout

    return build_checkout(Path.cwd())


def _commit(checkout: Checkout, ref: str | None) -> str:
    return checkout.snapshot() if ref is None else checkout.resolve(ref)


def _said(checkout: Checkout, ref: str) -> str:
    """The commit of a ref, said for people: these commands read this checkout, not the origin."""
    commit = checkout.resolve(ref)
    Spoken().say(f"reading {checkout.folder} at {commit[:12]}")
    return commit


def init(
    environment: Annotated[str | None, typer.Argument(metavar="[ENV]")] = None,
    *,
    replace: Annotated[str | None, typer.Option(metavar="REASON", help="Copy anew where the environment is not live.")] = None,
    dry_run: DryRun = False,
) -> Answer:
    """Copy the releases that an environment lacks from the one that it promotes from."""
    from bot.workflows import init as workflow

    done = workflow.init(_checkout(), environment, replace=replace, dry_run=dry_run)
    why = f", and say why: {replace}" if replace else ""
    text = f"{done.outcome}: {', '.join(done.written)}; commit them{why}" if done.written else "no release is missing"

    def show(console: Console) -> None:
        from bot.cli import show as shown

        shown.line(console, text)

    return Answer(done.outcome, {"written": list(done.written), "reason": replace}, show)


def validate(*, ref: Ref = None) -> Answer:
    """Check records, contents and renders of every environment, as it is and with the head of apps/; exit 1 on a problem."""
    from bot.wiring import build_renderer
    from bot.workflows import validate as workflow

    checkout = _checkout()
    found = workflow.validate(checkout, build_renderer(), _commit(checkout, ref))
    errors = [problem for problem in found if problem.is_error]

    def show(console: Console) -> None:
        from bot.cli import show as shown

        for problem in found:
            word, colour = ("error", "red") if problem.is_error else ("warning", "yellow")
            shown.line(console, f"{word}: {problem.file}: {problem.what}", colour)
            shown.line(console, f"hint:  {problem.hint}")
        shown.line(console, f"{len(errors)} errors, {len(found) - len(errors)} warnings")

    result = {"problems": [asdict(problem) for problem in found]}
    return Answer("problems" if errors else "valid", result, show, ERROR if errors else DONE)


def render(environment: Environment, *, ref: Ref = None) -> Answer:
    """Print what kustomize makes of an environment."""
    from bot.wiring import build_renderer
    from bot.workflows.rendering import render_at
    from bot.workflows.stack import read_stack

    checkout = _checkout()
    commit = _commit(checkout, ref)
    found = read_stack(checkout, commit).environment(environment)
    rendered = render_at(checkout, build_renderer(), commit=commit, environment=found)
    sys.stderr.write(rendered.warnings)

    def show(_console: Console) -> None:
        sys.stdout.write(rendered.text)

    return Answer("rendered", {"environment": environment, "objects": list(rendered.objects)}, show)


def diff(before: Environment, after: Environment, *, ref: Ref = None) -> Answer:
    """Show how one environment's render differs from another's, by object."""
    from bot.wiring import build_renderer
    from bot.workflows.validate import compare_environments

    checkout = _checkout()
    changes = compare_environments(checkout, build_renderer(), _commit(checkout, ref), before=before, after=after)
    text = "\n".join(change.diff for change in changes)

    def show(console: Console) -> None:
        from bot.cli import show as shown

        shown.diff(console, text)

    return Answer("differs" if changes else "same", {"diff": [change.diff for change in changes]}, show)


def history(environment: Environment, app: App = None, *, ref: Annotated[str, typer.Option("--ref")] = "HEAD") -> Answer:
    """What an environment ran, newest first."""
    from bot.workflows import lineage

    checkout = _checkout()
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


def trace(environment: Environment, app: App = None, *, ref: Annotated[str, typer.Option("--ref")] = "HEAD") -> Answer:
    """Where each release came from: pull requests, environments, commits on apps/."""
    from bot.workflows import lineage

    checkout = _checkout()
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
