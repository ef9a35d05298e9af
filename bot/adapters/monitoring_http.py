"""Asking a Prometheus or an Alertmanager over HTTP: one bounded reply within one deadline, or the reason code why not."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from bot.adapters.foreign import Answer, quoted
from bot.adapters.retries import retrying
from bot.adapters.trust import UNTRUSTED, trust
from bot.model import BotError, UnobservableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import TypeAdapter

Shape = TypeVar("Shape")

MOST_BYTES = 64 * 1024 * 1024  # 10,000 rules as people write them, with their texts, are about 12


@dataclass(frozen=True)
class Service:
    """What is asked, as messages and reason codes call it."""

    name: str
    key: str  # of environment.yaml; its reason codes begin with it
    stranger: str  # the end of the reason code of a server that is another program
    proof: str  # a path that another program does not have

    @property
    def variables(self) -> str:
        """What holds its credentials."""
        return f"BOT_{self.key.upper()}_TOKEN_FILE_<ENV> or BOT_{self.key.upper()}_BASIC_FILE_<ENV>"


@dataclass(frozen=True)
class Connection:
    """A server by its URL; `timeout` in seconds bounds one question with all its repetitions."""

    service: Service
    url: str
    client: httpx.Client
    timeout: float

    def get(self, path: str, parameters: Mapping[str, str] | None = None) -> Answer:
        """Asks; only failed connections and 5xx are repeated, and never beyond the deadline."""
        deadline = time.monotonic() + self.timeout
        repeated = retrying(_may_pass, seconds=self.timeout)
        try:
            return repeated(self._once, path, parameters or {}, deadline=deadline)
        except httpx.HTTPError as error:
            raise self._reason(path, error) from error

    def json(self, path: str, shape: TypeAdapter[Shape], parameters: Mapping[str, str] | None = None) -> Shape:
        """What an endpoint answers, if it is JSON of that shape."""
        answer = self.get(path, parameters)
        if answer.is_html or "json" not in answer.content_type:
            raise self.unseen("not-json", f"answers {path} with {answer.content_type or 'no content type'}, not JSON")
        try:
            return shape.validate_json(answer.body, strict=True)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            fault = "not-json" if first["type"] == "json_invalid" else "malformed"
            where = ".".join(map(str, first["loc"]))
            raise self.unseen(fault, f"answers {path} wrongly: {where} {first['msg']}") from error

    def unseen(self, fault: str, message: str) -> UnobservableError:
        """A fact of this server that could not be found out; the reason code begins with what it is."""
        hint = HINTS.get(fault, "check that it runs, and `{key}:` in environment.yaml")
        words = hint.format(key=self.service.key, name=self.service.name, variables=self.service.variables)
        return UnobservableError(f"{self.service.key}-{fault}", f"{self.url} {message}", words)

    def _once(self, path: str, parameters: Mapping[str, str], *, deadline: float) -> Answer:
        remaining = max(deadline - time.monotonic(), 0.01)
        with self.client.stream("GET", path, params=parameters, timeout=remaining) as response:
            if response.is_redirect:
                raise self.unseen("redirect", f"answers {path} by a redirect, which is not followed")
            body = b"".join(self._bounded(response, deadline=deadline))
        if not response.is_success:
            message = f"HTTP {response.status_code}: {quoted(body)}"
            raise httpx.HTTPStatusError(message, request=response.request, response=response)
        return Answer(path, response.status_code, response.headers.get("content-type", "").lower(), body)

    def _bounded(self, response: httpx.Response, *, deadline: float) -> Iterator[bytes]:
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > MOST_BYTES:
                raise self.unseen("too-large", f"answers {response.url.path} with more than {MOST_BYTES} bytes")
            if time.monotonic() > deadline:  # httpx' own timeout is per chunk: a drip would never end
                raise httpx.ReadTimeout("the reply did not end in time", request=response.request)
            yield chunk

    def _reason(self, path: str, error: httpx.HTTPError) -> UnobservableError:
        text = quoted(str(error).encode())
        if isinstance(error, httpx.HTTPStatusError):
            if path == self.service.proof and error.response.status_code == httpx.codes.NOT_FOUND:
                return self.unseen(self.service.stranger, f"has no {path}: not {self.service.name} itself")
            return self.unseen("status", f"answers {path} with {text}")
        if isinstance(error, httpx.TimeoutException):
            return self.unseen("timeout", f"did not answer {path} in time")
        if _is_tls(error):
            return self.unseen("tls", f"cannot be trusted: {text}")
        if isinstance(error, httpx.DecodingError):
            return self.unseen("malformed", f"answers {path} in a broken encoding")
        return self.unseen("unreachable", f"cannot be reached: {text}")


HINTS = {
    "tls": UNTRUSTED,
    "redirect": "write the final URL into environment.yaml",
    "not-json": "is there a login in front of it? set {variables}, or ask {name} directly",
    "not-prometheus": "list the Prometheus servers themselves in environment.yaml, not what unites or stores for them",
    "not-alertmanager": "list the Alertmanager servers themselves in environment.yaml",
    "warnings": "its data is partial; see its logs",
}


def connect(service: Service, url: str, *, authorization: str | None, authorities: str | None, timeout: float) -> Connection:
    """A connection for a base URL; refuses one that could carry a secret into messages."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password or parts.query:
        address = f"{parts.scheme}://{parts.hostname}"
        raise BotError(
            f"{address}: not a URL of {service.name} of the form https://host[:port][/prefix]",
            f"correct `{service.key}:` in environment.yaml; credentials come from {service.variables}",
        )
    client = httpx.Client(
        base_url=url,
        headers={"Authorization": authorization} if authorization else {},
        verify=trust(authorities),
        follow_redirects=False,
        trust_env=False,  # neither proxies nor ~/.netrc: the credential goes to the configured host alone
    )
    return Connection(service, url.rstrip("/"), client, timeout)


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.is_server_error
    return isinstance(error, httpx.ConnectError) and not _is_tls(error)


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
