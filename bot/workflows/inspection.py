"""Inspecting what an environment renders to: policies, and what schemas and programs of others say of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from bot.contents import Problem
from bot.kustomizations import HASH_SUFFIX
from bot.model import APPS
from bot.policies.all import POLICIES, SOURCE_POLICIES
from bot.policies.backups import shared_places
from bot.policies.causes import without_consequences
from bot.policies.changes import immutable_changes
from bot.policies.gateway import shared_hosts
from bot.policies.generated import setting_file
from bot.policies.images import PIN, unpinned
from bot.policies.manifests import SCRAPE_INTERVAL, Manifests, name_of
from bot.policies.metrics.labels import panels_find_series
from bot.policies.origins import origin_of, origins
from bot.policies.patches import patch_of
from bot.policies.sources import READ_BY_KUSTOMIZE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.model import BotError
    from bot.policies.manifests import Digests, Inspector, Object, Policy, SourcePolicy, Violation
    from bot.ports import Objects, Rendered

IMAGES = "/images/kustomization.yaml"
PROMOTE = "the head of apps/ no longer has it: promote it"


@dataclass(frozen=True)
class Look:
    """One render of an environment or of another folder, and the files that it was made from."""

    name: str
    namespace: str
    folder: str
    rendered: Rendered
    texts: Mapping[str, str]  # by path
    others: Mapping[str, str] = field(default_factory=dict)  # the namespaces of the other environments, by name
    digests: Digests = "wanted"
    scrape_interval: str = SCRAPE_INTERVAL
    merged_by_bot: bool = False
    storage_classes: frozenset[str] = frozenset()


def inspected(now: Look | None, head: Look | None, *, inspectors: Sequence[Inspector]) -> Iterator[Problem]:
    """What is wrong with an environment as it is, and with the head of `apps/` in it; None is what does not render.

    What the head has mended is a warning, as nobody may edit a release; what would not survive the change from one to the other, too.
    """
    if now is None or head is None or head.rendered.objects == now.rendered.objects:
        if look := head or now:
            yield from problems(look, violations(look, inspectors))
        return
    coming = violations(head, inspectors)
    yield from problems(head, coming)
    known = {_key(violation) for violation in coming}
    mended = [violation for violation in violations(now, inspectors) if _key(violation) not in known]
    yield from problems(now, [replace(each, is_error=False, hint=f"{each.hint}; {PROMOTE}") for each in mended])
    changes = immutable_changes(manifests_of(now), manifests_of(head))
    yield from problems(head, [replace(each, is_error=False) for each in changes])


def violations(
    look: Look,
    inspectors: Sequence[Inspector],
    *,
    policies: Sequence[Policy] = POLICIES,
    sources: Sequence[SourcePolicy] = SOURCE_POLICIES,
) -> list[Violation]:
    """What policies and inspectors have against a render and its files, each thing once."""
    with ThreadPoolExecutor() as pool:  # others' programs run meanwhile
        asked = [pool.submit(lambda inspector: [*inspector(look.rendered.objects)], inspector) for inspector in inspectors]
        found = without_consequences(manifests_of(look), partial(_judged, policies))
        found += [violation for policy in sources for violation in policy(look.texts)]
        found += [violation for answer in asked for violation in answer.result()]
    return list(dict.fromkeys(found))


def _judged(policies: Sequence[Policy], manifests: Manifests) -> list[Violation]:
    return [violation for policy in policies for violation in policy(manifests)]


def beside_each_other(looks: Sequence[Look], *, all_seen: bool) -> Iterator[Problem]:
    """What is wrong with environments only because of one another; where all were seen, also what no environment has."""
    by_name = {look.name: look for look in looks}
    found = [*shared_places(map(manifests_of, looks)), *shared_hosts(map(manifests_of, looks))]
    found += panels_find_series([*map(manifests_of, looks)]) if all_seen else ()
    for name, violation in found:
        yield from problems(by_name[name], [violation])


def unpinned_images(pairs: Sequence[tuple[Look | None, Look | None]]) -> Iterator[Problem]:
    """Images without a digest, with the head of `apps/` where that can be seen; what only a release still lacks is a warning."""
    looks = [look for now, head in pairs if (look := head or now)]
    texts = {path: text for look in looks for path, text in look.texts.items() if path.endswith(IMAGES)}
    coming = list(unpinned(map(manifests_of, looks)))
    mended = list(unpinned(replace(manifests_of(now), digests="wanted") for now, head in pairs if now and head))
    known = {repository for repository, *_ in coming}
    late = [(repository, what, False) for repository, what, _ in mended if repository not in known]
    for repository, what, is_error in (*coming, *late):
        file = next((path for path in sorted(texts) if repository in texts[path]), APPS)
        yield Problem(file, what, PIN if repository in known else PROMOTE, is_error)


def manifests_of(look: Look) -> Manifests:
    """What policies look at."""
    context = (look.others, look.digests, look.scrape_interval, look.merged_by_bot, look.storage_classes)
    return Manifests(look.name, look.namespace, look.rendered.objects, *context)


def _key(violation: Violation) -> tuple[str, str, str, str]:
    """The same for the same fault before and after a change elsewhere."""
    return violation.kind, HASH_SUFFIX.sub("", violation.name), violation.field, violation.what


def problems(look: Look, found: Iterable[Violation]) -> Iterator[Problem]:
    """Violations with the file of the environment that says the field, else the one that first writes the object."""
    listed = list(found)
    if not listed:
        return
    files, items = origins(look.texts), {(item["kind"], name_of(item)): item for item in look.rendered.objects}
    for each in listed:
        if each.name in look.texts:  # about the file itself
            yield Problem(each.name, f"{each.field} {each.what}".strip(), each.hint, each.is_error)
        else:
            file = _saying(look, items, each) or origin_of(files, each.kind, each.name) or look.folder
            yield Problem(file, f"{each.kind} {each.name}: {each.field}: {each.what}", each.hint, each.is_error)


def _saying(look: Look, items: Mapping[tuple[str, str], Object], found: Violation) -> str | None:
    """The file that says the field, where it is not the one that first writes the object, and where that is certain."""
    item = items.get((found.kind, found.name))
    if item is None:
        return None
    said = setting_file(look.texts, look.folder, items, item, found.field)
    return said or patch_of(look.texts, look.folder, item, found.field)


def not_rendered(folder: str, error: BotError) -> Problem:
    """That a folder does not render, and why."""
    return Problem(folder, f"does not render: {error.message}", error.hint)


def warnings_of(folder: str, rendered: Rendered) -> Iterator[Problem]:
    """What kustomize warned of."""
    if rendered.warnings.strip():
        yield Problem(folder, f"kustomize warns: {' '.join(rendered.warnings.split())}", "mend what it names")


def manifest_files(objects: Objects, commit: str, folder: str) -> list[str]:
    """The files below a folder, at a commit, that kustomize may read."""
    root = objects.entry(commit, folder)
    below = objects.walk(root.sha) if root else ()
    return [f"{folder}/{entry.path}" for entry in below if entry.path.endswith(READ_BY_KUSTOMIZE)]
