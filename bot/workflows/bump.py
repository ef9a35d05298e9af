"""Bump: one scalar of an app's images file, as a pull request."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot import messages
from bot.images_file import parse_images, parse_tag, write_images
from bot.model import APPS, BotError
from bot.workflows.changes import Proposal, anew, candidate, ensure_pull, push
from bot.workflows.stack import IMAGES, app_heads, read_stack

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bot.model import Hold, Image
    from bot.ports import PullRequest, World

BUMP_LABEL = "bump"


@dataclass(frozen=True)
class Bump:
    """What `bump` did: `already`, `planned`, `opened` or `unchanged`."""

    outcome: str
    app: str
    before: Image
    after: Image
    pull: PullRequest | None = None


def bump(world: World, app: str, tag: str, *, image: str | None = None, unpinned: bool = False, dry_run: bool = False) -> Bump:
    """Opens or keeps the pull request that makes dev run a tag, pinned by its digest."""
    return anew(world, lambda: _bump(world, app, tag, image=image, unpinned=unpinned, dry_run=dry_run))


def _bump(world: World, app: str, tag: str, *, image: str | None, unpinned: bool, dry_run: bool) -> Bump:
    wanted_tag, wanted_digest = parse_tag(tag)
    main = world.origin.fetch_main()
    path = f"{APPS}/{app}/{IMAGES}"
    text = _images_text(world, main, app, path=path)
    images = parse_images(text, file=path)
    before = pick(images, image, file=path)
    pinned = wanted_digest
    if pinned is None and not unpinned:
        world.progress.say(f"resolving {before.repository}:{wanted_tag}")
        pinned = world.registry.digest(before.repository, wanted_tag)
    after = replace(before, tag=wanted_tag, digest=pinned)
    refuse_quarantined(after, read_stack(world.origin, main).known_holds())
    if after == before:
        return Bump("already", app, before, after)
    new_text = write_images(text, [after], file=path)
    subject = messages.bump_subject(app, before.tag, after.tag)
    proposal = Proposal(
        branch=f"bump.{app}" if len(images) == 1 else f"bump.{app}.{re.sub('[^a-z0-9-]', '-', before.name)}",
        main=main,
        changes={path: new_text},
        message=f"{subject}\n\n{after.reference}\n",
        title=subject,
        body=messages.bump_body(app, after.reference),
        allowed=(f"{APPS}/{app}/",),
    )
    if dry_run:
        return Bump("planned", app, before, after)
    pushed = push(world, proposal, candidate(world, proposal))
    pull = ensure_pull(world, proposal, (BUMP_LABEL,))
    return Bump("opened" if pushed else "unchanged", app, before, after, pull)


def _images_text(world: World, main: str, app: str, *, path: str) -> str:
    texts = world.origin.read(main, [path])
    if path not in texts:
        check_app(app, app_heads(world.origin, main))
        raise BotError(f"{app} has no images file {path}", "an app without images cannot be bumped", usage=True)
    return texts[path]


def check_app(app: str, known: Collection[str]) -> None:
    """BotError when an app is not in `apps/`."""
    if app not in known:
        raise BotError(f"no app {app!r} in {APPS}/", f"the apps are: {', '.join(sorted(known))}", usage=True)


def pick(images: tuple[Image, ...], wanted: str | None, *, file: str) -> Image:
    """The entry that is meant: the only one, or the one named; BotError lists them otherwise."""
    found = [image for image in images if wanted is None or wanted in {image.name, image.repository}]
    if len(found) != 1:
        names = ", ".join(image.name for image in images) or "none"
        problem = f"{file} has no image {wanted}" if wanted else f"{file} has several images"
        raise BotError(problem, f"name one with --image; its images are: {names}", usage=True)
    return found[0]


def refuse_quarantined(image: Image, holds: Iterable[Hold]) -> None:
    """BotError when a hold names the image's digest, whichever app was rolled back from it."""
    for hold in holds:
        if image.digest in hold.digests:
            hint = f"why: {hold.why}; lift it with `bot unquarantine {hold.environment} {hold.id} --reason …` if that is over"
            raise BotError(f"{image.reference} is quarantined since {hold.when}", hint)
