"""What a process answers over HTTP; all that it may do wrong is a ContractError with the reason."""
# ruff: noqa: INP001 - mounted beside contract.py, not a package

from __future__ import annotations

import http.client
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 4 << 20  # far above what the contract's metrics take, far below the Pod's memory
MOST_SHOWN = 120


class ContractError(Exception):
    """What the process does otherwise than its contract says."""


@dataclass(frozen=True)
class Process:
    """Where the process is, and how long it may take for one answer."""

    host: str
    port: int
    seconds: float


def ask(process: Process, path: str, accepted: str) -> str:
    """The body of a 200; whatever else happens is a ContractError with its reason."""
    connection = http.client.HTTPConnection(process.host, process.port, timeout=process.seconds)
    try:
        with _within(process.seconds):
            connection.request("GET", path, headers={"Accept": accepted})
            return _body(connection.getresponse())
    except ContractError as error:
        raise ContractError(f"GET {path} {error}") from error
    except TimeoutError:
        raise ContractError(f"GET {path} has not ended after {process.seconds:g} s") from None
    except OSError as error:
        raise ContractError(f"GET {path} is not answered: {error.strerror or error}") from error
    except (http.client.HTTPException, UnicodeError) as error:
        raise ContractError(f"GET {path} is no HTTP that can be read: {shown(error or type(error).__name__)}") from error
    finally:
        connection.close()


def _body(reply: http.client.HTTPResponse) -> str:
    if reply.status // 100 == HTTPStatus.MULTIPLE_CHOICES // 100:
        raise ContractError(f"redirects to {shown(reply.getheader('Location'))}")
    content = reply.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ContractError(f"is longer than {MOST_BYTES} bytes")
    if reply.length:
        raise ContractError(f"breaks off {reply.length} bytes before its end")
    if reply.getheader("Content-Type", "").startswith("text/html") or content.lstrip().startswith(b"<"):
        raise ContractError(f"is {reply.status} with a page of HTML: another program answers")
    text = content.decode()
    if reply.status != HTTPStatus.OK:
        raise ContractError(f"is {reply.status}: {shown(text)}")
    return text


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Ends what takes longer in all: a socket's own timeout starts anew with each byte."""

    def late(*_: object) -> NoReturn:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def shown(text: object) -> str:
    """What a stranger wrote, on one line and not too long."""
    written = ascii(str(text))
    return written if len(written) <= MOST_SHOWN else f"{written[:MOST_SHOWN]}…"
