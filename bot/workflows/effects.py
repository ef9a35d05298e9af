"""What a planned change does to its target: the rendered difference, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bot.contents import image_problems, rendered_images
from bot.gate.alert_rows import releases_are_not_quarantined
from bot.model import RenderError, Verdict
from bot.objects_diff import diff_objects
from bot.observations import Finding
from bot.workflows.checks import environment_contents, read_folder, release_contents, unmatched_patches
from bot.workflows.rendering import render_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Environment, Release
    from bot.objects_diff import ObjectChange
    from bot.ports import World
    from bot.promotion import Plan
    from bot.workflows.stack import Stack

RELEASE_ROW = 12  # where the gate's table asks whether the tree is the release


class Compared(NamedTuple):
    """What changes in a render, what is wrong with it, and every image that it names; None where it fails."""

    changes: tuple[ObjectChange, ...]
    problems: tuple[Finding, ...]
    images: frozenset[str] | None


def compare(world: World, target: Environment, *, before: str, after: str, releases: tuple[Release, ...]) -> Compared:
    """What changes in a render between two commits; a render that fails, or holds what it may not, is a problem."""
    folder = read_folder(world.origin, after, target)
    found = [problem(target, "environment-contents", f"{p.file} {p.what}") for p in environment_contents(folder, target)]
    try:
        new = render_at(world.origin, world.renderer, commit=after, environment=target)
    except RenderError as error:
        return Compared((), (*found, problem(target, "overlay-does-not-fit", error.message)), None)
    found += [problem(target, "image-not-released", f"{p.file} {p.what}") for p in image_problems(new.objects, releases)]
    found += [problem(target, "patch-matches-nothing", f"{p.file}: {p.what}") for p in unmatched_patches(folder, target, new)]
    try:
        old = render_at(world.origin, world.renderer, commit=before, environment=target).objects
    except RenderError:
        old = ()  # what is there is broken; the change may be the cure
    images = frozenset(rendered_images([*new.objects]))
    if target.policy.require_digests:
        coming = sorted(image for image in images - {*rendered_images([*old])} if "@" not in image)
        what = "would run for the first time, and has no digest"
        found += [Finding(10, "image-unpinned", Verdict.FAIL, f"{target.name}: images", f"{image} {what}") for image in coming]
    return Compared(diff_objects(old, new.objects), tuple(found), images)


def quarantined(stack: Stack, target: Environment, release: Release) -> list[Finding]:
    """What holds a release back everywhere; a hold that cannot be read hides none that can be."""
    outcomes = releases_are_not_quarantined((release,), stack.readable_holds)
    subject = f"{target.name}: {release.app}"
    return [Finding(10, each.code, each.verdict, subject, each.summary, each.facts) for each in outcomes if each.verdict is Verdict.FAIL]


def images_at(world: World, target: Environment, commit: str) -> frozenset[str] | None:
    """Every image that an environment names at a commit; None where it does not render."""
    try:
        return frozenset(rendered_images([*render_at(world.origin, world.renderer, commit=commit, environment=target).objects]))
    except RenderError:
        return None


def problem(environment: Environment, code: str, summary: str) -> Finding:
    """A finding that refuses whatever the alerts say."""
    return Finding(RELEASE_ROW, code, Verdict.FAIL, f"{environment.name}: release", summary)


def drift_problems(stack: Stack, found: Plan) -> tuple[Finding, ...]:
    """Releases of either side that differ from their records: nobody promoted them."""
    sides = [stack.environment(name) for name in (found.source, found.target)]
    return tuple(
        problem(side, "release-not-recorded", release.drift)
        for side in sides
        for release in stack.releases[side.name].values()
        if release.drift and release.app in found.apps
    )


def content_problems(world: World, releases: Iterable[Release]) -> tuple[Finding, ...]:
    """What may not be in a release, in the trees that are to come."""
    return tuple(
        Finding(RELEASE_ROW, "release-contents", Verdict.FAIL, f"{release.app}: release", f"{item.file} {item.what}")
        for release in releases
        if release.tree
        for item in release_contents(world.origin, release.app, release.tree)
    )
