"""Hotfix: an image that ran nowhere before, straight into a gated environment, declared as such and approved by a second person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot import urgent_messages
from bot.images_file import parse_images, parse_tag, write_images
from bot.model import BotError, Origin
from bot.promotion import HOTFIX, next_record
from bot.releases import record_text, version_of
from bot.workflows.bump import pick, refuse_quarantined
from bot.workflows.changes import Proposal, anew, candidate, ensure_pull, push
from bot.workflows.stack import IMAGES, read_stack

if TYPE_CHECKING:
    from bot.model import Environment, Image, Release
    from bot.ports import PullRequest, World


@dataclass(frozen=True)
class Hotfix:
    """What `hotfix` did: `already`, `planned`, `opened` or `unchanged`."""

    outcome: str
    before: Image
    after: Image
    pull: PullRequest | None = None


@dataclass(frozen=True)
class Request:
    """What was asked for."""

    environment: str
    app: str
    tag: str
    reason: str
    image: str | None = None


def hotfix(world: World, request: Request, *, dry_run: bool = False) -> Hotfix:
    """Opens or keeps the pull request that changes one image of a release where it runs; its manifests stay what they are."""
    return anew(world, lambda: _hotfix(world, request, dry_run=dry_run))


def _hotfix(world: World, request: Request, *, dry_run: bool) -> Hotfix:
    stack = read_stack(world.origin, world.origin.fetch_main())
    environment, release = stack.environment(request.environment), stack.release(request.environment, request.app)
    if environment.promotes_from is None:
        raise BotError(f"{environment.name} takes no hotfix: it follows main", f"run `bot bump {request.app} {request.tag}`", usage=True)
    if release.drift:
        raise BotError(release.drift, "restore the release first: what a hotfix rests on must be known")
    path = f"{environment.release_path(request.app)}/{IMAGES}"
    text = world.origin.read(stack.commit, [path]).get(path)
    if text is None:
        raise BotError(f"{request.app} has no images in {environment.name}", "only an image can be a hotfix", usage=True)
    before = pick(parse_images(text, file=path), request.image, file=path)
    tag, digest = parse_tag(request.tag)
    if digest is None:
        world.progress.say(f"resolving {before.repository}:{tag}")
        digest = world.registry.digest(before.repository, tag)
    after = replace(before, tag=tag, digest=digest)
    refuse_quarantined(after, stack.known_holds())
    if after == before:
        return Hotfix("already", before, after)
    new_text = write_images(text, [after], file=path)
    if dry_run:
        return Hotfix("planned", before, after)
    proposal = _proposal(world, stack.commit, environment, release, request=request, changed=(path, new_text))
    pushed = push(world, proposal, candidate(world, proposal))
    pull = ensure_pull(world, proposal, (HOTFIX,))
    return Hotfix("opened" if pushed else "unchanged", before, after, pull)


def _proposal(
    world: World, main: str, environment: Environment, release: Release, *, request: Request, changed: tuple[str, str]
) -> Proposal:
    """The images file, and the record that declares the tree which that makes."""
    path, text = changed
    tree = world.origin.tree(world.origin.make_commit(main, {path: text}, HOTFIX), environment.release_path(release.app))
    images = parse_images(text, file=path)
    fixed = replace(release, tree=tree or "", images=images, version=version_of(images, tree or ""))
    record = next_record(fixed, release, Origin(HOTFIX, main))
    subject, body = urgent_messages.hotfix_subject(environment.name, release, fixed), urgent_messages.hotfix_body(fixed, request.reason)
    return Proposal(
        branch=f"{HOTFIX}.{environment.name}.{release.app}",
        main=main,
        changes={path: text, environment.record_path(release.app): record_text(record)},
        message=f"{subject}\n\n{body}",
        title=subject,
        body=body,
        allowed=(f"{environment.release_path(release.app)}/", environment.record_path(release.app)),
    )
