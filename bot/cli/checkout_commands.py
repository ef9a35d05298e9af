"""Commands that work on the checkout, offline: init, validate, render, size, diff."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import completion, describe
from bot.cli.command import DONE, ERROR, Answer, DryRun, command

if TYPE_CHECKING:
    from rich.console import Console

    from bot.ports import Checkout

Ref = Annotated[str | None, typer.Option("--ref", help="A commit instead of the files as they are.")]
Environment = Annotated[str, typer.Argument(metavar="ENV", autocompletion=completion.environments)]
MaybeEnvironment = Annotated[str | None, typer.Argument(metavar="[ENV]", autocompletion=completion.environments)]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for name, function in (
        ("init", init),
        ("validate", validate),
        ("render", render),
        ("diff", diff),
        ("size", size),
    ):
        command(app, name)(function)


def open_here() -> Checkout:
    """The checkout that the user stands in."""
    from bot.wiring import build_checkout

    return build_checkout(Path.cwd())


def _commit(checkout: Checkout, ref: str | None) -> str:
    return checkout.snapshot() if ref is None else checkout.resolve(ref)


def init(
    environment: MaybeEnvironment = None,
    *,
    replace: Annotated[str | None, typer.Option(metavar="REASON", help="Copy anew where the environment is not live.")] = None,
    dry_run: DryRun = False,
) -> Answer:
    """Copy the releases that an environment lacks from the one that it promotes from."""
    from bot.workflows import init as workflow

    done = workflow.init(open_here(), environment, replace=replace, dry_run=dry_run)
    why = f", and say why: {replace}" if replace else ""
    text = f"{done.outcome}: {', '.join(done.written)}; commit them{why}" if done.written else "no release is missing"

    def show(console: Console) -> None:
        from bot.cli import show as shown

        shown.line(console, text)

    return Answer(done.outcome, {"written": list(done.written), "reason": replace}, show)


def validate(
    environments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ENV]...", autocompletion=completion.environments, help="These alone; none: all, clusters/ and argocd/."),
    ] = None,
    *,
    ref: Ref = None,
) -> Answer:
    """Check records, contents and renders of environments, as they are and with the head of apps/; exit 1 on an error."""
    from bot.wiring import build_inspectors, build_renderer
    from bot.workflows import validate as workflow

    checkout = open_here()
    names = environments or ()
    found = workflow.validate(checkout, build_renderer(), _commit(checkout, ref), names=names, inspectors=build_inspectors())
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

    checkout = open_here()
    commit = _commit(checkout, ref)
    found = read_stack(checkout, commit).environment(environment)
    rendered = render_at(checkout, build_renderer(), commit=commit, environment=found)
    sys.stderr.write(rendered.warnings)

    def show(_console: Console) -> None:
        sys.stdout.write(rendered.text)

    return Answer("rendered", {"environment": environment, "objects": list(rendered.objects)}, show)


def size(environment: MaybeEnvironment = None, *, ref: Ref = None) -> Answer:
    """Print what environments ask for: cpu, memory and storage, by workload and in all."""
    from bot.wiring import build_renderer
    from bot.workflows.sizes import sizes_at

    checkout = open_here()
    found = sizes_at(checkout, build_renderer(), _commit(checkout, ref), environment)

    def show(console: Console) -> None:
        from bot.cli import show as shown

        shown.sizes(console, found)

    return Answer("sized", {"environments": {name: describe.sizes(each) for name, each in found.items()}}, show)


def diff(
    before: Environment,
    after: Environment,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also what differs by namespace, environment or hash alone.")] = False,
    ref: Ref = None,
) -> Answer:
    """Show how one environment's render differs from another's, by object; what only names the environment is left out."""
    from bot.wiring import build_renderer
    from bot.workflows.compare import compare_environments

    checkout = open_here()
    commit = _commit(checkout, ref)
    found = compare_environments(checkout, build_renderer(), commit, before=before, after=after, everything=everything)
    diffs = [change.diff for change in found.changes]

    def show(console: Console) -> None:
        from bot.cli import show as shown

        shown.diff(console, "\n".join(diffs), most=None)
        if not everything:
            shown.line(console, f"left out: what differs by namespace, environment or hash alone ({found.alike} objects); --all shows it")

    return Answer("differs" if diffs else "same", {"diff": diffs, "alike": found.alike}, show)
