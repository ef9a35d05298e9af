"""The Argo CD stand-in's API: who may see what, and what is answered, as the real server words it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.sandbox.argocd_replies import application_json, tree_json, windows_json
from bot.sandbox.argocd_state import begin, terminate

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

    from bot.sandbox.argocd import ArgoCDStandIn
    from bot.sandbox.argocd_state import Application

INVALID, MISSING, DENIED, PRECONDITION, UNAUTHENTICATED = 3, 5, 7, 9, 16  # gRPC's codes
HTTP_STATUS = {INVALID: 400, MISSING: 404, DENIED: 403, PRECONDITION: 400, UNAUTHENTICATED: 401}


class ReplyError(Exception):
    """A refusal, as gRPC's gateway writes it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def answer(stand_in: ArgoCDStandIn, request: Request, body: bytes) -> Response:
    """Answers a request to /api/v1/applications/{name} and below."""
    if request.method != "GET" and not request.headers.get("content-type", "").startswith("application/json"):
        return PlainTextResponse("Invalid content type\n", status_code=415)
    try:
        token = authorize(stand_in, request)
        app = _visible(stand_in, request.path_params["name"], _project(request, body), token=token)
        return JSONResponse(_work(stand_in, request, app))
    except ReplyError as error:
        return refusal(error)


def refusal(error: ReplyError) -> Response:
    """How the gateway tells it."""
    said = {"error": str(error), "code": error.code, "message": str(error)}
    return JSONResponse(said, status_code=HTTP_STATUS[error.code])


def authorize(stand_in: ArgoCDStandIn, request: Request) -> str:
    """The token of a request, if it is accepted."""
    written = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not written:
        raise ReplyError(UNAUTHENTICATED, "no session information")
    if written == stand_in.token or stand_in.projects(written):
        return written
    account, _, project = written.partition("@")
    if account == stand_in.token:
        raise ReplyError(UNAUTHENTICATED, f'invalid session: appproject.argoproj.io "{project}" not found')
    raise ReplyError(UNAUTHENTICATED, "invalid session: token signature is invalid: signature is invalid")


def _project(request: Request, body: bytes) -> str:
    """A POST names it in its body, the others in the query."""
    if request.method != "POST":
        return request.query_params.get("project", "")
    try:
        asked: Any = json.loads(body or b"{}")
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise ReplyError(INVALID, "json: cannot unmarshal the body into Go value of type application.ApplicationSyncRequest")
    return str(asked.get("project", ""))


def _visible(stand_in: ArgoCDStandIn, name: str, project: str, *, token: str) -> Application:
    """The Application, as far as the token's projects allow; without project, nobody is told that there is none."""
    app = stand_in.find(name)
    asked = project or (app.environment.argocd.project if app else "")
    if asked not in stand_in.projects(token):
        raise ReplyError(DENIED, "permission denied")
    if app is None or app.environment.argocd.project != (project or app.environment.argocd.project):
        raise ReplyError(MISSING, f'applications.argoproj.io "{name}" not found')
    return app


def _work(stand_in: ArgoCDStandIn, request: Request, app: Application) -> dict[str, Any]:
    if request.query_params.get("refresh"):
        stand_in.look()
    with stand_in.held(app) as now:
        if request.url.path.endswith("/resource-tree"):
            return tree_json(app, sidecar=stand_in.sidecar)
        if request.url.path.endswith("/syncwindows"):
            return windows_json(app)
        if request.method == "DELETE":
            return _terminate(app, now)
        if request.method == "POST":
            _sync(app, now, seconds=stand_in.duration)
        return application_json(app, stand_in.repository, sidecar=stand_in.sidecar)


def _sync(app: Application, now: datetime, *, seconds: float) -> None:
    if not all(app.windows):
        raise ReplyError(DENIED, "cannot sync: blocked by sync window")
    if app.in_progress:
        wrapped = "error setting app operation: rpc error: code = FailedPrecondition desc = another operation is already in progress"
        raise ReplyError(PRECONDITION, wrapped)
    begin(app, now=now, seconds=seconds)


def _terminate(app: Application, now: datetime) -> dict[str, Any]:
    if not terminate(app, now):
        raise ReplyError(INVALID, "Unable to terminate operation. No operation is in progress")
    return {}
