"""How the forge stand-in hears requests and refuses them, as GitHub does: tokens, JSON bodies, pages, error shapes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.sandbox.forge_pushes import follow_pushes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.datastructures import URL
    from starlette.requests import Request

    from bot.sandbox.forge_state import Forge

    Who = Callable[[Forge, str], str]  # whose a token is

API = "/api/v3"
DOCUMENTATION = "https://docs.github.com/rest"
PER_PAGE, MOST_PER_PAGE = 30, 100
QUOTA = 5000


@dataclass(frozen=True)
class Asked:
    """One request of someone whom the forge knows."""

    forge: Forge
    login: str
    root: str  # scheme, host and mount point, as the caller wrote them
    url: URL
    where: Mapping[str, str]  # parts of the path
    query: Mapping[str, str]
    body: Any

    def text(self, field: str) -> str | None:
        """A text of the body, None when it is absent; anything else is refused."""
        value = self.fields().get(field)
        if value is not None and not isinstance(value, str):
            invalid("Request", field, code="invalid", message=f"{field} is not a string")
        return value

    def texts(self, field: str) -> list[str]:
        """A list of texts of the body."""
        value = self.fields().get(field, [])
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            invalid("Request", field, code="invalid", message=f"{field} is not a list of strings")
        return value

    def fields(self) -> Mapping[str, Any]:
        """The body, which must be a JSON object."""
        if not isinstance(self.body, dict):
            raise RefusedError(400, "Body should be a JSON object")
        return self.body


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    content: Any
    status: int = 200
    headers: Mapping[str, str] | None = None


class RefusedError(Exception):
    """A request that is answered by an error, in GitHub's words and shape."""

    def __init__(self, status: int, message: str, errors: Sequence[Mapping[str, str] | str] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors


def invalid(resource: str, field: str, *, code: str, message: str = "") -> NoReturn:
    """Refuses one field of a body."""
    told = {"message": message} if message else {}
    raise RefusedError(422, "Validation Failed", [{"resource": resource, "code": code, "field": field, **told}])


def page(asked: Asked, items: Sequence[Any]) -> Reply:
    """The page of a list that was asked for, with links to the others."""
    chosen, links = chosen_page(asked, items)
    return Reply(list(chosen), headers={"Link": links} if links else {})


def chosen_page(asked: Asked, items: Sequence[Any]) -> tuple[Sequence[Any], str]:
    """The items of the page that was asked for, and its Link header."""
    size = min(_count(asked, "per_page", default=PER_PAGE), MOST_PER_PAGE)
    number, last = _count(asked, "page", default=1), max(-(-len(items) // size), 1)
    wanted: dict[str, int] = {}
    if number < last:
        wanted |= {"next": number + 1, "last": last}
    if number > 1:
        wanted |= {"first": 1, "prev": number - 1}
    here = f"{asked.root}{asked.url.path.removeprefix(_mount(asked))}"
    query = asked.url.include_query_params
    links = [f'<{here}?{query(page=where).query}>; rel="{name}"' for name, where in wanted.items()]
    return items[(number - 1) * size : number * size], ", ".join(links)


def route(forge: Forge, method: str, path: str, answer: Callable[[Asked], Reply], *, who: Who | None = None) -> Route:
    """An endpoint below the API's prefix for those with a token; `{owner}/{repo}` in its path must be the forge's."""

    def answered(request: Request, body: bytes) -> JSONResponse:
        try:
            with forge.lock:
                asked = _asked(forge, request, who=who or _login, body=body)
                follow_pushes(forge)
                reply = answer(asked)
        except RefusedError as error:
            return _refusal(forge, error)
        return JSONResponse(reply.content, reply.status, {**_quota(forge), **(reply.headers or {})})

    async def serve(request: Request) -> JSONResponse:
        return await run_in_threadpool(answered, request, await request.body())

    return Route(API + path, serve, methods=[method])


def root_of(request: Request) -> str:
    """The URL that a stand-in is served at, from the request itself."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


def is_here(forge: Forge, owner: str, name: str) -> bool:
    """Whether this is the forge's repository; letter case does not count."""
    return f"{owner}/{name}".lower() == forge.full_name.lower()


def _asked(forge: Forge, request: Request, *, who: Who, body: bytes) -> Asked:
    if forge.limited_until and forge.limited_until > forge.now():
        raise RefusedError(403, "API rate limit exceeded for user ID 1.")
    where = request.path_params
    login = who(forge, credential(request))
    if "owner" in where and not is_here(forge, where["owner"], where["repo"]):
        raise RefusedError(404, "Not Found")
    try:
        content = json.loads(body) if body else {}
    except ValueError as error:
        raise RefusedError(400, "Problems parsing JSON") from error
    return Asked(forge, login, root_of(request), request.url, where, request.query_params, content)


def credential(request: Request) -> str:
    """The token that came with a request."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not token:
        raise RefusedError(401, "Requires authentication")
    if scheme.lower() not in {"token", "bearer"}:
        raise RefusedError(401, "Bad credentials")
    return token


def _login(forge: Forge, token: str) -> str:
    if token not in forge.users:
        raise RefusedError(401, "Bad credentials")
    return forge.users[token]


def _refusal(forge: Forge, error: RefusedError) -> JSONResponse:
    errors = {"errors": list(error.errors)} if error.errors else {}
    content = {"message": error.message, **errors, "documentation_url": DOCUMENTATION, "status": str(error.status)}
    return JSONResponse(content, error.status, _quota(forge))


def _quota(forge: Forge) -> dict[str, str]:
    limited = forge.limited_until
    reset = int((limited or forge.now()).timestamp())
    return {
        "X-RateLimit-Limit": str(QUOTA),
        "X-RateLimit-Remaining": "0" if limited else str(QUOTA - 1),
        "X-RateLimit-Reset": str(reset),
    }


def _count(asked: Asked, name: str, *, default: int) -> int:
    text = asked.query.get(name, "")
    return int(text) if text.isdecimal() and int(text) else default


def _mount(asked: Asked) -> str:
    return asked.root.removeprefix(f"{asked.url.scheme}://{asked.url.netloc}")
