"""The command that judges: a promotion, any pull request, or recorded evidence again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path  # noqa: TC003 - typer reads the types of options
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import completion, describe
from bot.cli.checkout_commands import open_here
from bot.cli.command import DONE, REFUSED, Answer, command, current
from bot.cli.forward_commands import merged, promotion, world
from bot.model import BotError, Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from bot.observations import Judgement
    from bot.ports import World

POLL = timedelta(seconds=10)
MOST_BYTES = 16 * 1024 * 1024


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "gate", on_origin=True)(gate)


def gate(
    source: Annotated[str | None, typer.Argument(help="The environment promoted from.", autocompletion=completion.environments)] = None,
    target: Annotated[str | None, typer.Argument(help="The environment promoted to.", autocompletion=completion.environments)] = None,
    *,
    pr: Annotated[int | None, typer.Option("--pr", help="Judge this pull request, and write the verdict on it.")] = None,
    merge_group: Annotated[str | None, typer.Option(metavar="BRANCH", help="Judge this branch of a merge queue, and write on it.")] = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Judge again and again: a promotion until it passes or fails, a pull request until it is merged or closed."
        ),
    ] = False,
    record: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the evidence to a file.")] = None,
    replay: Annotated[Path | None, typer.Option(metavar="FILE", help="Judge the evidence in a file by this checkout's policy.")] = None,
) -> Answer:
    """Judge a promotion, with --pr any pull request; writes to the forge with --pr and --merge-group alone; exit 3 unless it passes."""
    chosen = sum([source is not None and target is not None, pr is not None, merge_group is not None, replay is not None])
    if chosen != 1 or (source is not None and target is None) or (replay and (watch or record)):
        what = "gate takes SOURCE TARGET, --pr N, --merge-group BRANCH or --replay FILE"
        raise BotError(what, "for example `bot gate staging prod`", usage=True)
    if replay is not None:
        return _replayed(replay)
    here = world()
    while True:
        if merge_group is not None:
            given, judgement = _judged_group(here, merge_group)
        else:
            given, judgement = _judged_pull(here, pr) if pr is not None else _judged(here, source or "", target or "")
        if record is not None and judgement is not None:
            _write(record, judgement)
        verdict = (given.result.get("gate") or {}).get("verdict")
        # What passed a moment ago may not now: a pull request must not stay green without being looked at
        if not watch or given.outcome == "already" or (pr is None and (given.code == DONE or verdict == Verdict.FAIL.name)):
            return given
        here.progress.say(f"gate: {verdict}; looking again in {POLL.seconds} s")
        here.sleep(POLL)


def _judged(here: World, source: str, target: str) -> tuple[Answer, Judgement | None]:
    from bot.workflows import promote as workflow

    done = workflow.gate(here, source, target)
    passed = done.judgement is not None and done.judgement.verdict is Verdict.PASS
    return replace(promotion(done), code=DONE if passed else REFUSED), done.judgement


def _judged_pull(here: World, number: int) -> tuple[Answer, Judgement | None]:
    from bot.workflows import merge as workflow

    done = workflow.judge_pull(here, number)
    return merged(done), done.judgement


def _judged_group(here: World, branch: str) -> tuple[Answer, Judgement | None]:
    from bot.workflows import merge_group as workflow

    done = workflow.judge_group(here, branch)

    def show(console: Console) -> None:
        from bot.cli import show as shown

        entries = ", ".join(f"#{pull.number}" for pull in done.pulls) or "no pull request"
        shown.line(console, f"{done.branch} at {done.head[:12]}: {entries}")
        shown.judgement(console, done.judgement, verbose=current.verbose)

    pulls = [describe.pull(pull) for pull in done.pulls]
    result = {"branch": done.branch, "head": done.head, "pull_requests": pulls, "gate": describe.judgement(done.judgement)}
    return Answer("judged", result, show, DONE if done.judgement.verdict is Verdict.PASS else REFUSED), done.judgement


def _write(file: Path, judgement: Judgement) -> None:
    from bot.gate.evidence import to_json

    try:
        file.write_text(f"{to_json(judgement, most=None)}\n", "utf-8")
    except OSError as error:
        raise BotError(f"{file} cannot be written: {error.strerror}", "name another file for --record") from error


def _replayed(file: Path) -> Answer:
    from bot.workflows import replay as workflow

    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(MOST_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        raise BotError(f"{file} cannot be read as text: {error}", "name what `bot gate --record` wrote, or a saved comment") from error
    checkout = open_here()
    done = workflow.replay(checkout, checkout.snapshot(), text)

    def show(console: Console) -> None:
        from bot.cli import show as shown

        shown.judgement(console, done.now, verbose=current.verbose)
        shown.line(
            console,
            f"{done.then.at:%Y-%m-%d %H:%M:%S} UTC: was {done.then.verdict.name}, by this checkout's policy {done.now.verdict.name}",
        )

    result = {"then": describe.judgement(done.then), "gate": describe.judgement(done.now)}
    return Answer("replayed", result, show, DONE if done.now.verdict is Verdict.PASS else REFUSED)
