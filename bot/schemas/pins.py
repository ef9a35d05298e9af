"""Where each schema comes from: Go module, version, and the files in it. To upgrade, change a version here and run `derive.py`."""

from __future__ import annotations

from dataclasses import dataclass

KUBERNETES = "k8s.io/kubernetes"
SPECIFICATION = "api/openapi-spec/swagger.json"
ENUMS = "pkg/generated/openapi/zz_generated.openapi.go"  # the published specification leaves enums out
KUBERNETES_VERSIONS = {"1.35": "v1.35.4", "1.36": "v1.36.3", "1.37": "v1.37.2"}  # the newest that the module proxy has

KUBERNETES_KINDS = {
    "admissionregistration.k8s.io/v1": (
        "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    ),
    "apiextensions.k8s.io/v1": ("CustomResourceDefinition",),
    "apiregistration.k8s.io/v1": ("APIService",),
    "apps/v1": ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
    "autoscaling/v2": ("HorizontalPodAutoscaler",),
    "batch/v1": ("CronJob", "Job"),
    "coordination.k8s.io/v1": ("Lease",),
    "discovery.k8s.io/v1": ("EndpointSlice",),
    "networking.k8s.io/v1": ("Ingress", "IngressClass", "NetworkPolicy"),
    "node.k8s.io/v1": ("RuntimeClass",),
    "policy/v1": ("PodDisruptionBudget",),
    "rbac.authorization.k8s.io/v1": ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
    "scheduling.k8s.io/v1": ("PriorityClass",),
    "storage.k8s.io/v1": ("CSIDriver", "StorageClass", "VolumeAttributesClass"),
    "v1": (
        "ConfigMap", "LimitRange", "Namespace", "PersistentVolume", "PersistentVolumeClaim", "Pod", "ResourceQuota",
        "Secret", "Service", "ServiceAccount",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Resources:
    """Custom resources of one module: the files of their definitions, and the kinds wanted of them."""

    module: str
    version: str
    paths: tuple[str, ...]
    kinds: tuple[str, ...]
    note: str = ""


_MONITORING = ("podmonitors", "probes", "prometheuses", "prometheusrules", "scrapeconfigs", "servicemonitors")
CUSTOM_RESOURCES = (
    Resources(
        "istio.io/api", "v1.30.8", ("kubernetes/customresourcedefinitions.gen.yaml",),
        ("AuthorizationPolicy", "DestinationRule", "EnvoyFilter", "Gateway", "PeerAuthentication", "ProxyConfig", "RequestAuthentication",
         "ServiceEntry", "Sidecar", "Telemetry", "VirtualService", "WorkloadEntry", "WorkloadGroup"),
    ),
    Resources(
        "github.com/prometheus-operator/prometheus-operator", "v0.93.1",
        tuple(f"example/prometheus-operator-crd/monitoring.coreos.com_{name}.yaml" for name in _MONITORING),
        ("PodMonitor", "Probe", "Prometheus", "PrometheusRule", "ScrapeConfig", "ServiceMonitor"),
    ),
    Resources(
        "github.com/cert-manager/cert-manager", "v1.21.2",
        tuple(f"deploy/crds/cert-manager.io_{name}.yaml" for name in ("certificates", "clusterissuers", "issuers")),
        ("Certificate", "ClusterIssuer", "Issuer"),
    ),
    Resources(
        "github.com/external-secrets/external-secrets", "v1.3.2",
        tuple(f"config/crds/bases/external-secrets.io_{name}.yaml" for name in ("clustersecretstores", "externalsecrets", "secretstores")),
        ("ClusterSecretStore", "ExternalSecret", "SecretStore"),
        note="the nearest that the module proxy has to 2.9.0: fields that came after it are refused here",
    ),
    Resources("k8s.io/autoscaler/vertical-pod-autoscaler", "v1.7.1", ("deploy/vpa-v1-crd-gen.yaml",), ("VerticalPodAutoscaler",)),
    Resources(
        "github.com/kubernetes-csi/external-snapshotter/client/v8", "v8.7.0",
        tuple(f"config/crd/snapshot.storage.k8s.io_{name}.yaml"
              for name in ("volumesnapshotclasses", "volumesnapshotcontents", "volumesnapshots")),
        ("VolumeSnapshot", "VolumeSnapshotClass", "VolumeSnapshotContent"),
    ),
    Resources(
        "github.com/argoproj/argo-cd/v3", "v3.5.1",
        tuple(f"manifests/crds/{name}-crd.yaml" for name in ("application", "applicationset", "appproject")),
        ("AppProject", "Application", "ApplicationSet"),
    ),
)  # fmt: skip
