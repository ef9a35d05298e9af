"""What issue 4 promises of context-api."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.docs.promise import BEYOND_DEV, CLUSTERS, PROD, Promise, container, from_secret, given, has, named, together, variables
from tests.docs.stack import at

if TYPE_CHECKING:
    from tests.docs.promise import Find, Test
    from tests.docs.stack import Item

POD = "spec.template.spec"
SECRETS = (
    "JWT_SECRET_KEY",
    "SUPABASE_URL",
    "SUPABASE_ANON_KEY",
    "SUPABASE_SERVICE_KEY",
    "SUPABASE_JWT_SECRET",
    "NEO4J_PASSWORD",
    "QDRANT_API_KEY",
)
SETTINGS = ("NEO4J_URI", "NEO4J_USER", "QDRANT_HOST", "QDRANT_PORT", "QDRANT_COLLECTION", "LOG_LEVEL", "ENVIRONMENT")
SPREAD = {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
KEYS = ("jwt-secret-key", "supabase-url", "supabase-anon-key", "supabase-service-key", "supabase-jwt-secret")


def deployment(*tests: Test) -> Find:
    """The Deployment, if it is what is wanted."""
    return named("Deployment", "context-api", *tests)


def scaler(*tests: Test) -> Find:
    """The HorizontalPodAutoscaler, if it is what is wanted."""
    return named("HorizontalPodAutoscaler", "context-api", *tests)


def probe(kind: str, path: str) -> Test:
    """Whether a probe asks for this path."""
    return has(f"{POD}.containers.0.{kind}.httpGet.path", path)


def measures(name: str) -> Test:
    """Whether the autoscaler looks at a metric."""
    places = ("containerResource.name", "resource.name", "pods.metric.name")
    return lambda item: name in {at(metric, place) for metric in at(item, "spec.metrics") for place in places}


def _spreads(item: Item) -> bool:
    return {each["topologyKey"] for each in at(item, f"{POD}.topologySpreadConstraints") or []} >= SPREAD


def _shuts_down_gracefully(item: Item) -> bool:
    pause = at(item, f"{POD}.containers.0.lifecycle.preStop.sleep.seconds") or 0
    return bool(0 < pause < at(item, f"{POD}.terminationGracePeriodSeconds"))


def _within_3_to_20(item: Item) -> bool:
    return bool(3 <= at(item, "spec.minReplicas") <= at(item, "spec.maxReplicas") == 20)


def _serves_request_rate(item: Item) -> bool:
    return "http_requests_per_second" in {at(rule, "name.as") for rule in at(item, "values.rules.custom") or []}


CONTEXT_API = (
    Promise(
        "rolling update, maxSurge 1, maxUnavailable 0", deployment(has("spec.strategy.rollingUpdate", {"maxSurge": 1, "maxUnavailable": 0}))
    ),
    Promise("liveness probe", deployment(probe("livenessProbe", "/health/live"))),
    Promise("readiness probe", deployment(probe("readinessProbe", "/health/ready"))),
    Promise("startup probe", deployment(probe("startupProbe", "/health/live"))),
    Promise("anti-affinity", deployment(given(f"{POD}.affinity.podAntiAffinity"))),
    Promise("topology spread over nodes and zones", deployment(_spreads)),
    Promise("graceful shutdown", deployment(_shuts_down_gracefully)),
    Promise("HPA within 3 to 20 Pods", scaler(_within_3_to_20), PROD),
    Promise("HPA on CPU", scaler(measures("cpu")), BEYOND_DEV),
    Promise("HPA on memory", scaler(measures("memory")), BEYOND_DEV),
    Promise("HPA on a request rate", scaler(measures("http_requests_per_second")), BEYOND_DEV),
    Promise(
        "HPA with stabilization",
        scaler(given("spec.behavior.scaleUp.stabilizationWindowSeconds", "spec.behavior.scaleDown.stabilizationWindowSeconds")),
        BEYOND_DEV,
    ),
    Promise("HPA with scale policies", scaler(given("spec.behavior.scaleUp.policies", "spec.behavior.scaleDown.policies")), BEYOND_DEV),
    Promise("what serves the request rate", named("Chart", "prometheus-adapter", _serves_request_rate), CLUSTERS),
    Promise("VPA that does not fight the HPA", named("VerticalPodAutoscaler", "context-api", has("spec.updatePolicy.updateMode", "Off"))),
    Promise("PodDisruptionBudget", named("PodDisruptionBudget", "context-api", has("spec.maxUnavailable", 1))),
    Promise("Service, ClusterIP", named("Service", "context-api", has("spec.type", "ClusterIP"))),
    Promise("Service, headless", named("Service", "context-api-headless", has("spec.clusterIP", "None"))),
    Promise(
        "a check of the image's contract after each sync",
        named("Job", "context-api-smoke", lambda item: at(item, "metadata.annotations")["argocd.argoproj.io/hook"] == "PostSync"),
    ),
    Promise("ServiceAccount without a token", named("ServiceAccount", "context-api", has("automountServiceAccountToken", value=False))),
    Promise(
        "settings by the names that the API reads",
        together(
            named("ConfigMap", "context-api-settings", lambda item: set(SETTINGS) <= item["data"].keys()),
            deployment(given(f"{POD}.containers.0.envFrom")),
        ),
    ),
    Promise(
        "secrets by the names that the API reads", deployment(container(variables(*SECRETS)), container(from_secret("context-api", *KEYS)))
    ),
)
