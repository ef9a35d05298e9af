"""How Argo CD's API writes an Application and its resource tree; nothing that is empty is written."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from bot.model import MAIN
from bot.sandbox.argocd_pods import Live, live_nodes, resource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.sandbox.argocd_state import Application, Operating

Json = dict[str, Any]


def application_json(app: Application, repository: str, *, sidecar: str | None) -> Json:
    """GET /applications/{name}."""
    metadata = {
        "name": app.environment.argocd.application,
        "namespace": "argocd",
        "uid": _uid(app.environment.argocd.application),
        "resourceVersion": str(int(app.reconciled.timestamp() * 10)),
        "generation": 1,
        "creationTimestamp": written(app.created),
        "labels": {"environment": app.environment.name},
    }
    reply = {"metadata": metadata, "spec": _spec(app, repository), "status": _status(app, repository, sidecar)}
    if app.operation and app.operation.in_progress:
        reply["operation"] = _asked(app.operation)
    return reply


def tree_json(app: Application, *, sidecar: str | None) -> Json:
    """GET /applications/{name}/resource-tree."""
    return {"nodes": [_node(node, app.created) for node in live_nodes(app, sidecar)]}


def windows_json(app: Application) -> Json:
    """GET /applications/{name}/syncwindows; `canSync` is about a sync that somebody starts."""
    found = [{"kind": "deny", "schedule": "0 0 24 12 *", "duration": "192h", "manualSync": passes} for passes in app.windows]
    return ({"activeWindows": found, "assignedWindows": found} if found else {}) | {"canSync": all(app.windows)}


def written(moment: datetime) -> str:
    """A time as Kubernetes writes it, in whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _spec(app: Application, repository: str) -> Json:
    automated = {"prune": True, "selfHeal": True}
    return {
        "project": app.environment.argocd.project,
        **_followed(app, repository),
        "destination": _destination(app),
        "syncPolicy": {"automated": automated, "syncOptions": ["ServerSideApply=true", "ApplyOutOfSyncOnly=true"]},
        "revisionHistoryLimit": 10,
    }


def _followed(app: Application, repository: str) -> Json:
    """One source; with the switch on two, as of somebody who added values of their own."""
    source = _source(app, repository)
    return {"sources": [source, {**source, "path": "values"}]} if "sources" in app.switches else {"source": source}


def _source(app: Application, repository: str) -> Json:
    return {"repoURL": repository, "path": app.environment.folder, "targetRevision": MAIN}


def _destination(app: Application) -> Json:
    cluster = app.environment.cluster
    return {"server" if "://" in cluster else "name": cluster, "namespace": app.environment.namespace}


def _status(app: Application, repository: str, sidecar: str | None) -> Json:
    source, destination = _source(app, repository), _destination(app)
    nodes = live_nodes(app, sidecar)
    images = sorted({image for node in nodes for image in node.images})
    status: Json = {
        "controllerNamespace": "argocd",
        "health": {"status": app.health, "lastTransitionTime": written(app.healthy_since)},
        "reconciledAt": written(app.reconciled),
        "resourceHealthSource": "appTree",
        "sourceType": "Kustomize",
        "summary": {"images": images} if images else {},
        "sync": {
            "status": app.sync,
            **({"revisions": [app.desired.revision] * 2} if "sources" in app.switches else {"revision": app.desired.revision}),
            "comparedTo": {**_followed(app, repository), "destination": destination},
        },
    }
    if app.desired.error:
        condition = {"type": "ComparisonError", "message": app.desired.error, "lastTransitionTime": written(app.reconciled)}
        status["conditions"] = [condition]
    if app.operation:
        status["operationState"] = _operation(app.operation, source)
    if app.history:
        status["history"] = [_deployed(number, operation, source) for number, operation in app.history]
    if resources := list(_resources(app)):
        status["resources"] = resources
    return status


def _asked(operation: Operating) -> Json:
    by = {"automated": True} if operation.is_automated else {"username": "bot"}
    return {"sync": {"revision": operation.desired.revision}, "initiatedBy": by, "retry": {}}


def _operation(operation: Operating, source: Json) -> Json:
    state = {
        "operation": _asked(operation),
        "phase": operation.phase,
        "message": operation.message,
        "startedAt": written(operation.started),
        "syncResult": {"revision": operation.desired.revision, "source": source},
    }
    return state | ({"finishedAt": written(operation.finished)} if operation.finished else {})


def _deployed(number: int, operation: Operating, source: Json) -> Json:
    return {
        "id": number,
        "revision": operation.desired.revision,
        "deployStartedAt": written(operation.started),
        "deployedAt": written(operation.finished or operation.started),
        "initiatedBy": _asked(operation)["initiatedBy"],
        "source": source,
    }


def _resources(app: Application) -> Iterator[Json]:
    """Each object of Git or the cluster; those that differ between both are OutOfSync."""
    namespace = app.environment.namespace
    wanted, live = ({resource(item, namespace): item for item in items} for items in (app.desired.objects, app.live))
    for number, node in enumerate(wanted | live):
        is_synced = not app.half_applied and wanted.get(node) == live.get(node) and not ("drift" in app.switches and number == 0)
        yield {**_reference(node), "status": "Synced" if is_synced else "OutOfSync"}


def _reference(node: Live) -> Json:
    named = {"group": node.group, "version": node.version, "kind": node.kind, "namespace": node.namespace, "name": node.name}
    return {key: value for key, value in named.items() if value}


def _node(node: Live, created: datetime) -> Json:
    found = {**_reference(node), "uid": _id(node), "resourceVersion": "1", "createdAt": written(created)}
    if node.parent:
        found["parentRefs"] = [{**_reference(node.parent), "uid": _id(node.parent)}]
    if node.images:
        found["images"] = list(node.images)
    if node.health:
        found["health"] = {"status": node.health} | ({"message": node.message} if node.message else {})
    return found


def _id(node: Live) -> str:
    return _uid("/".join(_reference(node).values()))


def _uid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))
