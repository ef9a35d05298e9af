"""What Argo CD is told by annotations is spelt as it reads it: it passes over every other word without a sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.hooks import DELETE_POLICIES, DELETE_POLICY, HOOK, HOOK_TYPES, OBJECT_OPTIONS, PREFIX, SYNC_OPTIONS, words_of
from bot.policies.fields import mapping, mappings
from bot.policies.manifests import wrong
from bot.policies.nearest import instead

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.policies.manifests import Manifests, Violation

# Those that it reads on what it applies (Argo CD 3.5, "Annotations and Labels used by Argo CD"); Applications have others.
ANNOTATIONS = frozenset(
    f"{PREFIX}{name}"
    for name in (
        *("compare-options", "deletion-approved", "hook", "hook-delete-policy", "ignore-default-labels", "ignore-healthcheck"),
        *("ignore-resource-updates", "sync-options", "sync-wave"),
    )
)

WORDS = words_of(OBJECT_OPTIONS)


def hooks_run_in_a_phase(manifests: Manifests) -> Iterator[Violation]:
    """Each word of a hook is a phase that there is."""
    what = "is {}, no phase of Argo CD: the object counts as a hook and is never applied, without a word"
    yield from _spelt(manifests, HOOK, HOOK_TYPES, what)


def hooks_are_deleted_as_meant(manifests: Manifests) -> Iterator[Violation]:
    """Each word on when a hook is deleted is one that there is, and the object is a hook."""
    what = "is {}, which Argo CD does not know: the hook is deleted before the next one alone, whatever is meant"
    yield from _spelt(manifests, DELETE_POLICY, DELETE_POLICIES, what)
    for item in manifests.objects:
        annotations = mapping(item, "metadata", "annotations")
        if DELETE_POLICY in annotations and HOOK not in annotations:
            what = "is set on what is no hook: nobody reads it"
            yield wrong(item, _place(DELETE_POLICY), what, hint=f"add {HOOK}, or remove it")


def annotations_are_argo_cds(manifests: Manifests) -> Iterator[Violation]:
    """Each annotation with Argo CD's prefix is one that it reads."""
    for item in manifests.objects:
        for name in map(str, mapping(item, "metadata", "annotations")):
            if name.startswith(PREFIX) and name not in ANNOTATIONS:
                what = "is no annotation that Argo CD reads on an object: what it is meant to say is not said"
                yield wrong(item, _place(name), what, hint=_instead(name, ANNOTATIONS))


def sync_options_are_argo_cds(manifests: Manifests) -> Iterator[Violation]:
    """Each option of one object's sync is one that there is."""
    yield from _spelt(manifests, SYNC_OPTIONS, WORDS, "is {}, which Argo CD does not know: what it is meant to prevent is done")


def data_goes_after_a_yes_alone(manifests: Manifests) -> Iterator[Violation]:
    """What holds data, and the namespace around it, is pruned and deleted after a person's yes."""
    keepers = [item for item in manifests.of("StatefulSet") if mappings(item, "spec", "volumeClaimTemplates")]
    for item in (*manifests.of("Namespace"), *manifests.of("PersistentVolumeClaim"), *keepers):
        said = {word.strip() for word in str(mapping(item, "metadata", "annotations").get(SYNC_OPTIONS, "")).split(",")}
        for deed, done in (("Prune", "a commit that leaves it out"), ("Delete", "who deletes the Application")):
            if not {f"{deed}=confirm", f"{deed}=false"} & said:
                what = f"lacks {deed}=confirm: {done} removes it, and data with it, at once"
                yield wrong(item, _place(SYNC_OPTIONS), what, hint="write Prune=confirm,Delete=confirm")


HOOK_POLICIES = (
    hooks_run_in_a_phase,
    hooks_are_deleted_as_meant,
    annotations_are_argo_cds,
    sync_options_are_argo_cds,
    data_goes_after_a_yes_alone,
)


def _spelt(manifests: Manifests, name: str, known: frozenset[str], what: str) -> Iterator[Violation]:
    for item in manifests.objects:
        annotations = mapping(item, "metadata", "annotations")
        if name in annotations:
            said = [word.strip() for word in str(annotations[name]).split(",")]
            for word in (word for word in said if word not in known):
                yield wrong(item, _place(name), what.format(word or "empty"), hint=_instead(word, known))


def _place(name: str) -> str:
    return f"metadata.annotations[{name}]"


def _instead(word: str, known: Iterable[str]) -> str:
    return instead(word, known, f"write one of {', '.join(sorted(known))}")
