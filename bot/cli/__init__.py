"""The command line: the first of the two doors."""

from __future__ import annotations

import gc
import sys

YOUNG = 50_000  # new objects between two looks for cycles; Python's own number is some hundreds


def spare_collector() -> None:
    """Has garbage looked for less often: thousands of rules are many objects that live on; to look among them took a tenth of the time."""
    gc.freeze()  # what the imports made
    gc.set_threshold(YOUNG, 20, 50)


def main() -> None:
    """Runs `bot` with the arguments of this process, and exits with its code."""
    from bot.cli.app import run

    spare_collector()
    sys.exit(run(sys.argv[1:]))
