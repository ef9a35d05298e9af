"""Sync waves: a wave begins when all before it is healthy, so whoever needs what comes later is never healthy, and the sync hangs.

Network and mesh policies are left out: one more that lets somebody in may well come with whom it lets in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bot.hooks import HOOK, PREFIX
from bot.policies.contracts import CONTEXT_API
from bot.policies.fields import mapping, strings, text
from bot.policies.manifests import name_of, wrong
from bot.policies.programs import programs
from bot.policies.references import references, store_accounts
from bot.policies.replicas import targets
from bot.policies.supplies import target_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.policies.manifests import Manifests, Object, Pods, Violation

WAVE = f"{PREFIX}sync-wave"
FIELD = f"metadata.annotations[{WAVE}]"
NUMBER = re.compile(r"[+-]?\d{1,9}")
PHASES = ("PreSync", "Sync", "PostSync")
DATABASES = ("NEO4J_URI", "QDRANT_HOST")
HOST = re.compile(r"(?:[a-z0-9+]+://)?([^:/]+)")


class Turn(NamedTuple):
    """When an object is applied."""

    phase: int
    wave: int

    def __str__(self) -> str:
        """In words, for messages."""
        return f"wave {self.wave}" if PHASES[self.phase] == "Sync" else f"{PHASES[self.phase]}, wave {self.wave}"


def waves_are_numbers(manifests: Manifests) -> Iterator[Violation]:
    """A wave is a whole number; Argo CD takes every other word for 0."""
    for item in manifests.objects:
        said = mapping(item, "metadata", "annotations").get(WAVE)
        if said is not None and not (isinstance(said, str) and NUMBER.fullmatch(said)):
            what = f"is {said}, which is no whole number: Argo CD takes it for 0"
            yield wrong(item, FIELD, what, hint='write a number in quotes, such as "-4"')


def the_namespace_comes_first(manifests: Manifests) -> Iterator[Violation]:
    """Nothing is applied before the Namespace that it lies in."""
    earliest = min((turn for item in manifests.objects if (turn := _turn(item))), default=Turn(1, 0))
    for item in manifests.of("Namespace"):
        turn = _turn(item)
        if turn and turn > earliest:
            what = f"comes in {turn}, and other objects in {earliest} already: a first sync fails"
            yield wrong(item, FIELD, what, hint=f'write "{earliest.wave}" or less')


def pods_find_what_they_need(manifests: Manifests) -> Iterator[Violation]:
    """Accounts, settings and Secrets do not come after the Pods that cannot start without them."""
    for pods in manifests.pods:
        for need in _unique(_needs(manifests, pods)):
            yield from _late(need, pods.owner, f"{pods.kind} {pods.name} does not start without it")
    for item in manifests.of("ExternalSecret"):
        store = manifests.named("SecretStore", text(item, "spec", "secretStoreRef", "name"))
        if store:
            yield from _late(store, item, f"ExternalSecret {name_of(item)} cannot be filled without it")
    for store in manifests.of("SecretStore"):
        for _, name in store_accounts(mapping(store, "spec"), "spec"):
            if account := manifests.named("ServiceAccount", name):
                yield from _late(account, store, f"SecretStore {name_of(store)} cannot log in without it")


def callers_come_after_databases(manifests: Manifests) -> Iterator[Violation]:
    """The API, which is ready when its databases answer, does not come before them."""
    for program in programs(manifests, CONTEXT_API):
        for variable in DATABASES:
            found = HOST.match(program.value(variable))
            service = manifests.named("Service", found[1]) if found else None
            selected = manifests.selected(strings(service, "spec", "selector")) if service and strings(service, "spec", "selector") else ()
            for need in _unique([*([service] if service else []), *(pods.owner for pods in selected)]):
                yield from _late(need, program.pods.owner, f"{program.pods.kind} {program.pods.name} is not ready without it")


def scalers_come_after_what_they_scale(manifests: Manifests) -> Iterator[Violation]:
    """An autoscaler without its workload is Degraded, so that its wave never ends."""
    for item in manifests.of("HorizontalPodAutoscaler"):
        for pods in manifests.pods:
            if targets(item, pods):
                yield from _late(pods.owner, item, f"HorizontalPodAutoscaler {name_of(item)} is Degraded without it")


WAVE_POLICIES = (
    waves_are_numbers,
    the_namespace_comes_first,
    pods_find_what_they_need,
    callers_come_after_databases,
    scalers_come_after_what_they_scale,
)


def _late(need: Object, user: Object, why: str) -> Iterator[Violation]:
    first, then = _turn(need), _turn(user)
    if first and then and first > then:
        what = f"comes in {first}, after {then}, and {why}: the sync waits for ever"
        yield wrong(need, FIELD, what, hint=f"let it come in {then} or before, or {user['kind']} {name_of(user)} later")


def _needs(manifests: Manifests, pods: Pods) -> Iterator[Object]:
    account = manifests.named("ServiceAccount", text(pods.spec, "serviceAccountName"))
    yield from [account] if account else []
    for named in references(pods, "configMap"):
        if item := manifests.named("ConfigMap", named.name):
            yield item
    for named in references(pods, "secret"):
        yield from (item for item in manifests.of("ExternalSecret") if target_of(item) == named.name)


def _unique(items: Iterable[Object]) -> Iterable[Object]:
    return {id(item): item for item in items}.values()


def _turn(item: Object) -> Turn | None:
    """When an object is applied; None where that is said wrongly, or is no part of a sync that goes well."""
    annotations = mapping(item, "metadata", "annotations")
    said, hook = str(annotations.get(WAVE, 0)), str(annotations.get(HOOK, "Sync")).split(",")[0].strip()
    return Turn(PHASES.index(hook), int(said)) if hook in PHASES and NUMBER.fullmatch(said) else None
