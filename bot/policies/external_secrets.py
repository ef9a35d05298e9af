"""ExternalSecrets make their Secret, keep it, follow the store, and shape it of nothing but what they fetch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.policies.fields import at, mapping, mappings, text
from bot.policies.manifests import wrong
from bot.policies.supplies import target_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation

NEVER_AGAIN = re.compile(r"0+(?:ns|us|µs|ms|s|m|h)?")
ACTION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
FIELD = re.compile(r"(?<![\w.)\"'`])\.([A-Za-z_]\w*)")
QUOTED = re.compile(r"\"[^\"]*\"|`[^`]*`")


def secrets_follow_the_store(manifests: Manifests) -> Iterator[Violation]:
    """What is changed in the store arrives."""
    for item in manifests.of("ExternalSecret"):
        interval, policy = str(at(item, "spec", "refreshInterval") or ""), text(item, "spec", "refreshPolicy")
        if NEVER_AGAIN.fullmatch(interval) and policy != "OnChange":
            what = f"is {interval}: it is fetched once, and a key that is changed in the store never arrives"
            yield wrong(item, "spec.refreshInterval", what, hint="write 1h")
        if policy == "CreatedOnce":
            what = "is CreatedOnce: a key that is changed in the store never arrives"
            yield wrong(item, "spec.refreshPolicy", what, hint="remove it, and write refreshInterval: 1h")


def secrets_outlive_a_mistake_in_the_store(manifests: Manifests) -> Iterator[Violation]:
    """A key that is deleted in the store takes no Secret with it that Pods run on."""
    for item in manifests.of("ExternalSecret"):
        policy = text(item, "spec", "target", "deletionPolicy")
        if policy in {"Delete", "Merge"}:
            gone = "the Secret" if policy == "Delete" else "the key"
            what = f"is {policy}: who deletes a key in the store by mistake deletes {gone}, and no Pod starts again"
            yield wrong(item, "spec.target.deletionPolicy", what, hint="write Retain")


def secrets_are_made(manifests: Manifests) -> Iterator[Violation]:
    """The Secret is made by its ExternalSecret, since nothing else here does."""
    for item in manifests.of("ExternalSecret"):
        policy = text(item, "spec", "target", "creationPolicy")
        if policy == "None" or (policy == "Merge" and manifests.named("Secret", target_of(item)) is None):
            what = f"is {policy}, and nothing here makes the Secret {target_of(item)}: no Pod that reads it starts"
            yield wrong(item, "spec.target.creationPolicy", what, hint="write Owner")


def templates_use_what_is_fetched(manifests: Manifests) -> Iterator[Violation]:
    """A template names keys that are fetched; dataFrom may bring any."""
    for item in manifests.of("ExternalSecret"):
        fetched = sorted(text(each, "secretKey") for each in mappings(item, "spec", "data"))
        for key, written in mapping(item, "spec", "target", "template", "data").items() if not at(item, "spec", "dataFrom") else ():
            for name in dict.fromkeys(_fields(str(written))):
                if name not in fetched:
                    what = f"uses .{name}, which is not fetched: the Secret is not written"
                    yield wrong(item, f"spec.target.template.data.{key}", what, hint=f"use one of {', '.join(fetched)}, or fetch it")


EXTERNAL_SECRET_POLICIES = (
    secrets_follow_the_store,
    secrets_outlive_a_mistake_in_the_store,
    secrets_are_made,
    templates_use_what_is_fetched,
)


def _fields(written: str) -> Iterator[str]:
    """The fields of the fetched data that a template reads; what a loop or a `with` makes of the dot is not looked at."""
    actions = [QUOTED.sub('""', action) for action in ACTION.findall(written)]
    if not any(re.match(r"-?\s*(?:range|with|define|template|block)\b", action) for action in actions):
        yield from (name for action in actions for name in FIELD.findall(action))
