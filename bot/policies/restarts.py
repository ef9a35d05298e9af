"""Changed settings reach the Pods that read them: a generated name has a hash, so another content is another template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.kustomizations import HASH_SUFFIX
from bot.policies.references import references
from bot.policies.replicas import JOBS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.policies.manifests import Manifests, Violation


def settings_restart_their_readers(manifests: Manifests) -> Iterator[Violation]:
    """What serves for good reads ConfigMaps, and Secrets in Git, whose names change with their content; Jobs read them anew each time."""
    for pods in manifests.pods:
        for kind, called in (("configMap", "ConfigMap"), ("secret", "Secret")) if pods.kind not in JOBS else ():
            named = {each.name: each for each in reversed(list(references(pods, kind)))}
            for name, each in named.items():
                if manifests.named(called, name) and not HASH_SUFFIX.search(name):
                    what = f"names {called} {name}, whose name stays when its content changes: Pods keep what they read at their start"
                    hint = "generate it with configMapGenerator, without disableNameSuffixHash: the hash in the name restarts its readers"
                    yield pods.wrong(each.where, what, hint=hint)


RESTART_POLICIES = (settings_restart_their_readers,)
