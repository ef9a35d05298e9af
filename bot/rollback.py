"""Deciding a rollback: which earlier tree comes back, and what is quarantined."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import BotError, Hold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.model import Environment, Release
    from bot.runs import Run

MIN_TREE_DIGITS = 7
DIGITS = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True)
class Choice:
    """The earlier run whose tree comes back, with a warning where it was not verified."""

    run: Run
    warning: str | None = None


def refuse_following_main(environment: Environment) -> None:
    """Dev follows people's commits: those are reverted, not rolled back."""
    if environment.promotes_from is None:
        hint = "run `git revert COMMIT` and merge it: the environment follows main"
        raise BotError(f"{environment.name} cannot be rolled back: it follows main", hint, usage=True)


def is_rolled_back(release: Release) -> bool:
    """Whether the app's present release was put there by a rollback."""
    return release.record is not None and release.record.origin.place == "rollback"


def choose_run(
    app: str,
    runs: Sequence[Run],
    *,
    holds: Iterable[Hold],
    verified: Callable[[str], bool],
    wanted: str | None = None,
) -> Choice | None:
    """The run to return to, or None if its tree runs already; a quarantined tree is never chosen."""
    bad = {hold.tree for hold in holds if hold.app == app}
    current = runs[0].tree if runs else None
    if wanted is not None:
        return _named(app, runs, wanted=wanted, bad=bad)
    earlier = [run for run in runs[1:] if run.tree and run.tree != current and run.tree not in bad]
    if not earlier:
        raise BotError(f"{app} has no earlier release to return to", "name one with --to TREE, or promote a fix")
    good = next((run for run in earlier if verified(run.commit)), None)
    if good:
        return Choice(good)
    return Choice(earlier[0], f"no earlier release of {app} was verified here; this is the previous one")


def check_tree(option: str, wanted: str) -> None:
    """Refuses what does not name a tree by its first digits, and says how."""
    if not DIGITS.fullmatch(wanted):
        raise BotError(f"{option} {wanted} is no tree", "name a release by its tree: `bot history ENV APP` lists them", usage=True)
    if len(wanted) < MIN_TREE_DIGITS:
        raise BotError(f"{option} {wanted} is too short", f"give at least {MIN_TREE_DIGITS} digits of the tree", usage=True)


def _named(app: str, runs: Sequence[Run], *, wanted: str, bad: set[str]) -> Choice | None:
    check_tree("--to", wanted)
    trees = {run.tree for run in runs if run.tree and run.tree.startswith(wanted)}
    if len(trees) != 1:
        problem = "is not a tree that ran here" if not trees else "names several trees"
        raise BotError(f"{app}: {wanted} {problem}", "see `bot history ENV APP`", usage=True)
    tree = trees.pop()
    if tree in bad:
        raise BotError(f"{app}: {wanted} is quarantined", "lift it with `bot unquarantine` if that is over")
    if runs[0].tree == tree:
        return None
    return Choice(next(run for run in runs if run.tree == tree))


def quarantine(bad: Release, good: Release, *, environment: str, who: str, when: str, why: str) -> Hold:
    """The hold on what a rollback leaves behind: its tree, and the image digests that it brought."""
    before = {image.digest for image in good.images}
    digests = tuple(sorted({image.digest for image in bad.images if image.digest and image.digest not in before}))
    return Hold(hold_id(bad), environment, bad.app, bad.tree, digests, who, when, why)


def hold_id(release: Release) -> str:
    """The name of the hold on a release: the same for the same tree, so that it is written once."""
    return f"quarantine-{release.app}-{release.tree[:12]}"


def held(release: Release, holds: Iterable[Hold]) -> Hold | None:
    """The first hold that quarantines a release."""
    return next((hold for hold in holds if quarantines(hold, release)), None)


def quarantines(hold: Hold, release: Release) -> bool:
    """Whether a hold means a release: its tree, or a digest in it, whichever app was rolled back from that image."""
    digests = {image.digest for image in release.images if image.digest}
    return (hold.app, hold.tree) == (release.app, release.tree) or bool(digests & set(hold.digests))


def branch_of(environment: str, moves: Iterable[tuple[str, str, str]]) -> str:
    """The one branch of a rollback of (app, from tree, to tree)."""
    return ".".join(["rollback", environment, *(f"{app}.{bad[:8]}-{good[:8]}" for app, bad, good in sorted(moves))])
