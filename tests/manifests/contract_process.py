"""A process that keeps the contract of the API's image, or breaks it in one way; its metrics are as their library writes them."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIVE, READY, METRICS = "/health/live", "/health/ready", "/metrics"
BOUNDS = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf")
ROUTE = 'endpoint="/health/live",method="GET"'
EXPOSITION = "\n".join(
    (
        "# HELP http_requests_total Total HTTP requests",
        "# TYPE http_requests_total counter",
        f'http_requests_total{{{ROUTE},status="200"}} 7.0',
        "# HELP http_requests_created Total HTTP requests",
        "# TYPE http_requests_created gauge",
        f'http_requests_created{{{ROUTE},status="200"}} 1.795e+09',
        "# TYPE http_request_duration_seconds histogram",
        *(f'http_request_duration_seconds_bucket{{{ROUTE},le="{bound}"}} 7.0' for bound in BOUNDS),
        f"http_request_duration_seconds_count{{{ROUTE}}} 7.0",
        f"http_request_duration_seconds_sum{{{ROUTE}}} 0.0125",
        "# TYPE http_requests_in_progress gauge",
        f"http_requests_in_progress{{{ROUTE}}} 0.0",
        "# TYPE http_request_size_bytes summary",
        f"http_request_size_bytes_count{{{ROUTE}}} 7.0",
        f"http_request_size_bytes_sum{{{ROUTE}}} 0.0",
        "# TYPE http_response_size_bytes summary",
        f"http_response_size_bytes_count{{{ROUTE}}} 7.0",
        f"http_response_size_bytes_sum{{{ROUTE}}} 140.0",
        "# HELP errors_total Total errors",
        "# TYPE errors_total counter",
        "# TYPE memory_usage_bytes gauge",
        'memory_usage_bytes{type="rss"} 1.2e+08',
        'memory_usage_bytes{type="vms"} 9.9e+08',
        r'# HELP app_info Says "what\it" is',
        "# TYPE app_info gauge",
        'app_info{name="Multi-Layer \\"Context\\" Foundation",version="1.4.2"} 1.0',
        "",
    )
)


@dataclass(frozen=True)
class Answer:
    """What a path answers; `writes` sends it some other way."""

    body: str = ""
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    writes: Callable[[Any], None] | None = None  # given the stream, instead of all of that


@dataclass
class Process:
    """What it answers, path by path; each is asked for in turn, the last one for ever."""

    answers: dict[str, list[Answer]]
    url: str = ""
    asked: list[str] = field(default_factory=list)


def good(**changed: Answer | list[Answer]) -> Process:
    """A process that keeps the contract, but for what is changed: live, ready, metrics."""
    answers = {
        "live": Answer('{"status":"alive"}'),
        "ready": Answer('{"status":"ready","services":{"qdrant":"healthy","neo4j":"healthy"}}'),
        "metrics": measured(EXPOSITION),
        **changed,
    }
    lists = {name: each if isinstance(each, list) else [each] for name, each in answers.items()}
    return Process({LIVE: lists["live"], READY: lists["ready"], METRICS: lists["metrics"]})


def measured(exposition: str) -> Answer:
    """Metrics as the library sends them."""
    return Answer(exposition, content_type="text/plain; version=0.0.4; charset=utf-8")


@contextmanager
def running(process: Process) -> Iterator[str]:
    """Serves it on loopback; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(process))
    server.daemon_threads = True
    process.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield process.url
    finally:
        server.shutdown()
        server.server_close()


def drip(data: bytes, *, first: bytes = b"") -> Callable[[Any], None]:
    """Sends a beginning at once and then byte after byte, each within any timeout of a single read."""

    def write(stream: Any) -> None:
        stream.write(first)
        for byte in data:
            stream.write(bytes([byte]))
            time.sleep(0.1)

    return write


def flood(stream: Any) -> None:
    """Sends metrics without an end."""
    stream.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        stream.write(b'app_info{version="1.4.2"} 1.0\n' * 4096)


def _handler(process: Process) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            process.asked.append(self.path)
            waiting = process.answers.get(self.path, [Answer("no such path", 404)])
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            with suppress(OSError):  # the program has gone away
                if answer.writes:
                    answer.writes(self.wfile)
                else:
                    self._send(answer)

        def _send(self, answer: Answer) -> None:
            body = answer.body.encode()
            self.send_response(answer.status)
            headers = {"Content-Type": answer.content_type, "Content-Length": str(len(body)), **answer.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing: the test reads what the program says."""

    return Handler
