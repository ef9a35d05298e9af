"""The command that says whether everything is in place."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import completion
from bot.cli.command import DONE, ERROR, Answer, command
from bot.cli.forward_commands import world
from bot.setup import OK, PROBLEM, UNKNOWN, WARNING

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = {OK: ("ok", "green"), WARNING: ("warning", "yellow"), UNKNOWN: ("unknown", "yellow"), PROBLEM: ("problem", "red")}
WIDTH = max(len(word) for word, _ in SHOWN.values())


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "doctor", on_origin=True)(doctor)


def doctor(
    environments: Annotated[
        list[str] | None, typer.Argument(metavar="[ENV]…", autocompletion=completion.environments, help="None: all that are live.")
    ] = None,
) -> Answer:
    """Say of everything that must be in place whether it is, each thing with its fix; writes nothing; exit 1 on a problem."""
    from bot.workflows import doctor as workflow

    found = workflow.doctor(world(), tuple(environments or ()))
    counts = Counter(check.state for check in found)
    problems = counts[PROBLEM]

    def show(console: Console) -> None:
        from bot.cli import show as shown

        for check in found:
            word, colour = SHOWN[check.state]
            shown.line(console, f"{word:<{WIDTH}}  {check.place}: {check.what}", colour if check.state != OK else "")
            if check.fix:
                shown.line(console, f"{'':<{WIDTH}}  fix: {check.fix}")
        shown.line(console, ", ".join(f"{counts[state]} {word}" for state, (word, _) in SHOWN.items()))

    counted = {state: counts[state] for state in SHOWN}
    return Answer(
        "problems" if problems else "fine", {"checks": [asdict(check) for check in found], **counted}, show, ERROR if problems else DONE
    )
