"""Which changes of a render are dangerous: each danger with a change that has it, and the nearest one that has not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.objects_diff import diff_objects
from bot.risks import dangerous_first, lasting_risks, risks, stateful
from tests.bot.gate_situations import environment

Manifest = dict[str, Any]
Case = tuple[list[Manifest], list[Manifest], list[str]]
PROD = environment("prod")
API = "Deployment api"


def manifest(kind: str, name: str = "api", namespace: str = "prod", **fields: Any) -> Manifest:
    version = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "Job": "batch/v1", "CustomResourceDefinition": "apiextensions.k8s.io/v1"}
    return {"apiVersion": version.get(kind, "v1"), "kind": kind, "metadata": {"name": name, "namespace": namespace}, **fields}


def sentences(before: list[Manifest], after: list[Manifest]) -> list[str]:
    return [risk.sentence for risk in risks(diff_objects(before, after), PROD)]


def removed(kind: str, danger: bool) -> Case:
    return [manifest(kind)], [], [f"deletes {kind} api"] if danger else []


def field(kind: str, old: Any, new: Any, said: str = "", *, key: str = "spec") -> Case:
    """One field of an object changes."""
    return [manifest(kind, **{key: old})], [manifest(kind, **{key: new})], [said] if said else []


def immutable(kind: str, path: str, old: Any, new: Any) -> Case:
    above, _, key = path.rpartition(".")
    said = f"changes the immutable field {path} of {kind} api"
    return field(kind, {key: old}, {key: new}, said) if above else field(kind, old, new, said, key=key)


def disk(size: str) -> Manifest:
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}


LASTING: dict[str, Case] = {
    **{f"a {kind} goes": removed(kind, danger=True) for kind in ("StatefulSet", "PersistentVolumeClaim", "PersistentVolume", "Namespace")},
    "a CRD goes": removed("CustomResourceDefinition", danger=True),
    **{f"a {kind} goes": removed(kind, danger=False) for kind in ("Deployment", "Service", "ConfigMap")},
    "a StatefulSet moves to another namespace": (
        [manifest("StatefulSet")],
        [manifest("StatefulSet", namespace="other")],
        ["deletes StatefulSet api"],
    ),
    "a StatefulSet arrives": ([], [manifest("StatefulSet")], []),
    "a volume template changes": immutable("StatefulSet", "spec.volumeClaimTemplates", [disk("1Gi")], []),
    "the Service of members changes": immutable("StatefulSet", "spec.serviceName", "a", "b"),
    "the strategy of members changes": field("StatefulSet", {"updateStrategy": "a"}, {"updateStrategy": "b"}),
    "a selector changes": immutable("Deployment", "spec.selector", {"a": "b"}, {"a": "c"}),
    "a template of a Deployment changes": field("Deployment", {"template": 1}, {"template": 2}),
    "a Job's template changes": immutable("Job", "spec.template", {"a": 1}, {"a": 2}),
    **{
        f"a Job's template changes, which is made anew by {key}: {value}": (
            [manifest("Job", spec={"template": {"a": 1}}, metadata={"name": "api", "annotations": {f"argocd.argoproj.io/{key}": value}})],
            [manifest("Job", spec={"template": {"a": 2}}, metadata={"name": "api", "annotations": {f"argocd.argoproj.io/{key}": value}})],
            [],
        )
        for key, value in (("hook", "PostSync"), ("sync-options", "Force=true,Replace=true"))
    },
    "a claim's class changes": immutable("PersistentVolumeClaim", "spec.storageClassName", "fast", "slow"),
    "a claim grows": field("PersistentVolumeClaim", disk("1Gi"), disk("2Gi")),
    "a claim shrinks": field(
        "PersistentVolumeClaim", disk("2Gi"), disk("1Gi"), "makes the volume of PersistentVolumeClaim api smaller, which cannot be"
    ),
    "the same size in other words": field("PersistentVolumeClaim", disk("1Gi"), disk("1024Mi")),
    "a class's disks change": immutable("StorageClass", "parameters", {"type": "gp3"}, {"type": "io2"}),
    "a class's provisioner changes": immutable("StorageClass", "provisioner", "a", "b"),
    "a class may grow": field("StorageClass", False, True, key="allowVolumeExpansion"),
    "another role is bound": immutable("RoleBinding", "roleRef", {"name": "reader"}, {"name": "writer"}),
    "another cluster role is bound": immutable("ClusterRoleBinding", "roleRef", {"name": "reader"}, {"name": "writer"}),
    "a role is bound to somebody else": field("RoleBinding", [{"name": "a"}], [{"name": "b"}], key="subjects"),
    "a Service becomes headless": field("Service", {}, {"clusterIP": "None"}, "turns Service api headless or back, which cannot be"),
    "a Service gets an address": field("Service", {"clusterIP": "None"}, {"a": 1}, "turns Service api headless or back, which cannot be"),
    "a Service's ports change": field("Service", {"clusterIP": "None", "ports": 1}, {"clusterIP": "None", "ports": 2}),
}
STOPPED: dict[str, Case] = {
    "nothing is left of it": field("Deployment", {"replicas": 2}, {"replicas": 0}, "scales Deployment api to zero"),
    "one is left of it": field("Deployment", {"replicas": 2}, {"replicas": 1}),
    "nothing stays of it": field("Deployment", {"replicas": 0, "a": 1}, {"replicas": 0, "a": 2}),
    "it arrives without replicas": ([], [manifest("Deployment", spec={"replicas": 0})], ["scales Deployment api to zero"]),
    "an object without a spec": field("Deployment", None, {"a": 1}),
    "an autoscaler may stop everything": field(
        "HorizontalPodAutoscaler", {"minReplicas": 1}, {"minReplicas": 0}, "scales what HorizontalPodAutoscaler api scales to zero"
    ),
    "an autoscaler leaves one": field("HorizontalPodAutoscaler", {"minReplicas": 3}, {"minReplicas": 1}),
    "an autoscaler says no least": field("HorizontalPodAutoscaler", {"minReplicas": 3}, {"maxReplicas": 3}),
}
PROTECTORS: dict[str, Case] = {
    **{
        f"a {kind} goes": removed(kind, danger=True)
        for kind in ("NetworkPolicy", "AuthorizationPolicy", "PeerAuthentication", "PodDisruptionBudget")
    },
    "a NetworkPolicy arrives": ([], [manifest("NetworkPolicy")], []),
    "a NetworkPolicy changes": field("NetworkPolicy", {"a": 1}, {"a": 2}),
    "a namespace demands less": (
        [manifest("Namespace", metadata={"name": "api", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}})],
        [manifest("Namespace", metadata={"name": "api", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}})],
        ["weakens Namespace api: pod-security.kubernetes.io/enforce falls from restricted to baseline"],
    ),
    "a namespace demands nothing any more": (
        [manifest("Namespace", metadata={"name": "api", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}})],
        [manifest("Namespace", metadata={"name": "api"})],
        ["weakens Namespace api: pod-security.kubernetes.io/enforce falls from baseline to privileged"],
    ),
    "a namespace demands more": (
        [manifest("Namespace", metadata={"name": "api", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}})],
        [manifest("Namespace", metadata={"name": "api", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}})],
        [],
    ),
}


def container(name: str = "api", **changes: Any) -> Manifest:
    context = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    return {"name": name, "securityContext": context | changes}


def pod(*containers: Manifest, **changes: Any) -> Manifest:
    """A Deployment whose Pods are restricted."""
    context = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}} | changes.pop("securityContext", {})
    spec = {"securityContext": context, "containers": list(containers or [container()])} | changes
    return manifest("Deployment", spec={"template": {"spec": spec}})


def weaker(after: Manifest, *what: str, before: Manifest | None = None) -> Case:
    return [before or pod()], [after], [f"weakens {API}: {each}" for each in what]


HOST_PATH = {"name": "run", "hostPath": {"path": "/var/run"}}
PODS: dict[str, Case] = {
    "another image": weaker(pod(container() | {"image": "b"})),
    "privileged": weaker(pod(container(privileged=True)), "is privileged (api)"),
    "not privileged, in so many words": weaker(pod(container(privileged=False))),
    "privileged as before": weaker(pod(container(privileged=True) | {"image": "b"}), before=pod(container(privileged=True))),
    "runAsNonRoot goes": weaker(pod(securityContext={"runAsNonRoot": None}), "no longer says runAsNonRoot (api)"),
    "runAsNonRoot is taken back by a container": weaker(pod(container(runAsNonRoot=False)), "no longer says runAsNonRoot (api)"),
    "runAsNonRoot moves from the Pod to its container": weaker(pod(container(runAsNonRoot=True), securityContext={"runAsNonRoot": None})),
    "runs as root": weaker(pod(securityContext={"runAsUser": 0}), "runs as root (api)"),
    "runs as somebody else": weaker(pod(securityContext={"runAsUser": 1001})),
    "escalation is allowed": weaker(pod(container(allowPrivilegeEscalation=True)), "may gain privileges (api)"),
    "escalation is no longer forbidden": weaker(pod(container(allowPrivilegeEscalation=None)), "may gain privileges (api)"),
    "a capability is added": weaker(
        pod(container(capabilities={"drop": ["ALL"], "add": ["CAP_SYS_ADMIN"]})), "adds the capability SYS_ADMIN (api)"
    ),
    "a capability is taken back": weaker(pod(), before=pod(container(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}))),
    "capabilities are kept": weaker(pod(container(capabilities={"drop": ["NET_RAW"]})), "no longer drops the capability ALL (api)"),
    "all capabilities go instead of one": weaker(pod(), before=pod(container(capabilities={"drop": ["NET_RAW"]}))),
    "a path of the node": weaker(pod(volumes=[HOST_PATH]), "mounts the node's /var/run"),
    "an empty folder": weaker(pod(volumes=[{"name": "run", "emptyDir": {}}])),
    **{f"has {key}": weaker(pod(**{key: True}), f"has {key}") for key in ("hostNetwork", "hostPID", "hostIPC")},
    "has no hostNetwork": weaker(pod(hostNetwork=False)),
    "a port of the node": weaker(pod(container() | {"ports": [{"hostPort": 80}]}), "takes a port of the node (api)"),
    "a port of its own": weaker(pod(container() | {"ports": [{"containerPort": 80}]})),
    "seccomp goes": weaker(pod(securityContext={"seccompProfile": None}), "without a seccomp profile (api)"),
    "seccomp is unconfined": weaker(pod(securityContext={"seccompProfile": {"type": "Unconfined"}}), "without a seccomp profile (api)"),
    "seccomp is another": weaker(pod(securityContext={"seccompProfile": {"type": "Localhost", "localhostProfile": "a"}})),
    "its root is writable": weaker(pod(container(readOnlyRootFilesystem=False)), "may write to its own root (api)"),
    "a restricted container more": weaker(pod(container(), container("sidecar"))),
    "an open container more": weaker(
        pod(container(), {"name": "sidecar"}),
        "may gain privileges (sidecar)",
        "may write to its own root (sidecar)",
        "no longer drops the capability ALL (sidecar)",
    ),
    "a new name does not hide it": weaker(
        pod(container("api2", readOnlyRootFilesystem=False), initContainers=[container("first", privileged=True)]),
        "is privileged (first)",
        "may write to its own root (api2)",
    ),
    "one sentence for all containers": weaker(
        pod(container(), container("b"), securityContext={"seccompProfile": None}),
        "without a seccomp profile (api, b)",
        before=pod(container(), container("b")),
    ),
    "it arrives open": (
        [],
        [pod({"name": "api", "securityContext": {"privileged": True}}, volumes=[HOST_PATH])],
        [f"weakens {API}: is privileged (api)", f"weakens {API}: mounts the node's /var/run"],
    ),
    "it arrives restricted": ([], [pod()], []),
    "it goes": ([pod(container(privileged=True))], [], []),
    "its shape is wrong": weaker(
        manifest("Deployment", spec={"template": {"spec": {"containers": [3, {"securityContext": 4}]}}}),
        "may gain privileges (unnamed)",
        "may write to its own root (unnamed)",
        "no longer drops the capability ALL (unnamed)",
        "no longer says runAsNonRoot (unnamed)",
        "without a seccomp profile (unnamed)",
    ),
    "a CronJob's": (
        [manifest("CronJob", spec={"jobTemplate": {"spec": {"template": {"spec": {"containers": [container()]}}}}})],
        [manifest("CronJob", spec={"jobTemplate": {"spec": {"template": {"spec": {"containers": [container(privileged=True)]}}}}})],
        ["weakens CronJob api: is privileged (api)"],
    ),
}


def alert(name: str = "Errors", expr: str = 'up{job="api"} == 0', **changes: Any) -> Manifest:
    return {"alert": name, "expr": expr, "for": "5m", "labels": {"promotion_gate": "block", "environment": "prod"}} | changes


def group(*rules: Manifest, name: str = "api") -> Manifest:
    return manifest("PrometheusRule", name, spec={"groups": [{"name": "a", "rules": list(rules)}]})


def blinder(after: list[Manifest], said: str = "", *, before: Manifest | None = None) -> Case:
    return [group(before or alert())], [group(*after)], [said] if said else []


WEAKENED = "weakens the blocking alert Errors: "
ALERTS: dict[str, Case] = {
    "an alert goes": blinder([], "removes the blocking alert Errors"),
    "its object goes": ([group(alert())], [], ["removes the blocking alert Errors"]),
    "it gets another name": blinder([alert("Mistakes")], "removes the blocking alert Errors"),
    "it moves to another object": ([group(alert())], [group(alert(), name="other")], []),
    "an alert arrives": blinder([alert(), alert("More")]),
    "another summary": blinder([alert(annotations={"summary": "a"})]),
    "another expression": blinder([alert(expr='up{job="api"} == 2')], WEAKENED + "another expression"),
    "an expression that cannot be read": blinder([alert(expr="up ==")], WEAKENED + "another expression"),
    "the same expression in other words": blinder([alert(expr='up{job = "api",}\n  == 0')]),
    "it waits longer": blinder([alert(**{"for": "10m"})], WEAKENED + "for 300 s becomes 600 s"),
    "it waits less": blinder([alert(**{"for": "1m"})]),
    "it is over sooner": blinder([alert()], WEAKENED + "keep_firing_for 600 s becomes 0 s", before=alert(keep_firing_for="10m")),
    "it lasts longer": blinder([alert(keep_firing_for="10m")]),
    "a duration that cannot be read": blinder([alert(**{"for": "soon"})], "removes the blocking alert Errors"),
    "its label lets promotions pass": blinder([alert(labels={"promotion_gate": "ignore"})], WEAKENED + "by its labels it no longer blocks"),
    "it is no longer critical": blinder(
        [alert(labels={"severity": "warning"})],
        WEAKENED + "by its labels it no longer blocks",
        before=alert(labels={"severity": "critical"}),
    ),
    "it is critical instead of labelled": blinder([alert(labels={"severity": "critical"})]),
    "it belongs to another environment": blinder(
        [alert(labels={"promotion_gate": "block", "environment": "dev"})], WEAKENED + "by its labels it no longer blocks"
    ),
    "one that never blocked goes": blinder([], before=alert(labels={"severity": "warning"})),
    "all at once": blinder(
        [alert(expr="up == 2", labels={}, **{"for": "1h"})],
        WEAKENED + "by its labels it no longer blocks; another expression; for 300 s becomes 3600 s",
    ),
    "one of two of its name stays as it is": (
        [group(alert(), alert(expr="up == 2"))],
        [group(alert())],
        [WEAKENED + "another expression"],
    ),
    "a recording rule changes": blinder(
        [{"record": "a:b", "expr": "up"}],
        "changes or removes the recording rule a:b, which alerts may rest on",
        before={"record": "a:b", "expr": "up == 1"},
    ),
    "a recording rule is written anew": blinder([{"record": "a:b", "expr": "up==1"}], before={"record": "a:b", "expr": "up == 1"}),
    "its shape is wrong": ([group(alert())], [manifest("PrometheusRule", spec={"groups": 3})], ["removes the blocking alert Errors"]),
}
GROUPS = {"scale": STOPPED, "protection": PROTECTORS, "Pods": PODS, "alerts": ALERTS}
LESS = {f"{name}: {example}": case for name, cases in GROUPS.items() for example, case in cases.items()}
EVERYTHING = {**LASTING, **LESS}


@pytest.mark.parametrize("name", EVERYTHING)
def test_dangerous_changes_are_said_in_words(name: str) -> None:
    before, after, said = EVERYTHING[name]
    assert sorted(sentences(before, after)) == sorted(said)


@pytest.mark.parametrize("name", LASTING)
def test_what_is_lost_for_ever_no_rollback_may_carry(name: str) -> None:
    before, after, said = LASTING[name]
    assert list(lasting_risks(diff_objects(before, after))) == said


@pytest.mark.parametrize("name", LESS)
def test_a_rollback_may_carry_the_rest(name: str) -> None:
    before, after, _ = LESS[name]
    assert lasting_risks(diff_objects(before, after)) == ()


def test_the_worst_comes_first_whatever_the_names() -> None:
    before = [
        manifest("ConfigMap", "a"),
        manifest("Deployment", "b", spec={"replicas": 1}),
        pod(),
        group(alert(), name="c"),
        manifest("NetworkPolicy", "d"),
        manifest("PodDisruptionBudget", "e"),
        manifest("Service", "f", spec={"clusterIP": "None"}),
        manifest("StatefulSet", "g", spec={"replicas": 1}),
    ]
    after = [manifest("Deployment", "b", spec={"replicas": 0}), pod(hostNetwork=True), manifest("Service", "f", spec={})]
    changes = diff_objects(before, after)
    found = risks(changes, PROD)
    assert [risk.sentence.partition(":")[0] for risk in found] == [
        "deletes StatefulSet g",
        "turns Service f headless or back, which cannot be",
        "scales Deployment b to zero",
        "weakens Deployment api",
        "deletes NetworkPolicy d",
        "removes the blocking alert Errors",
        "deletes PodDisruptionBudget e",
    ]
    assert [change.name for change in dangerous_first(changes, found)] == ["g", "f", "b", "api", "d", "c", "e", "a"]


KEYS = ("spec", "template", "containers", "securityContext", "capabilities", "volumes", "hostPath", "groups", "rules", "alert", "labels")
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=12,
)


@given(st.sampled_from(["Deployment", "CronJob", "Namespace", "PrometheusRule", "PersistentVolumeClaim", "Service"]), JUNK, JUNK)
def test_whatever_shape_a_manifest_has_it_is_judged(kind: str, one: object, other: object) -> None:
    before, after = manifest(kind, spec=one), manifest(kind, spec=other)
    assert len(risks(diff_objects([before], [after]), PROD)) >= len(lasting_risks(diff_objects([before], [after])))


def test_what_keeps_data_is_known() -> None:
    assert stateful([manifest("StatefulSet", "db"), manifest("Deployment"), manifest("PersistentVolumeClaim", "pvc")]) == (
        "StatefulSet db",
        "PersistentVolumeClaim pvc",
    )
