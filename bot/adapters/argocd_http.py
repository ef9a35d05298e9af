"""The connection beneath Argo CD's client: one bounded reply within one deadline, or the reason code why not."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError, SSLError, TimeoutError  # noqa: A004 - urllib3's name for it

from bot.adapters.argocd_errors import RefusedError, refusal, unseen
from bot.adapters.foreign import Answer, quoted
from bot.adapters.retries import retrying
from bot.adapters.trust import trust
from bot.model import BotError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CHUNK = 64 * 1024
MOST_BYTES = 16 * 1024 * 1024
SERVER_ERROR = 500


@dataclass(frozen=True)
class Connection:
    """An Argo CD by its URL; takes the place of the pool in its client, which has no deadline, no bounds, and follows redirects."""

    url: str
    project: str
    pool: urllib3.PoolManager

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout: urllib3.Timeout,
        body: str | None = None,
        fields: Iterable[tuple[str, str]] | None = None,
        preload_content: bool = False,  # noqa: ARG002 - the client passes it
    ) -> Answer:
        """Asks; what may pass is asked again, never beyond the deadline.

        Every question about an Application names the project: without it, unknown is 403.
        """
        parameters = [*(fields or ()), *([("project", self.project)] if self.project else [])]
        address = f"{url}?{urlencode(parameters)}" if parameters else url
        seconds = float(timeout.total or 0)  # type: ignore[arg-type]  # the client makes it from our number
        deadline = time.monotonic() + seconds
        repeated = retrying(lambda error: _may_pass(error, method), seconds=seconds)
        try:
            return repeated(self._once, method, address, headers=headers, body=body, deadline=deadline)
        except HTTPError as error:
            raise self._reason(urlsplit(url).path, error) from error

    def _once(self, method: str, address: str, *, headers: Mapping[str, str], body: str | None, deadline: float) -> Answer:
        response = self.pool.request(
            method,
            address,
            body=body,
            headers={**headers, "Accept-Encoding": "identity"},
            timeout=max(deadline - time.monotonic(), 0.01),
            redirect=False,
            retries=False,
            preload_content=False,
        )
        path = urlsplit(address).path
        try:
            content = b"".join(self._bounded(response, path, deadline=deadline))
        finally:
            response.close()
        answer = Answer(path, response.status, response.headers.get("content-type", "").lower(), content)
        if not 200 <= response.status < 300:  # noqa: PLR2004 - success
            raise refusal(self.url, path, status=response.status, body=content)
        return answer

    def _bounded(self, response: urllib3.BaseHTTPResponse, path: str, *, deadline: float) -> Iterator[bytes]:
        size = 0
        while chunk := response.read1(CHUNK, decode_content=False):
            size += len(chunk)
            if size > MOST_BYTES:
                raise unseen(self.url, "argocd-too-large", message=f"answers {path} with more than {MOST_BYTES} bytes")
            if time.monotonic() > deadline:  # urllib3's own timeout is per read: a drip would never end
                raise unseen(self.url, "argocd-timeout", message=f"did not finish its answer to {path} in time")
            yield chunk

    def _reason(self, path: str, error: HTTPError) -> BotError:
        text = quoted(str(error).encode())
        if isinstance(error, SSLError):
            return unseen(self.url, "argocd-tls", message=f"cannot be trusted: {text}")
        if isinstance(error, TimeoutError) and not isinstance(error, NewConnectionError):
            return unseen(self.url, "argocd-timeout", message=f"did not answer {path} in time")
        return unseen(self.url, "argocd-unreachable", message=f"cannot be reached: {text}")


def connect(url: str, project: str, authorities: str | None = None) -> Connection:
    """A connection for a base URL; refuses one that could carry a secret into messages."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password or parts.query:
        raise BotError(
            f"{parts.scheme}://{parts.hostname}: not an Argo CD URL of the form https://host[:port][/prefix]",
            "correct `argocd.url` in environment.yaml; credentials come from BOT_ARGOCD_TOKEN_FILE_<ENV>",
        )
    # Not from the environment: neither proxies nor ~/.netrc, so the token goes to the configured host alone
    return Connection(url, project, urllib3.PoolManager(num_pools=1, maxsize=4, ssl_context=trust(authorities)))


def _may_pass(error: BaseException, method: str) -> bool:
    """Whether asking again may help and does no harm: a second DELETE could end an operation that began after the first."""
    if isinstance(error, NewConnectionError):
        return True
    if method == "DELETE":
        return False
    if isinstance(error, RefusedError):
        return error.status >= SERVER_ERROR
    return isinstance(error, ProtocolError)
