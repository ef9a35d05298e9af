"""When a release ran: unbroken runs of a tree on main's first-parent history, pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


@dataclass(frozen=True)
class Run:
    """One unbroken run of a tree: the commit that began it, and until when."""

    tree: str | None  # None: the app was absent
    commit: str
    since: datetime
    until: datetime | None  # None: it still runs


def runs_of(changes: Iterable[tuple[str, datetime, str | None]]) -> tuple[Run, ...]:
    """Runs from (commit, time, tree after it), newest first; commits that kept the tree join their run."""
    found: list[Run] = []
    for commit, time, tree in changes:
        if found and found[-1].tree == tree:
            found[-1] = Run(tree, commit, time, found[-1].until)
        else:
            found.append(Run(tree, commit, time, found[-1].since if found else None))
    return tuple(found)


def newest_run(runs: Iterable[Run], tree: str) -> Run | None:
    """The latest run of a tree."""
    return next((run for run in runs if run.tree == tree), None)
