"""The label `endpoint` of the API and of Qdrant, by which rules tell requests apart, survives the scrape as the operator configures it.

The operator gives every target the label `endpoint` with the port's name (prometheus-operator, promcfg.go), and Prometheus then calls the
scraped one `exported_endpoint`. A real Prometheus scrapes with these target labels and the metricRelabelings that render.
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from bot.policies.manifests import Manifests
from bot.policies.metrics.labels import labels_are_there
from tests.conftest import require_peer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.manifests.renders import Render

PAGES = {
    "context-api": 'http_requests_total{endpoint="/api/v1/search",method="GET",status="200"} 1\nup_to_date 1\n',
    "qdrant": 'rest_responses_total{endpoint="/collections/{collection_name}/points/query",method="POST",status="200"} 1\n',
}
WANTED = {
    'http_requests_total{endpoint="/api/v1/search"}': "context-api",
    'rest_responses_total{endpoint="/collections/{collection_name}/points/query"}': "qdrant",
    'up_to_date{endpoint="http-api"}': "context-api",  # what has no such label keeps the target's
}


@contextmanager
def exporter() -> Iterator[str]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(PAGES[self.path.strip("/")].encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def scrape(render: Render, app: str, target: str) -> dict[str, Any]:
    """A job as the operator writes it from the ServiceMonitor, without certificates."""
    (endpoint,) = render.one("ServiceMonitor", app)["spec"]["endpoints"]
    keys = {"sourceLabels": "source_labels", "targetLabel": "target_label"}
    relabelings = [{keys.get(key, key): value for key, value in each.items()} for each in endpoint["metricRelabelings"]]
    labels = {"endpoint": endpoint["port"], "namespace": render.environment.namespace}
    targets = [{"targets": [target], "labels": labels}]
    return {"job_name": app, "metrics_path": f"/{app}", "static_configs": targets, "metric_relabel_configs": relabelings}


@pytest.fixture
def prometheus(renders: Mapping[str, Render], tmp_path: Path) -> Iterator[str]:
    program = require_peer("prometheus")
    with socket.socket() as probe, exporter() as target:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
        probe.close()
        configuration = {"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape(renders["prod"], app, target) for app in PAGES]}
        (tmp_path / "prometheus.yml").write_text(json.dumps(configuration))
        words = [
            program,
            f"--config.file={tmp_path}/prometheus.yml",
            f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address={address}",
        ]
        running = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield f"http://{address}"
        running.terminate()
        running.wait(timeout=20)


def job_of(url: str, query: str) -> str | None:
    try:
        result = httpx.get(f"{url}/api/v1/query", params={"query": query}, timeout=5, trust_env=False).json()["data"]["result"]
    except (httpx.TransportError, ValueError):  # not there yet, or not ready, which it says in plain text
        return None
    return str(result[0]["metric"]["job"]) if result else None


def test_rules_find_the_endpoint_that_the_app_names(prometheus: str) -> None:
    deadline = time.monotonic() + 60
    while (found := {query: job_of(prometheus, query) for query in WANTED}) != WANTED:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def test_bot_validate_sees_a_label_that_is_not_put_back(renders: Mapping[str, Render]) -> None:
    """As the real Prometheus above: without these steps `endpoint` is the port's name, and every rule by it counts nothing, or all."""
    render = renders["prod"]
    assert list(labels_are_there(render.manifests)) == []
    planted = json.loads(json.dumps(render.objects))
    for monitor in (item for item in planted if item["kind"] == "ServiceMonitor"):
        monitor["spec"]["endpoints"][0].pop("metricRelabelings", None)
    found = list(labels_are_there(Manifests("prod", render.environment.namespace, tuple(planted))))
    for series in ("http_requests_total", "http_request_duration_seconds_bucket", "rest_responses_duration_seconds_bucket"):
        words = f"goes by endpoint of {series}, which the scrape sets: the program's own is exported_endpoint"
        assert any(words in each.what for each in found), series
