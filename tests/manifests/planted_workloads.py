"""Errors of workloads, their settings and their storage. The numbers are those of the list of errors of the earlier manifests."""

from __future__ import annotations

from tests.manifests.planting import Planted, api, database, env, first_env, one, pod, setting, spec, without_env

WORKLOADS = (
    Planted(
        6,
        "limits for a container that is not there",
        lambda o: pod(o, "StatefulSet", "qdrant")["containers"].append({"name": "other", "resources": {}}),
        "StatefulSet qdrant",
        "image",
    ),
    Planted(
        7,
        "the claims' list is replaced by one without class",
        lambda o: one(o, "StatefulSet", "qdrant")["spec"].update(
            volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}]
        ),
        "StatefulSet qdrant",
        "qdrant-storage",
    ),
    Planted(
        8,
        "the environment is in a selector",
        lambda o: one(o, "Deployment", "context-api")["spec"]["selector"]["matchLabels"].update(environment="prod"),
        "Deployment context-api",
        "selector",
    ),
    Planted(
        10,
        "an object of another namespace",
        lambda o: one(o, "Service", "qdrant")["metadata"].update(namespace="mlcf"),
        "Service qdrant",
        "namespace",
    ),
    Planted(
        11,
        "a ConfigMap that is not there",
        lambda o: api(o).update(envFrom=[{"configMapRef": {"name": "api-config"}}]),
        "Deployment context-api",
        "api-config",
    ),
    Planted(
        12,
        "a key that qdrant's ConfigMap lacks",
        lambda o: database(o, "qdrant")["env"].append(
            {
                "name": "QDRANT__LOG_LEVEL",
                "valueFrom": {"configMapKeyRef": {"name": one(o, "ConfigMap", "qdrant-settings")["metadata"]["name"], "key": "LOG_LEVEL"}},
            }
        ),
        "StatefulSet qdrant",
        "LOG_LEVEL",
    ),
    Planted(
        13,
        "a key that neo4j's ConfigMap lacks",
        lambda o: database(o, "neo4j")["env"].append(
            {
                "name": "NEO4J_server_memory_pagecache_size",
                "valueFrom": {
                    "configMapKeyRef": {"name": one(o, "ConfigMap", "neo4j-settings")["metadata"]["name"], "key": "PAGE_CACHE_SIZE"}
                },
            }
        ),
        "StatefulSet neo4j",
        "PAGE_CACHE_SIZE",
    ),
    Planted(
        14,
        "JWT_SECRET for JWT_SECRET_KEY",
        lambda o: next(e for e in api(o)["env"] if e["name"] == "JWT_SECRET_KEY").update(name="JWT_SECRET"),
        "Deployment context-api",
        "JWT_SECRET_KEY",
    ),
    Planted(
        14,
        "no QDRANT_COLLECTION",
        lambda o: setting(o, "context-api-settings", "QDRANT_COLLECTION", None),
        "Deployment context-api",
        "QDRANT_COLLECTION",
    ),
    Planted(
        16,
        "liveness asks the databases",
        lambda o: api(o)["livenessProbe"]["httpGet"].update(path="/health"),
        "Deployment context-api",
        "livenessProbe",
    ),
    Planted(17, "latest", lambda o: api(o).update(image="ghcr.io/dpdpdpdp0987/context-api:latest"), "Deployment context-api", "latest"),
    Planted(17, "pulled always", lambda o: api(o).update(imagePullPolicy="Always"), "Deployment context-api", "imagePullPolicy"),
    Planted(18, "no bootstrap", lambda o: without_env(database(o, "qdrant"), "QDRANT_BOOTSTRAP"), "StatefulSet qdrant", "QDRANT_BOOTSTRAP"),
    Planted(
        19,
        "members start in order",
        spec("StatefulSet", "neo4j", podManagementPolicy="OrderedReady"),
        "StatefulSet neo4j",
        "podManagementPolicy",
    ),
    Planted(
        19,
        "members that are not ready have no name",
        lambda o: one(o, "Service", "qdrant-headless")["spec"].pop("publishNotReadyAddresses"),
        "Service qdrant-headless",
        "publishNotReadyAddresses",
    ),
    Planted(
        20,
        "the image that runs as root",
        lambda o: database(o, "qdrant").update(image="docker.io/qdrant/qdrant:v1.19.0"),
        "StatefulSet qdrant",
        "unprivileged",
    ),
    Planted(
        22, "a setting of Neo4j 4", lambda o: setting(o, "neo4j-settings", "NEO4J_dbms_mode", "CORE"), "StatefulSet neo4j", "dbms.mode"
    ),
    Planted(
        22,
        "another setting of Neo4j 4",
        lambda o: env(database(o, "neo4j"), "NEO4J_causal__clustering_discovery__type", "LIST"),
        "StatefulSet neo4j",
        "causal",
    ),
    Planted(23, "POD_NAME after its use", lambda o: first_env(database(o, "neo4j"), "POD_NAME"), "StatefulSet neo4j", "POD_NAME"),
    Planted(
        24,
        "another environment's address",
        lambda o: env(
            database(o, "neo4j"), "NEO4J_server_cluster_advertised__address", "neo4j-0.neo4j-headless.context-dev.svc.cluster.local:6000"
        ),
        "StatefulSet neo4j",
        "context-dev",
    ),
    Planted(
        25,
        "discovery v1",
        lambda o: env(database(o, "neo4j"), "NEO4J_dbms_cluster_discovery_v2_endpoints", "neo4j-0:5000,neo4j-1:5000,neo4j-2:5000"),
        "StatefulSet neo4j",
        "5000",
    ),
    Planted(
        25,
        "no routing address",
        lambda o: without_env(database(o, "neo4j"), "NEO4J_server_routing_advertised__address"),
        "StatefulSet neo4j",
        "routing",
    ),
    Planted(
        26,
        "one primary",
        lambda o: setting(o, "neo4j-settings", "NEO4J_initial_dbms_default__primaries__count", None),
        "neo4j",
        "primaries",
    ),
    Planted(27, "no startup probe", lambda o: database(o, "neo4j").pop("startupProbe"), "StatefulSet neo4j", "startupProbe"),
    Planted(
        28, "no word on the licence", lambda o: setting(o, "neo4j-settings", "NEO4J_ACCEPT_LICENSE_AGREEMENT", None), "neo4j", "LICENSE"
    ),
    Planted(
        29, "service links", lambda o: pod(o, "StatefulSet", "neo4j").pop("enableServiceLinks"), "StatefulSet neo4j", "enableServiceLinks"
    ),
    Planted(
        30,
        "half a minute to shut down",
        lambda o: pod(o, "StatefulSet", "neo4j").pop("terminationGracePeriodSeconds"),
        "StatefulSet neo4j",
        "terminationGracePeriodSeconds",
    ),
    Planted(31, "five members, three listed", spec("StatefulSet", "neo4j", replicas=5), "neo4j", "5"),
    Planted(32, "one member waits for three", spec("StatefulSet", "neo4j", replicas=1), "neo4j", "primaries"),
    Planted(33, "replicas beside an autoscaler", spec("Deployment", "context-api", replicas=3), "Deployment context-api", "replicas"),
    Planted(
        34,
        "a metric that nobody serves",
        lambda o: one(o, "HorizontalPodAutoscaler", "context-api")["spec"]["metrics"].append(
            {"type": "Pods", "pods": {"metric": {"name": "queue_length"}, "target": {"type": "AverageValue", "averageValue": "1"}}}
        ),
        "HorizontalPodAutoscaler context-api",
        "queue_length",
    ),
    Planted(
        35,
        "a VPA that fights the HPA",
        spec("VerticalPodAutoscaler", "context-api", updatePolicy={"updateMode": "Auto"}),
        "VerticalPodAutoscaler context-api",
        "updateMode",
    ),
    Planted(
        36,
        "an HPA on a database",
        lambda o: one(o, "HorizontalPodAutoscaler", "context-api")["spec"].update(
            scaleTargetRef={"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "qdrant"}
        ),
        "HorizontalPodAutoscaler context-api",
        "StatefulSet",
    ),
    Planted(
        37,
        "a budget that selects nothing",
        lambda o: one(o, "PodDisruptionBudget", "qdrant")["spec"].update(selector={"matchLabels": {"app": "mlcf"}}),
        "PodDisruptionBudget qdrant",
        "selector",
    ),
    Planted(
        38,
        "a kind that is gone",
        lambda o: o.append(
            {
                "apiVersion": "policy/v1beta1",
                "kind": "PodSecurityPolicy",
                "metadata": {"name": "restricted", "namespace": "context-prod"},
                "spec": {},
            }
        ),
        "PodSecurityPolicy restricted",
        "1.25",
    ),
    Planted(
        39,
        "no Pod Security",
        lambda o: [
            one(o, "Namespace", "context-prod")["metadata"]["labels"].pop(key)
            for key in list(one(o, "Namespace", "context-prod")["metadata"]["labels"])
            if "pod-security" in key
        ],
        "Namespace context-prod",
        "pod-security",
    ),
    Planted(
        40,
        "a Role that reads Secrets",
        lambda o: one(o, "Role", "operators")["rules"].append({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}),
        "Role operators",
        "secrets",
    ),
    Planted(
        40,
        "a mounted token",
        lambda o: pod(o, "StatefulSet", "neo4j").update(automountServiceAccountToken=True),
        "StatefulSet neo4j",
        "automountServiceAccountToken",
    ),
    Planted(
        69,
        "a class of the old names",
        lambda o: one(o, "StatefulSet", "qdrant")["spec"]["volumeClaimTemplates"][0]["spec"].update(storageClassName="standard"),
        "StatefulSet qdrant",
        "standard",
    ),
    Planted(
        70,
        "a volume for many nodes",
        lambda o: one(o, "StatefulSet", "qdrant")["spec"]["volumeClaimTemplates"][0]["spec"].update(accessModes=["ReadWriteMany"]),
        "StatefulSet qdrant",
        "ReadWriteMany",
    ),
    Planted(
        70,
        "a claim that nobody uses",
        lambda o: o.append(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": "backup", "namespace": "context-prod", "labels": {"environment": "prod"}},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "storageClassName": "ctx-archive",
                    "resources": {"requests": {"storage": "1Gi"}},
                },
            }
        ),
        "PersistentVolumeClaim backup",
        "",
    ),
    Planted(
        71,
        "a Secret in Git",
        lambda o: o.append(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "placeholder", "namespace": "context-prod", "labels": {"environment": "prod"}},
                "stringData": {"password": "changeme"},
            }
        ),
        "Secret placeholder",
        "",
    ),
    Planted(
        76,
        "spread over old and new Pods together",
        lambda o: [each.pop("matchLabelKeys") for each in pod(o, "Deployment", "context-api")["topologySpreadConstraints"]],
        "Deployment context-api",
        "matchLabelKeys",
    ),
    Planted(
        76,
        "scratch space without limit",
        lambda o: api(o)["resources"]["limits"].pop("ephemeral-storage"),
        "Deployment context-api",
        "ephemeral-storage",
    ),
)
