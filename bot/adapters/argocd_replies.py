"""What Argo CD's replies mean to the gate; a reply of another shape is an UnobservableError."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from bot.adapters.argocd_errors import unseen
from bot.adapters.argocd_shapes import Reference, Source
from bot.adapters.foreign import quoted
from bot.observations import ApplicationSeen, Deployed, Operation, PodSeen, ResourceFault
from bot.setup import ApplicationSetSeen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import TypeAdapter

    from bot.adapters.argocd_setup_shapes import ApplicationSet
    from bot.adapters.argocd_shapes import Application, Node, Resource, Spec, SyncResult, Tree
    from bot.adapters.foreign import Answer

Content = TypeVar("Content")

UNKNOWN = "Unknown"  # Argo CD's own word
MOST_FAULTS = 20
SET_ERRORS = {("ErrorOccurred", "True"), ("ParametersGenerated", "False")}


def parsed(url: str, answer: Answer, shape: TypeAdapter[Content]) -> Content:
    """The content of a reply."""
    if answer.is_html or "json" not in answer.content_type:
        kind = answer.content_type or "no content type"
        raise unseen(url, "argocd-not-json", message=f"answers {answer.path} with {kind}, not JSON")
    try:
        return shape.validate_json(answer.body, strict=True)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        code = "argocd-not-json" if first["type"] == "json_invalid" else "argocd-malformed"
        where = quoted(".".join(map(str, first["loc"])).encode())
        raise unseen(url, code, message=f"answers {answer.path} wrongly: {where} {first['msg']}") from None


def application_seen(app: Application, tree: Tree) -> ApplicationSeen:
    """An Application with the Pods of its tree."""
    source, sources = _sources(app.spec)
    status, nodes = app.status, _nodes(tree)
    history = (Deployed(entry.revision, entry.deployed.astimezone(UTC)) for entry in status.history or ())
    return ApplicationSeen(
        name=app.metadata.name,
        path=source.path,
        target_revision=source.target_revision,
        sync=status.sync.status or UNKNOWN,
        revision=status.sync.revision or None,
        health=status.health.status or UNKNOWN,
        healthy_since=_time(status.health.since),
        reconciled=_time(status.reconciled),
        operation=operation_seen(app),
        history=tuple(sorted(history, key=lambda deployed: deployed.at)),
        conditions=tuple(f"{condition.type}: {condition.message}" for condition in status.conditions or ()),
        pods=tuple(_pod(node, nodes) for node in nodes.values() if (node.group, node.kind) == ("", "Pod")),
        faults=tuple(islice(dict.fromkeys(_faults(app, nodes)), MOST_FAULTS)),
        sources=sources,
        repository=source.repository,
        is_automated=_is_automated(app.spec),
    )


def operation_seen(app: Application) -> Operation | None:
    """The last or running sync; one that was asked for and not begun counts as running."""
    state = app.status.operation
    if state is None:
        asked = app.operation and (app.operation.sync.revision if app.operation.sync else "")
        return None if asked is None else Operation("Running", "has not begun", None, None, asked or None)
    reached = state.result.revision if state.result else ""
    asked = state.operation.sync.revision if state.operation.sync else ""
    faults = tuple(islice(_failures(state.result), MOST_FAULTS))
    return Operation(state.phase, state.message, _time(state.started), _time(state.finished), reached or asked or None, faults)


def _failures(result: SyncResult | None) -> Iterator[ResourceFault]:
    """What a sync could not apply, and its hooks that failed."""
    for each in (result and result.resources) or ():
        if each.status == "SyncFailed" or each.phase in {"Failed", "Error"}:
            yield ResourceFault(each.kind, each.name, each.status or each.phase, each.message)


def _is_automated(spec: Spec) -> bool:
    automated = spec.sync_policy.automated if spec.sync_policy else None
    return automated is not None and automated.enabled is not False


def set_seen(found: ApplicationSet) -> ApplicationSetSeen:
    """An ApplicationSet with its errors; the same words of several conditions are told once."""
    conditions = found.status.conditions or ()
    wrong = (each.message for each in conditions if (each.type, each.status) in SET_ERRORS)
    return ApplicationSetSeen(found.metadata.name, tuple(dict.fromkeys(wrong)))


def _sources(spec: Spec) -> tuple[Source, int]:
    """The first source, and how many there are."""
    sources = spec.sources or ((spec.source,) if spec.source else ())
    return (sources[0] if sources else Source()), len(sources)


def _time(written: datetime | None) -> datetime | None:
    return written and written.astimezone(UTC)


def _key(reference: Reference) -> Reference:
    return Reference(reference.kind, reference.name, reference.group, reference.namespace)


def _nodes(tree: Tree) -> dict[Reference, Node]:
    return {_key(node): node for node in tree.nodes or ()}


def _pod(node: Node, nodes: Mapping[Reference, Node]) -> PodSeen:
    of_job = any(ancestor.kind == "Job" for ancestor in _ancestors(node, nodes))
    health = node.health.status if node.health else ""
    return PodSeen(node.name, node.images or (), health or UNKNOWN, of_job=of_job)


def _ancestors(node: Node, nodes: Mapping[Reference, Node]) -> set[Reference]:
    """All parents of parents; a tree that goes round in a circle is walked once."""
    found: set[Reference] = set()
    waiting = list(node.parents or ())
    while waiting:
        reference = _key(waiting.pop())
        if reference not in found:
            found.add(reference)
            parent = nodes.get(reference)
            waiting += (parent.parents or ()) if parent else ()
    return found


def _faults(app: Application, nodes: Mapping[Reference, Node]) -> Iterator[ResourceFault]:
    """What is unhealthy, then what is not synced."""
    resources = app.status.resources or ()
    judged: list[Resource | Node] = [*resources, *nodes.values()]
    for each in judged:
        if each.health and each.health.status not in {"", "Healthy"}:
            yield ResourceFault(each.kind, each.name, each.health.status, each.health.message)
    for resource in resources:
        if resource.status not in {"", "Synced"}:
            yield ResourceFault(resource.kind, resource.name, resource.status, "")
