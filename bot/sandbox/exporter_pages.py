"""What each scrape job of the sandbox's workloads exports, with the names that the alert rules use."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.sandbox.exporter import ExportedEnvironment

KUBE_STATE_METRICS = "kube-state-metrics"
LATENCIES = ((0.05, 0.6), (0.1, 0.9), (0.5, 0.99), (1.0, 1.0))  # seconds, share of requests that take no longer

Line = tuple[str, dict[str, str], float]  # metric, labels, value


def _context_api(exported: ExportedEnvironment) -> Iterator[Line]:
    search = {"endpoint": "/api/v1/search", "method": "POST"}
    total = sum(exported.requests.values())
    for status in ("200", "500"):
        yield "http_requests_total", {**search, "status": status}, exported.requests[status]
    for limit, share in LATENCIES:
        yield "http_request_duration_seconds_bucket", {**search, "le": str(limit)}, total * share
    yield "http_request_duration_seconds_bucket", {**search, "le": "+Inf"}, total
    yield "http_request_duration_seconds_count", search, total
    yield "http_request_duration_seconds_sum", search, total * 0.06
    yield "http_requests_in_progress", search, 1
    yield "errors_total", {"error_type": "ValueError", "endpoint": "/api/v1/search"}, exported.requests["500"]
    for status in ("200", "500"):  # of the sidecar
        received = {"reporter": "destination", "destination_workload": "context-api", "response_code": status}
        yield "istio_requests_total", received, exported.requests[status]


def _qdrant(exported: ExportedEnvironment) -> Iterator[Line]:
    total = sum(exported.requests.values())
    search = {"method": "POST", "endpoint": "/collections/{collection_name}/points/search", "status": "200"}
    yield "cluster_peers_total", {}, exported.replicas["qdrant"]
    yield "cluster_pending_operations_total", {}, 0
    yield "cluster_commit", {}, 100
    yield "cluster_working_state", {"state": "working"}, 1
    yield "cluster_working_state", {"state": "stopped"}, 0
    yield "collection_dead_replicas", {}, 0
    yield "collections_total", {}, 1
    yield "rest_responses_total", search, total
    for limit, share in LATENCIES:
        yield "rest_responses_duration_seconds_bucket", {**search, "le": str(limit)}, total * share
    yield "rest_responses_duration_seconds_bucket", {**search, "le": "+Inf"}, total


def _neo4j(exported: ExportedEnvironment) -> Iterator[Line]:
    total = sum(exported.requests.values())
    yield "neo4j_database_neo4j_cluster_raft_is_leader", {}, 1
    yield "neo4j_database_system_cluster_raft_is_leader", {}, 1
    yield "neo4j_database_neo4j_transaction_last_committed_tx_id_total", {}, total
    yield "neo4j_database_neo4j_db_query_execution_latency_millis", {"quantile": "0.95"}, 12
    yield "neo4j_database_neo4j_db_query_execution_success_total", {}, total
    yield "neo4j_database_neo4j_db_query_execution_failure_total", {}, 0
    yield "neo4j_dbms_page_cache_hit_ratio", {}, 0.99


def _kube_state_metrics(exported: ExportedEnvironment) -> Iterator[Line]:
    space = {"namespace": exported.namespace}
    for name in ("qdrant", "neo4j"):
        stateful_set = {**space, "statefulset": name}
        yield "kube_statefulset_replicas", stateful_set, exported.replicas[name]
        yield "kube_statefulset_status_replicas_ready", stateful_set, exported.replicas[name]
    deployment = {**space, "deployment": "context-api"}
    replicas = exported.replicas["context-api"]
    yield "kube_deployment_spec_replicas", deployment, replicas
    yield "kube_deployment_status_replicas_available", deployment, 0 if exported.crash_looping else replicas
    yield "kube_deployment_status_replicas_updated", deployment, replicas
    yield "kube_deployment_metadata_generation", deployment, 1
    yield "kube_deployment_status_observed_generation", deployment, 1
    for name in ("qdrant-backup", "neo4j-backup"):
        yield "kube_cronjob_status_last_successful_time", {**space, "cronjob": name}, time.time() - 3600
    for pod in exported.pods():
        sidecar = {**space, "pod": pod.name, "container": "istio-proxy"}  # a native one, so an init container
        yield "kube_pod_init_container_status_restarts_total", sidecar, 0
        for image in pod.images:
            yield from _container(exported, {**space, "pod": pod.name}, image=image)


def _container(exported: ExportedEnvironment, labels: dict[str, str], *, image: str) -> Iterator[Line]:
    tagged, _, digest = image.partition("@")
    slash, colon = tagged.rfind("/"), tagged.rfind(":")
    repository = tagged[:colon] if colon > slash else tagged
    container = {**labels, "container": repository.rpartition("/")[2]}
    seen = {"image": tagged, "image_spec": image, "image_id": f"{repository}@{digest}" if digest else ""}
    yield "kube_pod_container_info", {**container, **seen}, 1
    yield "kube_pod_container_status_ready", container, 0 if exported.crash_looping else 1
    yield "kube_pod_container_status_restarts_total", container, 3 if exported.crash_looping else 0
    if exported.crash_looping:
        yield "kube_pod_container_status_waiting_reason", {**container, "reason": "CrashLoopBackOff"}, 1
        yield "kube_pod_container_status_last_terminated_reason", {**container, "reason": "Error"}, 1


PAGES: dict[str, Callable[[ExportedEnvironment], Iterator[Line]]] = {
    "context-api": _context_api,
    "qdrant": _qdrant,
    "neo4j": _neo4j,
    KUBE_STATE_METRICS: _kube_state_metrics,
}
