"""`make demo`: a release travels dev -> staging -> prod, is stopped by an alert, breaks prod and is rolled back; every step is checked."""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.command import INTERRUPTED, Spoken
from bot.model import BotError
from bot.sandbox.ending import leaving_nothing_behind
from bot.sandbox.running import LATER, LOOSE
from bot.sandbox.start import start_sandbox
from bot.sandbox.story import TELLING, Stage, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.sandbox.running import Sandbox


def main(arguments: Sequence[str] | None = None) -> int:
    """Tells the story; 0 when every step did what it says."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the sandbox running afterwards, with its addresses printed")
    parser.add_argument("--stand-in", action="store_true", help="use the stand-in even where Prometheus is installed")
    chosen = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        with ExitStack() as stack:
            stack.enter_context(leaving_nothing_behind())
            starting = start_sandbox(Path.cwd(), progress=Spoken(), stand_in=chosen.stand_in, unpinned=LOOSE)
            sandbox = stack.enter_context(starting)
            os.environ.update(sandbox.variables())
            say(f"The sandbox runs: a forge, Argo CD, a registry, {sandbox.monitoring.description}.")
            stage = Stage(sandbox)
            for number, step in enumerate(TELLING, 1):
                say(f"\n{number}. {step.__doc__}", style="1")
                begun = time.monotonic()
                step(stage)
                say(f"({time.monotonic() - begun:.0f} s)", style="2")
            _summary(stage, seconds=time.monotonic() - started)
            if chosen.keep:
                _keep(sandbox)
    except KeyboardInterrupt:
        sys.stderr.write("demo stopped; nothing of it is left\n")
        return INTERRUPTED
    except BotError as error:
        sys.stderr.write(f"demo failed: {error.message}\nhint:  {error.hint}\n")
        return 1
    return 0


def _summary(stage: Stage, *, seconds: float) -> None:
    say("\nShown, each step checked:", style="1")
    for number, what in enumerate(stage.shown, 1):
        say(f"  {number}. {what}")
    say(f"All of it in {seconds:.0f} s, on {stage.sandbox.monitoring.description}.")


def _keep(sandbox: Sandbox) -> None:
    """Leaves the sandbox running until Ctrl-C."""
    for name, value in sandbox.variables().items():
        say(f"export {name}={value}")
    say(f"{sandbox.guide(tag=LATER)}\nEnd it with Ctrl-C.")  # NEXT is quarantined by now
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    sys.exit(main())
