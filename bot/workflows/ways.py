"""How releases come into a gated environment other than by a promotion: back, as a hotfix, at first, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.gate.alert_rows import images_are_pinned, releases_are_not_quarantined
from bot.images_file import write_images
from bot.model import BotError, Verdict
from bot.observations import Finding
from bot.promotion import HOTFIX, next_record
from bot.workflows.approvals import AWAITS
from bot.workflows.observe import runs_at
from bot.workflows.stack import IMAGES, read_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model import Environment, Release
    from bot.ports import World
    from bot.workflows.approvals import SecondPerson
    from bot.workflows.stack import Stack

ROLLBACK, INIT = "rollback", "init"
NEEDS_PERSON = {
    "returned-stateful": "an older {app} comes back, which keeps data: can it read today's?",
    "hotfix-declared": "{app} {version} is a hotfix, which came by no promotion: {images}",
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
    run: str | None = None  # of a returned one: the commit of main that it last came by


def way_of(world: World, stack: Stack, after: Stack, environment: Environment, app: str) -> Way:
    """The way of one app; whatever is none of the others must have been promoted."""
    old, new = stack.releases.get(environment.name, {}).get(app), after.releases.get(environment.name, {}).get(app)
    if new is None:
        left = app not in after.overlays.get(environment.name, ())
        return Way("removed" if left else "promoted", environment, app, old, new)
    kind, run = "promoted", None
    if new.record and not new.drift:
        if run := _returned(world, stack, environment, new, old=old):
            kind = "returned"
        elif _is_hotfix(world, stack, new, old=old):
            kind = HOTFIX
        elif not environment.live and new.record.origin.place == INIT:
            kind = "initial"
    return Way(kind, environment, app, old, new, run)


def _returned(world: World, stack: Stack, environment: Environment, new: Release, *, old: Release | None) -> str | None:
    """The run of a tree that ran here before, under the record that it had then (a revert), or under one that a rollback writes."""
    if new.record is None or (old is not None and old.tree == new.tree):
        return None
    runs = [run for run in runs_at(world.origin, stack.commit, environment.release_path(new.app)) if run.tree == new.tree]
    if new.record.origin.place == ROLLBACK:
        follows = new.record == next_record(new, old, new.record.origin)
        return next((run.commit for run in runs if follows and run.commit == new.record.origin.commit), None)
    had = (run for run in runs if read_stack(world.origin, run.commit).releases[environment.name][new.app].record == new.record)
    return next((run.commit for run in had), None)


def _is_hotfix(world: World, stack: Stack, new: Release, *, old: Release | None) -> bool:
    """Declared in its record, made from what runs here, and only tags and digests of its images file differ, to the byte."""
    if new.record is None or old is None or new.record.origin.place != HOTFIX or old.drift:
        return False
    made_here = world.origin.is_ancestor(new.record.origin.commit, stack.commit)
    follows = new.record == next_record(new, old, new.record.origin)
    return made_here and follows and world.origin.changed_paths(old.tree, new.tree) == (IMAGES,) and _only_tags(world, old, new)


def _only_tags(world: World, old: Release, new: Release) -> bool:
    before, after = (world.origin.read(each.tree, [IMAGES]).get(IMAGES, "") for each in (old, new))
    if [(each.name, each.new_name) for each in old.images] != [(each.name, each.new_name) for each in new.images]:
        return False
    try:
        return write_images(before, new.images, file=IMAGES) == after
    except BotError:
        return False


def way_findings(stack: Stack, way: Way, *, is_stateful: bool, second: SecondPerson, images: frozenset[str] | None) -> Iterator[Finding]:
    """What speaks against it, and who must say yes first."""
    subject = f"{way.environment.name}: {way.app}"
    yield Finding(12, f"release-{way.kind}", Verdict.PASS, subject, f"{way.app} is {way.kind}", _facts(way))
    if way.after is not None:
        policy = way.environment.policy
        quarantined = releases_are_not_quarantined((way.after,), stack.holds, stack.readable_holds)
        for outcome in (*quarantined, *images_are_pinned((way.after,), policy, images)):
            yield Finding(10, outcome.code, outcome.verdict, subject, outcome.summary, outcome.facts)
    code = {"returned": "returned-stateful" if is_stateful else "", HOTFIX: "hotfix-declared", "removed": "app-removed"}.get(way.kind)
    if code:
        version = way.after.version if way.after else "none"
        what = NEEDS_PERSON[code].format(app=way.app, version=version, images=_images(way))
        yield approval(code, subject, what, second=second)


def _images(way: Way) -> str:
    """What replaces what, each by its full reference."""
    pairs = zip(way.before.images if way.before else (), way.after.images if way.after else (), strict=False)
    return ", ".join(f"{old.reference} -> {new.reference}" for old, new in pairs if old != new)


def approval(code: str, subject: str, what: str, *, second: SecondPerson) -> Finding:
    """What a second person must approve of: HOLD until somebody did, and who may."""
    if second.approved:
        return Finding(11, code, Verdict.PASS, subject, f"{what}; a second person approved", {"approved": second.approved})
    if not second.among:
        return Finding(11, code, Verdict.HOLD, subject, f"{what}; a second person must approve, and people.approve names nobody who may")
    whom = f"a second person must approve: {' or '.join(second.among)}"
    return Finding(11, code, Verdict.HOLD, subject, f"{what}; {whom}", {AWAITS: ", ".join(second.among)})


def _facts(way: Way) -> dict[str, str]:
    found = {"before": way.before.tree if way.before else "none", "after": way.after.tree if way.after else "none"}
    return found | ({"from": str(way.after.record.origin)} if way.after and way.after.record else {})
