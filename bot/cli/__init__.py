"""The command line: the first of the two doors."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs `bot` with the arguments of this process, and exits with its code."""
    from bot.cli.app import run

    sys.exit(run(sys.argv[1:]))
