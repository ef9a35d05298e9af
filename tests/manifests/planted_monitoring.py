"""Errors of what is measured, and of what is made of it. The numbers are those of the list of errors of the earlier manifests."""

from __future__ import annotations

from tests.manifests.planting import Planted, expr, one, panel

MONITORING = (
    Planted(
        58,
        "scraping without certificates",
        lambda o: one(o, "ServiceMonitor", "context-api")["spec"]["endpoints"][0].pop("tlsConfig"),
        "ServiceMonitor context-api",
        "tls",
    ),
    Planted(
        59,
        "two Services scraped as one",
        lambda o: one(o, "Service", "qdrant-headless")["metadata"]["labels"].update({"context-foundation/scraped": "true"}),
        "ServiceMonitor qdrant",
        "",
    ),
    Planted(
        61,
        "a histogram that is not there",
        expr(
            "QdrantSearchLatencyHigh",
            "histogram_quantile(0.95, sum by (le) (rate(qdrant_search_duration_seconds_bucket{namespace='context-prod'}[5m]))) > 0.5",
        ),
        "PrometheusRule",
        "qdrant_search_duration_seconds_bucket",
    ),
    Planted(
        62,
        "buckets of a counter",
        expr(
            "Neo4jQueryLatencyHigh",
            "histogram_quantile(0.95, rate(neo4j_transaction_last_committed_tx_id_duration_seconds_bucket{namespace='context-prod'}[5m]))",
        ),
        "PrometheusRule",
        "duration_seconds_bucket",
    ),
    Planted(
        63,
        "a name of Neo4j 4",
        expr("Neo4jNoLeader", "neo4j_cluster_core_is_leader{namespace='context-prod'} == 0"),
        "PrometheusRule",
        "neo4j_cluster_core_is_leader",
    ),
    Planted(
        65,
        "the namespace of another environment",
        expr("ContextAPITargetDown", "absent(up{namespace='context-dev',job=\"context-api\"} == 1)"),
        "PrometheusRule",
        "context-",
    ),
    Planted(
        67, "a model in a wrapper", lambda o: panel(o, lambda model: {"dashboard": model}), "ConfigMap context-foundation-dashboard", ""
    ),
    Planted(
        67,
        "a panel that is gone from Grafana",
        lambda o: panel(o, lambda model: model["panels"][0].update(type="graph")),
        "ConfigMap context-foundation-dashboard",
        "graph",
    ),
    Planted(
        67,
        "a metric that does not exist",
        lambda o: panel(
            o,
            lambda model: next(p for p in model["panels"] if p.get("targets"))["targets"][0].update(
                expr='qdrant_points_total{namespace="$namespace"}'
            ),
        ),
        "ConfigMap context-foundation-dashboard",
        "qdrant_points_total",
    ),
    Planted(
        68,
        "a metric that the API never writes",
        expr("ContextAPIUnhandledExceptions", "sum(rate(search_queries_total{namespace='context-prod',job=\"context-api\"}[5m])) > 1"),
        "PrometheusRule",
        "search_queries_total",
    ),
    Planted(
        68,
        "the rate of a gauge",
        expr("ContextAPIUnhandledExceptions", "rate(http_requests_in_progress{namespace='context-prod',job=\"context-api\"}[5m]) > 1"),
        "PrometheusRule",
        "gauge",
    ),
)
