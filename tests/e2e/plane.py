"""A Kubernetes control plane on loopback: etcd, API server, controllers and scheduler are real; kwok plays the kubelets."""

from __future__ import annotations

import json
import re
import secrets
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from ruamel.yaml import YAML

from bot.schemas.derive import module_folder
from bot.schemas.pins import CUSTOM_RESOURCES
from tests.e2e.cluster import Cluster
from tests.e2e.peers import ARGOCD, version_of
from tests.e2e.processes import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.e2e.cluster import Object
    from tests.e2e.processes import Processes

ROOT = Path(__file__).resolve().parents[2]
STAGES = Path(__file__).parent / "stages"
KWOK_STAGES = ("pod/fast/pod-ready", "pod/fast/pod-complete", "pod/fast/pod-delete", "node/fast/node-initialize",
               "node/heartbeat/node-heartbeat")  # fmt: skip
CRASH_ANNOTATION = "end-to-end/crashes"
TAG_SAYS = '.metadata.namespace as $where | .spec.containers[].image | test("-{}(-in-" + $where + ")?(@|$)")'
CRASHES = f'[({TAG_SAYS.format("crashes")}), (.metadata.annotations["{CRASH_ANNOTATION}"] != null)] | any'
BREAKS = f"[{TAG_SAYS.format('breaks-its-contract')}] | any"
UNLESS = {"pod-ready": CRASHES, "pod-complete": BREAKS}  # kwok's own stages, where one of ours takes their place
ZONES = ("a", "b", "c")
ROOM = {"cpu": "200", "memory": "1Ti", "ephemeral-storage": "1Ti", "pods": "250"}  # of a node
VOLUMES = {"ctx-fast-ssd": 30, "ctx-standard": 15}  # what a provisioner would make: enough for three environments
NOT_HERE = "horizontal-pod-autoscaler-controller"  # it needs metrics of kubelets; a stage reports in its place
START_SECONDS = 60


@dataclass(frozen=True)
class Plane:
    """A running control plane."""

    cluster: Cluster
    kubeconfig: Path
    url: str


def start_plane(folder: Path, processes: Processes, peers: Mapping[str, Path]) -> Plane:
    """Starts it all and returns when its nodes are Ready and every custom resource of ours is served."""
    folder.mkdir()
    token = secrets.token_hex(16)
    etcd, peer, api = free_ports(3)
    url = f"https://127.0.0.1:{api}"
    _start_etcd(folder, processes, peers["etcd"], port=etcd, peer=peer)
    _start_api_server(folder, processes, peers["kube-apiserver"], etcd=etcd, port=api, token=token)
    processes.wait_for("the API server's certificate", (folder / "certificates" / "apiserver.crt").exists, seconds=START_SECONDS)
    kubeconfig = _kubeconfig(folder, url, token=token)
    context = ssl.create_default_context(cafile=folder / "certificates" / "apiserver.crt")
    client = httpx.Client(base_url=url, verify=context, trust_env=False, timeout=30, headers={"Authorization": f"Bearer {token}"})
    cluster = Cluster(client, peers["kubectl"], kubeconfig)
    processes.wait_for("a ready API server", lambda: _is_ready(client), seconds=START_SECONDS)
    for name, words in _controllers().items():
        processes.start(name, peers[name], "--kubeconfig", kubeconfig, "--leader-elect=false", "--secure-port=0", *words)
    _furnish(cluster)
    (folder / "stages.yaml").write_text("\n---\n".join(json.dumps(stage) for stage in stages()), "utf-8")
    processes.start("kwok", peers["kwok"], "--kubeconfig", kubeconfig, "--manage-all-nodes=true", "--config", folder / "stages.yaml")
    processes.wait_for("Ready nodes", lambda: all(map(_is_up, cluster.items("/api/v1/nodes"))), seconds=START_SECONDS)
    return Plane(cluster, kubeconfig, url)


def _start_etcd(folder: Path, processes: Processes, binary: Path, *, port: int, peer: int) -> None:
    urls = {"client": f"http://127.0.0.1:{port}", "peer": f"http://127.0.0.1:{peer}"}
    processes.start(
        "etcd", binary, "--data-dir", folder / "etcd", "--unsafe-no-fsync",
        f"--listen-client-urls={urls['client']}", f"--advertise-client-urls={urls['client']}",
        f"--listen-peer-urls={urls['peer']}", f"--initial-advertise-peer-urls={urls['peer']}", f"--initial-cluster=default={urls['peer']}",
    )  # fmt: skip


def _start_api_server(folder: Path, processes: Processes, binary: Path, *, etcd: int, port: int, token: str) -> None:
    (folder / "tokens.csv").write_text(f'{token},administrator,administrator,"system:masters"\n', "utf-8")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, nothing = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "accounts.key").write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.TraditionalOpenSSL, nothing))
    processes.start(
        "kube-apiserver", binary, f"--etcd-servers=http://127.0.0.1:{etcd}", "--bind-address=127.0.0.1", f"--secure-port={port}",
        "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none", "--cert-dir", folder / "certificates",
        "--token-auth-file", folder / "tokens.csv", "--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16",
        "--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file", folder / "accounts.key",
        "--service-account-signing-key-file", folder / "accounts.key",
        "--disable-admission-plugins=ServiceAccount",  # no kubelet would mount a token
        "--feature-gates=APIResponseCompression=false",  # on loopback it costs more than it spares
    )  # fmt: skip


def _controllers() -> dict[str, tuple[str, ...]]:
    return {"kube-controller-manager": (f"--controllers=*,-{NOT_HERE}", "--concurrent-deployment-syncs=10"), "kube-scheduler": ()}


def _kubeconfig(folder: Path, url: str, *, token: str) -> Path:
    authority = str(folder / "certificates" / "apiserver.crt")
    path = folder / "kubeconfig"
    document = {
        "apiVersion": "v1", "kind": "Config", "current-context": "end-to-end",
        "clusters": [{"name": "end-to-end", "cluster": {"server": url, "certificate-authority": authority}}],
        "users": [{"name": "administrator", "user": {"token": token}}],
        "contexts": [{"name": "end-to-end", "context": {"cluster": "end-to-end", "user": "administrator"}}],
    }  # fmt: skip
    path.write_text(json.dumps(document), "utf-8")
    return path


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").is_success
    except httpx.HTTPError:
        return False


def _is_up(node: Object) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in node.get("status", {}).get("conditions", ()))


def _furnish(cluster: Cluster) -> None:
    """Custom resources, nodes in three zones, volumes, and what our own `clusters/` brings: storage classes and admission policies."""
    cluster.apply([*custom_resources(), *map(_node, ZONES), *_volumes()])
    for zone in ZONES:
        cluster.patch(f"/api/v1/nodes/node-{zone}/status", {"status": {"capacity": ROOM, "allocatable": ROOM}})
    for folder in ("storage-classes", "policies"):
        cluster.kubectl("apply", "--server-side", "--kustomize", str(ROOT / "clusters" / "nonprod" / folder))
    cluster.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")


def custom_resources() -> Iterator[Object]:
    """The definitions of the custom resources that our manifests use (each costs the API server time), Argo CD's in its own version."""
    versions = {each.module: version_of("argocd") if each.module == ARGOCD else each.version for each in CUSTOM_RESOURCES}
    with ThreadPoolExecutor() as pool:
        folders = dict(zip(versions, pool.map(module_folder, versions, versions.values()), strict=True))
    used = {"Application", *_kinds()}
    for each in CUSTOM_RESOURCES:
        for path in each.paths:
            yield from (item for item in _read(folders[each.module] / path) if item["spec"]["names"]["kind"] in used)


def _kinds() -> set[str]:
    paths = [path for folder in ("apps", "environments", "argocd") for path in (ROOT / folder).rglob("*.yaml")]
    return {kind for path in paths for kind in re.findall(r"^kind: (\w+)", path.read_text("utf-8"), re.MULTILINE)}


def _node(zone: str) -> Object:
    labels = {"kubernetes.io/hostname": f"node-{zone}", "topology.kubernetes.io/zone": f"zone-{zone}", "kubernetes.io/os": "linux"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{zone}", "labels": labels}}


def _volumes() -> Iterator[Object]:
    for storage_class, count in VOLUMES.items():
        for number in range(count):
            yield {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": f"{storage_class}-{number}"},
                "spec": {
                    "storageClassName": storage_class,
                    "capacity": {"storage": "1Ti"},
                    "accessModes": ["ReadWriteOnce"],
                    "hostPath": {"path": "/nowhere"},
                },
            }


def stages() -> Iterator[Object]:
    """How Pods, nodes and the objects of absent operators come along: kwok's own stages, and ours."""
    theirs = module_folder("sigs.k8s.io/kwok", version_of("kwok")) / "kustomize" / "stage"
    for name in KWOK_STAGES:
        for stage in _read(theirs / f"{name}.yaml"):
            if unless := UNLESS.get(stage["metadata"]["name"]):
                stage["spec"]["selector"]["matchExpressions"].append({"key": unless, "operator": "NotIn", "values": ["true"]})
            yield stage
    for path in sorted(STAGES.glob("*.yaml")):
        yield from _read(path, CRASHES=CRASHES, BREAKS=BREAKS)


def _read(path: Path, **values: str) -> Iterable[Any]:
    text = path.read_text("utf-8")
    for name, value in values.items():
        text = text.replace(f"key: {name}\n", f"key: {json.dumps(value)}\n")
    return [item for item in YAML(typ="safe").load_all(text) if item]
