"""What the Argo CD stand-in says of itself and of the token: version, user, rights, projects, ApplicationSets."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from bot.sandbox.argocd_api import DENIED, INVALID, MISSING, ReplyError, authorize, refusal
from bot.sandbox.argocd_replies import written

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.sandbox.argocd import ArgoCDStandIn

ROLE, ACCOUNT, SET = "bot", "bot", "environments"
ACTIONS = ("get", "create", "update", "delete", "sync", "override", "action", "invoke")
MAY = ("get", "sync")


def account(stand_in: ArgoCDStandIn, request: Request) -> Response:
    """Answers a question that is about no Application."""
    question = request.url.path.removeprefix("/api/").removeprefix("v1/").split("/")[0]
    try:
        return JSONResponse(QUESTIONS[question](stand_in, request))
    except ReplyError as error:
        return refusal(error)


def _version(stand_in: ArgoCDStandIn, _request: Request) -> dict[str, Any]:
    return {"Version": stand_in.version}


def _user(stand_in: ArgoCDStandIn, request: Request) -> dict[str, Any]:
    """Answered to everybody; of a token that is not accepted nothing is said."""
    try:
        token = authorize(stand_in, request)
    except ReplyError:
        return {}
    project = token.removeprefix(stand_in.token).removeprefix("@")
    return {"loggedIn": True, "username": f"proj:{project}:{ROLE}" if project else ACCOUNT, "iss": "argocd"}


def _may(stand_in: ArgoCDStandIn, request: Request) -> dict[str, Any]:
    token, where = authorize(stand_in, request), request.path_params
    if where["action"] not in ACTIONS:
        raise ReplyError(INVALID, f"[{' '.join(ACTIONS)}] does not contain {where['action']}")
    is_theirs = where["subresource"].partition("/")[0] in stand_in.projects(token)
    return {"value": "yes" if is_theirs and where["resource"] == "applications" and where["action"] in MAY else "no"}


def _project(stand_in: ArgoCDStandIn, request: Request) -> dict[str, Any]:
    token, name = authorize(stand_in, request), request.path_params["name"]
    if name in stand_in.projects(token):
        return {"metadata": {"name": name, "namespace": "argocd"}, "spec": {"roles": [{"name": ROLE}]}, "status": {}}
    if token == stand_in.token:
        raise ReplyError(MISSING, f'appprojects.argoproj.io "{name}" not found')
    raise ReplyError(DENIED, f"permission denied: projects, get, {name}, sub: proj:{token.partition('@')[2]}:{ROLE}")


def _sets(stand_in: ArgoCDStandIn, request: Request) -> dict[str, Any]:
    """A project's role sees none: who may read them is told by the project that they make Applications in."""
    items = [_set(stand_in)] if authorize(stand_in, request) == stand_in.token else []
    return {"metadata": {"resourceVersion": "1"}, "items": items}


def _set(stand_in: ArgoCDStandIn) -> dict[str, Any]:
    wrong, now = "; ".join(stand_in.malformed()), written(stand_in.now())
    error = {"type": "ErrorOccurred", "status": "True" if wrong else "False", "message": wrong or "Successfully generated parameters"}
    done = {"type": "ParametersGenerated", "status": "False" if wrong else "True", "message": error["message"]}
    metadata = {"name": SET, "namespace": "argocd", "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, SET)), "creationTimestamp": now}
    conditions = [{**each, "reason": each["type"], "lastTransitionTime": now} for each in (error, done)]
    return {"metadata": metadata, "spec": {}, "status": {"conditions": conditions}}


QUESTIONS = {"version": _version, "session": _user, "account": _may, "projects": _project, "applicationsets": _sets}
