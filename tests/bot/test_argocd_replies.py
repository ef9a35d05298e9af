"""Whatever is not Argo CD's full answer is an UnobservableError with a code of its own."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.adapters.argocd import open_argocd
from bot.model import ArgoCDAddress, BotError, UnobservableError
from bot.observations import Deployed, Operation, PodSeen, ResourceFault
from bot.sandbox.serving import Fault, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from starlette.requests import Request

    from bot.adapters.argocd import ClientArgoCD
    from bot.ports import ArgoCD
    from bot.sandbox.serving import Server

    Answering = Callable[[Request], Response]

NAME = "context-prod"
BASE = f"/api/v1/applications/{NAME}"
TREE, SYNC, OPERATION, WINDOWS = (f"{BASE}/{each}" for each in ("resource-tree", "sync", "operation", "syncwindows"))
COMMIT, OLDER = "b" * 40, "a" * 40
APPLICATION: dict[str, Any] = {
    "metadata": {"name": NAME, "generation": 9007199254740993, "managedFields": [{"time": "2026-11-23T09:00:00Z"}]},
    "spec": {
        "project": "context-prod",
        "revisionHistoryLimit": 10,
        "source": {"repoURL": "https://git.invalid/x.git", "path": "environments/prod", "targetRevision": "main"},
        "syncPolicy": {"retry": {"limit": 9223372036854775807}},
    },
    "status": {
        "sync": {"status": "Synced", "revision": COMMIT, "comparedTo": {"source": {}, "destination": {}}},
        "health": {"status": "Healthy", "lastTransitionTime": "2026-11-23T13:00:00+02:00"},
        "reconciledAt": "2026-11-23T11:59:00Z",
        "operationState": {
            "phase": "Succeeded",
            "message": "ok",
            "operation": {"sync": {"revision": OLDER}, "retry": {}},
            "startedAt": "2026-11-23T10:58:00Z",
            "finishedAt": "2026-11-23T10:59:00Z",
            "syncResult": {"revision": COMMIT},
            "retryCount": 2,
        },
        "history": [
            {"id": 1, "revision": COMMIT, "deployedAt": "2026-11-23T10:59:00Z"},
            {"id": 0, "revision": OLDER, "deployedAt": "2026-11-22T10:59:00Z"},
        ],
        "conditions": [{"type": "SharedResourceWarning", "message": "twice", "lastTransitionTime": None}],
        "resources": [
            {"kind": "Deployment", "name": "api", "status": "OutOfSync"},
            {"kind": "Job", "name": "smoke", "hook": True},
            {"kind": "StatefulSet", "name": "neo4j", "status": "Synced", "health": {"status": "Progressing", "message": "1 of 3"}},
        ],
    },
}
NODES: list[dict[str, Any]] = [
    {"version": "v1", "kind": "Pod", "namespace": "p", "name": "api-1", "images": ["a:1", "b:2"], "health": {"status": "Healthy"}},
    {"version": "v1", "kind": "Pod", "namespace": "p", "name": "lonely"},
    {"version": "v1", "kind": "Pod", "namespace": "p", "name": "run-1", "parentRefs": [{"group": "x", "kind": "Step", "name": "s"}]},
    {"group": "x", "version": "v1", "kind": "Step", "name": "s", "parentRefs": [{"group": "batch", "kind": "Job", "name": "j"}]},
    {"group": "x", "version": "v1", "kind": "Circle", "name": "c", "parentRefs": [{"group": "x", "kind": "Circle", "name": "c"}]},
    {"version": "v1", "kind": "Pod", "name": "round", "parentRefs": [{"group": "x", "kind": "Circle", "name": "c"}]},
    {"version": "v1", "kind": "Service", "name": "lb", "health": {"status": "Degraded", "message": "no address"}},
    {"group": "serving.invalid", "version": "v1", "kind": "Pod", "name": "not-a-real-pod"},
]
WELL: dict[str, Answering] = {
    BASE: lambda _: JSONResponse(APPLICATION),
    TREE: lambda _: JSONResponse({"nodes": NODES, "shardsCount": 1}),
    SYNC: lambda _: JSONResponse(APPLICATION),
    OPERATION: lambda _: JSONResponse({}),
    WINDOWS: lambda _: JSONResponse({"canSync": True}),
}
ANSWERS = dict(WELL)


@contextmanager
def served(changes: dict[str, Answering], *, timeout: float = 5.0, token: str | None = None) -> Iterator[tuple[ArgoCD, Server]]:
    """An Argo CD that answers well but for the changes."""
    ANSWERS.update(changes)
    server = the_server()
    try:
        yield open_argocd(ArgoCDAddress(server.url + "/", "context-prod", NAME), token=token, timeout=timeout), server
    finally:
        ANSWERS.update(WELL)
        server.observed.faults.clear()
        server.observed.calls.clear()


@cache
def the_server() -> Server:
    """One for all tests: starting and stopping takes longer than most of them."""
    return serve(Starlette(routes=[Route(path, partial(answer, path), methods=["GET", "POST", "DELETE"]) for path in WELL]))


def answer(path: str, request: Request) -> Response:
    return ANSWERS[path](request)


def raw(text: str) -> Answering:
    return lambda _: Response(text, media_type="application/json")


def changed(path: str, value: Any) -> Answering:
    """The good Application with one value replaced."""
    copy = json.loads(json.dumps(APPLICATION))
    *folders, last = path.split(".")
    place = copy
    for folder in folders:
        place = place[folder]
    place[last] = value
    return lambda _: JSONResponse(copy)


def lacking(path: str) -> Answering:
    """The good Application without one value."""
    copy = json.loads(json.dumps(APPLICATION))
    *folders, last = path.split(".")
    place = copy
    for folder in folders:
        place = place[folder]
    del place[last]
    return lambda _: JSONResponse(copy)


def gateway(status: int, code: int, message: str) -> Answering:
    return lambda _: JSONResponse({"error": message, "code": code, "message": message}, status_code=status)


def slow(_: Request) -> Response:
    async def drip() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" "
            await asyncio.sleep(0.1)

    return StreamingResponse(drip(), media_type="application/json")


def huge(_: Request) -> Response:
    async def flood() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 1024 * 1024

    return StreamingResponse(flood(), media_type="application/json")


def hanging(_: Request) -> Response:
    time.sleep(1.5)
    return JSONResponse({})


CASES: dict[str, tuple[dict[str, Answering], str]] = {
    "a login page": ({BASE: lambda _: HTMLResponse("<html>login</html>")}, "argocd-not-json"),
    "a login page that claims to be JSON": ({BASE: raw("<html>login</html>")}, "argocd-not-json"),
    "a page instead of the tree": ({TREE: lambda _: HTMLResponse("<html>")}, "argocd-not-json"),
    "text": ({BASE: lambda _: Response("ok", media_type="text/plain")}, "argocd-not-json"),
    "truncated JSON": ({BASE: raw(json.dumps(APPLICATION)[:-20])}, "argocd-not-json"),
    "nothing": ({BASE: raw("")}, "argocd-not-json"),
    "deeply nested JSON": ({BASE: raw('{"metadata":' * 100_000)}, "argocd-not-json"),
    "a compressed body": ({BASE: lambda _: Response(b"\x1f\x8b\x08", media_type="application/json")}, "argocd-not-json"),
    "a list": ({BASE: raw("[]")}, "argocd-malformed"),
    "an empty object": ({BASE: raw("{}")}, "argocd-malformed"),
    "no status": ({BASE: lacking("status")}, "argocd-malformed"),
    "no sync": ({BASE: lacking("status.sync")}, "argocd-malformed"),
    "no sync status": ({BASE: lacking("status.sync.status")}, "argocd-malformed"),
    "no health": ({BASE: lacking("status.health")}, "argocd-malformed"),
    "a health of a wrong type": ({BASE: changed("status.health", "Healthy")}, "argocd-malformed"),
    "a sync status of a wrong type": ({BASE: changed("status.sync.status", 1)}, "argocd-malformed"),
    "a revision that is no text": ({BASE: raw(json.dumps(APPLICATION).replace(f'"{COMMIT}"', "NaN", 1))}, "argocd-malformed"),
    "a time without zone": ({BASE: changed("status.reconciledAt", "2026-11-23T11:59:00")}, "argocd-malformed"),
    "a time that is a number": ({BASE: changed("status.operationState.finishedAt", 5)}, "argocd-malformed"),
    "an operation without phase": ({BASE: lacking("status.operationState.phase")}, "argocd-malformed"),
    "a history without times": ({BASE: changed("status.history", [{"revision": COMMIT}])}, "argocd-malformed"),
    "another Application": ({BASE: changed("metadata.name", "context-dev")}, "argocd-malformed"),
    "nodes of a wrong type": ({TREE: raw('{"nodes": {}}')}, "argocd-malformed"),
    "a Pod without name": ({TREE: raw('{"nodes": [{"kind": "Pod"}]}')}, "argocd-malformed"),
    "a redirect": ({BASE: lambda _: RedirectResponse("http://127.0.0.1:9/")}, "argocd-status"),
    "a proxy's 404": ({BASE: lambda _: HTMLResponse("<h1>404</h1>", status_code=404)}, "argocd-status"),
    "400": ({BASE: gateway(400, 3, "bad")}, "argocd-status"),
    "401": ({BASE: gateway(401, 16, "no session information")}, "argocd-forbidden"),
    "403": ({BASE: gateway(403, 7, "permission denied")}, "argocd-forbidden"),
    "403 for the tree": ({TREE: gateway(403, 7, "permission denied")}, "argocd-forbidden"),
    "500 again and again": ({BASE: gateway(500, 13, "boom")}, "argocd-status"),
    "a huge body": ({BASE: huge}, "argocd-too-large"),
    "a huge error": ({BASE: lambda request: with_status(huge(request), 400)}, "argocd-too-large"),
    "a drip": ({BASE: slow}, "argocd-timeout"),
    "no answer": ({BASE: hanging}, "argocd-timeout"),
}


def with_status(response: Response, status: int) -> Response:
    response.status_code = status
    return response


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_answer_has_a_code(case: str) -> None:
    """And the message is one short line that names the server."""
    changes, code = CASES[case]
    timeout = 1.0 if code == "argocd-timeout" else 10.0
    began = time.monotonic()
    with served(changes, timeout=timeout, token="s3cret") as (argocd, server), pytest.raises(UnobservableError) as unseen:
        argocd.application()
    assert unseen.value.code == code
    assert unseen.value.message.startswith(server.url)
    assert len(unseen.value.message.splitlines()) == 1
    assert len(unseen.value.message) < 500
    assert "s3cret" not in f"{unseen.value.message}{unseen.value.hint}"
    assert time.monotonic() - began < 5


DENY = {"kind": "deny", "schedule": "0 0 24 12 *", "duration": "192h", "manualSync": True}
ALLOW = {"kind": "allow", "schedule": "0 8 * * 1-5", "duration": "8h", "manualSync": False}
NIGHT = {**ALLOW, "schedule": "0 22 *\n* *", "duration": "1h"}
OPEN_DENY = "a sync window denies syncs (schedule 0 0 24 12 *, duration 192h)"
CLOSED_ALLOWS = "no sync window that allows syncs is open (schedule 0 8 * * 1-5, duration 8h; schedule 0 22 * * *, duration 1h)"


@pytest.mark.parametrize(
    ("active", "assigned", "words"),
    [
        pytest.param(None, None, None, id="no window"),
        pytest.param(None, [DENY], None, id="a deny window that is not open"),
        pytest.param([DENY], [DENY], OPEN_DENY, id="an open deny window"),
        pytest.param([ALLOW], [ALLOW, NIGHT], None, id="one of two allow windows is open"),
        pytest.param([], [ALLOW, NIGHT, DENY], CLOSED_ALLOWS, id="no allow window is open"),
        pytest.param([ALLOW, DENY], [ALLOW, DENY], OPEN_DENY, id="denied in an open allow window"),
    ],
)
@pytest.mark.parametrize("by_hand", [True, False])
def test_what_keeps_auto_sync_waiting_is_not_what_keeps_people_waiting(
    active: list[Any] | None, assigned: list[Any] | None, words: str | None, *, by_hand: bool
) -> None:
    """`canSync` is about a sync that somebody starts."""
    reply = {"activeWindows": active, "assignedWindows": assigned, "canSync": by_hand}
    with served({WINDOWS: lambda _: JSONResponse(reply)}) as (argocd, _):
        seen = argocd.sync_window()
    assert (seen and seen.words, seen and seen.allows_manual) == (words, words and by_hand)


UNREADABLE_WINDOWS: dict[str, tuple[Answering, str]] = {
    "no answer whether it may": (raw("{}"), "argocd-malformed"),
    "a kind that nobody knows": (raw(json.dumps({"canSync": True, "activeWindows": [{**DENY, "kind": "maybe"}]})), "argocd-malformed"),
    "no schedule": (raw('{"canSync": true, "assignedWindows": [{"kind": "deny", "duration": "1h"}]}'), "argocd-malformed"),
    "403": (gateway(403, 7, "permission denied"), "argocd-forbidden"),
    "windows that Argo CD cannot read": (gateway(500, 13, "invalid sync windows: cannot parse schedule"), "argocd-status"),
    "a page": (lambda _: HTMLResponse("<html>"), "argocd-not-json"),
}


@pytest.mark.parametrize("case", UNREADABLE_WINDOWS)
def test_windows_that_cannot_be_read_are_not_taken_for_none(case: str) -> None:
    answering, code = UNREADABLE_WINDOWS[case]
    with served({WINDOWS: answering}) as (argocd, _), pytest.raises(UnobservableError) as unseen:
        argocd.sync_window()
    assert unseen.value.code == code


def test_an_application_is_read_in_full() -> None:
    """Numbers beyond 53 bits, zones and fields that nobody knows included."""
    with served({}) as (argocd, _):
        seen = argocd.application()
    assert seen
    assert (seen.name, seen.path, seen.target_revision, seen.sources) == (NAME, "environments/prod", "main", 1)
    assert (seen.sync, seen.revision, seen.health) == ("Synced", COMMIT, "Healthy")
    assert seen.healthy_since == datetime(2026, 11, 23, 11, tzinfo=UTC)
    assert seen.reconciled == datetime(2026, 11, 23, 11, 59, tzinfo=UTC)
    started, finished = datetime(2026, 11, 23, 10, 58, tzinfo=UTC), datetime(2026, 11, 23, 10, 59, tzinfo=UTC)
    assert seen.operation == Operation("Succeeded", "ok", started, finished, COMMIT)
    assert seen.history == (Deployed(OLDER, datetime(2026, 11, 22, 10, 59, tzinfo=UTC)), Deployed(COMMIT, finished))
    assert seen.conditions == ("SharedResourceWarning: twice",)
    assert seen.pods == (
        PodSeen("api-1", ("a:1", "b:2"), "Healthy", of_job=False),
        PodSeen("lonely", (), "Unknown", of_job=False),
        PodSeen("run-1", (), "Unknown", of_job=True),
        PodSeen("round", (), "Unknown", of_job=False),
    )
    assert seen.faults == (
        ResourceFault("StatefulSet", "neo4j", "Progressing", "1 of 3"),
        ResourceFault("Service", "lb", "Degraded", "no address"),
        ResourceFault("Deployment", "api", "OutOfSync", ""),
    )


def test_a_new_application_says_nothing_yet() -> None:
    """As Argo CD writes one before its first comparison."""
    new = {"metadata": {"name": NAME}, "spec": {}, "status": {"sync": {"status": ""}, "health": {}, "summary": {}}}
    with served({BASE: lambda _: JSONResponse(new), TREE: raw("{}")}) as (argocd, _):
        seen = argocd.application()
    assert seen
    assert (seen.sync, seen.revision, seen.health, seen.path, seen.sources) == ("Unknown", None, "Unknown", "", 0)
    assert (seen.healthy_since, seen.reconciled, seen.operation, seen.history, seen.pods, seen.faults) == (None, None, None, (), (), ())


def test_several_sources_are_counted() -> None:
    """The gate refuses to judge them."""
    sources = [{"path": "environments/prod"}, {"path": "elsewhere"}]
    with served({BASE: changed("spec.sources", sources)}) as (argocd, _):
        seen = argocd.application()
    assert seen
    assert (seen.sources, seen.path) == (2, "environments/prod")


def test_a_sync_that_was_asked_for_and_has_not_begun_runs() -> None:
    """Argo CD forgets the last operation as soon as another one is asked for."""
    asked = json.loads(json.dumps(APPLICATION))
    del asked["status"]["operationState"]
    with served({BASE: lambda _: JSONResponse({**asked, "operation": {"sync": {"revision": COMMIT}}})}) as (argocd, _):
        seen = argocd.application()
    assert seen
    assert seen.operation == Operation("Running", "has not begun", None, None, COMMIT)


def test_a_running_operation_has_the_revision_that_was_asked_for() -> None:
    """Its result comes later."""
    state = {"phase": "Running", "operation": {"sync": {"revision": OLDER}}, "startedAt": None}
    with served({BASE: changed("status.operationState", state)}) as (argocd, _):
        seen = argocd.application()
    assert seen
    assert seen.operation == Operation("Running", "", None, None, OLDER)


def test_faults_are_bounded() -> None:
    """What is unhealthy comes first."""
    resources = [{"kind": "ConfigMap", "name": f"c{number}", "status": "OutOfSync"} for number in range(100)]
    with served({BASE: changed("status.resources", resources)}) as (argocd, _):
        seen = argocd.application()
    assert seen
    assert len(seen.faults) == 20
    assert seen.faults[0].kind == "Service"


@pytest.mark.parametrize("path", [BASE, TREE])
def test_what_argocd_does_not_have_is_none(path: str) -> None:
    """Also when it goes away between the two questions."""
    with served({path: gateway(404, 5, "not found")}) as (argocd, _):
        assert argocd.application() is None


def test_every_question_names_the_project() -> None:
    """Without it, Argo CD answers 403 for what it does not have; a POST names it in its body, and asks for nothing else."""
    named: list[str] = []
    bodies: list[bytes] = []

    async def note(request: Request) -> Response:
        named.append(request.query_params.get("project", ""))
        body = await request.body()
        bodies.extend([body] if body else [])
        return JSONResponse({"nodes": []} if request.url.path == TREE else APPLICATION)

    server = serve(Starlette(routes=[Route(path, note, methods=["GET", "POST", "DELETE"]) for path in WELL]))
    argocd = open_argocd(ArgoCDAddress(server.url, "context-prod", NAME), token=None, timeout=5)
    argocd.application()
    argocd.refresh()
    argocd.sync()
    argocd.terminate()
    server.stop()
    assert set(named) == {"context-prod"}
    assert [json.loads(body) for body in bodies] == [{"project": "context-prod"}]


def test_a_passing_5xx_is_asked_again_and_a_4xx_is_not() -> None:
    """At most three times."""
    with served({}) as (argocd, server):
        server.observed.faults.append(Fault("GET", BASE, times=2, status=502))
        assert argocd.application()
        server.observed.calls.clear()
        server.observed.faults.append(Fault("GET", BASE, times=9, status=400))
        with pytest.raises(UnobservableError):
            argocd.application()
        assert len(server.observed.calls) == 1


def test_a_reply_that_breaks_off_is_unreachable() -> None:
    """Its length was promised and not kept."""
    with served({}) as (argocd, server):
        server.observed.faults.append(Fault("GET", TREE, times=9))
        with pytest.raises(UnobservableError) as unseen:
            argocd.application()
    assert unseen.value.code == "argocd-unreachable"


def test_nobody_there_is_unreachable() -> None:
    """Asked three times."""
    with pytest.raises(UnobservableError) as unseen:
        open_argocd(ArgoCDAddress("http://127.0.0.1:9", "p", NAME), token=None, timeout=5).application()
    assert unseen.value.code == "argocd-unreachable"


def test_plain_http_behind_https_is_a_fault_of_tls() -> None:
    """Not asked again: it does not pass."""
    with served({}) as (_, server):
        secure = ArgoCDAddress(server.url.replace("http://", "https://"), "p", NAME)
        with pytest.raises(UnobservableError) as unseen:
            open_argocd(secure, token=None, timeout=2).application()
    assert unseen.value.code == "argocd-tls"


def test_the_token_goes_to_the_configured_host_alone() -> None:
    """As a bearer token, never to where a redirect points."""
    seen: list[str] = []

    def elsewhere(request: Request) -> Response:
        seen.append(request.headers.get("authorization", ""))
        return JSONResponse(APPLICATION)

    other = serve(Starlette(routes=[Route(BASE, elsewhere)]))
    redirecting: dict[str, Answering] = {BASE: lambda _: RedirectResponse(f"{other.url}{BASE}")}
    with served(redirecting, token="s3cret") as (argocd, _), pytest.raises(UnobservableError):
        argocd.application()
    other.stop()
    assert seen == []
    with served({BASE: elsewhere}, token="s3cret") as (argocd, _):
        argocd.application()
    assert seen == ["Bearer s3cret"]


@pytest.mark.parametrize("write", ["sync", "terminate"])
def test_a_write_that_a_login_page_answers_did_not_happen(write: str) -> None:
    """200 is not enough."""
    page: Answering = lambda _: HTMLResponse("<html>login</html>")  # noqa: E731 - one page for both
    with served({SYNC: page, OPERATION: page}) as (argocd, _), pytest.raises(UnobservableError) as unseen:
        getattr(argocd, write)()
    assert unseen.value.code == "argocd-not-json"


def test_a_refresh_that_takes_long_was_asked_for() -> None:
    """Argo CD answers only when it has compared."""
    with served({BASE: hanging}, timeout=0.5) as (argocd, _):
        argocd.refresh()


def test_an_operation_that_does_not_end_is_told() -> None:
    """A sync would be refused meanwhile."""
    ending = changed("status.operationState", {"phase": "Terminating", "operation": {}})
    with served({BASE: ending}) as (argocd, _), pytest.raises(UnobservableError, match=r"still ending .* after 0 s") as unseen:
        replace(cast("ClientArgoCD", argocd), ending=0.3).terminate()
    assert unseen.value.code == "argocd-timeout"


@pytest.mark.parametrize("url", ["ftp://host", "https://user:s3cret@host", "https://host/?token=s3cret", "argocd:443", ""])
def test_a_url_that_could_leak_or_is_none_is_refused(url: str) -> None:
    """Before anything is asked, and without repeating its secret."""
    with pytest.raises(BotError, match="not an Argo CD URL") as refused:
        open_argocd(ArgoCDAddress(url, "p", NAME), token=None, timeout=1)
    assert "s3cret" not in refused.value.message


def test_what_a_sync_could_not_do_is_seen_with_its_message() -> None:
    """A resource has a status, a hook a phase; what went well is left out."""
    resources = [
        {"kind": "ConfigMap", "name": "fine", "status": "Synced", "hookPhase": "Running", "message": "configured"},
        {"kind": "Deployment", "name": "api", "status": "SyncFailed", "hookPhase": "Failed", "message": "field is immutable"},
        {"kind": "Job", "name": "smoke", "hookType": "PostSync", "hookPhase": "Failed", "message": "has reached the backoff limit"},
    ]
    with served({BASE: changed("status.operationState.syncResult", {"revision": COMMIT, "resources": resources})}) as (argocd, _):
        seen = argocd.application()
    assert seen
    assert seen.operation
    assert seen.operation.faults == (
        ResourceFault("Deployment", "api", "SyncFailed", "field is immutable"),
        ResourceFault("Job", "smoke", "Failed", "has reached the backoff limit"),
    )


AUTOMATED = {"none": ({}, False), "on": ({"automated": {}}, True), "off": ({"automated": {"enabled": False}}, False)}


@pytest.mark.parametrize("policy", AUTOMATED)
def test_whether_it_syncs_by_itself_is_seen(policy: str) -> None:
    written, expected = AUTOMATED[policy]
    with served({BASE: changed("spec.syncPolicy", written)}) as (argocd, _):
        seen = argocd.application()
    assert seen
    assert (seen.is_automated, seen.repository) == (expected, "https://git.invalid/x.git")
