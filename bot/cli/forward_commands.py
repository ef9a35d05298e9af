"""Commands that move releases forward: bump, pin, promote, merge."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import completion, describe
from bot.cli.command import DONE, REFUSED, Answer, DryRun, command, current
from bot.cli.reasons import check_reason
from bot.model import Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from bot.ports import World
    from bot.workflows.merge import Merge
    from bot.workflows.promote import Promotion

POLL = timedelta(seconds=10)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for name, function in (
        ("bump", bump),
        ("pin", pin),
        ("promote", promote),
        ("merge", merge),
    ):
        command(app, name, on_origin=True)(function)


def world() -> World:
    """The outside, built for the command that runs now."""
    from bot.cli.command import Spoken
    from bot.wiring import build_world

    return build_world(repo=current.repo, progress=Spoken())


def bump(
    app: Annotated[str, typer.Argument(help="Folder in apps/.", autocompletion=completion.apps)],
    tag: Annotated[str, typer.Argument(help="TAG or TAG@sha256:…")],
    *,
    image: Annotated[str | None, typer.Option(help="Which image, when the app has several.")] = None,
    unpinned: Annotated[bool, typer.Option("--unpinned", help="Do not resolve the tag to a digest.")] = False,
    dry_run: DryRun = False,
) -> Answer:
    """Open a pull request that makes dev run an image tag, pinned by its digest."""
    from bot.workflows import bump as workflow

    done = workflow.bump(world(), app, tag, image=image, unpinned=unpinned, dry_run=dry_run)
    result = {"app": app, "before": done.before.reference, "after": done.after.reference}

    def show(console: Console) -> None:
        from bot.cli import show as shown

        shown.line(console, f"{app}: {done.before.reference} -> {done.after.reference} ({done.outcome})")
        if done.pull:
            shown.pull(console, done.pull, done.outcome)

    return Answer(done.outcome, result | {"pull_request": describe.pull(done.pull)}, show)


def pin(
    apps: Annotated[list[str] | None, typer.Argument(help="Folders in apps/; none: all.", autocompletion=completion.apps)] = None,
    *,
    dry_run: DryRun = False,
) -> Answer:
    """Open a pull request that gives every image tag without a digest the one that the registry has for it."""
    from bot.workflows import pin as workflow

    done = workflow.pin(world(), tuple(apps or ()), dry_run=dry_run)
    pinned = {app: [image.reference for image in images] for app, images in done.pinned.items()}

    def show(console: Console) -> None:
        from bot.cli import show as shown

        for app, references in pinned.items():
            for reference in references:
                shown.line(console, f"{app}: {reference}")
        if not pinned:
            shown.line(console, "every image has a digest")
        if done.pull:
            shown.pull(console, done.pull, done.outcome)

    return Answer(done.outcome, {"pinned": pinned, "pull_request": describe.pull(done.pull)}, show)


def promote(
    source: Annotated[str, typer.Argument(help="The environment that was observed.", autocompletion=completion.environments)],
    target: Annotated[str, typer.Argument(help="The environment that is to run it.", autocompletion=completion.environments)],
    apps: Annotated[list[str] | None, typer.Argument(help="Apps; none: the whole stack.", autocompletion=completion.apps)] = None,
    *,
    release: Annotated[str | None, typer.Option(metavar="TREE", help="An earlier release of the source, of one app.")] = None,
    drop_hotfix: Annotated[str | None, typer.Option(metavar="REASON", help="Why a hotfix in the target may go.")] = None,
    fixes: Annotated[list[str] | None, typer.Option(metavar="ALERT", help="An alert of the target that this is to end.")] = None,
    break_glass: Annotated[str | None, typer.Option(metavar="REASON", help="Open it although the gate refuses.")] = None,
    dry_run: DryRun = False,
) -> Answer:
    """Open a pull request that moves what the source runs to the target, if the gate does not refuse."""
    from bot.workflows import promote as workflow
    from bot.workflows.planning import Wish

    check_reason("--drop-hotfix", drop_hotfix)
    check_reason("--break-glass", break_glass)
    wish = Wish(tuple(apps or ()), release, drop_hotfix, tuple(fixes or ()))
    done = workflow.promote(world(), source, target, wish, break_glass=break_glass, dry_run=dry_run)
    return promotion(done, dry_run=dry_run)


def promotion(done: Promotion, *, dry_run: bool = False) -> Answer:
    """What a promotion, or its gate, has to say."""
    result = {
        "plan": describe.planned(done.planned),
        "gate": describe.judgement(done.judgement),
        "pull_request": describe.pull(done.pull),
        "break_glass": None if done.line is None else {"line": done.line},
    }

    def show(console: Console) -> None:
        from bot.cli import show as shown

        if done.planned:
            shown.plan(console, done.planned)
        else:
            shown.line(console, "nothing to promote: the target runs it already")
        if done.judgement:
            shown.judgement(console, done.judgement, verbose=current.verbose)
        if done.pull:
            shown.pull(console, done.pull, done.outcome)
            if done.line:
                shown.line(
                    console, f"break-glass: two people who did not write it approve #{done.pull.number} with this line in the review:"
                )
                shown.line(console, f"  {done.line}\nthen: `bot merge {done.pull.number} --break-glass` with the same reason")
        elif done.outcome == "refused":
            shown.line(console, "refused by the gate; nothing was written", "bold red")

    return Answer(done.outcome, result, show, REFUSED if done.outcome == "refused" and not dry_run else DONE)


def merge(
    number: Annotated[int, typer.Argument(metavar="PR", help="The pull request's number.")],
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the approval and for the gate.")] = False,
    break_glass: Annotated[str | None, typer.Option(metavar="REASON", help="Merge although the gate refuses; needs two people.")] = None,
    dry_run: DryRun = False,
) -> Answer:
    """Judge a promotion anew and merge it if it is approved and passes now."""
    from bot.workflows import merge as workflow

    check_reason("--break-glass", break_glass)
    return merged(workflow.merge(world(), number, wait=wait, break_glass=break_glass, dry_run=dry_run))


def merged(done: Merge) -> Answer:
    """What a merge, or the gate of a pull request, has to say."""
    result = {
        "pull_request": describe.pull(done.pull),
        "gate": describe.judgement(done.judgement),
        "commit": done.commit,
        "missing": done.missing,
        "break_glass": None if done.broken is None else {"reason": done.broken.reason, "people": list(done.broken.people)},
    }

    def show(console: Console) -> None:
        from bot.cli import show as shown

        shown.pull(console, done.pull, done.outcome)
        if done.judgement:
            shown.judgement(console, done.judgement, verbose=current.verbose)
        if done.missing:
            shown.line(console, f"not merged: {done.missing}", "yellow")
        if done.broken:
            who = f"{', '.join(done.broken.people)}: {done.broken.reason}"
            shown.line(console, f"break-glass by {who}" if done.commit else f"would be merged, break-glass by {who}", "bold")
        if done.commit:
            shown.line(console, f"on main as {done.commit}")

    passed = done.judgement is None or done.judgement.verdict is Verdict.PASS or done.broken is not None
    fine = done.outcome in {"merged", "already"} or (done.outcome == "judged" and passed)
    return Answer(done.outcome, result, show, DONE if fine else REFUSED)
