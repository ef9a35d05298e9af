"""The registry adapter in bad weather: servers that fail, lie, want a login, or are no registry."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.adapters.registry import open_registry, split
from bot.adapters.registry_http import MOST_BYTES
from bot.model import BotError
from bot.sandbox.registry import MANIFEST, RegistryStandIn
from bot.sandbox.serving import Fault, Server, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from starlette.requests import Request

HOST = "registry.example"
BODY = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST}).encode()
DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
SECONDS = 2.0


def answer(body: bytes = BODY, told: str | None = None) -> Response:
    return Response(body, media_type=MANIFEST, headers={"Docker-Content-Digest": told} if told else {})


def late(_: Request) -> Response:
    time.sleep(2)
    return answer()


async def drip() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(0.05)


@pytest.fixture
def serving() -> Iterator[Callable[[Callable[[Request], Response]], Server]]:
    """Serves one answer to every path."""
    servers: list[Server] = []

    def start(respond: Callable[[Request], Response]) -> Server:
        servers.append(serve(Starlette(routes=[Route("/{path:path}", respond)])))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def stand_in() -> Iterator[Server]:
    state = RegistryStandIn()
    state.push(f"{HOST}/team/app", "v1")
    server = serve(state.app())
    yield server
    server.stop()


def digest(url: str, timeout: float = SECONDS) -> str:
    return open_registry(mirrors={HOST: url}, timeout=timeout).digest(f"{HOST}/team/app", "v1")


@pytest.mark.parametrize(
    ("repository", "parts"),
    [
        ("ghcr.io/team/app", ("ghcr.io", "team/app")),
        ("neo4j", ("docker.io", "library/neo4j")),
        ("qdrant/qdrant", ("docker.io", "qdrant/qdrant")),
        ("docker.io/qdrant/qdrant", ("docker.io", "qdrant/qdrant")),
        ("registry-1.docker.io/neo4j", ("docker.io", "library/neo4j")),
        ("localhost/app", ("localhost", "app")),
        ("localhost:5000/team/app", ("localhost:5000", "team/app")),
    ],
)
def test_a_repository_is_a_host_and_a_path(repository: str, parts: tuple[str, str]) -> None:
    assert split(repository) == parts


@pytest.mark.parametrize("told", [DIGEST, None], ids=["named", "not named"])
def test_the_digest_is_that_of_what_was_read(serving: Any, told: str | None) -> None:
    assert digest(serving(lambda _: answer(told=told)).url) == DIGEST


WRONG: dict[str, tuple[Callable[[Request], Response], str]] = {
    "a login page": (lambda _: HTMLResponse("<html>sign in</html>"), "is not its manifest"),
    "JSON that is no manifest": (lambda _: JSONResponse({"status": "ok"}), "is not its manifest"),
    "a manifest of the first schema": (lambda _: JSONResponse({"schemaVersion": 1}), "is not its manifest"),
    "a malformed digest": (lambda _: answer(told="sha256:xyz"), "'sha256:xyz', which is not a digest"),
    "another digest": (lambda _: answer(told="sha256:" + "0" * 64), "with a manifest that is not sha256:0000"),
    "too much": (lambda _: answer(b" " * (MOST_BYTES + 1)), "answers with more than 4 MiB"),
    "no access": (lambda _: Response(status_code=401), "does not answer without a login"),
    "no access and an odd challenge": (lambda _: Response(status_code=401, headers={"WWW-Authenticate": "Negotiate"}), "without a login"),
    "too many requests": (lambda _: Response(status_code=429), "HTTP 429"),
    "a redirect without end": (lambda request: RedirectResponse(str(request.url)), "registry"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_a_registrys_answer_is_an_error(serving: Any, name: str) -> None:
    respond, words = WRONG[name]
    with pytest.raises(BotError, match=words) as refused:
        digest(serving(respond).url)
    assert HOST in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize("fault", [Fault("GET", "/v2", 2, 503), Fault("GET", "/v2", 2)], ids=["5xx", "lost reply"])
def test_what_passes_is_asked_again(stand_in: Server, fault: Fault) -> None:
    stand_in.observed.faults.append(fault)
    assert digest(stand_in.url).startswith("sha256:")
    assert len(stand_in.observed.calls) == 3


def test_what_does_not_pass_is_given_up_and_named(stand_in: Server) -> None:
    stand_in.observed.faults.append(Fault("GET", "/v2", 99, 503))
    with pytest.raises(BotError, match=f"registry {HOST} answers with HTTP 503"):
        digest(stand_in.url)
    assert len(stand_in.observed.calls) == 3


def test_a_registry_that_is_not_there_cannot_be_reached() -> None:
    with pytest.raises(BotError, match=f"registry {HOST} cannot be reached"):
        digest("http://127.0.0.1:9")


def test_another_service_behind_tls_cannot_be_reached(stand_in: Server) -> None:
    with pytest.raises(BotError, match=f"registry {HOST} cannot be"):
        digest(stand_in.url.replace("http:", "https:"))


def test_a_drip_ends_at_the_deadline(serving: Any) -> None:
    began = time.monotonic()
    with pytest.raises(BotError, match="did not answer in time"):
        digest(serving(lambda _: StreamingResponse(drip())).url, timeout=0.5)
    assert time.monotonic() - began < 3


def test_silence_ends_at_the_deadline(serving: Any) -> None:
    began = time.monotonic()
    with pytest.raises(BotError, match="did not answer in time"):
        digest(serving(late).url, timeout=0.5)
    assert time.monotonic() - began < 3


def with_tokens(request: Request) -> Response:
    """A registry that wants anybody's token first, as the hub does."""
    if request.url.path == "/token":
        wanted = dict(request.query_params) == {"service": "hub", "scope": "repository:team/app:pull"}
        return JSONResponse({"token": "anybody"} if wanted and "authorization" not in request.headers else {})
    if request.headers.get("authorization") == "Bearer anybody":
        return answer()
    challenge = f'Bearer realm="{request.base_url}token",service="hub",scope="repository:team/app:pull"'
    return Response(status_code=401, headers={"WWW-Authenticate": challenge})


def test_a_public_image_is_read_with_an_anonymous_token(serving: Any) -> None:
    assert digest(serving(with_tokens).url) == DIGEST


def test_a_private_image_is_not_read_with_its_users_login(serving: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    def respond(request: Request) -> Response:
        seen.append(request.headers.get("authorization"))
        return Response(status_code=401, headers={"WWW-Authenticate": f'Bearer realm="{request.base_url}token",service="x"'})

    server = serving(respond)
    host = server.url.removeprefix("http://")
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps({"auths": {host: {"auth": "dXNlcjpzZWNyZXQ="}}}))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login user password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(BotError, match="without a login") as refused:
        digest(server.url)
    assert set(seen) == {None}
    assert "realm" not in refused.value.message
