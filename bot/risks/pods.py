"""Whether Pods are less guarded than before: their own security context, and the level that their namespace demands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.fields import at, mapping, mappings, strings, text, words
from bot.policies.manifests import POD_PATHS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.objects_diff import Manifest, ObjectChange

    Facts = dict[str, frozenset[str]]  # by container; "" is the Pod itself

PATHS = {**POD_PATHS, "ReplicaSet": ("spec", "template"), "Pod": ()}
HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC")
NO_SECCOMP, NO_APPARMOR, ESCALATES = "without a seccomp profile", "without an AppArmor profile", "may gain privileges"
KEEPS = "no longer drops the capability"
LEVEL = "pod-security.kubernetes.io/enforce"
LEVELS = ("privileged", "baseline", "restricted")  # without the label: privileged, unless the cluster says otherwise


def weakened_pods(change: ObjectChange) -> Iterator[str]:
    """What opens up: whatever a new container has of it, and what one that there was has now and had not."""
    before, after = _spec(change.before), _spec(change.after)
    if not after:
        return
    opened = _less(_openings(after), _openings(before))
    lost = _less(_wanted(before, after), _guards(after)) if before else {}
    reasons: dict[str, list[str]] = {}
    for found in (opened, lost):
        for name, facts in found.items():
            for fact in sorted(facts):
                reasons.setdefault(fact, []).append(name)
    for fact, names in sorted(reasons.items()):
        listed = ", ".join(sorted({name for name in names if name}))
        yield f"{fact} ({listed})" if listed else fact


def lowered_pod_security(change: ObjectChange) -> Iterator[str]:
    """The level of Pod Security that a namespace no longer demands."""
    if change.kind == "Namespace" and change.before and change.after:
        before, after = (strings(each, "metadata", "labels").get(LEVEL, LEVELS[0]) for each in (change.before, change.after))
        if _rank(after) < _rank(before):
            yield f"{LEVEL} falls from {before} to {after}"


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else 0


def _spec(item: Manifest | None) -> Manifest:
    kind = str((item or {}).get("kind"))
    return mapping(item, *PATHS[kind], "spec") if kind in PATHS else {}


def _less(found: Facts, known: Facts) -> Facts:
    return {name: facts - known.get(name, frozenset()) for name, facts in found.items()}


def _wanted(before: Manifest, after: Manifest) -> Facts:
    """What guarded each of the containers that are there now; of a new or renamed one, what guarded all that there were."""
    guards = _guards(before)
    shared = frozenset.intersection(*guards.values()) if guards else frozenset()
    found = {name: (guards.get(name, shared), has) for name, has in _guards(after).items()}
    return {name: frozenset(guard for guard in wanted if not _is_implied(guard, has)) for name, (wanted, has) in found.items()}


def _is_implied(guard: str, by: frozenset[str]) -> bool:
    """Whoever drops ALL capabilities need not name one."""
    return guard.startswith(KEEPS) and f"{KEEPS} ALL" in by


def _containers(spec: Manifest) -> Iterator[tuple[str, Manifest, Manifest]]:
    """Each container with its name and its security context, the Pod's included."""
    pod = mapping(spec, "securityContext")
    for group in ("initContainers", "containers"):
        for container in mappings(spec, group):
            own = {key: value for key, value in mapping(container, "securityContext").items() if value is not None}
            yield text(container, "name") or "unnamed", container, {**pod, **own}


def _openings(spec: Manifest) -> Facts:
    """What gives Pods and containers a hold on their node, or more rights than a program needs."""
    found = {name: frozenset(_opens(container, context)) for name, container, context in _containers(spec)}
    paths = {f"mounts the node's {text(volume, 'hostPath', 'path')}" for volume in mappings(spec, "volumes") if volume.get("hostPath")}
    return {**found, "": frozenset({f"has {field}" for field in HOST_FIELDS if spec.get(field)} | paths)}


def _opens(container: Manifest, context: Manifest) -> Iterator[str]:
    wrong = {
        "is privileged": context.get("privileged") is True,
        "runs as root": context.get("runAsUser") == 0,
        ESCALATES: context.get("allowPrivilegeEscalation") is True,
        NO_SECCOMP: text(context, "seccompProfile", "type") == "Unconfined",
        NO_APPARMOR: text(context, "appArmorProfile", "type") == "Unconfined",
        "sees all of /proc": context.get("procMount") == "Unmasked",
        "takes a port of the node": any(port.get("hostPort") for port in mappings(container, "ports")),
    }
    yield from (what for what, is_so in wrong.items() if is_so)
    yield from (f"adds the capability {each}" for each in _capabilities(context, "add"))


def _guards(spec: Manifest) -> Facts:
    """What each container is guarded by, told by what it would be without."""
    return {name: frozenset(_guarded(context)) for name, _, context in _containers(spec)}


def _guarded(context: Manifest) -> Iterator[str]:
    guards = {
        "no longer says runAsNonRoot": context.get("runAsNonRoot") is True,
        ESCALATES: context.get("allowPrivilegeEscalation") is False,
        "may write to its own root": context.get("readOnlyRootFilesystem") is True,
        NO_SECCOMP: text(context, "seccompProfile", "type") in {"RuntimeDefault", "Localhost"},
        NO_APPARMOR: text(context, "appArmorProfile", "type") in {"RuntimeDefault", "Localhost"},
    }
    yield from (what for what, is_so in guards.items() if is_so)
    yield from (f"{KEEPS} {each}" for each in _capabilities(context, "drop"))


def _capabilities(context: Manifest, key: str) -> set[str]:
    return {each.upper().removeprefix("CAP_") for each in words(at(context, "capabilities"), key)}
