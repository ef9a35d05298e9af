"""How the sandbox's stand-ins are served: on loopback, in threads, counting calls and injecting faults."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass(frozen=True)
class Call:
    """One request that a stand-in got."""

    method: str
    path: str


@dataclass
class Fault:
    """What goes wrong with the next `times` requests of a method below a path prefix."""

    method: str
    prefix: str
    times: int
    status: int | None = None  # answered instead of the work being done; None: done, but the reply is lost

    def hits(self, call: Call) -> bool:
        """Whether this request is the one that goes wrong; counts down."""
        hit = self.times > 0 and call.method == self.method and call.path.startswith(self.prefix)
        self.times -= hit
        return hit


@dataclass
class Observed:
    """An ASGI app with its calls recorded and faults applied."""

    app: ASGIApp
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def writes(self) -> int:
        """How many requests so far could have changed something."""
        return sum(call.method not in {"GET", "HEAD"} for call in self.calls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, or fails it as told."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        call = Call(scope["method"], scope["path"])
        with self.lock:
            self.calls.append(call)
            fault = next((fault for fault in self.faults if fault.hits(call)), None)
        if fault is None:
            await self.app(scope, receive, send)
        elif fault.status is None:
            await self.app(scope, receive, _swallow)
            await _break_off(send)
        else:
            await _answer(send, fault.status)


async def _swallow(_message: object) -> None:
    """Takes a reply and loses it."""


async def _answer(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def _break_off(send: Send) -> None:
    """Promises a body and sends none: the server then closes the connection, as a dying proxy does."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})


@dataclass
class Server:
    """A running stand-in."""

    url: str
    observed: Observed
    stop: Callable[[], None]


def serve(app: ASGIApp, *, port: int = 0) -> Server:
    """Serves an app on loopback in a thread until stopped; port 0 takes a free one."""
    observed = Observed(app)
    listener = socket.socket(proto=socket.IPPROTO_TCP)  # asyncio turns off Nagle only for sockets that say so: 40 ms a reply
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    config = uvicorn.Config(observed, log_config=None, log_level="critical", lifespan="off", access_log=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join(timeout=5)
        listener.close()

    return Server(f"http://127.0.0.1:{listener.getsockname()[1]}", observed, stop)
