"""Deciding a promotion: which trees the target would hold instead, under which records, on which branch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import BotError, Origin, Record
from bot.releases import record_text, version_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.model import Environment, Release
    from bot.runs import Run

HOTFIX = "hotfix"  # of a record: it was made where it runs
DROP_TRAILER = "Drops-Hotfix"  # of a promotion's commit: somebody said why a hotfix goes
FIXES_TRAILER = "Fixes-Alert"  # of a promotion's commit: an alert that may fire in the target, since this is its cure
ALERT_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,126}")
GATE_STATUS = "promotion/gate"
PROMOTION_LABEL = "promotion"


@dataclass(frozen=True)
class Change:
    """One app's release before and after, and the record that says so."""

    app: str
    before: Release | None
    after: Release
    record: Record


@dataclass(frozen=True)
class Plan:
    """What a promotion would change in its target."""

    source: str
    target: str
    changes: tuple[Change, ...]
    asked: tuple[str, ...] = ()  # apps that were named; empty: the whole stack
    without_overlay: tuple[str, ...] = ()  # apps of the source that the target does not run
    left_behind: tuple[str, ...] = ()  # apps that differ, too, and were not named
    drop_reason: str | None = None  # why hotfixes of the target go, if any do
    fixes: tuple[str, ...] = ()  # alerts that fire in the target and are to end by this

    @property
    def apps(self) -> tuple[str, ...]:
        """The apps that change."""
        return tuple(change.app for change in self.changes)

    @property
    def dropped(self) -> tuple[str, ...]:
        """Apps whose hotfix in the target is not in what is promoted: an image of it is none of the new release's."""
        return tuple(change.app for change in self.changes if _drops(change))


def _drops(change: Change) -> bool:
    before = change.before
    if before is None or before.record is None or before.record.origin.place != HOTFIX:
        return False
    return bool({image.reference for image in before.images} - {image.reference for image in change.after.images})


def trailers(message: str, name: str) -> tuple[str, ...]:
    """The values of a trailer in a commit's message, each once."""
    found = (line.partition(":") for line in message.splitlines())
    return tuple(dict.fromkeys(value.strip() for key, _, value in found if key == name and value.strip()))


def check_alert_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names of alerts, sorted; BotError for what cannot be one."""
    for name in names:
        if not ALERT_NAME.fullmatch(name):
            hint = "write it as the rule does, such as ContextAPIHighErrorRate"
            raise BotError(f"--fixes {name[:60]!r} is no name of an alert", hint, usage=True)
    return tuple(sorted(set(names)))


def verified_status(environment: str) -> str:
    """The context of the commit status that says what became of a release in an environment."""
    return f"promotion/verified/{environment}"


def plan_promotion(
    source: Environment,
    target: Environment,
    *,
    offered: Mapping[str, Release],
    current: Mapping[str, Release],
    overlays: Iterable[str],
    runs: Mapping[str, Run],
    asked: tuple[str, ...] = (),
) -> Plan | None:
    """What the target would hold instead of its current releases, or None if it already does."""
    check_apps(source, target, offered=offered, overlays=overlays, asked=asked)
    fitting = [app for app in sorted(offered) if app in set(overlays)]
    differing = [app for app in fitting if app not in current or current[app].tree != offered[app].tree]
    chosen = [app for app in differing if not asked or app in asked]
    if not chosen:
        return None
    return Plan(
        source.name,
        target.name,
        changes=tuple(_change(offered[app], current.get(app), Origin(source.name, runs[app].commit)) for app in chosen),
        asked=tuple(sorted(asked)),
        without_overlay=tuple(app for app in sorted(offered) if app not in fitting),
        left_behind=tuple(app for app in differing if app not in chosen),
    )


def check_apps(
    source: Environment,
    target: Environment,
    *,
    offered: Mapping[str, Release],
    overlays: Iterable[str],
    asked: Iterable[str],
) -> None:
    """Refuses apps that the source does not run or the target has no overlay for."""
    for app in asked:
        if app not in offered:
            known = ", ".join(sorted(offered)) or "none"
            raise BotError(f"{source.name} runs no app {app!r}", f"its apps are: {known}", usage=True)
        if app not in set(overlays):
            hint = f"add {target.folder}/{app}/kustomization.yaml in a pull request first"
            raise BotError(f"{target.name} has no overlay for {app}", hint, usage=True)


def _change(after: Release, before: Release | None, origin: Origin) -> Change:
    return Change(after.app, before, after, next_record(after, before, origin))


def next_record(after: Release, before: Release | None, origin: Origin) -> Record:
    """The record of a release that follows another: its number differs from its predecessor's."""
    number = before.record.number + 1 if before and before.record else 1
    return Record(after.tree, version_of(after.images, after.tree), origin, number)


def branch_of(target: str, asked: Iterable[str] = ()) -> str:
    """The one branch of a promotion of these apps (none: the whole stack) into a target; flat, the same each time."""
    return ".".join(["promote", target, *sorted(asked)])


def read_branch(branch: str) -> tuple[str, frozenset[str]] | None:
    """Target and named apps (none: the whole stack) of a promotion's branch; None for any other branch."""
    kind, *rest = branch.split(".")
    return (rest[0], frozenset(rest[1:])) if kind == "promote" and rest else None


def contained_branches(branch: str, open_branches: Iterable[str]) -> tuple[str, ...]:
    """Open promotions into the same target that this one contains: at most one is open per target and app."""
    target, asked = read_branch(branch) or ("", frozenset())
    others = {other: read_branch(other) for other in open_branches if other != branch}
    inside = {other: apps for other, found in others.items() if found and found[0] == target and (apps := found[1])}
    return tuple(other for other, apps in inside.items() if not asked or apps <= asked)


def overlapping_branch(branch: str, open_branches: Iterable[str]) -> str | None:
    """An open promotion into the same target that moves one of these apps and is not contained in this one."""
    target, asked = read_branch(branch) or ("", frozenset())
    contained = {branch, *contained_branches(branch, open_branches)}
    for other in open_branches:
        found = read_branch(other)
        if found and found[0] == target and other not in contained and (not found[1] or found[1] & asked):
            return other
    return None


def record_files(target: Environment, changes: Iterable[Change]) -> dict[str, str]:
    """The record files that a promotion writes."""
    return {target.record_path(change.app): record_text(change.record) for change in changes}


def allowed_paths(target: Environment, apps: Iterable[str]) -> tuple[str, ...]:
    """Files and folders that a promotion's diff may touch: trees, records and the target's overlays of its apps."""
    prefixes = [(f"{target.release_path(app)}/", target.record_path(app), f"{target.folder}/{app}/") for app in apps]
    return tuple(prefix for triple in prefixes for prefix in triple)


def strangers(paths: Iterable[str], allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Paths that a promotion may not touch: neither a file nor in a folder that is allowed."""
    folders = tuple(f"{each.rstrip('/')}/" for each in allowed)
    return tuple(path for path in paths if not f"{path}/".startswith(folders))
