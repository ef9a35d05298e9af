"""The sandbox as a command."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bot.cli.command import Answer, Spoken, command

if TYPE_CHECKING:
    import typer
    from rich.console import Console


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "sandbox")(sandbox)


def sandbox() -> Answer:
    """Start a forge, Argo CD, Prometheus and a registry on loopback with a clone of this repository; end with Ctrl-C."""
    import sys
    from pathlib import Path

    from bot.sandbox.ending import leaving_nothing_behind
    from bot.sandbox.running import LOOSE
    from bot.sandbox.start import start_sandbox

    with leaving_nothing_behind(), start_sandbox(Path.cwd(), progress=Spoken(), unpinned=LOOSE) as running:
        for name, value in running.variables().items():
            sys.stdout.write(f"export {name}={value}\n")
        sys.stdout.flush()
        sys.stderr.write(running.guide())
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass

    def show(console: Console) -> None:
        console.print("stopped")

    return Answer("stopped", {}, show)
