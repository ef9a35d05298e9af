"""What Prometheus sees in good and in bad times, for each alert: series in promtool's notation, one value a minute."""

from __future__ import annotations

from dataclasses import dataclass

Series = dict[str, str]

OWN, NEIGHBOUR = "context-prod", "context-staging"
NS = f'namespace="{OWN}"'
API = f'job="context-api",{NS}'
QDRANT = f'job="qdrant",{NS}'
NEO4J = f'job="neo4j",{NS}'
REQUESTS = f'http_requests_total{{endpoint="/api/v1/search",{API},status='
PROBES = f'http_requests_total{{endpoint="/health/ready",{API},status='
RECEIVED = f'istio_requests_total{{reporter="destination",destination_workload="context-api",{NS},response_code='
ANSWERS = f"rest_responses_total{{{QDRANT},status="
QUERIES = "neo4j_database_neo4j_db_query_execution"
DAY = 86400


@dataclass(frozen=True)
class Situation:
    """What is there at a moment, and whether an alert fires then."""

    alert: str
    name: str
    series: Series
    fires: bool
    at: str = "20m"

    @property
    def id(self) -> str:
        return f"{self.alert}-{self.name}"


def trouble(alert: str, name: str, series: Series, at: str = "20m") -> Situation:
    return Situation(alert, name, series, fires=True, at=at)


def calm(alert: str, name: str, series: Series, at: str = "20m") -> Situation:
    return Situation(alert, name, series, fires=False, at=at)


def steady(values: dict[str, float]) -> Series:
    return {series: f"{value}x500" for series, value in values.items()}


def growing(per_minute: dict[str, float]) -> Series:
    return {series: f"0+{step}x500" for series, step in per_minute.items()}


def share(metric: str, *, failed: float, fine: float) -> Series:
    """A minute's answers of a counter whose selector is open at the status."""
    return growing({f'{metric}"500"}}': failed, f'{metric}"200"}}': fine})


def up(job: str, value: int) -> Series:
    return steady({f'up{{job="{job}",{NS}}}': value})


def deployment(*, wanted: int, available: int, updated: int) -> Series:
    labels = f'{{deployment="context-api",{NS}}}'
    return steady(
        {
            f"kube_deployment_spec_replicas{labels}": wanted,
            f"kube_deployment_status_replicas_available{labels}": available,
            f"kube_deployment_status_replicas_updated{labels}": updated,
        }
    )


def members(app: str, *, ready: int, wanted: int) -> Series:
    labels = f'{{statefulset="{app}",{NS}}}'
    return steady({f"kube_statefulset_status_replicas_ready{labels}": ready, f"kube_statefulset_replicas{labels}": wanted})


def each_member(metric: str, *values: float, of: str = "neo4j", more: str = "") -> Series:
    return steady({f'{metric}{{job="{of}",pod="{of}-{place}",{NS}{more}}}': value for place, value in enumerate(values)})


def volume(claim: str, *, used: float) -> Series:
    labels = f'{{persistentvolumeclaim="{claim}",{NS}}}'
    return steady({f"kubelet_volume_stats_used_bytes{labels}": used, f"kubelet_volume_stats_capacity_bytes{labels}": 100})


def shrinking(*, free: float, lost: float, claim: str = "data-qdrant-0") -> Series:
    """A volume of 400 bytes that loses some each minute."""
    labels = f'{{persistentvolumeclaim="{claim}",{NS}}}'
    return {
        f"kubelet_volume_stats_available_bytes{labels}": f"{free}-{lost}x500",
        **steady({f"kubelet_volume_stats_capacity_bytes{labels}": 400}),
    }


def container(reason: str, *, ended: str, restarts: str, kind: str = "container") -> Series:
    """A container or an init_container of a Pod whose main container is known, too."""
    labels, name = f'pod="qdrant-0",{NS}', "qdrant" if kind == "container" else "istio-proxy"
    return {
        f'kube_pod_container_info{{container="qdrant",{labels}}}': "1x500",
        f'kube_pod_{kind}_status_{ended}_reason{{reason="{reason}",container="{name}",{labels}}}': "1x500",
        f'kube_pod_{kind}_status_restarts_total{{container="{name}",{labels}}}': restarts,
    }


def memory(used: float) -> Series:
    labels = f'container="api",pod="context-api-1",{NS}'
    limit = f'kube_pod_container_resource_limits{{resource="memory",{labels}}}'
    return steady({f"container_memory_working_set_bytes{{{labels}}}": used, limit: 100})


def api_latency(within: dict[str, float]) -> Series:
    return _buckets("http_request_duration_seconds_bucket", f'endpoint="/api/v1/search",{API}', within)


def search_latency(within: dict[str, float]) -> Series:
    return _buckets("rest_responses_duration_seconds_bucket", f'endpoint="/collections/{{collection_name}}/points/query",{QDRANT}', within)


def _buckets(metric: str, labels: str, within: dict[str, float]) -> Series:
    """Requests a minute that take no longer than so many seconds."""
    return growing({f'{metric}{{le="{limit}",{labels}}}': count for limit, count in within.items()})


def failed_for(minutes: int) -> Series:
    """A tenth of the requests, and none after that."""
    failed = 9 * minutes
    return {f'{REQUESTS}"500"}}': f"0+9x{minutes} {failed}x200", f'{REQUESTS}"200"}}': f"0+91x{minutes + 200}"}


def peers(*known: int) -> Series:
    return {**each_member("cluster_peers_total", *known, of="qdrant"), **members("qdrant", ready=3, wanted=3)}


def autoscaler(*, current: int, most: int) -> Series:
    labels = f'{{horizontalpodautoscaler="context-api",{NS}}}'
    current_series = f"kube_horizontalpodautoscaler_status_current_replicas{labels}"
    return steady({current_series: current, f"kube_horizontalpodautoscaler_spec_max_replicas{labels}": most})


def backup(cronjob: str, *, hours_ago: float) -> Series:
    """At minute 20 of promtool's time, which begins at 0."""
    return steady({f'kube_cronjob_status_last_successful_time{{cronjob="{cronjob}",{NS}}}': 1200 - hours_ago * 3600})


def certificate(days: float) -> Series:
    labels = f'{{name="{OWN}-tls",namespace="cert-manager",exported_namespace="istio-ingress"}}'
    return steady({f"certmanager_certificate_expiration_timestamp_seconds{labels}": days * DAY})


def queries(*, failed: float, fine: float) -> Series:
    return growing({f"{QUERIES}_failure_total{{{NEO4J}}}": failed, f"{QUERIES}_success_total{{{NEO4J}}}": fine})


def page_cache(*, hits: float, usage: float) -> Series:
    ratios = {"neo4j_dbms_page_cache_hit_ratio": hits, "neo4j_dbms_page_cache_usage_ratio": usage}
    return {key: value for metric, ratio in ratios.items() for key, value in each_member(metric, ratio).items()}
