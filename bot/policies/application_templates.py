"""What ApplicationSets say of their Applications: that these follow Git by themselves, entirely, and take nothing along by mistake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.hooks import APPLICATION_OPTIONS, PREFIX, words_of
from bot.policies.fields import at, indexed, integer, mapping, mappings, text, words
from bot.policies.manifests import wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.policies.manifests import Object, Violation

TEMPLATE = ("spec", "template")
SYNC = (*TEMPLATE, "spec", "syncPolicy")
FINALIZER = f"resources-finalizer.{PREFIX.rstrip('/')}"
APPROVED, PATHS, COMPARE = f"{PREFIX}deletion-approved", f"{PREFIX}manifest-generate-paths", f"{PREFIX}compare-options"
SUBSCRIBE = re.compile(r"notifications\.argoproj\.io/subscribe\.(?:([\w-]+)\.)?([\w-]+)")  # without a trigger: those by default
OWN_SOURCE = frozenset({"path", "repoURL", "targetRevision"})
OPTIONS = words_of(APPLICATION_OPTIONS)
OF_WORKLOADS = re.compile(r"[./]spec(?:[./]template\b.*)?|[./]?")  # a field with which a whole release is ignored


def wrong_templates(item: Object) -> Iterator[Violation]:
    """What is wrong with the Applications that a set makes."""
    is_environments = any(path.endswith("/environment.yaml") for path in _files(item))
    yield from _automation(item, prune=is_environments)
    yield from _options(item)
    if FINALIZER in words(item, *TEMPLATE, "metadata", "finalizers"):
        what = "deletes all that runs as soon as the Application goes"
        yield wrong(item, "spec.template.metadata.finalizers", what, hint="remove it")
    annotations = mapping(item, *TEMPLATE, "metadata", "annotations")
    if PATHS in annotations:
        what = "is set: after a failed sync, Argo CD does not try a rollback that changes none of these paths"
        yield wrong(item, f"spec.template.metadata.annotations[{PATHS}]", what, hint="remove it")
    if "ServerSideDiff=true" not in str(annotations.get(COMPARE)).split(","):
        what = "lacks ServerSideDiff=true: defaults of the API server are a difference for ever, and what is never Synced is not promoted"
        yield wrong(item, f"spec.template.metadata.annotations[{COMPARE}]", what, hint="write ServerSideDiff=true")
    if is_environments:
        yield from _of_environments(item)


def unknown_subscriptions(item: Object, triggers: Iterable[str], services: Iterable[str]) -> Iterator[Violation]:
    """Each subscription, of a set's Applications or of all in a project, is to a trigger and a service that the installation has."""
    path = ("metadata", "annotations") if text(item, "kind") == "AppProject" else (*TEMPLATE, "metadata", "annotations")
    for name in mapping(item, *path):
        found = SUBSCRIBE.fullmatch(str(name))
        for said, known, kind in ((found[1], triggers, "trigger"), (found[2], services, "service")) if found else ():
            if said and said not in known:
                what = f"is of the {kind} {said}, which argocd/install does not have: nobody is told"
                yield wrong(item, f"{'.'.join(path)}[{name}]", what, hint=f"write one of {', '.join(sorted(known))}")


def _automation(item: Object, *, prune: bool) -> Iterator[Violation]:
    automated, where = at(item, *SYNC, "automated"), ".".join((*SYNC, "automated"))
    if not isinstance(automated, dict) or automated.get("enabled") is False:
        what = "is not set, or not enabled: what is merged is never deployed"
        yield wrong(item, where, what, hint=f"write prune: {str(prune).lower()} and selfHeal: true")
        return
    if automated.get("selfHeal") is not True:
        what = "is not true: what somebody changes by hand in the cluster stays, and is not what was tested"
        yield wrong(item, f"{where}.selfHeal", what, hint="write true")
    if (automated.get("prune") is True) is not prune:
        left = "what is removed from Git goes on running, and the Application is never Synced"
        lost = "a chart that drops a CRD, or a class that is left out by mistake, takes along all that depends on it"
        yield wrong(item, f"{where}.prune", f"is {automated.get('prune')}: {left if prune else lost}", hint=f"write {str(prune).lower()}")
    if automated.get("allowEmpty") is True:
        what = "is true: a folder that renders nothing by mistake removes everything"
        yield wrong(item, f"{where}.allowEmpty", what, hint="remove it")
    if at(item, *SYNC, "retry", "refresh") is not True or integer(item, *SYNC, "retry", "limit") in {None, 0}:
        what = "has no limit, or not refresh: true: a sync that failed once stays so, or keeps the newer commit, which mends it, waiting"
        yield wrong(item, ".".join((*SYNC, "retry")), what, hint="write a limit, and refresh: true")


def _options(item: Object) -> Iterator[Violation]:
    where = ".".join((*SYNC, "syncOptions"))
    for option in words(item, *SYNC, "syncOptions"):
        if option not in OPTIONS:
            what = f"{option} is no option that Argo CD knows: it is passed over without a sign"
            yield wrong(item, where, what, hint=f"write one of {', '.join(sorted(OPTIONS))}")
        if option in {"Replace=true", "Force=true"}:
            what = f"{option} deletes and makes anew what differs, databases among it"
            yield wrong(item, where, what, hint="remove it; a single Job may say so in its annotations")


def _of_environments(item: Object) -> Iterator[Violation]:
    if "PruneLast=true" not in words(item, *SYNC, "syncOptions"):
        what = "lacks PruneLast=true: settings are removed while Pods of the last release still start with them"
        yield wrong(item, ".".join((*SYNC, "syncOptions")), what, hint="add PruneLast=true")
    if APPROVED not in words(item, "spec", "preservedFields", "annotations"):
        what = f"lacks {APPROVED}: the set takes a person's yes away before it is read, and nothing that asks for one is pruned"
        yield wrong(item, "spec.preservedFields.annotations", what, hint="add it")
    if text(item, "spec", "strategy", "type") == "RollingSync":
        what = "is RollingSync, which turns automated sync off: what was promoted waits until another environment is healthy"
        yield wrong(item, "spec.strategy.type", what, hint="remove it: the order of environments is that of promotions")
    source = mapping(item, *TEMPLATE, "spec", "source")
    for key in sorted(source.keys() - OWN_SOURCE):
        what = "changes what Git renders: it runs what nobody tested, and the gate cannot know"
        yield wrong(item, f"spec.template.spec.source.{key}", what, hint="remove it; write it in the environment's folder")
    for index, each in indexed(item, *TEMPLATE, "spec", "ignoreDifferences"):
        for pointer in (*words(each, "jsonPointers"), *words(each, "jqPathExpressions")):
            if OF_WORKLOADS.fullmatch(pointer):
                what = f"holds {pointer}: a release that differs there is called Synced, and is never applied"
                yield wrong(item, f"spec.template.spec.ignoreDifferences[{index}]", what, hint="name the one field that a controller sets")


def _files(item: Object) -> Iterator[str]:
    for generator in mappings(item, "spec", "generators"):
        for part in mappings(generator, "matrix", "generators") or (generator,):
            yield from (text(each, "path") for each in mappings(part, "git", "files"))
