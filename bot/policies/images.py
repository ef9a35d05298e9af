"""Images are named in full and for good: what was tested is what starts, today and after the next node has died."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bot.policies.fields import text
from bot.references import DIGEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.policies.manifests import Manifests, Pods, Violation

MOVING_WORDS = frozenset(
    (
        *("canary", "dev", "develop", "development", "edge", "head", "latest", "main", "master", "nightly", "prod", "production"),
        *("rolling", "snapshot", "stable", "staging", "test"),
    )
)
WHY = {  # by what the strictest environment asks for
    "wanted": "tags can be moved, and where digests are required it is not promoted",
    "required once live": "{} requires one and refuses the Pod, so this is an error once it is live",
    "required": "{} requires one and refuses the Pod",
}
PIN = "run `bot pin`, which writes the digest of each tag into apps/<app>/images"
MOVING_VERSION = re.compile(r"v?\d{1,4}(\.\d+)?")  # 1 and 1.27 follow each patch; a date or 1.27.3 stays


class Image(NamedTuple):
    """The parts of an image's reference as it is written; empty where there is none."""

    repository: str
    tag: str
    digest: str

    @property
    def version(self) -> str:
        """The tag without its variant: 5.26.29 of 5.26.29-enterprise."""
        return self.tag.partition("-")[0]

    def is_named(self, ending: str) -> bool:
        """Whether its repository ends with these whole parts: a mirror has the same end behind another host."""
        return f"/{self.repository}".endswith(f"/{ending}")


def image_of(container: object) -> Image:
    """A container's image."""
    named, _, digest = text(container, "image").partition("@")
    head, slash, last = named.rpartition("/")
    last, _, tag = last.partition(":")
    return Image(f"{head}{slash}{last}", tag, digest)


def names_a_registry(manifests: Manifests) -> Iterator[Violation]:
    """Says which registry an image comes from."""
    for pods, where, image in _images(manifests):
        host, slash, _ = image.repository.partition("/")
        if not slash or not ({".", ":"} & set(host) or host == "localhost"):
            what = f"is {image.repository or 'not set'}, without a registry: each node adds its own, which may not be docker.io"
            yield pods.wrong(where, what, hint=f"write it in full, such as docker.io/library/{image.repository or 'NAME'}")


def names_a_version(manifests: Manifests) -> Iterator[Violation]:
    """Has a tag or a digest."""
    for pods, where, image in _images(manifests):
        if not image.tag and not image.digest:
            what = f"is {image.repository or 'not set'} without tag and digest: `latest` is started, another one on each day"
            yield pods.wrong(where, what, hint="name it, with its tag, in apps/<app>/images/kustomization.yaml")


def stays_what_it_is(manifests: Manifests) -> Iterator[Violation]:
    """Has no tag that is moved to the next version."""
    for pods, where, image in _images(manifests):
        follows_patches = not image.digest and MOVING_VERSION.fullmatch(image.version)
        if image.version.lower() in MOVING_WORDS or follows_patches:
            what = f"has the tag {image.tag}, which moves: two nodes run two versions, and a rollback brings back neither"
            yield pods.wrong(where, what, hint="name one released version, such as v1.4.2, with `bot bump`")


def is_pulled_when_missing(manifests: Manifests) -> Iterator[Violation]:
    """Starts from what is on the node already."""
    for pods, where, container in manifests.containers():
        policy = container.get("imagePullPolicy", "IfNotPresent")
        if policy != "IfNotPresent":
            reason = "a registry that is down stops every restart" if policy == "Always" else "a new node cannot start the Pod"
            hint = "set imagePullPolicy: IfNotPresent; a version never changes"
            yield pods.wrong(f"{where}.imagePullPolicy", f"is {policy}: {reason}", hint=hint)


def digests_are_real(manifests: Manifests) -> Iterator[Violation]:
    """A digest is one, and cannot move."""
    for pods, where, image in _images(manifests):
        if image.digest and not DIGEST.fullmatch(image.digest):
            what = f"has {image.digest[:80]!r} for a digest, which no registry has"
            yield pods.wrong(where, what, hint="run `bot pin`, which asks the registry")


IMAGE_POLICIES = (names_a_registry, names_a_version, stays_what_it_is, is_pulled_when_missing, digests_are_real)


def unpinned(environments: Iterable[Manifests]) -> Iterator[tuple[str, str, bool]]:
    """Each image that runs by its tag alone, what is wrong with that, and whether it is an error; once, whatever runs it and where."""
    found: dict[str, dict[str, list[Manifests]]] = {}
    for manifests in environments:
        for image in sorted({image for _, _, image in _images(manifests) if image.tag and not image.digest}):
            found.setdefault(image.repository, {}).setdefault(image.tag, []).append(manifests)
    for repository, tags in found.items():
        where = "; ".join(f"{tag} in {', '.join(each.environment for each in running)}" for tag, running in tags.items())
        asked = max((each.digests for running in tags.values() for each in running), key=list(WHY).index)
        strict = dict.fromkeys(each.environment for running in tags.values() for each in running if each.digests == asked)
        yield repository, f"{repository} is without a digest, {where}: {WHY[asked].format(', '.join(strict))}", asked == "required"


def _images(manifests: Manifests) -> Iterator[tuple[Pods, str, Image]]:
    for pods, where, container in manifests.containers():
        yield pods, f"{where}.image", image_of(container)
