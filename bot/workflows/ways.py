"""How releases come into a gated environment other than by a promotion: back, as a hotfix, at first, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.gate.alert_rows import images_are_pinned, releases_are_not_quarantined
from bot.model import Verdict
from bot.observations import Finding
from bot.promotion import HOTFIX, next_record
from bot.workflows.observe import runs_at
from bot.workflows.stack import read_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model import Environment, Release
    from bot.ports import World
    from bot.workflows.stack import Stack

ROLLBACK, INIT = "rollback", "init"
IMAGES = "images/"
NEEDS_PERSON = {
    "returned-stateful": "an older {app} comes back, which keeps data: can it read today's?",
    "hotfix-declared": "{app} {version} is a hotfix: it ran nowhere before",
    "app-removed": "{app} leaves, with its overlay",
}


@dataclass(frozen=True)
class Way:
    """How one app's release changes: `returned`, `hotfix`, `initial`, `removed`, or `promoted`, for which a promotion has its own table."""

    kind: str
    environment: Environment
    app: str
    before: Release | None
    after: Release | None


def way_of(world: World, stack: Stack, after: Stack, environment: Environment, app: str) -> Way:
    """The way of one app; whatever is none of the others must have been promoted."""
    old, new = stack.releases[environment.name].get(app), after.releases.get(environment.name, {}).get(app)
    if new is None:
        left = app not in after.overlays.get(environment.name, ())
        return Way("removed" if left else "promoted", environment, app, old, new)
    kind = "promoted"
    if new.record and not new.drift:
        if _is_returned(world, stack, environment, new, old=old):
            kind = "returned"
        elif _is_hotfix(world, stack, new, old=old):
            kind = HOTFIX
        elif not environment.live and new.record.origin.place == INIT:
            kind = "initial"
    return Way(kind, environment, app, old, new)


def _is_returned(world: World, stack: Stack, environment: Environment, new: Release, *, old: Release | None) -> bool:
    """A tree that ran here before, under the record that it had then (a revert), or under one that a rollback writes."""
    if (old is not None and old.tree == new.tree) or new.record is None:
        return False
    runs = [run for run in runs_at(world.origin, stack.commit, environment.release_path(new.app)) if run.tree == new.tree]
    if new.record.origin.place == ROLLBACK:
        return new.record.origin.commit in {run.commit for run in runs} and new.record == next_record(new, old, new.record.origin)
    return any(read_stack(world.origin, run.commit).releases[environment.name][new.app].record == new.record for run in runs)


def _is_hotfix(world: World, stack: Stack, new: Release, *, old: Release | None) -> bool:
    """Declared in its record, made from what runs here, and nothing but image tags differ."""
    if new.record is None or old is None or new.record.origin.place != HOTFIX:
        return False
    made_here = world.origin.is_ancestor(new.record.origin.commit, stack.commit)
    only_images = all(path.startswith(IMAGES) for path in world.origin.changed_paths(old.tree, new.tree))
    return made_here and only_images and old.drift is None and new.record == next_record(new, old, new.record.origin)


def way_findings(stack: Stack, way: Way, *, is_stateful: bool, approved: str | None) -> Iterator[Finding]:
    """What speaks against it, and who must say yes first."""
    subject = f"{way.environment.name}: {way.app}"
    yield Finding(12, f"release-{way.kind}", Verdict.PASS, subject, f"{way.app} is {way.kind}", _facts(way))
    if way.after is not None:
        policy = way.environment.policy
        for outcome in (*releases_are_not_quarantined((way.after,), stack.holds), *images_are_pinned((way.after,), policy)):
            yield Finding(10, outcome.code, outcome.verdict, subject, outcome.summary, outcome.facts)
    code = {"returned": "returned-stateful" if is_stateful else "", HOTFIX: "hotfix-declared", "removed": "app-removed"}.get(way.kind)
    if code:
        version = way.after.version if way.after else "none"
        what = NEEDS_PERSON[code].format(app=way.app, version=version)
        yield approval(code, subject, what, approved=approved)


def approval(code: str, subject: str, what: str, *, approved: str | None) -> Finding:
    """What a second person must approve of: HOLD until somebody did."""
    if approved:
        return Finding(11, code, Verdict.PASS, subject, f"{what}; a second person approved", {"approved": approved})
    return Finding(11, code, Verdict.HOLD, subject, f"{what}; a second person must approve", {})


def _facts(way: Way) -> dict[str, str]:
    found = {"before": way.before.tree if way.before else "none", "after": way.after.tree if way.after else "none"}
    return found | ({"from": str(way.after.record.origin)} if way.after and way.after.record else {})
