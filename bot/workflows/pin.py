"""Pin: the digest of every tag that has none, resolved in the registry, as one pull request on `apps/`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot import messages
from bot.images_file import parse_images, write_images
from bot.model import APPS
from bot.workflows.bump import check_app, refuse_quarantined
from bot.workflows.changes import Proposal, anew, candidate, ensure_pull, push
from bot.workflows.stack import IMAGES, app_heads, read_stack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.model import Image
    from bot.ports import PullRequest, World

PIN_LABEL = "pin"


@dataclass(frozen=True)
class Pin:
    """What `pin` did: `already`, `planned`, `opened` or `unchanged`; the images with their digests, by app."""

    outcome: str
    pinned: Mapping[str, tuple[Image, ...]]
    pull: PullRequest | None = None


def pin(world: World, apps: Sequence[str] = (), *, dry_run: bool = False) -> Pin:
    """Opens or keeps the pull request that gives every tag of these apps (none named: of all) its digest."""
    return anew(world, lambda: _pin(world, apps, dry_run=dry_run))


def _pin(world: World, apps: Sequence[str], *, dry_run: bool) -> Pin:
    main = world.origin.fetch_main()
    texts = _images_texts(world, main, apps)
    loose = {app: _loose(text, app) for app, text in texts.items()}
    pinned = {app: tuple(_resolved(world, image) for image in images) for app, images in loose.items() if images}
    if not pinned:
        return Pin("already", {})
    holds = read_stack(world.origin, main).known_holds()
    for images in pinned.values():
        for image in images:
            refuse_quarantined(image, holds)
    if dry_run:
        return Pin("planned", pinned)
    proposal = _proposal(main, texts, pinned, apps)
    pushed = push(world, proposal, candidate(world, proposal))
    pull = ensure_pull(world, proposal, (PIN_LABEL,))
    return Pin("opened" if pushed else "unchanged", pinned, pull)


def _images_texts(world: World, main: str, apps: Sequence[str]) -> dict[str, str]:
    """The images files of the apps, by app; BotError for an app that is not there."""
    known = app_heads(world.origin, main)
    for app in apps:
        check_app(app, known)
    paths = {_path(app): app for app in sorted(apps or known)}
    return {paths[path]: text for path, text in world.origin.read(main, list(paths)).items()}


def _path(app: str) -> str:
    return f"{APPS}/{app}/{IMAGES}"


def _loose(text: str, app: str) -> tuple[Image, ...]:
    return tuple(image for image in parse_images(text, file=_path(app)) if image.digest is None)


def _resolved(world: World, image: Image) -> Image:
    world.progress.say(f"resolving {image.repository}:{image.tag}")
    return replace(image, digest=world.registry.digest(image.repository, image.tag))


def _proposal(main: str, texts: Mapping[str, str], pinned: Mapping[str, Sequence[Image]], apps: Sequence[str]) -> Proposal:
    subject = messages.pin_subject(pinned)
    references = [image.reference for images in pinned.values() for image in images]
    return Proposal(
        branch=".".join(["pin", *sorted(apps)]),
        main=main,
        changes={_path(app): write_images(texts[app], images, file=_path(app)) for app, images in pinned.items()},
        message="\n".join([subject, "", *references, ""]),
        title=subject,
        body=messages.pin_body(references),
        allowed=tuple(f"{APPS}/{app}/" for app in pinned),
    )
