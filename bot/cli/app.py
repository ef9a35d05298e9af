"""The typer application, and the one place where errors become exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

import typer

from bot.cli import (
    checkout_commands,
    doctor_command,
    forward_commands,
    gate_command,
    hold_commands,
    hotfix_command,
    lineage_commands,
    rollback_commands,
    sandbox_command,
    watch_commands,
)
from bot.cli.command import ERROR, INTERRUPTED, USAGE, current, interrupted, report
from bot.model import BotError

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE_ERROR: Any = typer.BadParameter.__bases__[0]  # typer brings a click of its own, or uses the installed one, by its version

app = typer.Typer(
    name="bot",
    help="Promotes releases dev -> staging -> prod through gated pull requests, and rolls them back.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for door in (checkout_commands, lineage_commands, forward_commands, watch_commands, rollback_commands, hold_commands):
    door.register(app)
for door in (gate_command, hotfix_command, doctor_command, sandbox_command):
    door.register(app)


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and gives its exit code; a traceback only for a bug or with --verbose."""
    current.as_json, current.verbose = "--json" in arguments, "--verbose" in arguments
    current.command, current.writes = _name(arguments), False
    arguments = arguments or ["--help"]
    try:
        result = typer.main.get_command(app).main(list(arguments), prog_name="bot", standalone_mode=False)
    except BotError as error:
        if current.verbose:
            traceback.print_exc()
        return report(error.message, error.hint, code=USAGE if error.usage else ERROR)
    except USAGE_ERROR as error:
        known = current.command if current.command in {command.name for command in app.registered_commands} else ""
        return report(error.format_message(), f"run `bot {known} --help`".replace("  ", " "), code=USAGE)
    except (typer.Abort, KeyboardInterrupt):
        return interrupted()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR
    if result == INTERRUPTED:  # what typer makes of Ctrl-C
        return interrupted()
    return result if isinstance(result, int) else 0


def _name(arguments: Sequence[str]) -> str:
    return next((argument for argument in arguments if not argument.startswith("-")), "")
