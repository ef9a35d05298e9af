"""Asking a Prometheus over HTTP: one bounded reply within one deadline, or the reason code why not."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import tenacity

from bot.adapters.foreign import is_web_page, quoted
from bot.adapters.trust import UNTRUSTED, trust
from bot.model import BotError, UnobservableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

READINESS = "/-/ready"
ATTEMPTS = 3
MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """A 2xx reply."""

    path: str
    content_type: str
    body: bytes

    @property
    def is_html(self) -> bool:
        """Whether it is a page for people, as a login in front of Prometheus serves."""
        return is_web_page(self.content_type, self.body)


@dataclass(frozen=True)
class Connection:
    """A Prometheus by its URL; `timeout` in seconds bounds one question with all its repetitions."""

    url: str
    client: httpx.Client
    timeout: float

    def get(self, path: str, parameters: Mapping[str, str] | None = None) -> Answer:
        """Asks; only failed connections and 5xx are repeated, and never beyond the deadline."""
        deadline = time.monotonic() + self.timeout
        repeated = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            stop=tenacity.stop_after_attempt(ATTEMPTS) | tenacity.stop_before_delay(self.timeout),
            wait=tenacity.wait_exponential(multiplier=0.1, max=2),
            reraise=True,
        )
        try:
            return repeated(self._once, path, parameters or {}, deadline=deadline)
        except httpx.HTTPError as error:
            raise _reason(self.url, path, error=error) from error

    def unseen(self, code: str, message: str) -> UnobservableError:
        """A fact of this Prometheus that could not be found out."""
        return _unseen(self.url, code, message=message)

    def _once(self, path: str, parameters: Mapping[str, str], *, deadline: float) -> Answer:
        remaining = max(deadline - time.monotonic(), 0.01)
        with self.client.stream("GET", path, params=parameters, timeout=remaining) as response:
            if response.is_redirect:
                raise self.unseen("prometheus-redirect", f"answers {path} by a redirect, which is not followed")
            body = b"".join(self._bounded(response, deadline=deadline))
        if not response.is_success:
            message = f"HTTP {response.status_code}: {quoted(body)}"
            raise httpx.HTTPStatusError(message, request=response.request, response=response)
        return Answer(path, response.headers.get("content-type", "").lower(), body)

    def _bounded(self, response: httpx.Response, *, deadline: float) -> Iterator[bytes]:
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > MOST_BYTES:
                raise self.unseen("prometheus-too-large", f"answers {response.url.path} with more than {MOST_BYTES} bytes")
            if time.monotonic() > deadline:  # httpx' own timeout is per chunk: a drip would never end
                raise httpx.ReadTimeout("the reply did not end in time", request=response.request)
            yield chunk


def connect(url: str, *, token: str | None, timeout: float) -> Connection:
    """A connection for a base URL; refuses one that could carry a secret into messages."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password or parts.query:
        address = f"{parts.scheme}://{parts.hostname}"
        raise BotError(
            f"{address}: not a Prometheus URL of the form https://host[:port][/prefix]",
            "correct `prometheus:` in environment.yaml; credentials come from BOT_PROMETHEUS_TOKEN_FILE_<ENV>",
        )
    client = httpx.Client(
        base_url=url,
        headers={"Authorization": f"Bearer {token}"} if token else {},
        verify=trust(),
        follow_redirects=False,
        trust_env=False,  # neither proxies nor ~/.netrc: the token goes to the configured host alone
    )
    return Connection(url.rstrip("/"), client, timeout)


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


def _reason(url: str, path: str, *, error: httpx.HTTPError) -> UnobservableError:
    text = quoted(str(error).encode())
    if isinstance(error, httpx.HTTPStatusError):
        if path == READINESS and error.response.status_code == httpx.codes.NOT_FOUND:  # Mimir's is at /ready
            return _unseen(url, "prometheus-not-prometheus", message=f"has no {path}: not a Prometheus server")
        return _unseen(url, "prometheus-status", message=f"answers {path} with {text}")
    if isinstance(error, httpx.TimeoutException):
        return _unseen(url, "prometheus-timeout", message=f"did not answer {path} in time")
    if _is_tls(error):
        return _unseen(url, "prometheus-tls", message=f"cannot be trusted: {text}")
    if isinstance(error, httpx.DecodingError):
        return _unseen(url, "prometheus-malformed", message=f"answers {path} in a broken encoding")
    return _unseen(url, "prometheus-unreachable", message=f"cannot be reached: {text}")


HINTS = {
    "prometheus-tls": UNTRUSTED,
    "prometheus-redirect": "write the final URL into environment.yaml",
    "prometheus-not-json": "is there a login in front of it? set BOT_PROMETHEUS_TOKEN_FILE_<ENV>, or ask Prometheus directly",
    "prometheus-not-prometheus": "list the Prometheus servers themselves in environment.yaml, not what unites or stores for them",
    "prometheus-warnings": "its data is partial; see its logs",
}


def _unseen(url: str, code: str, *, message: str) -> UnobservableError:
    hint = HINTS.get(code, "check that it runs, and `prometheus:` in environment.yaml")
    return UnobservableError(code, f"{url} {message}", hint)
